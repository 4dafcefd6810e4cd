package config

import (
	"encoding/json"
	"strings"

	"github.com/itrack/itrack/app/backend/internal/migrations"
)

// ForMigrate reads the settings of the migration. DB_MASTER_SECRET is the value of the secret that RDS keeps for the
// master user: a JSON object with username and password; RDS may put more into it.
func ForMigrate(get func(string) string) (Migrate, error) {
	r := &reader{get: get}
	m := Migrate{
		Database: r.database(), LogLevel: r.level(),
		ReadOnlyUsers:    strings.Split(r.or("DB_READONLY_USERS", "itrack_readonly,restore_check"), ","),
		ReadOnlyPlugin:   r.or("DB_READONLY_PLUGIN", migrations.AWSPlugin),
		ReadOnlyPassword: get("DB_READONLY_PASSWORD"),
	}
	for _, name := range m.ReadOnlyUsers {
		r.form("DB_READONLY_USERS", name, `^[A-Za-z0-9_]{1,32}$`, "a list of names of letters, digits and _, with commas between them")
	}
	r.form("DB_NAME", m.Database.Name, `^[A-Za-z0-9_]{1,32}$`, "a name of letters, digits and _")
	r.form("DB_USER", m.Database.User, `^[A-Za-z0-9_]{1,32}$`, "a name of letters, digits and _")
	r.form("DB_READONLY_PLUGIN", m.ReadOnlyPlugin, `^[A-Za-z0-9_]{1,32}$`, "password or the name of a plugin, such as "+migrations.AWSPlugin)
	if m.ReadOnlyPlugin == migrations.OwnPassword && len(m.ReadOnlyPassword) < 12 {
		r.wrong("DB_READONLY_PASSWORD", "has to have 12 characters at least where DB_READONLY_PLUGIN is password")
	}
	if secret := r.needed("DB_MASTER_SECRET", "the master user's secret of RDS"); secret != "" {
		var master struct {
			Username string `json:"username"`
			Password string `json:"password"`
		}
		// The error would quote the value.
		if json.Unmarshal([]byte(secret), &master) != nil || master.Username == "" {
			r.wrong("DB_MASTER_SECRET", `has to be a JSON object {"username": …, "password": …}, as RDS keeps it`)
		}
		m.MasterUser, m.MasterPassword = master.Username, master.Password
		if m.MasterUser == m.Database.User {
			r.wrong("DB_USER", "is the master user: the application has a user of its own, with less rights")
		}
	}
	return m, r.err()
}
