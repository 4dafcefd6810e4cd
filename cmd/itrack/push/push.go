// Package push is `itrack push`.
package push

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops/registry"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Services    []string // none means all of the stack
	Images      string   // folder with one OCI layout per service
	Timeout     time.Duration
	DryRun      bool
	JSON        bool
}

// NewCmdPush makes the command. runF, if given, takes the place of the command's own work.
func NewCmdPush(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "push ENVIRONMENT",
		Short: "Push and sign the built images",
		Long: `Push the images that ` + "`itrack build images`" + ` made to the environment's repositories in ECR, and sign them.

In this order: reads every image, and refuses one that lacks the platform which the stack runs the service on; signs in to ECR
with the AWS credentials in use; then for each service looks whether its tag or its signature stand in the way, pushes the
image by its digest, attaches the SBOM of each platform, signs the digest with the stack's key in KMS (cosign's form), and sets
the tag, which is the image's version, at the very end. What is there already is not pushed again: after a push that broke off,
or was killed, run it again.

It never builds, never deploys, never moves a tag (the repositories refuse that), never writes a docker configuration.

Exit codes: 0 pushed, or all of it was there; 1 failed; 2 wrong usage, settings or account, or no image was built; 4 refused: the
tag names another image, the signature is another key's, or the platform is wrong; 5 the time is over; 130 cancelled.`,
		Example: `  # build, then push every service
  itrack build images
  itrack push staging

  # what would be pushed?
  itrack push production --dry-run

  # one service; the reference to deploy, for a machine
  itrack push staging --service backend --json | jq -r '.[0].reference'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPush(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Services, "service", nil, "push this `SERVICE` alone (repeatable; default: all of the stack)")
	flags.StringVar(&o.Images, "images", filepath.Join("build", "images"), "`DIR` with the built images, one OCI layout per service")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Minute, "give up after this `TIME`")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runPush(ctx context.Context, o *Options) error {
	ctx, cancel, err := cmdutil.Within(ctx, o.Timeout)
	if err != nil {
		return err
	}
	defer cancel()
	return cmdutil.Overdue(ctx, "pushing to "+o.Environment, o.push(ctx))
}

func (o *Options) push(ctx context.Context) error {
	if _, err := o.Factory.Project(); err != nil {
		return err
	}
	if !cmdutil.IsFolder(o.Images) {
		return cmdutil.UsageError{Err: fmt.Errorf("--images %s is no folder: `make build-all` builds the images into build/images", o.Images)}
	}
	env, out, err := o.Factory.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	pushed, err := registry.Push(ctx, env, out, o.Images, registry.Options{Services: o.Services, DryRun: o.DryRun})
	if err != nil {
		for _, done := range pushed {
			o.Factory.Say("done before the error: %s", done.Reference)
		}
		return err
	}
	if o.JSON {
		return o.Factory.PrintJSON(pushed)
	}
	return o.print(pushed)
}

// print writes one line per service with what to deploy.
func (o *Options) print(pushed []registry.Pushed) error {
	table := tabwriter.NewWriter(o.Factory.IO.Out, 0, 0, 2, ' ', 0)
	for _, one := range pushed {
		did := "all of it was there"
		if len(one.Changes) > 0 {
			did = "pushed: " + strings.Join(one.Changes, ", ")
			if one.DryRun {
				did = "would push: " + strings.Join(one.Changes, ", ")
			}
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n\t%s\ttag %s\n", one.Service, one.Reference, did, "signed by "+one.SigningKey, one.Tag) // Flush has the error
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
