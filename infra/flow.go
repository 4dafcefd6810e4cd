package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newSecurityGroup makes a group without any rule: every way in or out is a rule resource of its own, made by flow.
func newSecurityGroup(ctx *pulumi.Context, name string, placement *Placement, vpcID pulumi.StringInput, description string, opts ...pulumi.ResourceOption) (*ec2.SecurityGroup, error) {
	physical := placement.Of(limitGeneral, name)
	group, err := ec2.NewSecurityGroup(ctx, name, &ec2.SecurityGroupArgs{
		Name:        pulumi.String(physical),
		Description: pulumi.String(description),
		VpcId:       vpcID,
		// Rules are separate resources; without this, a group whose rules name each other can't be deleted.
		RevokeRulesOnDelete: pulumi.Bool(true),
		Tags:                pulumi.StringMap{"Name": pulumi.String(physical)},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the security group %s: %w", name, err)
	}
	return group, nil
}

// flow opens one way from a group to a group on one TCP port: the egress rule on the source and the ingress rule on
// the target, so that neither side alone can widen it.
func flow(ctx *pulumi.Context, name, description string, from, to pulumi.StringInput, port int, opts ...pulumi.ResourceOption) error {
	if err := egress(ctx, name+"-out", description, from, &vpc.SecurityGroupEgressRuleArgs{ReferencedSecurityGroupId: toStringPtr(to)}, port, opts...); err != nil {
		return err
	}
	_, err := vpc.NewSecurityGroupIngressRule(ctx, name+"-in", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           to,
		ReferencedSecurityGroupId: toStringPtr(from),
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		Description:               pulumi.String(description),
	}, opts...)
	if err != nil {
		return fmt.Errorf("creating the ingress rule %s: %w", name, err)
	}
	return nil
}

// egress opens a way out of a group on one TCP port; target holds the destination.
func egress(ctx *pulumi.Context, name, description string, from pulumi.StringInput, target *vpc.SecurityGroupEgressRuleArgs, port int, opts ...pulumi.ResourceOption) error {
	target.SecurityGroupId = from
	target.IpProtocol = pulumi.String("tcp")
	target.FromPort, target.ToPort = pulumi.Int(port), pulumi.Int(port)
	target.Description = pulumi.String(description)
	if _, err := vpc.NewSecurityGroupEgressRule(ctx, name, target, opts...); err != nil {
		return fmt.Errorf("creating the egress rule %s: %w", name, err)
	}
	return nil
}

func toStringPtr(input pulumi.StringInput) pulumi.StringPtrOutput {
	return input.ToStringOutput().ToStringPtrOutput()
}

const httpsPort = 443

// AllowHTTPS opens what every workload in the VPC needs and nothing else: the interface endpoints, S3 and DynamoDB by
// their prefix lists, and by NAT the allowed addresses (every address where the list is empty and there is NAT).
func (n *Network) AllowHTTPS(ctx *pulumi.Context, name string, group pulumi.StringInput, opts ...pulumi.ResourceOption) error {
	if n.hasEndpoints {
		if err := flow(ctx, name+"-endpoints", "HTTPS to the interface endpoints", group, n.EndpointsSecurityGroupId, httpsPort, opts...); err != nil {
			return err
		}
	}
	lists := []struct {
		name string
		id   pulumi.StringOutput
	}{{"s3", n.S3PrefixListId}, {"dynamodb", n.DynamodbPrefixListId}}
	for _, list := range lists {
		target := &vpc.SecurityGroupEgressRuleArgs{PrefixListId: list.id.ToStringPtrOutput()}
		if err := egress(ctx, name+"-"+list.name, "HTTPS to the gateway endpoint of "+list.name, group, target, httpsPort, opts...); err != nil {
			return err
		}
	}
	for i, cidr := range n.egressCidrs {
		target := &vpc.SecurityGroupEgressRuleArgs{CidrIpv4: pulumi.StringPtr(cidr)}
		if err := egress(ctx, fmt.Sprintf("%s-nat-%d", name, i), "HTTPS by NAT", group, target, httpsPort, opts...); err != nil {
			return err
		}
	}
	return nil
}
