// Package schema is `itrack config schema`.
package schema

import (
	"bytes"
	"fmt"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct{ Factory *cmdutil.Factory }

// NewCmdSchema makes the command. runF, if given, takes the place of the command's own work.
func NewCmdSchema(f *cmdutil.Factory, runF func(*Options) error) *cobra.Command {
	o := &Options{Factory: f}
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the settings",
		Long: `Print the JSON schema of a Pulumi.<environment>.yaml: every setting with its type, default, bounds and meaning.
Editors that read it complete and check the settings while you type.`,
		Example: "  itrack config schema > docs/config.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(o)
			}
			return runSchema(o)
		},
	}
}

func runSchema(o *Options) error {
	schema, err := o.Factory.Schema()
	if err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	_, err = o.Factory.IO.Out.Write(append(bytes.TrimRight(schema, "\n"), '\n'))
	return err
}
