package tests

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bothStacks = []string{"staging", "production"}

// withEverything switches on every optional part, so that structural rules are held against all there is.
var withEverything = map[string]any{
	"itrack:domain":           "itrack.example.com",
	"itrack:alerts.emails":    []string{"oncall@example.com"},
	"itrack:alerts.slack":     map[string]any{"workspace": "T0123456789", "channel": "C0123456789"},
	"itrack:alerts.pagerDuty": "https://events.pagerduty.com/integration/0123456789abcdef/enqueue",
	"itrack:account.costTags": true,
	"itrack:waf.countries":    map[string]any{"mode": "allow", "codes": []string{"DE", "US"}},
	"itrack:waf.largePaths":   []string{"/api/uploads"},
	"itrack:services.audit":   map[string]any{"path": "/audit", "port": 9000, "data": map[string]any{"history": "read"}},
}

// Everything descends from a component of the stack: what has no parent appears nowhere in a review, and inherits
// neither provider nor protection.
func TestEverythingHasAComponentAbove(t *testing.T) {
	for _, stack := range bothStacks {
		for _, resource := range recordedWith(t, stack, withEverything).Resources {
			if strings.HasPrefix(resource.Type, "pulumi:") {
				continue
			}
			// urn:pulumi:stack::project::parent$types$type::name
			if strings.HasPrefix(resource.Type, "itrack:infra:") {
				continue
			}
			assert.Containsf(t, resource.Parent, "::itrack:infra:", "%s: %s %s has the parent %q", stack, resource.Type, resource.Name, resource.Parent)
		}
	}
}

// Every AWS resource names one of the three explicit providers; the default one would put it into a region nobody chose.
func TestEveryResourceHasAnExplicitProvider(t *testing.T) {
	for _, stack := range bothStacks {
		for _, resource := range recordedWith(t, stack, withEverything).Resources {
			if !strings.HasPrefix(resource.Type, "aws:") {
				continue
			}
			assert.Regexpf(t, `::pulumi:providers:aws::(primary|recovery|edge)::`, resource.Provider, "%s: %s %s", stack, resource.Type, resource.Name)
		}
	}
}

// awsx hands its children the provider it was given; without it every user would download a second plugin.
func TestAwsxGetsThePrimaryProvider(t *testing.T) {
	for _, stack := range bothStacks {
		vpc := recorded(t, stack).one(t, "awsx:ec2:Vpc", "network")
		assert.Contains(t, vpc.RPC.GetProviders()["aws"], "::pulumi:providers:aws::primary::")
	}
}

// Logical names are unique per type: the engine refuses two of the same URN, and a name made from a long list is a
// name that changes.
func TestLogicalNames(t *testing.T) {
	for _, stack := range bothStacks {
		seen := map[string]bool{}
		for _, resource := range recordedWith(t, stack, withEverything).Resources {
			key := resource.Type + "::" + resource.Name
			assert.Falsef(t, seen[key], "%s: %s stands twice", stack, key)
			seen[key] = true
			if stack == "staging" { // "production" is also the name of a listener, as ECS and CodeDeploy call it
				assert.NotContainsf(t, resource.Name, stack, "the logical name of %s carries the environment", key)
			}
		}
	}
}

// AWS's limits of names, in characters, as its API references state them.
var nameLimits = []struct {
	token, property string
	limit           int
	pattern         string
}{
	{"aws:lb/targetGroup:TargetGroup", "name", 32, `^[A-Za-z0-9-]+$`},
	{"aws:lb/loadBalancer:LoadBalancer", "name", 32, `^[A-Za-z0-9-]+$`},
	{"aws:iam/role:Role", "name", 64, `^[\w+=,.@-]+$`},
	{"aws:iam/policy:Policy", "name", 128, `^[\w+=,.@-]+$`},
	{"aws:lambda/function:Function", "name", 64, `^[A-Za-z0-9-_]+$`},
	{"aws:s3/bucketV2:BucketV2", "bucket", 63, `^[a-z0-9][a-z0-9.-]+[a-z0-9]$`},
	{"aws:rds/instance:Instance", "identifier", 63, `^[a-z][a-z0-9-]*$`},
	{"aws:cloudwatch/metricAlarm:MetricAlarm", "name", 255, `^[\x20-\x7e]+$`},
	{"aws:dynamodb/table:Table", "name", 255, `^[A-Za-z0-9_.-]{3,}$`},
	{"aws:sqs/queue:Queue", "name", 80, `^[A-Za-z0-9_-]+$`},
	{"aws:cloudwatch/eventRule:EventRule", "name", 64, `^[.\-_A-Za-z0-9]+$`},
	{"aws:backup/vault:Vault", "name", 50, `^[A-Za-z0-9_-]{2,}$`},
	{"aws:wafv2/webAcl:WebAcl", "name", 128, `^[\w-]+$`},
	{"aws:codedeploy/application:Application", "name", 100, `^[\w+=,.@-]+$`},
	{"aws:ecr/repository:Repository", "name", 256, `^[a-z0-9]+([._/-][a-z0-9]+)*$`},
}

