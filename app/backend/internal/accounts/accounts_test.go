package accounts_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/app/backend/internal/migrations"
	"github.com/itrack/itrack/app/backend/internal/stock"
	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func service(t *testing.T, store accounts.Store, now *time.Time) *accounts.Service {
	keys, err := auth.ParseKeys("KEY", strings.Repeat("k", 32), 32)
	require.NoError(t, err)
	clock := func() time.Time { return *now }
	return &accounts.Service{
		Store: store, Now: clock, Hasher: auth.NewHasher(auth.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, 4, time.Minute),
		Tokens: &auth.Tokens{Keys: keys, Audience: "test", Life: time.Hour, Now: clock},
	}
}

const password = "correct horse battery"

func TestStores(t *testing.T) {
	server := emulators.MariaDB(t)
	for name, open := range map[string]func(t *testing.T) accounts.Store{
		"memory": func(*testing.T) accounts.Store { return memory.NewAccounts() },
		"mysql": func(t *testing.T) accounts.Store {
			db, _ := testplace.Schema(t, server, 0)
			return &accounts.MySQL{DB: db}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("sign up and in", func(t *testing.T) { signUpAndIn(t, open(t)) })
			t.Run("blocked", func(t *testing.T) { blocked(t, open(t)) })
			t.Run("guesses at once", func(t *testing.T) { guesses(t, open(t)) })
			t.Run("busy", func(t *testing.T) { busy(t, open(t)) })
			t.Run("a hash is made anew", func(t *testing.T) { renewed(t, open(t)) })
			t.Run("one address one account", func(t *testing.T) { oneAddress(t, open(t)) })
			t.Run("injection", func(t *testing.T) { injection(t, open(t)) })
		})
	}
	t.Run("limits", func(t *testing.T) {
		db, _ := testplace.Schema(t, server, 0)
		limits(t, &stock.MySQL{DB: db})
	})
	t.Run("limits in memory", func(t *testing.T) { limits(t, &memory.Limits{}) })
	t.Run("claims", func(t *testing.T) {
		db, _ := testplace.Schema(t, server, 0)
		claims(t, &items.MySQLClaims{DB: db})
	})
	t.Run("claims in memory", func(t *testing.T) { claims(t, &memory.Claims{}) })
	t.Run("old rows go", func(t *testing.T) { oldRows(t, server) })
	t.Run("two releases at once", func(t *testing.T) { twoReleases(t, server) })
}

func signUpAndIn(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	made, err := s.SignUp(ctx, nil, accounts.SignUp{Email: " Ada@Example.com ", Name: "Ada Łovelace 💻", Password: password})
	require.NoError(t, err)
	assert.Equal(t, "ada@example.com", made.Email)
	assert.Equal(t, auth.Member, made.Role)
	found, err := store.ByID(ctx, made.ID)
	require.NoError(t, err)
	assert.Equal(t, made, found)

	session, err := s.SignIn(ctx, "ADA@example.com", password)
	require.NoError(t, err)
	by, err := s.Tokens.Check(session.Token)
	require.NoError(t, err)
	assert.Equal(t, auth.Principal{ID: made.ID, Role: auth.Member}, by)

	for name, c := range map[string]struct{ email, password string }{
		"wrong password": {"ada@example.com", password + "!"}, "no password": {"ada@example.com", ""},
		"nobody": {"nobody@example.com", password}, "no address": {"", password}, "no address at all": {"' OR 1=1 -- ", password},
		"very long": {"ada@example.com", strings.Repeat("x", 4000)},
	} {
		_, err := s.SignIn(ctx, c.email, c.password)
		var refused *fault.Error
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, "sign-in-failed", refused.Code, "%s: all of them get one answer", name)
	}

	changed, err := s.SetRole(ctx, auth.Principal{ID: auth.MachineID, Role: auth.Machine}, made.ID, auth.Manager)
	require.NoError(t, err)
	assert.Equal(t, auth.Manager, changed.Role)
	_, err = s.SetRole(ctx, auth.Principal{ID: made.ID, Role: auth.Manager}, made.ID, auth.Member)
	require.True(t, fault.Is(err, fault.Forbidden))
	_, err = s.SetRole(ctx, auth.Principal{ID: made.ID, Role: auth.Manager}, strings.Repeat("a", 26), auth.Member)
	require.True(t, fault.Is(err, fault.NotFound))
	_, err = s.SetRole(ctx, auth.Principal{ID: made.ID, Role: auth.Manager}, strings.Repeat("a", 26), auth.Machine)
	require.True(t, fault.Is(err, fault.Invalid))

	s.Closed = true
	_, err = s.SignUp(ctx, nil, accounts.SignUp{Email: "b@example.com", Name: "B", Password: password})
	require.True(t, fault.Is(err, fault.Forbidden))
	_, err = s.SignUp(ctx, &auth.Principal{ID: made.ID, Role: auth.Manager}, accounts.SignUp{Email: "b@example.com", Name: "B", Password: password})
	require.NoError(t, err)
}

