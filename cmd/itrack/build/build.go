// Package build is `itrack build`.
package build

import (
	"github.com/itrack/itrack/cmd/itrack/build/functions"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
)

// NewCmdBuild makes the command that holds the commands that build what the stack uploads.
func NewCmdBuild(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{Use: "build", Short: "Build what the stack uploads", Args: cobra.NoArgs}
	cmd.AddCommand(functions.NewCmdFunctions(f, nil))
	return cmd
}
