package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

// wholeConfiguration has every key. Each call returns a new one.
func wholeConfiguration() map[string]any { return drawn(2) }

// violation is one constraint of the schema, broken.
type violation struct {
	// path is the key with real names; at is where the problem must be reported, the key itself by default.
	path, at, constraint string
	value                any
	remove               bool
}

// violations breaks every constraint of the schema once, in a configuration that has every key.
func violations(config map[string]any) []violation {
	var all []violation
	add := func(path, constraint string, value any) {
		all = append(all, violation{path: path, at: path, constraint: constraint, value: value})
	}
	var walk func(path string, n shape, value any)
	walk = func(path string, n shape, value any) {
		if path != "" {
			add(path, "type", map[string]any{"string": 12345, "integer": "many", "number": "many", "boolean": "perhaps", "array": "text", "object": "text"}[n.text("type")])
		}
		if values := n.list("enum"); len(values) > 0 {
			add(path, "enum", map[bool]any{true: "no-such-value", false: -12345}[n.text("type") == "string"])
		}
		if least, has := n.number("minimum"); has {
			add(path, "minimum", least-1)
		}
		if most, has := n.number("maximum"); has {
			add(path, "maximum", most+1)
		}
		if pattern := n.text("pattern"); pattern != "" {
			add(path, "pattern", mismatch(pattern))
		}
		if most, has := n.number("maxItems"); has {
			add(path, "maxItems", slices.Repeat(value.([]any)[:1], int(most)+1))
		}
		if unique, _ := n["uniqueItems"].(bool); unique {
			add(path, "uniqueItems", slices.Repeat(value.([]any)[:1], 2))
		}
		switch held := value.(type) {
		case []any:
			walk(path+"[0]", n.at("items"), held[0])
		case map[string]any:
			for _, required := range n.list("required") {
				at := strings.TrimPrefix(path+"."+required.(string), ".")
				all = append(all, violation{path: at, at: at, constraint: "required", remove: true})
			}
			if each := n.at("additionalProperties"); each != nil {
				name := slices.Sorted(maps.Keys(held))[0]
				walk(path+"."+name, each, held[name])
				return
			}
			unknown := strings.TrimPrefix(path+".noSuchKey", ".")
			if path == "" {
				unknown = "itrack:noSuchKey"
			}
			add(unknown, "additionalProperties", 1)
			for _, key := range slices.Sorted(maps.Keys(n.at("properties"))) {
				walk(strings.TrimPrefix(path+"."+key, "."), n.at("properties").at(key), held[key])
			}
		}
	}
	walk("", schema(), config)
	return all
}

// mismatch is a text that a pattern does not match.
func mismatch(pattern string) string {
	matcher := regexp.MustCompile(pattern)
	for _, text := range []string{"!!", "UPPER lower", "-", ""} {
		if !matcher.MatchString(text) {
			return text
		}
	}
	panic("everything matches " + pattern)
}

// Each constraint of the schema, broken once, is refused with the path of the key and by that constraint's words, and
// nothing else is complained of.
func TestInvalidConfigurationsAreRefused(t *testing.T) {
	kinds := map[string]int{}
	for _, broken := range violations(wholeConfiguration()) {
		kinds[broken.constraint]++
		t.Run(broken.path+" "+broken.constraint, func(t *testing.T) {
			config := wholeConfiguration()
			put(settings{config}, broken)
			failure := refusedWith(t, config)
			paths := map[string]bool{}
			for _, problem := range failure.Problems {
				paths[problem.Path] = true
				assert.NotEmpty(t, problem.Rule)
			}
			assert.Equal(t, map[string]bool{broken.at: true}, paths, failure.Error())
		})
	}
	for _, kind := range constraints(t) {
		assert.Positivef(t, kinds[kind], "no key breaks %s", kind)
	}
}

