// Package build is `itrack build`.
package build

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/itrack/itrack/cmd/itrack/build/functions"
	"github.com/itrack/itrack/cmd/itrack/build/images"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	built "github.com/itrack/itrack/internal/images"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Functions *functions.Options
	Images    *images.Options
	JSON      bool
}

// report is what --json prints.
type report struct {
	Functions map[string]string `json:"functions"` // zip files by name
	Images    []built.Result    `json:"images"`
}

// NewCmdBuild makes the command that builds everything, and holds the commands that build a part.
func NewCmdBuild(f *cmdutil.Factory) *cobra.Command {
	return newCmd(&Options{Factory: f, Functions: functions.Defaults(f), Images: images.Defaults(f)}, nil)
}

func newCmd(o *Options, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build what the platform runs",
		Long: `Build everything the platform runs: the Lambda functions' zip files and the services' container images. The commands below
build a part. The same commit and the same Go give the same bytes.`,
		Example: `  itrack build
  itrack build --version v1.4.0 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runBuild(cmd.Context(), o)
		},
	}
	o.Images.AddFlags(cmd.Flags())
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	cmd.AddCommand(functions.NewCmdFunctions(o.Factory, nil), images.NewCmdImages(o.Factory, nil))
	return cmd
}

func runBuild(ctx context.Context, o *Options) error {
	// Both are checked before one is built: a wrong --platform must not take the minute that the functions take.
	parts, err := functions.Prepare(o.Functions)
	if err != nil {
		return err
	}
	services, err := images.Prepare(ctx, o.Images)
	if err != nil {
		return err
	}
	zips, err := parts.Build(ctx)
	if err != nil {
		return err
	}
	results, err := services.Build(ctx)
	if err != nil {
		return err
	}
	if o.JSON {
		encoder := json.NewEncoder(o.Factory.IO.Out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report{Functions: zips, Images: results})
	} else {
		err = images.Print(o.Factory.IO.Out, results)
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
