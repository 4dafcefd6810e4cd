package edge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// distributionParts are the rules on what goes with a distribution: functions, header policies, error pages, countries, logs.
func distributionParts() []rule.Rule {
	const pages = "arn:aws:cloudfront::111122223333:function/pages"
	functions := func(events ...string) props {
		var list []any
		for _, event := range events {
			list = append(list, props{"eventType": event, "functionArn": pages})
		}
		return props{"defaultCacheBehavior": props{"functionAssociations": list}}
	}
	function := func(publish bool) rule.Thing {
		return rule.Thing{Type: functionToken, ID: "pages", ARN: pages, Region: cloud.Global, State: props{"name": "pages", "publish": publish}}
	}
	geo := func(kind string, countries ...any) rule.Case {
		return rule.Case{Inputs: props{"restrictions": props{"geoRestriction": props{"restrictionType": kind, "locations": countries}}}}
	}
	errors := func(fields props) rule.Case { return rule.Case{Inputs: props{"customErrorResponses": []any{fields}}} }
	headers := func(n int) rule.Case {
		return rule.Case{Inputs: props{"customHeadersConfig": props{"items": customHeaders(n)}}}
	}
	return []rule.Rule{{
		ID: "edge-cloudfront-function-events", Types: []string{distributionToken}, Code: "InvalidFunctionAssociation", Page: frontAPI + "API_FunctionAssociation.html",
		Says:     "A cache behaviour has at most one function for each event.",
		Fix:      "Put both into one function.",
		Foreseen: true, Check: functionEvents,
		Pass: rule.Case{Inputs: functions("viewer-request", "viewer-response")},
		Fail: rule.Case{Inputs: functions("viewer-request", "viewer-request")},
		Seed: atSite(props{"defaultCacheBehavior.functionAssociations[1]": props{"eventType": "viewer-request",
			"functionArn": "arn:aws:cloudfront::444455556666:function/itrack-pages-production"}}),
	}, {
		ID: "edge-cloudfront-function-published", Types: []string{distributionToken}, Code: "InvalidFunctionAssociation", Page: frontGuide + "associate-function.html",
		Says:  "A function is published before a distribution uses it.",
		Fix:   "Set publish of the function to true.",
		Check: functionPublished,
		Pass:  rule.Case{World: []rule.Thing{function(true)}, Inputs: functions("viewer-request")},
		Fail:  rule.Case{World: []rule.Thing{function(false)}, Inputs: functions("viewer-request")},
		Seed: rule.Seed{Stack: "production", At: functionToken + "::pages", Set: props{"publish": false},
			Refused: distributionToken + "::site"},
	}, {
		ID: "edge-cloudfront-function-size", Types: []string{functionToken}, Code: "FunctionSizeLimitExceeded", Page: frontGuide + "cloudfront-limits.html",
		Says:     "A CloudFront function's code has at most 10 KB.",
		Fix:      "Shorten the code, comments too; what is longer is a Lambda@Edge function.",
		Foreseen: true, Check: functionSize,
		Pass: rule.Case{Inputs: props{"code": "function handler(event) { return event.request; }"}},
		Fail: rule.Case{Inputs: props{"code": "function handler(event) { return event.request; } // " + strings.Repeat("x", 10240)}},
		Seed: rule.Seed{Stack: "staging", At: functionToken + "::pages", Edit: map[string]func(string) string{
			"code": func(text string) string { return text + strings.Repeat("// A route of the application.\n", 400) }}},
	}, {
		ID: "edge-cloudfront-error-codes", Types: []string{distributionToken}, Code: "InvalidErrorCode", Page: frontAPI + "API_CustomErrorResponse.html",
		Says:     "A custom error response is for one of the codes 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 and 504.",
		Fix:      "Choose one of these error codes.",
		Foreseen: true, Check: codes("customErrorResponses[].errorCode", "An invalid error code was specified", errorCodes),
		Pass: errors(props{"errorCode": 404}), Fail: errors(props{"errorCode": 418}),
		Seed: atSite(props{"customErrorResponses[0].errorCode": 401}),
	}, {
		ID: "edge-cloudfront-response-codes", Types: []string{distributionToken}, Code: "InvalidResponseCode", Page: frontAPI + "API_CustomErrorResponse.html",
		Says:     "A custom error response answers with 200 or with one of the codes that it can be for.",
		Fix:      "Set responseCode to 200 or to an error code of the list.",
		Foreseen: true, Check: codes("customErrorResponses[].responseCode", "A response code is not valid", append([]float64{200}, errorCodes...)),
		Pass: errors(props{"errorCode": 404, "responseCode": 200, "responsePagePath": "/index.html"}),
		Fail: errors(props{"errorCode": 404, "responseCode": 302, "responsePagePath": "/index.html"}),
		Seed: atSite(props{"customErrorResponses[0].responseCode": 301}),
	}, {
		ID: "edge-cloudfront-error-page", Types: []string{distributionToken}, Code: "InvalidArgument", Page: frontAPI + "API_CustomErrorResponse.html",
		Says:     "A custom error response has a page and a code or neither, and the page's path begins with a slash.",
		Fix:      "Give responsePagePath, with a slash in front, and responseCode together.",
		Foreseen: true, Check: errorPage,
		Pass: errors(props{"errorCode": 404, "responseCode": 404, "responsePagePath": "/404.html"}),
		Fail: errors(props{"errorCode": 404, "responsePagePath": "/404.html"}),
		Seed: atSite(props{"customErrorResponses[0].responseCode": nil}),
	}, {
		ID: "edge-cloudfront-countries", Types: []string{distributionToken}, Code: "InvalidGeoRestrictionParameter", Page: frontAPI + "API_GeoRestriction.html",
		Says:     "A geographic restriction names countries by their codes of two letters in ISO 3166; the kind none names none.",
		Fix:      "Use ISO 3166 codes in capitals, and no locations with the kind none.",
		Foreseen: true, Check: geoRestriction,
		Pass: geo("whitelist", "DE", "GB"), Fail: geo("whitelist", "DE", "UK"),
		Seed: atSite(props{"restrictions.geoRestriction": props{"restrictionType": "whitelist", "locations": []any{"UK"}}}),
	}, {
		ID: "edge-cloudfront-custom-headers", Types: []string{headersToken}, Code: "TooManyCustomHeadersInResponseHeadersPolicy",
		Page:     frontGuide + "cloudfront-limits.html",
		Says:     "A response headers policy adds at most 10 custom headers.",
		Fix:      "Leave headers out, or let the origin send them.",
		Foreseen: true, Check: customHeaderCount,
		Pass: headers(10), Fail: headers(11),
		Seed: rule.Seed{Stack: "production", At: headersToken + "::site", Set: props{"customHeadersConfig.items": customHeaders(11)}},
	}, {
		ID: "edge-cloudfront-security-headers", Types: []string{headersToken}, Code: "InvalidArgument",
		Page:     frontGuide + "understanding-response-headers-policies.html",
		Says:     "A security header that the policy has a setting of its own for is no custom header.",
		Fix:      "Set the header under securityHeadersConfig.",
		Foreseen: true, Check: securityHeaders,
		Pass: rule.Case{Inputs: props{"customHeadersConfig": props{"items": []any{props{"header": "Permissions-Policy", "value": "camera=()"}}}}},
		Fail: rule.Case{Inputs: props{"customHeadersConfig": props{"items": []any{props{"header": "X-Frame-Options", "value": "DENY"}}}}},
		Seed: rule.Seed{Stack: "staging", At: headersToken + "::site", Set: props{"customHeadersConfig.items[0].header": "Referrer-Policy"}},
	}, {
		ID: "edge-cloudfront-log-kind", Types: []string{logSourceToken}, Code: "ValidationException",
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html",
		Says:     "A log delivery source of a distribution is of the kind ACCESS_LOGS or CONNECTION_LOGS.",
		Fix:      "Set logType to ACCESS_LOGS.",
		Foreseen: true, Check: logKind,
		Pass: rule.Case{Inputs: props{"resourceArn": "arn:aws:cloudfront::111122223333:distribution/E1", "logType": "ACCESS_LOGS"}},
		Fail: rule.Case{Inputs: props{"resourceArn": "arn:aws:cloudfront::111122223333:distribution/E1", "logType": "APPLICATION_LOGS"}},
		Seed: rule.Seed{Stack: "production", At: logSourceToken + "::site", Set: props{"logType": "EVENT_LOGS"}},
	}}
}

