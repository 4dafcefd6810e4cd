package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Variables through which the stand-in plugins learn where the pretend cloud is and which account they act in.
const (
	envCloud   = "ITRACK_REHEARSAL_CLOUD"
	envAccount = "ITRACK_REHEARSAL_ACCOUNT"
)

// Accounts of a rehearsal: the numbers AWS's own documentation uses for examples.
const (
	firstAccount  = "111122223333"
	secondAccount = "444455556666"
	otherAccount  = "777788889999"
)

// secretNames are the secrets that exist before a first up, below itrack/<environment>/.
var secretNames = []string{"db_password", "jwt_secret", "api_key"}

// Options describe a rehearsal.
type Options struct {
	Project      string   // folder that holds Pulumi.yaml
	Environments []string // stacks, in the order they are deployed
	Program      pulumi.RunFunc
	CLI          *CLI

	Plugins      []string // file names of the stand-in plugins
	PluginBinary string   // the binary that serves them; default: this program

	Keep        string    // folder for backend and cloud, kept and reused; default: a temporary one
	Export      string    // folder that receives each stack's export as <stack>.json; default: none
	Checkpoints bool      // write the state at every step (see Isolation), for what a later command goes on from
	Destroy     bool      // tear down at the end
	OneAccount  bool      // all stacks in one account
	Overlays    []Overlay // settings that replace every stack file's

	// TakeOver, if set, gives further settings for the later stacks of one account: with them they use what the first
	// stack made once for the account.
	TakeOver func(first StackReport) []Overlay

	Observer Observer
	// Finished, if set, receives each stack's report as soon as it is complete.
	Finished func(StackReport)
}

// CloudDir is the pretend cloud's folder in a rehearsal's.
func CloudDir(dir string) string { return filepath.Join(dir, "cloud") }

// Rehearse deploys each environment into the stand-in AWS and reports what happened. The error is for a rehearsal
// that could not run or was cancelled; what a stack did wrong is in its report.
func Rehearse(ctx context.Context, o Options) (Report, error) {
	report := Report{Stacks: []StackReport{}}
	dir, remove, err := rehearsalDir(o.Keep)
	if err != nil {
		return report, err
	}
	defer remove()
	run, done, err := begin(o, dir)
	if err != nil {
		return report, err
	}
	defer done()
	for _, environment := range o.Environments {
		stack, err := run.stack(ctx, environment)
		if err != nil {
			return report, fmt.Errorf("rehearsing %s: %w", environment, err)
		}
		if len(report.Stacks) == 0 && o.OneAccount && o.TakeOver != nil {
			run.Overlays = append(o.TakeOver(stack), o.Overlays...)
		}
		report.Stacks = append(report.Stacks, stack)
		if o.Finished != nil {
			o.Finished(stack)
		}
	}
	return report, nil
}

