package items

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Claims remembers what an Idempotency-Key was first used for. It only guards against a key that comes back with another
// request; that a repeated creation makes one item is the items table's own doing.
type Claims interface {
	// Claim fails with a Conflict where the owner used the key for another request.
	Claim(ctx context.Context, owner string, key, request [sha256.Size]byte, now time.Time) error
}

// keepClaims is how long a key is remembered.
const keepClaims = 48 * time.Hour

// KeyReused is the fault for a key that comes back with another request.
func KeyReused() error {
	return fault.New(fault.Conflict, "idempotency-key-reused", "this Idempotency-Key was used for another request; a new request takes a new key")
}

// MySQLClaims keeps claims in MySQL.
type MySQLClaims struct{ DB *sql.DB }

// Claim writes the key, or compares with what is there.
func (m *MySQLClaims) Claim(ctx context.Context, owner string, key, request [sha256.Size]byte, now time.Time) error {
	var first []byte
	err := database.Change(ctx, m.DB, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO idempotency_keys (owner, key_hash, request_hash, created_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE owner = owner",
			owner, key[:], request[:], now.UTC()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT request_hash FROM idempotency_keys WHERE owner = ? AND key_hash = ?", owner, key[:]).Scan(&first)
	})
	if err != nil {
		return fmt.Errorf("claiming an idempotency key: %w", err)
	}
	if string(first) != string(request[:]) {
		return KeyReused()
	}
	return nil
}

// Forget removes old keys, and tells how many.
func (m *MySQLClaims) Forget(ctx context.Context, now time.Time) (int64, error) {
	result, err := m.DB.ExecContext(ctx, "DELETE FROM idempotency_keys WHERE created_at < ? LIMIT 1000", now.UTC().Add(-keepClaims))
	if err != nil {
		return 0, fmt.Errorf("removing old idempotency keys: %w", err)
	}
	return result.RowsAffected()
}
