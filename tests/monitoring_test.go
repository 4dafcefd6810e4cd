package tests

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	dashboardType = "aws:cloudwatch/dashboard:Dashboard"
	compositeType = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	alarmType     = "aws:cloudwatch/metricAlarm:MetricAlarm"
	ruleType      = "aws:cloudwatch/eventRule:EventRule"
	targetType    = "aws:cloudwatch/eventTarget:EventTarget"
	filterType    = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
)

type boardWidget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Markdown, Region string
		Metrics                 [][]any
		Alarms                  []string
		Annotations             struct {
			Horizontal []struct {
				Label string
				Value float64
			}
		}
	}
}

func widgets(t *testing.T, board *declared) []boardWidget {
	t.Helper()
	var body struct{ Widgets []boardWidget }
	require.NoError(t, json.Unmarshal([]byte(board.str(t, "dashboardBody")), &body))
	return body.Widgets
}

// metricNames are the metrics that a dashboard draws, as namespace/name.
func metricNames(t *testing.T, board *declared) []string {
	t.Helper()
	var names []string
	for _, widget := range widgets(t, board) {
		for _, line := range widget.Properties.Metrics {
			if len(line) > 1 {
				names = append(names, fmt.Sprintf("%v/%v", line[0], line[1]))
			}
		}
	}
	return names
}

// What DESIGN asks each dashboard to show.
var shown = map[string][]string{
	"services":  {"AWS/ECS/CPUUtilization", "AWS/ECS/MemoryUtilization", "ECS/ContainerInsights/RunningTaskCount", "AWS/ApplicationELB/HTTPCode_Target_5XX_Count"},
	"database":  {"AWS/RDS/DatabaseConnections", "AWS/RDS/CPUUtilization", "AWS/RDS/FreeStorageSpace", "AWS/DynamoDB/WriteThrottleEvents"},
	"functions": {"AWS/Lambda/Invocations", "AWS/Lambda/Errors", "AWS/Lambda/Duration", "AWS/Lambda/IteratorAge"},
	"api":       {"AWS/ApiGateway/Count", "AWS/ApiGateway/Latency", "AWS/ApiGateway/4XXError", "AWS/ApiGateway/5XXError", "AWS/WAFV2/BlockedRequests", "AWS/CloudFront/5xxErrorRate"},
	"backups":   {"AWS/Backup/NumberOfBackupJobsCompleted", "AWS/Backup/NumberOfCopyJobsFailed"},
	"cost":      {"AWS/Billing/EstimatedCharges"},
	"overview":  {"AWS/ApiGateway/Count", "AWS/ECS/CPUUtilization", "AWS/RDS/CPUUtilization"},
}

func TestDashboards(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		var names []string
		for subject, wanted := range shown {
			names = append(names, subject)
			board := run.one(t, dashboardType, subject)
			assert.Equal(t, "itrack-"+subject+"-"+stack, board.str(t, "dashboardName"))
			drawn := metricNames(t, board)
			for _, metric := range wanted {
				assert.Containsf(t, drawn, metric, "%s of %s", subject, stack)
			}
			text := board.str(t, "dashboardBody")
			assert.NotContains(t, text, "\u2983", "a value was not filled in")
			var decoded any
			require.NoError(t, json.Unmarshal([]byte(text), &decoded))
			covered := map[[2]int]string{}
			for _, widget := range widgets(t, board) {
				assert.LessOrEqual(t, widget.X+widget.Width, 24)
				for x := widget.X; x < widget.X+widget.Width; x++ {
					for y := widget.Y; y < widget.Y+widget.Height; y++ {
						assert.Emptyf(t, covered[[2]int{x, y}], "%s: two widgets lie on each other", subject)
						covered[[2]int{x, y}] = widget.Properties.Title
					}
				}
			}
		}
		assert.ElementsMatch(t, names, run.names(dashboardType))
	}
}

// Charges and CloudFront's figures exist in us-east-1 alone, wherever the stack stands.
func TestDashboardsElsewhere(t *testing.T) {
	run := recordedWith(t, "production", map[string]any{"aws:region": "us-west-2", "itrack:recovery.region": "us-east-1"})
	for subject, namespace := range map[string]string{"cost": "AWS/Billing", "api": "AWS/CloudFront"} {
		found := 0
		for _, widget := range widgets(t, run.one(t, dashboardType, subject)) {
			for _, line := range widget.Properties.Metrics {
				if line[0] == namespace {
					found++
					assert.Equal(t, "us-east-1", widget.Properties.Region)
				} else {
					assert.Equal(t, "us-west-2", widget.Properties.Region)
				}
			}
		}
		assert.Positive(t, found)
	}
}

