package lb

import (
	"regexp"
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
		Refs:  []catalog.Ref{{Path: "vpcId", To: []string{"aws:ec2/vpc:Vpc"}, By: catalog.ByID, Code: "ValidationError", Message: "The VPC ID '{value}' is not found"}},
		Check: checkName(32),
		Compute: func(c *catalog.Call) error {
			c.SetNew("arnSuffix", c.ARN[strings.LastIndex(c.ARN, ":")+1:])
			return nil
		},
	}
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// checkName is the rule for the names of load balancers and target groups.
func checkName(limit int) func(*catalog.Call) []catalog.Problem {
	return func(c *catalog.Call) []catalog.Problem {
		value := c.Str("name")
		if !c.Known("name") || nameForm.MatchString(value) && len(value) <= limit && !strings.HasPrefix(value, "internal-") {
			return nil
		}
		return []catalog.Problem{{Property: "name", Rule: "name in load balancing", Value: value, Source: api + "API_CreateTargetGroup.html",
			Message: "must have 1 to 32 letters, digits and hyphens, no hyphen at either end, and not begin with internal-"}}
	}
}
