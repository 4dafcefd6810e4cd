package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// openStack opens a stack as `pulumi up` would, by the user's own login and backend, and never makes one.
func openStack(ctx context.Context, f *cmdutil.Factory, project, environment string) (*engine.Stack, error) {
	cli, err := f.Pulumi(ctx, project)
	if err != nil {
		return nil, err
	}
	return engine.Open(ctx, engine.Settings{Project: project, Stack: environment, Program: f.Program, CLI: cli, Existing: true})
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
