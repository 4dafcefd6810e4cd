package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"
)

// locked is a stack of a file backend with the given locks, as pulumi writes them.
func locked(t *testing.T, locks map[string]string) (*Stack, string) {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, ".pulumi", "locks", "organization", "itrack", "staging")
	require.NoError(t, os.MkdirAll(folder, 0o700))
	for id, text := range locks {
		require.NoError(t, os.WriteFile(filepath.Join(folder, id+".json"), []byte(text), 0o600))
	}
	config := &stackConfig{project: &workspace.Project{Name: tokens.PackageName("itrack")}}
	return &Stack{Name: "staging", config: config, backend: "file://" + dir + "?metadata=skip"}, folder
}

func lockText(t *testing.T, pid int, host string) string {
	t.Helper()
	if host == "" {
		var err error
		host, err = os.Hostname()
		require.NoError(t, err)
	}
	return fmt.Sprintf(`{"pid":%d,"username":"ann","hostname":%q,"timestamp":"2026-01-02T03:04:05Z"}`, pid, host)
}

// gone is the id of no process: the kernel gives out none so high.
const gone = 1 << 30

func TestALockIsReleasedOnlyWhenItsHolderIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		unlock []string
		holder Holder
		says   string
	}{
		"gone":                            {lockText(t, gone, ""), nil, HolderDead, ""},
		"alive":                           {lockText(t, os.Getpid(), ""), nil, HolderAlive, "wait for it or end it"},
		"alive and named":                 {lockText(t, os.Getpid(), ""), []string{"abc"}, HolderAlive, "wait for it or end it"},
		"elsewhere":                       {lockText(t, gone, "runner-7"), nil, HolderElsewhere, "--unlock abc"},
		"elsewhere, and another is named": {lockText(t, gone, "runner-7"), []string{"def"}, HolderElsewhere, "--unlock abc"},
		"elsewhere and named":             {lockText(t, gone, "runner-7"), []string{"abc"}, HolderElsewhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			stack, folder := locked(t, map[string]string{"abc": test.text})
			locks, err := stack.Locks(context.Background())
			require.NoError(t, err)
			require.Len(t, locks, 1)
			require.Equal(t, test.holder, locks[0].Holder)
			require.Equal(t, "ann", locks[0].User)
			err = stack.release(context.Background(), locks, test.unlock)
			_, left := os.Stat(filepath.Join(folder, "abc.json"))
			if test.says == "" {
				require.NoError(t, err)
				require.ErrorIs(t, left, os.ErrNotExist)
				return
			}
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "ann")
			require.NoError(t, left, "the lock must stay")
		})
	}
}

// One holder that is left keeps every lock: half a release helps nobody.
func TestNothingIsReleasedBesideALivingHolder(t *testing.T) {
	stack, folder := locked(t, map[string]string{"abc": lockText(t, gone, ""), "def": lockText(t, os.Getpid(), "")})
	locks, err := stack.Locks(context.Background())
	require.NoError(t, err)
	require.Error(t, stack.release(context.Background(), locks, nil))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestOtherBackendsNameTheirWay(t *testing.T) {
	stack, _ := locked(t, nil)
	locks, err := stack.Locks(context.Background())
	require.NoError(t, err)
	require.Empty(t, locks)
	stack.backend = "https://app.pulumi.com/ann"
	_, err = stack.Locks(context.Background())
	require.ErrorContains(t, err, "pulumi cancel -s staging")
}
