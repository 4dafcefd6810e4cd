// Package migrations brings the database's schema up to what this program needs, and makes the users that work on it.
//
// A migration is one file sql/NNNN_name.sql with one statement. It is applied once, in the order of the numbers, and never
// changed afterwards: its checksum is kept, and a difference is refused. There is no way back. The release before must
// work on the schema of the release after, since both run during a deployment and after a rollback; so a column or table
// goes in two releases: the first stops using it, the second drops it, and says so in a line "-- contract: …". A test
// refuses files that take something away without that line.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

//go:embed sql/*.sql
var files embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version  int
	Name     string
	SQL      string
	Checksum string
}

var fileName = regexp.MustCompile(`^([0-9]{4})_([a-z0-9_]+)\.sql$`)

// All are the migrations of this program, from 1 on without a gap.
func All() ([]Migration, error) { return read(files, "sql") }

func read(from fs.ReadDirFS, folder string) ([]Migration, error) {
	entries, err := from.ReadDir(folder) // in the order of the names
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	var all []Migration
	for _, entry := range entries {
		match := fileName.FindStringSubmatch(entry.Name())
		if match == nil {
			return nil, fmt.Errorf("reading the migration %s: a name has the form 0001_what_it_does.sql", entry.Name())
		}
		version, err := strconv.Atoi(match[1])
		if err != nil || version != len(all)+1 {
			return nil, fmt.Errorf("reading the migration %s: number %04d is expected here; numbers have no gaps and are used once", entry.Name(), len(all)+1)
		}
		text, err := fs.ReadFile(from, folder+"/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the migration %s: %w", entry.Name(), err)
		}
		sum := sha256.Sum256(text)
		all = append(all, Migration{Version: version, Name: match[2], SQL: string(text), Checksum: hex.EncodeToString(sum[:])})
	}
	return all, nil
}

