package infra

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// throttleKey is the field of an operation that says how often it may be called: {rate: 5, burst: 10}, in requests per
// second and at once, by all clients together. What one client may is the web ACL's.
const throttleKey = "x-itrack-throttle"

// routeLimit is the limit of one operation.
type routeLimit struct {
	path, method string
	rate         float64
	burst        int
}

// limit reads an operation's limit; without the field the stage's is enough.
func (r *documentReader) limit(path, method string, operation apiDocument) error {
	value, given := operation[throttleKey]
	if !given {
		return nil
	}
	fields, _ := value.(apiDocument)
	rate, rateOK := limitNumber(fields["rate"])
	burst, burstOK := limitNumber(fields["burst"])
	if !rateOK || !burstOK || len(fields) != 2 || rate <= 0 || burst < 1 || burst != math.Trunc(burst) {
		return fmt.Errorf("%s is %v; it has a rate above 0 and a whole burst of at least 1, such as {rate: 5, burst: 10}", throttleKey, shown(value))
	}
	for _, one := range []struct {
		field, key string
		own        float64
		stage      int
	}{{"rate", "rateLimit", rate, r.stage.RateLimit}, {"burst", "burstLimit", burst, r.stage.BurstLimit}} {
		if one.own > float64(one.stage) {
			return fmt.Errorf("%s.%s is %v, above itrack:api.%s (%d), which would never be reached; lower it in the document, or raise itrack:api.%s",
				throttleKey, one.field, one.own, one.key, one.stage, one.key)
		}
	}
	r.all.limits = append(r.all.limits, routeLimit{path: path, method: strings.ToUpper(method), rate: rate, burst: int(burst)})
	return nil
}

// limitNumber reads a number as YAML and JSON give them.
func limitNumber(value any) (float64, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	}
	return 0, false
}

// shown is a value in an error, always in the same order.
func shown(value any) string {
	fields, ok := value.(apiDocument)
	if !ok {
		return fmt.Sprintf("%v", value)
	}
	parts := make([]string, 0, len(fields))
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s: %v", key, fields[key]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// methodPath addresses a method in a stage's settings. API Gateway wants each slash of the path, the first one too, as ~1;
// another spelling it keeps as well, and never applies.
func (l routeLimit) methodPath() string {
	return strings.ReplaceAll(l.path, "/", "~1") + "/" + l.method
}

// name is the limit's logical name, such as api-post-api-auth-login.
func (l routeLimit) name() string {
	return "api-" + strings.ToLower(l.method) + strings.NewReplacer("/", "-", "{", "", "}", "", "+", "").Replace(l.path)
}

// methodSettings sets the stage's limits, logs and metrics for all methods, and again for each one with a limit of its own:
// settings of one method replace those of all, so that what they leave out would be off.
func (a *Api) methodSettings(ctx *pulumi.Context, args *ApiArgs, api *apigateway.RestApi, stage *apigateway.Stage, limits []routeLimit) error {
	set := func(name, path string, rate float64, burst int) error {
		if _, err := apigateway.NewMethodSettings(ctx, name, &apigateway.MethodSettingsArgs{
			RestApi: api.ID(), StageName: stage.StageName, MethodPath: pulumi.String(path),
			Settings: &apigateway.MethodSettingsSettingsArgs{
				ThrottlingRateLimit: pulumi.Float64(rate), ThrottlingBurstLimit: pulumi.Int(burst),
				MetricsEnabled: pulumi.Bool(true), LoggingLevel: pulumi.String("INFO"),
				// Data traces write whole requests, tokens and passwords among them, into the log.
				DataTraceEnabled: pulumi.Bool(false), CachingEnabled: pulumi.Bool(false), CacheDataEncrypted: pulumi.Bool(true),
			},
		}, pulumi.Parent(a)); err != nil {
			return fmt.Errorf("creating the method settings of %s: %w", path, err)
		}
		return nil
	}
	if err := set("api", "*/*", float64(args.Settings.RateLimit), args.Settings.BurstLimit); err != nil {
		return err
	}
	for _, limit := range limits {
		if err := set(limit.name(), limit.methodPath(), limit.rate, limit.burst); err != nil {
			return err
		}
	}
	return nil
}
