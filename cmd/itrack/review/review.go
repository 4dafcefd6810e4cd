// Package review is `itrack review`.
package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/itrack/itrack/internal/review/controls"
	"github.com/itrack/itrack/internal/review/output"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory  *cmdutil.Factory
	Controls func() []review.Control
	Now      func() time.Time
	In       io.Reader

	Environments []string
	From         string
	Sets         []string
	Acceptances  string
	JSON         bool
	SARIF        string
}

// NewCmdReview makes the command. runF, if given, takes the place of the command's own work.
func NewCmdReview(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	return newCmd(&Options{Factory: f, Controls: controls.All, Now: time.Now}, runF)
}

func newCmd(o *Options, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "review [ENVIRONMENT...]",
		Short: "Answer AWS's best practices from what a stack declares",
		Long: `Answer AWS's list of best practices (docs/controls.md) from what a stack declares, and tell what no list asks: who may do
what, how the internet reaches in, and what happens to the data. Nothing is asked of AWS.

What is reviewed is a rehearsal of each environment (default: staging, then production), or with --from the state of a stack
on AWS. A failure is accepted in review.yaml, with a reason, an owner and an expiry. What fails only because the stack has
no domain is listed apart, and fails; review with a domain by --set. docs/review.md says how to read it.

Exit codes: 0 nothing fails, 1 something does, 2 wrong usage, settings or acceptances, 130 cancelled.`,
		Example: `  # both environments, rehearsed
  itrack review

  # production as it is with a domain, for people and for what shows SARIF
  itrack review production --set itrack:domain=example.com --sarif review.sarif

  # a stack on AWS
  pulumi stack export -s production | itrack review --from -

  # one JSON document for a machine
  itrack review production --json > review.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environments, o.In = args, cmd.InOrStdin()
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runReview(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.From, "from", "", "review the `FILE` that pulumi stack export wrote, - for stdin, instead of a rehearsal")
	flags.StringArrayVar(&o.Sets, "set", nil, "replace a setting of the rehearsal (`KEY=VALUE`, repeatable)")
	flags.StringVar(&o.Acceptances, "acceptances", "", "read the accepted failures from `FILE` (default: review.yaml of the project)")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.StringVar(&o.SARIF, "sarif", "", "write SARIF 2.1.0 to `FILE` as well")
	return cmd
}

func runReview(ctx context.Context, o *Options) error {
	if err := o.check(); err != nil {
		return err
	}
	document, err := o.document(ctx)
	if err != nil {
		return err
	}
	if err := o.write(document); err != nil {
		return err
	}
	if !document.OK() {
		return cmdutil.ErrSilent
	}
	return nil
}

// Rehearsed reviews a rehearsal of each environment, as the command does; sets are the values of --set.
func Rehearsed(ctx context.Context, f *cmdutil.Factory, environments, sets []string) (*output.Document, error) {
	o := &Options{Factory: f, Controls: controls.All, Now: time.Now, Environments: environments, Sets: sets}
	return o.document(ctx)
}

func (o *Options) document(ctx context.Context) (*output.Document, error) {
	day := o.Now()
	list := o.Controls()
	load := o.rehearsed
	if o.From != "" {
		load = o.exported
	}
	// Acceptances are read before the rehearsal: nobody waits for it to learn of a wrong field.
	acceptances, err := o.acceptances(list, day)
	if err != nil {
		return nil, err
	}
	exports, err := load(ctx)
	if err != nil {
		return nil, err
	}
	document := &output.Document{Reviews: []output.Review{}}
	for _, raw := range exports {
		model, err := review.Load(raw)
		if err != nil {
			return nil, err
		}
		report, err := review.Run(model, list, acceptances, day)
		if err != nil {
			return nil, fmt.Errorf("the list of controls is wrong: %w", err)
		}
		document.Reviews = append(document.Reviews, output.Review{Report: report, Beyond: beyond.Examine(model)})
	}
	return document, nil
}

// check refuses flags that exclude each other, and makes paths independent of the working folder, which will change.
func (o *Options) check() error {
	if o.From != "" && len(o.Environments) > 0 {
		return cmdutil.UsageError{Err: errors.New("--from reviews the stack in the file: name no environment beside it")}
	}
	if o.From != "" && len(o.Sets) > 0 {
		return cmdutil.UsageError{Err: errors.New("--set changes a rehearsal: it does nothing to the stack that --from reads")}
	}
	if o.SARIF == "-" {
		return cmdutil.UsageError{Err: errors.New("--sarif writes a file beside the page on stdout: name one")}
	}
	for _, path := range []*string{&o.From, &o.Acceptances, &o.SARIF} {
		if *path == "" || *path == "-" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("resolving %s: %w", *path, err)
		}
		*path = absolute
	}
	return nil
}

// acceptances reads the file that is named, or the project's. An export may be reviewed where there is no project: then nothing
// is accepted.
func (o *Options) acceptances(list []review.Control, day time.Time) ([]review.Acceptance, error) {
	path := o.Acceptances
	if path == "" {
		project, err := o.Factory.Project()
		if err != nil && o.From != "" {
			fmt.Fprintln(o.Factory.IO.Err, "no project here, so no acceptances are read; name a file by --acceptances")
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		path = filepath.Join(project, review.AcceptanceFile)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && o.Acceptances == "" {
		return nil, nil
	}
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("reading the acceptances: %w", err)}
	}
	acceptances, err := review.ParseAcceptances(text, list, day)
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("%s: %w", path, err)}
	}
	return acceptances, nil
}

func (o *Options) write(document *output.Document) error {
	if o.SARIF != "" {
		file, err := os.Create(o.SARIF)
		if err != nil {
			return fmt.Errorf("writing SARIF: %w", err)
		}
		if err := errors.Join(output.SARIF(file, document, o.Factory.Version), file.Close()); err != nil {
			return err
		}
	}
	if o.JSON {
		return output.JSON(o.Factory.IO.Out, document)
	}
	if err := output.Text(o.Factory.IO.Out, document, o.Factory.IO.Color); err != nil {
		return fmt.Errorf("writing the review: %w", err)
	}
	return nil
}

// exported reads the file of --from.
func (o *Options) exported(context.Context) ([]apitype.UntypedDeployment, error) {
	raw, err := readExport(o.From, o.In)
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("--from %s: %w", o.From, err)}
	}
	return []apitype.UntypedDeployment{raw}, nil
}
