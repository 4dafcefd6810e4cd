package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const metricAlarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"

// metrics are the metrics that an alarm looks at, as namespace/name.
func metrics(alarm *declared) map[string]bool {
	found := map[string]bool{}
	if name, ok := alarm.find("metricName"); ok {
		namespace, _ := alarm.find("namespace")
		found[namespace.StringValue()+"/"+name.StringValue()] = true
	}
	queries, _ := alarm.find("metricQueries")
	if !queries.IsArray() {
		return found
	}
	for _, query := range queries.ArrayValue() {
		metric := plain(plain(query).ObjectValue()["metric"])
		if !metric.IsObject() {
			continue
		}
		found[plain(metric.ObjectValue()["namespace"]).StringValue()+"/"+plain(metric.ObjectValue()["metricName"]).StringValue()] = true
	}
	return found
}

// The alarms that there are at least, by the metrics they look at, each telling somebody.
func TestAlarmsAtLeast(t *testing.T) {
	always := [][]string{
		{"AWS/ECS/CPUUtilization"}, {"AWS/ECS/MemoryUtilization"}, {"ECS/ContainerInsights/RunningTaskCount", "ECS/ContainerInsights/DesiredTaskCount"},
		{"AWS/RDS/CPUUtilization"}, {"AWS/RDS/DatabaseConnections"}, {"AWS/RDS/FreeStorageSpace"}, {"AWS/RDS/FreeableMemory"},
		{"AWS/Lambda/Errors"}, {"AWS/Lambda/Throttles"}, {"AWS/Lambda/Duration"}, {"AWS/Lambda/IteratorAge"},
		{"AWS/ApiGateway/5XXError"}, {"AWS/ApiGateway/4XXError", "AWS/ApiGateway/Count"}, {"AWS/ApiGateway/Latency"},
		{"AWS/ApplicationELB/HTTPCode_Target_5XX_Count"}, {"AWS/ApplicationELB/UnHealthyHostCount"},
		{"AWS/DynamoDB/ReadThrottleEvents", "AWS/DynamoDB/WriteThrottleEvents"},
		{"AWS/Backup/NumberOfBackupJobsFailed"}, {"AWS/Backup/NumberOfBackupJobsCompleted"},
	}
	cases := []struct {
		name, stack string
		overlay     map[string]any
		further     [][]string
	}{
		{"staging", "staging", nil, nil},
		{"production", "production", nil, [][]string{{"AWS/RDS/WriteLatency"}, {"AWS/DynamoDB/ReplicationLatency"}, {"AWS/Backup/NumberOfCopyJobsFailed"}}},
		{"domain", "staging", map[string]any{"itrack:domain": "itrack.example.com"}, [][]string{{"AWS/CertificateManager/DaysToExpiry"}}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			alarms := recordedWith(t, test.stack, test.overlay).all(metricAlarmType)
			for _, wanted := range append(append([][]string{}, always...), test.further...) {
				found := false
				for _, alarm := range alarms {
					looks, all := metrics(alarm), alarm.has("alarmActions[0]")
					for _, metric := range wanted {
						all = all && looks[metric]
					}
					found = found || all
				}
				assert.Truef(t, found, "no alarm that tells somebody looks at %v", wanted)
			}
		})
	}
}

// An alarm about the targets looks at both target groups: after a shift the traffic is in the other one.
func TestTargetAlarmsLookAtBothGroups(t *testing.T) {
	for _, stack := range bothStacks {
		recording := recorded(t, stack)
		for _, name := range []string{"service-backend-errors", "service-backend-unhealthy", "service-backend-latency"} {
			queries := recording.one(t, metricAlarmType, name).value(t, "metricQueries").ArrayValue()
			groups := map[string]bool{}
			for _, query := range queries {
				metric := plain(plain(query).ObjectValue()["metric"])
				if !metric.IsObject() {
					continue
				}
				dimensions := plain(metric.ObjectValue()["dimensions"]).ObjectValue()
				groups[plain(dimensions["TargetGroup"]).StringValue()] = true
			}
			assert.Equal(t, map[string]bool{"backend-blue.arnSuffix": true, "backend-green.arnSuffix": true}, groups, name)
		}
	}
}

// Whoever is woken by an alarm reads what it means and what to do first, and hears when it is over. An alarm can only
// tell a topic of its own region.
func TestEveryAlarmHelps(t *testing.T) {
	for _, stack := range bothStacks {
		recording := recorded(t, stack)
		alarms := recording.all(metricAlarmType)
		require.Greater(t, len(alarms), 30)
		for _, alarm := range alarms {
			description := alarm.str(t, "alarmDescription")
			assert.GreaterOrEqualf(t, len(description), 60, "%s says too little: %q", alarm.Name, description)
			assert.Truef(t, alarm.has("treatMissingData"), "%s leaves open what silence means", alarm.Name)
			if !alarm.has("alarmActions") {
				assert.Containsf(t, description, "notifies nobody", "%s tells nobody and does not say so", alarm.Name)
				continue
			}
			actions := alarm.strs(t, "alarmActions")
			assert.Equalf(t, actions, alarm.strs(t, "okActions"), "%s: whoever is told of the alarm is told of its end", alarm.Name)
			recovery := strings.Contains(alarm.Provider, "::recovery::")
			for _, action := range actions {
				assert.Equalf(t, recovery, strings.HasSuffix(action, "-us-west-2"), "%s tells the topic of another region: %s", alarm.Name, action)
			}
		}
	}
}