func functionEvents(c *catalog.Call) *rule.Finding {
	for _, path := range behaviours {
		for _, behaviour := range catalog.Leaves(c.State, path) {
			if !behaviour.Value.IsObject() {
				continue
			}
			seen := map[string]bool{}
			for _, leaf := range texts(behaviour.Value.ObjectValue(), "functionAssociations[].eventType") {
				event := leaf.Value.StringValue()
				if seen[event] {
					return rule.Find(behaviour.Path+"."+leaf.Path, event, "A cache behavior can have one function for the event %s", event)
				}
				seen[event] = true
			}
		}
	}
	return nil
}

func functionPublished(c *catalog.Call) *rule.Finding {
	for _, path := range behaviours {
		for _, leaf := range texts(c.State, path+".functionAssociations[].functionArn") {
			function := c.Tx.ByARN(leaf.Value.StringValue())
			if function == nil || function.Type != functionToken {
				continue
			}
			if publish := catalog.Leaves(function.State, "publish"); len(publish) > 0 && !publish[0].Value.BoolValue() {
				return rule.Find(leaf.Path, function.ARN, "The specified function is not published to the LIVE stage")
			}
		}
	}
	return nil
}

func functionSize(c *catalog.Call) *rule.Finding {
	if size := len(c.Str("code")); size > 10*1024 {
		return rule.Find("code", size, "The maximum size of the function is exceeded: 10240 bytes")
	}
	return nil
}

