package intime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBefore(t *testing.T) {
	for name, c := range map[string]struct{ left, reserve, kept time.Duration }{
		"a long time": {time.Hour, time.Minute, time.Minute}, "a short one": {time.Minute, time.Hour, 15 * time.Second},
	} {
		end := time.Now().Add(c.left)
		ctx, cancel := context.WithDeadline(context.Background(), end)
		defer cancel()
		bounded, stop := Before(ctx, c.reserve)
		defer stop()
		at, ok := bounded.Deadline()
		require.True(t, ok, name)
		require.WithinDuration(t, end.Add(-c.kept), at, 5*time.Second, name)
	}
	bounded, stop := Before(context.Background(), time.Second)
	_, ok := bounded.Deadline()
	require.False(t, ok)
	stop()
	require.Error(t, bounded.Err())
}
