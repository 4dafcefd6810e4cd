package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
)

// How many drawn configurations are run with mocks and deployed into the stand-in AWS; ITRACK_SOAK multiplies both.
const (
	mockedConfigurations    = 30
	rehearsedConfigurations = 5
)

// soak is how many times as much the campaigns do: 1, or what ITRACK_SOAK says.
func soak(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ITRACK_SOAK")
	if text == "" {
		return 1
	}
	times, err := strconv.Atoi(text)
	require.NoError(t, err, "ITRACK_SOAK is a number")
	return times
}

// drawn is the configuration of a seed, the same in every run. Every third one has every key.
func drawn(seed int) map[string]any {
	return rapid.Custom(func(t *rapid.T) map[string]any { return drawing{t, seed%3 == 2}.configuration() }).Example(seed)
}

func decoded(config map[string]any) error { return decodedAs("prop", config) }

func decodedAs(stack string, config map[string]any) error {
	raw := map[string]any{}
	for key, value := range config {
		if name, ok := strings.CutPrefix(key, "itrack:"); ok {
			raw[name] = value
		}
	}
	_, err := infra.DecodeSettings(stack, settings{config}.text("aws:region"), raw)
	return err
}

func indented(config map[string]any) string {
	text, err := yaml.Marshal(config)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// What the generator draws is valid, and no key of the schema is always absent or always the same: a key that is never
// varied is a key whose faults no drawn configuration finds.
func TestEveryKeyIsVaried(t *testing.T) {
	seen := map[string]map[string]bool{}
	var note func(path string, n shape, value any)
	note = func(path string, n shape, value any) {
		object, is := value.(map[string]any)
		if !is {
			text, err := json.Marshal(value)
			require.NoError(t, err)
			if seen[path] == nil {
				seen[path] = map[string]bool{}
			}
			seen[path][string(text)] = true
			return
		}
		for key, child := range object {
			if each := n.at("additionalProperties"); each != nil {
				note(path+".*", each, child)
			} else if next := n.at("properties").at(key); next != nil {
				note(strings.TrimPrefix(path+"."+key, "."), next, child)
			}
		}
	}
	for seed := range 200 {
		config := drawn(seed)
		require.NoErrorf(t, decoded(config), "seed %d:\n%s", seed, indented(config))
		note("", schema(), config)
	}
	keys := 0
	schema().leaves("", func(path string, n shape) {
		keys++
		least := 2
		if len(n.list("enum")) == 1 {
			least = 1
		}
		assert.GreaterOrEqualf(t, len(seen[path]), least, "%s is never varied; it was drawn as %v", path, slices.Sorted(maps.Keys(seen[path])))
	})
	assert.Greater(t, keys, 120)
}

// Every valid configuration makes a program whose resources keep what the platform promises.
func TestValidConfigurationsKeepThePromises(t *testing.T) {
	t.Parallel()
	for seed := range mockedConfigurations * soak(t) {
		config := drawn(1000 + seed)
		result := &recording{}
		runConfig(t, "prop", config, result)
		if !assert.NoErrorf(t, result.Err, "seed %d:\n%s", 1000+seed, indented(config)) {
			continue
		}
		for _, broken := range brokenPromises(result, config) {
			t.Errorf("seed %d: %s\n%s", 1000+seed, broken, indented(config))
		}
	}
}

// Every valid configuration deploys into the stand-in AWS under all its rules, and a second run changes nothing.
func TestValidConfigurationsDeploy(t *testing.T) {
	t.Parallel()
	for seed := range rehearsedConfigurations * soak(t) {
		t.Run(strconv.Itoa(2000+seed), func(t *testing.T) {
			t.Parallel()
			config := drawn(2000 + seed)
			deployable(settings{config})
			withinQuotas(settings{config})
			require.NoError(t, decoded(config))
			o, err := options(t.TempDir(), "prop")
			require.NoError(t, err)
			o.Project = programRoot(t, "prop", config)
			text, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(o.Project, "Pulumi.yaml"), text, 0o600))
			report, err := engine.Rehearse(context.Background(), o)
			require.NoError(t, err)
			if !report.Stacks[0].OK {
				t.Log(indented(config))
			}
			requireOK(t, report.Stacks[0])
		})
	}
}

// deployable takes out what needs an account in which something is there already.
func deployable(s settings) {
	for _, part := range []string{"apiGatewayRole", "githubProvider", "registry", "backupRegion", "sessionDocument", "anomalyMonitor"} {
		s.set("itrack:account."+part, "make")
	}
	s.unset("itrack:account.anomalyMonitorArn")
	// The program reads its files where the test runs, in the repository: there are these functions and no documents.
	for _, name := range s.entries("itrack:functions") {
		if _, err := os.Stat(filepath.Join(root, "build", "functions", name+".zip")); err != nil {
			s.unset("itrack:functions." + name)
		}
	}
	for _, name := range s.entries("itrack:services") {
		s.unset("itrack:services." + name + ".openapi")
	}
	s.settleHooks()
	for _, name := range s.entries("itrack:services") {
		// An image in a registry of the account would have to be there.
		if at := "itrack:services." + name + ".bootstrapImage.image"; strings.Contains(s.text(at), ".dkr.ecr.") {
			s.set("itrack:network.nat", "single")
			s.unset(at)
		}
	}
}

// withinQuotas makes what is drawn fit a new account, in which the rehearsal applies AWS's default quotas: what is valid for an
// account that asked for more is refused there, and rightly.
func withinQuotas(s settings) {
	services := s.entries("itrack:services")
	for _, name := range services {
		at := "itrack:services." + name
		if s.num(at+".cpu") > 1024 {
			s.set(at+".cpu", 1024)
			s.set(at+".memory", 2048)
		}
		// Six vCPUs in a region, shared by the services.
		most := max(1, 6*1024/len(services)/s.num(at+".cpu"))
		s.set(at+".desired", min(s.num(at+".desired"), most))
		s.set(at+".min", min(s.num(at+".min"), s.num(at+".desired")))
	}
	// 900 executions that may be reserved, shared by the functions.
	for _, name := range s.entries("itrack:functions") {
		at := "itrack:functions." + name
		s.set(at+".concurrency", min(s.num(at+".concurrency"), 900/len(s.entries("itrack:functions"))))
	}
}

// brokenPromises lists where a program's resources are public, in plain text, untagged or misnamed.
func brokenPromises(r *recording, config map[string]any) []string {
	var broken []string
	add := func(d *declared, format string, args ...any) {
		broken = append(broken, d.Type+"::"+d.Name+": "+fmt.Sprintf(format, args...))
	}
	tags := map[string]string{"Project": "itrack", "Environment": "prop", "ManagedBy": "pulumi"}
	if further, set := config["itrack:tags"].(map[string]any); set {
		for key, value := range further {
			tags[key] = fmt.Sprint(value)
		}
	}
	for _, d := range r.Resources {
		for _, promise := range append(promises[d.Type], everywhere...) {
			if text := promise(r, d); text != "" {
				add(d, "%s", text)
			}
		}
		if d.Type == "pulumi:providers:aws" {
			for key, value := range tags {
				if text := d.Inputs["defaultTags"].String(); !strings.Contains(text, key) || !strings.Contains(text, value) {
					add(d, "the default tags lack %s=%s: %s", key, value, text)
				}
			}
		}
	}
	for _, limit := range nameLimits {
		for _, d := range r.all(limit.token) {
			if value, has := d.find(limit.property); has && value.IsString() && len(value.StringValue()) > limit.limit {
				add(d, "the name %s has more than %d characters", value.StringValue(), limit.limit)
			}
		}
	}
	return broken
}