// A second service brings its row, its filter, its alarm and its query.
func TestMonitoringOfASecondService(t *testing.T) {
	run := recordedWith(t, "staging", map[string]any{"itrack:services.audit": map[string]any{"path": "/audit", "cpu": 512, "memory": 1024, "cpuTarget": 45}})
	rows, one := 0, len(widgets(t, recorded(t, "staging").one(t, dashboardType, "services")))
	board := widgets(t, run.one(t, dashboardType, "services"))
	assert.Len(t, board, 2*one)
	for _, widget := range board {
		if strings.HasPrefix(widget.Properties.Markdown, "## audit\n") || strings.HasPrefix(widget.Properties.Markdown, "## backend\n") {
			rows++
		}
	}
	assert.Equal(t, 2, rows)
	assert.Contains(t, run.one(t, dashboardType, "services").str(t, "dashboardBody"), `{"label":"scaling aims here","value":45}`)
	assert.Equal(t, "/ecs/itrack-audit-staging", run.one(t, filterType, "errors-audit").str(t, "logGroupName"))
	assert.Equal(t, "ErrorLines-audit", run.one(t, alarmType, "errors-audit").str(t, "metricName"))
	assert.Equal(t, "itrack/staging/errors-audit", run.one(t, "aws:cloudwatch/queryDefinition:QueryDefinition", "errors-audit").str(t, "name"))
}

func TestBurnRates(t *testing.T) {
	for stack, thresholds := range map[string]map[string]float64{
		"staging":    {"1h": 14.4, "6h": 6, "1d": 3},     // 99 %: one percent is the budget
		"production": {"1h": 1.44, "6h": 0.6, "1d": 0.3}, // 99.9 %
	} {
		run := recorded(t, stack)
		windows := map[string][2]float64{"1h": {3600, 300}, "6h": {21600, 1800}, "1d": {86400, 7200}}
		floors := map[string][2]string{"1h": {"100", "8"}, "6h": {"100", "8"}, "1d": {"100", "8"}}
		for name, seconds := range windows {
			for i, part := range []string{"long", "short"} {
				alarm := run.one(t, alarmType, "burn-"+name+"-"+part)
				assert.InDelta(t, thresholds[name], alarm.num(t, "threshold"), 1e-9, name)
				assert.InDelta(t, seconds[i], alarm.num(t, "metricQueries[0].metric.period"), 0)
				assert.InDelta(t, seconds[i], alarm.num(t, "metricQueries[1].metric.period"), 0)
				assert.Equal(t, "Count", alarm.str(t, "metricQueries[0].metric.metricName"))
				assert.Equal(t, "5XXError", alarm.str(t, "metricQueries[1].metric.metricName"))
				assert.Equal(t, "IF(requests >= "+floors[name][i]+", 100 * FILL(errors, 0) / requests, 0)", alarm.str(t, "metricQueries[2].expression"))
				assert.False(t, alarm.has("alarmActions"), "one window alone wakes nobody")
				assert.Equal(t, "notBreaching", alarm.str(t, "treatMissingData"))
			}
			composite := run.one(t, compositeType, "burn-"+name)
			assert.Equal(t, fmt.Sprintf(`ALARM("itrack-burn-%s-long-%s") AND ALARM("itrack-burn-%s-short-%s")`, name, stack, name, stack), composite.str(t, "alarmRule"))
			topic := map[string]string{"1h": "critical", "6h": "critical", "1d": "warning"}[name]
			require.Len(t, composite.strs(t, "alarmActions"), 1)
			assert.Contains(t, composite.strs(t, "alarmActions")[0], topic)
			assert.Equal(t, composite.strs(t, "alarmActions"), composite.strs(t, "okActions"))
		}
		light := run.one(t, compositeType, "availability")
		for name := range windows {
			assert.Contains(t, light.str(t, "alarmRule"), fmt.Sprintf(`ALARM("itrack-burn-%s-%s")`, name, stack))
		}
		assert.False(t, light.has("alarmActions"))
	}
}

// With a low objective a burn rate would ask for more failures than there are requests.
func TestBurnRatesOfALowObjective(t *testing.T) {
	run := recordedWith(t, "staging", map[string]any{"itrack:monitoring": map[string]any{"availability": 90, "floorRequests": 1200}})
	assert.InDelta(t, 50, run.one(t, alarmType, "burn-1h-long").num(t, "threshold"), 0)
	assert.InDelta(t, 30, run.one(t, alarmType, "burn-1d-long").num(t, "threshold"), 0)
	assert.Contains(t, run.one(t, alarmType, "burn-1h-long").str(t, "metricQueries[2].expression"), "requests >= 1200,")
	assert.Contains(t, run.one(t, alarmType, "burn-1h-short").str(t, "metricQueries[2].expression"), "requests >= 100,")
}

var placeholders = regexp.MustCompile(`<([a-z]+)>`)

