package cloud

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const account = "111122223333"

// TestMain lets the test start itself as another process that writes to the same cloud.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLOUD_TEST_WRITER"); dir != "" {
		c, err := Open(dir)
		if err == nil {
			err = writeMany(c, "process-"+os.Getenv("CLOUD_TEST_NAME"), 50)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func put(c *Cloud, id string, keys ...string) error {
	return c.Do(func(tx *Tx) error {
		for _, key := range keys {
			if tx.ByKey(key) != nil {
				return fmt.Errorf("%s is taken", key)
			}
		}
		return tx.Put(&Object{Account: account, Region: "us-east-1", Type: "t", ID: id, ARN: "arn:" + id, Keys: keys,
			State: resource.PropertyMap{"n": resource.NewNumberProperty(1)}})
	})
}

func writeMany(c *Cloud, prefix string, n int) error {
	for i := range n {
		if err := put(c, fmt.Sprintf("%s-%d", prefix, i)); err != nil {
			return err
		}
	}
	return nil
}

func open(t *testing.T, dir string) *Cloud {
	t.Helper()
	c, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestConcurrentProcessesAndGoroutinesLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range 4 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "CLOUD_TEST_WRITER="+dir, fmt.Sprintf("CLOUD_TEST_NAME=%d", i))
			if out, err := cmd.CombinedOutput(); err != nil {
				errs <- fmt.Errorf("%w: %s", err, out)
			}
		})
	}
	c := open(t, dir)
	for i := range 4 {
		wg.Go(func() { errs <- writeMany(c, fmt.Sprintf("goroutine-%d", i), 50) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	objects, err := open(t, dir).Objects(account)
	require.NoError(t, err)
	serials := map[int64]bool{}
	for _, o := range objects {
		serials[o.Serial] = true
	}
	assert.Len(t, objects, 400)
	assert.Len(t, serials, 400, "serials are never used twice")
}

func TestANameIsTakenOnceAcrossClouds(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	require.NoError(t, put(a, "one", "name"))
	require.ErrorContains(t, put(b, "two", "name"), "name is taken")
	require.NoError(t, b.Remove("one"))
	require.NoError(t, put(a, "three", "name"), "a deleted object frees its name")
}

func TestATornLastLineIsDropped(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	require.NoError(t, put(c, "one"))
	whole, err := os.ReadFile(filepath.Join(dir, journalName))
	require.NoError(t, err)
	torn := append(append([]byte{}, whole...), []byte(`{"op":"put","object":{"serial":2,"acc`)...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName), torn, 0o600))

	reader := open(t, dir)
	objects, err := reader.Objects(account)
	require.NoError(t, err)
	assert.Len(t, objects, 1, "a reader does not see half an object")
	require.NoError(t, put(c, "two"))
	objects, err = reader.Objects(account)
	require.NoError(t, err)
	assert.Len(t, objects, 2, "the next writer cuts the torn line off")
}

func TestADamagedJournalIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, journalName), []byte("not json\n"), 0o600))
	_, err := open(t, dir).Objects(account)
	require.ErrorContains(t, err, "the journal is damaged")
}

func TestWhatFailedIsForgotten(t *testing.T) {
	c := open(t, t.TempDir())
	require.NoError(t, put(c, "one"))
	err := c.Do(func(tx *Tx) error {
		if err := tx.Put(&Object{Account: account, Region: "us-east-1", Type: "t", ID: "two"}); err != nil {
			return err
		}
		return fmt.Errorf("refused")
	})
	require.ErrorContains(t, err, "refused")
	objects, err := c.Objects(account)
	require.NoError(t, err)
	assert.Len(t, objects, 1)
}

func TestAssetsAndNestedValuesSurvive(t *testing.T) {
	dir := t.TempDir()
	asset, err := resource.NewTextAsset("hello")
	require.NoError(t, err)
	state := resource.PropertyMap{"code": resource.NewAssetProperty(asset),
		"list": resource.NewArrayProperty([]resource.PropertyValue{resource.NewObjectProperty(resource.PropertyMap{"a": resource.NewBoolProperty(true)})})}
	require.NoError(t, open(t, dir).Do(func(tx *Tx) error {
		return tx.Put(&Object{Account: account, Region: "us-east-1", Type: "t", ID: "x", State: state})
	}))
	objects, err := open(t, dir).Objects(account)
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, asset.Hash, objects[0].State["code"].AssetValue().Hash)
	assert.True(t, state["list"].DeepEquals(objects[0].State["list"]))
}

func TestSeedIsIdempotent(t *testing.T) {
	c := open(t, t.TempDir())
	seed := Seed{Region: "us-east-1", SecretNames: []string{"itrack/staging/db_password"}, Zones: []string{"example.com"}}
	require.NoError(t, c.Seed(account, seed))
	before, err := c.Objects(account)
	require.NoError(t, err)
	require.NoError(t, c.Seed(account, seed))
	after, err := c.Objects(account)
	require.NoError(t, err)
	assert.Len(t, after, 2)
	assert.Equal(t, before[0].ARN, after[0].ARN)
}

func TestFailuresAreReadFromAMark(t *testing.T) {
	dir := t.TempDir()
	writer := open(t, dir)
	require.NoError(t, writer.RecordFailure(Failure{Message: "old"}))
	reader := open(t, dir)
	require.NoError(t, writer.RecordFailure(Failure{Message: "new", Property: "name"}))
	failures, err := reader.Failures()
	require.NoError(t, err)
	assert.Equal(t, []Failure{{Message: "new", Property: "name"}}, failures)
}

func TestMutateChangesACopy(t *testing.T) {
	c := open(t, t.TempDir())
	require.NoError(t, put(c, "one"))
	before, err := c.Objects(account)
	require.NoError(t, err)
	require.NoError(t, c.Mutate("arn:one", func(state resource.PropertyMap) { state["n"] = resource.NewNumberProperty(2) }))
	after, err := c.Objects(account)
	require.NoError(t, err)
	assert.Equal(t, float64(1), before[0].State["n"].NumberValue())
	assert.Equal(t, float64(2), after[0].State["n"].NumberValue())
	require.ErrorContains(t, c.Mutate("nothing", func(resource.PropertyMap) {}), "no object with the id")
}
