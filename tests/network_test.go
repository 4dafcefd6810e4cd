package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNetworkLayout(t *testing.T) {
	for stack, want := range map[string]struct {
		cidr, nat string
		zones     float64
	}{
		"staging":    {"10.1.0.0/16", "Single", 2},
		"production": {"10.0.0.0/16", "OnePerAz", 3},
	} {
		vpc := recorded(t, stack).one(t, "awsx:ec2:Vpc", "network")
		assert.Equal(t, want.cidr, vpc.str(t, "cidrBlock"))
		assert.InDelta(t, want.zones, vpc.num(t, "numberOfAvailabilityZones"), 0)
		assert.Equal(t, want.nat, vpc.str(t, "natGateways.strategy"))
		assert.Equal(t, "Auto", vpc.str(t, "subnetStrategy"))
		assert.True(t, vpc.flag(t, "enableDnsHostnames"))
		var kinds []string
		for _, spec := range vpc.value(t, "subnetSpecs").ArrayValue() {
			kinds = append(kinds, plain(plain(spec).ObjectValue()["type"]).StringValue())
		}
		assert.Equal(t, []string{"Public", "Private", "Isolated"}, kinds)
		require.Len(t, vpc.RPC.GetTransforms(), 1, "public subnets must be told to hand out no public address")
	}
}

func TestNetworkEndpoints(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		kinds := map[string]string{}
		for _, endpoint := range result.all("aws:ec2/vpcEndpoint:VpcEndpoint") {
			kinds[endpoint.str(t, "serviceName")] = endpoint.str(t, "vpcEndpointType")
			if endpoint.str(t, "vpcEndpointType") == "Interface" {
				assert.True(t, endpoint.flag(t, "privateDnsEnabled"))
				assert.Equal(t, []string{"endpoints-id"}, endpoint.strs(t, "securityGroupIds"))
			}
		}
		for service, kind := range map[string]string{
			"s3": "Gateway", "dynamodb": "Gateway", "ecr.api": "Interface", "ecr.dkr": "Interface", "ec2": "Interface", "ssm": "Interface",
		} {
			assert.Equal(t, kind, kinds["com.amazonaws.us-east-1."+service], service)
		}
	}
	none := recordedWith(t, "staging", map[string]any{"itrack:network.interfaceEndpoints": nil})
	assert.Len(t, none.all("aws:ec2/vpcEndpoint:VpcEndpoint"), 2, "without the list the gateway endpoints stay")
	assert.NotContains(t, none.names("aws:ec2/securityGroup:SecurityGroup"), "endpoints")
}

func TestNetworkDefaultsAreEmptied(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		group := result.one(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default")
		assert.False(t, group.has("ingress"))
		assert.False(t, group.has("egress"))
		acl := result.one(t, "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", "network-default")
		closed := map[float64]bool{}
		for _, rule := range acl.value(t, "ingress").ArrayValue() {
			fields := plain(rule).ObjectValue()
			if fields["action"].StringValue() == "deny" {
				assert.Less(t, fields["ruleNo"].NumberValue(), 100.0, "a deny behind the allow never takes effect")
				closed[fields["fromPort"].NumberValue()] = true
			}
		}
		assert.Equal(t, map[float64]bool{22: true, 3389: true}, closed)
		subnets := acl.strs(t, "subnetIds")
		assert.Len(t, subnets, map[string]int{"staging": 6, "production": 9}[stack])
	}
}

func TestFlowLogs(t *testing.T) {
	for stack, days := range map[string]float64{"staging": 14, "production": 90} {
		result := recorded(t, stack)
		group := result.one(t, "aws:cloudwatch/logGroup:LogGroup", "network-flow")
		assert.Equal(t, "/vpc/itrack-flow-"+stack, group.str(t, "name"))
		assert.InDelta(t, days, group.num(t, "retentionInDays"), 0)
		assert.Contains(t, group.str(t, "kmsKeyId"), "logs")
		log := result.one(t, "aws:ec2/flowLog:FlowLog", "network-flow")
		assert.Equal(t, "ALL", log.str(t, "trafficType"))
		assert.NotEmpty(t, log.Dependencies)
		policy := result.one(t, "aws:iam/policy:Policy", "network-flow-write").document(t, "policy")
		statement := policy["Statement"].([]any)[0].(map[string]any)
		assert.Equal(t, []any{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}, statement["Action"])
		assert.NotContains(t, statement["Resource"], "*")
	}
}
