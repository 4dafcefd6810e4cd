// Package tests holds the tests of the stack: with mocks here, with the real engine in the rehearsal tests.
package tests

import (
	"archive/zip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/itrack/itrack/infra"
)

const mockAccount = "123456789012"

// declared is one resource as the program declared it to the engine.
type declared struct {
	Type, Name, ID string
	Inputs         resource.PropertyMap
	// Options as they went over the wire.
	Protect       bool
	IgnoreChanges []string
	Provider      string // urn::id, or empty
	Parent        string
	Dependencies  []string
	RPC           *pulumirpc.RegisterResourceRequest
}

// str is a string input; it fails the test when it is missing or none.
func (d *declared) str(t *testing.T, path string) string {
	t.Helper()
	value := d.value(t, path)
	require.Truef(t, value.IsString(), "%s %s: %s is no string but %v", d.Type, d.Name, path, value)
	return value.StringValue()
}

// num is a numeric input.
func (d *declared) num(t *testing.T, path string) float64 {
	t.Helper()
	value := d.value(t, path)
	require.Truef(t, value.IsNumber(), "%s %s: %s is no number but %v", d.Type, d.Name, path, value)
	return value.NumberValue()
}

// flag is a boolean input.
func (d *declared) flag(t *testing.T, path string) bool {
	t.Helper()
	value := d.value(t, path)
	require.Truef(t, value.IsBool(), "%s %s: %s is no boolean but %v", d.Type, d.Name, path, value)
	return value.BoolValue()
}

// strs is a list of strings.
func (d *declared) strs(t *testing.T, path string) []string {
	t.Helper()
	value := d.value(t, path)
	require.Truef(t, value.IsArray(), "%s %s: %s is no list but %v", d.Type, d.Name, path, value)
	var result []string
	for _, entry := range value.ArrayValue() {
		result = append(result, plain(entry).StringValue())
	}
	return result
}

// value is the input at a path such as rules[0].action; secrets and outputs are unwrapped.
func (d *declared) value(t *testing.T, path string) resource.PropertyValue {
	t.Helper()
	value, ok := d.find(path)
	require.Truef(t, ok, "%s %s has no input %s; it has %v", d.Type, d.Name, path, d.Inputs.StableKeys())
	return value
}

// has tells whether an input is set.
func (d *declared) has(path string) bool { _, ok := d.find(path); return ok }

func (d *declared) find(path string) (resource.PropertyValue, bool) {
	steps, err := resource.ParsePropertyPath(path)
	if err != nil {
		panic(err)
	}
	value := resource.NewObjectProperty(d.Inputs)
	for _, step := range steps {
		value = plain(value)
		next, ok := resource.PropertyPath{step}.Get(value)
		if !ok || next.IsNull() {
			return resource.PropertyValue{}, false
		}
		value = next
	}
	return plain(value), true
}

func plain(value resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case value.IsSecret():
			value = value.SecretValue().Element
		case value.IsOutput():
			value = value.OutputValue().Element
		default:
			return value
		}
	}
}

// document decodes a JSON input, such as a policy.
func (d *declared) document(t *testing.T, path string) map[string]any {
	t.Helper()
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.str(t, path)), &document), "%s %s: %s", d.Type, d.Name, path)
	return document
}

// recording is everything that one run of the stack declared.
type recording struct {
	mutex     sync.Mutex
	Resources []*declared
	// Exports are the stack's outputs, resolved.
	Exports map[string]resource.PropertyValue
	pending sync.WaitGroup
	Err     error
}

// one is the resource of that type and name; the test fails where there is none or more than one.
func (r *recording) one(t *testing.T, token, name string) *declared {
	t.Helper()
	var found []*declared
	for _, candidate := range r.all(token) {
		if candidate.Name == name {
			found = append(found, candidate)
		}
	}
	require.Lenf(t, found, 1, "%s named %s; of that type there are %v", token, name, r.names(token))
	return found[0]
}

// all are the resources of a type, by name.
func (r *recording) all(token string) []*declared {
	var found []*declared
	for _, candidate := range r.Resources {
		if candidate.Type == token {
			found = append(found, candidate)
		}
	}
	slices.SortFunc(found, func(a, b *declared) int { return strings.Compare(a.Name, b.Name) })
	return found
}

func (r *recording) names(token string) []string {
	var names []string
	for _, candidate := range r.all(token) {
		names = append(names, candidate.Name)
	}
	return names
}

var recordings sync.Map // key -> *sync.Once-guarded recording

type onceRecording struct {
	once sync.Once
	*recording
}

// recorded runs the whole stack once with mocks on a real stack file.
func recorded(t *testing.T, stack string) *recording {
	t.Helper()
	return recordedWith(t, stack, nil)
}

// recordedWith does the same with settings laid over the stack file: overlay maps a path such as
// `itrack:services.audit.path` or `itrack:bastion` to a value; nil removes the key. The run must succeed.
func recordedWith(t *testing.T, stack string, overlay map[string]any) *recording {
	t.Helper()
	result := attempt(t, stack, overlay)
	require.NoError(t, result.Err)
	return result
}

