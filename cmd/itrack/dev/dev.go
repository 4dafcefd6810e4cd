// Package dev is `itrack dev`.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/devenv"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Host     string
	Port     int
	DSN      string
	Endpoint string
}

// NewCmdDev makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDev(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the backend for development, with database, emulated AWS, sample data and reload",
		Long: `Run the backend on this computer: MariaDB or MySQL (tools/mariadb.sh) and moto (tools/moto.sh) are started with it and end with it,
the database is migrated, tables and sample data are made. A change below app/backend or app/internal builds, migrates and
restarts the backend; while it does not compile, the one before goes on. Ctrl-C ends everything.

The backend listens on 127.0.0.1 alone, since the sample accounts' passwords are published. --host 0.0.0.0 lets other computers in:
for a telephone on the same network, say, and on a network that you trust.

--dsn takes a database that is there, with a user who may make schemas and users; --aws-endpoint takes an emulator that is
there. Both keep what they hold. Secrets are new for each run; the sample accounts' passwords are published.`,
		Example: `  itrack dev
  itrack dev --port 8081
  itrack dev --host 0.0.0.0
  itrack dev --dsn 'root:secret@tcp(127.0.0.1:3306)/itrack'
  itrack dev --aws-endpoint http://127.0.0.1:4566`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return devRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Host, "host", "127.0.0.1", "the address that the backend listens on; 0.0.0.0 is all of this computer's")
	flags.IntVar(&o.Port, "port", 8080, "the backend's port")
	flags.StringVar(&o.DSN, "dsn", os.Getenv("DSN"), "an existing database on this computer, as "+devenv.DSNForm+" (default $DSN)")
	flags.StringVar(&o.Endpoint, "aws-endpoint", os.Getenv("AWS_ENDPOINT_URL"), "an existing emulator of AWS (default $AWS_ENDPOINT_URL)")
	for _, name := range []string{"dsn", "aws-endpoint"} {
		flags.Lookup(name).DefValue = "" // help must not print the password of $DSN
	}
	return cmd
}

func devRun(ctx context.Context, o *Options) error {
	if o.Port < 1 || o.Port > 65535 {
		return cmdutil.UsageError{Err: fmt.Errorf("--port is %d; it has to be from 1 to 65535", o.Port)}
	}
	f := o.Factory
	project, err := f.Project()
	if err != nil {
		return err
	}
	var printing error
	ready := false
	err = devenv.Run(ctx, devenv.Options{
		Root: project, Host: o.Host, Port: o.Port, DSN: o.DSN, Endpoint: o.Endpoint, Output: f.IO.Err,
		Progress: func(format string, args ...any) { fmt.Fprintf(f.IO.Err, "==> "+format+"\n", args...) },
		Ready: func(p devenv.Place) {
			ready = true
			printing = tell(f.IO.Out, p)
		},
	})
	if printing != nil {
		return fmt.Errorf("writing where the backend is: %w", printing)
	}
	if wrong := (*devenv.SettingsError)(nil); errors.As(err, &wrong) {
		return cmdutil.UsageError{Err: err}
	}
	if ready && errors.Is(err, context.Canceled) {
		// Ctrl-C is how development ends: nothing was cut short, and nothing failed.
		fmt.Fprintln(f.IO.Err, "==> everything has ended")
		return nil
	}
	return err
}

// tell prints where everything is and how to use it.
func tell(out io.Writer, p devenv.Place) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe backend runs.\n\n  API       %s\n  health    %s\n  database  %s\n  AWS       %s\n  API key   %s   (this run's)\n\n",
		p.URL, p.Health, p.Database, p.AWS, p.APIKey)
	fmt.Fprintf(&b, "Sample accounts:\n\n  %-20s %-8s %s\n", "address", "role", "password")
	for _, account := range p.Accounts {
		fmt.Fprintf(&b, "  %-20s %-8s %s\n", account.Email, account.Role, account.Password)
	}
	fmt.Fprintf(&b, `
Sign in, and list the items:

  TOKEN=$(curl -s %[1]s/auth/login -H 'Content-Type: application/json' -d '{"email":"%[2]s","password":"%[3]s"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s %[1]s/items -H "Authorization: Bearer $TOKEN"

Changes below app/backend and app/internal take effect by themselves. Ctrl-C ends everything.
`, p.URL, p.Accounts[0].Email, p.Accounts[0].Password)
	_, err := io.WriteString(out, b.String())
	return err
}
