package migrations

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/internal/emulators"
)

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

// schema makes an empty one on a server, and gives the administrator's pool on it.
func schema(t *testing.T, server *emulators.Database) (*sql.DB, string) {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	config, err := mysql.ParseDSN(server.DSN)
	require.NoError(t, err)
	open := func(schema string) *sql.DB {
		db, err := database.Open(database.Settings{Host: server.Host, Port: server.Port, User: config.User, Password: config.Passwd, Name: schema})
		require.NoError(t, err)
		return db
	}
	root := open("")
	_, err = root.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4")
	require.NoError(t, err)
	db := open(name)
	t.Cleanup(func() {
		require.NoError(t, db.Close())
		_, err := root.Exec("DROP DATABASE " + name)
		require.NoError(t, err)
		require.NoError(t, root.Close())
	})
	return db, name
}

// when calls a function at each line of a log.
type when struct {
	slog.Handler
	do func(slog.Record)
}

func (w when) Enabled(context.Context, slog.Level) bool { return true }

func (w when) Handle(_ context.Context, record slog.Record) error { w.do(record); return nil }

func TestMigrations(t *testing.T) {
	server := emulators.MariaDB(t)
	all, err := All()
	require.NoError(t, err)
	ctx := context.Background()

	t.Run("many at once apply each once", func(t *testing.T) {
		db, _ := schema(t, server)
		var wait sync.WaitGroup
		counts := make([]int, 4)
		for i := range counts {
			wait.Go(func() {
				count, err := Apply(ctx, db, all, silent)
				assert.NoError(t, err)
				counts[i] = count
			})
		}
		wait.Wait()
		total := 0
		for _, count := range counts {
			total += count
		}
		assert.Equal(t, len(all), total)
		var done int
		require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM schema_migrations WHERE applied_at IS NOT NULL").Scan(&done))
		assert.Equal(t, len(all), done)
	})

	// Killed after the statement and before the note: the next run accepts the work and goes on.
	t.Run("goes on where it was killed", func(t *testing.T) {
		for _, killed := range []int{1, len(all)} {
			db, _ := schema(t, server)
			_, err := Apply(ctx, db, all[:killed], silent)
			require.NoError(t, err)
			_, err = db.Exec("UPDATE schema_migrations SET applied_at = NULL WHERE version = ?", killed)
			require.NoError(t, err)
			count, err := Apply(ctx, db, all, silent)
			require.NoError(t, err)
			assert.Equal(t, len(all)-killed+1, count)
		}
	})

	t.Run("what exists without a note is refused", func(t *testing.T) {
		db, _ := schema(t, server)
		_, err := db.Exec("CREATE TABLE accounts (id INT)")
		require.NoError(t, err)
		for range 2 { // the first run's note must not make it the second run's own work
			count, err := Apply(ctx, db, all, silent)
			require.ErrorContains(t, err, "applying migration 0001_accounts")
			require.Zero(t, count)
		}
		_, err = db.Exec("DROP TABLE accounts")
		require.NoError(t, err)
		count, err := Apply(ctx, db, all, silent)
		require.NoError(t, err)
		require.Equal(t, len(all), count)
	})

	t.Run("a changed file is refused", func(t *testing.T) {
		db, _ := schema(t, server)
		_, err := Apply(ctx, db, all, silent)
		require.NoError(t, err)
		changed := append([]Migration{}, all...)
		changed[1].Checksum = strings.Repeat("0", 64)
		_, err = Apply(ctx, db, changed, silent)
		require.ErrorContains(t, err, "0002_sign_in_attempts was applied with another text")
	})

	t.Run("a newer schema is left alone", func(t *testing.T) {
		db, _ := schema(t, server)
		_, err := Apply(ctx, db, all, silent)
		require.NoError(t, err)
		count, err := Apply(ctx, db, all[:2], silent)
		require.NoError(t, err)
		assert.Zero(t, count)
	})

	t.Run("users", func(t *testing.T) { users(t, server, all) })
}

