package engine

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
)

// initPlace is moto with a bucket and two keys, behind a proxy that counts writes of state.
type initPlace struct {
	run    InitRun
	other  string       // a second key, as a secrets provider
	writes atomic.Int64 // of a stack's state
}

const stackText = "# Staging: every line of this stays.\nconfig:\n  aws:region: us-east-1 # the primary\n\n  itrack:size: 1\n"

func newInitPlace(t *testing.T, text string) *initPlace {
	t.Helper()
	target, err := url.Parse(emulators.Moto(t))
	require.NoError(t, err)
	place := &initPlace{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/.pulumi/stacks/") {
			place.writes.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "us-east-1",
		"AWS_ENDPOINT_URL": server.URL, "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
		// The caller's own login must not matter.
		"PULUMI_BACKEND_URL": "file:///nowhere", "PULUMI_STACK": "somebody-elses",
	} {
		t.Setenv(name, value)
	}
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	require.NoError(t, err)
	_, err = s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("state-bucket")})
	require.NoError(t, err)
	provider := func() (string, string) {
		key, err := kms.NewFromConfig(settings).CreateKey(ctx, &kms.CreateKeyInput{})
		require.NoError(t, err)
		return "awskms:///" + aws.ToString(key.KeyMetadata.Arn) + "?region=us-east-1&awssdk=v2", aws.ToString(key.KeyMetadata.KeyId)
	}
	cli, err := FindPulumi(ctx, repositoryRoot(t))
	require.NoError(t, err)
	place.run = InitRun{Project: testProject(t, text), Stack: "staging", CLI: cli, Backend: "s3://state-bucket?region=us-east-1&awssdk=v2"}
	var id string
	place.run.Provider, id = provider()
	place.run.KeyNames = []string{id, "alias/itrack-pulumi-staging"}
	place.other, _ = provider()
	return place
}

func (p *initPlace) file(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.run.Project, "Pulumi.staging.yaml"))
	require.NoError(t, err)
	return string(text)
}

// state is the guard that the state names: its address and its encrypted data key.
func (p *initPlace) state(t *testing.T) (string, string) {
	t.Helper()
	init, err := newInitFolder(p.run)
	require.NoError(t, err)
	defer os.RemoveAll(init.dir)
	exists, secrets, err := init.existing(context.Background())
	require.NoError(t, err)
	require.True(t, exists)
	require.NotNil(t, secrets)
	return secrets.Provider, secrets.EncryptedKey
}

func TestInitStackOnTheRealEngine(t *testing.T) {
	p, ctx := newInitPlace(t, stackText), context.Background()

	dry := p.run
	dry.DryRun = true
	report, err := InitStack(ctx, dry)
	require.NoError(t, err)
	require.Equal(t, InitReport{File: "Pulumi.staging.yaml", Provider: p.run.Provider, StackMade: true, FileChanged: true}, report)
	require.Equal(t, stackText, p.file(t))
	require.Zero(t, p.writes.Load())

	report, err = InitStack(ctx, p.run)
	require.NoError(t, err)
	require.Equal(t, InitReport{File: "Pulumi.staging.yaml", Provider: p.run.Provider, StackMade: true, FileChanged: true}, report)
	text := p.file(t)
	added, found := strings.CutPrefix(text, stackText)
	require.True(t, found, "every line stays: %s", text)
	lines := strings.Split(strings.TrimSuffix(added, "\n"), "\n")
	require.Len(t, lines, 2)
	require.Equal(t, "secretsprovider: "+p.run.Provider, lines[0])
	require.Regexp(t, `^encryptedkey: [A-Za-z0-9+/]{60,}=*$`, lines[1])
	provider, key := p.state(t)
	require.Equal(t, p.run.Provider, provider)
	require.Equal(t, strings.TrimPrefix(lines[1], "encryptedkey: "), key, "state and file agree")
	entries, err := os.ReadDir(p.run.Project)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left beside the two files")

	// Again: nothing changes.
	writes := p.writes.Load()
	report, err = InitStack(ctx, p.run)
	require.NoError(t, err)
	require.False(t, report.StackMade || report.FileChanged)
	require.Equal(t, text, p.file(t))
	require.Equal(t, writes, p.writes.Load())

	// Another checkout, in which the file was not committed yet, gets the key that the state has.
	write(t, filepath.Join(p.run.Project, "Pulumi.staging.yaml"), stackText)
	report, err = InitStack(ctx, p.run)
	require.NoError(t, err)
	require.False(t, report.StackMade)
	require.True(t, report.FileChanged)
	require.Equal(t, text, p.file(t))

	// The stack can be used: the pulumi command opens it with the file as it is now, and encrypts a setting.
	init, err := newInitFolder(p.run)
	require.NoError(t, err)
	defer os.RemoveAll(init.dir)
	_, err = init.pulumi(ctx, p.run.Backend, "config", "set", "--secret", "itrack:token", "canary", "--stack", "staging")
	require.NoError(t, err)
	shown, err := init.pulumi(ctx, p.run.Backend, "config", "get", "itrack:token", "--stack", "staging")
	require.NoError(t, err)
	require.Equal(t, "canary", strings.TrimSpace(shown))
	written, err := os.ReadFile(filepath.Join(init.dir, "Pulumi.staging.yaml"))
	require.NoError(t, err)
	require.NotContains(t, string(written), "canary")
}

