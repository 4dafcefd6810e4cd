package images

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCommitOfAWorkTree(t *testing.T) {
	dir := t.TempDir()
	fixture(t, dir)
	clean, err := ReadCommit(context.Background(), CommitRequest{Root: dir})
	require.NoError(t, err)
	require.Len(t, clean.Revision, 40)
	require.False(t, clean.Dirty)
	require.True(t, clean.Time.Equal(time.Unix(stamp, 0)))
	require.Equal(t, "0.0.0-20231114221320-"+clean.Revision[:12], clean.Version)
	require.Equal(t, clean.Revision, clean.label())

	// A tag is in one clone and not in the next.
	runGit(t, dir, "tag", "v9.9.9")
	tagged, err := ReadCommit(context.Background(), CommitRequest{Root: dir})
	require.NoError(t, err)
	require.Equal(t, clean, tagged)

	released, err := ReadCommit(context.Background(), CommitRequest{Root: dir, Version: "v1.2.3", Epoch: "86400"})
	require.NoError(t, err)
	require.Equal(t, "v1.2.3", released.Version)
	require.Equal(t, "1970-01-02T00:00:00Z", released.created())

	runGit(t, dir, "config", "status.showUntrackedFiles", "no") // a developer's own
	require.NoError(t, os.WriteFile(filepath.Join(dir, "app", "gadget", "more.go"), []byte("package main\n"), 0o600))
	dirty, err := ReadCommit(context.Background(), CommitRequest{Root: dir})
	require.NoError(t, err)
	require.True(t, dirty.Dirty, "the compiler reads files that git does not know")
	require.Equal(t, clean.Revision+"-dirty", dirty.label())
	require.Equal(t, clean.Version+"-dirty", dirty.Version)
	require.Equal(t, dirty.label(), (&image{commit: dirty}).labels()["org.opencontainers.image.revision"])
}

func TestCommitWithoutGit(t *testing.T) {
	revision := strings.Repeat("0f", 20)
	c, err := ReadCommit(context.Background(), CommitRequest{Root: t.TempDir(), Revision: revision, Epoch: "1700000000"})
	require.NoError(t, err)
	require.Equal(t, Commit{Revision: revision, Time: time.Unix(stamp, 0).UTC(), Version: "0.0.0-20231114221320-0f0f0f0f0f0f"}, c)

	for name, request := range map[string]struct {
		r    CommitRequest
		says []string
	}{
		"no git":       {CommitRequest{}, []string{"asking git for the commit", "not a git repository", "--revision", "SOURCE_DATE_EPOCH"}},
		"no time":      {CommitRequest{Revision: revision}, []string{"set SOURCE_DATE_EPOCH to the commit's"}},
		"no number":    {CommitRequest{Revision: revision, Epoch: "noon"}, []string{`SOURCE_DATE_EPOCH is "noon"`, "seconds since 1970"}},
		"before 1970":  {CommitRequest{Revision: revision, Epoch: "-1"}, []string{`SOURCE_DATE_EPOCH is "-1"`}},
		"not a hash":   {CommitRequest{Revision: "main", Epoch: "1"}, []string{`revision "main"`, "12 to 64 hexadecimal digits"}},
		"no tag's way": {CommitRequest{Revision: revision, Epoch: "1", Version: "a b"}, []string{`version "a b"`}},
	} {
		request.r.Root = t.TempDir()
		_, err := ReadCommit(context.Background(), request.r)
		for _, said := range request.says {
			require.ErrorContains(t, err, said, name)
		}
	}
}
