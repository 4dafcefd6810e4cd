package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/itrack/itrack/internal/recovery"
)

var networkLooks = map[string]look{
	"aws:ec2/vpc:Vpc":                                     vpcs,
	"aws:ec2/subnet:Subnet":                               subnets,
	"aws:ec2/routeTable:RouteTable":                       routeTables,
	"aws:ec2/routeTableAssociation:RouteTableAssociation": associations,
	"aws:ec2/route:Route":                                 routes,
	"aws:ec2/internetGateway:InternetGateway":             internetGateways,
	"aws:ec2/eip:Eip":                                     addresses,
	"aws:ec2/natGateway:NatGateway":                       natGateways,
	"aws:ec2/flowLog:FlowLog":                             flowLogs,
	"aws:ec2/vpcEndpoint:VpcEndpoint":                     endpoints,
	"aws:ec2/launchTemplate:LaunchTemplate":               launchTemplates,
}

// where is an EC2 filter of one value.
func where(name, value string) types.Filter {
	return types.Filter{Name: &name, Values: []string{value}}
}

// inVPC narrows to the resource's VPC.
func inVPC(r request) []types.Filter { return []types.Filter{where("vpc-id", r.Text("vpcId"))} }

func tagsOf(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, tag := range tags {
		out[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out
}

func vpcs(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeVpcsPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeVpcsInput{}),
		func(page *ec2.DescribeVpcsOutput) []types.Vpc { return page.Vpcs })
	return all(found, err, func(v types.Vpc) recovery.Candidate {
		return recovery.Candidate{ID: *v.VpcId, Tags: tagsOf(v.Tags), Attributes: attributes(map[string]*string{"cidrBlock": v.CidrBlock})}
	})
}

func subnets(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeSubnetsPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeSubnetsInput{Filters: inVPC(r)}),
		func(page *ec2.DescribeSubnetsOutput) []types.Subnet { return page.Subnets })
	return all(found, err, func(s types.Subnet) recovery.Candidate {
		return recovery.Candidate{ID: *s.SubnetId, Tags: tagsOf(s.Tags),
			Attributes: attributes(map[string]*string{"vpcId": s.VpcId, "cidrBlock": s.CidrBlock})}
	})
}

// tables are the route tables that a filter lets through.
func tables(ctx context.Context, r request, filter types.Filter) ([]types.RouteTable, error) {
	return pages(ctx, ec2.NewDescribeRouteTablesPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeRouteTablesInput{Filters: []types.Filter{filter}}),
		func(page *ec2.DescribeRouteTablesOutput) []types.RouteTable { return page.RouteTables })
}

func routeTables(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := tables(ctx, r, inVPC(r)[0])
	return all(found, err, func(t types.RouteTable) recovery.Candidate {
		return recovery.Candidate{ID: *t.RouteTableId, Tags: tagsOf(t.Tags), Attributes: attributes(map[string]*string{"vpcId": t.VpcId})}
	})
}

func associations(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := tables(ctx, r, where("association.route-table-id", r.Text("routeTableId")))
	var entries []types.RouteTableAssociation
	for _, table := range found {
		entries = append(entries, table.Associations...)
	}
	return all(entries, err, func(a types.RouteTableAssociation) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(a.RouteTableAssociationId),
			Attributes: attributes(map[string]*string{"routeTableId": a.RouteTableId, "subnetId": a.SubnetId})}
	})
}

func routes(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := tables(ctx, r, where("route-table-id", r.Text("routeTableId")))
	var entries []types.Route
	for _, table := range found {
		entries = append(entries, table.Routes...)
	}
	return all(entries, err, func(route types.Route) recovery.Candidate {
		if aws.ToString(route.DestinationCidrBlock) != r.Text("destinationCidrBlock") {
			return recovery.Candidate{}
		}
		return recovery.Candidate{ID: r.id, Attributes: map[string]any{
			"routeTableId": r.Text("routeTableId"), "destinationCidrBlock": aws.ToString(route.DestinationCidrBlock)}}
	})
}

