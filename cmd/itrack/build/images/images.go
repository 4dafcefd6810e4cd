// Package images is `itrack build images`.
package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/itrack/itrack/cmd/itrack/build/internal/mains"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/images"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// Build builds images; Commit finds out what they say about their source.
	Build  func(context.Context, images.Options) ([]images.Result, error)
	Commit func(context.Context, images.CommitRequest) (images.Commit, error)

	Services   []string // none means all
	Source     string   // folder whose subfolders are the services
	Output     string   // folder that receives one OCI layout per service
	Platforms  []string
	Version    string
	Revision   string
	Repository string
	Check      bool
	JSON       bool
}

// Defaults are the options of the command without flags.
func Defaults(f *cmdutil.Factory) *Options {
	return &Options{Factory: f, Build: images.Build, Commit: images.ReadCommit, Source: "app", Output: filepath.Join("build", "images")}
}

// NewCmdImages makes the command. runF, if given, takes the place of the command's own work.
func NewCmdImages(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	return newCmd(Defaults(f), runF)
}

func newCmd(o *Options, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "images [SERVICE...]",
		Short: "Build the services' container images",
		Long: `Build the image of every service, or of those that are named, without a container engine: one static program on top of
nothing but root certificates, run by a user who is not root. A service is a folder of app/ with a main package.

build/images/<service> becomes an OCI image layout with an index over the platforms and an SBOM (SPDX 2.3) attached to each
platform's image; the same SBOM lies beside it. It is replaced only when all of it is built. The same commit and the same Go
give the same digest on every machine; --check compiles again from nothing, which takes some minutes, and compares.
SOURCE_DATE_EPOCH replaces the commit's time.
docs/images.md says what is in an image and how to verify one.

Exit codes: 0 built (with --check: the same), 1 failed (or not the same), 2 wrong usage, 130 cancelled.`,
		Example: `  # every service, for arm64 and amd64
  itrack build images

  # one service for Fargate alone, as a release
  itrack build images backend --platform linux/arm64 --version v1.4.0

  # does this commit give what lies in build/images?
  itrack build images --check

  # the digest for a machine
  itrack build images backend --json | jq -r '.[0].digest'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Services = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runImages(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	o.AddFlags(flags)
	flags.StringVar(&o.Source, "source", o.Source, "`DIR` with one folder per service")
	flags.StringVar(&o.Output, "output", o.Output, "`DIR` for the image layouts")
	flags.BoolVar(&o.Check, "check", false, "build again from an empty Go build cache, compare, write nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

// AddFlags adds the flags that say what an image is of and for.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.Platforms, "platform", nil, "build for `OS/ARCH` (repeatable; default "+strings.Join(images.Platforms(), ", ")+")")
	flags.StringVar(&o.Version, "version", "", "`VERSION` of the program and the image (default: made from the commit's time and hash)")
	flags.StringVar(&o.Revision, "revision", "", "`HASH` of the commit, for a source tree without .git; needs SOURCE_DATE_EPOCH")
	flags.StringVar(&o.Repository, "repository", "", "`URL` of the source (default: what the module path names)")
}

func runImages(ctx context.Context, o *Options) error {
	results, err := Run(ctx, o)
	if err != nil {
		return err
	}
	if o.JSON {
		encoder := json.NewEncoder(o.Factory.IO.Out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(results)
	} else {
		err = Print(o.Factory.IO.Out, results)
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// Run builds, or with Check compares, and returns what was built. What it says on the way goes to the streams' Err.
func Run(ctx context.Context, o *Options) ([]images.Result, error) {
	ready, err := Prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	return ready.Build(ctx)
}

// Ready is a build whose flags hold and whose commit is known.
type Ready struct {
	o       *Options
	request images.Options
}

// Prepare checks everything that can be known to be wrong before something is compiled. What is wrong is a usage error: nothing
// was built.
func Prepare(ctx context.Context, o *Options) (*Ready, error) {
	project, err := o.Factory.Project()
	if err != nil {
		return nil, err
	}
	if err := mains.CheckOutput(o.Output); err != nil {
		return nil, err
	}
	if o.Services, err = choose(o.Source, o.Services); err != nil {
		return nil, err
	}
	// Everything is compiled and labelled by its place in the project, wherever that lies on this machine.
	source := o.Source
	if filepath.IsAbs(source) {
		if source, err = filepath.Rel(project, source); err != nil || !filepath.IsLocal(source) {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("--source %s is not in the project %s", o.Source, project)}
		}
	}
	for _, platform := range o.Platforms {
		if !slices.Contains(images.Platforms(), platform) {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("--platform %s: it takes %s", platform, strings.Join(images.Platforms(), " or "))}
		}
	}
	commit, err := o.Commit(ctx, images.CommitRequest{Root: project, Revision: o.Revision, Version: o.Version, Epoch: os.Getenv(images.EpochVariable)})
	if err != nil {
		return nil, cmdutil.UsageError{Err: err} // nothing was built
	}
	if commit.Dirty {
		fmt.Fprintf(o.Factory.IO.Err, "the tree differs from commit %.12s: the images say -dirty, and the commit alone does not give them; commit first for a release\n", commit.Revision)
	}
	request := images.Options{
		Root: project, Source: source, Services: o.Services, Platforms: o.Platforms, Output: o.Output, Commit: commit, Repository: o.Repository,
		Say: func(format string, args ...any) { fmt.Fprintf(o.Factory.IO.Err, format+"\n", args...) },
	}
	return &Ready{o: o, request: request}, nil
}

// Build builds, or with Check compares.
func (r *Ready) Build(ctx context.Context) ([]images.Result, error) {
	if r.o.Check {
		return check(ctx, r.o, r.request)
	}
	return r.o.Build(ctx, r.request)
}

// choose checks the named services, or takes all there are.
func choose(source string, named []string) ([]string, error) {
	known, err := mains.List(source, "services")
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		return known, nil
	}
	for i, name := range named {
		if !slices.Contains(known, name) {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("no service %s in %s; services: %s", name, source, strings.Join(known, ", "))}
		}
		if slices.Contains(named[:i], name) {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("%s is named twice", name)}
		}
	}
	return named, nil
}

// check builds into a folder of its own, with nothing compiled before, and compares with what lies in the output.
func check(ctx context.Context, o *Options, request images.Options) (_ []images.Result, err error) {
	there := map[string]string{}
	for _, service := range request.Services {
		opened, err := images.Open(filepath.Join(o.Output, service))
		if err != nil {
			return nil, err
		}
		there[service] = opened.Digest.String()
	}
	scratch, err := os.MkdirTemp("", "itrack-check-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	request.Output, request.Cache = filepath.Join(scratch, "images"), filepath.Join(scratch, "cache")
	results, err := o.Build(ctx, request)
	if err != nil {
		return nil, err
	}
	var differ []string
	for i, result := range results {
		if there[result.Service] != result.Digest {
			differ = append(differ, fmt.Sprintf("%s is %s, this tree gives %s", filepath.Join(o.Output, result.Service), there[result.Service], result.Digest))
		}
		// The folder of the comparison is gone when anybody reads this.
		results[i].Layout = filepath.Join(o.Output, result.Service)
		for j, made := range result.Platforms {
			results[i].Platforms[j].SBOM = filepath.Join(o.Output, filepath.Base(made.SBOM))
		}
	}
	if len(differ) > 0 {
		return nil, fmt.Errorf("not the same: %s; another commit, Go, version or platform was built: the labels and the SBOM there tell which",
			strings.Join(differ, "; "))
	}
	fmt.Fprintln(o.Factory.IO.Err, "the same: what was built before is what this tree gives")
	return results, nil
}

// Print writes one line per service with the digest to deploy, and one per platform with sizes in megabytes (10^6 bytes).
func Print(out io.Writer, results []images.Result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, result := range results {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\tversion %s\n", result.Service, result.Digest, result.Layout, result.Version) // Flush has the error
		for _, made := range result.Platforms {
			_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%.1f MB, unpacked %.1f MB\n", made.Platform, made.Digest, made.SBOM,
				float64(made.Compressed)/1e6, float64(made.Uncompressed)/1e6)
		}
	}
	return table.Flush()
}
