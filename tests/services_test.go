package tests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// perService is what every service has, by type: names with %s for the service. A second entry in the stack file, and
// nothing else, must give all of it.
var perService = map[string][]string{
	"aws:ecr/repository:Repository":                             {"%s"},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                   {"%s"},
	"aws:iam/role:Role":                                         {"%s-execution", "%s-task"},
	"aws:iam/policy:Policy":                                     {"%s-execution-start"},
	"aws:ec2/securityGroup:SecurityGroup":                       {"service-%s"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"service-%s-balancer-in"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"service-%s-balancer-out", "service-%s-s3", "service-%s-dynamodb"},
	"aws:lb/targetGroup:TargetGroup":                            {"%s-blue", "%s-green"},
	"aws:lb/listenerRule:ListenerRule":                          {"%s-production", "%s-test"},
	"aws:cloudwatch/logGroup:LogGroup":                          {"service-%s"},
	"aws:ecs/taskDefinition:TaskDefinition":                     {"%s"},
	"aws:ecs/service:Service":                                   {"%s"},
	"aws:appautoscaling/target:Target":                          {"%s"},
	"aws:appautoscaling/policy:Policy":                          {"%s-cpu", "%s-memory", "%s-requests"},
	"aws:codedeploy/deploymentConfig:DeploymentConfig":          {"%s"},
	"aws:codedeploy/deploymentGroup:DeploymentGroup":            {"%s"},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		"service-%s-cpu", "service-%s-memory", "service-%s-tasks", "service-%s-errors", "service-%s-latency", "service-%s-unhealthy",
	},
}

// fourServices are four entries of the map, with as little as an entry may have.
var fourServices = map[string]any{
	"itrack:services.audit":   map[string]any{"path": "/api/audit"},
	"itrack:services.reports": map[string]any{"path": "/reports", "port": 9000, "healthPath": "/up"},
	"itrack:services.front":   map[string]any{"path": "/"},
}

func TestServices(t *testing.T) {
	for _, c := range []struct {
		overlay  map[string]any
		services []string
	}{
		{nil, []string{"backend"}},
		{fourServices, []string{"audit", "backend", "front", "reports"}},
	} {
		result := recordedWith(t, "production", c.overlay)
		for token, patterns := range perService {
			for _, service := range c.services {
				for _, pattern := range patterns {
					result.one(t, token, fmt.Sprintf(pattern, service))
				}
			}
		}
		assert.Equal(t, c.services, result.names(ecsServiceToken))
		assert.Equal(t, c.services, slices.Sorted(maps.Keys(releasesOf(t, result))))
	}
}

// The dashboards show every service.
func TestServicesOnTheDashboard(t *testing.T) {
	var bodies strings.Builder
	for _, dashboard := range recordedWith(t, "production", fourServices).all("aws:cloudwatch/dashboard:Dashboard") {
		bodies.WriteString(dashboard.str(t, "dashboardBody"))
	}
	for _, service := range []string{"audit", "backend", "front", "reports"} {
		assert.Contains(t, bodies.String(), "itrack-"+service+"-service")
	}
}

// What a second service brings changes nothing of the first: not its rules' priorities either, which AWS refuses to
// exchange while they are in use.
func TestServicesLeaveEachOtherAlone(t *testing.T) {
	one, four := recorded(t, "production"), recordedWith(t, "production", fourServices)
	for token, patterns := range perService {
		for _, pattern := range patterns {
			name := fmt.Sprintf(pattern, "backend")
			assert.Equal(t, one.one(t, token, name).Inputs, four.one(t, token, name).Inputs, "%s %s", token, name)
		}
	}
}

// The listener asks the longest path first, / last, and no two rules share a number.
func TestServicePriorities(t *testing.T) {
	result := recordedWith(t, "production", fourServices)
	priority := func(service string) float64 {
		production := result.one(t, "aws:lb/listenerRule:ListenerRule", service+"-production").num(t, "priority")
		assert.InDelta(t, production, result.one(t, "aws:lb/listenerRule:ListenerRule", service+"-test").num(t, "priority"), 0)
		assert.GreaterOrEqual(t, production, 1.0)
		assert.LessOrEqual(t, production, 50000.0)
		return production
	}
	audit, reports, backend, front := priority("audit"), priority("reports"), priority("backend"), priority("front")
	assert.Less(t, audit, reports)
	assert.Less(t, reports, backend)
	assert.Less(t, backend, front)
	assert.Equal(t, []string{"/*"}, result.one(t, "aws:lb/listenerRule:ListenerRule", "front-production").strs(t, "conditions[0].pathPattern.values"))
}

// Twelve paths of one length still get twelve numbers.
func TestServicePrioritiesNeverCollide(t *testing.T) {
	overlay := map[string]any{}
	for i := range 12 {
		overlay[fmt.Sprintf("itrack:services.service-%02d", i)] = map[string]any{"path": fmt.Sprintf("/s%02d", i)}
	}
	taken := map[float64]string{}
	for _, rule := range recordedWith(t, "production", overlay).all("aws:lb/listenerRule:ListenerRule") {
		if !strings.HasSuffix(rule.Name, "-test") {
			continue
		}
		number := rule.num(t, "priority")
		assert.Empty(t, taken[number], "%s has the number of %s", rule.Name, taken[number])
		taken[number] = rule.Name
	}
	assert.Len(t, taken, 13)
}

// A service has only the data it asks for.
func TestServiceWithoutData(t *testing.T) {
	result := recordedWith(t, "production", fourServices)
	assert.NotContains(t, result.names("aws:iam/policy:Policy"), "audit-task-data")
	assert.NotContains(t, result.names("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"), "service-audit-mysql-in")
	start := grantsOf(t, result.one(t, "aws:iam/policy:Policy", "audit-execution-start"))
	assert.NotContains(t, start, "ReadSecrets")
	definition := result.one(t, "aws:ecs/taskDefinition:TaskDefinition", "audit").str(t, "containerDefinitions")
	require.NotEmpty(t, definition)
	for _, absent := range []string{"DB_HOST", "ITEMS_TABLE", "HISTORY_TABLE", `"secrets"`} {
		assert.NotContains(t, definition, absent)
	}
}
