package beyond_test

import (
	"strings"
	"testing"

	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/stretchr/testify/require"
)

// platform is a small API Gateway -> VPC link -> load balancer -> service -> database, by name of the resource.
func platform() map[string]*r {
	group := func(name string) *r {
		return &r{Type: "aws:ec2/securityGroup:SecurityGroup", Name: name, ID: "sg-" + name, Props: p{}}
	}
	in := func(name, group, from string, port int) *r {
		return &r{Type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", Name: name, Props: p{
			"securityGroupId": "sg-" + group, "referencedSecurityGroupId": "sg-" + from, "fromPort": port, "toPort": port, "ipProtocol": "tcp"}}
	}
	out := func(name, group, to string, port int) *r {
		rule := in(name, group, to, port)
		rule.Type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
		return rule
	}
	subnet := func(name, cidr string) *r {
		return &r{Type: "aws:ec2/subnet:Subnet", Name: name, ID: "subnet-" + name, Props: p{"cidrBlock": cidr, "availabilityZone": "us-east-1a",
			"vpcId": "vpc"}}
	}
	all := []*r{
		{Type: "aws:ec2/vpc:Vpc", Name: "vpc", Props: p{"mainRouteTableId": "rtb-main"}},
		subnet("private", "10.0.1.0/24"), subnet("public", "10.0.2.0/24"),
		{Type: "aws:ec2/routeTableAssociation:RouteTableAssociation", Name: "public", Props: p{"subnetId": "subnet-public", "routeTableId": "rtb-public"}},
		{Type: "aws:ec2/route:Route", Name: "out", Props: p{"routeTableId": "rtb-public", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}},
		group("link"), group("balancer"), group("service"), group("database"),
		out("link-out", "link", "balancer", 443), in("balancer-in", "balancer", "link", 443), out("balancer-out", "balancer", "service", 8080),
		in("service-in", "service", "balancer", 8080), out("service-out", "service", "database", 3306), in("database-in", "database", "service", 3306),
		{Type: "aws:apigateway/restApi:RestApi", Name: "api", Props: p{"endpointConfiguration": p{"types": "REGIONAL"}, "disableExecuteApiEndpoint": true,
			"body": `{"paths":{"/a":{"get":{"security":[{"k":[]}],"x-amazon-apigateway-integration":{"type":"http_proxy","connectionId":"link","uri":"https://inner:443/a"}},
				"options":{"x-amazon-apigateway-integration":{"type":"mock"}},"parameters":[]}}}`}},
		{Type: "aws:apigateway/stage:Stage", Name: "v1", Props: p{"restApi": "api", "stageName": "v1", "arn": "arn:stage"}},
		{Type: "aws:wafv2/webAcl:WebAcl", Name: "acl", ID: "acl", Props: p{"name": "acl", "arn": "arn:acl"}},
		{Type: "aws:wafv2/webAclAssociation:WebAclAssociation", Name: "acl", Props: p{"resourceArn": "arn:stage", "webAclArn": "arn:acl"}},
		{Type: "aws:apigatewayv2/vpcLink:VpcLink", Name: "link", Props: p{"securityGroupIds": l{"sg-link"}, "subnetIds": l{"subnet-private"}}},
		{Type: "aws:lb/loadBalancer:LoadBalancer", Name: "balancer", ID: "arn:lb", Props: p{"arn": "arn:lb", "internal": true,
			"securityGroups": l{"sg-balancer"}, "subnets": l{"subnet-private"}}},
		{Type: "aws:lb/listener:Listener", Name: "https", ID: "arn:listener", Props: p{"loadBalancerArn": "arn:lb", "port": 443, "protocol": "HTTPS",
			"sslPolicy": "P"}},
		{Type: "aws:lb/listenerRule:ListenerRule", Name: "rule", Props: p{"listenerArn": "arn:listener", "actions": l{p{"targetGroupArn": "arn:tg"}}}},
		{Type: "aws:lb/targetGroup:TargetGroup", Name: "tg", ID: "arn:tg", Props: p{"arn": "arn:tg", "name": "tg", "protocol": "HTTP"}},
		{Type: "aws:ecs/service:Service", Name: "service", Props: p{"name": "service", "taskDefinition": "td",
			"loadBalancers":        l{p{"targetGroupArn": "arn:tg", "containerPort": 8080}},
			"networkConfiguration": p{"securityGroups": l{"sg-service"}, "subnets": l{"subnet-private"}}}},
		{Type: "aws:ecs/taskDefinition:TaskDefinition", Name: "td", Props: p{"family": "td", "taskRoleArn": account + "role/app/task"}},
		{Type: "aws:rds/instance:Instance", Name: "db", Props: p{"vpcSecurityGroupIds": l{"sg-database"}, "port": 3306, "dbSubnetGroupName": "subnets",
			"parameterGroupName": "pg"}},
		{Type: "aws:rds/subnetGroup:SubnetGroup", Name: "subnets", Props: p{"name": "subnets", "subnetIds": l{"subnet-private"}}},
		{Type: "aws:rds/parameterGroup:ParameterGroup", Name: "pg", Props: p{"name": "pg", "parameters": l{p{"name": "require_secure_transport",
			"value": "1"}}}},
		{Type: "aws:dynamodb/table:Table", Name: "items", Props: p{"arn": "arn:aws:dynamodb:us-east-1:1:table/items"}},
	}
	task := role("task", "ecs-tasks.amazonaws.com", "")
	policy := inline("task", "task", allow("arn:aws:dynamodb:us-east-1:1:table/items", "dynamodb:GetItem"))
	all = append(all, &task, &policy)
	out2 := map[string]*r{}
	for _, one := range all {
		out2[beyond.Short(one.Type+"::"+one.Name)] = one
	}
	return out2
}

