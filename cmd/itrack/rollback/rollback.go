// Package rollback is `itrack rollback`.
package rollback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/ops/site"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Service     string
	Function    string
	Frontend    bool
	To          string
	List        bool
	Timeout     time.Duration
	DryRun      bool
	JSON        bool
}

// NewCmdRollback makes the command. runF, if given, takes the place of the command's own work.
func NewCmdRollback(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "rollback ENVIRONMENT",
		Short: "Bring the version before back, or stop a deployment",
		Long: `Bring the version before back, or stop a deployment that is under way.

A service: if a deployment is under way, also one that has moved its traffic and still keeps the old version, it is stopped,
and the traffic goes back to the old version within seconds. Otherwise CodeDeploy deploys an earlier revision: the newest one
before the current that had the traffic, or the one that --to names. The command ends when that version has the traffic, and
that is verified. While an alarm is red the way back goes without the alarms, which would stop it.

A function (--function): its alias "live" goes back to the version before, or to --to. The frontend (--frontend): its pages go
back to the release before, or to --to.

It never undoes a migration: the database stays as it is, and the earlier version has to bear that. It never changes the
stack, nor deletes a revision, a version or an image. A second run right after a rollback changes nothing; to go further back,
name where to with --to. It is refused for a function whose newer versions have the same code: whether they were rolled back,
or the stack has changed settings that no caller has yet, nothing tells.

Exit codes: 0 rolled back, or nothing to do, 1 failed, 2 wrong usage, settings or account, 4 refused, nothing was changed,
5 the time is over and the deployment goes on, 130 cancelled.`,
		Example: `  itrack rollback production

  # see what there is to go back to, and what would be done
  itrack rollback production --list
  itrack rollback production --dry-run

  # further back
  itrack rollback production --service backend --to 41

  itrack rollback staging --function item-events
  itrack rollback staging --frontend`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return rollbackRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Service, "service", "", "the `SERVICE` to roll back; not needed where the stack has one")
	flags.StringVar(&o.Function, "function", "", "roll this `FUNCTION` back instead of a service")
	flags.BoolVar(&o.Frontend, "frontend", false, "roll the frontend back instead of a service")
	flags.StringVar(&o.To, "to", "", "go back to this `REVISION`: a service's revision, a function's version, a frontend's release")
	flags.BoolVar(&o.List, "list", false, "show what there is to go back to, change nothing")
	flags.DurationVar(&o.Timeout, "timeout", release.DefaultLimit, "how long the deployment is watched")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	cmd.MarkFlagsMutuallyExclusive("service", "function", "frontend")
	cmd.MarkFlagsMutuallyExclusive("list", "to")
	cmd.MarkFlagsMutuallyExclusive("list", "function")
	return cmd
}

func rollbackRun(ctx context.Context, o *Options) error {
	if err := cmdutil.CheckTime("--timeout", o.Timeout); err != nil {
		return err
	}
	env, out, err := o.Factory.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	switch {
	case o.Function != "":
		done, err := release.RollbackFunction(ctx, env, out, o.Function, o.To, o.DryRun)
		return o.print(err, done, func() []string {
			lines := []string{fmt.Sprintf("function %s: %s, version %s after %s", done.Function, done.Action, done.After, done.Before)}
			if done.Note != "" {
				lines = append(lines, "    note       "+done.Note)
			}
			return lines
		})
	case o.Frontend && o.List:
		releases, err := site.Releases(ctx, env, out)
		return o.print(err, releases, func() []string { return siteLines(releases) })
	case o.Frontend:
		done, err := site.Rollback(ctx, env, out, site.RollbackOptions{To: o.To, DryRun: o.DryRun, Timeout: o.Timeout})
		return o.print(err, done, func() []string { return []string{frontendLine(done)} })
	}
	service, err := o.service(out)
	if err != nil {
		return err
	}
	if o.List {
		candidates, err := release.Candidates(ctx, env, out, service)
		return o.print(err, candidates, func() []string { return candidateLines(service, candidates) })
	}
	var done release.RollbackResult
	if o.DryRun {
		done, err = release.PlanRollback(ctx, env, out, service, o.To)
	} else {
		done, err = release.Rollback(ctx, env, out, service, o.To, o.Timeout)
	}
	return o.print(err, done, func() []string { return serviceLines(done) })
}

// print writes the result: one document, or a page if nothing failed.
func (o *Options) print(err error, value any, lines func() []string) error {
	if o.JSON {
		return errors.Join(err, o.Factory.PrintJSON(value))
	}
	if err != nil {
		return err
	}
	for _, line := range lines() {
		fmt.Fprintln(o.Factory.IO.Out, line)
	}
	return nil
}

// service is the one that was named, or the only one.
func (o *Options) service(out ops.Outputs) (string, error) {
	if o.Service != "" {
		return o.Service, nil
	}
	names := slices.Sorted(maps.Keys(out.Releases))
	if len(names) != 1 {
		return "", cmdutil.UsageError{Err: fmt.Errorf("the stack has several services: name one with --service (%s)", strings.Join(names, ", "))}
	}
	return names[0], nil
}

func serviceLines(done release.RollbackResult) []string {
	var lines []string
	switch done.Action {
	case release.Unchanged:
		lines = append(lines, fmt.Sprintf("service %s: nothing was changed, %s has the traffic", done.Service, done.Before))
	case release.WouldRollBack:
		lines = append(lines, fmt.Sprintf("service %s: would go back to %s", done.Service, done.After))
	default:
		lines = append(lines, fmt.Sprintf("service %s: %s has the traffic, and that was verified", done.Service, done.After))
	}
	for _, field := range []struct{ name, value string }{
		{"image", done.Image}, {"stopped", done.Stopped}, {"deployment", done.Deployment}, {"note", done.Note},
	} {
		if field.value != "" {
			lines = append(lines, fmt.Sprintf("    %-10s %s", field.name, field.value))
		}
	}
	if done.DespiteAlarms {
		lines = append(lines, "    an alarm is red: the deployment goes without the alarms' watch")
	}
	return lines
}

func candidateLines(service string, candidates []release.Candidate) []string {
	lines := []string{fmt.Sprintf("service %s: revisions, the newest first", service)}
	for _, candidate := range candidates {
		state := "never had the traffic"
		switch {
		case candidate.Current:
			state = "has the traffic"
		case candidate.Bootstrap:
			state = "the bootstrap image"
		case candidate.Gone:
			state = "its image is gone"
		case candidate.Ran && candidate.RanAt != nil:
			state = "had the traffic from " + candidate.RanAt.Format(time.DateTime)
		}
		image := candidate.Digest
		if image == "" {
			image = candidate.Image
		}
		lines = append(lines, fmt.Sprintf("    %5d  %s  %-40s %s", candidate.Revision, candidate.Registered.Format(time.DateTime), state, image))
	}
	return lines
}

func siteLines(releases []site.Release) []string {
	lines := []string{"frontend: releases, the newest first"}
	for _, known := range releases {
		line := fmt.Sprintf("    %s  %s", known.ID, known.Time.Format(time.DateTime))
		if known.Unfinished {
			line += "  a rollback to it has begun and not ended: run it again"
		}
		lines = append(lines, line)
	}
	return lines
}

func frontendLine(done site.Result) string {
	switch {
	case !done.Changed():
		return "frontend: nothing was changed, release " + done.Release + " is live"
	case done.DryRun:
		return fmt.Sprintf("frontend: would go back from release %s: %d files", done.Previous, len(done.Uploaded))
	}
	return fmt.Sprintf("frontend: release %s is live, before it was %s", done.Release, done.Previous)
}
