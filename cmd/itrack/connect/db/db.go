// Package db is `itrack connect db`.
package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/connect"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Port        int
	User        string
	Admin       bool
	AskPassword bool
	Tunnel      bool
	Print       bool
	JSON        bool
	Authorities string
	Timeout     time.Duration
}

// bundle is RDS's certificate authorities, as they lie in the project.
const bundle = "app/internal/rdsca/rds.pem"

// NewCmdDB makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDB(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "db ENVIRONMENT",
		Short: "Open the database with mysql, through Session Manager and the bastion",
		Long: `Open the database with mysql, through Session Manager and the bastion.

In this order: checks that session-manager-plugin is there and new enough to keep the session's token out of the list of
processes; finds the bastion, and waits while it starts; gets what the user signs in with; starts a session that forwards a
local port (3306, or a free one) to the database; checks by the certificate that the database is at its end; starts mysql with
TLS. When mysql ends, or by Ctrl-C without one, the forwarding and the session end.

The user is itrack_readonly, who reads all but the hashes of passwords and signs in by IAM. --admin is the master user, by the
secret that RDS keeps: what is typed then changes the database. The password goes to mysql through a pipe: it is in no file, no
argument, no log. Without a mysql or mariadb command, and with --tunnel, the way stays open until Ctrl-C.

SQL may come from a file: ` + "`itrack connect db staging < query.sql`" + `. On a terminal Ctrl-C ends mysql's statement, not the session.

It never changes AWS, beyond the session. Killed outright, it leaves a session that ends by itself, at the latest after 20 idle
minutes; the next run is not disturbed.

Exit codes: 0 mysql ended well, or the tunnel was ended by Ctrl-C; 1 something failed; 2 wrong usage, no plugin, no bastion in the
settings, the wrong account; 4 the bastion's group is set to no instance; 5 the bastion did not come up in time; 130 cancelled.`,
		Example: `  itrack connect db staging

  # one query
  echo 'SELECT COUNT(*) FROM accounts' | itrack connect db production

  # for another client, on a port of your choice
  itrack connect db staging --tunnel --port 13306

  # the commands that do the same by hand
  itrack connect db staging --print`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if err := o.check(cmd.Flags().Changed("user")); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runDB(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Port, "port", 0, "local `PORT` (default 3306, or a free one where that is taken)")
	flags.StringVar(&o.User, "user", connect.ReadOnly, "sign in as this `USER`, by IAM unless --ask-password is given")
	flags.BoolVar(&o.Admin, "admin", false, "sign in as the master user, by the secret that RDS keeps")
	flags.BoolVar(&o.AskPassword, "ask-password", false, "let mysql ask for the password")
	flags.BoolVar(&o.Tunnel, "tunnel", false, "only forward the port, until Ctrl-C")
	flags.BoolVar(&o.Print, "print", false, "only print the commands that do the same by hand")
	flags.BoolVar(&o.JSON, "json", false, "with --tunnel or --print: print one JSON document on stdout and nothing else")
	flags.StringVar(&o.Authorities, "ca", "", "`FILE` of certificate authorities of the database (default RDS's, "+bundle+")")
	flags.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "wait for a starting bastion at most this long")
	return cmd
}

func (o *Options) check(user bool) error {
	switch {
	case o.Admin && (user || o.AskPassword):
		return cmdutil.UsageError{Err: errors.New("--admin is a user of its own: leave --user and --ask-password out")}
	case o.JSON && !o.Tunnel && !o.Print:
		return cmdutil.UsageError{Err: errors.New("--json needs --tunnel or --print: stdout belongs to mysql otherwise")}
	case o.Port < 0 || o.Port > 65535:
		return cmdutil.UsageError{Err: fmt.Errorf("--port %d: ports are from 1 to 65535", o.Port)}
	case o.Timeout <= 0:
		return cmdutil.CheckTime("--timeout", o.Timeout)
	case o.User == "" || strings.HasPrefix(o.User, "-"):
		return cmdutil.UsageError{Err: fmt.Errorf("--user %q is no user", o.User)}
	}
	return nil
}

func (o *Options) way() connect.Way {
	switch {
	case o.Admin:
		return connect.Master
	case o.AskPassword:
		return connect.Typed
	}
	return connect.Token
}

