// Package createsecrets is `itrack create-secrets`.
package createsecrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/secrets"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// ReadSecret reads a line from the terminal without showing it.
	ReadSecret func(ctx context.Context) (string, error)

	Environment string
	Rotate      []string
	Finish      bool
	DropOldest  bool
	Prompt      bool
	DryRun      bool
	JSON        bool
	Timeout     time.Duration
}

// NewCmdCreateSecrets makes the command. runF, if given, takes the place of the command's own work.
func NewCmdCreateSecrets(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, ReadSecret: readFromTerminal}
	cmd := &cobra.Command{
		Use:   "create-secrets ENVIRONMENT",
		Short: "Make, restore, rotate and replicate the three secrets",
		Long: `Make the three secrets that an environment needs before its first deployment, in Secrets Manager of the primary region:
itrack/ENVIRONMENT/db_password, jwt_secret and api_key.

In this order, for each of them: makes it, or restores one that waits for its deletion; writes a new value where it has none or
--rotate names it; adds missing tags; with itrack:secrets.replica makes or repairs the replica in the recovery region. A value
comes from DB_PASSWORD, JWT_SECRET or API_KEY in the environment; else, with --prompt, from the terminal, which does not show it;
else it is random. Given values must be printable ASCII of 16, 32 and 24 characters at least, without a space or line break, and
differ from each other.

It never overwrites a value unless --rotate names the secret, never deletes one, never takes a value from the command line and
never prints one; the three variables are taken out of the environment that commands started by this one would inherit.

Rotation: jwt_secret and api_key get both keys, {"current": new, "previous": old}, and the backend takes either. jwt_secret gets
a "from" as well, two hours later: until then the old key signs, after it the new one. The deployment has to be over before that
time, as a task of before refuses what the new key signed. After the deployment, and when nobody uses the old key any more
(jwt_secret: an hour after "from", as long as a token lives), --rotate NAME --finish drops it. Earlier is not refused, for a key
that is known to others: then the output says that people sign in again. Until it is finished another rotation is refused, as it
would drop the oldest key while somebody may use it; --drop-oldest does that.
db_password has one value; the migration of the next deployment gives it to the MySQL user. The output names the commands that
make each change effective, and these times. Killed at any point, the next run completes it; a second run changes nothing.

Exit codes: 0 made or in order, 1 failed, 2 wrong usage, values, settings or account, 4 a rotation before has not ended, 5 the
time is over, 6 a replica could not be made, 130 cancelled.`,
		Example: `  # three random values
  itrack create-secrets staging

  # values from a password manager
  JWT_SECRET="$(pass itrack/jwt)" itrack create-secrets production
  itrack create-secrets production --prompt

  # a new signing key: rotate, deploy within two hours, and an hour after these drop the old one
  itrack create-secrets production --rotate jwt_secret
  itrack deploy-apps production --restart
  itrack create-secrets production --rotate jwt_secret --finish
  itrack deploy-apps production --restart`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return createSecretsRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Rotate, "rotate", nil, "write a new value of the secret `NAME`: db_password, jwt_secret or api_key (repeatable)")
	flags.BoolVar(&o.Finish, "finish", false, "with --rotate: no new value, drop the old key of the rotation before")
	flags.BoolVar(&o.DropOldest, "drop-oldest", false, "with --rotate: rotate although a rotation before has not ended, and drop the oldest key")
	flags.BoolVar(&o.Prompt, "prompt", false, "ask for each value that is written and is not in the environment")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 10*time.Minute, "longest time for all of it, answers at the terminal included")
	return cmd
}

func createSecretsRun(ctx context.Context, o *Options) error {
	// First of all: whatever is started after this does not inherit them.
	values := takeFromEnvironment()
	request, err := o.request(values)
	if err != nil {
		return err
	}
	ctx, cancel, err := cmdutil.Within(ctx, o.Timeout)
	if err != nil {
		return err
	}
	defer cancel()
	report, err := o.secrets(ctx, request)
	if err != nil {
		return cmdutil.Overdue(ctx, "making the secrets of "+o.Environment, err)
	}
	if o.JSON {
		return o.Factory.PrintJSON(report)
	}
	return page(o.Factory.IO.Out, report)
}

func (o *Options) secrets(ctx context.Context, request secrets.Request) (secrets.Report, error) {
	env, err := o.Factory.Environment(ctx, o.Environment)
	if err != nil {
		return secrets.Report{}, err
	}
	return secrets.Run(ctx, env, request)
}