var errorCodes = []float64{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// codes makes the check that every number at a path is one of some.
func codes(path, message string, known []float64) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range catalog.Leaves(c.State, path) {
			if leaf.Value.IsNumber() && !slices.Contains(known, leaf.Value.NumberValue()) {
				return rule.Find(leaf.Path, catalog.Text(leaf.Value), "%s", message)
			}
		}
		return nil
	}
}

func errorPage(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "customErrorResponses[]") {
		response := leaf.Value.ObjectValue()
		page := catalog.Str(response, "responsePagePath")
		if (page == "") != (len(catalog.Leaves(response, "responseCode")) == 0) {
			return rule.Find(leaf.Path, page, "ResponsePagePath and ResponseCode must be given together")
		}
		if page != "" && !strings.HasPrefix(page, "/") {
			return rule.Find(leaf.Path+".responsePagePath", page, "The parameter ResponsePagePath must begin with /")
		}
	}
	return nil
}

func geoRestriction(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "restrictions.geoRestriction") {
		kind, locations := catalog.Str(leaf.Value.ObjectValue(), "restrictionType"), catalog.Strs(leaf.Value.ObjectValue(), "locations")
		if (kind == "none") != (len(locations) == 0) {
			return rule.Find(leaf.Path, kind, "The specified geo restriction parameter is not valid: none takes no locations, every other kind needs some")
		}
		for _, location := range locations {
			if !isCountry(location) {
				return rule.Find(leaf.Path+".locations", location, "The specified geo restriction parameter is not valid")
			}
		}
	}
	return nil
}

// customHeaders are n headers for a case.
func customHeaders(n int) []any {
	var items []any
	for i := range n {
		items = append(items, props{"header": fmt.Sprintf("X-Extra-%d", i), "value": "1", "override": true})
	}
	return items
}

func customHeaderCount(c *catalog.Call) *rule.Finding {
	if count := len(catalog.Leaves(c.State, "customHeadersConfig.items[].header")); count > 10 {
		return rule.Find("customHeadersConfig.items", count, "The number of custom headers in the response headers policy exceeds the maximum")
	}
	return nil
}

// ownHeaders are those that the policy has settings of its own for.
var ownHeaders = regexp.MustCompile(`(?i)^(content-security-policy|x-content-type-options|x-frame-options|referrer-policy|` +
	`strict-transport-security|x-xss-protection)$`)

func securityHeaders(c *catalog.Call) *rule.Finding {
	for _, leaf := range texts(c.State, "customHeadersConfig.items[].header") {
		if header := leaf.Value.StringValue(); ownHeaders.MatchString(header) {
			return rule.Find(leaf.Path, header, "The parameter CustomHeadersConfig contains %s that is a security header and cannot be set as custom header", header)
		}
	}
	return nil
}

func logKind(c *catalog.Call) *rule.Finding {
	kind := c.Str("logType")
	if part(c.Str("resourceArn"), 2) != "cloudfront" || kind == "" || kind == "ACCESS_LOGS" || kind == "CONNECTION_LOGS" {
		return nil
	}
	return rule.Find("logType", kind, "The log type %s is not supported for the resource", kind)
}
