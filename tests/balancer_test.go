package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBalancer(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		balancer := result.one(t, "aws:lb/loadBalancer:LoadBalancer", "balancer")
		assert.Equal(t, "itrack-internal-"+stack, balancer.str(t, "name"))
		assert.True(t, balancer.flag(t, "internal"))
		assert.Equal(t, "ipv4", balancer.str(t, "ipAddressType"))
		assert.True(t, balancer.flag(t, "dropInvalidHeaderFields"))
		assert.Equal(t, "strictest", balancer.str(t, "desyncMitigationMode"))
		assert.Equal(t, stack == "production", balancer.flag(t, "enableDeletionProtection"))
		assert.Equal(t, stack == "production", balancer.Protect)
		for _, subnet := range balancer.strs(t, "subnets") {
			assert.True(t, strings.HasPrefix(subnet, "subnet-private-"), subnet)
		}
		assert.Equal(t, []string{"balancer-id"}, balancer.strs(t, "securityGroups"))
		for _, logs := range []string{"accessLogs", "connectionLogs"} {
			assert.True(t, balancer.flag(t, logs+".enabled"))
			assert.Equal(t, "balancer", balancer.str(t, logs+".prefix"))
			assert.Contains(t, balancer.str(t, logs+".bucket"), "itrack-archive-"+stack)
		}
		assertDependsOn(t, balancer, "aws:s3/bucketPolicy:BucketPolicy::archive")
	}
}

// Without a domain there is no certificate: the hop inside the VPC is HTTP on 80 and 8080.
func TestBalancerListenersWithoutDomain(t *testing.T) {
	result := recorded(t, "staging")
	assert.Equal(t, []string{"production", "test"}, result.names("aws:lb/listener:Listener"))
	for name, port := range map[string]float64{"production": 80, "test": 8080} {
		listener := result.one(t, "aws:lb/listener:Listener", name)
		assert.InDelta(t, port, listener.num(t, "port"), 0)
		assert.Equal(t, "HTTP", listener.str(t, "protocol"))
		assert.False(t, listener.has("certificateArn"))
		assert.False(t, listener.has("sslPolicy"))
		assert.Equal(t, "fixed-response", listener.str(t, "defaultActions[0].type"))
		assert.Equal(t, "404", listener.str(t, "defaultActions[0].fixedResponse.statusCode"))
	}
}

func TestBalancerListenersWithDomain(t *testing.T) {
	result := recordedWith(t, "production", withEverything)
	assert.Equal(t, []string{"production", "test"}, result.names("aws:lb/listener:Listener"))
	for name, port := range map[string]float64{"production": 443, "test": 8443} {
		listener := result.one(t, "aws:lb/listener:Listener", name)
		assert.InDelta(t, port, listener.num(t, "port"), 0)
		assert.Equal(t, "HTTPS", listener.str(t, "protocol"))
		assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", listener.str(t, "sslPolicy"))
		assert.NotEmpty(t, listener.str(t, "certificateArn"))
	}
	record := result.one(t, "aws:route53/record:Record", "balancer")
	assert.Equal(t, "internal.itrack.example.com", record.str(t, "name"))
	assert.Equal(t, "A", record.str(t, "type"))
	assert.Equal(t, "balancer.dnsName", record.str(t, "aliases[0].name"))
}

func TestBalancerAlarms(t *testing.T) {
	result := recorded(t, "production")
	for name, metric := range map[string]string{
		"elb-5xx": "HTTPCode_ELB_5XX_Count", "target-5xx": "HTTPCode_Target_5XX_Count",
		"rejected-connections": "RejectedConnectionCount", "target-connection-errors": "TargetConnectionErrorCount",
	} {
		alarm := result.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "balancer-"+name)
		assert.Equal(t, "AWS/ApplicationELB", alarm.str(t, "namespace"))
		assert.Equal(t, metric, alarm.str(t, "metricName"))
		assert.Equal(t, "Sum", alarm.str(t, "statistic"))
		assert.Equal(t, "balancer.arnSuffix", alarm.str(t, "dimensions.LoadBalancer"))
		assert.Equal(t, "notBreaching", alarm.str(t, "treatMissingData"))
	}
}
