package lb

import (
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

func groupType() catalog.Type {
	return catalog.Type{
		Token: groupToken, Args: (*sdk.TargetGroupArgs)(nil), Resource: (*sdk.TargetGroup)(nil),
		Service: service, Action: "TargetGroup", Title: "ELBv2 Target Group",
		ARN: prefix + "targetgroup/{name}/{arnSuffix}", ID: suffixed("targetgroup/{name}"),
		Name: catalog.Name{Property: "name", Auto: 32, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "DuplicateTargetGroupName",
			Message: "A target group with the same name '{name}' exists, but with different settings"},
		Defaults: map[string]any{
			"deregistrationDelay": 300, "lambdaMultiValueHeadersEnabled": false, "proxyProtocolV2": false, "slowStart": 0, "targetType": "instance",
			"ipAddressType": "ipv4", "loadBalancingAlgorithmType": "round_robin", "loadBalancingAnomalyMitigation": "off",
			"loadBalancingCrossZoneEnabled": "use_load_balancer_configuration", "protocolVersion": "HTTP1",
			"healthCheck.enabled": true, "healthCheck.healthyThreshold": 3, "healthCheck.interval": 30, "healthCheck.port": "traffic-port",
			"healthCheck.protocol": "HTTP", "healthCheck.timeout": 5, "healthCheck.unhealthyThreshold": 3, "healthCheck.matcher": "200", "healthCheck.path": "/",
		},
		Blank:    []string{"namePrefix", "preserveClientIp"},
		Computed: []string{"loadBalancingAnomalyMitigation", "loadBalancerArns", "targetGroupHealth"},
		// A VPC with target groups can be deleted: they stay behind, pointing nowhere.
		Refs: []catalog.Ref{{Path: "vpcId", To: []string{"aws:ec2/vpc:Vpc"}, By: catalog.ByID, Code: "ValidationError", Message: "The VPC ID '{value}' is not found"}},
		Compute: func(c *catalog.Call) error {
			c.SetNew("arnSuffix", c.ARN[strings.LastIndex(c.ARN, ":")+1:])
			return nil
		},
	}
}
