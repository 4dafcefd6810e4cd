// Package stock keeps the low-stock limit of each type, in MySQL: a limit is set by hand, rarely, and listed whole.
package stock

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Limit is the fewest available items that a type should have.
type Limit struct {
	Type    string
	Minimum int
	By      string
	At      time.Time
}

const (
	// MostLimits bounds the list, since each is a question to the items table.
	MostLimits = 500
	// MostMinimum bounds how many items a question counts.
	MostMinimum = 10000
)

// Store keeps limits.
type Store interface {
	Set(ctx context.Context, limit Limit) error
	Remove(ctx context.Context, typ string) error
	All(ctx context.Context) ([]Limit, error)
}

// NotFound is the fault for a type without a limit.
func NotFound(typ string) error {
	return fault.New(fault.NotFound, "no-limit", "the type %s has no limit", typ)
}

// Full is the fault for one limit too many.
func Full() error {
	return fault.New(fault.Conflict, "too-many-limits", "%d types have a limit already; remove one first", MostLimits)
}

// MySQL keeps limits in MySQL.
type MySQL struct{ DB *sql.DB }

// Set writes a limit, over the one before.
func (m *MySQL) Set(ctx context.Context, limit Limit) error {
	err := database.Change(ctx, m.DB, func(ctx context.Context, tx *sql.Tx) error {
		var others int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM stock_limits WHERE type <> ?", limit.Type).Scan(&others); err != nil {
			return err
		}
		if others >= MostLimits {
			return Full()
		}
		// Parameters twice, since MySQL and MariaDB name the new row's values differently.
		_, err := tx.ExecContext(ctx, "INSERT INTO stock_limits (type, minimum, updated_by, updated_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE minimum = ?, updated_by = ?, updated_at = ?",
			limit.Type, limit.Minimum, limit.By, limit.At, limit.Minimum, limit.By, limit.At)
		return err
	})
	if err != nil {
		return fmt.Errorf("setting the limit of %s: %w", limit.Type, err)
	}
	return nil
}

// Remove removes a limit.
func (m *MySQL) Remove(ctx context.Context, typ string) error {
	result, err := m.DB.ExecContext(ctx, "DELETE FROM stock_limits WHERE type = ?", typ)
	if err != nil {
		return database.Told(fmt.Errorf("removing the limit of %s: %w", typ, err))
	}
	if count, err := result.RowsAffected(); err != nil || count == 0 {
		return NotFound(typ)
	}
	return nil
}

// All are the limits by type.
func (m *MySQL) All(ctx context.Context) ([]Limit, error) {
	var limits []Limit
	err := database.Read(ctx, func(ctx context.Context) error {
		limits = nil
		rows, err := m.DB.QueryContext(ctx, "SELECT type, minimum, updated_by, updated_at FROM stock_limits ORDER BY type LIMIT ?", MostLimits)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var limit Limit
			if err := rows.Scan(&limit.Type, &limit.Minimum, &limit.By, &limit.At); err != nil {
				return err
			}
			limits = append(limits, limit)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the limits: %w", err)
	}
	return limits, nil
}
