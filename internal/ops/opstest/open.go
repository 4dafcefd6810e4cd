package opstest

import (
	"context"
	"testing"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// SignIn puts the test's credentials into the environment, and nothing of the user's own.
func (c *Cloud) SignIn(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": c.URL,
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// Settings are those of an environment in the first account, or, for production, in the second.
func Settings(environment string) ops.Settings {
	settings := ops.Settings{
		Environment: environment, Region: Region, RecoveryRegion: Recovery,
		Services: []string{"backend"}, Functions: []string{"item-events", "release-check", "restore-check"},
		AllowedAccounts: []string{Account}, SecretRecovery: 30, Migrates: map[string]bool{"backend": true},
		Ready: map[string]string{"backend": "/api/health"},
	}
	if environment == "production" {
		settings.AllowedAccounts = []string{OtherAccount}
		settings.Roles = []ops.Role{{ARN: "arn:aws:iam::" + OtherAccount + ":role/operator", Session: "test"}}
	}
	return settings
}

// Options make every wait and every second attempt quick.
func Options(t testing.TB) ops.Options {
	return ops.Options{Say: t.Logf, Attempts: 4, MaxBackoff: 5 * time.Millisecond, Pace: 5 * time.Millisecond, Version: "test"}
}

// Open signs in to an environment; change, if given, changes its settings first.
func (c *Cloud) Open(t *testing.T, environment string, change func(*ops.Settings)) *ops.Environment {
	t.Helper()
	c.SignIn(t)
	settings := Settings(environment)
	if change != nil {
		change(&settings)
	}
	env, err := ops.Open(context.Background(), settings, Options(t))
	if err != nil {
		t.Fatal(err)
	}
	return env
}