// paths are the paths of a platform, short; the open sides of a step follow it in brackets.
func network(t *testing.T, parts map[string]*r) beyond.Network {
	t.Helper()
	var all []r
	for _, one := range parts {
		all = append(all, *one)
	}
	return beyond.Examine(stacktest.Model(t, "production", all...)).Network
}

func paths(n beyond.Network) []string {
	out := []string{}
	for _, path := range n.Paths {
		var steps []string
		for _, step := range path.Steps {
			steps = append(steps, beyond.Short(step.Resource))
		}
		out = append(out, strings.Join(steps, " > "))
	}
	return out
}

const (
	toService = "apigateway/stage::v1 > apigatewayv2/vpcLink::link > lb/loadBalancer::balancer > ecs/service::service"
	toData    = toService + " > rds/instance::db"
	toItems   = toService + " > dynamodb/table::items"
)

func TestPathFromTheAPIToTheData(t *testing.T) {
	n := network(t, platform())
	require.ElementsMatch(t, []string{toData, toItems}, paths(n))
	var steps []beyond.Step
	for _, path := range n.Paths {
		if strings.HasSuffix(path.Steps[4].Resource, "::db") {
			steps = path.Steps
		}
	}
	require.Contains(t, steps[0].Guards, "web ACL acl")
	require.Contains(t, steps[0].Guards, "an authoriser on every method", "the mock of OPTIONS needs none")
	require.Contains(t, steps[0].Guards, "AWS's own name for it is off")
	require.Empty(t, steps[0].Open)
	require.Equal(t, "HTTPS 443", steps[2].Over)
	require.Contains(t, steps[2].Guards, "TLS by P")
	require.Equal(t, []string{"not encrypted inside the network"}, steps[3].Open)
	require.Contains(t, steps[4].Guards, "TLS required")
	require.Contains(t, steps[4].Guards, "in subnets without a route from the internet")
	require.Empty(t, n.OpenRules)
	require.Equal(t, []beyond.PublicSubnet{{Resource: "aws:ec2/subnet:Subnet::public", Zone: "us-east-1a", Holds: []string{}}}, n.PublicSubnets)
}