// constraints are the kinds of constraints that the schema has.
func constraints(t *testing.T) []string {
	known := []string{"type", "enum", "minimum", "maximum", "pattern", "maxItems", "uniqueItems", "required", "additionalProperties"}
	// format repeats what the pattern of the same key says more strictly; the others constrain nothing.
	silent := []string{"properties", "items", "description", "default", "format", "patternProperties"}
	found := map[string]bool{}
	schema().visit("", func(path string, n shape) {
		for keyword := range n {
			if slices.Contains(known, keyword) {
				found[keyword] = true
			} else {
				assert.Containsf(t, silent, keyword, "%s has a constraint that nothing here breaks", path)
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}

func put(s settings, v violation) {
	if path, first := strings.CutSuffix(v.path, "[0]"); first {
		list := slices.Clone(s.get(path).([]any))
		list[0] = v.value
		s.set(path, list)
		return
	}
	if v.remove {
		s.unset(v.path)
		return
	}
	s.set(v.path, v.value)
}

func refusedWith(t *testing.T, config map[string]any) *infra.ConfigError {
	t.Helper()
	// As from a stack file: numbers are JSON numbers.
	text, err := json.Marshal(config)
	require.NoError(t, err)
	var plain map[string]any
	require.NoError(t, json.Unmarshal(text, &plain))
	err = decoded(plain)
	var failure *infra.ConfigError
	require.Truef(t, errors.As(err, &failure), "the configuration is accepted, or refused without a path: %v", err)
	return failure
}

// crossed are settings that are fine by themselves and do not go together: what is laid over a configuration that has every
// key, and where the problem must be reported.
var crossed = []struct {
	at  string
	set map[string]any
}{
	{"itrack:recovery.region", map[string]any{"aws:region": "us-west-2", "itrack:recovery.region": "us-west-2"}},
	{"aws:region", map[string]any{"aws:region": ""}},
	{"itrack:account.anomalyMonitorArn", map[string]any{"itrack:account.anomalyMonitor": "use", "itrack:account.anomalyMonitorArn": nil}},
	{"itrack:tags.Project", map[string]any{"itrack:tags": map[string]any{"Project": "other"}}},
	{"itrack:archive.coldAfterDays", map[string]any{"itrack:archive.coldAfterDays": 90, "itrack:archive.retentionDays": 60}},
	{"itrack:network.cidr", map[string]any{"itrack:network.cidr": "10.300.0.0/16"}},
	{"itrack:network.cidr", map[string]any{"itrack:network.cidr": "10.1.1.0/16"}},
	{"itrack:network.cidr", map[string]any{"itrack:network.cidr": "10.1.0.0/24"}},
	{"itrack:network.cidr", map[string]any{"itrack:network.cidr": "100.64.0.0/16"}},
	{"itrack:network.allowEgress[0]", map[string]any{"itrack:network.allowEgress": []any{"10.1.1.1/8"}, "itrack:network.nat": "single"}},
	{"itrack:network.allowEgress", map[string]any{"itrack:network.allowEgress": []any{"10.0.0.0/8"}, "itrack:network.nat": "none"}},
	{"itrack:network.interfaceEndpoints", map[string]any{"itrack:network.interfaceEndpoints": []any{"sts"}, "itrack:network.nat": "none"}},
	{"itrack:database.maxStorageGb", map[string]any{"itrack:database.storageGb": 100, "itrack:database.maxStorageGb": 109}},
	{"itrack:database.insights", map[string]any{"itrack:database.class": "db.t4g.small", "itrack:database.insights": "standard"}},
	{"itrack:database.backupWindow", map[string]any{"itrack:database.backupWindow": "29:00-29:30"}},
	{"itrack:database.backupWindow", map[string]any{"itrack:database.backupWindow": "03:00-03:15"}},
	{"itrack:database.maintenanceWindow", map[string]any{"itrack:database.maintenanceWindow": "day:03:00-day:04:00"}},
	{"itrack:database.maintenanceWindow", map[string]any{"itrack:database.maintenanceWindow": "sun:03:00-sun:03:15"}},
	{"itrack:database.maintenanceWindow", map[string]any{"itrack:database.backupWindow": "23:30-00:30", "itrack:database.maintenanceWindow": "mon:00:00-mon:01:00"}},
	{"itrack:database.deletionProtection", map[string]any{"itrack:protect": true, "itrack:database.deletionProtection": false}},
	{"itrack:items.deletionProtection", map[string]any{"itrack:protect": true, "itrack:items.deletionProtection": false}},
	{"itrack:services", map[string]any{"itrack:services": map[string]any{}}},
	{"itrack:services.Backend", map[string]any{"itrack:services.Backend": map[string]any{"path": "/b"}}},
	{"itrack:services.two.path", map[string]any{"itrack:services.one": map[string]any{"path": "/one"}, "itrack:services.two": map[string]any{"path": "/one"}}},
	{"itrack:services.one.path", map[string]any{"itrack:services.one": map[string]any{"path": "/one/"}}},
	{"itrack:services.one.memory", map[string]any{"itrack:services.one": map[string]any{"path": "/one", "cpu": 1024, "memory": 512}}},
	{"itrack:services.one.min", map[string]any{"itrack:services.one": map[string]any{"path": "/one", "min": 5, "max": 4, "desired": 5}}},
	{"itrack:services.one.desired", map[string]any{"itrack:services.one": map[string]any{"path": "/one", "min": 2, "max": 4, "desired": 1}}},
	{"itrack:services.one.bootstrapImage.image", map[string]any{"itrack:services.one": map[string]any{"path": "/one"}, "itrack:network.nat": "none"}},
	{"itrack:services.one.environment.DB_HOST", map[string]any{"itrack:services.one": map[string]any{"path": "/one", "environment": map[string]any{"DB_HOST": "x"}}}},
	{"itrack:functions.Other", map[string]any{"itrack:functions.Other": map[string]any{}}},
	{"itrack:functions.one.hook", map[string]any{"itrack:functions.one": map[string]any{"hook": "deployment", "stream": "items", "vpc": true}}},
	{"itrack:functions.two.hook", map[string]any{"itrack:functions": map[string]any{"one": map[string]any{"hook": "restore", "vpc": true}, "two": map[string]any{"hook": "restore", "vpc": true}}}},
	{"itrack:functions.one.vpc", map[string]any{"itrack:functions": map[string]any{"one": map[string]any{"hook": "restore"}}}},
	{"itrack:functions.one.vpc", map[string]any{"itrack:functions.one": map[string]any{"data": map[string]any{"database": true}}}},
	{"itrack:functions.one.durationMillisAlarm", map[string]any{"itrack:functions.one": map[string]any{"timeout": 3, "durationMillisAlarm": 3001}}},
	{"itrack:functions.one.environment.AWS_REGION", map[string]any{"itrack:functions.one": map[string]any{"environment": map[string]any{"AWS_REGION": "x"}}}},
	{"itrack:backup.dailyDays", map[string]any{"itrack:backup": map[string]any{"dailyDays": 3, "weeklyDays": 10, "lock": map[string]any{"minDays": 7}}}},
	{"itrack:backup.forceDestroy", map[string]any{"itrack:backup": map[string]any{"dailyDays": 10, "weeklyDays": 10, "lock": map[string]any{"minDays": 7}, "forceDestroy": true}}},
	{"itrack:backup.restoreTest", map[string]any{"itrack:functions": map[string]any{}, "itrack:backup": map[string]any{"restoreTest": map[string]any{}}}},
	{"itrack:backup.forceDestroy", map[string]any{"itrack:protect": true, "itrack:backup": map[string]any{"forceDestroy": true}}},
	{"itrack:frontend.forceDestroy", map[string]any{"itrack:protect": true, "itrack:frontend.forceDestroy": true}},
	{"itrack:delivery.traffic", map[string]any{"itrack:functions": map[string]any{}, "itrack:delivery.traffic": "canary"}},
}

// Each rule between keys, broken once, is refused with its path; and no rule of the program is left out.
func TestRulesBetweenKeys(t *testing.T) {
	var said []string
	for _, broken := range crossed {
		config := wholeConfiguration()
		for _, path := range slices.Sorted(maps.Keys(broken.set)) {
			if broken.set[path] == nil {
				settings{config}.unset(path)
				continue
			}
			settings{config}.set(path, broken.set[path])
		}
		failure := refusedWith(t, config)
		var rules []string
		for _, problem := range failure.Problems {
			if problem.Path == broken.at {
				rules = append(rules, problem.Rule)
			}
		}
		assert.NotEmptyf(t, rules, "nothing at %s: %s", broken.at, failure.Error())
		said = append(said, rules...)
	}
	var misnamed *infra.ConfigError
	if assert.ErrorAs(t, decodedAs("Not-A-Name", wholeConfiguration()), &misnamed) {
		for _, problem := range misnamed.Problems {
			said = append(said, problem.Rule)
		}
	}
	for _, rule := range rulesInSource(t) {
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`%[dsqv]`).ReplaceAllString(regexp.QuoteMeta(rule), `.*`))
		assert.Truef(t, slices.ContainsFunc(said, pattern.MatchString), "no configuration here breaks the rule %q", rule)
	}
}

// rulesInSource are the texts of the rules between keys, as infra/ has them.
func rulesInSource(t *testing.T) []string {
	var rules []string
	literal := func(e ast.Expr) {
		if text, is := e.(*ast.BasicLit); is && text.Kind == token.STRING {
			value, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			rules = append(rules, value)
		}
	}
	for _, name := range []string{"config_rules.go", "config_window.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "infra", name), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if function, is := n.Fun.(*ast.SelectorExpr); is && function.Sel.Name == "add" && len(n.Args) >= 3 {
					literal(n.Args[2])
				}
			case *ast.KeyValueExpr:
				if key, is := n.Key.(*ast.Ident); is && key.Name == "Rule" {
					literal(n.Value)
				}
			}
			return true
		})
	}
	require.Greater(t, len(rules), 30)
	return rules
}

// A promise that is broken is seen: the table of promises is no list of wishes.
func TestBrokenPromisesAreSeen(t *testing.T) {
	config := stackConfig(t, "staging", nil)
	result := &recording{}
	runConfig(t, "prop", config, result)
	require.NoError(t, result.Err)
	require.Empty(t, brokenPromises(result, config))
	broken := 0
	for token, each := range promises {
		found := result.all(token)
		if !assert.NotEmptyf(t, found, "staging has no %s: its promises are never looked at", token) {
			continue
		}
		for i, promise := range each {
			blank := &declared{Type: token, Name: "blank"}
			if text := promise(result, blank); text != "" {
				broken++
				continue
			}
			// A promise that forbids a value is content with nothing.
			assert.Containsf(t, fmt.Sprint(token, i), "SecurityGroupIngressRule", "a resource without inputs keeps promise %d of %s", i, token)
		}
	}
	assert.Greater(t, broken, 20)
	open := &declared{Type: "aws:x/y:Z", Name: "open", Inputs: resource.NewPropertyMapFromMap(map[string]any{"publiclyAccessible": true})}
	assert.NotEmpty(t, everywhere[0](result, open))
}
