package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"github.com/itrack/itrack/infra"
)

// shape is a part of the configuration's JSON schema.
type shape map[string]any

func (n shape) at(key string) shape {
	child, _ := n[key].(map[string]any)
	return child
}

func (n shape) text(key string) string {
	value, _ := n[key].(string)
	return value
}

func (n shape) number(key string) (float64, bool) {
	value, ok := n[key].(float64)
	return value, ok
}

func (n shape) list(key string) []any {
	value, _ := n[key].([]any)
	return value
}

// schema is the schema of the keys `itrack:…`, as editors get it.
var schema = sync.OnceValue(func() shape {
	text, err := infra.ConfigSchema()
	if err != nil {
		panic(err)
	}
	var file shape
	if err := json.Unmarshal(text, &file); err != nil {
		panic(err)
	}
	return file.at("properties").at("config")
})

// leaves calls visit for every key that holds a value, with its path: `*` stands for the names of a map.
func (n shape) leaves(path string, visit func(path string, n shape)) {
	n.visit(path, func(path string, n shape) {
		if n.text("type") != "object" {
			visit(path, n)
		}
	})
}

// visit calls visit for every shape below this one, and this one.
func (n shape) visit(path string, visit func(path string, n shape)) {
	visit(path, n)
	for _, key := range slices.Sorted(maps.Keys(n.at("properties"))) {
		n.at("properties").at(key).visit(strings.TrimPrefix(path+"."+key, "."), visit)
	}
	if each := n.at("additionalProperties"); each != nil {
		each.visit(path+".*", visit)
	}
}

// drawing draws configurations. With whole, every key is there.
type drawing struct {
	*rapid.T
	whole bool
}

// configuration draws a valid stack configuration. Each key is drawn by its own constraints in the schema, by realistic
// where the schema allows more than AWS knows; settle then makes the keys agree that depend on each other.
func (d drawing) configuration() map[string]any {
	config := d.value("", schema()).(map[string]any)
	config["aws:region"] = rapid.SampledFrom(places).Draw(d.T, "aws:region")
	d.settle(settings{config})
	return config
}

var places = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"}

