// Package interruption kills deployments of the real stacks at any moment, loses answers, and changes things behind Pulumi's
// back; `itrack state repair` and the next up must leave the state and the cloud equal, resource by resource.
package interruption

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/recovery/pretend"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// TestMain enters the project, by whose folder the program names its files. The plugin is started in the engine's folder.
func TestMain(m *testing.M) {
	if _, plugin := rehearsal.PluginKind(os.Args[0]); !plugin {
		if err := os.Chdir(filepath.Join("..", "..")); err != nil {
			panic(err)
		}
	}
	enginetest.Main(m)
}

// The environment chooses the long campaign and repeats a drawn one.
const (
	envSoak = "ITRACK_SOAK"
	envSeed = "ITRACK_SEED"
)

var accounts = map[string]string{"staging": "111122223333", "production": "444455556666"}

// life is one stack from its first up to its end, in a cloud of its own.
type life struct {
	*testing.T
	dir, name, account string
	stack              *engine.Stack
	cloud              *cloud.Cloud
	random             *rand.Rand
	// checkpoints: the state is written at every step, for what is killed to go on from.
	checkpoints bool
}

// seed is what everything random in a test follows from; it is printed, and ITRACK_SEED repeats it.
func seed(t *testing.T) uint64 {
	t.Helper()
	drawn := uint64(time.Now().UnixNano())
	if text := os.Getenv(envSeed); text != "" {
		var err error
		drawn, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "%s must be a whole number", envSeed)
	}
	t.Logf("seed %d (repeat with %s=%d)", drawn, envSeed, drawn)
	return drawn
}

func newLife(t *testing.T, name string, seed uint64, overlays ...string) *life {
	t.Helper()
	l := &life{T: t, dir: t.TempDir(), name: name, account: accounts[name], random: rand.New(rand.NewPCG(seed, 1)), checkpoints: true}
	var err error
	l.cloud, err = cloud.Open(engine.CloudDir(l.dir))
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.cloud.Close() })
	seeds := cloud.Seed{Region: "us-east-1"}
	for _, secret := range []string{"db_password", "jwt_secret", "api_key"} {
		seeds.SecretNames = append(seeds.SecretNames, "itrack/"+name+"/"+secret)
	}
	require.NoError(t, l.cloud.Seed(l.account, seeds))
	l.reopen(overlays...)
	return l
}

// reopen opens the stack as another process would, with other settings laid over the stack file.
func (l *life) reopen(overlays ...string) {
	l.Helper()
	project, err := os.Getwd()
	require.NoError(l, err)
	cli, err := engine.FindPulumi(context.Background(), project)
	require.NoError(l, err, "run `make tools`")
	settings := engine.Settings{
		Project: project, Stack: l.name, Program: infra.Stack, CLI: cli,
		Env:       map[string]string{rehearsal.EnvCloud: l.cloud.Dir(), rehearsal.EnvAccount: l.account},
		Isolation: &engine.Isolation{Dir: l.dir, Plugins: rehearsal.PluginNames(), Checkpoints: l.checkpoints},
	}
	for _, text := range overlays {
		overlay, err := engine.ParseOverlay(text)
		require.NoError(l, err)
		settings.Overlays = append(settings.Overlays, overlay)
	}
	l.stack, err = engine.Open(context.Background(), settings)
	require.NoError(l, err)
}

func (l *life) up() engine.Outcome {
	l.Helper()
	outcome, err := l.stack.Up(context.Background(), engine.UpOptions{})
	require.NoError(l, err)
	return outcome
}

func (l *life) repair(change ...func(*engine.RepairOptions)) engine.RepairReport {
	l.Helper()
	report, err := l.stack.Repair(context.Background(), l.options(change...))
	require.NoError(l, err)
	return report
}

func (l *life) options(change ...func(*engine.RepairOptions)) engine.RepairOptions {
	o := engine.RepairOptions{Finder: recovery.New(pretend.Lister{Cloud: l.cloud}), Account: l.account}
	for _, c := range change {
		c(&o)
	}
	return o
}

// faults replaces what goes wrong; none: nothing goes wrong any more.
func (l *life) faults(faults ...cloud.Fault) {
	l.Helper()
	require.NoError(l, l.cloud.SetFaults(faults...))
}

// adopted counts what a repair put into the state.
func adopted(report engine.RepairReport) (pending, planned int) {
	for _, d := range report.Interrupted {
		if d.Action == engine.ActionAdopt {
			pending++
		}
	}
	return pending, len(report.Planned)
}

// said is a repair in one line.
func said(report engine.RepairReport) string {
	pending, planned := adopted(report)
	return fmt.Sprintf("%d locks, %d interrupted (%d adopted), %d more adopted by name, %d orphans, %d drifted",
		len(report.Locks), len(report.Interrupted), pending, planned, len(report.Orphans), len(report.Drift))
}
