// Package apigatewayv2 describes the newer VPC links to the stand-in: REST APIs reach load balancers through them.
package apigatewayv2

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// LinkToken is the type of a VPC link.
const LinkToken = "aws:apigatewayv2/vpcLink:VpcLink"

const source = "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/vpclinks.html"

// Service is what the stand-in knows of API Gateway's second API.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{{
		Token: LinkToken, Args: (*sdk.VpcLinkArgs)(nil), Resource: (*sdk.VpcLink)(nil),
		Service: "ApiGatewayV2", Action: "VpcLink", Title: "API Gateway v2 VPC Link",
		ARN: "arn:{partition}:apigateway:{region}::/vpclinks/{id}",
		ID:  catalog.Made(func(*catalog.Call) string { return catalog.Letters(6, catalog.LowerDigits) }),
		// Two links may share a name.
		Name: catalog.Name{Property: "name", Auto: 128},
		Sets: []string{"securityGroupIds", "subnetIds"},
		Refs: []catalog.Ref{
			{Path: "subnetIds", To: []string{"aws:ec2/subnet:Subnet"}, Code: "BadRequestException", Message: "The subnet ID '{value}' does not exist", Blocks: true},
			{Path: "securityGroupIds", To: []string{"aws:ec2/securityGroup:SecurityGroup"}, Code: "BadRequestException",
				Message: "The security group '{value}' does not exist", Blocks: true},
		},
		Source: source,
	}}}
}
