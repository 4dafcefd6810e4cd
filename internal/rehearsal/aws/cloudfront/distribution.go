package cloudfront

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"

	"github.com/itrack/itrack/internal/rehearsal/aws/acm"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	// edgeZone is the Route 53 zone of every distribution's own name.
	edgeZone   = "Z2FDTNDATAQYW2"
	edgeRegion = "us-east-1"
)

// cachePolicies are AWS's own.
// Source: CloudFront developer guide, "Use managed cache policies".
var cachePolicies = []string{
	"658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
	"08627262-05a9-4f76-9ded-b50ca2e3a84f", "2e54312d-136d-493c-8eb9-b001f22f67d2", "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe",
}

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
		Check: checkDistribution, Refuse: refuseDistribution, Compute: computeDistribution,
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

// refuseDistribution applies CloudFront's rules between the parts of a distribution and what they name.
func refuseDistribution(c *catalog.Call) *catalog.Error {
	refuse := func(code, property, value, rule, message string) *catalog.Error {
		return &catalog.Error{Code: code, Property: property, Value: value, Rule: rule, Message: message, Source: api + "API_CreateDistribution.html"}
	}
	origins := c.Strs("origins[].originId")
	for _, member := range c.Strs("originGroups[].members[].originId") {
		if !slices.Contains(origins, member) {
			return refuse("InvalidOrigin", "originGroups", member, "members of an origin group", "The specified origin server does not exist or is not valid: "+member)
		}
	}
	target := c.Str("defaultCacheBehavior.targetOriginId")
	groups := c.Strs("originGroups[].originId")
	if !slices.Contains(origins, target) && !slices.Contains(groups, target) {
		return refuse("NoSuchOrigin", "defaultCacheBehavior.targetOriginId", target, "target origin exists", "One or more of your origins or origin groups do not exist.")
	}
	if slices.Contains(groups, target) && slices.Contains(c.Strs("defaultCacheBehavior.allowedMethods"), "POST") {
		return refuse("InvalidArgument", "defaultCacheBehavior.allowedMethods", "POST", "methods of an origin group",
			"The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached behavior associated with an origin group.")
	}
	if policy := c.Str("defaultCacheBehavior.cachePolicyId"); policy != "" && !slices.Contains(cachePolicies, policy) {
		return refuse("NoSuchCachePolicy", "defaultCacheBehavior.cachePolicyId", policy, "cache policy exists", "The specified cache policy does not exist.")
	}
	if acl := c.Str("webAclId"); acl != "" && !strings.Contains(acl, ":global/") {
		return refuse("InvalidWebACLId", "webAclId", acl, "scope of the ACL", "The web ACL's scope must be CLOUDFRONT.")
	}
	certificate := c.Str("viewerCertificate.acmCertificateArn")
	if err := acm.Issued(c, "viewerCertificate.acmCertificateArn", certificate, edgeRegion, "InvalidViewerCertificate"); err != nil {
		return err
	}
	return refuseAliases(c, certificate, refuse)
}

// refuseAliases wants a certificate that has the names, and names that no other distribution has.
func refuseAliases(c *catalog.Call, certificate string, refuse func(code, property, value, rule, message string) *catalog.Error) *catalog.Error {
	aliases := c.Strs("aliases")
	if len(aliases) == 0 {
		return nil
	}
	issued := c.Tx.ByARN(certificate)
	if issued == nil {
		return refuse("InvalidViewerCertificate", "aliases", aliases[0], "certificate of the aliases",
			"To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.")
	}
	names := append(catalog.Strs(issued.State, "subjectAlternativeNames"), catalog.Str(issued.State, "domainName"))
	for _, alias := range aliases {
		_, parent, _ := strings.Cut(alias, ".")
		if !slices.Contains(names, alias) && !slices.Contains(names, "*."+parent) {
			return refuse("InvalidViewerCertificate", "aliases", alias, "certificate of the aliases",
				fmt.Sprintf("The certificate that is attached to your distribution doesn't cover the alternate domain name %s.", alias))
		}
		others := c.Tx.Find(c.Account, cloud.Global, distributionToken, func(o *cloud.Object) bool {
			return o.ID != c.ID && slices.Contains(catalog.Strs(o.State, "aliases"), alias)
		})
		if len(others) > 0 {
			return refuse("CNAMEAlreadyExists", "aliases", alias, "one distribution per name", "One or more of the CNAMEs you provided are already associated with a different resource.")
		}
	}
	return nil
}