// users: each may what it needs and no more, a changed password is taken over, and wider rights of before are gone.
func users(t *testing.T, server *emulators.Database, all []Migration) {
	ctx := context.Background()
	db, name := schema(t, server)
	_, err := Apply(ctx, db, all, silent)
	require.NoError(t, err)
	suffix := strings.ToLower(rand.Text()[:10])
	u := Users{
		Schema: name, Application: "app_" + suffix, Password: `it's \' "quoted" \`, ReadOnly: []string{"read_" + suffix, "look_" + suffix},
		ReadOnlyPlugin: OwnPassword, ReadOnlyPassword: "reader's password",
	}
	t.Cleanup(func() {
		for _, user := range append([]string{u.Application}, u.ReadOnly...) {
			_, err := db.Exec("DROP USER IF EXISTS " + account(user))
			require.NoError(t, err)
		}
	})
	open := func(user, password string) *sql.DB {
		pool, err := database.Open(database.Settings{Host: server.Host, Port: server.Port, Name: name, User: user, Password: password})
		require.NoError(t, err)
		t.Cleanup(func() { _ = pool.Close() })
		return pool
	}
	ensure := func() {
		u.SignIn = func(ctx context.Context) error { return open(u.Application, u.Password).PingContext(ctx) }
		require.NoError(t, u.Ensure(ctx, db, silent))
	}
	ensure()
	_, err = db.Exec(fmt.Sprintf("GRANT ALL ON `%s`.* TO %s", name, account(u.Application)))
	require.NoError(t, err)
	ensure() // again changes nothing but takes the wide right away

	application := open(u.Application, u.Password)
	_, err = application.Exec("INSERT INTO accounts (id, email, name, role, password_hash, created_at) VALUES ('a', 'a@b.c', 'A', 'member', 'secret hash', NOW(3))")
	require.NoError(t, err)
	for _, statement := range []string{
		"DROP TABLE accounts", "ALTER TABLE accounts ADD COLUMN x INT", "DELETE FROM accounts", "CREATE TABLE x (id INT)",
		"UPDATE schema_migrations SET checksum = ''", "SELECT * FROM mysql.user", "CREATE USER x",
	} {
		_, err := application.Exec(statement)
		assert.ErrorContains(t, err, "denied", statement)
	}
	for _, user := range u.ReadOnly {
		reader := open(user, u.ReadOnlyPassword)
		var count int
		require.NoError(t, reader.QueryRow("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ?", name).Scan(&count))
		assert.Equal(t, 5, count)
		require.NoError(t, reader.QueryRow("SELECT COUNT(email) FROM accounts").Scan(&count))
		assert.Equal(t, 1, count)
		for _, statement := range []string{"SELECT password_hash FROM accounts", "SELECT * FROM accounts", "DELETE FROM stock_limits", "UPDATE accounts SET name = ''"} {
			_, err := reader.Exec(statement)
			assert.ErrorContains(t, err, "denied", statement)
		}
	}

	before := u.Password
	u.Password = "another one"
	ensure()
	require.NoError(t, open(u.Application, u.Password).Ping())
	if old := open(u.Application, before).Ping(); flavour(t, db) == "mysql" {
		require.NoError(t, old, "tasks that run with the password before may still connect")
	} else {
		require.ErrorContains(t, old, "denied")
	}

	u.ReadOnlyPlugin = "unix_socket"
	if flavour(t, db) == "mysql" {
		u.ReadOnlyPlugin = "auth_socket"
	}
	plugged := u
	plugged.ReadOnly = u.ReadOnly[:1]
	if err := plugged.Ensure(ctx, db, silent); err != nil {
		// A server without the plugin names it; the statement itself is well-formed.
		require.ErrorContains(t, err, "is not loaded")
	} else {
		require.Error(t, open(u.ReadOnly[0], u.ReadOnlyPassword).Ping())
	}
	plugged.ReadOnly, plugged.ReadOnlyPlugin = []string{"aws_" + suffix}, AWSPlugin // only RDS has it: the server says so, and did understand the statement
	require.ErrorContains(t, plugged.Ensure(ctx, db, silent), "is not loaded")
	plugged.ReadOnlyPlugin = "x' OR"
	require.ErrorContains(t, plugged.Ensure(ctx, db, silent), "letters, digits")
}

func flavour(t *testing.T, db *sql.DB) string {
	var version string
	require.NoError(t, db.QueryRow("SELECT VERSION()").Scan(&version))
	if strings.Contains(strings.ToLower(version), "mariadb") {
		return "mariadb"
	}
	return "mysql"
}

// The lock lives as long as its connection. Where that breaks, the run ends: what it would do next is no longer guarded.
func TestALostLockEndsTheRun(t *testing.T) {
	server := emulators.MariaDB(t)
	all, err := All()
	require.NoError(t, err)
	ctx := context.Background()
	db, _ := schema(t, server)
	holder := func() (id sql.NullInt64) {
		require.NoError(t, db.QueryRow("SELECT IS_USED_LOCK(?)", lockName).Scan(&id))
		return id
	}
	kill := slog.New(when{slog.DiscardHandler, func(record slog.Record) {
		record.Attrs(func(attribute slog.Attr) bool {
			if attribute.Key == "version" && attribute.Value.Int64() == 3 {
				ours := holder()
				_, err := db.Exec(fmt.Sprint("KILL ", ours.Int64))
				require.NoError(t, err)
				require.Eventually(t, func() bool { return holder() != ours }, 5*time.Second, time.Millisecond, "the server has freed the lock")
			}
			return true
		})
	}})
	count, err := Apply(ctx, db, all, kill)
	require.Error(t, err)
	require.Equal(t, 2, count)
	var noted int
	require.NoError(t, db.QueryRow("SELECT COUNT(*) FROM schema_migrations").Scan(&noted))
	require.Equal(t, 2, noted, "nothing was done without the lock")
	count, err = Apply(ctx, db, all, silent)
	require.NoError(t, err)
	require.Equal(t, len(all)-2, count)
}

// Only a wrong password is set anew. Where the sign-in fails for another reason, setting it would cost the running tasks
// the password that MySQL keeps for them.
func TestRefused(t *testing.T) {
	for number, wanted := range map[uint16]bool{1045: true, 1698: true, 1862: true, 1044: false} {
		denied, err := refused(errors.Join(&mysql.MySQLError{Number: number}, nil))
		require.NoError(t, err)
		assert.Equal(t, wanted, denied, number)
	}
	denied, err := refused(nil)
	require.NoError(t, err)
	assert.False(t, denied)
	for _, away := range []error{&mysql.MySQLError{Number: 1040}, driver.ErrBadConn, context.DeadlineExceeded} {
		_, err := refused(away)
		require.ErrorIs(t, err, away)
	}
}

func TestPasswordStatement(t *testing.T) {
	assert.Equal(t, "ALTER USER 'a'@'%' IDENTIFIED BY 'x''y' RETAIN CURRENT PASSWORD", passwordStatement("8.4.3", account("a"), "x'y"))
	assert.Equal(t, "ALTER USER 'a'@'%' IDENTIFIED BY 'xy'", passwordStatement("10.11.6-MariaDB", account("a"), "xy"))
}

// An error never holds the password, whatever the server says.
func TestErrorsOfUsersHoldNoPassword(t *testing.T) {
	server := emulators.MariaDB(t)
	db, name := schema(t, server)
	u := Users{Schema: name, Application: "nobody", Password: "hunter2hunter2", ReadOnlyPlugin: OwnPassword, SignIn: func(context.Context) error { return &mysql.MySQLError{Number: 1045} }}
	t.Cleanup(func() { _, _ = db.Exec("DROP USER IF EXISTS " + account(u.Application)) })
	err := u.Ensure(context.Background(), db, silent) // there are no tables
	require.Error(t, err)
	assert.NotContains(t, err.Error(), u.Password)
}

func TestEveryMigrationExpands(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, migration := range all {
		assert.NoError(t, migration.Expands())
		assert.NotContains(t, migration.SQL, ";", "one statement a file")
	}
	for text, wanted := range map[string]string{
		"ALTER TABLE a DROP COLUMN b":                                   "says DROP",
		"ALTER TABLE a CHANGE b c INT":                                  "says CHANGE",
		"alter table a modify b int":                                    "says modify",
		"ALTER TABLE a ADD COLUMN b INT NOT NULL":                       "must be set",
		"ALTER TABLE a ADD COLUMN b INT NOT NULL DEFAULT 0":             "",
		"-- contract: 1.4 reads c\nALTER TABLE a DROP COLUMN b":         "",
		"-- drops nothing, whatever DROP means\nCREATE TABLE a (b INT)": "",
	} {
		err := Migration{Version: 9, Name: "x", SQL: text}.Expands()
		if wanted == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, wanted, text)
		}
	}
}

func TestNumbersHaveNoGaps(t *testing.T) {
	for name, c := range map[string]struct {
		files  []string
		wanted string
	}{
		"gap":       {[]string{"0001_a.sql", "0003_b.sql"}, "number 0002 is expected"},
		"twice":     {[]string{"0001_a.sql", "0001_b.sql"}, "number 0002 is expected"},
		"form":      {[]string{"1_a.sql"}, "a name has the form"},
		"all right": {[]string{"0001_a.sql", "0002_b.sql"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder := fstest.MapFS{}
			for _, file := range c.files {
				folder["sql/"+file] = &fstest.MapFile{Data: []byte("SELECT 1")}
			}
			_, err := read(folder, "sql")
			if c.wanted == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.wanted)
			}
		})
	}
}