// attempt is recordedWith for runs that may fail: the error stands in Err.
func attempt(t *testing.T, stack string, overlay map[string]any) *recording {
	t.Helper()
	key, err := json.Marshal([]any{stack, overlay})
	require.NoError(t, err)
	entry, _ := recordings.LoadOrStore(string(key), &onceRecording{recording: &recording{}})
	once := entry.(*onceRecording)
	once.once.Do(func() { run(t, stack, overlay, once.recording) })
	return once.recording
}

func run(t *testing.T, stack string, overlay map[string]any, into *recording) {
	t.Helper()
	runConfig(t, stack, stackConfig(t, stack, overlay), into)
}

// runConfig runs the whole stack with mocks on a configuration.
func runConfig(t *testing.T, stack string, config map[string]any, into *recording) {
	t.Helper()
	root := programRoot(t, stack, config)
	into.Err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := infra.Stack(ctx); err != nil {
			return err
		}
		into.capture(ctx.GetCurrentExportMap())
		return nil
	}, pulumi.WithMocks("itrack", stack, mocks{into}), func(info *pulumi.RunInfo) {
		info.Config = flatten(t, config)
		info.RootDirectory = root
	})
	if into.Err == nil {
		into.settle(t)
	}
}

// settle waits until every output is in Exports: the engine's end does not wait for what is made of outputs alone.
func (r *recording) settle(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { r.pending.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		require.Fail(t, "an output of the stack was never resolved")
	}
}

// capture resolves outputs into Exports.
func (r *recording) capture(exports map[string]pulumi.Input) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Exports = map[string]resource.PropertyValue{}
	r.pending.Add(len(exports))
	for name, input := range exports {
		output := pulumi.ToOutput(input)
		output.ApplyT(func(value any) (any, error) {
			defer r.pending.Done()
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			var decoded any
			if err := json.Unmarshal(text, &decoded); err != nil {
				return nil, err
			}
			property := resource.NewPropertyValue(decoded)
			if pulumi.IsSecret(output) {
				property = resource.MakeSecret(property)
			}
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.Exports[name] = property
			return value, nil
		})
	}
}

// stackConfig reads a real stack file and lays overlay over it.
func stackConfig(t *testing.T, stack string, overlay map[string]any) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	for _, path := range slices.Sorted(maps.Keys(overlay)) {
		lay(file.Config, path, overlay[path])
	}
	return file.Config
}

func lay(config map[string]any, path string, value any) {
	namespace, rest, _ := strings.Cut(path, ":")
	steps := strings.Split(rest, ".")
	steps[0] = namespace + ":" + steps[0]
	node := config
	for _, step := range steps[:len(steps)-1] {
		next, ok := node[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			node[step] = next
		}
		node = next
	}
	last := steps[len(steps)-1]
	if value == nil {
		delete(node, last)
		return
	}
	node[last] = value
}

// flatten gives config the form in which the engine hands it to a program: text, JSON where it is structured.
func flatten(t *testing.T, config map[string]any) map[string]string {
	t.Helper()
	result := map[string]string{}
	for key, value := range config {
		if text, ok := value.(string); ok {
			result[key] = text
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		result[key] = string(text)
	}
	return result
}

// programRoot is a folder as `make build` leaves it: the stack file and a zip for each function of config.
func programRoot(t *testing.T, stack string, config map[string]any) string {
	t.Helper()
	root := t.TempDir()
	text, err := yaml.Marshal(map[string]any{"config": config})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi."+stack+".yaml"), text, 0o600))
	folder := filepath.Join(root, "build", "functions")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	services, _ := config["itrack:services"].(map[string]any)
	for _, service := range services {
		writeDocument(t, root, service)
	}
	functions, _ := config["itrack:functions"].(map[string]any)
	for name := range functions {
		file, err := os.Create(filepath.Join(folder, name+".zip"))
		require.NoError(t, err)
		archive := zip.NewWriter(file)
		entry, err := archive.Create("bootstrap")
		require.NoError(t, err)
		_, err = entry.Write([]byte("#!/bin/sh\n"))
		require.NoError(t, err)
		require.NoError(t, archive.Close())
		require.NoError(t, file.Close())
	}
	return root
}

// writeDocument writes the OpenAPI document that a service of a drawn configuration names. Those in a folder, which the real
// stack files name, are the repository's.
func writeDocument(t *testing.T, folder string, service any) {
	t.Helper()
	fields, _ := service.(map[string]any)
	name, named := fields["openapi"].(string)
	if !named {
		return
	}
	target := filepath.Join(folder, name)
	if strings.Contains(name, "/") {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755))
		require.NoError(t, os.WriteFile(target, text, 0o600))
		return
	}
	path, _ := fields["path"].(string)
	text, err := yaml.Marshal(map[string]any{
		"openapi": "3.0.3", "info": map[string]any{"title": name, "version": "1"},
		"paths": map[string]any{path + "/things": map[string]any{"get": map[string]any{"responses": map[string]any{"200": map[string]any{"description": "fine"}}}}},
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(target, text, 0o600))
}
