package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Users are the database's users besides the administrator.
type Users struct {
	// Schema is the database that they work on.
	Schema string
	// Application is the backend's user and its password.
	Application, Password string
	// ReadOnly are users who only read: people on the bastion, and the function that looks into restored backups.
	ReadOnly []string
	// ReadOnlyPlugin is how they sign in: AWSAuthenticationPlugin with a token of IAM (RDS), another plugin of the server,
	// or OwnPassword with ReadOnlyPassword.
	ReadOnlyPlugin, ReadOnlyPassword string
	// RequireTLS refuses connections in clear text.
	RequireTLS bool
	// SignIn says whether the application may sign in with Password as it is now.
	SignIn func(ctx context.Context) error
}

const (
	// AWSPlugin is RDS's authentication by IAM. Source:
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
	AWSPlugin = "AWSAuthenticationPlugin"
	// OwnPassword stands for the server's own way, with a password.
	OwnPassword = "password"
)

// rights are what the application may do, table by table. It never changes the schema.
var rights = []struct{ table, privileges string }{
	{"accounts", "SELECT, INSERT, UPDATE"},
	{"sign_in_attempts", "SELECT, INSERT, UPDATE, DELETE"},
	{"stock_limits", "SELECT, INSERT, UPDATE, DELETE"},
	{"idempotency_keys", "SELECT, INSERT, UPDATE, DELETE"},
	{"schema_migrations", "SELECT"},
}

// readable are what readers see: everything but the hashes of passwords.
var readable = []struct{ table, columns string }{
	{"accounts", "id, email, name, role, created_at, last_sign_in_at"},
	{"sign_in_attempts", ""}, {"stock_limits", ""}, {"idempotency_keys", ""}, {"schema_migrations", ""},
}

var identifier = regexp.MustCompile(`^[A-Za-z0-9_]{1,32}$`)

// Ensure makes the users that are missing, and brings password and rights of those that are there up to date. Tables must
// exist.
func (u Users) Ensure(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	for _, name := range append([]string{u.Schema, u.Application, u.ReadOnlyPlugin}, u.ReadOnly...) {
		if !identifier.MatchString(name) {
			return fmt.Errorf("making the database's users: the name %q may have letters, digits and _ only, 32 at most", name)
		}
	}
	connection, unlock, err := locked(ctx, db)
	if err != nil {
		return err
	}
	defer unlock()
	// Strings are written into these statements, which know no parameters. In this mode a backslash is an ordinary
	// character, so that doubling the quote is all that a string needs.
	if _, err := connection.ExecContext(ctx, "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'"); err != nil {
		return fmt.Errorf("making the database's users: %w", err)
	}
	if err := u.application(ctx, connection, log); err != nil {
		return err
	}
	for _, name := range u.ReadOnly {
		if err := u.reader(ctx, connection, name); err != nil {
			return err
		}
		log.InfoContext(ctx, "the reader is up to date", "user", name, "plugin", u.ReadOnlyPlugin)
	}
	return nil
}

// application keeps the password in step with the secret, and takes back rights on the whole schema, which earlier
// instructions gave, after the right ones are there.
func (u Users) application(ctx context.Context, connection *sql.Conn, log *slog.Logger) error {
	user := account(u.Application)
	if err := do(ctx, connection, "making the user "+u.Application, "CREATE USER IF NOT EXISTS "+user+" IDENTIFIED BY "+quote(u.Password)+u.require()); err != nil {
		return err
	}
	denied, err := refused(u.SignIn(ctx))
	if err != nil {
		return fmt.Errorf("signing in as %s, to see whether the password is the secret's: %w", u.Application, err)
	}
	if denied {
		var version string
		if err := connection.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
			return fmt.Errorf("asking the server's version: %w", err)
		}
		if err := do(ctx, connection, "setting the password of "+u.Application, passwordStatement(version, user, u.Password)); err != nil {
			return err
		}
		log.InfoContext(ctx, "the application's password is new", "user", u.Application)
	}
	if err := do(ctx, connection, "setting TLS for "+u.Application, "ALTER USER "+user+u.require()); err != nil {
		return err
	}
	for _, right := range rights {
		if err := do(ctx, connection, "giving rights to "+u.Application, fmt.Sprintf("GRANT %s ON `%s`.`%s` TO %s", right.privileges, u.Schema, right.table, user)); err != nil {
			return err
		}
	}
	return u.narrow(ctx, connection, user)
}

