package accounts_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// taken holds every turn to hash until it is freed.
func taken(t *testing.T, s *accounts.Service) (free func()) {
	inside, leave := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		_, err := s.Hasher.Verify(context.Background(), "x", "", func(context.Context) error { close(inside); <-leave; return nil })
		assert.NoError(t, err)
	})
	<-inside
	return func() { close(leave); wait.Wait() }
}

// Who finds no turn to hash has had no guess: nothing is counted, however often. And nobody guesses for free by it: what is
// looked at counts, as many as come at once and whatever was busy in between.
func busy(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	_, err := s.SignUp(ctx, nil, accounts.SignUp{Email: "ada@example.com", Name: "Ada", Password: password})
	require.NoError(t, err)
	s.Hasher = auth.NewHasher(auth.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1, time.Millisecond)
	looked := 0
	for range 7 {
		free := taken(t, s)
		for range 10 {
			var refused *fault.Error
			_, err := s.SignIn(ctx, "ada@example.com", password)
			require.ErrorAs(t, err, &refused)
			if looked < 5 {
				require.Equal(t, "busy", refused.Code)
			} else {
				require.Equal(t, "sign-in-blocked", refused.Code, "who is blocked takes nobody's turn")
			}
		}
		free()
		_, err := s.SignIn(ctx, "ada@example.com", "wrong wrong wrong")
		if fault.Is(err, fault.Unauthenticated) {
			looked++
		} else {
			require.True(t, fault.Is(err, fault.Throttled), "%v", err)
		}
	}
	assert.Equal(t, 5, looked)

	// The account is read before anything is counted: an outage is no guess either.
	away := fault.Outage("database", nil)
	s.Store = unreadable{store, away}
	for range 10 {
		_, err := s.SignIn(ctx, "grace@example.com", password)
		require.ErrorIs(t, err, away)
	}
	s.Store = store
	_, err = s.SignIn(ctx, "grace@example.com", password)
	require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
}

// unreadable has no account to give.
type unreadable struct {
	accounts.Store
	err error
}

func (u unreadable) ByEmail(context.Context, string) (accounts.Account, string, error) {
	return accounts.Account{}, "", u.err
}

// A password whose hash was made at a lower cost is hashed anew when it is used, once; one that cost more stays.
func renewed(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	_, err := s.SignUp(ctx, nil, accounts.SignUp{Email: "ada@example.com", Name: "Ada", Password: password})
	require.NoError(t, err)
	hash := func() string {
		_, found, err := store.ByEmail(ctx, "ada@example.com")
		require.NoError(t, err)
		return found
	}
	first := hash()
	for _, cost := range []struct{ memory, passes uint32 }{{64, 1}, {128, 2}, {128, 2}, {64, 1}, {256, 1}} {
		s.Hasher = auth.NewHasher(auth.Cost{MemoryKiB: cost.memory, Passes: cost.passes, Lanes: 1}, 1, time.Minute)
		before := hash()
		_, err := s.SignIn(ctx, "ada@example.com", "wrong wrong wrong")
		require.True(t, fault.Is(err, fault.Unauthenticated))
		require.Equal(t, before, hash(), "a wrong password changes nothing")
		_, err = s.SignIn(ctx, "ada@example.com", password)
		require.NoError(t, err)
		if before == first && cost.memory == 128 {
			require.Contains(t, hash(), "$m=128,t=2,p=1$")
		} else {
			require.Equal(t, before, hash())
		}
	}
	account, _, err := store.ByEmail(ctx, "ada@example.com")
	require.NoError(t, err)
	current := hash()
	require.NoError(t, store.Rehash(ctx, account.ID, first, "lost"), "somebody else was faster")
	assert.Equal(t, current, hash())
}