func TestEventRules(t *testing.T) {
	wanted := map[string]string{
		"backup-failed": "critical", "copy-failed": "critical", "restore-failed": "critical", "deployment-failed": "warning", "aws-health": "warning",
		"task-stopped": "warning", "service-impaired": "critical", "key-endangered": "critical", "key-endangered-recovery": "critical",
		"key-deleted": "critical", "key-deleted-recovery": "critical",
	}
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		for name, severity := range wanted {
			rule, target := run.one(t, ruleType, name), run.one(t, targetType, name)
			require.NotEmpty(t, rule.document(t, "eventPattern")["source"])
			assert.Equal(t, rule.str(t, "name"), target.str(t, "rule"))
			assert.Contains(t, target.str(t, "arn"), severity)
			where := "::primary::"
			if strings.HasSuffix(name, "-recovery") {
				where = "::recovery::"
				assert.Contains(t, target.str(t, "arn"), "us-west-2", "a rule reaches topics of its own region alone")
			}
			assert.Contains(t, rule.Provider, where)
			assert.Contains(t, target.Provider, where)
			// The text is a JSON string, and every value in it comes from a path.
			var sentence string
			require.NoError(t, json.Unmarshal([]byte(target.str(t, "inputTransformer.inputTemplate")), &sentence), name)
			matches := placeholders.FindAllStringSubmatch(sentence, -1)
			require.NotEmpty(t, matches, name)
			for _, match := range matches {
				assert.Truef(t, target.has("inputTransformer.inputPaths."+match[1]), "%s: no path gives <%s>", name, match[1])
			}
			if where == "::primary::" {
				log := run.one(t, targetType, name+"-log")
				assert.Contains(t, strings.Join(log.Dependencies, " "), "LogResourcePolicy::events", "EventBridge may not write before the policy is there")
			}
		}
	}
}

// matches is EventBridge's matching as far as our patterns use it.
func matches(pattern, event any) bool {
	switch pattern := pattern.(type) {
	case map[string]any:
		fields, ok := event.(map[string]any)
		if list, many := event.([]any); many {
			return slices.ContainsFunc(list, func(one any) bool { return matches(pattern, one) })
		}
		for key, part := range pattern {
			if key == "$or" {
				if !slices.ContainsFunc(part.([]any), func(choice any) bool { return matches(choice, event) }) {
					return false
				}
				continue
			}
			if !ok || !matches(part, fields[key]) {
				return false
			}
		}
		return true
	case []any:
		return slices.ContainsFunc(pattern, func(choice any) bool {
			if rule, ok := choice.(map[string]any); ok {
				text, isText := event.(string)
				prefix, _ := rule["prefix"].(string)
				return isText && prefix != "" && strings.HasPrefix(text, prefix)
			}
			return choice == event
		})
	}
	return false
}

// Which events wake somebody, and which do not.
func TestEventPatterns(t *testing.T) {
	run := recorded(t, "production")
	cluster := run.one(t, ruleType, "task-stopped").document(t, "eventPattern")["detail"].(map[string]any)["clusterArn"].([]any)[0]
	task := func(group, code, reason string) map[string]any {
		return map[string]any{"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": map[string]any{
			"clusterArn": cluster, "lastStatus": "STOPPED", "group": group, "stopCode": code, "stoppedReason": reason,
		}}
	}
	backup := func(state, role string) map[string]any {
		return map[string]any{"source": "aws.backup", "detail-type": "Backup Job State Change", "detail": map[string]any{"state": state, "iamRoleArn": role}}
	}
	ours := "arn:aws:iam::" + mockAccount + ":role/itrack/production/itrack-backup-production"
	application := run.one(t, ruleType, "deployment-failed").document(t, "eventPattern")["detail"].(map[string]any)["application"].([]any)[0]
	deployment := func(state string) map[string]any {
		return map[string]any{"source": "aws.codedeploy", "detail-type": "CodeDeploy Deployment State-change Notification", "detail": map[string]any{"application": application, "state": state}}
	}
	for _, one := range []struct {
		rule  string
		event map[string]any
		want  bool
	}{
		{"task-stopped", task("service:itrack-backend-service", "EssentialContainerExited", "Essential container in task exited"), true},
		{"task-stopped", task("service:itrack-backend-service", "TaskFailedToStart", "CannotPullContainerError"), true},
		{"task-stopped", task("service:itrack-backend-service", "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group …)"), true},
		{"task-stopped", task("service:itrack-backend-service", "ServiceSchedulerInitiated", "Scaling activity initiated by deployment ecs-svc/1"), false},
		{"task-stopped", task("service:itrack-backend-service", "UserInitiated", "Stopped by a person"), false},
		{"task-stopped", task("family:itrack-backend", "EssentialContainerExited", "a migration that ended"), false},
		{"backup-failed", backup("FAILED", ours), true},
		{"backup-failed", backup("EXPIRED", ours), true},
		{"backup-failed", backup("COMPLETED", ours), false},
		{"backup-failed", backup("FAILED", "arn:aws:iam::"+mockAccount+":role/other"), false},
		{"deployment-failed", deployment("FAILURE"), true},
		{"deployment-failed", deployment("SUCCESS"), false},
	} {
		assert.Equalf(t, one.want, matches(any(run.one(t, ruleType, one.rule).document(t, "eventPattern")), any(one.event)), "%s: %v", one.rule, one.event)
	}
}