// takeFromEnvironment takes the given values, and takes them out of this process's environment.
func takeFromEnvironment() map[string]string {
	values := map[string]string{}
	for _, kind := range secrets.Kinds {
		if value, set := os.LookupEnv(kind.Variable); set {
			values[kind.Name] = value
			_ = os.Unsetenv(kind.Variable) // fails for names that no variable can have
		}
	}
	return values
}

func (o *Options) request(values map[string]string) (secrets.Request, error) {
	request := secrets.Request{Values: values, DryRun: o.DryRun}
	usage := func(text string) (secrets.Request, error) { return request, cmdutil.UsageError{Err: errors.New(text)} }
	request.Rotate = o.Rotate
	request.DropOldest = o.DropOldest
	if o.DropOldest && (o.Finish || len(o.Rotate) == 0) {
		return request, cmdutil.UsageError{Err: errors.New("--drop-oldest goes with --rotate NAME, and not with --finish")}
	}
	if o.Finish {
		if len(o.Rotate) == 0 {
			return usage("--finish ends a rotation: name its secret with --rotate")
		}
		request.Rotate, request.Finish = nil, o.Rotate
	}
	if !o.Prompt {
		return request, nil
	}
	if !o.Factory.IO.InTerminal {
		return usage("--prompt needs a terminal; elsewhere give values by DB_PASSWORD, JWT_SECRET and API_KEY")
	}
	request.Ask = o.ask
	return request, nil
}

// ask asks twice, as nobody sees what is typed.
func (o *Options) ask(ctx context.Context, kind secrets.Kind) (string, error) {
	fmt.Fprintf(o.Factory.IO.Err, "%s, the %s (nothing: a random one is made): ", kind.Name, kind.About)
	first, err := o.ReadSecret(ctx)
	fmt.Fprintln(o.Factory.IO.Err)
	if err != nil || first == "" {
		return "", err
	}
	fmt.Fprintf(o.Factory.IO.Err, "%s once more: ", kind.Name)
	second, err := o.ReadSecret(ctx)
	fmt.Fprintln(o.Factory.IO.Err)
	if err != nil {
		return "", err
	}
	if first != second {
		return "", &ops.Problem{Kind: ops.Usage, What: "asking for " + kind.Name, Why: "the two answers differ", Next: "run it again; nothing was written"}
	}
	return first, nil
}

// readFromTerminal reads a line without an echo. A Ctrl-C ends it, and gives the terminal its echo back.
func readFromTerminal(ctx context.Context) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	case got := <-answers:
		if got.err != nil {
			return "", fmt.Errorf("asking on the terminal: %w", got.err)
		}
		return string(got.text), nil
	}
}

func page(out io.Writer, report secrets.Report) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Secrets of %s in %s\n\n", report.Environment, report.Region)
	for _, one := range report.Secrets {
		state := string(one.Action)
		if report.DryRun && one.Action != secrets.Kept {
			state = "would be " + state
		}
		var more []string
		if one.Restore && one.Action != secrets.Restored {
			more = append(more, "restored before that")
		}
		if one.Overlap {
			accepted := "the old key is accepted as well"
			if one.SignsFrom != nil {
				accepted += ", and signs until " + one.SignsFrom.Format(time.RFC3339)
			}
			more = append(more, accepted)
		}
		if one.CutOff != nil {
			more = append(more, "too early for the tokens of the old key, which are valid until "+one.CutOff.Format(time.RFC3339))
		}
		if one.Tagged {
			more = append(more, "tags added")
		}
		if one.Replica != "" {
			replica := "replica in " + one.Replica
			if one.ReplicaMade {
				replica += " made"
			}
			more = append(more, replica)
		}
		fmt.Fprintf(&text, "  %-17s %s", state, one.Name)
		if len(more) > 0 {
			fmt.Fprintf(&text, " (%s)", strings.Join(more, ", "))
		}
		text.WriteString("\n")
	}
	for _, variable := range report.Ignored {
		fmt.Fprintf(&text, "\n%s was given and not used: the secret has a value. `--rotate %s` writes it.\n", variable, strings.ToLower(variable))
	}
	if len(report.Next) > 0 {
		text.WriteString("\nNext:\n")
		for i, step := range report.Next {
			fmt.Fprintf(&text, "  %d. %s\n", i+1, step)
		}
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
