// Package config is `itrack config`.
package config

import (
	"github.com/itrack/itrack/cmd/itrack/config/schema"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
)

// NewCmdConfig makes the command that holds the commands about settings.
func NewCmdConfig(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Work with the settings", Args: cobra.NoArgs}
	cmd.AddCommand(schema.NewCmdSchema(f, nil))
	return cmd
}
