// Package memory keeps everything in the process: for benchmarks of what the backend itself costs, and for tests of what
// lies above the stores. It keeps the stores' promises, and loses all with the process.
package memory

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/history"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/stock"
)

// Items keeps items, and their history as item-events would write it.
type Items struct {
	mutex  sync.RWMutex
	items  map[string]items.Item
	events map[string][]history.Event
	now    func() time.Time
}

// NewItems makes an empty store; now gives the history its times.
func NewItems(now func() time.Time) *Items {
	return &Items{items: map[string]items.Item{}, events: map[string][]history.Event{}, now: now}
}

// Get is items.Store's.
func (m *Items) Get(_ context.Context, id string) (items.Item, error) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	item, ok := m.items[id]
	if !ok {
		return items.Item{}, items.NotFound()
	}
	return item, nil
}

// Create is items.Store's.
func (m *Items) Create(_ context.Context, item items.Item) (items.Item, bool, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if found, ok := m.items[item.ID]; ok {
		return found, false, nil
	}
	m.items[item.ID] = item
	m.events[item.ID] = append(m.events[item.ID], history.Event{ID: item.Change, At: m.now(), After: &item})
	return item, true, nil
}

// Update is items.Store's.
func (m *Items) Update(_ context.Context, item items.Item) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	before, ok := m.items[item.ID]
	if !ok || before.Version != item.Version-1 {
		return items.Stale()
	}
	m.items[item.ID] = item
	m.events[item.ID] = append(m.events[item.ID], history.Event{ID: item.Change, At: m.now(), Before: &before, After: &item})
	return nil
}

// List is items.Store's, by id.
func (m *Items) List(_ context.Context, query items.Query) (items.Page, error) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	page := items.Page{Items: []items.Item{}}
	for _, id := range slices.Sorted(maps.Keys(m.items)) {
		item := m.items[id]
		if id <= query.After["id"] || query.Holder != "" && item.Holder != query.Holder ||
			query.Type != "" && item.Type != query.Type || query.Status != "" && item.Status != query.Status {
			continue
		}
		if len(page.Items) == query.Limit {
			page.Next = map[string]string{"id": page.Items[query.Limit-1].ID}
			break
		}
		page.Items = append(page.Items, item)
	}
	return page, nil
}

// CountAvailable is items.Store's.
func (m *Items) CountAvailable(_ context.Context, typ string, enough int) (int, error) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	count := 0
	for _, item := range m.items {
		if item.Type == typ && item.Status == items.Available {
			count++
		}
	}
	return min(count, enough), nil
}

// History reads what Items noted.
type History struct{ Items *Items }

// List is history.Store's.
func (h History) List(_ context.Context, item string, limit int, after map[string]string) (history.Page, error) {
	h.Items.mutex.RLock()
	defer h.Items.mutex.RUnlock()
	page := history.Page{Events: []history.Event{}}
	behind := after == nil
	for _, event := range slices.Backward(h.Items.events[item]) {
		if !behind {
			behind = event.ID == after["at"]
			continue
		}
		if len(page.Events) == limit {
			page.Next = map[string]string{"at": page.Events[limit-1].ID}
			break
		}
		page.Events = append(page.Events, event)
	}
	return page, nil
}

// Accounts keeps accounts and failed sign-ins.
type Accounts struct {
	mutex    sync.Mutex
	accounts map[string]accounts.Account
	hashes   map[string]string
	attempts map[[sha256.Size]byte]attempt
}

type attempt struct {
	failures int
	blocked  time.Time
}

// NewAccounts makes an empty store.
func NewAccounts() *Accounts {
	return &Accounts{accounts: map[string]accounts.Account{}, hashes: map[string]string{}, attempts: map[[sha256.Size]byte]attempt{}}
}

// Create is accounts.Store's.
func (m *Accounts) Create(ctx context.Context, account accounts.Account, hash string) error {
	if _, _, err := m.ByEmail(ctx, account.Email); err == nil {
		return accounts.Taken()
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.accounts[account.ID], m.hashes[account.ID] = account, hash
	return nil
}

// ByEmail is accounts.Store's.
func (m *Accounts) ByEmail(_ context.Context, email string) (accounts.Account, string, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for id, account := range m.accounts {
		if strings.EqualFold(account.Email, email) {
			return account, m.hashes[id], nil
		}
	}
	return accounts.Account{}, "", accounts.NotFound()
}

// ByID is accounts.Store's.
func (m *Accounts) ByID(_ context.Context, id string) (accounts.Account, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	account, ok := m.accounts[id]
	if !ok {
		return accounts.Account{}, accounts.NotFound()
	}
	return account, nil
}

// SetRole is accounts.Store's.
func (m *Accounts) SetRole(_ context.Context, id string, role auth.Role) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	account, ok := m.accounts[id]
	if !ok {
		return accounts.NotFound()
	}
	account.Role = role
	m.accounts[id] = account
	return nil
}

// Rehash is accounts.Store's.
func (m *Accounts) Rehash(_ context.Context, id, before, after string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.hashes[id] == before {
		m.hashes[id] = after
	}
	return nil
}

// Blocked is accounts.Store's.
func (m *Accounts) Blocked(_ context.Context, subject [sha256.Size]byte, now time.Time) (time.Time, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if known := m.attempts[subject]; known.blocked.After(now) {
		return known.blocked, nil
	}
	return time.Time{}, nil
}

// Attempt is accounts.Store's.
func (m *Accounts) Attempt(_ context.Context, subject [sha256.Size]byte, now time.Time) (time.Time, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	known := m.attempts[subject]
	if known.blocked.After(now) {
		return known.blocked, nil
	}
	known.failures++
	known.blocked = time.Time{}
	if block := accounts.BlockAfter(known.failures); block > 0 {
		known.blocked = now.Add(block)
	}
	m.attempts[subject] = known
	return time.Time{}, nil
}

// SignedIn is accounts.Store's.
func (m *Accounts) SignedIn(_ context.Context, subject [sha256.Size]byte, _ string, _ time.Time) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.attempts, subject)
	return nil
}

// Limits keeps limits.
type Limits struct {
	mutex  sync.Mutex
	limits map[string]stock.Limit
}

// Set is stock.Store's.
func (m *Limits) Set(_ context.Context, limit stock.Limit) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.limits == nil {
		m.limits = map[string]stock.Limit{}
	}
	if _, known := m.limits[limit.Type]; !known && len(m.limits) >= stock.MostLimits {
		return stock.Full()
	}
	m.limits[limit.Type] = limit
	return nil
}

// Remove is stock.Store's.
func (m *Limits) Remove(_ context.Context, typ string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, ok := m.limits[typ]; !ok {
		return stock.NotFound(typ)
	}
	delete(m.limits, typ)
	return nil
}

// All is stock.Store's.
func (m *Limits) All(context.Context) ([]stock.Limit, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var limits []stock.Limit
	for _, typ := range slices.Sorted(maps.Keys(m.limits)) {
		limits = append(limits, m.limits[typ])
	}
	return limits, nil
}

// Claims keeps idempotency keys.
type Claims struct {
	mutex  sync.Mutex
	claims map[string][sha256.Size]byte
}

// Claim is items.Claims'.
func (m *Claims) Claim(_ context.Context, owner string, key, request [sha256.Size]byte, _ time.Time) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.claims == nil {
		m.claims = map[string][sha256.Size]byte{}
	}
	name := owner + "\x00" + string(key[:])
	first, known := m.claims[name]
	if known && first != request {
		return items.KeyReused()
	}
	m.claims[name] = request
	return nil
}
