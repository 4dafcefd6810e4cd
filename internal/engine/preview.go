package engine

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
)

// Preview says what Up would change, without changing it. The options' Observer is told as by Up.
func (s *Stack) Preview(ctx context.Context, options UpOptions) (Outcome, error) {
	t, restore := s.follow(options)
	defer restore()
	return s.operate(ctx, t, "preview", func(stream chan<- events.EngineEvent) error {
		opts := []optpreview.Option{optpreview.EventStreams(stream), optpreview.Color("never"), optpreview.SuppressProgress()}
		if options.Refresh {
			opts = append(opts, optpreview.Refresh())
		}
		if options.Parallel > 0 {
			opts = append(opts, optpreview.Parallel(options.Parallel))
		}
		_, err := s.auto.Preview(ctx, opts...)
		return err
	})
}
