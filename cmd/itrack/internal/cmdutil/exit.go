package cmdutil

import (
	"context"
	"errors"

	"github.com/itrack/itrack/internal/engine"
)

// Exit codes of every command. docs and help text refer to this table.
const (
	ExitOK        = 0   // everything holds
	ExitFailed    = 1   // the command ran, and something failed or does not hold
	ExitUsage     = 2   // nothing was run: wrong flags or arguments, settings that do not pass, no pulumi command
	ExitCancelled = 130 // stopped by Ctrl-C or SIGTERM
)

// ErrSilent ends a command with ExitFailed without a further message: the output has said everything.
var ErrSilent = errors.New("failed")

// UsageError marks a wrong flag or argument.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e UsageError) Unwrap() error { return e.Err }

// ExitCode is the code for a command's error.
func ExitCode(err error) int {
	var usage UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, context.Canceled):
		return ExitCancelled
	case errors.As(err, &usage), engine.IsSettings(err):
		return ExitUsage
	}
	return ExitFailed
}
