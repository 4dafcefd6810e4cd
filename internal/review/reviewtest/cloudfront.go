package reviewtest

const site = "aws:cloudfront/distribution:Distribution::site"

// elsewhere is an origin that is no bucket, asked by a policy in a protocol.
func elsewhere(policy, protocol string) map[string]any {
	return map[string]any{"originId": "elsewhere", "domainName": "elsewhere.example.com", "customOriginConfig": map[string]any{
		"httpPort": 80, "httpsPort": 443, "originProtocolPolicy": policy, "originSslProtocols": []any{protocol}}}
}

func withOrigin(policy, protocol string) func(*Export) {
	return func(e *Export) { e.Append(site, "origins", elsewhere(policy, protocol)) }
}

func cloudfront() []Variant {
	const (
		access      = "aws:cloudfront/originAccessControl:OriginAccessControl::site"
		certificate = "viewerCertificate"
	)
	return []Variant{
		{Name: "no root object", Stack: Staging, Control: "CloudFront.1", Wants: site, Edit: unset(site, "defaultRootObject")},
		{Name: "viewers may speak HTTP", Stack: Staging, Control: "CloudFront.3", Wants: site,
			Edit: put(site, "defaultCacheBehavior.viewerProtocolPolicy", "allow-all")},
		{Name: "viewers may speak HTTP on one path", Stack: Production, Control: "CloudFront.3", Wants: site,
			Edit: put(site, "orderedCacheBehaviors", []any{map[string]any{"pathPattern": "/media/*", "targetOriginId": "site", "viewerProtocolPolicy": "allow-all"}})},
		{Name: "no origin group", Stack: Production, Control: "CloudFront.4", Wants: site, Edit: unset(site, "originGroups")},
		{Name: "an origin group of one", Stack: Domain, Control: "CloudFront.4", Wants: site,
			Edit: put(site, "originGroups.0.members", []any{map[string]any{"originId": "site"}})},
		{Name: "legacy logging is off", Stack: Production, Control: "CloudFront.5", Wants: site,
			Mend: put(site, "loggingConfig", map[string]any{"bucket": "itrack-logs.s3.amazonaws.com"}), Edit: unset(site, "loggingConfig")},
		{Name: "legacy logging goes nowhere", Stack: Staging, Control: "CloudFront.5", Wants: site,
			Mend: put(site, "loggingConfig", map[string]any{"bucket": "itrack-logs.s3.amazonaws.com"}), Edit: put(site, "loggingConfig.bucket", "")},
		{Name: "no ACL at the edge", Stack: Production, Control: "CloudFront.6", Wants: site, Edit: put(site, "webAclId", "")},
		{Name: "the API's ACL at the edge", Stack: Production, Control: "CloudFront.6", Wants: site, Joins: true, Edit: aim(site, "webAclId", regionalACL, "arn")},
		{Name: "CloudFront's certificate for the domain", Stack: Domain, Control: "CloudFront.7", Wants: site,
			Edit: put(site, certificate, map[string]any{"cloudfrontDefaultCertificate": true, "minimumProtocolVersion": "TLSv1"})},
		{Name: "an address for the certificate", Stack: Domain, Control: "CloudFront.8", Wants: site, Edit: put(site, certificate+".sslSupportMethod", "vip")},
		{Name: "an origin is asked by HTTP", Stack: Staging, Control: "CloudFront.9", Wants: site, Edit: withOrigin("http-only", "TLSv1.2")},
		{Name: "an origin is asked as the viewer asks", Stack: Staging, Control: "CloudFront.9", Wants: site, Also: []string{"CloudFront.3"},
			Edit: all(withOrigin("match-viewer", "TLSv1.2"), put(site, "defaultCacheBehavior.viewerProtocolPolicy", "allow-all"))},
		{Name: "an origin is asked in SSLv3", Stack: Production, Control: "CloudFront.10", Wants: site, Edit: withOrigin("https-only", "SSLv3")},
		{Name: "an origin is a bucket that nobody has", Stack: Staging, Control: "CloudFront.12", Wants: site,
			Edit: put(site, "origins.0.domainName", "a-name-that-nobody-holds.s3.us-east-1.amazonaws.com")},
		{Name: "the second origin's bucket is gone", Stack: Production, Control: "CloudFront.12", Wants: site, Joins: true, Also: []string{"S3.9"},
			Edit: remove("aws:s3/bucketV2:BucketV2::site-recovery")},
		{Name: "an origin without access control", Stack: Staging, Control: "CloudFront.13", Wants: site, Edit: put(site, "origins.0.originAccessControlId", "")},
		{Name: "the second origin without access control", Stack: Production, Control: "CloudFront.13", Wants: site,
			Edit: unset(site, "origins.1.originAccessControlId")},
		{Name: "access control that never signs", Stack: Staging, Control: "CloudFront.13", Wants: site, Joins: true, Edit: put(access, "signingBehavior", "never")},
		{Name: "access control for functions", Stack: Production, Control: "CloudFront.13", Wants: site, Joins: true,
			Edit: put(access, "originAccessControlOriginType", "lambda")},
		{Name: "an old TLS policy", Stack: Domain, Control: "CloudFront.15", Wants: site, Edit: put(site, certificate+".minimumProtocolVersion", "TLSv1.1_2016")},
	}
}
