package controls

import (
	"fmt"
	"path"
	"slices"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenBalancer = "aws:lb/loadBalancer:LoadBalancer"
	tokenListener = "aws:lb/listener:Listener"

	noBalancer = "the stack declares no load balancer"
)

func elb() []review.Control {
	const s, r, o = review.Security, review.Reliability, review.Operations
	return []review.Control{
		hub("ELB.1", "Load balancers should redirect all HTTP requests to HTTPS", review.Medium, s, noBalancer, balancers(elbRedirect)),
		hub("ELB.4", "Load balancers should drop invalid HTTP headers", review.Medium, s, noBalancer, balancers(flag("dropInvalidHeaderFields"))),
		hub("ELB.5", "Load balancer logging should be enabled", review.Medium, o, noBalancer, balancers(elbLogs)),
		hub("ELB.6", "Load balancers should have deletion protection enabled", review.Medium, r, noBalancer,
			review.Each(tokenBalancer, flag("enableDeletionProtection"))),
		hub("ELB.12", "Load balancers should have defensive or strictest desync mitigation", review.Medium, s, noBalancer, balancers(elbDesync)),
		hub("ELB.13", "Load balancers should span multiple Availability Zones", review.Medium, r, noBalancer, review.Each(tokenBalancer, elbZones)),
		hub("ELB.17", "Listeners should use recommended security policies", review.Medium, s, "the stack declares no HTTPS or TLS listener", elbPolicies),
		hub("ELB.18", "Listeners should use secure protocols to encrypt data in transit", review.Medium, s, "the stack declares no listener",
			review.Each(tokenListener, elbProtocol)),
	}
}

// balancers answers for application load balancers; the type is application where nothing else is said.
func balancers(answer func(*review.Model, *review.Resource) review.Answer) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, balancer := range m.All(tokenBalancer) {
			if kind := balancer.Str("loadBalancerType"); kind == "" || kind == "application" {
				out = append(out, answer(m, balancer))
			}
		}
		return out
	}
}

func elbRedirect(m *review.Model, balancer *review.Resource) review.Answer {
	var plain []string
	for _, listener := range m.Referring(tokenListener, "loadBalancerArn", balancer) {
		if listener.Str("protocol") != "HTTP" {
			continue
		}
		if listener.Str("defaultActions.type") != "redirect" || listener.Str("defaultActions.redirect.protocol") != "HTTPS" {
			plain = append(plain, listener.Name)
		}
	}
	return needsDomain(m, review.When(len(plain) == 0, balancer, "no listener answers HTTP but with a redirection to HTTPS",
		"the listeners "+list(plain)+" answer HTTP", "give the listeners a certificate (itrack:domain), or redirect them to HTTPS"))
}

// elbLogs looks at the bucket as well, where the stack declares it: without its policy no log arrives.
func elbLogs(m *review.Model, balancer *review.Resource) review.Answer {
	name := balancer.Str("accessLogs.bucket")
	if !balancer.Bool("accessLogs.enabled") || name == "" {
		return review.Fail(balancer, "access logs are off", "set accessLogs.enabled and accessLogs.bucket")
	}
	bucket := m.Find(tokenBucket, name)
	if bucket == nil {
		return review.Pass(balancer, "access logs go to "+name)
	}
	object := bucket.Str("arn") + "/" + path.Join(balancer.Str("accessLogs.prefix"), "AWSLogs", policy.Account(balancer.Str("arn")), "elasticloadbalancing",
		"log.gz")
	return review.When(takesObjects(m, bucket, object), balancer, "access logs go to "+name, "access logs go to "+name+", whose policy lets nobody write them",
		"allow logdelivery.elasticloadbalancing.amazonaws.com s3:PutObject in the bucket's policy")
}

// takesObjects tells whether a statement of a bucket's policy allows to put an object.
func takesObjects(m *review.Model, bucket *review.Resource, object string) bool {
	for _, holder := range m.Referring("aws:s3/bucketPolicy:BucketPolicy", "bucket", bucket) {
		for _, document := range documents(holder, "policy") {
			if slices.ContainsFunc(document.Statements, func(s policy.Statement) bool {
				return s.Allow && s.Speaks(policy.Request{Action: "s3:PutObject", Resource: object})
			}) {
				return true
			}
		}
	}
	return false
}

func elbDesync(_ *review.Model, balancer *review.Resource) review.Answer {
	mode := balancer.Str("desyncMitigationMode")
	// AWS's default is defensive.
	return review.When(mode == "" || mode == "defensive" || mode == "strictest", balancer, "the mode is "+mode, "desyncMitigationMode is "+mode,
		"set desyncMitigationMode to strictest or defensive")
}

func elbZones(m *review.Model, balancer *review.Resource) review.Answer {
	in := zones(m, append(balancer.Strs("subnets"), balancer.Strs("subnetMappings.subnetId")...))
	return review.When(len(in) >= 2, balancer, "it is in "+list(in), fmt.Sprintf("it is in %d zone: %s", len(in), list(in)),
		"give it subnets in two zones or more")
}

// recommended are the policies that AWS's control takes: TLS 1.2 with the strongest ciphers alone, or TLS 1.3.
var recommended = []string{
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
}

func elbPolicies(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, listener := range m.All(tokenListener) {
		if !encrypted(listener) {
			continue
		}
		name := listener.Str("sslPolicy")
		out = append(out, review.When(slices.Contains(recommended, name), listener, "the policy is "+name, "sslPolicy is "+name+", which AWS's control does not take",
			"set sslPolicy to ELBSecurityPolicy-TLS13-1-2-Res-2021-06"))
	}
	return out
}

func encrypted(listener *review.Resource) bool {
	return slices.Contains([]string{"HTTPS", "TLS"}, listener.Str("protocol"))
}

func elbProtocol(m *review.Model, listener *review.Resource) review.Answer {
	return needsDomain(m, review.When(encrypted(listener), listener, "it speaks "+listener.Str("protocol"), "it speaks "+listener.Str("protocol"),
		"give it HTTPS and a certificate (itrack:domain), or take it away"))
}
