package engine

import (
	"context"
	"fmt"

	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/recovery/pretend"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FinderOf makes what looks in AWS, with the credentials that a stack's settings name, and tells the account.
type FinderOf func(ctx context.Context, access Access) (recovery.Finder, string, error)

// Access is what a stack's settings say about reaching AWS: aws:region, aws:profile, the roles of aws:assumeRole, aws:endpoints.
type Access struct {
	Region, Profile string
	Roles           []Role
	Endpoints       map[string]string // address by service, as pulumi-aws names them
}

// Role is a role to assume.
type Role struct {
	ARN        string `json:"roleArn"`
	Session    string `json:"sessionName"`
	ExternalID string `json:"externalId"`
}

// RepairRun says which stack to repair.
type RepairRun struct {
	RepairOptions
	Project     string // folder that holds Pulumi.yaml
	Environment string
	// Opened is the stack, where the caller has opened it already, wherever its state is: then nobody needs Program, CLI and Plugins.
	// nil: the one of the user's own login.
	Opened  *Stack
	Program pulumi.RunFunc
	CLI     *CLI
	Plugins []string // file names of the stand-in plugins

	Keep       string // folder of a kept rehearsal; empty: the user's own backend, and AWS
	OneAccount bool
	Overlays   []Overlay // the settings that the kept rehearsal had
	AWS        FinderOf
}

// RepairStack repairs the stack of an environment: on AWS, or the one of a kept rehearsal.
func RepairStack(ctx context.Context, run RepairRun) (RepairReport, error) {
	if run.Keep != "" {
		return repairKept(ctx, run)
	}
	cfg, err := loadStackConfig(run.Project, run.Environment)
	if err != nil {
		return RepairReport{Stack: run.Environment}, err
	}
	access, err := cfg.access()
	if err != nil {
		return RepairReport{Stack: run.Environment}, err
	}
	stack := run.Opened
	if stack == nil {
		// A stack that was never made has nothing to repair; making it would hide that this is another backend than the stack's.
		stack, err = Open(ctx, Settings{Project: run.Project, Stack: run.Environment, Program: run.Program, CLI: run.CLI, Existing: true})
	}
	if err != nil {
		return RepairReport{Stack: run.Environment}, err
	}
	if run.Finder, run.Account, err = run.AWS(ctx, access); err != nil {
		return RepairReport{Stack: run.Environment}, err
	}
	return stack.Repair(ctx, run.RepairOptions)
}

func repairKept(ctx context.Context, run RepairRun) (RepairReport, error) {
	report := RepairReport{Stack: run.Environment}
	cfg, err := loadStackConfig(run.Project, run.Environment)
	if err != nil {
		return report, err
	}
	if !(&Isolation{Dir: run.Keep}).has(string(cfg.project.Name), run.Environment) {
		return report, fmt.Errorf("%w: no rehearsal of %s was kept in %s; `itrack rehearse %s --keep DIR` keeps one",
			ErrSettings, run.Environment, run.Keep, run.Environment)
	}
	kept, done, err := begin(Options{
		Project: run.Project, Program: run.Program, CLI: run.CLI, Plugins: run.Plugins, Checkpoints: true,
		OneAccount: run.OneAccount, Overlays: run.Overlays,
	}, run.Keep)
	if err != nil {
		return report, err
	}
	defer done()
	stack, account, err := kept.open(ctx, run.Environment)
	if err != nil {
		return report, err
	}
	run.Finder, run.Account = recovery.New(pretend.Lister{Cloud: kept.cloud}), account
	return stack.Repair(ctx, run.RepairOptions)
}
