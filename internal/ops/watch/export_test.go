package watch

import (
	"context"

	"github.com/itrack/itrack/internal/ops"
)

// InTime is for the tests of package watch_test.
var InTime = inTime

// Remembered reads a log once, and tells with each line how many lines are remembered at that moment; it returns how many are
// remembered afterwards.
func Remembered(ctx context.Context, env *ops.Environment, query Query, emit func(Event, int)) (int, error) {
	reader := newReader(env, query)
	err := reader.round(ctx, func(event Event) error {
		emit(event, len(reader.told)+len(reader.before))
		return nil
	})
	return len(reader.told) + len(reader.before), err
}
