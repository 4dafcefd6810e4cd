package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenDistribution = "aws:cloudfront/distribution:Distribution"
	tokenOriginAccess = "aws:cloudfront/originAccessControl:OriginAccessControl"
	tokenLogSource    = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
	tokenLogDelivery  = "aws:cloudwatch/logDelivery:LogDelivery"
)

// cloudfront are the controls on distributions.
func cloudfront() []review.Control {
	const (
		absent   = "the stack declares no distribution"
		noBucket = "no distribution has an S3 origin"
		noCustom = "no distribution has a custom origin; S3 origins are always asked by HTTPS where viewers are"
		noOwn    = "no distribution has a certificate of its own, and AWS asks this of no other"
	)
	each := func(answer func(*review.Model, *review.Resource) review.Answer) func(*review.Model) []review.Answer {
		return review.Each(tokenDistribution, answer)
	}
	return []review.Control{
		hub("CloudFront.1", "Distributions should have a default root object", review.High, review.Security, noBucket, withBuckets(rootObject)),
		hub("CloudFront.3", "Distributions should require encryption in transit", review.Medium, review.Security, absent, each(viewersUseTLS)),
		hub("CloudFront.4", "Distributions should have origin failover configured", review.Low, review.Reliability, absent, each(originFailover)),
		hub("CloudFront.5", "Distributions should have (standard, legacy) logging enabled", review.Medium, review.Operations, absent, each(legacyLogs)),
		hub("CloudFront.6", "Distributions should have WAF enabled", review.Medium, review.Security, absent, each(edgeACL)),
		hub("CloudFront.7", "Distributions should use custom SSL/TLS certificates", review.Medium, review.Security, absent, each(ownCertificate)),
		hub("CloudFront.8", "Distributions should use SNI to serve HTTPS requests", review.Low, review.Cost, absent, each(servesBySNI)),
		hub("CloudFront.9", "Distributions should encrypt traffic to custom origins", review.Medium, review.Security, noCustom, withCustomOrigins(originsUseTLS)),
		hub("CloudFront.10", "Distributions should not use deprecated SSL protocols to custom origins", review.Medium, review.Security, noCustom,
			withCustomOrigins(originsNoSSL)),
		hub("CloudFront.12", "Distributions should not point to non-existent S3 origins", review.High, review.Security, noBucket, withBuckets(originsExist)),
		hub("CloudFront.13", "Distributions should use origin access control", review.Medium, review.Security, noBucket, withBuckets(originsSigned)),
		hub("CloudFront.15", "Distributions should use the recommended TLS security policy", review.Medium, review.Security, noOwn, tlsPolicy),
	}
}

// behaviours are the default cache behaviour and the others.
func behaviours(d *review.Resource) []*review.Resource {
	return append(d.Maps("defaultCacheBehavior"), d.Maps("orderedCacheBehaviors")...)
}

// bucketOrigins are the origins that are S3 buckets and not websites.
func bucketOrigins(d *review.Resource) []*review.Resource {
	return slices.DeleteFunc(d.Maps("origins"), func(origin *review.Resource) bool {
		name := origin.Str("domainName")
		s3 := strings.Contains(name, ".s3.") || strings.Contains(name, ".s3-")
		return !s3 || strings.Contains(name, ".s3-website") || origin.Has("customOriginConfig")
	})
}

// withBuckets answers for distributions with an S3 origin.
func withBuckets(answer func(*review.Model, *review.Resource, []*review.Resource) review.Answer) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, d := range m.All(tokenDistribution) {
			if origins := bucketOrigins(d); len(origins) > 0 {
				out = append(out, answer(m, d, origins))
			}
		}
		return out
	}
}

// withCustomOrigins answers for distributions with an origin that is no bucket.
func withCustomOrigins(answer func(d *review.Resource, origins []*review.Resource) review.Answer) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, d := range m.All(tokenDistribution) {
			custom := slices.DeleteFunc(d.Maps("origins"), func(o *review.Resource) bool { return !o.Has("customOriginConfig") })
			if len(custom) > 0 {
				out = append(out, answer(d, custom))
			}
		}
		return out
	}
}

func rootObject(_ *review.Model, d *review.Resource, _ []*review.Resource) review.Answer {
	return review.When(d.Str("defaultRootObject") != "", d, "the root is "+d.Str("defaultRootObject"), "its root URL may list the bucket",
		"set defaultRootObject")
}

func viewersUseTLS(_ *review.Model, d *review.Resource) review.Answer {
	for _, behaviour := range behaviours(d) {
		if behaviour.Str("viewerProtocolPolicy") == "allow-all" {
			return review.Fail(d, "the behaviour for "+pathOf(behaviour)+" allows HTTP", "set its viewerProtocolPolicy to redirect-to-https or https-only")
		}
	}
	return review.Pass(d, "every behaviour demands HTTPS")
}

func pathOf(behaviour *review.Resource) string {
	if path := behaviour.Str("pathPattern"); path != "" {
		return path
	}
	return "all paths"
}

func originFailover(_ *review.Model, d *review.Resource) review.Answer {
	for _, group := range d.Maps("originGroups") {
		if len(group.Maps("members")) >= 2 {
			return review.Pass(d, "the origin group "+group.Str("originId")+" has a second origin")
		}
	}
	return review.Fail(d, "no origin group has two origins", "keep a copy of the site in a second region and make an origin group of both")
}

