package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

// writers change limits, each its own type, one higher each time. What was acknowledged must be there afterwards; what was
// not may be.
type writers struct {
	acknowledged [6]atomic.Int64
	refused      atomic.Int64
	odd          sync.Map
	wait         sync.WaitGroup
}

func (w *writers) run(ctx context.Context, p *place) {
	for i := range w.acknowledged {
		w.wait.Go(func() {
			for next := int64(1); ctx.Err() == nil; {
				found := p.machine("PUT", fmt.Sprintf("/api/stock/limits/type-%d", i), fmt.Sprintf(`{"minimum":%d}`, next))
				switch found.status {
				case http.StatusOK:
					w.acknowledged[i].Store(next)
					next++
				case http.StatusServiceUnavailable:
					w.refused.Add(1)
					time.Sleep(20 * time.Millisecond)
				default:
					w.odd.Store(fmt.Sprint(found.status, " ", found.body), true)
					return
				}
			}
		})
	}
}

func (w *writers) total() (sum int64) {
	for i := range w.acknowledged {
		sum += w.acknowledged[i].Load()
	}
	return sum
}

func (w *writers) check(t *testing.T, p *place) {
	t.Helper()
	w.odd.Range(func(what, _ any) bool { t.Errorf("a writer got %v", what); return true })
	var stored struct {
		Limits []struct {
			Type    string
			Minimum int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(p.machine("GET", "/api/stock/limits", "").body), &stored))
	found := map[string]int64{}
	for _, limit := range stored.Limits {
		found[limit.Type] = limit.Minimum
	}
	for i := range w.acknowledged {
		last := w.acknowledged[i].Load()
		kept := found[fmt.Sprint("type-", i)]
		assert.GreaterOrEqual(t, kept, last, "writer %d: an acknowledged write is lost", i)
		assert.LessOrEqual(t, kept, last+1, "writer %d: a write that nobody sent", i)
	}
}

// The database is killed and started again under load, twice: no acknowledged write is lost, the service answers 503
// meanwhile and 200 again by itself.
func TestTheDatabaseIsKilledUnderLoad(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	p := settle(t, server)
	p.serve()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var w writers
	w.run(ctx, p)
	for round := range 2 {
		before := w.total()
		require.Eventually(t, func() bool { return w.total() > before+60 }, 30*time.Second, 5*time.Millisecond, "round %d: writes go through", round)
		refused := w.refused.Load()
		require.NoError(t, server.Kill())
		require.Eventually(t, func() bool { return p.ask("GET", "/health", "").status == http.StatusServiceUnavailable }, 10*time.Second, 20*time.Millisecond)
		require.Eventually(t, func() bool { return w.refused.Load() > refused }, 10*time.Second, 5*time.Millisecond)
		assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").status, "the task lives on")
		require.NoError(t, server.Start())
		started := time.Now()
		require.Eventually(t, func() bool { return p.ask("GET", "/health", "").status == http.StatusOK }, 20*time.Second, 20*time.Millisecond)
		t.Logf("well again %v after the database", time.Since(started).Round(time.Millisecond))
	}
	before := w.total()
	require.Eventually(t, func() bool { return w.total() > before+60 }, 30*time.Second, 5*time.Millisecond)
	stop()
	w.wait.Wait()
	w.check(t, p)
}

// After a failover a pooled connection may lead to a server that only reads. Writes are refused while there is no other,
// and go through as soon as there is one, with the same pool.
func TestAReadOnlyServerIsLeft(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	p := settle(t, server)
	p.serve()
	root := testplace.Open(t, server, "")
	set := func(value string) {
		_, err := root.Exec("SET GLOBAL read_only = " + value)
		require.NoError(t, err)
	}
	write := func() answer { return p.machine("PUT", "/api/stock/limits/laptop", `{"minimum":1}`) }
	require.Equal(t, http.StatusOK, write().status)
	connections := func() (ids string) {
		require.NoError(t, root.QueryRow("SELECT COALESCE(GROUP_CONCAT(id ORDER BY id), '') FROM information_schema.processlist WHERE user = ?", p.environment["DB_USER"]).Scan(&ids))
		return ids
	}
	before := connections()
	require.NotEmpty(t, before)
	set("ON")
	refused := write()
	assert.Equal(t, http.StatusServiceUnavailable, refused.status, refused.body)
	assert.Equal(t, http.StatusOK, p.machine("GET", "/api/stock/limits", "").status, "reading goes on")
	assert.NotEqual(t, before, connections(), "the connection was dropped, for one that may lead to the writer")
	set("OFF")
	assert.Equal(t, http.StatusOK, write().status)
}

// A host that vanishes says nothing: no connection is refused and none is closed. Health answers in its time, requests in
// theirs, and the pool works again when the host does.
func TestASilentDatabase(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	p := settle(t, server)
	p.serve()
	write := func() answer { return p.machine("PUT", "/api/stock/limits/laptop", `{"minimum":1}`) }
	require.Equal(t, http.StatusOK, write().status)
	require.NoError(t, server.Pause())
	paused := true
	t.Cleanup(func() {
		if paused { // a paused server can't end
			_ = server.Resume()
		}
	})
	started := time.Now()
	require.Eventually(t, func() bool { return p.ask("GET", "/health", "").status == http.StatusServiceUnavailable }, 10*time.Second, 10*time.Millisecond)
	assert.Less(t, time.Since(started), 8*time.Second, "two seconds, after an answer that was fresh")
	assert.Contains(t, p.ask("GET", "/health", "").body, `"reason":"no answer in time"`)
	started = time.Now()
	refused := write()
	assert.Equal(t, http.StatusServiceUnavailable, refused.status, refused.body)
	assert.Less(t, time.Since(started), 15*time.Second)
	assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").status)
	require.NoError(t, server.Resume())
	paused = false
	require.Eventually(t, func() bool { return write().status == http.StatusOK }, 15*time.Second, 50*time.Millisecond)
}
