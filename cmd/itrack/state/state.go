// Package state is `itrack state`.
package state

import (
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/state/repair"
	"github.com/itrack/itrack/cmd/itrack/state/unlock"
	"github.com/spf13/cobra"
)

// NewCmdState makes the command that holds the commands about a stack's state.
func NewCmdState(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{Use: "state", Short: "Work with the state of a stack", Args: cobra.NoArgs}
	cmd.AddCommand(repair.NewCmdRepair(f, nil), unlock.NewCmdUnlock(f, nil))
	return cmd
}
