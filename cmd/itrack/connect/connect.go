// Package connect holds the commands that open a way into an environment.
package connect

import (
	"github.com/itrack/itrack/cmd/itrack/connect/db"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
)

// NewCmdConnect makes the command.
func NewCmdConnect(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{Use: "connect", Short: "Open a way into an environment", Args: cobra.NoArgs}
	cmd.AddCommand(db.NewCmdDB(f, nil))
	return cmd
}