// After five failures the address waits, longer each time, with or without an account; the right password does not help
// meanwhile, and afterwards all is forgotten.
func blocked(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	_, err := s.SignUp(ctx, nil, accounts.SignUp{Email: "ada@example.com", Name: "Ada", Password: password})
	require.NoError(t, err)
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		now = noon
		for range 5 {
			_, err := s.SignIn(ctx, email, "wrong wrong wrong")
			require.True(t, fault.Is(err, fault.Unauthenticated))
		}
		_, err = s.SignIn(ctx, email, password)
		var refused *fault.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, fault.Throttled, refused.Kind)
		assert.Equal(t, 30*time.Second, refused.Retry)
		now = now.Add(31 * time.Second)
		_, err = s.SignIn(ctx, email, "wrong wrong wrong")
		require.True(t, fault.Is(err, fault.Unauthenticated))
		_, err = s.SignIn(ctx, email, password)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, time.Minute, refused.Retry, "twice as long")
	}
	now = now.Add(2 * time.Minute)
	_, err = s.SignIn(ctx, "ada@example.com", password)
	require.NoError(t, err)
	_, err = s.SignIn(ctx, "ada@example.com", "wrong wrong wrong")
	require.True(t, fault.Is(err, fault.Unauthenticated), "counted from the beginning")
	assert.Equal(t, 15*time.Minute, accounts.BlockAfter(1000))
}

