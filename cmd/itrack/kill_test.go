package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/registry"
	deliver "github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/ops/site"
)

// childVariable has this test program run one command instead of the tests: a process that can be killed.
const childVariable = "ITRACK_TEST_CHILD"

// child is what such a process is told.
type child struct {
	Project    string
	Repository string
	Outputs    map[string]map[string]any // by environment
	Args       []string
}

func runChild(text string) int {
	var told child
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return cmdutil.ExitFailed
	}
	http.DefaultClient.Transport = well{}
	f := lifeFactory(told.Project, told.Repository, os.Stdout, os.Stderr)
	f.Outputs = func(_ context.Context, _, environment string) (map[string]any, error) {
		return told.Outputs[environment], nil
	}
	root := newRoot(f)
	root.SetArgs(told.Args)
	err := root.ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, cmdutil.ErrSilent) {
		fmt.Fprintln(os.Stderr, err)
	}
	return cmdutil.ExitCode(err)
}

// campaign kills commands. The stacks are in moto alone: what the engine does when it is killed is tested in tests/interruption.
type campaign struct {
	*life
	random    *rand.Rand
	outputs   map[string]map[string]any
	registry  map[string]*opstest.Registry
	mutex     sync.Mutex
	seen      int // calls of the command that runs
	killAt    int // the call at which it is killed; 0 is never
	process   *os.Process
	killed    bool
	version   int
	kills     int
	atProcess map[string]int // kills by command
}

// lifeKills is how many commands are killed.
const lifeKills = 30

func newCampaign(t *testing.T) *campaign {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("ITRACK_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "ITRACK_SEED")
		seed = given
	}
	t.Logf("seed %d (repeat with ITRACK_SEED=%d)", seed, seed)
	c := &campaign{life: newLife(t), random: rand.New(rand.NewPCG(seed, 2)), outputs: map[string]map[string]any{},
		registry: map[string]*opstest.Registry{}, atProcess: map[string]int{}}
	var said bytes.Buffer
	for _, environment := range []string{"staging", "production"} {
		env, err := c.factory(&said, &said).Environment(context.Background(), environment)
		require.NoError(t, err)
		made := opstest.Stack(t, c.cloud, env)
		images := opstest.NewRegistry(t, env.Account)
		images.Serve(&made)
		images.Mirror(t, env)
		images.Watch(c.see)
		opstest.Targets(t, env, "backend")
		opstest.Site(t, c.cloud, env, made)
		text, err := json.Marshal(made)
		require.NoError(t, err)
		var values map[string]any
		require.NoError(t, json.Unmarshal(text, &values))
		c.mirrored[environment], c.outputs[environment], c.registry[environment] = made, values, images
	}
	c.cloud.Intercept(func(opstest.Call) (opstest.Answer, bool) { c.see(); return opstest.Answer{}, false })
	return c
}

// see counts a call of the command, and kills the command at the drawn one: whether AWS does it all the same is chance, as in life.
func (c *campaign) see() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.seen++
	if c.killAt > 0 && c.seen == c.killAt && c.process != nil {
		c.killed = c.process.Kill() == nil
	}
}

// command runs a command in a process of its own, killed at that call, and tells its exit code, or -1 when it was killed.
func (c *campaign) command(killAt int, args ...string) (code int, said string) {
	c.t.Helper()
	told, err := json.Marshal(child{Project: c.project, Repository: c.repository, Outputs: c.outputs, Args: args})
	require.NoError(c.t, err)
	self, err := os.Executable()
	require.NoError(c.t, err)
	var out bytes.Buffer
	process := exec.Command(self)
	process.Env = append(os.Environ(), childVariable+"="+string(told))
	process.Dir, process.Stdout, process.Stderr = c.project, &out, &out
	process.WaitDelay = 10 * time.Second
	c.mutex.Lock()
	c.seen, c.killAt, c.killed = 0, killAt, false
	err = process.Start()
	c.process = process.Process
	c.mutex.Unlock()
	require.NoError(c.t, err)
	_ = process.Wait() // the exit code is asked for below
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.process = nil
	if c.killed {
		return -1, out.String()
	}
	return process.ProcessState.ExitCode(), out.String()
}

// interrupt kills a command at a drawn call, and then lets it run to its end: it has to end well. A command that was through
// before its end came counts for nothing.
func (c *campaign) interrupt(within int, args ...string) {
	c.t.Helper()
	at := 1 + c.random.IntN(within)
	code, said := c.command(at, args...)
	if code == -1 {
		c.kills++
		c.atProcess[args[0]]++
	} else {
		require.Equal(c.t, cmdutil.ExitOK, code, "itrack %s\n%s", strings.Join(args, " "), said)
	}
	code, said = c.command(0, args...)
	require.Equal(c.t, cmdutil.ExitOK, code, "itrack %s after a kill at call %d\n%s", strings.Join(args, " "), at, said)
}

// built makes the next version: image, functions and frontend.
func (c *campaign) built() (digest, frontend string) {
	c.t.Helper()
	c.version++
	digest = c.image(fmt.Sprintf("v1.0.%d", c.version))
	for function := range c.mirrored["staging"].Functions {
		c.write("build/functions/"+function+".zip", string(opstest.Zip(c.t, fmt.Sprintf("%s %d", function, c.version))))
	}
	return digest, c.frontend(c.version)
}

