package server

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"github.com/itrack/itrack/app/backend/internal/config"
	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/migrations"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// statementPatience is how long one migration may take, and the wait for another one's lock.
const statementPatience = 25 * time.Minute

// Migrate brings the schema and the users up to date, as the master user.
func Migrate(ctx context.Context, m config.Migrate, out io.Writer) (err error) {
	log := telemetry.NewLog(out, m.LogLevel)
	open := func(user, password string) (*sql.DB, error) {
		connection, err := Connection(m.Database, user, password, log)
		if err != nil {
			return nil, err
		}
		connection.Connections, connection.Statement = 2, statementPatience
		return database.Open(connection)
	}
	master, err := open(m.MasterUser, m.MasterPassword)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, master.Close()) }()
	all, err := migrations.All()
	if err != nil {
		return err
	}
	count, err := migrations.Apply(ctx, master, all, log)
	if err != nil {
		return err
	}
	users := migrations.Users{
		Schema: m.Database.Name, Application: m.Database.User, Password: m.Database.Password,
		ReadOnly: m.ReadOnlyUsers, ReadOnlyPlugin: m.ReadOnlyPlugin, ReadOnlyPassword: m.ReadOnlyPassword,
		RequireTLS: m.Database.TLS != config.TLSOff,
		SignIn: func(ctx context.Context) error {
			application, err := open(m.Database.User, m.Database.Password)
			if err != nil {
				return err
			}
			return errors.Join(application.PingContext(ctx), application.Close())
		},
	}
	if err := users.Ensure(ctx, master, log); err != nil {
		return err
	}
	log.InfoContext(ctx, "the database is up to date", "applied", count, "migrations", len(all))
	return nil
}
