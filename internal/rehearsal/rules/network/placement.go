package network

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// placement are the rules about what runs in subnets: tasks, functions, links, instances and databases.
func placement() []rule.Rule {
	tasks := func(groups ...any) in {
		return in{"networkConfiguration": in{"subnets": []any{subnetB1, subnetB2}, "securityGroups": groups}}
	}
	function := func(groups ...any) in {
		return in{"vpcConfig": in{"subnetIds": []any{subnetB1, subnetB2}, "securityGroupIds": groups}}
	}
	return []rule.Rule{{
		ID: "network-service-group-vpc", Types: []string{serviceToken}, Code: "InvalidParameterException",
		Page:  "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html",
		Says:  "A service's security groups are in the VPC of its subnets.",
		Fix:   "Give security groups of the subnets' VPC.",
		Check: groupsAt("networkConfiguration.subnets", "networkConfiguration.securityGroups", "Security group %s does not appear to belong to the same VPC as the input subnets."),
		Pass:  rule.Case{World: neighbours(), Inputs: tasks(groupB)},
		Fail:  rule.Case{World: neighbours(), Inputs: tasks(groupB, groupC)},
		Seed: rule.Seed{Stack: "staging", At: serviceToken + "::backend", Exists: neighbours(),
			Set: in{"networkConfiguration.securityGroups": []any{groupC}}},
	}, {
		ID: "network-function-group-vpc", Types: []string{functionToken}, Code: "InvalidParameterValueException",
		Page:  "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
		Says:  "A function's security groups are in the VPC of its subnets.",
		Fix:   "Give security groups of the subnets' VPC.",
		Check: groupsAt("vpcConfig.subnetIds", "vpcConfig.securityGroupIds", "Security Groups are required to be in the same VPC. (%s)"),
		Pass:  rule.Case{World: neighbours(), Inputs: function(groupB)},
		Fail:  rule.Case{World: neighbours(), Inputs: function(groupC)},
		Seed: rule.Seed{Stack: "staging", At: functionToken + "::restore-check", Exists: neighbours(),
			Set: in{"vpcConfig.securityGroupIds": []any{groupB}}},
	}, {
		ID: "network-link-group-vpc", Types: []string{linkToken}, Code: "BadRequestException",
		Page:  "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html",
		Says:  "A VPC link's security groups are in the VPC of its subnets.",
		Fix:   "Give security groups of the subnets' VPC.",
		Check: groupsAt("subnetIds", "securityGroupIds", "The security group '%s' does not belong to the VPC of the subnets"),
		Pass:  rule.Case{World: neighbours(), Inputs: in{"subnetIds": []any{subnetB1}, "securityGroupIds": []any{groupB}}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"subnetIds": []any{subnetB1}, "securityGroupIds": []any{groupC}}},
		Seed:  rule.Seed{Stack: "staging", At: linkToken + "::api", Exists: neighbours(), Set: in{"securityGroupIds": []any{groupC}}},
	}, {
		ID: "network-scaling-group-vpc", Types: []string{scalingToken}, Code: "ValidationError",
		Page:  "https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-in-vpc.html",
		Says:  "The security groups of an Auto Scaling group's launch template are in the VPC of the group's subnets.",
		Fix:   "Give the launch template security groups of the subnets' VPC.",
		Check: scalingGroups,
		Pass:  rule.Case{World: launching(groupB), Inputs: in{"launchTemplate": in{"id": "lt-1"}, "vpcZoneIdentifiers": []any{subnetB1}}},
		Fail:  rule.Case{World: launching(groupC), Inputs: in{"launchTemplate": in{"id": "lt-1"}, "vpcZoneIdentifiers": []any{subnetB1}}},
		Seed:  rule.Seed{Stack: "staging", At: scalingToken + "::bastion", Exists: neighbours(), Set: in{"vpcZoneIdentifiers": []any{subnetB1, subnetB2}}},
	}, {
		ID: "network-scaling-interface-groups", Types: []string{scalingToken}, Code: "InvalidQueryParameter",
		Page:  "https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-launch-template.html",
		Says:  "A launch template with a network interface has its security groups in the interface.",
		Fix:   "Move vpcSecurityGroupIds of the launch template into networkInterfaces.",
		Check: scalingInterfaces,
		Pass:  rule.Case{World: launching(groupB), Inputs: in{"launchTemplate": in{"id": "lt-1"}}},
		Fail:  rule.Case{World: launching(groupB, groupB), Inputs: in{"launchTemplate": in{"id": "lt-1"}}},
		Seed: rule.Seed{Stack: "staging", At: scalingToken + "::bastion", Exists: neighbours(),
			Set: in{templates[1]: templateB, "vpcZoneIdentifiers": []any{subnetB1, subnetB2}}},
	}, {
		ID: "network-database-vpc", Types: []string{subnetsToken}, Code: "InvalidSubnet",
		Page:  "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html",
		Says:  "A DB subnet group's subnets are in one VPC.",
		Fix:   "Give subnets of one VPC.",
		Check: oneVpc("subnetIds"),
		Pass:  rule.Case{World: neighbours(), Inputs: in{"subnetIds": []any{subnetB1, subnetB2}}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"subnetIds": []any{subnetB1, subnetC2}}},
		Seed:  rule.Seed{Stack: "staging", At: subnetsToken + "::rds", Exists: neighbours(), Set: in{"subnetIds": []any{subnetB1, subnetC2}}},
	}}
}

// groupsAt is the check that security groups are where the subnets are.
func groupsAt(subnets, groups, message string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		if id := strangers(c, groups, home(c, subnets)); id != "" {
			return rule.Find(groups, id, message, id)
		}
		return nil
	}
}

// launching are the neighbours with a launch template: the groups of its interface, then those of the template itself.
func launching(interfaceGroup any, own ...any) []rule.Thing {
	state := in{"networkInterfaces": []any{in{"securityGroups": []any{interfaceGroup}}}}
	if len(own) > 0 {
		state["vpcSecurityGroupIds"] = own
	}
	return append(neighbours(), thing(templateToken, "lt-1", state))
}

// templates are the paths at which an Auto Scaling group names its launch template by id.
var templates = []string{"launchTemplate.id", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId"}

func scalingGroups(c *catalog.Call) *rule.Finding {
	vpc := home(c, "vpcZoneIdentifiers")
	for _, path := range templates {
		for _, template := range all(c, path, templateToken) {
			for _, groups := range []string{"networkInterfaces[].securityGroups", "vpcSecurityGroupIds"} {
				for _, id := range catalog.Strs(template.State, groups) {
					if other := vpcOf(group(c, id)); vpc != "" && other != "" && other != vpc {
						return rule.Find("vpcZoneIdentifiers", id, "One or more security groups in the launch template are not linked to the VPCs configured in the Auto Scaling group")
					}
				}
			}
		}
	}
	return nil
}

func scalingInterfaces(c *catalog.Call) *rule.Finding {
	for _, path := range templates {
		for _, template := range all(c, path, templateToken) {
			own := catalog.Strs(template.State, "vpcSecurityGroupIds")
			if len(own) > 0 && len(catalog.Leaves(template.State, "networkInterfaces[]")) > 0 {
				return rule.Find(path, template.ID, "Invalid launch template: When a network interface is provided, the security groups must be a part of it.")
			}
		}
	}
	return nil
}