func (d drawing) value(path string, n shape) any {
	if draw, special := realistic[path]; special {
		return draw(d.T, path)
	}
	if values := n.list("enum"); len(values) > 0 {
		return whole(rapid.SampledFrom(values).Draw(d.T, path))
	}
	switch n.text("type") {
	case "object":
		return d.object(path, n)
	case "array":
		return d.list(path, n)
	case "boolean":
		return rapid.Bool().Draw(d.T, path)
	case "integer":
		least, _ := n.number("minimum")
		most, _ := n.number("maximum")
		return rapid.IntRange(int(least), int(most)).Draw(d.T, path)
	case "number":
		least, _ := n.number("minimum")
		most, _ := n.number("maximum")
		return rapid.Float64Range(least, most).Draw(d.T, path)
	}
	if pattern := n.text("pattern"); pattern != "" {
		return rapid.StringMatching(strings.TrimSuffix(pattern, "$")+"$").Filter(func(s string) bool { return len(s) <= 60 }).Draw(d.T, path)
	}
	return rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9 /_.-]{0,20}[A-Za-z0-9]`).Draw(d.T, path)
}

// whole turns JSON's numbers into integers, which all enumerated numbers of the schema are.
func whole(value any) any {
	if number, is := value.(float64); is {
		return int(number)
	}
	return value
}

func (d drawing) object(path string, n shape) any {
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(n.at("properties"))) {
		at := strings.TrimPrefix(path+"."+key, ".")
		if d.whole || slices.Contains(n.list("required"), any(key)) || rapid.IntRange(0, 2).Draw(d.T, at+"?") > 0 {
			out[key] = d.value(at, n.at("properties").at(key))
		}
	}
	if each := n.at("additionalProperties"); each != nil {
		for _, name := range d.names(path) {
			out[name] = d.value(path+".*", each)
		}
	}
	return out
}

// entryNames are what entries of maps are called.
var entryNames = map[string][]string{
	"itrack:services":  {"backend", "audit", "search-index", "a-very-long-servicex"},
	"itrack:functions": {"item-events", "release-check", "restore-check", "a-very-long-functio"},
	"itrack:tags":      {"Team", "CostCentre", "data-class", "owner:unit"},
}

func (d drawing) names(path string) []string {
	pool, known := entryNames[path]
	if !known {
		pool = []string{"MODE", "LOG_LEVEL", "feature_x"}
	}
	least := 0
	if d.whole || path == "itrack:services" {
		least = 1
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(pool), least, 3, rapid.ID).Draw(d.T, path+" names")
}

func (d drawing) list(path string, n shape) any {
	most, limited := n.number("maxItems")
	if !limited || most > 3 {
		most = 3
	}
	least := 0
	if d.whole {
		least = 1
	}
	element := rapid.Custom(func(t *rapid.T) string { return drawing{t, d.whole}.value(path+"[]", n.at("items")).(string) })
	values := rapid.SliceOfNDistinct(element, least, int(most), rapid.ID).Draw(d.T, path)
	out := make([]any, len(values))
	for i, value := range values {
		out[i] = value
	}
	return out
}

// among draws one of the values.
func among(values ...string) func(*rapid.T, string) any {
	return func(t *rapid.T, path string) any { return rapid.SampledFrom(values).Draw(t, path) }
}

// realistic draws what the schema can only describe by its form.
var realistic = map[string]func(*rapid.T, string) any{
	"itrack:domain":                          among("itrack.example.com", "example.org", "items.a-rather-long-company-name.example.net"),
	"itrack:recovery.region":                 among(places...),
	"itrack:alerts.emails[]":                 among("oncall@example.com", "platform+aws@example.org", "a.b@sub.example.net"),
	"itrack:account.anomalyMonitorArn":       among("arn:aws:ce::111122223333:anomalymonitor/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "arn:aws:ce::111122223333:anomalymonitor/1"),
	"itrack:network.interfaceEndpoints[]":    among("ecr.api", "ecr.dkr", "ec2", "logs", "secretsmanager", "kms", "sts", "ssm", "ssmmessages", "sqs"),
	"itrack:network.allowEgress[]":           among("203.0.113.0/24", "198.51.100.7/32", "0.0.0.0/0"),
	"itrack:database.class":                  among("db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.r7g.large", "db.m7g.xlarge"),
	"itrack:database.engineVersion":          among("8.4", "8.4.5", "8.4.6"),
	"itrack:database.name":                   among("itrack", "items_2", "inventory"),
	"itrack:services.*.openapi":              among("service.yaml"),
	"itrack:services.*.bootstrapImage.image": among("public.ecr.aws/docker/library/python:3.13-alpine", "public.ecr.aws/nginx/nginx:1.27", "registry.example.com:5000/team/app@sha256:"+strings.Repeat("0a", 32)),
	"itrack:functions.*.stream":              among("items"),
	"itrack:waf.countries.codes[]":           among("DE", "US", "KP", "JP"),
	"itrack:bastion.instanceType":            among("t4g.nano", "t4g.small", "m7g.medium"),
	"itrack:backup.restoreTest.schedule":     among("cron(0 6 ? * SUN *)", "cron(30 2 1 * ? *)"),
	"itrack:api.corsOrigins[]":               among("https://partner.example.com", "http://localhost:3000"),
	"itrack:network.cidr": func(t *rapid.T, path string) any {
		bits := rapid.IntRange(16, 22).Draw(t, path+" bits")
		second := rapid.IntRange(0, 15).Draw(t, path+" second")
		third := rapid.IntRange(0, 255).Draw(t, path+" third") &^ (1<<(24-bits) - 1)
		if bits <= 16 {
			third = 0
		}
		first := rapid.SampledFrom([]string{"10.%d", "172.%d"}).Draw(t, path+" first")
		return fmt.Sprintf(first+".%d.0/%d", 16+second, third, bits)
	},
	"itrack:database.backupWindow": func(t *rapid.T, path string) any {
		hour := rapid.IntRange(6, 10).Draw(t, path) // clear of the default maintenance window
		return fmt.Sprintf("%02d:00-%02d:30", hour, hour)
	},
	"itrack:database.maintenanceWindow": func(t *rapid.T, path string) any {
		hour := rapid.IntRange(12, 22).Draw(t, path)
		day := rapid.SampledFrom([]string{"mon", "wed", "sun"}).Draw(t, path+" day")
		return fmt.Sprintf("%s:%02d:00-%s:%02d:45", day, hour, day, hour)
	},
}
