package items

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/stock"
)

// Stock compares what is available with the limits of the types.
type Stock struct {
	Limits stock.Store
	Items  Store
	Now    func() time.Time
}

// Low is a type with fewer available items than its limit.
type Low struct {
	Type      string `json:"type"`
	Minimum   int    `json:"minimum"`
	Available int    `json:"available"`
}

// Set writes a type's limit.
func (s *Stock) Set(ctx context.Context, by auth.Principal, typ string, minimum int) (stock.Limit, error) {
	broken := CheckType("type", typ)
	if minimum < 1 || minimum > stock.MostMinimum {
		broken = append(broken, fault.Field{Field: "minimum", Rule: fmt.Sprintf("is a whole number from 1 to %d", stock.MostMinimum), Hint: "to have no limit, delete it"})
	}
	if err := fault.Fields(broken...); err != nil {
		return stock.Limit{}, err
	}
	limit := stock.Limit{Type: typ, Minimum: minimum, By: by.ID, At: s.Now().UTC().Truncate(time.Millisecond)}
	return limit, s.Limits.Set(ctx, limit)
}

// Remove removes a type's limit.
func (s *Stock) Remove(ctx context.Context, typ string) error {
	if len(CheckType("type", typ)) > 0 {
		return stock.NotFound("of this name")
	}
	return s.Limits.Remove(ctx, typ)
}

// counters is how many types are counted at once.
const counters = 8

// Low are the types under their limit, by type.
func (s *Stock) Low(ctx context.Context) ([]Low, error) {
	limits, err := s.Limits.All(ctx)
	if err != nil {
		return nil, err
	}
	counts, failures := make([]int, len(limits)), make([]error, len(limits))
	slots := make(chan struct{}, counters)
	var wait sync.WaitGroup
	for i, limit := range limits {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			counts[i], failures[i] = s.Items.CountAvailable(ctx, limit.Type, limit.Minimum)
		})
	}
	wait.Wait()
	low := []Low{}
	for i, limit := range limits {
		if failures[i] != nil {
			return nil, failures[i]
		}
		if counts[i] < limit.Minimum {
			low = append(low, Low{Type: limit.Type, Minimum: limit.Minimum, Available: counts[i]})
		}
	}
	return low, nil
}