func TestKeyRulesNameTheKeysOfTheirRegion(t *testing.T) {
	run := recordedWith(t, "production", map[string]any{"aws:region": "eu-west-1"})
	for suffix, wanted := range map[string]int{"": 3, "-recovery": 2, "-edge": 2} {
		pattern := run.one(t, ruleType, "key-endangered"+suffix).document(t, "eventPattern")["detail"].(map[string]any)
		assert.Len(t, pattern["resources"].(map[string]any)["ARN"], wanted, suffix)
		assert.Contains(t, pattern["eventName"], "ScheduleKeyDeletion")
		assert.Contains(t, pattern["eventName"], "DisableKey")
		assert.Len(t, run.one(t, ruleType, "key-deleted"+suffix).document(t, "eventPattern")["detail"].(map[string]any)["key-id"], wanted, suffix)
	}
	assert.Contains(t, run.one(t, ruleType, "key-endangered-edge").Provider, "::edge::")
}

func TestMonitoringSettings(t *testing.T) {
	quiet := recordedWith(t, "staging", map[string]any{"itrack:monitoring.stoppedTasks": false, "itrack:backup": nil})
	for _, name := range []string{"task-stopped", "service-impaired", "backup-failed", "copy-failed", "restore-failed"} {
		assert.NotContains(t, quiet.names(ruleType), name)
	}
	assert.NotContains(t, quiet.names(dashboardType), "backups")
	assert.Contains(t, quiet.names(ruleType), "deployment-failed")
}

func TestLogsOfMonitoring(t *testing.T) {
	for stack, days := range map[string]float64{"staging": 14, "production": 90} {
		run := recorded(t, stack)
		group := run.one(t, "aws:cloudwatch/logGroup:LogGroup", "events")
		assert.Equal(t, "/aws/events/itrack-"+stack, group.str(t, "name"))
		assert.InDelta(t, days, group.num(t, "retentionInDays"), 0)
		assert.Contains(t, group.str(t, "kmsKeyId"), ":logs")
		policy := statementsOf(t, run.one(t, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "events"), "policyDocument")
		require.Len(t, policy, 1)
		assert.ElementsMatch(t, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, policy[0].Actions)
		assert.Equal(t, []string{"arn:aws:logs:us-east-1:" + mockAccount + ":log-group:/aws/events/itrack-" + stack + ":*"}, policy[0].Resources)
		for name, pattern := range map[string]string{"api-failures": `{ $.status = "5*" }`, "session-lines": `{ $.sessionId = "*" }`} {
			filter := run.one(t, filterType, name)
			assert.Equal(t, pattern, filter.str(t, "pattern"))
			assert.Equal(t, "itrack/"+stack, filter.str(t, "metricTransformation.namespace"))
		}
		errors := run.one(t, filterType, "errors-backend")
		assert.Equal(t, "/ecs/itrack-backend-"+stack, errors.str(t, "logGroupName"))
		assert.Contains(t, errors.str(t, "pattern"), `?"panic:"`)
		alarm := run.one(t, alarmType, "errors-backend")
		assert.Equal(t, errors.str(t, "metricTransformation.name"), alarm.str(t, "metricName"))
		assert.Equal(t, errors.str(t, "metricTransformation.namespace"), alarm.str(t, "namespace"))
	}
}

// The API's access log has the fields that the filter and the queries read.
func TestQueriesReadFieldsThatExist(t *testing.T) {
	run := recorded(t, "production")
	var format map[string]any
	require.NoError(t, json.Unmarshal([]byte(run.one(t, "aws:apigateway/stage:Stage", "api").str(t, "accessLogSettings.format")), &format))
	for query, fields := range map[string][]string{
		"api-slowest": {"method", "path", "status", "latency", "integrationLatency"}, "api-failures": {"status", "path", "integrationError"}, "api-callers": {"ip"},
	} {
		text := run.one(t, "aws:cloudwatch/queryDefinition:QueryDefinition", query).str(t, "queryString")
		for _, field := range fields {
			assert.Contains(t, text, field)
			assert.Contains(t, format, field)
		}
	}
}
