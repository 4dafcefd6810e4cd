package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// openStack opens a stack as `pulumi up` would, by the user's own login and backend, and never makes one. Where the login leads
// to another environment's state, or to none, it is the one that setup-state made in the environment's account: no command that
// works on two environments could be logged in to both.
func openStack(ctx context.Context, f *cmdutil.Factory, project, environment string) (*engine.Stack, error) {
	return openWith(ctx, f, project, environment, func(_ context.Context, env *ops.Environment) (map[string]string, error) {
		// The credentials stay the shell's: those of a role would end before a long deployment does.
		return statestore.EngineEndpoints(env), nil
	})
}

// readOutputs reads a stack's outputs. The state is reached as the stack file says, by its profile or role, so that two
// accounts can be read in one run.
func readOutputs(ctx context.Context, f *cmdutil.Factory, project, environment string) (map[string]any, error) {
	stack, err := openWith(ctx, f, project, environment, statestore.EngineEnv)
	if err != nil {
		return nil, cmdutil.ExplainStack(environment, err)
	}
	return stack.Outputs(ctx)
}

// openWith opens a stack; access gives the engine's variables where the state is not looked for by the login.
func openWith(ctx context.Context, f *cmdutil.Factory, project, environment string, access func(context.Context, *ops.Environment) (map[string]string, error)) (*engine.Stack, error) {
	cli, err := f.Pulumi(ctx, project)
	if err != nil {
		return nil, err
	}
	settings := engine.Settings{Project: project, Stack: environment, Program: f.Program, CLI: cli, Existing: true}
	stack, failed := engine.Open(ctx, settings)
	if !errors.Is(failed, engine.ErrNoStack) && !errors.Is(failed, engine.ErrNotLoggedIn) {
		return stack, failed
	}
	if chosen, err := engine.BackendChosen(project); chosen || err != nil {
		return nil, errors.Join(failed, err)
	}
	env, err := f.Environment(ctx, environment)
	if err != nil {
		return nil, err
	}
	there, err := statestore.Holds(ctx, env)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, failed
	}
	if settings.Env, err = access(ctx, env); err != nil {
		return nil, err
	}
	settings.Backend = statestore.Backend(env)
	return engine.Open(ctx, settings)
}

// stackSettings is what the commands need of a stack file; the file passes the same checks as before a deployment.
func stackSettings(project, environment string) (ops.Settings, error) {
	file, err := engine.ReadStackFile(project, environment)
	if err != nil {
		return ops.Settings{}, err
	}
	settings, err := infra.ReadSettings(environment, file.Region, file.Values)
	if err != nil {
		return ops.Settings{}, fmt.Errorf("%w: %w", engine.ErrSettings, err)
	}
	out := ops.Settings{
		Environment: environment, Region: file.Region, RecoveryRegion: settings.Recovery.Region,
		Profile: file.Profile, Endpoints: file.Endpoints, AllowedAccounts: file.AllowedAccounts, ForbiddenAccounts: file.ForbiddenAccounts,
		Domain: settings.Domain, Services: slices.Sorted(maps.Keys(settings.Services)), Functions: slices.Sorted(maps.Keys(settings.Functions)),
		SecretReplica: settings.Secrets.Replica, SecretRecovery: settings.Secrets.RecoveryDays,
		Protections: protections(settings), Migrates: map[string]bool{}, Ready: map[string]string{},
	}
	for _, role := range file.Roles {
		out.Roles = append(out.Roles, ops.Role{ARN: role.ARN, Session: role.Session, ExternalID: role.ExternalID})
	}
	if settings.Github != nil {
		out.StateBucket = settings.Github.StateBucket
	}
	for name, service := range settings.Services {
		out.Migrates[name], out.Ready[name] = len(service.MigrateCommand) > 0, infra.RoutedReadyPath(service)
	}
	return out, nil
}

// protections are the settings that keep data from being deleted, as far as they are on.
func protections(s *infra.Settings) []string {
	var on []string
	for _, entry := range []struct {
		path string
		on   bool
	}{
		{"itrack:protect", s.Protect},
		{"itrack:database.deletionProtection", s.Database.DeletionProtection},
		{"itrack:items.deletionProtection", s.Items.DeletionProtection},
		{"itrack:balancer.deletionProtection", s.Balancer.DeletionProtection},
		{"itrack:backup.lock", s.Backup != nil && s.Backup.Lock != nil},
		{"itrack:backup.forceDestroy", s.Backup != nil && !s.Backup.ForceDestroy},
		{"itrack:frontend.forceDestroy", !s.Frontend.ForceDestroy},
	} {
		if entry.on {
			on = append(on, entry.path)
		}
	}
	return on
}
