package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/itrack/itrack/internal/recovery"
)

var groupLooks = map[string]look{
	"aws:ec2/securityGroup:SecurityGroup":                       securityGroups,
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         defaultGroups,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rules(false),
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   rules(true),
}

func groups(ctx context.Context, r request) ([]types.SecurityGroup, error) {
	return pages(ctx, ec2.NewDescribeSecurityGroupsPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeSecurityGroupsInput{Filters: inVPC(r)}),
		func(page *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return page.SecurityGroups })
}

func securityGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := groups(ctx, r)
	return all(found, err, func(g types.SecurityGroup) recovery.Candidate {
		return recovery.Candidate{ID: *g.GroupId, Tags: tagsOf(g.Tags), Attributes: attributes(map[string]*string{"vpcId": g.VpcId, "name": g.GroupName})}
	})
}

func defaultGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := groups(ctx, r)
	return all(found, err, func(g types.SecurityGroup) recovery.Candidate {
		if aws.ToString(g.GroupName) != "default" {
			return recovery.Candidate{}
		}
		// AWS made it with the VPC and without tags, so that tags say nothing of whose it is.
		return recovery.Candidate{ID: *g.GroupId, Attributes: attributes(map[string]*string{"vpcId": g.VpcId})}
	})
}

func rules(egress bool) look {
	return func(ctx context.Context, r request) ([]recovery.Candidate, error) {
		found, err := pages(ctx, ec2.NewDescribeSecurityGroupRulesPaginator(ec2.NewFromConfig(r.at("ec2")),
			&ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{where("group-id", r.Text("securityGroupId"))}}),
			func(page *ec2.DescribeSecurityGroupRulesOutput) []types.SecurityGroupRule {
				return page.SecurityGroupRules
			})
		return all(found, err, func(rule types.SecurityGroupRule) recovery.Candidate {
			if aws.ToBool(rule.IsEgress) != egress {
				return recovery.Candidate{}
			}
			c := recovery.Candidate{ID: aws.ToString(rule.SecurityGroupRuleId), Attributes: attributes(map[string]*string{
				"securityGroupId": rule.GroupId, "ipProtocol": rule.IpProtocol, "cidrIpv4": rule.CidrIpv4, "cidrIpv6": rule.CidrIpv6,
				"prefixListId": rule.PrefixListId,
			})}
			if rule.FromPort != nil {
				c.Attributes["fromPort"], c.Attributes["toPort"] = int(*rule.FromPort), int(aws.ToInt32(rule.ToPort))
			}
			if rule.ReferencedGroupInfo != nil {
				c.Attributes["referencedSecurityGroupId"] = aws.ToString(rule.ReferencedGroupInfo.GroupId)
			}
			return c
		})
	}
}
