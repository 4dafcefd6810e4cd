package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	distributionType = "aws:cloudfront/distribution:Distribution"
	bucketType       = "aws:s3/bucketV2:BucketV2"
)

// bucketTypes are the types that a bucket can have.
var bucketTypes = []string{bucketType, "aws:s3/bucket:Bucket"}

// webACL says which web ACL stands before a resource, empty for none.
func (g *graph) webACL(r *review.Resource) string {
	refs := []string{r.Str("webAclId"), r.Str("webAclArn")}
	for _, association := range g.All("aws:wafv2/webAclAssociation:WebAclAssociation") {
		if arn := association.Str("resourceArn"); arn != "" && arn == r.Str("arn") {
			refs = append(refs, association.Str("webAclArn"))
		}
	}
	for _, ref := range refs {
		if acl := g.Find("aws:wafv2/webAcl:WebAcl", ref); acl != nil && ref != "" {
			return "web ACL " + acl.Str("name")
		} else if ref != "" {
			return "web ACL " + ref
		}
	}
	return ""
}

// fromDistributions are the ways in by CloudFront.
func (g *graph) fromDistributions() []Path {
	var out []Path
	for _, d := range g.All(distributionType) {
		if d.Has("enabled") && !d.Bool("enabled") {
			continue
		}
		step := Step{Resource: d.Label(), Over: "HTTPS 443"}
		policies := append(d.Strs("defaultCacheBehavior.viewerProtocolPolicy"), d.Strs("orderedCacheBehaviors.viewerProtocolPolicy")...)
		step.say(!slices.Contains(policies, "allow-all"), "plain HTTP redirected or refused", "plain HTTP allowed")
		if d.Bool("viewerCertificate.cloudfrontDefaultCertificate") {
			step.say(false, "", "CloudFront's own certificate: TLS versions from TLSv1 on")
		} else {
			step.say(true, "TLS from "+d.Str("viewerCertificate.minimumProtocolVersion"), "")
		}
		acl := g.webACL(d)
		step.say(acl != "", acl, "no web ACL")
		signed := len(d.Strs("defaultCacheBehavior.trustedKeyGroups")) > 0
		step.say(signed, "signed URLs or cookies", "no sign-in: everybody may read")
		var rest []Path
		for _, origin := range d.Maps("origins") {
			rest = append(rest, g.origin(d, origin)...)
		}
		out = append(out, then(step, rest)...)
	}
	return out
}

// origin are the ways on from a distribution to one of its origins.
func (g *graph) origin(d, origin *review.Resource) []Path {
	host := origin.Str("domainName")
	for _, bucket := range g.All(bucketTypes...) {
		if slices.Contains([]string{bucket.Str("bucketRegionalDomainName"), bucket.Str("bucketDomainName"), bucket.Str("websiteEndpoint")}, host) {
			return g.bucketOrigin(d, origin, bucket)
		}
	}
	over := origin.Str("customOriginConfig.originProtocolPolicy")
	for _, balancer := range g.nodes {
		if balancer.Type == balancerType && balancer.Str("dnsName") == host {
			return g.throughBalancer(balancer, nil, func(port float64) (string, bool) {
				plain, tls := origin.Num("customOriginConfig.httpPort"), origin.Num("customOriginConfig.httpsPort")
				return "", port == plain && over != "https-only" || port == tls && over != "http-only"
			})
		}
	}
	for _, api := range g.All(restType) {
		if strings.HasPrefix(host, api.ID+".execute-api.") {
			return g.api(api)
		}
	}
	step := Step{Resource: host, Over: over}
	step.say(false, "", "an origin that the stack does not declare")
	return then(step, nil)
}

func (g *graph) bucketOrigin(d, origin, bucket *review.Resource) []Path {
	step := Step{Resource: bucket.Label(), Over: "HTTPS 443"}
	control := g.Find("aws:cloudfront/originAccessControl:OriginAccessControl", origin.Str("originAccessControlId"))
	signs := control != nil && control.Str("signingBehavior") == "always"
	step.say(signs || origin.Str("s3OriginConfig.originAccessIdentity") != "", "CloudFront signs its requests", "CloudFront does not sign its requests")
	g.guardBucket(d, bucket, &step)
	return then(step, nil)
}