func TestPhysicalNamesStayWithinLimits(t *testing.T) {
	overlay := map[string]any{"itrack:services.a-very-long-servicex": map[string]any{"path": "/long"}}
	for _, stack := range bothStacks {
		result := recordedWith(t, stack, overlay)
		for _, rule := range nameLimits {
			found := result.all(rule.token)
			require.NotEmptyf(t, found, "%s declares no %s: the rule would test nothing", stack, rule.token)
			names := map[string]bool{}
			for _, resource := range found {
				name := resource.str(t, rule.property)
				assert.LessOrEqualf(t, len(name), rule.limit, "%s: %s", rule.token, name)
				assert.Regexpf(t, regexp.MustCompile(rule.pattern), name, "%s", rule.token)
				place := resource.Provider + name
				assert.Falsef(t, names[place], "%s: the name %s stands twice in one region", rule.token, name)
				names[place] = true
			}
		}
	}
}

// The three providers differ by region only, carry the stack's tags, and the primary serves the edge in us-east-1.
func TestProviders(t *testing.T) {
	result := recordedWith(t, "production", map[string]any{
		"itrack:tags":           map[string]any{"Team": "equipment"},
		"aws:allowedAccountIds": []string{mockAccount},
		"aws:profile":           "work",
		"aws:maxRetries":        7,
		"aws:endpoints":         []any{map[string]any{"s3": "http://localhost:4566"}},
		"aws:assumeRole":        map[string]any{"roleArn": "arn:aws:iam::123456789012:role/deploy"},
		"aws:defaultTags":       map[string]any{"tags": map[string]any{"Cost": "it", "Project": "other"}},
	})
	providers := result.all("pulumi:providers:aws")
	var names []string
	for _, provider := range providers {
		names = append(names, provider.Name)
		assert.Equal(t, "work", provider.str(t, "profile"))
		assert.Contains(t, provider.Inputs["allowedAccountIds"].String(), mockAccount)
		assert.Contains(t, provider.Inputs["endpoints"].String(), "http://localhost:4566")
		assert.Contains(t, provider.Inputs["assumeRole"].String(), "role/deploy")
		assert.Contains(t, provider.Inputs["maxRetries"].String(), "7")
		tags := provider.Inputs["defaultTags"].String()
		for _, want := range []string{"equipment", "production", "pulumi", "Cost"} {
			assert.Contains(t, tags, want)
		}
		assert.NotContains(t, tags, "other", "the program's own tags win: backup selection goes by them")
	}
	assert.Equal(t, []string{"primary", "recovery"}, names, "us-east-1 is the edge region too: one provider")
	assert.Equal(t, "us-east-1", providers[0].str(t, "region"))
	assert.Equal(t, "us-west-2", providers[1].str(t, "region"))
}

// The same program stands the other way round: us-west-2 with us-east-1 as recovery, which is the edge as well.
func TestTheOtherWayRound(t *testing.T) {
	result := recordedWith(t, "production", map[string]any{"aws:region": "us-west-2", "itrack:recovery.region": "us-east-1"})
	regions := map[string]string{}
	for _, provider := range result.all("pulumi:providers:aws") {
		regions[provider.Name] = provider.str(t, "region")
	}
	assert.Equal(t, map[string]string{"primary": "us-west-2", "recovery": "us-east-1"}, regions)
	// With a third region for the edge there are three.
	result = recordedWith(t, "production", map[string]any{"aws:region": "eu-west-1"})
	names := []string{}
	for _, provider := range result.all("pulumi:providers:aws") {
		names = append(names, provider.Name)
	}
	slices.Sort(names)
	assert.Equal(t, []string{"edge", "primary", "recovery"}, names)
}

func TestConfigErrorStopsBeforeAnythingIsRegistered(t *testing.T) {
	result := attempt(t, "staging", map[string]any{"itrack:network.zones": 9})
	require.Error(t, result.Err)
	assert.Contains(t, result.Err.Error(), "itrack:network.zones: 9 is not allowed: must be at most 4")
	assert.Empty(t, result.Resources, "nothing may be registered before the whole configuration was checked")
}