const (
	lockName = "itrack_migrate"
	// lockSeconds: another migration may be at work; it ends, or the task that waits does.
	lockSeconds = 120
	ledger      = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version    INT UNSIGNED NOT NULL,
  name       VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  checksum   CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  started_at DATETIME(3) NOT NULL,
  applied_at DATETIME(3) NULL,
  PRIMARY KEY (version)
) ENGINE=InnoDB`
)

// Apply applies what is missing, on one connection under a lock of the server's. It tells how many it applied.
func Apply(ctx context.Context, db *sql.DB, all []Migration, log *slog.Logger) (int, error) {
	connection, unlock, err := locked(ctx, db)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if _, err := connection.ExecContext(ctx, ledger); err != nil {
		return 0, fmt.Errorf("making the list of applied migrations (the user needs CREATE on the schema): %w", err)
	}
	applied, err := recorded(ctx, connection)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, migration := range all {
		before, started := applied[migration.Version]
		if started && before.checksum != migration.Checksum {
			return count, fmt.Errorf("migration %04d_%s was applied with another text: files are never changed; restore it and add a new one", migration.Version, migration.Name)
		}
		if before.done {
			continue
		}
		log.InfoContext(ctx, "migrating", "version", migration.Version, "name", migration.Name)
		if err := apply(ctx, connection, migration, started); err != nil {
			return count, err
		}
		count++
	}
	if newest := len(all); len(applied) > newest {
		log.InfoContext(ctx, "the schema is of a newer release; nothing to do", "schema", len(applied), "program", newest)
	}
	return count, nil
}

func locked(ctx context.Context, db *sql.DB) (connection *sql.Conn, unlock func(), err error) {
	connection, err = db.Conn(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the database to migrate it: %w", err)
	}
	var got sql.NullInt64
	if err := connection.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", lockName, lockSeconds).Scan(&got); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("taking the lock %s: %w", lockName, err), connection.Close())
	}
	if got.Int64 != 1 {
		return nil, nil, errors.Join(fmt.Errorf("taking the lock %s: somebody else has migrated for %d seconds; SELECT IS_USED_LOCK('%[1]s') names the connection",
			lockName, lockSeconds), connection.Close())
	}
	return connection, func() {
		// The server frees the lock with the connection; asked for, it is free at once.
		_, _ = connection.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", lockName)
		_ = connection.Close()
	}, nil
}

type record struct {
	checksum string
	done     bool
}

func recorded(ctx context.Context, connection *sql.Conn) (map[int]record, error) {
	rows, err := connection.QueryContext(ctx, "SELECT version, checksum, applied_at IS NOT NULL FROM schema_migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the list of applied migrations: %w", err)
	}
	defer rows.Close()
	found := map[int]record{}
	for rows.Next() {
		var version int
		var r record
		if err := rows.Scan(&version, &r.checksum, &r.done); err != nil {
			return nil, fmt.Errorf("reading the list of applied migrations: %w", err)
		}
		found[version] = r
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the list of applied migrations: %w", err)
	}
	return found, nil
}

// apply notes the start, runs the statement and notes the end. A statement on the schema is atomic and can't be part of a
// transaction: who was killed between it and the note finds, when it starts again, that the statement's work is there.
func apply(ctx context.Context, connection *sql.Conn, m Migration, started bool) error {
	now := time.Now().UTC()
	if !started {
		if _, err := connection.ExecContext(ctx, "INSERT INTO schema_migrations (version, name, checksum, started_at) VALUES (?, ?, ?, ?)",
			m.Version, m.Name, m.Checksum, now); err != nil {
			return fmt.Errorf("noting the start of migration %04d_%s: %w", m.Version, m.Name, err)
		}
	}
	if _, err := connection.ExecContext(ctx, m.SQL); err != nil && (!started || !there(err)) {
		err = fmt.Errorf("applying migration %04d_%s: %w", m.Version, m.Name, err)
		var refused *mysql.MySQLError
		if started || !errors.As(err, &refused) {
			return err // nobody knows whether it was applied
		}
		// The server refused it, so nothing was applied. With the note, the next run would take what stood in the way for the
		// statement's own work.
		if _, left := connection.ExecContext(context.WithoutCancel(ctx), "DELETE FROM schema_migrations WHERE version = ? AND applied_at IS NULL", m.Version); left != nil {
			return errors.Join(err, fmt.Errorf("removing the note of its start (do so by hand before the next run): %w", left))
		}
		return err
	}
	if _, err := connection.ExecContext(ctx, "UPDATE schema_migrations SET applied_at = ? WHERE version = ?", time.Now().UTC(), m.Version); err != nil {
		return fmt.Errorf("noting the end of migration %04d_%s: %w", m.Version, m.Name, err)
	}
	return nil
}

// there says whether the statement's work was done before: table, column or key exist, or what is dropped is gone.
func there(err error) bool {
	var known *mysql.MySQLError
	if !errors.As(err, &known) {
		return false
	}
	switch known.Number {
	case 1050, 1051, 1060, 1061, 1091: // table exists, unknown table, duplicate column, duplicate key, can't drop
		return true
	}
	return false
}

// takesAway are the words with which a statement could break the release before.
var takesAway = regexp.MustCompile(`(?i)\b(DROP|RENAME|MODIFY|CHANGE|TRUNCATE|DELETE)\b`)

// Expands says whether the migration leaves the release before working, as far as its words tell: it takes nothing away,
// and a new column either may be NULL or has a default. A line "-- contract: why" says that the release before no longer
// uses what goes.
func (m Migration) Expands() error {
	if strings.Contains(m.SQL, "\n-- contract: ") || strings.HasPrefix(m.SQL, "-- contract: ") {
		return nil
	}
	var statement strings.Builder
	for line := range strings.Lines(m.SQL) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			statement.WriteString(line)
		}
	}
	text := statement.String()
	if word := takesAway.FindString(text); word != "" {
		return fmt.Errorf(`migration %04d_%s says %s: the release before may still use it; add a line "-- contract: …" once it does not`, m.Version, m.Name, word)
	}
	upper := strings.ToUpper(text)
	if strings.Contains(upper, "ADD COLUMN") && strings.Contains(upper, "NOT NULL") && !strings.Contains(upper, "DEFAULT") {
		return fmt.Errorf("migration %04d_%s adds a column that must be set: the release before does not set it; give it a DEFAULT or let it be NULL", m.Version, m.Name)
	}
	return nil
}
