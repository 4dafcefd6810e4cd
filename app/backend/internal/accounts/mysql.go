package accounts

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/database"
)

// MySQL keeps accounts in MySQL; the schema is that of package migrations.
type MySQL struct{ DB *sql.DB }

// Create writes an account. A broken connection is an outage, and leaves open whether the account is there: the next
// attempt with the address says.
func (m *MySQL) Create(ctx context.Context, a Account, hash string) error {
	_, err := m.DB.ExecContext(ctx, "INSERT INTO accounts (id, email, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		a.ID, a.Email, a.Name, string(a.Role), hash, a.Created)
	if database.Duplicate(err) {
		return Taken()
	}
	if err != nil {
		return database.Told(fmt.Errorf("writing an account: %w", err))
	}
	return nil
}

// ByEmail finds the account of an address in its normal form.
func (m *MySQL) ByEmail(ctx context.Context, email string) (Account, string, error) {
	return m.find(ctx, "SELECT id, email, name, role, created_at, password_hash FROM accounts WHERE email = ?", email)
}

// ByID finds an account.
func (m *MySQL) ByID(ctx context.Context, id string) (Account, error) {
	account, _, err := m.find(ctx, "SELECT id, email, name, role, created_at, '' FROM accounts WHERE id = ?", id)
	return account, err
}

func (m *MySQL) find(ctx context.Context, query, key string) (found Account, hash string, err error) {
	err = database.Read(ctx, func(ctx context.Context) error {
		return m.DB.QueryRowContext(ctx, query, key).Scan(&found.ID, &found.Email, &found.Name, &found.Role, &found.Created, &hash)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, "", NotFound()
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("reading an account: %w", err)
	}
	return found, hash, nil
}

// SetRole changes a role; that it was the same before is no failure.
func (m *MySQL) SetRole(ctx context.Context, id string, role auth.Role) error {
	if _, err := m.ByID(ctx, id); err != nil { // the server counts changed rows, not found ones
		return err
	}
	if _, err := m.DB.ExecContext(ctx, "UPDATE accounts SET role = ? WHERE id = ?", string(role), id); err != nil {
		return database.Told(fmt.Errorf("changing a role: %w", err))
	}
	return nil
}

// Rehash is conditional: two sign-ins at once, or a password that was changed meanwhile, leave the hash that was written first.
func (m *MySQL) Rehash(ctx context.Context, id, before, after string) error {
	if _, err := m.DB.ExecContext(ctx, "UPDATE accounts SET password_hash = ? WHERE id = ? AND password_hash = ?", after, id, before); err != nil {
		return database.Told(fmt.Errorf("replacing a password's hash: %w", err))
	}
	return nil
}

// Blocked asks without a lock.
func (m *MySQL) Blocked(ctx context.Context, subject [sha256.Size]byte, now time.Time) (time.Time, error) {
	var until sql.NullTime
	err := database.Read(ctx, func(ctx context.Context) error {
		return m.DB.QueryRowContext(ctx, "SELECT blocked_until FROM sign_in_attempts WHERE subject = ?", subject[:]).Scan(&until)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("asking for failed sign-ins: %w", err)
	}
	if until.Valid && until.Time.After(now) {
		return until.Time, nil
	}
	return time.Time{}, nil
}

// Attempt counts under the row's lock: of a thousand guesses at once only the first few are looked at.
func (m *MySQL) Attempt(ctx context.Context, subject [sha256.Size]byte, now time.Time) (blocked time.Time, err error) {
	now = now.UTC().Truncate(time.Millisecond)
	err = database.Change(ctx, m.DB, func(ctx context.Context, tx *sql.Tx) error {
		blocked = time.Time{}
		// Writing the row first takes its lock, whether it was there or not.
		if _, err := tx.ExecContext(ctx, "INSERT INTO sign_in_attempts (subject, failures, updated_at) VALUES (?, 0, ?) ON DUPLICATE KEY UPDATE failures = failures",
			subject[:], now); err != nil {
			return err
		}
		var failures int
		var until sql.NullTime
		var updated time.Time
		if err := tx.QueryRowContext(ctx, "SELECT failures, blocked_until, updated_at FROM sign_in_attempts WHERE subject = ? FOR UPDATE", subject[:]).
			Scan(&failures, &until, &updated); err != nil {
			return err
		}
		if until.Valid && until.Time.After(now) {
			blocked = until.Time
			return nil
		}
		if now.Sub(updated) > forgetAfter {
			failures = 0
		}
		failures++
		next := sql.NullTime{}
		if block := BlockAfter(failures); block > 0 {
			next = sql.NullTime{Time: now.Add(block), Valid: true}
		}
		_, err := tx.ExecContext(ctx, "UPDATE sign_in_attempts SET failures = ?, blocked_until = ?, updated_at = ? WHERE subject = ?", failures, next, now, subject[:])
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("counting a sign-in: %w", err)
	}
	return blocked, nil
}

// SignedIn forgets failures and notes the time.
func (m *MySQL) SignedIn(ctx context.Context, subject [sha256.Size]byte, id string, now time.Time) error {
	err := database.Change(ctx, m.DB, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sign_in_attempts WHERE subject = ?", subject[:]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE accounts SET last_sign_in_at = ? WHERE id = ?", now.UTC().Truncate(time.Millisecond), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("noting a sign-in: %w", err)
	}
	return nil
}

// forgetBatch bounds what one statement locks.
const forgetBatch = 1000

// Forget removes failures that count no more, and tells how many.
func (m *MySQL) Forget(ctx context.Context, now time.Time) (int64, error) {
	result, err := m.DB.ExecContext(ctx, "DELETE FROM sign_in_attempts WHERE updated_at < ? LIMIT ?", now.UTC().Add(-forgetAfter), forgetBatch)
	if err != nil {
		return 0, fmt.Errorf("removing old sign-in failures: %w", err)
	}
	return result.RowsAffected()
}