// A hundred guesses at once: five passwords are looked at, whatever the order.
func guesses(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	var wait sync.WaitGroup
	var looked, refused atomic.Int64
	for i := range 100 {
		wait.Go(func() {
			_, err := s.SignIn(ctx, "ada@example.com", fmt.Sprint("wrong password ", i))
			switch {
			case fault.Is(err, fault.Unauthenticated):
				looked.Add(1)
			case fault.Is(err, fault.Throttled):
				refused.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
	}
	wait.Wait()
	assert.Equal(t, int64(5), looked.Load())
	assert.Equal(t, int64(95), refused.Load())
}

func oneAddress(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	_, err := s.SignUp(ctx, nil, accounts.SignUp{Email: "ada@example.com", Name: "Ada", Password: password})
	require.NoError(t, err)
	_, err = s.SignUp(ctx, nil, accounts.SignUp{Email: "ADA@EXAMPLE.COM", Name: "Another", Password: password})
	require.True(t, fault.Is(err, fault.Conflict))
	for field, wanted := range map[string]accounts.SignUp{
		"email":    {Email: "ada", Name: "Ada", Password: password},
		"name":     {Email: "b@example.com", Name: "a\r\nb", Password: password},
		"password": {Email: "b@example.com", Name: "Ada", Password: "short"},
	} {
		_, err := s.SignUp(ctx, nil, wanted)
		var refused *fault.Error
		require.ErrorAs(t, err, &refused)
		require.Len(t, refused.Fields, 1)
		assert.Equal(t, field, refused.Fields[0].Field)
	}
	for _, email := range []string{"", "a", "a@", "@b", "a b@c.d", "Ada <a@b.c>", "a@b.c\r\nBcc: x@y.z", "ä@b.c", strings.Repeat("a", 65) + "@b.c", "a@" + strings.Repeat("b", 255), "a@b.c>", "a@[127.0.0.1]"} {
		assert.Empty(t, accounts.NormalEmail(email), "%q", email)
	}
}

// What looks like SQL is text.
func injection(t *testing.T, store accounts.Store) {
	ctx, now := context.Background(), noon
	s := service(t, store, &now)
	for i, name := range []string{`'; DROP TABLE accounts; -- `, `\' OR 1=1 #`, `" UNION SELECT password_hash FROM accounts`, "%_\\", "Robert'); DELETE FROM accounts;--"} {
		name = strings.TrimSpace(name)
		made, err := s.SignUp(ctx, nil, accounts.SignUp{Email: fmt.Sprintf("a'b%d@example.com", i), Name: name, Password: password})
		require.NoError(t, err)
		found, err := store.ByID(ctx, made.ID)
		require.NoError(t, err)
		assert.Equal(t, name, found.Name)
	}
	for _, text := range []string{"' OR '1'='1", "\\", "a' UNION SELECT 1 -- "} {
		_, _, err := store.ByEmail(ctx, text)
		assert.True(t, fault.Is(err, fault.NotFound), text)
		_, err = store.ByID(ctx, text)
		assert.True(t, fault.Is(err, fault.NotFound), text)
	}
}

func limits(t *testing.T, store stock.Store) {
	ctx := context.Background()
	for _, minimum := range []int{3, 5} {
		require.NoError(t, store.Set(ctx, stock.Limit{Type: "laptop", Minimum: minimum, By: "me", At: noon}))
	}
	require.NoError(t, store.Set(ctx, stock.Limit{Type: "dock", Minimum: 1, By: "me", At: noon}))
	all, err := store.All(ctx)
	require.NoError(t, err)
	assert.Equal(t, []stock.Limit{{Type: "dock", Minimum: 1, By: "me", At: noon}, {Type: "laptop", Minimum: 5, By: "me", At: noon}}, all)
	require.NoError(t, store.Remove(ctx, "dock"))
	require.True(t, fault.Is(store.Remove(ctx, "dock"), fault.NotFound))
	for i := 1; i < stock.MostLimits; i++ {
		require.NoError(t, store.Set(ctx, stock.Limit{Type: fmt.Sprint("t", i), Minimum: 1, By: "me", At: noon}))
	}
	require.True(t, fault.Is(store.Set(ctx, stock.Limit{Type: "one-more", Minimum: 1, By: "me", At: noon}), fault.Conflict))
	require.NoError(t, store.Set(ctx, stock.Limit{Type: "laptop", Minimum: 9, By: "me", At: noon}), "one that is there may change")
}

func claims(t *testing.T, store items.Claims) {
	ctx := context.Background()
	key, request, other := sha256.Sum256([]byte("key")), sha256.Sum256([]byte("request")), sha256.Sum256([]byte("other"))
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { assert.NoError(t, store.Claim(ctx, "me", key, request, noon)) })
	}
	wait.Wait()
	require.True(t, fault.Is(store.Claim(ctx, "me", key, other, noon), fault.Conflict))
	require.NoError(t, store.Claim(ctx, "somebody else", key, other, noon))
}

func oldRows(t *testing.T, server *emulators.Database) {
	ctx := context.Background()
	db, _ := testplace.Schema(t, server, 0)
	store, claimed := &accounts.MySQL{DB: db}, &items.MySQLClaims{DB: db}
	for i, at := range []time.Time{noon, noon.Add(-100 * time.Hour)} {
		_, err := store.Attempt(ctx, sha256.Sum256([]byte{byte(i)}), at)
		require.NoError(t, err)
		require.NoError(t, claimed.Claim(ctx, "me", sha256.Sum256([]byte{byte(i)}), [32]byte{}, at))
	}
	for _, forget := range []func(context.Context, time.Time) (int64, error){store.Forget, claimed.Forget} {
		count, err := forget(ctx, noon)
		require.NoError(t, err)
		assert.Equal(t, int64(1), count)
	}
}

// previous is how the release before the newest migration uses the tables: its statements, as they were. When a migration is
// added, these become the statements of the release that is out then, and the number below the schema that it was made for.
type previous struct{ db *sql.DB }

const previousSchema = 4

func (p previous) signUp(ctx context.Context, id, email string) error {
	_, err := p.db.ExecContext(ctx, "INSERT INTO accounts (id, email, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		id, email, "Name", "member", "hash", noon)
	return err
}

func (p previous) signIn(ctx context.Context, id, email string) error {
	var found, name, role, hash string
	var created time.Time
	if err := p.db.QueryRowContext(ctx, "SELECT id, email, name, role, created_at, password_hash FROM accounts WHERE email = ?", email).
		Scan(&found, new(string), &name, &role, &created, &hash); err != nil {
		return err
	}
	if found != id {
		return fmt.Errorf("found %s for %s", found, id)
	}
	subject := sha256.Sum256([]byte(email))
	if _, err := p.db.ExecContext(ctx, "INSERT INTO sign_in_attempts (subject, failures, updated_at) VALUES (?, 0, ?) ON DUPLICATE KEY UPDATE failures = failures", subject[:], noon); err != nil {
		return err
	}
	_, err := p.db.ExecContext(ctx, "DELETE FROM sign_in_attempts WHERE subject = ?", subject[:])
	return err
}

// twoReleases runs the release before on the schema that it was made for, migrates beneath it, and lets the new release
// work beside it. Each reads what the other wrote, and neither fails once.
func twoReleases(t *testing.T, server *emulators.Database) {
	db, _ := testplace.Schema(t, server, previousSchema)
	ctx, stop := context.WithCancel(context.Background())
	old, current := previous{db}, &accounts.MySQL{DB: db}
	type account struct{ id, email string }
	written := make(chan account, 10000)
	var wait sync.WaitGroup
	var byOld, byNew atomic.Int64
	id := func(prefix string, i int64) account {
		a := account{id: fmt.Sprintf("%s%025d", prefix, i)}
		a.email = a.id + "@example.com"
		return a
	}
	for range 3 {
		wait.Go(func() {
			for ctx.Err() == nil {
				a := id("o", byOld.Add(1))
				if !assert.NoError(t, old.signUp(context.Background(), a.id, a.email)) || !assert.NoError(t, old.signIn(context.Background(), a.id, a.email)) {
					return
				}
				written <- a
			}
		})
	}
	require.Eventually(t, func() bool { return byOld.Load() > 20 }, 20*time.Second, time.Millisecond)
	all, err := migrations.All()
	require.NoError(t, err)
	count, err := migrations.Apply(context.Background(), testplace.Open(t, server, schemaOf(t, db)), all, testplace.Silent())
	require.NoError(t, err)
	require.Equal(t, len(all)-previousSchema, count)
	for range 3 {
		wait.Go(func() {
			for ctx.Err() == nil {
				a := id("n", byNew.Add(1))
				if !assert.NoError(t, current.Create(context.Background(), accounts.Account{ID: a.id, Email: a.email, Name: "Name", Role: auth.Member, Created: noon}, "hash")) {
					return
				}
				assert.NoError(t, old.signIn(context.Background(), a.id, a.email), "the old release reads what the new one wrote")
				other := <-written
				found, _, err := current.ByEmail(context.Background(), other.email)
				assert.NoError(t, err)
				assert.Equal(t, other.id, found.ID, "the new release reads what the old one wrote")
				assert.NoError(t, current.SignedIn(context.Background(), sha256.Sum256([]byte(other.email)), other.id, noon))
			}
		})
	}
	require.Eventually(t, func() bool { return byNew.Load() > 50 }, 20*time.Second, time.Millisecond)
	stop()
	wait.Wait()
	var noted int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM accounts WHERE last_sign_in_at IS NOT NULL AND id LIKE 'o%'").Scan(&noted))
	assert.Positive(t, noted)
}

func schemaOf(t *testing.T, db *sql.DB) (name string) {
	require.NoError(t, db.QueryRow("SELECT DATABASE()").Scan(&name))
	return name
}

func FuzzNormalEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "", "a@b", "Ada <a@b.c>", "a@b.c\n", "\"a b\"@c.d", "a@b..c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		normal := accounts.NormalEmail(given)
		if normal == "" {
			return
		}
		if accounts.NormalEmail(normal) != normal || strings.ContainsAny(normal, "\r\n \x00<>\"") || len(normal) > 254 {
			t.Fatalf("%q became %q", given, normal)
		}
	})
}
