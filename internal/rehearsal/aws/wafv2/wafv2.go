// Package wafv2 describes web ACLs to the stand-in.
package wafv2

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"

	"github.com/itrack/itrack/internal/rehearsal/aws/wafv2/units"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	aclToken   = "aws:wafv2/webAcl:WebAcl"
	groupToken = "aws:cloudwatch/logGroup:LogGroup"
	api        = "https://docs.aws.amazon.com/waf/latest/APIReference/"
	service    = "WAFV2"
	edgeScope  = "CLOUDFRONT"
)

// Service is what the stand-in knows of WAF.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{aclType(), loggingType(), associationType()}}
}

func aclType() catalog.Type {
	return catalog.Type{
		Token: aclToken, Args: (*sdk.WebAclArgs)(nil), Resource: (*sdk.WebAcl)(nil),
		Service: service, Action: "WebACL", Title: "WAFv2 WebACL",
		ARN: "arn:{partition}:wafv2:{region}:{account}:{scopeWord}/webacl/{name}/{uuid}",
		ID: catalog.Made(func(c *catalog.Call) string {
			id, word := catalog.UUID(), "regional"
			if c.Str("scope") == edgeScope {
				word = "global"
			}
			c.ARN = c.Fill("arn:{partition}:wafv2:{region}:{account}:") + word + "/webacl/" + c.Str("name") + "/" + id
			return id
		}),
		Name: catalog.Name{Property: "name", Auto: 128, Prefix: "namePrefix"},
		Unique: []catalog.Unique{{Properties: []string{"name", "scope"}, Scope: catalog.InRegion, Code: "WAFDuplicateItemException",
			Message: "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one: {name}"}},
		Blank:    []string{"namePrefix", "applicationIntegrationUrl"},
		Volatile: []string{"lockToken"},
		Sets:     []string{"rules"},
		Check:    checkACL,
		Compute: func(c *catalog.Call) error {
			c.Set("lockToken", catalog.UUID())
			c.Set("capacity", units.Capacity(c.State))
			return nil
		},
		Source: api + "API_CreateWebACL.html",
	}
}

func checkACL(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	for _, leaf := range catalog.Leaves(c.Inputs, "associationConfig.requestBodies[].apiGateways[].defaultSizeInspectionLimit") {
		problems = append(problems, checkLimit(leaf)...)
	}
	for _, leaf := range catalog.Leaves(c.Inputs, "associationConfig.requestBodies[].cloudfronts[].defaultSizeInspectionLimit") {
		problems = append(problems, checkLimit(leaf)...)
	}
	return problems
}

func checkLimit(leaf catalog.Leaf) []catalog.Problem {
	switch limit := catalog.Text(leaf.Value); limit {
	case "KB_16", "KB_32", "KB_48", "KB_64":
		return nil
	default:
		return []catalog.Problem{{Property: leaf.Path, Rule: "allowed values", Value: limit, Message: "must be KB_16, KB_32, KB_48 or KB_64",
			Source: api + "API_RequestBodyAssociatedResourceTypeConfig.html"}}
	}
}

func loggingType() catalog.Type {
	return catalog.Type{
		Token: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", Args: (*sdk.WebAclLoggingConfigurationArgs)(nil),
		Resource: (*sdk.WebAclLoggingConfiguration)(nil), Service: service, Title: "WAFv2 WebACL Logging Configuration",
		Verbs: map[string]string{"create": "PutLoggingConfiguration", "update": "PutLoggingConfiguration", "delete": "DeleteLoggingConfiguration"},
		ID:    catalog.Templated("{resourceArn}"), Overwrites: true, Sets: []string{"logDestinationConfigs", "loggingFilter.filters", "loggingFilter.filters[].conditions"},
		Refs: []catalog.Ref{
			{Path: "resourceArn", To: []string{aclToken}, By: catalog.ByARN, Code: "WAFNonexistentItemException", Message: "The web ACL {value} doesn't exist"},
			{Path: "logDestinationConfigs", To: []string{groupToken, "aws:s3/bucketV2:BucketV2"}, By: catalog.ByARN, Code: "WAFLogDestinationPermissionIssueException",
				Message: "The log destination {value} doesn't exist or can't be written to"},
		},
		Source: api + "API_PutLoggingConfiguration.html",
	}
}

func associationType() catalog.Type {
	return catalog.Type{
		Token: "aws:wafv2/webAclAssociation:WebAclAssociation", Args: (*sdk.WebAclAssociationArgs)(nil), Resource: (*sdk.WebAclAssociation)(nil),
		Service: service, Title: "WAFv2 WebACL Association", Verbs: map[string]string{"create": "AssociateWebACL", "delete": "DisassociateWebACL"},
		ID: catalog.Templated("{webAclArn},{resourceArn}"),
		Unique: []catalog.Unique{{Properties: []string{"resourceArn"}, Scope: catalog.InRegion, Code: "WAFDuplicateItemException",
			Message: "The resource has a web ACL already: {name}"}},
		Refs: []catalog.Ref{
			{Path: "webAclArn", To: []string{aclToken}, By: catalog.ByARN, Code: "WAFNonexistentItemException", Message: "The web ACL {value} doesn't exist",
				Blocks: true, BlockCode: "WAFAssociatedItemException"},
			{Path: "resourceArn", To: []string{"aws:apigateway/stage:Stage", "aws:lb/loadBalancer:LoadBalancer"}, By: catalog.ByARN, Code: "WAFUnavailableEntityException",
				Message: "AWS WAF couldn't retrieve the resource that you requested: {value}"},
		},
		Source: api + "API_AssociateWebACL.html",
	}
}