// legacyLogs looks at what AWS's rule looks at. It does not see standard logging v2, which needs no ACLs on the bucket.
func legacyLogs(m *review.Model, d *review.Resource) review.Answer {
	if bucket := d.Str("loggingConfig.bucket"); bucket != "" {
		return review.Pass(d, "logged to "+bucket)
	}
	const fix = "set loggingConfig, which needs a bucket with ACLs (S3.12 forbids them), or accept this and log by standard logging v2"
	for _, source := range m.Referring(tokenLogSource, "resourceArn", d) {
		if len(m.Referring(tokenLogDelivery, "deliverySourceName", source)) > 0 {
			return review.Fail(d, "it has no legacy logging; it is logged by standard logging v2, which this control does not evaluate", fix)
		}
	}
	return review.Fail(d, "it is not logged at all", fix)
}

func edgeACL(m *review.Model, d *review.Resource) review.Answer {
	const fix = "set webAclId to the ARN of a web ACL with the scope CLOUDFRONT"
	arn := d.Str("webAclId")
	if acl := m.Find(tokenWebACL, arn); acl != nil && acl.Str("scope") != "CLOUDFRONT" {
		return review.Fail(d, "its web ACL has the scope "+acl.Str("scope"), fix)
	}
	return review.When(arn != "", d, "behind "+after(arn, "webacl/"), "no web ACL is associated with it", fix)
}

// custom tells whether a distribution shows a certificate of its owner.
func custom(d *review.Resource) bool {
	return d.Str("viewerCertificate.acmCertificateArn") != "" || d.Str("viewerCertificate.iamCertificateId") != ""
}

func ownCertificate(_ *review.Model, d *review.Resource) review.Answer {
	answer := review.When(custom(d), d, "it shows a certificate of its own", "it shows CloudFront's own certificate, for a name under cloudfront.net",
		"give the stack a domain, and the distribution an alias and a certificate in us-east-1")
	answer.NeedsDomain = !answer.OK && len(d.Strs("aliases")) == 0
	return answer
}

func servesBySNI(_ *review.Model, d *review.Resource) review.Answer {
	method := d.Str("viewerCertificate.sslSupportMethod")
	return review.When(!custom(d) || method == "sni-only", d, "no address is dedicated to its certificate",
		"its certificate is served by the method "+method, "set viewerCertificate.sslSupportMethod to sni-only")
}

func originsUseTLS(d *review.Resource, origins []*review.Resource) review.Answer {
	open := slices.ContainsFunc(behaviours(d), func(b *review.Resource) bool { return b.Str("viewerProtocolPolicy") == "allow-all" })
	for _, origin := range origins {
		policy := origin.Str("customOriginConfig.originProtocolPolicy")
		if policy == "http-only" || policy == "match-viewer" && open {
			return review.Fail(d, fmt.Sprintf("the origin %s is asked by HTTP (%s)", origin.Str("originId"), policy), "set its originProtocolPolicy to https-only")
		}
	}
	return review.Pass(d, "custom origins are asked by HTTPS")
}

func originsNoSSL(d *review.Resource, origins []*review.Resource) review.Answer {
	for _, origin := range origins {
		if slices.Contains(origin.Strs("customOriginConfig.originSslProtocols"), "SSLv3") {
			return review.Fail(d, "the origin "+origin.Str("originId")+" may be spoken to in SSLv3", "take SSLv3 out of its originSslProtocols")
		}
	}
	return review.Pass(d, "no custom origin is spoken to in SSLv3")
}

// originsExist looks for the bucket among the stack's: a name that nobody holds can be taken by anybody.
func originsExist(m *review.Model, d *review.Resource, origins []*review.Resource) review.Answer {
	for _, origin := range origins {
		name := origin.Str("domainName")
		held := slices.ContainsFunc(buckets(m), func(b *review.Resource) bool {
			return name == b.Str("bucketRegionalDomainName") || name == b.Str("bucketDomainName") || strings.HasPrefix(name, b.Str("bucket")+".s3")
		})
		if !held {
			return review.Fail(d, "the origin "+origin.Str("originId")+" is "+name+", and the stack has no such bucket",
				"point the origin to a bucket that the stack owns, or take it away")
		}
	}
	return review.Pass(d, "the buckets of all origins are the stack's")
}

func originsSigned(m *review.Model, d *review.Resource, origins []*review.Resource) review.Answer {
	const fix = "set the origin's originAccessControlId to an access control of the type s3 that signs always"
	for _, origin := range origins {
		id := origin.Str("originAccessControlId")
		if id == "" {
			return review.Fail(d, "the origin "+origin.Str("originId")+" has no origin access control", fix)
		}
		oac := m.Find(tokenOriginAccess, id)
		switch {
		case oac == nil: // It is another stack's: that it is there is all that can be seen.
		case oac.Str("signingBehavior") == "never":
			return review.Fail(d, oac.Label()+" never signs, which turns access control off", fix)
		case oac.Str("originAccessControlOriginType") != "s3":
			return review.Fail(d, oac.Label()+" is for origins of the type "+oac.Str("originAccessControlOriginType"), fix)
		}
	}
	return review.Pass(d, "requests to every bucket are signed")
}

// edgePolicies are the policies that AWS's rule takes.
var edgePolicies = []string{"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"}

// tlsPolicy answers for distributions with a certificate of their own that serve by SNI: AWS's rule finds nothing on others.
func tlsPolicy(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, d := range m.All(tokenDistribution) {
		if !custom(d) || d.Str("viewerCertificate.sslSupportMethod") != "sni-only" {
			continue
		}
		policy := d.Str("viewerCertificate.minimumProtocolVersion")
		out = append(out, review.When(slices.Contains(edgePolicies, policy), d, policy, "its TLS policy is "+policy,
			"set viewerCertificate.minimumProtocolVersion to "+edgePolicies[0]+" or a newer one"))
	}
	return out
}