func internetGateways(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeInternetGatewaysPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeInternetGatewaysInput{}),
		func(page *ec2.DescribeInternetGatewaysOutput) []types.InternetGateway { return page.InternetGateways })
	return all(found, err, func(g types.InternetGateway) recovery.Candidate {
		c := recovery.Candidate{ID: *g.InternetGatewayId, Tags: tagsOf(g.Tags), Attributes: map[string]any{}}
		if len(g.Attachments) > 0 {
			c.Attributes["vpcId"] = aws.ToString(g.Attachments[0].VpcId)
		} else {
			// Made and not attached: the provider attaches it at the next up.
			c.Attributes["vpcId"] = r.Text("vpcId")
		}
		return c
	})
}

func addresses(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := ec2.NewFromConfig(r.at("ec2")).DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, err
	}
	return all(answer.Addresses, nil, func(a types.Address) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(a.AllocationId), Tags: tagsOf(a.Tags)}
	})
}

func natGateways(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeNatGatewaysPaginator(ec2.NewFromConfig(r.at("ec2")),
		&ec2.DescribeNatGatewaysInput{Filter: []types.Filter{where("subnet-id", r.Text("subnetId"))}}),
		func(page *ec2.DescribeNatGatewaysOutput) []types.NatGateway { return page.NatGateways })
	return all(found, err, func(g types.NatGateway) recovery.Candidate {
		// A deleted gateway is listed for about an hour, a failed one serves nobody.
		if g.State != types.NatGatewayStateAvailable && g.State != types.NatGatewayStatePending {
			return recovery.Candidate{}
		}
		c := recovery.Candidate{ID: *g.NatGatewayId, Tags: tagsOf(g.Tags), Attributes: attributes(map[string]*string{"subnetId": g.SubnetId})}
		if len(g.NatGatewayAddresses) > 0 {
			c.Attributes["allocationId"] = aws.ToString(g.NatGatewayAddresses[0].AllocationId)
		}
		return c
	})
}

func flowLogs(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeFlowLogsPaginator(ec2.NewFromConfig(r.at("ec2")),
		&ec2.DescribeFlowLogsInput{Filter: []types.Filter{where("resource-id", r.Text("vpcId"))}}),
		func(page *ec2.DescribeFlowLogsOutput) []types.FlowLog { return page.FlowLogs })
	return all(found, err, func(f types.FlowLog) recovery.Candidate {
		destination := aws.ToString(f.LogDestination)
		if destination == "" && f.LogGroupName != nil {
			destination = "arn:" + recovery.Partition(r.in) + ":logs:" + r.in + ":" + r.Account + ":log-group:" + *f.LogGroupName
		}
		return recovery.Candidate{ID: *f.FlowLogId, Tags: tagsOf(f.Tags), Attributes: map[string]any{
			"vpcId": aws.ToString(f.ResourceId), "logDestination": destination, "trafficType": string(f.TrafficType)}}
	})
}

func endpoints(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, ec2.NewDescribeVpcEndpointsPaginator(ec2.NewFromConfig(r.at("ec2")), &ec2.DescribeVpcEndpointsInput{Filters: inVPC(r)}),
		func(page *ec2.DescribeVpcEndpointsOutput) []types.VpcEndpoint { return page.VpcEndpoints })
	return all(found, err, func(e types.VpcEndpoint) recovery.Candidate {
		return recovery.Candidate{ID: *e.VpcEndpointId, Tags: tagsOf(e.Tags), Attributes: map[string]any{
			"vpcId": aws.ToString(e.VpcId), "serviceName": aws.ToString(e.ServiceName), "vpcEndpointType": string(e.VpcEndpointType)}}
	})
}

func launchTemplates(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := ec2.NewFromConfig(r.at("ec2")).DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{r.Text("name")}})
	if err != nil {
		return nil, err
	}
	return all(answer.LaunchTemplates, nil, func(t types.LaunchTemplate) recovery.Candidate {
		return recovery.Candidate{ID: *t.LaunchTemplateId, Attributes: attributes(map[string]*string{"name": t.LaunchTemplateName})}
	})
}
