package auth

import (
	"context"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

var cheap = Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestPasswords(t *testing.T) {
	h, ctx := NewHasher(cheap, 2, time.Second), context.Background()
	first, err := h.Hash(ctx, "correct horse battery")
	require.NoError(t, err)
	second, err := h.Hash(ctx, "correct horse battery")
	require.NoError(t, err)
	assert.NotEqual(t, first, second, "each hash has its salt")
	assert.True(t, strings.HasPrefix(first, "$argon2id$v=19$m=64,t=1,p=1$"), first)
	for password, wanted := range map[string]bool{"correct horse battery": true, "correct horse batter": false, "": false} {
		good, err := h.Verify(ctx, password, first, nil)
		require.NoError(t, err)
		assert.Equal(t, wanted, good)
	}
	good, err := h.Verify(ctx, "anything", "", nil)
	require.NoError(t, err)
	assert.False(t, good, "nobody has no password")
}

// A hash keeps its own cost: a changed default leaves old accounts working.
func TestOldCostsStillWork(t *testing.T) {
	ctx := context.Background()
	old, err := NewHasher(Cost{MemoryKiB: 32, Passes: 3, Lanes: 2}, 1, time.Second).Hash(ctx, "correct horse battery")
	require.NoError(t, err)
	good, err := NewHasher(cheap, 1, time.Second).Verify(ctx, "correct horse battery", old, nil)
	require.NoError(t, err)
	assert.True(t, good)
}

func TestTheDefaultCost(t *testing.T) {
	assert.GreaterOrEqual(t, DefaultCost.MemoryKiB, uint32(19*1024))
	assert.GreaterOrEqual(t, DefaultCost.Passes, uint32(2))
}

// An account that does not exist costs what one costs that does. The median of several keeps the machine's noise out.
func TestNobodyTakesAsLong(t *testing.T) {
	h, ctx := NewHasher(Cost{MemoryKiB: 2048, Passes: 2, Lanes: 1}, 1, time.Minute), context.Background()
	hash, err := h.Hash(ctx, "correct horse battery")
	require.NoError(t, err)
	fastest := func(encoded string) time.Duration {
		best := time.Hour
		for range 25 {
			started := time.Now()
			_, err := h.Verify(ctx, "a wrong password", encoded, nil)
			require.NoError(t, err)
			best = min(best, time.Since(started))
		}
		return best
	}
	known, unknown := fastest(hash), fastest("")
	assert.InDelta(t, 1, float64(known)/float64(unknown), 0.5, "known %v, unknown %v", known, unknown)
}

func TestHashesAtOnce(t *testing.T) {
	h := NewHasher(cheap, 2, 50*time.Millisecond)
	release1, err := h.turn(context.Background())
	require.NoError(t, err)
	release2, err := h.turn(context.Background())
	require.NoError(t, err)
	_, err = h.Hash(context.Background(), "correct horse battery")
	require.True(t, fault.Is(err, fault.Unavailable), "the third waits, and gives up")
	release1()
	_, err = h.Hash(context.Background(), "correct horse battery")
	require.NoError(t, err)
	release2()

	many := NewHasher(Cost{MemoryKiB: 256, Passes: 1, Lanes: 1}, 3, time.Minute)
	var wait sync.WaitGroup
	var most atomic.Int64
	for range 20 {
		wait.Go(func() {
			_, err := many.Hash(context.Background(), "correct horse battery")
			assert.NoError(t, err)
			for now := int64(len(many.slots)); now > most.Load(); {
				most.Store(now)
			}
		})
	}
	wait.Wait()
	assert.LessOrEqual(t, most.Load(), int64(3))
}

// A crowd signs in: the memory is that of two hashes and what the collector has not taken back yet, and not that of a crowd
// (60 times 19 MiB are 1,140).
func TestACrowdStaysInItsMemory(t *testing.T) {
	h := NewHasher(DefaultCost, 2, time.Minute)
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	runtime.GC()
	stop, watched := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-stop:
				watched <- most
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	var wait sync.WaitGroup
	for range 60 {
		wait.Go(func() {
			_, err := h.Verify(context.Background(), "a wrong password", "", nil)
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	close(stop)
	most := <-watched
	t.Logf("%d MiB at most", most>>20)
	assert.Greater(t, most, uint64(19<<20), "it was watched")
	assert.Less(t, most, uint64(10*19<<20))
}

func FuzzDecodeHash(f *testing.F) {
	good, err := NewHasher(cheap, 1, time.Second).Hash(context.Background(), "correct horse battery")
	require.NoError(f, err)
	for _, seed := range []string{
		good, "", "$", "$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAA",
		"$argon2id$v=19$m=64,t=0,p=0$$", "$2a$10$abcdefghijklmnopqrstuv", strings.Replace(good, "m=64", "m=-1", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		cost, salt, hash, err := decode(encoded)
		if err != nil {
			return
		}
		if cost.MemoryKiB > mostMemoryKiB || cost.Passes > 16 || cost.Lanes > 16 || cost.Lanes == 0 || cost.Passes == 0 || len(salt) < 8 || len(hash) < 16 {
			t.Fatalf("%q passed with cost %+v", encoded, cost)
		}
	})
}
