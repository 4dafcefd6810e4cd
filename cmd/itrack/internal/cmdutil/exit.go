package cmdutil

import (
	"context"
	"errors"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Exit codes of every command; docs/cli.md has ExitCodes, their meanings, as its table.
const (
	ExitOK         = 0   // everything holds
	ExitFailed     = 1   // the command ran, and something failed or does not hold
	ExitUsage      = 2   // nothing was run: wrong flags or arguments, settings that do not pass, the wrong account, no pulumi command
	ExitChanged    = 3   // what was compared differs: a preview that would change something, drift
	ExitRefused    = 4   // a guard refused, and nothing was done: the message says what lifts it
	ExitTimeout    = 5   // the time is over; what was begun may still end well
	ExitIncomplete = 6   // a part could not be done, such as a scanner that is not installed
	ExitCancelled  = 130 // stopped by Ctrl-C or SIGTERM
)

// ExitMeaning is one line of the table of exit codes.
type ExitMeaning struct {
	Code    int
	Meaning string
}

// ExitCodes is the table of exit codes.
var ExitCodes = []ExitMeaning{
	{ExitOK, "everything holds"},
	{ExitFailed, "something failed or does not hold"},
	{ExitUsage, "nothing was run: wrong flags or arguments, settings that do not pass, the wrong account, no pulumi command"},
	{ExitChanged, "what was compared differs: drift, or a preview that would change something"},
	{ExitRefused, "a guard refused and nothing was done; the message says what lifts it"},
	{ExitTimeout, "the time is over; what was begun may still end well"},
	{ExitIncomplete, "a part could not be done, such as a scanner that is not installed"},
	{ExitCancelled, "stopped by Ctrl-C or SIGTERM"},
}

// ErrSilent ends a command with ExitFailed without a further message: the output has said everything.
var ErrSilent = errors.New("failed")

// Silent ends a command with the exit code of a kind without a further message: the output has said everything.
func Silent(kind ops.Kind) error {
	return errors.Join(ErrSilent, &ops.Problem{Kind: kind, What: "failed"})
}

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
	}
	// Who says what an error means has looked at its cause: the time that was over, and not what the end of it broke.
	switch ops.KindOf(err) {
	case ops.Usage:
		return ExitUsage
	case ops.Changed:
		return ExitChanged
	case ops.Refused:
		return ExitRefused
	case ops.TimedOut:
		return ExitTimeout
	case ops.Incomplete:
		return ExitIncomplete
	}
	if errors.As(err, &usage) || engine.IsSettings(err) {
		return ExitUsage
	}
	return ExitFailed
}