func TestPathsFollowTheResources(t *testing.T) {
	toBalancer := "apigateway/stage::v1 > apigatewayv2/vpcLink::link"
	for name, c := range map[string]struct {
		change func(map[string]*r)
		wanted []string
	}{
		"a private API": {func(parts map[string]*r) {
			parts["apigateway/restApi::api"].Props["endpointConfiguration"] = p{"types": "PRIVATE"}
		}, []string{}},
		"nothing lets the link out": {func(parts map[string]*r) {
			delete(parts, "vpc/securityGroupEgressRule::link-out")
		}, []string{toBalancer}},
		"nothing lets the link in":        {func(parts map[string]*r) { delete(parts, "vpc/securityGroupIngressRule::balancer-in") }, []string{toBalancer}},
		"another port":                    {func(parts map[string]*r) { parts["lb/listener::https"].Props["port"] = 444 }, []string{toBalancer}},
		"the database lets nobody in":     {func(parts map[string]*r) { delete(parts, "vpc/securityGroupIngressRule::database-in") }, []string{toItems}},
		"the role may not read the table": {func(parts map[string]*r) { delete(parts, "iam/rolePolicy::task") }, []string{toData}},
		"no role":                         {func(parts map[string]*r) { delete(parts, "iam/role::task") }, []string{toData}},
		"a rule that forwards to nothing": {func(parts map[string]*r) { delete(parts, "lb/listenerRule::rule") },
			[]string{toBalancer + " > lb/loadBalancer::balancer"}},
		"by address range instead of group": {func(parts map[string]*r) {
			rule := parts["vpc/securityGroupIngressRule::database-in"].Props
			delete(rule, "referencedSecurityGroupId")
			rule["cidrIpv4"] = "10.0.0.0/16"
		}, []string{toData, toItems}},
		"another address range": {func(parts map[string]*r) {
			rule := parts["vpc/securityGroupIngressRule::database-in"].Props
			delete(rule, "referencedSecurityGroupId")
			rule["cidrIpv4"] = "10.9.0.0/16"
		}, []string{toItems}},
		"the service is in the deployment's other group": {func(parts map[string]*r) {
			parts["lb/targetGroup::green"] = &r{Type: "aws:lb/targetGroup:TargetGroup", Name: "green", ID: "arn:green", Props: p{"arn": "arn:green",
				"name": "green", "protocol": "HTTP"}}
			parts["lb/listenerRule::rule"].Props["actions"] = l{p{"targetGroupArn": "arn:green"}}
			parts["codedeploy/deploymentGroup::dg"] = &r{Type: "aws:codedeploy/deploymentGroup:DeploymentGroup", Name: "dg", Props: p{
				"ecsService": p{"serviceName": "service"}, "loadBalancerInfo": p{"targetGroupPairInfo": p{"targetGroups": l{p{"name": "tg"},
					p{"name": "green"}}}}}}
		}, []string{toData, toItems}},
		"a public database": {func(parts map[string]*r) {
			parts["rds/instance::db"].Props["publiclyAccessible"] = true
			parts["rds/subnetGroup::subnets"].Props["subnetIds"] = l{"subnet-public"}
			parts["ec2/securityGroup::database"].Props["ingress"] = l{p{"protocol": "tcp", "fromPort": 3306, "toPort": 3306, "ipv6CidrBlocks": l{"::/0"}}}
		}, []string{toData, toItems, "rds/instance::db"}},
		"a public database whose group lets nobody in": {func(parts map[string]*r) {
			parts["rds/instance::db"].Props["publiclyAccessible"] = true
			parts["rds/subnetGroup::subnets"].Props["subnetIds"] = l{"subnet-public"}
		}, []string{toData, toItems}},
		"a function's own address": {func(parts map[string]*r) {
			parts["f"] = &r{Type: "aws:lambda/function:Function", Name: "f", Props: p{"name": "f", "arn": "arn:f", "role": account + "role/app/task"}}
			parts["u"] = &r{Type: "aws:lambda/functionUrl:FunctionUrl", Name: "u", Props: p{"functionName": "f", "authorizationType": "NONE"}}
		}, []string{toData, toItems, "lambda/functionUrl::u > lambda/function::f > dynamodb/table::items"}},
	} {
		parts := platform()
		c.change(parts)
		require.ElementsMatch(t, c.wanted, paths(network(t, parts)), name)
	}
}

func TestWhatStandsOpen(t *testing.T) {
	parts := platform()
	delete(parts, "wafv2/webAclAssociation::acl")
	parts["apigateway/restApi::api"].Props["body"] = strings.Replace(parts["apigateway/restApi::api"].Props["body"].(string), `"security":[{"k":[]}],`, "", 1)
	parts["apigateway/restApi::api"].Props["disableExecuteApiEndpoint"] = false
	parts["rds/parameterGroup::pg"].Props["parameters"] = l{p{"name": "require_secure_transport", "value": "0"}}
	parts["lb/listener::https"].Props["protocol"] = "HTTP"
	parts["rds/subnetGroup::subnets"].Props["subnetIds"] = l{"subnet-public"}
	open := map[string][]string{}
	for _, path := range network(t, parts).Paths {
		for _, step := range path.Steps {
			open[beyond.Short(step.Resource)] = step.Open
		}
	}
	require.Equal(t, []string{"AWS's own name for it answers too", "no web ACL", "no authoriser on 1 of 1 methods: the service decides"},
		open["apigateway/stage::v1"])
	require.Equal(t, []string{"not encrypted"}, open["lb/loadBalancer::balancer"])
	require.Equal(t, []string{"in a subnet with a route from the internet", "TLS not required", "passwords only"}, open["rds/instance::db"])
}

