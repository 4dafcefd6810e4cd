package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	tableToken       = "aws:dynamodb/table:Table"
	replicaToken     = "aws:dynamodb/tableReplica:TableReplica"
	metricAlarmToken = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

func TestItemsTables(t *testing.T) {
	for stack, want := range map[string]struct {
		protect bool
		days    float64
	}{"staging": {false, 7}, "production": {true, 35}} {
		result := recorded(t, stack)
		for logical, physical := range map[string]string{"items": "itrack-items-" + stack, "item-history": "itrack-item-history-" + stack} {
			table := result.one(t, tableToken, logical)
			assert.Equal(t, physical, table.str(t, "name"))
			assert.Equal(t, "PAY_PER_REQUEST", table.str(t, "billingMode"))
			assert.True(t, table.flag(t, "streamEnabled"))
			assert.Equal(t, "NEW_AND_OLD_IMAGES", table.str(t, "streamViewType"))
			assert.True(t, table.flag(t, "pointInTimeRecovery.enabled"))
			assert.InDelta(t, want.days, table.num(t, "pointInTimeRecovery.recoveryPeriodInDays"), 0)
			assert.True(t, table.flag(t, "serverSideEncryption.enabled"))
			assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":data", table.str(t, "serverSideEncryption.kmsKeyArn"))
			assert.Equal(t, want.protect, table.flag(t, "deletionProtectionEnabled"))
			assert.Equal(t, want.protect, table.Protect)
			// A wrong path here would be silent, and the next deployment would remove the replica.
			assert.Equal(t, []string{"replicas"}, table.IgnoreChanges)
			assert.Equal(t, "itrack-"+stack, table.str(t, "tags.Backup"), "the backup plan selects by it")
		}
		items := result.one(t, tableToken, "items")
		assert.Equal(t, "id", items.str(t, "hashKey"))
		assert.False(t, items.has("rangeKey"))
		indexes := map[string][2]string{}
		for _, raw := range items.value(t, "globalSecondaryIndexes").ArrayValue() {
			index := plain(raw).ObjectValue()
			assert.Equal(t, "ALL", plain(index["projectionType"]).StringValue())
			pair := [2]string{plain(index["hashKey"]).StringValue()}
			if second, ok := index["rangeKey"]; ok {
				pair[1] = plain(second).StringValue()
			}
			indexes[plain(index["name"]).StringValue()] = pair
		}
		assert.Equal(t, map[string][2]string{"by-holder": {"holder"}, "by-type-status": {"type", "status"}}, indexes)
		history := result.one(t, tableToken, "item-history")
		assert.Equal(t, "itemId", history.str(t, "hashKey"))
		assert.Equal(t, "at", history.str(t, "rangeKey"))
		assert.False(t, history.has("globalSecondaryIndexes"))
	}
}

// Every attribute is a key of something and every key an attribute: DynamoDB refuses anything else.
func TestItemsAttributesAreTheKeys(t *testing.T) {
	attributes := func(d *declared) []string {
		var names []string
		for _, raw := range d.value(t, "attributes").ArrayValue() {
			assert.Equal(t, "S", plain(plain(raw).ObjectValue()["type"]).StringValue())
			names = append(names, plain(plain(raw).ObjectValue()["name"]).StringValue())
		}
		return names
	}
	result := recorded(t, "staging")
	assert.ElementsMatch(t, []string{"id", "holder", "type", "status"}, attributes(result.one(t, tableToken, "items")))
	assert.ElementsMatch(t, []string{"itemId", "at"}, attributes(result.one(t, tableToken, "item-history")))
}

func TestItemsReplicas(t *testing.T) {
	assert.Empty(t, recorded(t, "staging").all(replicaToken))
	result := recorded(t, "production")
	assert.Equal(t, []string{"item-history", "items"}, result.names(replicaToken))
	for _, replica := range result.all(replicaToken) {
		assert.Contains(t, replica.Provider, "::recovery::")
		assert.True(t, replica.Protect)
		assert.True(t, replica.flag(t, "deletionProtectionEnabled"), "a replica's protection is its own")
		assert.True(t, replica.flag(t, "pointInTimeRecovery"))
		assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":data-us-west-2", replica.str(t, "kmsKeyArn"), "the key of its own region")
		assert.Equal(t, "arn:aws:dynamodb:us-east-1:"+mockAccount+":"+replica.Name, replica.str(t, "globalTableArn"))
	}
	// On and off by the setting, not by the stack's name.
	assert.Len(t, recordedWith(t, "staging", map[string]any{"itrack:items.replica": true}).all(replicaToken), 2)
	assert.Empty(t, recordedWith(t, "production", map[string]any{"itrack:items.replica": nil}).all(replicaToken))
}

func TestItemsAlarms(t *testing.T) {
	result := recorded(t, "production")
	throttles := result.one(t, metricAlarmToken, "items-throttles")
	assert.Equal(t, "itrack-items-throttles-production", throttles.str(t, "name"))
	queries := throttles.value(t, "metricQueries").ArrayValue()
	// Reads and writes of the table and of each index, which DynamoDB counts apart.
	assert.Len(t, queries, 2*3+1)
	assert.Equal(t, 6, strings.Count(throttles.str(t, "metricQueries[6].expression"), "FILL(m"))
	assert.Equal(t, "by-type-status", throttles.str(t, "metricQueries[5].metric.dimensions.GlobalSecondaryIndexName"))
	assert.Equal(t, "WriteThrottleEvents", throttles.str(t, "metricQueries[5].metric.metricName"))
	assert.Len(t, result.one(t, metricAlarmToken, "item-history-throttles").value(t, "metricQueries").ArrayValue(), 3)
	assert.Equal(t, []string{"arn:aws:sns:us-east-1:" + mockAccount + ":warning"}, throttles.strs(t, "alarmActions"))

	failing := result.one(t, metricAlarmToken, "items-errors")
	// Ten metrics are the most that an alarm with metric math takes.
	assert.Len(t, failing.value(t, "metricQueries").ArrayValue(), 10+1)
	assert.Equal(t, "SystemErrors", failing.str(t, "metricQueries[0].metric.metricName"))
	assert.Equal(t, []string{"arn:aws:sns:us-east-1:" + mockAccount + ":critical"}, failing.strs(t, "alarmActions"))

	lag := result.one(t, metricAlarmToken, "items-replication")
	assert.Equal(t, "ReplicationLatency", lag.str(t, "metricName"))
	assert.Equal(t, "us-west-2", lag.str(t, "dimensions.ReceivingRegion"))
	assert.InDelta(t, 60_000, lag.num(t, "threshold"), 0)
	assert.NotContains(t, recorded(t, "staging").names(metricAlarmToken), "items-replication")
}