// begin opens the pretend cloud of a rehearsal in dir. The caller calls the returned function at the end.
func begin(o Options, dir string) (*rehearsal, func(), error) {
	pretend, err := cloud.Open(CloudDir(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("opening the pretend cloud: %w", err)
	}
	return &rehearsal{Options: o, dir: dir, cloud: pretend}, func() { _ = pretend.Close() }, nil
}

// rehearsalDir is the folder of a rehearsal and what removes it.
func rehearsalDir(keep string) (string, func(), error) {
	if keep == "" {
		dir, err := os.MkdirTemp("", "itrack-rehearsal-")
		if err != nil {
			return "", nil, fmt.Errorf("making a temporary folder: %w", err)
		}
		return dir, func() { _ = os.RemoveAll(dir) }, nil
	}
	dir, err := filepath.Abs(keep)
	if err != nil {
		return "", nil, fmt.Errorf("resolving %s: %w", keep, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("making %s: %w", keep, err)
	}
	return dir, func() {}, nil
}

// rehearsal is a run of Rehearse.
type rehearsal struct {
	Options
	dir   string
	cloud *cloud.Cloud
}

// account is the pretend account of an environment. A stack file that names the accounts it may act in gets the
// first of them.
func (r *rehearsal) account(environment string, cfg *stackConfig) string {
	if r.OneAccount {
		return firstAccount
	}
	if allowed := cfg.list("aws", "allowedAccountIds"); len(allowed) > 0 {
		return allowed[0]
	}
	switch environment {
	case "staging":
		return firstAccount
	case "production":
		return secondAccount
	}
	return otherAccount
}

// open prepares one stack and what exists in its account before a first up.
func (r *rehearsal) open(ctx context.Context, environment string) (*Stack, string, error) {
	cfg, err := loadStackConfig(r.Project, environment)
	if err != nil {
		return nil, "", err
	}
	if err := cfg.apply(r.Overlays); err != nil {
		return nil, "", err
	}
	account := r.account(environment, cfg)
	seed := cloud.Seed{Region: cfg.text("aws", "region")}
	if seed.Region == "" {
		return nil, "", fmt.Errorf("%w: %s does not set aws:region", ErrSettings, stackFileName(environment))
	}
	for _, name := range secretNames {
		seed.SecretNames = append(seed.SecretNames, "itrack/"+environment+"/"+name)
	}
	if domain := cfg.text("itrack", "domain"); domain != "" {
		seed.Zones = []string{domain}
	}
	if err := r.cloud.Seed(account, seed); err != nil {
		return nil, "", fmt.Errorf("making what exists before a first up: %w", err)
	}
	stack, err := Open(ctx, Settings{
		Project: r.Project, Stack: environment, Program: r.Program, CLI: r.CLI, Overlays: r.Overlays,
		Env:       map[string]string{envCloud: r.cloud.Dir(), envAccount: account},
		Isolation: &Isolation{Dir: r.dir, Plugins: r.Plugins, PluginBinary: r.PluginBinary, Checkpoints: r.Checkpoints},
	})
	return stack, account, err
}

// stack rehearses one environment.
func (r *rehearsal) stack(ctx context.Context, environment string) (StackReport, error) {
	start := time.Now()
	report := StackReport{
		Stack: environment, ByType: map[string]int{}, Outputs: map[string]any{}, SecondRunChanges: []Change{},
		Refusals: []Problem{}, Failures: []Problem{},
	}
	if r.Observer != nil {
		r.Observer(Progress{Stack: environment, Phase: PhasePrepare})
	}
	stack, account, err := r.open(ctx, environment)
	if err != nil {
		return report, err
	}
	report.Account = account
	mark, err := r.cloud.Mark()
	if err != nil {
		return report, err
	}
	first, err := stack.Up(ctx, UpOptions{Phase: PhaseUp, Observer: r.Observer, ContinueOnError: true})
	report.WallSeconds, report.EngineSeconds = first.WallSeconds, first.EngineSeconds
	if cancelled(err) || ctx.Err() != nil {
		return report, err
	}
	failures := first.Problems
	up := err == nil
	if up {
		again, err := stack.Up(ctx, UpOptions{Phase: PhaseAgain, Refresh: true, Observer: r.Observer})
		if cancelled(err) || ctx.Err() != nil {
			return report, err
		}
		report.SecondWallSeconds = again.WallSeconds
		report.SecondRunChanges = append(report.SecondRunChanges, again.Changes...)
		failures = append(failures, again.Problems...)
	}
	if err := r.describe(ctx, stack, account, &report); err != nil {
		return report, err
	}
	recorded, err := r.cloud.FailuresSince(mark)
	if err != nil {
		return report, err
	}
	report.Failures = mergeFailures(environment, recorded, failures)
	report.OK = up && len(report.Failures) == 0 && len(report.SecondRunChanges) == 0
	if r.Destroy {
		if err := r.destroy(ctx, stack, &report); err != nil {
			return report, err
		}
	}
	report.Total = time.Since(start)
	return report, nil
}

// describe fills in what the stack consists of and what deleting it would be refused for.
func (r *rehearsal) describe(ctx context.Context, stack *Stack, account string, report *StackReport) error {
	state, err := stack.Export(ctx)
	if err != nil {
		return err
	}
	report.State = state
	report.ByType, report.Resources = state.byType()
	report.Outputs = state.outputs()
	report.Components = state.components()
	refusals, err := r.cloud.Refusals(account)
	if err != nil {
		return fmt.Errorf("asking what a deletion would be refused for: %w", err)
	}
	report.Refusals = append(report.Refusals, state.protected()...)
	for _, refusal := range refusals {
		if ofStack(refusal.URN, stack.Name) {
			report.Refusals = append(report.Refusals, Problem{
				URN: refusal.URN, Type: refusal.Type, Property: refusal.Property, Rule: refusal.Rule, Message: refusal.Message,
			})
		}
	}
	sort.SliceStable(report.Refusals, func(i, j int) bool { return report.Refusals[i].URN < report.Refusals[j].URN })
	if r.Export == "" {
		return nil
	}
	return writeExport(r.Export, stack.Name, state)
}

// destroy tears the stack down. A stack whose deletion is refused must be refused, one without refusals must go.
func (r *rehearsal) destroy(ctx context.Context, stack *Stack, report *StackReport) error {
	mark, err := r.cloud.Mark()
	if err != nil {
		return err
	}
	outcome, opErr := stack.Destroy(ctx, r.Observer)
	if cancelled(opErr) || ctx.Err() != nil {
		return opErr
	}
	state, err := stack.Export(ctx)
	if err != nil {
		return err
	}
	recorded, err := r.cloud.FailuresSince(mark)
	if err != nil {
		return err
	}
	_, remaining := state.byType()
	refused := mergeFailures(stack.Name, recorded, outcome.Problems)
	report.Destroy = &DestroyReport{
		Deleted: report.Resources - remaining, Remaining: remaining, Refused: refused, WallSeconds: outcome.WallSeconds,
	}
	switch {
	case opErr == nil && len(report.Refusals) > 0:
		report.Failures = append(report.Failures, Problem{
			Rule:    "RefusalsHold",
			Message: fmt.Sprintf("destroy deleted the stack although %d of its resources refuse deletion", len(report.Refusals)),
		})
		report.OK = false
	case opErr != nil && len(report.Refusals) == 0:
		report.Failures = append(report.Failures, refused...)
		report.OK = false
	}
	return nil
}

// ofStack reports whether a URN belongs to a stack.
func ofStack(urn, stack string) bool {
	return strings.HasPrefix(urn, "urn:pulumi:"+stack+"::")
}

// mergeFailures puts the pretend cloud's failures, which know the rule, before the engine's, and leaves out of
// the engine's what the cloud already said about the same resource.
func mergeFailures(stack string, recorded []cloud.Failure, problems []Problem) []Problem {
	out := []Problem{}
	seen := map[string]bool{}
	said := map[string]bool{}
	for _, failure := range recorded {
		key := failure.URN + "\x00" + failure.Rule + "\x00" + failure.Property + "\x00" + failure.Message
		if failure.URN != "" && !ofStack(failure.URN, stack) || seen[key] {
			continue
		}
		seen[key], said[failure.URN] = true, true
		problem := newProblem(failure.URN, failure.Message)
		problem.Type, problem.Property = failure.Type, failure.Property
		problem.Rule = failure.Rule
		if problem.Rule == "" {
			problem.Rule = failure.Code
		}
		out = append(out, problem)
	}
	for _, problem := range problems {
		if problem.URN != "" && said[problem.URN] || repeats(problem, out) {
			continue
		}
		out = append(out, problem)
	}
	return out
}

// writeExport writes a stack's state as `pulumi stack export` prints it.
func writeExport(dir, stack string, state *State) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the export folder: %w", err)
	}
	text, err := json.MarshalIndent(state.Raw, "", "    ")
	if err != nil {
		return fmt.Errorf("writing the export of %s: %w", stack, err)
	}
	path := filepath.Join(dir, stack+".json")
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the export of %s: %w", stack, err)
	}
	return nil
}

// IsSettings reports whether an error is about the project, its settings or the command line, not about a run.
func IsSettings(err error) bool { return errors.Is(err, ErrSettings) || errors.Is(err, ErrNoPulumi) }
