package scan

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The secrets are put together here, so that the repository has none.
const alphabet = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU0vWxYzAbC1DeF2gHi3JkL4mNo5PqR6sTu7VwX8yZa9BcD0eFg1HiJ2kLm3NoP4qRs5TuV6wXy7ZaB8cDe9"

func made(prefix string, length int) string { return prefix + alphabet[:length] }

func key(prefix string) string { return prefix + "Q2W3E4R5T6Y7U2IO" }

// planted are texts with one secret each, by the rule that knows it, with what the page may show of it.
var planted = map[string][]struct{ text, shown string }{
	"private-key": {
		{"-----BEGIN RSA " + "PRIVATE KEY-----\n" + alphabet[:64] + "\n", ""},
		{"key := \"-----BEGIN " + "PRIVATE KEY-----\\n\" +\n\t\"" + alphabet[:40] + "\\n\"", ""},
		{"-----BEGIN EC " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" + alphabet[:64], ""},
		{"-----BEGIN OPENSSH " + "PRIVATE KEY-----\r\n" + alphabet[:70], ""},
	},
	"aws-access-key-id":     {{"key = " + key("AKIA"), "AKIA…"}, {`"` + key("ASIA") + `"`, "ASIA…"}},
	"aws-secret-access-key": {{"aws_secret_access_key = " + alphabet[:40], ""}, {`{"SecretAccessKey": "` + alphabet[5:45] + `"}`, ""}},
	"aws-session-token":     {{"AWS_SESSION_TOKEN=" + alphabet + alphabet, ""}},
	"github-token":          {{made("ghp_", 36), "ghp_…"}, {made("github_pat_", 22) + made("_", 59), "gith…"}},
	"gitlab-token":          {{made("glpat-", 20), "glpa…"}},
	"slack-token":           {{"xoxb-" + "123456789012-" + alphabet[:24], "xoxb…"}},
	"slack-webhook":         {{"https://hooks.slack.com/" + "services/T0AB12CD3/B0AB12CD3/" + alphabet[:24], ""}},
	"pagerduty-integration": {{"https://events.pagerduty.com/" + "integration/" + alphabet[:32] + "/enqueue", ""}},
	"npm-token":             {{"//registry.npmjs.org/:_authToken=" + made("npm_", 36), "npm_…"}},
	"pypi-token":            {{made("pypi-Ag", 80), "pypi…"}},
	"pulumi-token":          {{"PULUMI_ACCESS_TOKEN=pul-" + "0123456789abcdef0123456789abcdef01234567", "pul-…"}},
	"docker-token":          {{made("dckr_pat_", 27), "dckr…"}},
	"google-api-key":        {{made("AIza", 35), "AIza…"}},
	"stripe-key":            {{made("sk_"+"live_", 24), "sk_l…"}},
	"age-key":               {{"AGE-SECRET-" + "KEY-1" + strings.ToUpper(alphabet[:58]), "AGE-…"}},
	"jwt":                   {{jwt(`{"alg":"HS256","typ":"JWT"}`), ""}},
	"connection-string": {
		{"mysql://itrack:hunter" + "2@db.internal:3306/itrack", ""}, {"root:hunter" + "2@tcp(db.internal:3306)/itrack", ""},
		{"redis://:hunter" + "2@cache.internal", ""}, {"https://user:hunter" + "2@10.0.0.7/x", ""},
	},
	"assigned-secret": {{`db_password: "` + alphabet[10:40] + `"`, ""}, {`const apiKey = "` + alphabet[:32] + `"`, ""}, {`{"token": "f81d4fae-7dec-11d0-` + "a765-00a0c91e6bf6" + `"}`, ""}},
}

func jwt(header string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(`{"sub":"somebody"}`)) + "." + alphabet[:43]
}

func TestEveryRuleKnowsItsSecret(t *testing.T) {
	for i := range secretRules {
		require.NotEmpty(t, planted[secretRules[i].id], secretRules[i].id)
		require.LessOrEqual(t, secretRules[i].prefix, 4)
	}
	for id, texts := range planted {
		for _, one := range texts {
			findings := Detect("a.txt", []byte("first line\n"+one.text+"\n"))
			require.Len(t, findings, 1, "%s in %s", id, one.text)
			require.Equal(t, id, findings[0].Rule, one.text)
			require.Equal(t, 2, findings[0].Line)
			require.Equal(t, one.shown, findings[0].Detail)
			require.Equal(t, "a.txt", findings[0].Path)
		}
	}
}