func TestOpenRulesAndWhomTheyExpose(t *testing.T) {
	parts := platform()
	parts["open"] = &r{Type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", Name: "open", Props: p{
		"securityGroupId": "sg-service", "cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22, "ipProtocol": "tcp"}}
	n := network(t, parts)
	require.Equal(t, []beyond.OpenRule{{Resource: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::open",
		Group: "aws:ec2/securityGroup:SecurityGroup::service",
		From:  "0.0.0.0/0", Ports: "tcp 22", UsedBy: []string{"aws:ecs/service:Service::service"}, Reachable: []string{}}}, n.OpenRules,
		"open, and without a public address")
	require.ElementsMatch(t, []string{toData, toItems}, paths(n))

	parts["ecs/service::service"].Props["networkConfiguration"] = p{"securityGroups": l{"sg-service"}, "subnets": l{"subnet-public"}, "assignPublicIp": true}
	n = network(t, parts)
	require.Equal(t, []string{"aws:ecs/service:Service::service"}, n.OpenRules[0].Reachable)
	require.Contains(t, paths(n), "ecs/service::service > rds/instance::db")

	parts["ec2/route::out"].Props["gatewayId"] = "nat-1"
	require.Empty(t, network(t, parts).OpenRules[0].Reachable, "without a route to the internet a public address reaches nobody")
}

func TestDistributions(t *testing.T) {
	parts := func() map[string]*r {
		return map[string]*r{
			"d": {Type: "aws:cloudfront/distribution:Distribution", Name: "site", Props: p{"arn": "arn:d", "enabled": true, "webAclId": "arn:acl",
				"defaultCacheBehavior": p{"viewerProtocolPolicy": "redirect-to-https"}, "viewerCertificate": p{"minimumProtocolVersion": "TLSv1.2_2021"},
				"origins": l{p{"domainName": "b.s3.us-east-1.amazonaws.com", "originAccessControlId": "oac"}, p{"domainName": "elsewhere.example.com",
					"customOriginConfig": p{"originProtocolPolicy": "http-only"}}}}},
			"acl": {Type: "aws:wafv2/webAcl:WebAcl", Name: "acl", Props: p{"name": "edge", "arn": "arn:acl"}},
			"oac": {Type: "aws:cloudfront/originAccessControl:OriginAccessControl", Name: "oac", Props: p{"signingBehavior": "always"}},
			"b":   {Type: "aws:s3/bucketV2:BucketV2", Name: "b", Props: p{"bucket": "b", "bucketRegionalDomainName": "b.s3.us-east-1.amazonaws.com"}},
			"bp": {Type: "aws:s3/bucketPolicy:BucketPolicy", Name: "b", Props: p{"bucket": "b", "policy": document(where(
				p{"Effect": "Allow", "Principal": p{"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "*"}, "StringEquals",
				"AWS:SourceArn", "arn:d"))}},
			"block": {Type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", Name: "b", Props: p{"bucket": "b", "blockPublicAcls": true,
				"blockPublicPolicy": true,
				"ignorePublicAcls":  true, "restrictPublicBuckets": true}},
		}
	}
	n := network(t, parts())
	require.ElementsMatch(t, []string{"cloudfront/distribution::site > s3/bucketV2::b", "cloudfront/distribution::site > elsewhere.example.com"}, paths(n))
	require.Contains(t, n.Paths[0].Steps[0].Guards, "web ACL edge")
	require.Contains(t, n.Paths[0].Steps[0].Guards, "TLS from TLSv1.2_2021")
	require.Empty(t, n.Paths[0].Steps[1].Open)

	bare := parts()
	delete(bare, "block")
	bare["oac"].Props["signingBehavior"] = "never"
	bare["bp"].Props["policy"] = document(p{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"})
	bare["d"].Props["webAclId"] = ""
	bare["d"].Props["defaultCacheBehavior"] = p{"viewerProtocolPolicy": "allow-all"}
	n = network(t, bare)
	require.Contains(t, paths(n), "s3/bucketV2::b", "everybody reads the bucket beside the distribution")
	require.Equal(t, []string{"plain HTTP allowed", "no web ACL", "no sign-in: everybody may read"}, n.Paths[0].Steps[0].Open)
	require.Equal(t, []string{"CloudFront does not sign its requests", "public access not blocked",
		"the bucket's policy does not name this distribution"}, n.Paths[0].Steps[1].Open)

	off := parts()
	off["d"].Props["enabled"] = false
	require.Empty(t, paths(network(t, off)))
}
