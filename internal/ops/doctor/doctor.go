// Package doctor looks for what would stop a deployment: tools, sign-in, account, regions, quotas, and what has to exist before
// the first one. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// State is the outcome of a check.
type State string

// The states.
const (
	OK      State = "ok"
	Warn    State = "warn"    // it works, and something is worth knowing
	Fail    State = "fail"    // a deployment would fail, or go to the wrong place
	Unknown State = "unknown" // it could not be looked at
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"` // what to do
}

// Report is all checks, in their order.
type Report struct {
	Environment string  `json:"environment"`
	Account     string  `json:"account,omitempty"`
	Checks      []Check `json:"checks"`
}

// Count is how many checks have a state.
func (r Report) Count(state State) int {
	n := 0
	for _, check := range r.Checks {
		if check.State == state {
			n++
		}
	}
	return n
}

// Resolver looks up name servers in the DNS that users ask; net.DefaultResolver is one.
type Resolver interface {
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
}

// Pulumi is what is known of the pulumi command.
type Pulumi struct {
	Version string
	Backend string // where it is logged in, "" for nowhere
	Err     error  // there is none
}

// Guard is what the stack file says about its secrets.
type Guard struct {
	Provider   string // secretsprovider
	Passphrase bool   // it has an encryptionsalt
}

// Input is what the checks go by. A nil function or Resolver is the system's own.
type Input struct {
	Environment string
	Settings    ops.Settings
	SettingsErr error // the stack file does not pass
	Guard       Guard
	Needs       Needs
	Options     ops.Options

	Pulumi   func(ctx context.Context) Pulumi
	LookPath func(name string) (string, error)
	Output   func(ctx context.Context, path string, arguments ...string) (string, error)
	Resolver Resolver
	Timeout  time.Duration // of one check; default 30 s
}

// probe is a check before it has run.
type probe struct {
	name string
	look func(ctx context.Context) Check
}

// Run runs all checks. One that fails, or hangs until its time is over, stops no other. The error is that of ctx alone.
func Run(ctx context.Context, in Input) (Report, error) {
	in.defaults()
	report := Report{Environment: in.Environment}
	tools := in.tools()
	signIn, env := in.signIn(ctx)
	report.Checks = append(report.Checks, run(ctx, in.Timeout, tools)...)
	report.Checks = append(report.Checks, signIn...)
	if env != nil {
		report.Account = env.Account
		report.Checks = append(report.Checks, run(ctx, in.Timeout, in.onAWS(env))...)
	}
	return report, ctx.Err()
}

func (in *Input) defaults() {
	if in.LookPath == nil {
		in.LookPath = exec.LookPath
	}
	if in.Output == nil {
		in.Output = func(ctx context.Context, path string, arguments ...string) (string, error) {
			command := exec.CommandContext(ctx, path, arguments...)
			// What it started may hold its output open: when the time is over, that is not waited for.
			command.WaitDelay = time.Second
			out, err := command.CombinedOutput()
			return string(out), err
		}
	}
	if in.Resolver == nil {
		in.Resolver = net.DefaultResolver
	}
	if in.Timeout == 0 {
		in.Timeout = 30 * time.Second
	}
	if ask := in.Pulumi; ask != nil { // two checks go by it
		var once sync.Once
		var found Pulumi
		in.Pulumi = func(ctx context.Context) Pulumi {
			once.Do(func() { found = ask(ctx) })
			return found
		}
	}
}

// run runs probes side by side and gives their checks in order.
func run(ctx context.Context, limit time.Duration, probes []probe) []Check {
	checks := make([]Check, len(probes))
	var wait sync.WaitGroup
	for i, one := range probes {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			checks[i] = one.look(ctx)
			checks[i].Name = one.name
		})
	}
	wait.Wait()
	return checks
}

// signIn checks stack file, credentials and account. Without an environment nothing else is asked of AWS: the answers of a
// wrong account would mislead.
func (in *Input) signIn(ctx context.Context) ([]Check, *ops.Environment) {
	file := "Pulumi." + in.Environment + ".yaml"
	if in.SettingsErr != nil {
		return []Check{{Name: "stack file", State: Fail, Detail: in.SettingsErr.Error(), Next: "correct " + file + "; docs/settings.md lists every setting"}}, nil
	}
	checks := []Check{{Name: "stack file", State: OK, Detail: file + " passes"}, in.guard()}
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	env, err := ops.SignIn(ctx, in.Settings, in.Options)
	if err != nil {
		failed := fromError(err)
		failed.Name, failed.State = "credentials", Fail
		return append(checks, failed, notAsked("account", "without credentials nothing else was asked of AWS")), nil
	}
	checks = append(checks, Check{Name: "credentials", State: OK, Detail: env.Caller})
	if err := env.CheckAccount(); err != nil {
		wrong := fromError(err)
		wrong.Name, wrong.State = "account", Fail
		return append(checks, wrong, notAsked("everything on AWS", "nothing is asked of a wrong account")), nil
	}
	account := Check{Name: "account", State: OK, Detail: env.Account + ", which " + file + " allows"}
	if len(env.AllowedAccounts) == 0 {
		account = Check{Name: "account", State: Warn, Detail: env.Account + "; " + file + " does not say which account it is for",
			Next: fmt.Sprintf("set aws:allowedAccountIds: [\"%s\"] in %s, so that nobody deploys into another one", env.Account, file)}
	}
	return append(checks, account), env
}

func notAsked(name, why string) Check { return Check{Name: name, State: Unknown, Detail: why} }

// guard is the check of the stack file's secrets provider.
func (in *Input) guard() Check {
	check := Check{Name: "secrets of the state", State: OK, Detail: in.Guard.Provider}
	setup := fmt.Sprintf("`itrack setup-state %s` makes a key and writes it into the stack file", in.Environment)
	switch {
	case in.Guard.Passphrase:
		check.State, check.Detail = Warn, "guarded by a passphrase, which everybody who deploys must have"
		check.Next = fmt.Sprintf("`itrack setup-state %s` makes a key, and says how to go over to it", in.Environment)
	case in.Guard.Provider == "":
		check.State, check.Detail, check.Next = Warn, "the stack file names no secretsprovider: the stack was not made yet, or elsewhere", setup
	}
	return check
}
