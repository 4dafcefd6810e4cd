package cloudfront

import (
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"

	"github.com/itrack/itrack/internal/rehearsal/aws/acm"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// edgeZone is the Route 53 zone of every distribution's own name.
const edgeZone = "Z2FDTNDATAQYW2"

func distributionType() catalog.Type {
	return catalog.Type{
		Token: distributionToken, Args: (*sdk.DistributionArgs)(nil), Resource: (*sdk.Distribution)(nil),
		Service: service, Action: "Distribution", Title: "CloudFront Distribution", Global: true,
		Verbs: map[string]string{"create": "CreateDistributionWithTags"},
		ARN:   prefix + "distribution/{id}", ID: catalog.Made(upperID),
		Defaults: map[string]any{
			"httpVersion": "http2", "isIpv6Enabled": false, "priceClass": "PriceClass_All", "retainOnDelete": false, "staging": false,
			"waitForDeployment": true, "origins[].connectionAttempts": 3, "origins[].connectionTimeout": 10, "origins[].originPath": "",
			"defaultCacheBehavior.compress": false, "defaultCacheBehavior.smoothStreaming": false,
			"viewerCertificate.minimumProtocolVersion": "TLSv1", "viewerCertificate.cloudfrontDefaultCertificate": false,
		},
		Blank: []string{"continuousDeploymentPolicyId"}, Volatile: []string{"etag", "lastModifiedTime"},
		Sets: []string{"aliases", "origins", "originGroups", "customErrorResponses", "defaultCacheBehavior.allowedMethods",
			"defaultCacheBehavior.cachedMethods", "defaultCacheBehavior.functionAssociations", "originGroups[].failoverCriteria.statusCodes"},
		Refs: []catalog.Ref{
			{Path: "origins[].originAccessControlId", To: []string{controlToken}, Code: "InvalidOriginAccessControl",
				Message: "The specified origin access control does not exist: {value}", Blocks: true, BlockCode: "OriginAccessControlInUse"},
			{Path: "defaultCacheBehavior.responseHeadersPolicyId", To: []string{headersToken}, Code: "NoSuchResponseHeadersPolicy",
				Message: "The specified response headers policy does not exist: {value}", Blocks: true, BlockCode: "ResponseHeadersPolicyInUse"},
			{Path: "defaultCacheBehavior.functionAssociations[].functionArn", To: []string{functionToken}, By: catalog.ByARN, Code: "InvalidFunctionAssociation",
				Message: "The specified function does not exist: {value}", Blocks: true, BlockCode: "FunctionInUse"},
			{Path: "viewerCertificate.acmCertificateArn", To: []string{acm.CertificateToken}, By: catalog.ByARN, AnyRegion: true, Code: "InvalidViewerCertificate",
				Message: "The specified SSL certificate doesn't exist: {value}", Blocks: true, BlockCode: "ResourceInUseException"},
			{Path: "webAclId", To: []string{"aws:wafv2/webAcl:WebAcl"}, By: catalog.ByARN, AnyRegion: true, Code: "InvalidWebACLId",
				Message: "Web ACL is not accessible by the requester: {value}", Blocks: true, BlockCode: "WAFAssociatedItemException"},
		},
		Check: checkDistribution, Compute: computeDistribution,
		Source: api + "API_CreateDistribution.html",
	}
}

func computeDistribution(c *catalog.Call) error {
	c.SetNew("domainName", "d"+catalog.Letters(13, catalog.LowerDigits)+".cloudfront.net")
	c.SetNew("callerReference", "terraform-"+c.Now.UTC().Format("20060102150405")+catalog.Hex(12))
	c.Set("hostedZoneId", edgeZone)
	c.Set("status", "Deployed")
	c.Set("etag", upperID(c))
	c.Set("lastModifiedTime", c.Now.UTC().Format("2006-01-02 15:04:05.000 -0700 MST"))
	c.SetNew("trustedKeyGroups", []any{map[string]any{"enabled": false}})
	c.SetNew("trustedSigners", []any{map[string]any{"enabled": false}})
	return nil
}

func checkDistribution(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	allowed := func(path string, values ...string) {
		for _, leaf := range catalog.Leaves(c.Inputs, path) {
			if text := catalog.Text(leaf.Value); leaf.Value.IsString() && !slices.Contains(values, text) {
				problems = append(problems, catalog.Problem{Property: leaf.Path, Rule: "allowed values", Value: text,
					Message: "must be one of " + strings.Join(values, ", "), Source: api + "API_DistributionConfig.html"})
			}
		}
	}
	allowed("httpVersion", "http1.1", "http2", "http3", "http2and3")
	allowed("priceClass", "PriceClass_100", "PriceClass_200", "PriceClass_All")
	allowed("defaultCacheBehavior.viewerProtocolPolicy", "allow-all", "https-only", "redirect-to-https")
	allowed("viewerCertificate.sslSupportMethod", "sni-only", "vip", "static-ip")
	allowed("viewerCertificate.minimumProtocolVersion", "SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019",
		"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")
	allowed("restrictions.geoRestriction.restrictionType", "none", "whitelist", "blacklist")
	allowed("defaultCacheBehavior.functionAssociations[].eventType", "viewer-request", "viewer-response")
	if c.Known("defaultCacheBehavior") && c.Has("defaultCacheBehavior.cachePolicyId") == c.Has("defaultCacheBehavior.forwardedValues") {
		problems = append(problems, catalog.Problem{Property: "defaultCacheBehavior.cachePolicyId", Rule: "how to cache",
			Message: "exactly one of cachePolicyId and forwardedValues must be given", Source: api + "API_DefaultCacheBehavior.html"})
	}
	return problems
}
