// Package securityscan is `itrack security-scan`.
package securityscan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/review"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/scan"
	"github.com/itrack/itrack/internal/review/output"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	Now     func() time.Time
	// Review reviews rehearsals of the environments.
	Review func(ctx context.Context, f *cmdutil.Factory, environments, sets []string) (*output.Document, error)

	Environments []string
	Only         []string
	Sets         []string
	VulnDB       string
	Timeout      time.Duration
	JSON         bool
	SARIF        string
}

// NewCmdSecurityScan makes the command. runF, if given, takes the place of the command's own work.
func NewCmdSecurityScan(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	return newCmd(&Options{Factory: f, Now: time.Now, Review: review.Rehearsed}, runF)
}

func newCmd(o *Options, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "security-scan [ENVIRONMENT...]",
		Short: "Look for known vulnerabilities and secrets, and review the stacks, in one report",
		Long: `Look for known vulnerabilities and secrets, and review what the stacks declare, in one report. In this order:

  govulncheck  vulnerabilities of Go modules: those that app calls, and those in packages that the rest of the program imports
  npm          npm audit of every package-lock.json
  trivy        vulnerabilities in the tree and in the images of build/images, where trivy is installed
  secrets      known formats of keys and tokens, passwords in addresses, and values that look made up under a name that says
               so, in every file that git tracks or would track; the secret itself is never printed
  review       itrack review of a rehearsal of each environment (default: staging, then production)

Nothing is changed, nothing is asked of AWS, and nothing of the code leaves the machine but the names and versions of packages
(npm, trivy). git's history is not searched. A finding is accepted in scan.yaml, with scanner, rule, path, reason and expiry;
what the review finds in review.yaml.

govulncheck looks twice. It follows every call of ./app/..., which serves users: what app only imports or requires is listed and
not counted. Of ./... it reads what is imported, no calls, for the rest links the Pulumi SDKs, too big for a call graph: a vulnerable
package that a package outside app imports, directly or not, counts, called or not. Its rule is ID/imported, to be accepted apart
from a call.

A scanner that could not look is listed with the reason, and the exit code is not 0: nothing is known of what it looks for. That
trivy is not installed is listed and does not count, unless --only names it.

Exit codes: 0 every scanner looked and nothing was found, 1 something was found, 6 nothing was found and a scanner could not look,
2 wrong usage, settings or acceptances, 130 cancelled.`,
		Example: `  # everything
  itrack security-scan

  # what needs no rehearsal
  itrack security-scan --only govulncheck,npm,secrets

  # without the internet, from a copy of https://vuln.go.dev
  itrack security-scan --only govulncheck --vuln-db file:///var/lib/vulndb

  # production alone, as it is with a domain, for a machine and for what shows SARIF
  itrack security-scan production --set itrack:domain=example.com --json --sarif scan.sarif`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environments = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runSecurityScan(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Only, "only", nil, "run these `SCANNERS` alone, with commas between: "+strings.Join(scan.Names, ", "))
	flags.StringArrayVar(&o.Sets, "set", nil, "replace a setting of the review's rehearsals (`KEY=VALUE`, repeatable)")
	flags.StringVar(&o.VulnDB, "vuln-db", "", "take Go's vulnerabilities from `URL`, also file:///PATH (default: https://vuln.go.dev)")
	flags.DurationVar(&o.Timeout, "timeout", 20*time.Minute, "stop a scanner after this `TIME`; it then counts as one that could not look")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.StringVar(&o.SARIF, "sarif", "", "write SARIF 2.1.0 to `FILE` as well, one run for each scanner")
	return cmd
}

func runSecurityScan(ctx context.Context, o *Options) error {
	if err := o.check(); err != nil {
		return err
	}
	project, err := o.Factory.Project()
	if err != nil {
		return err
	}
	// Names and acceptances are checked first: nobody waits for scanners to learn of a wrong one.
	var environments []string
	if o.runs(scan.Review) {
		if environments, err = cmdutil.ChooseEnvironments(project, o.Environments); err != nil {
			return err
		}
		if _, err := o.Factory.Overlays(o.Sets); err != nil {
			return err
		}
	}
	day := o.Now()
	acceptances, err := readAcceptances(project, day)
	if err != nil {
		return err
	}
	var reviewed *output.Document
	all := []scan.Scanner{
		scan.NewGovulncheck(project, o.VulnDB), scan.NewNpm(project), scan.NewTrivy(project, slices.Contains(o.Only, scan.Trivy)), scan.NewSecrets(project),
		{Name: scan.Review, Run: func(ctx context.Context) (scan.Seen, error) {
			document, err := o.Review(ctx, o.Factory, environments, o.Sets)
			if err != nil {
				return scan.Seen{}, &scan.NotDone{Status: scan.NotRun, Why: err.Error(), Next: "run `itrack review` to see all it says"}
			}
			reviewed = document
			return seenBy(document), nil
		}},
	}
	chosen := slices.DeleteFunc(all, func(s scan.Scanner) bool { return !o.runs(s.Name) })
	report, err := scan.Run(ctx, scan.Options{Scanners: chosen, Limit: o.Timeout, Say: o.Factory.Say, Acceptances: acceptances, Day: day})
	if err != nil {
		return err
	}
	if err := o.write(report, reviewed); err != nil {
		return err
	}
	switch {
	case report.Findings() > 0:
		return cmdutil.ErrSilent
	case len(report.NotRun()) > 0:
		return cmdutil.Silent(ops.Incomplete)
	}
	return nil
}

// runs tells whether a scanner was asked for.
func (o *Options) runs(name string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, name) }

// check refuses wrong flags, and makes the file's path independent of the working folder, which will change.
func (o *Options) check() error {
	for _, name := range o.Only {
		if !slices.Contains(scan.Names, name) {
			return cmdutil.UsageError{Err: fmt.Errorf("--only %s: no such scanner; there are %s", name, strings.Join(scan.Names, ", "))}
		}
	}
	if len(o.Environments)+len(o.Sets) > 0 && !o.runs(scan.Review) {
		return cmdutil.UsageError{Err: errors.New("environments and --set are for the review, which --only leaves out: name none, or add review")}
	}
	if o.Timeout <= 0 {
		return cmdutil.UsageError{Err: fmt.Errorf("--timeout %s: give a time above 0, such as 20m", o.Timeout)}
	}
	if o.SARIF == "-" {
		return cmdutil.UsageError{Err: errors.New("--sarif writes a file beside the page on stdout: name one")}
	}
	if o.SARIF == "" {
		return nil
	}
	absolute, err := filepath.Abs(o.SARIF)
	if err != nil {
		return fmt.Errorf("resolving %s: %w", o.SARIF, err)
	}
	o.SARIF = absolute
	return nil
}

// readAcceptances reads scan.yaml; a project without one accepts nothing.
func readAcceptances(project string, day time.Time) ([]scan.Acceptance, error) {
	text, err := os.ReadFile(filepath.Join(project, scan.AcceptanceFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the acceptances: %w", err)
	}
	acceptances, err := scan.ParseAcceptances(text, day)
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("%s: %w", scan.AcceptanceFile, err)}
	}
	return acceptances, nil
}

func (o *Options) write(report *scan.Report, reviewed *output.Document) error {
	if o.SARIF != "" {
		if err := o.writeSARIF(report, reviewed); err != nil {
			return err
		}
	}
	if o.JSON {
		return o.Factory.PrintJSON(report)
	}
	return scan.Text(o.Factory.IO.Out, report)
}