func TestWhatIsNoSecret(t *testing.T) {
	for _, text := range []string{
		"AKIA" + "IOSFODNN7EXAMPLE", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", // AWS's documentation
		"-----BEGIN " + "PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----\n" + alphabet[:64], "-----BEGIN " + "PRIVATE KEY-----\n...\n",
		"ghp_" + strings.Repeat("x", 36), "npm_" + strings.Repeat("0", 36), "ghp_short",
		jwt(`{"alg":"none"}`), jwt("not json at all"),
		"mysql://user:$PASSWORD@db.internal/x", "mysql://user:${password}@db.internal", "postgres://user:%s@db.internal", "mysql://user:password@db.internal",
		"mysql://root:hunter" + "2@127.0.0.1:3306", "mysql://root:hunter" + "2@[::1]:3306", "https://user:hunter" + "2@www.example.com", "redis://localhost:6379",
		"root:hunter" + "2@tcp(localhost:3306)/x", "root:hunter" + "2@tcp(db.example.com:3306)/x", "root:hunter" + "2@unix(/run/mysqld.sock)/x", "https://host:8080/a@b",
		`password: "correct horse battery staple"`, `apiKey = "an-api-key-for-tests-0123456789"`, `secretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:itrack/staging"`,
		`tokenURL = "https://token.actions.githubusercontent.com"`, `secret = os.Getenv("A_VERY_LONG_NAME_OF_A_SECRET_1")`, `password = ""`,
		`"secrets": "itrack/staging/db_password.v12"`,
	} {
		require.Empty(t, Detect("a.txt", []byte(text)), text)
	}
}

func TestTheTreeIsSearchedAndNoSecretIsShown(t *testing.T) {
	files := map[string]string{
		".gitignore":     "/ignored.txt\n",
		"tracked.txt":    "a\nb\n" + key("AKIA"),
		"untracked/x.go": "// " + made("ghp_", 36),
		"ignored.txt":    key("AKIA"),
		"binary":         "\x00" + key("AKIA"),
		"deleted.txt":    key("AKIA"),
		"two.txt":        made("ghp_", 36) + "\nmysql://itrack:hunter" + "2@db.internal/x\n" + made("ghp_", 36),
	}
	dir := project(t, files)
	git(t, dir, "add", "tracked.txt", "deleted.txt", ".gitignore")
	require.NoError(t, os.Remove(filepath.Join(dir, "deleted.txt")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	huge, err := os.Create(filepath.Join(dir, "huge.log"))
	require.NoError(t, err)
	_, err = huge.WriteString(strings.Repeat("a line\n", 2000))
	require.NoError(t, err)
	require.NoError(t, huge.Truncate(largest+1))
	require.NoError(t, huge.Close())

	report := run(t, Options{Scanners: []Scanner{NewSecrets(dir)}})
	result := report.Results[0]
	var places []string
	for _, finding := range result.Findings {
		places = append(places, finding.Rule+" "+finding.where())
	}
	require.Equal(t, []string{"aws-access-key-id tracked.txt:3", "github-token two.txt:1", "connection-string two.txt:2", "github-token two.txt:3",
		"github-token untracked/x.go:1"}, places)
	require.Equal(t, "4 text files of 8, 1 too large to be read", result.Looked)
	require.Equal(t, "huge.log", result.Notes[0].Path, "what is not read is said")
	var page, document strings.Builder
	require.NoError(t, Text(&page, report))
	require.NoError(t, SARIF(&document, report, nil))
	for _, text := range []string{page.String(), document.String()} {
		require.Contains(t, text, "ghp_…")
		require.NotContains(t, text, key("AKIA")[4:])
		require.NotContains(t, text, "ghp_a")
		require.NotContains(t, text, "hunter")
	}
}

func TestWithoutGitOrARepositoryTheSecretsAreNotLookedFor(t *testing.T) {
	t.Setenv("GIT_CEILING_DIRECTORIES", os.TempDir())
	_, err := NewSecrets(t.TempDir()).Run(context.Background())
	var notDone *NotDone
	require.ErrorAs(t, err, &notDone)
	require.Equal(t, NotRun, notDone.Status)
	require.Contains(t, notDone.Why, "not a git repository")
	dir := project(t, map[string]string{"a": "b"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = NewSecrets(dir).Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	t.Setenv("PATH", t.TempDir())
	_, err = NewSecrets(dir).Run(context.Background())
	require.ErrorContains(t, err, "no git")
}

// This repository has no secret in it. What is found here is either one, or an example that can be put together at run time.
func TestThisRepositoryHasNoSecret(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	require.NoError(t, err)
	seen, err := NewSecrets(root).Run(context.Background())
	require.NoError(t, err)
	require.Empty(t, seen.Findings)
	require.Regexp(t, `^\d{3,} text files`, seen.Looked)
}
