package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	distributionToken = "aws:cloudfront/distribution:Distribution"
	edgeFunctionToken = "aws:cloudfront/function:Function"
	accessToken       = "aws:cloudfront/originAccessControl:OriginAccessControl"
	headersToken      = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
	webACLToken       = "aws:wafv2/webAcl:WebAcl"
	certificateToken  = "aws:acm/certificate:Certificate"
	recordToken       = "aws:route53/record:Record"
	restToken         = "aws:apigateway/restApi:RestApi"
	stageToken        = "aws:apigateway/stage:Stage"
	domainToken       = "aws:apigateway/domainName:DomainName"
	clientToken       = "aws:apigateway/clientCertificate:ClientCertificate"
	linkToken         = "aws:apigatewayv2/vpcLink:VpcLink"
	edgePage          = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
	firewallPage      = "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html"
	apiPage           = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"
)

func edgeQuotas() []Quota {
	policies := func(n int) rule.Thing {
		return rule.Thing{Type: headersToken, ID: fmt.Sprintf("neighbour-%d", n), Region: cloud.Global, State: in{}}
	}
	walls := numbered(webACLToken, "neighbour-%d", in{"scope": "REGIONAL"})
	return []Quota{
		{ID: "distribution-aliases", Name: "Alternate domain names (CNAMEs) per distribution", Service: "cloudfront", Default: 100,
			Unit: "alternate domain names of a distribution", Page: edgePage, Error: "TooManyDistributionCNAMEs", Types: []string{distributionToken}, Draw: inside("aliases")},
		{ID: "edge-functions", Name: "Functions per AWS account", Service: "cloudfront", Default: 100, Unit: "CloudFront functions in an account", Page: edgePage,
			Error: "TooManyFunctions", Types: []string{edgeFunctionToken}, Draw: each},
		{ID: "origin-access-controls", Name: "Origin access controls per AWS account", Service: "cloudfront", Default: 100, Unit: "origin access controls in an account",
			Page: edgePage, Error: "TooManyOriginAccessControls", Types: []string{accessToken}, Draw: each},
		{ID: "headers-policies", Name: "Response headers policies per AWS account", Service: "cloudfront", Code: "L-CF0D4FC5", Default: 20,
			Unit: "response headers policies of an account's own", Page: edgePage, Error: "TooManyResponseHeadersPolicies",
			Message: "You have reached the maximum number of response headers policies for this AWS account", Property: "name", Types: []string{headersToken}, Draw: each,
			proof: &proof{region: cloud.Global, one: policies, inputs: in{"name": "one-more"},
				seed: rule.Seed{Stack: "staging", At: headersToken + "::site", Exists: filled(20, policies)}}},
		{ID: "web-acls", Name: "Web ACLs per account per Region", Service: "wafv2", Default: 100, Unit: "web ACLs of one scope in a region", Page: firewallPage,
			Error: "WAFLimitsExceededException", Message: "AWS WAF couldn't perform the operation because you exceeded your resource limit.", Property: "scope",
			Types: []string{webACLToken}, Draw: per("scope"), proof: &proof{one: walls, inputs: in{"scope": "REGIONAL"},
				seed: rule.Seed{Stack: "staging", At: webACLToken + "::waf-regional", Exists: filled(100, walls)}}},
		{ID: "certificates", Name: "ACM certificates", Service: "acm", Code: "L-F141DD1D", Default: 2500, Unit: "certificates in a region",
			Page: "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html", Error: "LimitExceededException", Types: []string{certificateToken}, Draw: each},
		{ID: "records", Name: "Records per hosted zone", Service: "route53", Code: "L-E209CC9F", Default: 10000, Unit: "records in a hosted zone",
			Page: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html", Error: "InvalidChangeBatch", Types: []string{recordToken}, Draw: per("zoneId")},
	}
}

func apiQuotas() []Quota {
	links := numbered(linkToken, "neighbour-%d", in{})
	return []Quota{
		{ID: "regional-apis", Name: "Regional APIs", Service: "apigateway", Code: "L-AA0FF27B", Default: 600, Unit: "regional REST APIs in a region", Page: apiPage,
			Error: "LimitExceededException", Types: []string{restToken},
			Draw: where(func(o *cloud.Object) bool { return catalog.Str(o.State, "endpointConfiguration.types") == "REGIONAL" })},
		{ID: "stages", Name: "Stages per API", Service: "apigateway", Code: "L-379E48B0", Default: 10, Unit: "stages of an API", Page: apiPage,
			Error: "LimitExceededException", Types: []string{stageToken}, Draw: per("restApi")},
		{ID: "api-domains", Name: "Custom Domain Names", Service: "apigateway", Code: "L-A93447B8", Default: 120, Unit: "custom domain names in a region", Page: apiPage,
			Error: "LimitExceededException", Types: []string{domainToken}, Draw: each},
		{ID: "client-certificates", Name: "Client certificates", Service: "apigateway", Code: "L-824C9E42", Default: 60, Unit: "client certificates in a region",
			Page: apiPage, Error: "LimitExceededException", Types: []string{clientToken}, Draw: each},
		{ID: "vpc-links", Name: "VPC links(V2)", Service: "apigateway", Code: "L-608BDCD4", Default: 10, Unit: "VPC links of the second kind in a region", Page: apiPage,
			Error: "LimitExceededException", Message: "Maximum number of VPC links for this account has been reached", Property: "name",
			Types: []string{linkToken}, Draw: each, proof: &proof{one: links, inputs: in{"name": "one-more"},
				seed: rule.Seed{Stack: "staging", At: linkToken + "::api", Exists: filled(10, links)}}},
		{ID: "vpc-link-subnets", Name: "Subnets per VPC link(V2)", Service: "apigateway", Code: "L-668C9B28", Default: 10, Unit: "subnets of a VPC link", Page: apiPage,
			Error: "LimitExceededException", Types: []string{linkToken}, Draw: inside("subnetIds")},
	}
}