// refused tells a wrong password from other failures. A password is set for a wrong one alone: MySQL keeps one password
// beside the current one, and setting what is set already would put it into the place of the one with which tasks still run.
func refused(err error) (bool, error) {
	const (
		deniedToSchema = 1044 // the password is right, and rights are given below
		denied         = 1045
		deniedNoWay    = 1698 // the user signs in by a plugin that takes no password
		expired        = 1862
	)
	var known *mysql.MySQLError
	if err == nil || errors.As(err, &known) && known.Number == deniedToSchema {
		return false, nil
	}
	if known != nil && (known.Number == denied || known.Number == deniedNoWay || known.Number == expired) {
		return true, nil
	}
	return false, err
}

// reader makes one user who reads.
func (u Users) reader(ctx context.Context, connection *sql.Conn, name string) error {
	user := account(name)
	way := " IDENTIFIED WITH " + u.ReadOnlyPlugin
	switch u.ReadOnlyPlugin {
	case AWSPlugin:
		way += " AS 'RDS'"
	case OwnPassword:
		way = " IDENTIFIED BY " + quote(u.ReadOnlyPassword)
	}
	for _, verb := range []string{"CREATE USER IF NOT EXISTS ", "ALTER USER "} {
		if err := do(ctx, connection, "making the user "+name, verb+user+way+u.require()); err != nil {
			return err
		}
	}
	for _, table := range readable {
		what := "SELECT"
		if table.columns != "" {
			what += " (" + table.columns + ")"
		}
		if err := do(ctx, connection, "giving rights to "+name, fmt.Sprintf("GRANT %s ON `%s`.`%s` TO %s", what, u.Schema, table.table, user)); err != nil {
			return err
		}
	}
	return u.narrow(ctx, connection, user)
}

// narrow takes rights on the whole schema away; that there are none is no failure.
func (u Users) narrow(ctx context.Context, connection *sql.Conn, user string) error {
	const noSuchGrant = 1141
	_, err := connection.ExecContext(ctx, fmt.Sprintf("REVOKE ALL PRIVILEGES ON `%s`.* FROM %s", u.Schema, user))
	var known *mysql.MySQLError
	if err != nil && (!errors.As(err, &known) || known.Number != noSuchGrant) {
		return fmt.Errorf("taking rights on the whole schema from %s: %w", user, err)
	}
	return nil
}

func (u Users) require() string {
	if u.RequireTLS {
		return " REQUIRE SSL"
	}
	return " REQUIRE NONE"
}

// passwordStatement sets a password. MySQL keeps the one before beside it, so that tasks which run with it may still
// connect until the deployment has replaced them; MariaDB has one password a user.
func passwordStatement(version, user, password string) string {
	statement := "ALTER USER " + user + " IDENTIFIED BY " + quote(password)
	if !strings.Contains(strings.ToLower(version), "mariadb") {
		statement += " RETAIN CURRENT PASSWORD"
	}
	return statement
}

// do runs a statement; what is never the statement itself, which may hold a password. MySQL's errors quote a part of a
// statement only for errors of syntax, so those are named by number alone.
func do(ctx context.Context, connection *sql.Conn, what, statement string) error {
	_, err := connection.ExecContext(ctx, statement)
	if err == nil {
		return nil
	}
	const syntax = 1064
	var known *mysql.MySQLError
	if errors.As(err, &known) && known.Number == syntax {
		return fmt.Errorf("%s: the server does not understand the statement (error %d)", what, syntax)
	}
	return fmt.Errorf("%s (the administrator needs CREATE USER and GRANT OPTION): %w", what, err)
}

func account(name string) string { return quote(name) + "@'%'" }

// quote writes a string for a session whose mode has NO_BACKSLASH_ESCAPES.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
