package controls

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWorkloadShapes are stacks that ours is not: other types for the same thing, and what AWS reports in another shape.
func TestWorkloadShapes(t *testing.T) {
	const (
		instance = tokenInstance + "::i"
		db       = tokenDatabase + "::db"
		plain    = tokenListener + "::l"
		balancer = tokenBalancer + "::b"
		service  = tokenService + "::s"
		world    = "0.0.0.0/0"
	)
	routed := func(extra props) props {
		stack := props{
			db:                                   {"dbSubnetGroupName": "group"},
			"aws:rds/subnetGroup:SubnetGroup::g": {"name": "group", "subnetIds": []any{"subnet-1"}},
			tokenSubnet + "::one":                {"id": "subnet-1", "vpcId": "vpc-1"},
			tokenVPC + "::v":                     {"id": "vpc-1", "mainRouteTableId": "rtb-main"},
		}
		for label, outputs := range extra {
			stack[label] = outputs
		}
		return stack
	}
	for name, c := range map[string]struct {
		control string
		stack   props
		want    map[string]bool
	}{
		"a database by the VPC's main table": {"RDS.46", routed(props{
			"aws:ec2/route:Route::r": {"routeTableId": "rtb-main", "destinationCidrBlock": world, "gatewayId": "igw-1"}}), map[string]bool{db: false}},
		"another main table": {"RDS.46", routed(props{
			"aws:ec2/route:Route::r": {"routeTableId": "rtb-main", "destinationCidrBlock": world, "gatewayId": "igw-1"},
			"aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation::main": {"vpcId": "vpc-1", "routeTableId": "rtb-other"}}), map[string]bool{db: true}},
		"a NAT gateway is no internet gateway": {"RDS.46", routed(props{
			"aws:ec2/route:Route::r": {"routeTableId": "rtb-main", "destinationCidrBlock": world, "natGatewayId": "nat-1"}}), map[string]bool{db: true}},
		"a subnet group of somebody else": {"RDS.46", props{db: {"dbSubnetGroupName": "default"}}, map[string]bool{db: false}},
		"a read replica has no backups":   {"RDS.11", props{db: {"replicateSourceDb": "source", "backupRetentionPeriod": 0}}, map[string]bool{}},
		"PostgreSQL's logs": {"RDS.9", props{db: {"engine": "postgres", "enabledCloudwatchLogsExports": []any{"postgresql", "upgrade"}}},
			map[string]bool{db: true}},
		"SQL Server's default port":    {"RDS.23", props{db: {"engine": "sqlserver-se", "port": 1433}}, map[string]bool{db: false}},
		"MariaDB on a port of its own": {"RDS.23", props{db: {"engine": "mariadb", "port": 3307}}, map[string]bool{db: true}},
		"a subscription of every category": {"RDS.22", props{db: {"region": "r"},
			tokenSubscription + "::s": {"region": "r", "sourceType": "db-security-group", "snsTopic": "t"}}, map[string]bool{db: true}},
		"a subscription of another region": {"RDS.22", props{db: {"region": "r"},
			tokenSubscription + "::s": {"region": "q", "sourceType": "db-security-group", "snsTopic": "t"}}, map[string]bool{db: false}},
		"an instance with an elastic address": {"EC2.9", props{instance: {"id": "i-1"}, "aws:ec2/eip:Eip::e": {"instance": "i-1"}}, map[string]bool{instance: false}},
		"an instance's root volume": {"EC2.3", props{instance: {"id": "i-1", "rootBlockDevice": map[string]any{"encrypted": false}}},
			map[string]bool{instance: false}},
		"volumes encrypted by default": {"EC2.3", props{instance: {"id": "i-1"}, "aws:ebs/encryptionByDefault:EncryptionByDefault::e": {"enabled": true}},
			map[string]bool{instance: true}},
		"a group of a template elsewhere": {"EC2.8", props{tokenFleet + "::f": {"launchTemplate": map[string]any{"id": "lt-1"}}},
			map[string]bool{tokenFleet + "::f": false}},
		"AWS's policy for managed instances": {"SSM.1", props{
			instance: {"id": "i-1", "iamInstanceProfile": "p"}, "aws:iam/instanceProfile:InstanceProfile::p": {"id": "p", "name": "p", "role": "r"},
			tokenRole + "::r": {"id": "r", "name": "r", "managedPolicyArns": []any{"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}}},
			map[string]bool{instance: true}},
		"rights in a role's inline policy": {"SSM.1", props{
			instance: {"id": "i-1", "iamInstanceProfile": "p"}, "aws:iam/instanceProfile:InstanceProfile::p": {"id": "p", "name": "p", "role": "r"},
			tokenRole + "::r":                  {"id": "r", "name": "r"},
			"aws:iam/rolePolicy:RolePolicy::r": {"role": "r", "policy": `{"Statement":{"Effect":"Allow","Action":["ssm:*","ssmmessages:*"],"Resource":"*"}}`}},
			map[string]bool{instance: true}},
		"a rule of the older type": {"EC2.19", props{tokenGroup + "::g": {"id": "sg-1"}, "aws:ec2/securityGroupRule:SecurityGroupRule::r": {
			"securityGroupId": "sg-1", "type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": []any{world}}},
			map[string]bool{tokenGroup + "::g": false}},
		"the world on 443, as AWS allows": {"EC2.18", props{tokenGroup + "::g": {"id": "sg-1", "ingress": []any{
			map[string]any{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": []any{world}}}}}, map[string]bool{tokenGroup + "::g": true}},
		"a range around 443": {"EC2.18", props{tokenGroup + "::g": {"id": "sg-1", "ingress": []any{
			map[string]any{"protocol": "tcp", "fromPort": 440, "toPort": 443, "cidrBlocks": []any{world}}}}}, map[string]bool{tokenGroup + "::g": false}},
		"an ACL by associations": {"EC2.16", props{tokenACL + "::a": {"id": "acl-1"},
			"aws:ec2/networkAclAssociation:NetworkAclAssociation::x": {"networkAclId": "acl-1"}},
			map[string]bool{tokenACL + "::a": true}},
		"an ACL that lets IPv6 in": {"EC2.21", props{tokenACL + "::a": {"id": "acl-1", "ingress": []any{
			map[string]any{"ruleNo": 100, "action": "allow", "protocol": "-1", "ipv6CidrBlock": "::/0"}}}}, map[string]bool{tokenACL + "::a": false}},
		"a network load balancer's plain listener":  {"ELB.18", props{plain: {"protocol": "TCP"}}, map[string]bool{plain: false}},
		"a network load balancer redirects nothing": {"ELB.1", props{balancer: {"loadBalancerType": "network"}}, map[string]bool{}},
		"addresses in two zones": {"ELB.13", props{balancer: {"subnetMappings": []any{map[string]any{"subnetId": "subnet-1"},
			map[string]any{"subnetId": "subnet-2"}}},
			tokenSubnet + "::one": {"id": "subnet-1", "availabilityZone": "a"}, tokenSubnet + "::two": {"id": "subnet-2", "availabilityZone": "b"}},
			map[string]bool{balancer: true}},
		"a service on instances": {"ECS.10", props{service: {"launchType": "EC2", "platformVersion": "1.3.0"}}, map[string]bool{}},
		"a Windows container may write": {"ECS.5", props{tokenTask + "::t": {"runtimePlatform": map[string]any{"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
			"containerDefinitions": `[{"name":"a"}]`}}, map[string]bool{tokenTask + "::t": true}},
		"definitions that are a secret": {"ECS.4", props{tokenTask + "::t": {"containerDefinitions": "[secret]"}}, map[string]bool{tokenTask + "::t": false}},
		"a task set with a public address": {"ECS.16", props{"aws:ecs/taskSet:TaskSet::t": {"networkConfiguration": map[string]any{"assignPublicIp": true}}},
			map[string]bool{"aws:ecs/taskSet:TaskSet::t": false}},
		"a service without its deployments": {"BlueGreen.3", props{service: {"deploymentController": map[string]any{"type": "CODE_DEPLOY"}}},
			map[string]bool{service: false}},
		"ECS deploys and rolls back": {"BlueGreen.3", props{service: {"deploymentController": map[string]any{"type": "ECS"}}}, map[string]bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]bool{}
			for _, control := range All() {
				if control.ID == c.control {
					for _, answer := range control.Check(stackOf(t, c.stack)) {
						got[answer.Resource.Label()] = answer.OK
					}
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestDaily(t *testing.T) {
	for schedule, want := range map[string]bool{
		"cron(0 8 ? * * *)": true, "cron(0 8 * * ? *)": true, "cron(0 8 ? * SUN *)": false, "cron(0 8 1 * ? *)": false, "cron(0 8 ? 1 * *)": false,
		"rate(12 hours)": true, "rate(1 day)": true, "rate(7 days)": false, "rate(48 hours)": false, "rate(90 minutes)": true, "": false,
	} {
		assert.Equal(t, want, daily(schedule), schedule)
	}
}