func TestKilledCommandsAreCompletedByTheNextRun(t *testing.T) {
	c := newCampaign(t)
	ctx := context.Background()
	var said bytes.Buffer
	staging, err := c.factory(&said, &said).Environment(ctx, "staging")
	require.NoError(t, err)
	out := c.mirrored["staging"]
	c.interrupt(30, "setup-state", "staging")
	var digest, frontend string
	deployed := 0
	for c.kills < lifeKills {
		switch c.random.IntN(6) {
		case 0:
			c.killCreateSecrets(ctx, staging)
		case 1:
			c.killRotation(ctx, staging)
		case 2, 3:
			digest, frontend = c.built()
			c.interrupt(40, "push", "staging")
			require.NoError(t, registry.Verify(ctx, staging, out, "backend", digest))
			c.interrupt(60, "deploy-apps", "staging", "--image", "backend="+digest, "--frontend", frontend)
			require.Equal(t, digest, c.running("staging"))
			c.siteIsWhole(ctx, staging, frontend)
			deployed++
		case 4:
			if digest != "" && deployed > 1 {
				c.killRollback(ctx, staging)
				digest = ""
			}
		case 5:
			if digest != "" {
				c.commit()
				c.interrupt(90, "promote", "staging", "production", "--yes", "--tested", c.git("rev-parse", "HEAD"))
				require.Equal(t, digest, c.running("production"))
			}
		}
	}
	t.Logf("%d kills: %v", c.kills, c.atProcess)
}

// values are the secrets that exist, by short name.
func (c *campaign) values(ctx context.Context, env *ops.Environment) map[string]string {
	c.t.Helper()
	values := map[string]string{}
	for _, name := range []string{"db_password", "jwt_secret", "api_key"} {
		found, err := env.Primary().Secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("itrack/staging/" + name)})
		if ops.IsMissing(err) {
			continue
		}
		require.NoError(c.t, err)
		values[name] = aws.ToString(found.SecretString)
	}
	return values
}

func (c *campaign) killCreateSecrets(ctx context.Context, env *ops.Environment) {
	c.t.Helper()
	for name := range c.values(ctx, env) {
		_, err := env.Primary().Secrets().DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("itrack/staging/" + name), ForceDeleteWithoutRecovery: aws.Bool(true)})
		require.NoError(c.t, err)
	}
	code, said := c.command(1+c.random.IntN(12), "create-secrets", "staging")
	if code == -1 {
		c.kills++
		c.atProcess["create-secrets"]++
	} else {
		require.Equal(c.t, cmdutil.ExitOK, code, said)
	}
	half := c.values(ctx, env)
	code, said = c.command(0, "create-secrets", "staging")
	require.Equal(c.t, cmdutil.ExitOK, code, said)
	whole := c.values(ctx, env)
	require.Len(c.t, whole, 3)
	for name, value := range half {
		require.Equal(c.t, value, whole[name], "a value that was made stays: somebody may have it by now")
		require.NotContains(c.t, said, value)
	}
}

// killRotation kills a rotation. If its write was done the next run says so instead of dropping the first key.
func (c *campaign) killRotation(ctx context.Context, env *ops.Environment) {
	c.t.Helper()
	code, said := c.command(0, "create-secrets", "staging")
	require.Equal(c.t, cmdutil.ExitOK, code, said)
	code, said = c.command(0, "create-secrets", "staging", "--rotate", "jwt_secret", "--finish")
	require.Equal(c.t, cmdutil.ExitOK, code, said)
	first := c.values(ctx, env)["jwt_secret"]
	code, _ = c.command(1+c.random.IntN(10), "create-secrets", "staging", "--rotate", "jwt_secret")
	if code == -1 {
		c.kills++
		c.atProcess["create-secrets --rotate"]++
	}
	written := c.values(ctx, env)["jwt_secret"] != first
	code, said = c.command(0, "create-secrets", "staging", "--rotate", "jwt_secret")
	if written {
		require.Equal(c.t, cmdutil.ExitRefused, code, said)
		require.Contains(c.t, said, "a rotation of it is under way")
	} else {
		require.Equal(c.t, cmdutil.ExitOK, code, said)
	}
	var both struct{ Current, Previous string }
	require.NoError(c.t, json.Unmarshal([]byte(c.values(ctx, env)["jwt_secret"]), &both))
	require.Equal(c.t, first, both.Previous, "who signed in with the first key is still let in")
}

func (c *campaign) killRollback(ctx context.Context, env *ops.Environment) {
	c.t.Helper()
	before := c.running("staging")
	candidates, err := deliver.Candidates(ctx, env, c.mirrored["staging"], "backend")
	require.NoError(c.t, err)
	c.interrupt(40, "rollback", "staging")
	after := c.running("staging")
	known := false
	for _, candidate := range candidates {
		known = known || strings.Contains(fmt.Sprintf("%+v", candidate), after)
	}
	require.True(c.t, after != before && known || len(candidates) < 2, "it runs %s, before it was %s", after, before)
}

// siteIsWhole: every page that visitors get is the build's, and what it loads is there.
func (c *campaign) siteIsWhole(ctx context.Context, env *ops.Environment, dir string) {
	c.t.Helper()
	bucket := c.mirrored["staging"].SiteBucket
	require.NoError(c.t, filepath.WalkDir(dir, func(path string, item os.DirEntry, err error) error {
		if err != nil || item.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found, err := env.Primary().S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(filepath.ToSlash(key))})
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		defer found.Body.Close()
		got := bytes.Buffer{}
		if _, err := got.ReadFrom(found.Body); err != nil {
			return err
		}
		if got.String() != string(want) {
			return fmt.Errorf("%s is another file", key)
		}
		return nil
	}))
	again, err := site.Upload(ctx, env, c.mirrored["staging"], dir, site.Options{DryRun: true})
	require.NoError(c.t, err)
	require.False(c.t, again.Changed(), "the site is as it has to be")
}
