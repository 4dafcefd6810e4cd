package edge

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	frontAPI   = "https://docs.aws.amazon.com/cloudfront/latest/APIReference/"
	frontGuide = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
)

// atSite is a seed in the site's distribution, which stands at the stack's own name.
func atSite(set props) rule.Seed {
	return rule.Seed{Stack: "production", Settings: domain, At: distributionToken + "::site", Set: set}
}

// distributions are the rules on the origins and behaviours of distributions.
func distributions() []rule.Rule {
	origins := func(ids ...string) []any {
		var list []any
		for _, id := range ids {
			list = append(list, props{"originId": id, "domainName": id + ".s3.us-east-1.amazonaws.com"})
		}
		return list
	}
	group := func(members ...any) []any {
		var list []any
		for _, member := range members {
			list = append(list, props{"originId": member})
		}
		return []any{props{"originId": "both", "members": list}}
	}
	behaviour := func(fields props) rule.Case { return rule.Case{Inputs: props{"defaultCacheBehavior": fields}} }
	return []rule.Rule{{
		ID: "edge-cloudfront-target-origin", Types: []string{distributionToken}, Code: "NoSuchOrigin", Page: frontAPI + "API_CreateDistribution.html",
		Says:     "A cache behaviour sends its requests to an origin or an origin group of the same distribution.",
		Fix:      "Set targetOriginId to the id of an origin or an origin group.",
		Foreseen: true, Check: targetOrigin,
		Pass: rule.Case{Inputs: props{"origins": origins("site"), "defaultCacheBehavior": props{"targetOriginId": "site"}}},
		Fail: rule.Case{Inputs: props{"origins": origins("site"), "defaultCacheBehavior": props{"targetOriginId": "sight"}}},
		Seed: atSite(props{"defaultCacheBehavior.targetOriginId": "elsewhere"}),
	}, {
		ID: "edge-cloudfront-origin-domain", Types: []string{distributionToken}, Code: "InvalidArgument", Page: frontAPI + "API_Origin.html",
		Says:     "An origin without customOriginConfig is a bucket: its domain name is that of an S3 bucket, without the website endpoint.",
		Fix:      "Use the bucket's regional domain name, or give customOriginConfig for another server.",
		Foreseen: true, Check: originDomain,
		Pass: rule.Case{Inputs: props{"origins": origins("site")}},
		Fail: rule.Case{Inputs: props{"origins": []any{props{"originId": "site", "domainName": "www.example.com"}}}},
		Seed: atSite(props{"origins[0].domainName": "www.example.com"}),
	}, {
		ID: "edge-cloudfront-origin-access", Types: []string{distributionToken}, Code: "IllegalOriginAccessConfiguration",
		Page:     frontAPI + "API_CreateDistribution.html",
		Says:     "An origin has an origin access control or an origin access identity, not both.",
		Fix:      "Keep the origin access control and take the identity out.",
		Foreseen: true, Check: originAccess,
		Pass: rule.Case{Inputs: props{"origins": []any{props{"originId": "site", "originAccessControlId": "E1"}}}},
		Fail: rule.Case{Inputs: props{"origins": []any{props{"originId": "site", "originAccessControlId": "E1",
			"s3OriginConfig": props{"originAccessIdentity": "origin-access-identity/cloudfront/E2"}}}}},
		Seed: atSite(props{"origins[0].s3OriginConfig": props{"originAccessIdentity": "origin-access-identity/cloudfront/E127EXAMPLE51Z"}}),
	}, {
		ID: "edge-cloudfront-origin-group-members", Types: []string{distributionToken}, Code: "InvalidOrigin", Page: frontAPI + "API_OriginGroupMembers.html",
		Says:     "An origin group has two members, both origins of the distribution.",
		Fix:      "Name two origins of the distribution, the first choice first.",
		Foreseen: true, Check: groupMembers,
		Pass: rule.Case{Inputs: props{"origins": origins("site", "spare"), "originGroups": group("site", "spare")}},
		Fail: rule.Case{Inputs: props{"origins": origins("site", "spare"), "originGroups": group("site", "third")}},
		Seed: atSite(props{"originGroups[0].members[1].originId": "site-third"}),
	}, {
		ID: "edge-cloudfront-origin-group-methods", Types: []string{distributionToken}, Code: "InvalidArgument",
		Page:     frontGuide + "high_availability_origin_failover.html",
		Says:     "A cache behaviour before an origin group allows no POST, PUT, PATCH or DELETE: CloudFront fails over for GET, HEAD and OPTIONS alone.",
		Fix:      "Allow GET, HEAD and OPTIONS, or send writing requests to an origin.",
		Foreseen: true, Check: groupMethods,
		Pass: rule.Case{Inputs: props{"originGroups": group("site", "spare"),
			"defaultCacheBehavior": props{"targetOriginId": "both", "allowedMethods": []any{"GET", "HEAD"}}}},
		Fail: rule.Case{Inputs: props{"originGroups": group("site", "spare"), "defaultCacheBehavior": props{"targetOriginId": "both", "allowedMethods": everyMethod}}},
		Seed: atSite(props{"defaultCacheBehavior.allowedMethods": everyMethod}),
	}, {
		ID: "edge-cloudfront-methods", Types: []string{distributionToken}, Code: "InvalidArgument", Page: frontAPI + "API_AllowedMethods.html",
		Says: "A cache behaviour allows GET and HEAD, or these and OPTIONS, or all seven methods; it caches GET and HEAD, or these and OPTIONS " +
			"where it is allowed.",
		Fix:      "Choose one of the three sets of methods, and cache none that isn't allowed.",
		Foreseen: true, Check: methodSets,
		Pass: behaviour(props{"allowedMethods": []any{"GET", "HEAD", "OPTIONS"}, "cachedMethods": []any{"GET", "HEAD"}}),
		Fail: behaviour(props{"allowedMethods": []any{"GET", "OPTIONS"}, "cachedMethods": []any{"GET", "HEAD"}}),
		Seed: atSite(props{"defaultCacheBehavior.allowedMethods": []any{"GET", "HEAD"}, "defaultCacheBehavior.cachedMethods": []any{"GET", "HEAD", "OPTIONS"}}),
	}, {
		ID: "edge-cloudfront-ttl-order", Types: []string{distributionToken}, Code: "InvalidTTLOrder", Page: frontAPI + "API_CreateDistribution.html",
		Says:     "A cache behaviour's lowest time to live is not above the default, and the default not above the highest.",
		Fix:      "Set minTtl, defaultTtl and maxTtl in rising order.",
		Foreseen: true, Check: ttlOrder,
		Pass: behaviour(props{"minTtl": 0, "defaultTtl": 60, "maxTtl": 600}),
		Fail: behaviour(props{"minTtl": 0, "defaultTtl": 600, "maxTtl": 60}),
		Seed: atSite(props{"defaultCacheBehavior.cachePolicyId": nil, "defaultCacheBehavior.minTtl": 0, "defaultCacheBehavior.defaultTtl": 86400,
			"defaultCacheBehavior.maxTtl": 3600, "defaultCacheBehavior.forwardedValues": props{"queryString": false, "cookies": props{"forward": "none"}}}),
	}, {
		ID: "edge-cloudfront-cache-policy", Types: []string{distributionToken}, Code: "NoSuchCachePolicy", Page: frontGuide + "using-managed-cache-policies.html",
		Says:     "A cache behaviour's cache policy exists: one of AWS's managed ones, or one of the account's own.",
		Fix:      "Use the id of a managed cache policy.",
		Foreseen: true, Check: cachePolicy,
		Pass: behaviour(props{"cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}),
		Fail: behaviour(props{"cachePolicyId": "658327ea-f89d-4fab-a63d-000000000000"}),
		Seed: atSite(props{"defaultCacheBehavior.cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f5"}),
	}}
}

var everyMethod = []any{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}

// behaviours are the paths of a distribution's cache behaviours.
var behaviours = []string{"defaultCacheBehavior", "orderedCacheBehaviors[]"}

func targetOrigin(c *catalog.Call) *rule.Finding {
	if !c.Known("origins[].originId") || c.Has("originGroups") && !c.Known("originGroups[].originId") {
		return nil
	}
	known := append(c.Strs("origins[].originId"), c.Strs("originGroups[].originId")...)
	for _, path := range behaviours {
		for _, leaf := range texts(c.State, path+".targetOriginId") {
			if target := leaf.Value.StringValue(); !slices.Contains(known, target) {
				return rule.Find(leaf.Path, target, "One or more of your origins or origin groups do not exist")
			}
		}
	}
	return nil
}

func originDomain(c *catalog.Call) *rule.Finding {
	for _, leaf := range catalog.Leaves(c.State, "origins[]") {
		if !leaf.Value.IsObject() {
			continue
		}
		origin := leaf.Value.ObjectValue()
		name := catalog.Str(origin, "domainName")
		if name == "" || len(catalog.Leaves(origin, "customOriginConfig")) > 0 || len(catalog.Leaves(origin, "vpcOriginConfig")) > 0 {
			continue
		}
		if !strings.Contains(name, ".s3.") && !strings.Contains(name, ".s3-accesspoint") || strings.Contains(name, ".s3-website") {
			return rule.Find(leaf.Path+".domainName", name, "The parameter Origin DomainName does not refer to a valid S3 bucket")
		}
	}
	return nil
}

func originAccess(c *catalog.Call) *rule.Finding {
	for _, leaf := range catalog.Leaves(c.State, "origins[]") {
		if !leaf.Value.IsObject() {
			continue
		}
		origin := leaf.Value.ObjectValue()
		if identity := catalog.Str(origin, "s3OriginConfig.originAccessIdentity"); identity != "" && catalog.Str(origin, "originAccessControlId") != "" {
			return rule.Find(leaf.Path+".s3OriginConfig.originAccessIdentity", identity,
				"An origin cannot contain both an origin access control (OAC) and an origin access identity (OAI)")
		}
	}
	return nil
}

func groupMembers(c *catalog.Call) *rule.Finding {
	if !c.Known("origins[].originId") {
		return nil
	}
	origins := c.Strs("origins[].originId")
	for _, leaf := range objects(c, "originGroups[]") {
		members := texts(leaf.Value.ObjectValue(), "members[].originId")
		if len(members) != 2 {
			return rule.Find(leaf.Path+".members", len(members), "An origin group has two members")
		}
		for _, member := range members {
			if id := member.Value.StringValue(); !slices.Contains(origins, id) {
				return rule.Find(leaf.Path+"."+member.Path, id, "The specified origin server does not exist or is not valid")
			}
		}
	}
	return nil
}

func groupMethods(c *catalog.Call) *rule.Finding {
	groups := c.Strs("originGroups[].originId")
	for _, path := range behaviours {
		for _, leaf := range objects(c, path) {
			if !slices.Contains(groups, catalog.Str(leaf.Value.ObjectValue(), "targetOriginId")) {
				continue
			}
			for _, method := range catalog.Strs(leaf.Value.ObjectValue(), "allowedMethods") {
				if method != "GET" && method != "HEAD" && method != "OPTIONS" {
					return rule.Find(leaf.Path+".allowedMethods", method,
						"The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached behavior associated with an origin group")
				}
			}
		}
	}
	return nil
}

func methodSets(c *catalog.Call) *rule.Finding {
	for _, path := range behaviours {
		for _, leaf := range objects(c, path) {
			may, caches := catalog.Strs(leaf.Value.ObjectValue(), "allowedMethods"), catalog.Strs(leaf.Value.ObjectValue(), "cachedMethods")
			slices.Sort(may)
			slices.Sort(caches)
			if set := strings.Join(may, " "); set != "" && set != "GET HEAD" && set != "GET HEAD OPTIONS" && len(slices.Compact(may)) != len(everyMethod) {
				return rule.Find(leaf.Path+".allowedMethods", set, "The parameter AllowedMethods contains a set of methods that isn't supported")
			}
			set := strings.Join(caches, " ")
			if set != "" && set != "GET HEAD" && (set != "GET HEAD OPTIONS" || !slices.Contains(may, "OPTIONS")) {
				return rule.Find(leaf.Path+".cachedMethods", set, "The parameter CachedMethods contains methods that can't be cached or aren't allowed")
			}
		}
	}
	return nil
}

func ttlOrder(c *catalog.Call) *rule.Finding {
	for _, path := range behaviours {
		for _, leaf := range objects(c, path) {
			last, lastName := -1.0, ""
			for _, name := range []string{"minTtl", "defaultTtl", "maxTtl"} {
				for _, ttl := range catalog.Leaves(leaf.Value.ObjectValue(), name) {
					if ttl.Value.NumberValue() < last {
						return rule.Find(leaf.Path+"."+name, catalog.Text(ttl.Value), "The TTL order isn't valid: %s is below %s", name, lastName)
					}
					last, lastName = ttl.Value.NumberValue(), name
				}
			}
		}
	}
	return nil
}

// cachePolicies are AWS's own.
// Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
var cachePolicies = []string{
	"658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
	"08627262-05a9-4f76-9ded-b50ca2e3a84f", "2e54312d-136d-493c-8eb9-b001f22f67d2", "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe",
}

func cachePolicy(c *catalog.Call) *rule.Finding {
	for _, path := range behaviours {
		for _, leaf := range texts(c.State, path+".cachePolicyId") {
			// The stand-in has no type for policies of one's own: none can exist.
			if id := leaf.Value.StringValue(); !slices.Contains(cachePolicies, id) {
				return rule.Find(leaf.Path, id, "The specified cache policy does not exist")
			}
		}
	}
	return nil
}