func runDB(ctx context.Context, o *Options) error {
	f := o.Factory
	// Relative to where the command was called, before the project becomes the working folder.
	if o.Authorities != "" {
		path, err := filepath.Abs(o.Authorities)
		if err != nil {
			return fmt.Errorf("resolving %s: %w", o.Authorities, err)
		}
		o.Authorities = path
	}
	env, out, err := f.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	roots, err := o.authorities()
	if err != nil {
		return err
	}
	client, found, err := connect.FindClient(ctx)
	if err != nil {
		return err
	}
	instance, err := connect.Bastion(ctx, env, out, o.Timeout)
	if err != nil {
		return err
	}
	if o.Print {
		return o.print(env, out, instance, client)
	}
	var login connect.Login
	if found && !o.Tunnel {
		if login, err = connect.SignIn(ctx, env, out, o.User, o.way()); err != nil {
			return err
		}
	}
	tunnel, err := connect.Open(ctx, env, out, instance, o.Port, roots)
	if err != nil {
		return err
	}
	defer tunnel.Close()
	if !found || o.Tunnel {
		return o.hold(ctx, env, out, tunnel, client)
	}
	f.Say("%s: the database %s as %s, through %s", o.Environment, out.DatabaseAddress, login.User, instance)
	if o.Admin {
		f.Say("this is the administrator: what is typed here changes %s", o.Environment)
	}
	return client.Run(ctx, tunnel, out.DatabaseName, login, o.Authorities, connect.Streams{In: f.IO.In, Out: f.IO.Out, Err: f.IO.Err})
}

// authorities reads the database's certificate authorities.
func (o *Options) authorities() ([]byte, error) {
	if o.Authorities == "" {
		project, err := o.Factory.Project()
		if err != nil {
			return nil, err
		}
		o.Authorities = filepath.Join(project, filepath.FromSlash(bundle))
	}
	text, err := os.ReadFile(o.Authorities)
	if err != nil {
		return nil, &ops.Problem{Kind: ops.Usage, What: "reading the database's certificate authorities", Why: err.Error(), Err: err,
			Next: "name RDS's bundle with --ca: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"}
	}
	return text, nil
}

// document is what --json prints.
type document struct {
	Environment string   `json:"environment"`
	Instance    string   `json:"instance"`
	Session     string   `json:"session,omitempty"`
	Host        string   `json:"host"`
	Port        int      `json:"port"`
	Database    string   `json:"database"`
	User        string   `json:"user,omitempty"`
	Commands    []string `json:"commands,omitempty"`
}

// user is who the printed commands sign in as; the master user's name stands in its secret.
func (o *Options) user() connect.Login {
	if o.Admin {
		return connect.Login{User: "itrackadmin"}
	}
	return connect.Login{User: o.User}
}

func (o *Options) print(env *ops.Environment, out ops.Outputs, instance string, client connect.Client) error {
	port, err := connect.LocalPort(o.Port)
	if err != nil {
		return err
	}
	commands, err := connect.Commands(env, out, instance, port, o.user(), o.way(), client, o.Authorities)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.Factory.PrintJSON(document{Environment: o.Environment, Instance: instance, Host: "127.0.0.1", Port: port, Database: out.DatabaseName, User: o.user().User, Commands: commands})
	}
	_, err = fmt.Fprintf(o.Factory.IO.Out, "# in one terminal\n%s\n# in another\n%s\n", commands[0], strings.Join(commands[1:], "\n"))
	return err
}

// hold keeps the tunnel open until Ctrl-C, which is how it ends.
func (o *Options) hold(ctx context.Context, env *ops.Environment, out ops.Outputs, tunnel *connect.Tunnel, client connect.Client) error {
	commands, err := connect.Commands(env, out, tunnel.Instance, tunnel.Local, o.user(), o.way(), client, o.Authorities)
	if err != nil {
		return err
	}
	if o.JSON {
		if err := o.Factory.PrintJSON(document{Environment: o.Environment, Instance: tunnel.Instance, Session: tunnel.Session, Host: "127.0.0.1",
			Port: tunnel.Local, Database: out.DatabaseName, User: o.user().User, Commands: commands[1:]}); err != nil {
			return err
		}
	} else {
		f := o.Factory
		if !o.Tunnel {
			f.Say("there is no mysql or mariadb command here; the way to the database is open all the same")
		}
		if _, err := fmt.Fprintf(f.IO.Out, "host 127.0.0.1\nport %d\ndatabase %s\nuser %s\n\nfrom another terminal:\n  %s\n", tunnel.Local, out.DatabaseName, o.user().User,
			strings.Join(commands[1:], "\n  ")); err != nil {
			return fmt.Errorf("writing how to connect: %w", err)
		}
		f.Say("open until Ctrl-C")
	}
	select {
	case <-ctx.Done():
		o.Factory.Say("closing the session")
		return nil
	case <-tunnel.Done():
		return tunnel.Ended()
	}
}