// A run that ends between the file and the stack is completed by the next one, with the same key.
func TestInitStackGoesOn(t *testing.T) {
	p, ctx := newInitPlace(t, strings.TrimSuffix(stackText, "\n")), context.Background()
	init, err := newInitFolder(p.run)
	require.NoError(t, err)
	defer os.RemoveAll(init.dir)
	made, err := init.newKey(ctx, p.run.Provider)
	require.NoError(t, err)
	require.NoError(t, addStackSecrets(p.run.Project, "staging", StackSecrets{}, *made))
	require.Zero(t, p.writes.Load(), "the backend has nothing yet")
	text := p.file(t)
	require.Contains(t, text, "\nencryptedkey: "+made.EncryptedKey+"\n")

	report, err := InitStack(ctx, p.run)
	require.NoError(t, err)
	require.True(t, report.StackMade)
	require.False(t, report.FileChanged)
	require.Equal(t, text, p.file(t))
	provider, key := p.state(t)
	require.Equal(t, p.run.Provider, provider)
	require.Equal(t, made.EncryptedKey, key)

	// Another run made the stack between our look and our call.
	again, err := init.make(ctx, p.run.Provider)
	require.NoError(t, err)
	require.False(t, again)
}

func TestInitStackRefusesAnotherGuard(t *testing.T) {
	p, ctx := newInitPlace(t, stackText), context.Background()
	for name, c := range map[string]struct{ line, wanted string }{
		"a passphrase":       {"encryptionsalt: v1:abc\n", "has an encryptionsalt"},
		"another key":        {"secretsprovider: " + p.other + "\nencryptedkey: abc\n", "names another secretsprovider: " + p.other},
		"another cloud":      {"secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k\n", "names another secretsprovider: gcpkms"},
		"no key in the name": {"secretsprovider: awskms://?region=us-east-1\n", "names another secretsprovider"},
	} {
		write(t, filepath.Join(p.run.Project, "Pulumi.staging.yaml"), c.line+stackText)
		_, err := InitStack(ctx, p.run)
		require.ErrorIs(t, err, ErrSettings, name)
		require.ErrorContains(t, err, c.wanted, name)
		require.ErrorContains(t, err, "pulumi stack change-secrets-provider -s staging '"+p.run.Provider+"'", name)
		require.Equal(t, c.line+stackText, p.file(t), name)
	}
	require.Zero(t, p.writes.Load())

	// The state is guarded by another key, and the file says nothing.
	write(t, filepath.Join(p.run.Project, "Pulumi.staging.yaml"), stackText)
	first := p.run
	first.Provider = p.other
	_, err := InitStack(ctx, first)
	require.NoError(t, err)
	write(t, filepath.Join(p.run.Project, "Pulumi.staging.yaml"), stackText)
	_, err = InitStack(ctx, p.run)
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "stack staging exists")
	require.ErrorContains(t, err, p.other)
	require.Equal(t, stackText, p.file(t))
}

// The same key under another name, with other parameters, is the same guard.
func TestInitStackKnowsTheKeyByItsOtherNames(t *testing.T) {
	run := InitRun{Provider: "awskms:///arn:aws:kms:us-east-1:1:key/k?region=us-east-1&awssdk=v2", KeyNames: []string{"k", "alias/a"}}
	for provider, same := range map[string]bool{
		"awskms:///arn:aws:kms:us-east-1:1:key/k": true, "awskms://k?region=us-east-1": true, "awskms:///alias/a?region=us-east-1": true,
		"awskms://alias/a": true, "awskms://other": false, "passphrase": false, "": false, "awskms://%zz": false,
	} {
		require.Equal(t, same, run.sameKey(provider), provider)
	}
}

func TestInitStackSaysWhatTheEngineSays(t *testing.T) {
	p, ctx := newInitPlace(t, stackText), context.Background()
	gone := p.run
	gone.Backend = "s3://no-such-bucket?region=us-east-1&awssdk=v2"
	_, err := InitStack(ctx, gone)
	require.ErrorContains(t, err, "looking for stack staging in s3://no-such-bucket")
	gone = p.run
	gone.Provider = "awskms:///arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000?region=us-east-1&awssdk=v2"
	_, err = InitStack(ctx, gone)
	require.ErrorContains(t, err, "making the data key of stack staging")
	require.Equal(t, stackText, p.file(t))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = InitStack(cancelled, p.run)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAppendLines(t *testing.T) {
	lines := [][2]string{{"secretsprovider", "awskms:///a?b=c&d=e"}, {"encryptedkey", "abc="}}
	added := "secretsprovider: awskms:///a?b=c&d=e\nencryptedkey: abc=\n"
	for text, wanted := range map[string]string{
		"":                              added,
		"# nothing\n":                   "# nothing\n" + added,
		"config: {}":                    "config: {}\n" + added,
		"config:\n  a:b: |\n    text\n": "config:\n  a:b: |\n    text\n" + added,
		"config: {}\r\n":                "config: {}\r\n" + strings.ReplaceAll(added, "\n", "\r\n"),
	} {
		out, err := appendLines([]byte(text), lines)
		require.NoError(t, err, text)
		require.Equal(t, wanted, string(out))
	}
	for _, text := range []string{"{config: {}}\n", "config: {}\n...\n", "config: {}\n---\nmore: 1\n", "config:\n  a: |+\n    x\n  # \"\nsecretsprovider: x\n"} {
		_, err := appendLines([]byte(text), lines)
		require.Error(t, err, text)
	}
}

func TestTheReportIsJSON(t *testing.T) {
	text, err := json.Marshal(InitReport{File: "f", Provider: "p", StackMade: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"file":"f","secretsProvider":"p","stackMade":true,"fileChanged":false}`, string(text))
}