// guardBucket says who else may read a bucket.
func (g *graph) guardBucket(d, bucket *review.Resource, step *Step) {
	blocked := false
	for _, block := range g.Referring("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket", bucket) {
		blocked = block.Bool("blockPublicPolicy") && block.Bool("restrictPublicBuckets") && block.Bool("blockPublicAcls") && block.Bool("ignorePublicAcls")
	}
	step.say(blocked, "public access blocked", "public access not blocked")
	only := false
	for _, p := range g.Referring("aws:s3/bucketPolicy:BucketPolicy", "bucket", bucket) {
		for _, statement := range documentOf(p, "policy") {
			for _, c := range statement.Conditions {
				only = only || statement.Allow && strings.EqualFold(c.Key, "aws:SourceArn") && slices.Contains(c.Values, d.Str("arn"))
			}
		}
	}
	step.say(only, "the bucket's policy lets this distribution read", "the bucket's policy does not name this distribution")
}

// fromFunctionURLs are the ways in by the functions' own addresses.
func (g *graph) fromFunctionURLs() []Path {
	var out []Path
	for _, url := range g.All("aws:lambda/functionUrl:FunctionUrl") {
		function := g.Find(functionType, url.Str("functionName"))
		step := Step{Resource: url.Label(), Over: "HTTPS 443"}
		step.say(url.Str("authorizationType") == "AWS_IAM", "IAM authentication", "no authentication")
		step.say(false, "", "no web ACL")
		var rest []Path
		if n := g.nodeOf(function); function != nil && n != nil {
			rest = then(Step{Resource: function.Label(), Over: "invocation"}, g.onward(n, []*node{n}))
		}
		out = append(out, then(step, rest)...)
	}
	return out
}

// fromAddresses are the ways in by public addresses: of load balancers, services, instances and databases.
func (g *graph) fromAddresses() []Path {
	var out []Path
	for _, n := range g.nodes {
		if !g.exposed(n) {
			continue
		}
		if n.Type == balancerType {
			out = append(out, g.throughBalancer(n, nil, func(port float64) (string, bool) { return g.lettingIn(n, port) })...)
			continue
		}
		ports, ok := g.lettingIn(n, 0)
		if !ok {
			continue
		}
		step := Step{Resource: n.Label(), Over: ports}
		step.say(false, "", "a public address, open to every address")
		if n.data {
			g.guardDatabase(n, &step)
			out = append(out, then(step, nil)...)
			continue
		}
		out = append(out, then(step, g.onward(n, []*node{n}))...)
	}
	return out
}

// lettingIn are the ports at which a node's groups let every address in. A network load balancer may have no group at all.
func (g *graph) lettingIn(n *node, port float64) (string, bool) {
	if len(n.groups) == 0 {
		return "", n.Type == balancerType
	}
	for i := range g.ingress {
		if in := &g.ingress[i]; slices.Contains(n.groups, in.group) && in.world() != "" && in.holds(port) {
			return in.ports(), true
		}
	}
	return "", false
}

// fromBuckets are the ways in by buckets whose policy lets everybody read.
func (g *graph) fromBuckets() []Path {
	var out []Path
	for _, bucket := range g.All(bucketTypes...) {
		open := false
		for _, p := range g.Referring("aws:s3/bucketPolicy:BucketPolicy", "bucket", bucket) {
			for _, statement := range documentOf(p, "policy") {
				open = open || statement.Allow && statement.Everybody() && len(statement.Conditions) == 0
			}
		}
		for _, block := range g.Referring("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket", bucket) {
			open = open && !block.Bool("restrictPublicBuckets")
		}
		if open {
			step := Step{Resource: bucket.Label(), Over: "HTTPS 443"}
			step.say(false, "", "the bucket's policy lets everybody in, and nothing blocks it")
			out = append(out, then(step, nil)...)
		}
	}
	return out
}
