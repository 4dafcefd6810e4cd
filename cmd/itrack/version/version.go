// Package version is `itrack version`.
package version

import (
	"fmt"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct{ Factory *cmdutil.Factory }

// NewCmdVersion makes the command. runF, if given, takes the place of the command's own work.
func NewCmdVersion(f *cmdutil.Factory, runF func(*Options) error) *cobra.Command {
	o := &Options{Factory: f}
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of this program, as the Makefile took it from git, and the oldest pulumi command that it works with. Nothing is
asked of AWS.

Exit codes: 0, or 2 wrong usage.`,
		Example: "  itrack version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(o)
			}
			return runVersion(o)
		},
	}
}

func runVersion(o *Options) error {
	_, err := fmt.Fprintf(o.Factory.IO.Out, "itrack %s (needs pulumi %s or newer)\n", o.Factory.Version, engine.MinimumPulumi)
	return err
}
