package engine

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
)

// Refresh reads what the cloud has into the state. The outcome's changes are the drift: what differs from the state before,
// property by property, and what does not exist any more ("delete").
func (s *Stack) Refresh(ctx context.Context, observer Observer) (Outcome, error) {
	t := newTracker(s.Name, PhaseRefresh, observer)
	return s.operate(ctx, t, "refresh", func(stream chan<- events.EngineEvent) error {
		_, err := s.auto.Refresh(ctx, optrefresh.EventStreams(stream), optrefresh.Color("never"), optrefresh.SuppressProgress())
		return err
	})
}
