package beyond

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Types of API Gateway.
const (
	restType  = "aws:apigateway/restApi:RestApi"
	stageType = "aws:apigateway/stage:Stage"
)

// method is one method of an API and where it goes.
type method struct {
	name, path string
	authorized bool
	mock       bool
	// link, target and uri are the integration's: the VPC link, the load balancer's ARN where one is named, and the address.
	link, target, uri string
}

// openAPI is what an API's document says of its methods.
type openAPI struct {
	Security   []any                     `json:"security"`
	Paths      map[string]map[string]any `json:"paths"`
	Validators map[string]any            `json:"x-amazon-apigateway-request-validators"`
	Validator  string                    `json:"x-amazon-apigateway-request-validator"`
}

// verbs are the keys of a path that are methods.
var verbs = []string{"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}

// methods are an API's methods, from its document and from resources of their own.
func (g *graph) methods(api *review.Resource) []method {
	var out []method
	var document openAPI
	if api.JSON("body", &document) {
		for path, operations := range document.Paths {
			for verb, raw := range operations {
				operation, is := raw.(map[string]any)
				if !is || !slices.Contains(verbs, verb) {
					continue
				}
				security, own := operation["security"].([]any)
				integration, _ := operation["x-amazon-apigateway-integration"].(map[string]any)
				text := func(key string) string { value, _ := integration[key].(string); return value }
				_, auth := operation["x-amazon-apigateway-auth"]
				out = append(out, method{
					name: strings.TrimSuffix(strings.TrimPrefix(verb, "x-amazon-apigateway-"), "-method"), path: path,
					authorized: auth || own && len(security) > 0 || !own && len(document.Security) > 0, mock: text("type") == "mock",
					link: text("connectionId"), target: text("integrationTarget"), uri: text("uri"),
				})
			}
		}
	}
	for _, r := range g.Referring("aws:apigateway/method:Method", "restApi", api) {
		one := method{name: strings.ToLower(r.Str("httpMethod")), path: r.Str("resourceId"),
			authorized: r.Str("authorization") != "NONE" || r.Bool("apiKeyRequired")}
		for _, i := range g.Referring("aws:apigateway/integration:Integration", "restApi", api) {
			if i.Str("resourceId") == r.Str("resourceId") && i.Str("httpMethod") == r.Str("httpMethod") {
				one.link, one.uri, one.mock = i.Str("connectionId"), i.Str("uri"), i.Str("type") == "MOCK"
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b method) int { return strings.Compare(a.path+a.name, b.path+b.name) })
	return out
}

// fromAPIs are the ways in by REST APIs.
func (g *graph) fromAPIs() []Path {
	var out []Path
	for _, api := range g.All(restType) {
		if !slices.Contains(api.Strs("endpointConfiguration.types"), "PRIVATE") {
			out = append(out, g.api(api)...)
		}
	}
	return out
}

// api are the ways in by one API, one per stage.
func (g *graph) api(api *review.Resource) []Path {
	var out []Path
	methods := g.methods(api)
	rest := g.integrations(methods)
	for _, stage := range g.Referring(stageType, "restApi", api) {
		step := Step{Resource: stage.Label(), Over: "HTTPS 443"}
		if policy := g.domainPolicy(api); policy != "" {
			step.say(true, "TLS by "+policy+" at its domain", "")
		}
		step.say(api.Bool("disableExecuteApiEndpoint"), "AWS's own name for it is off", "AWS's own name for it answers too")
		acl := g.webACL(stage)
		step.say(acl != "", acl, "no web ACL")
		single := 0
		for _, settings := range g.Referring("aws:apigateway/methodSettings:MethodSettings", "restApi", api) {
			rate := settings.Num("settings.throttlingRateLimit")
			switch {
			case rate <= 0 || settings.Str("stageName") != stage.Str("stageName"):
			case settings.Str("methodPath") == "*/*":
				step.say(true, fmt.Sprintf("at most %.0f requests a second", rate), "")
			default:
				single++
			}
		}
		if single > 0 {
			step.say(true, fmt.Sprintf("%d methods have limits of their own", single), "")
		}
		open, all := 0, 0
		for _, one := range methods {
			if one.mock {
				continue
			}
			all++
			if !one.authorized {
				open++
			}
		}
		step.say(open == 0 && all > 0, "an authoriser on every method", fmt.Sprintf("no authoriser on %d of %d methods: the service decides", open, all))
		out = append(out, then(step, rest)...)
	}
	return out
}

// domainPolicy is the TLS policy of an API's own domain.
func (g *graph) domainPolicy(api *review.Resource) string {
	for _, mapping := range g.Referring("aws:apigateway/basePathMapping:BasePathMapping", "restApi", api) {
		for _, domain := range g.All("aws:apigateway/domainName:DomainName") {
			if domain.Str("domainName") == mapping.Str("domainName") {
				return domain.Str("securityPolicy")
			}
		}
	}
	return ""
}

// integrations are the ways on from an API's methods, each once.
func (g *graph) integrations(methods []method) []Path {
	var out []Path
	seen := map[string]bool{}
	for _, one := range methods {
		if one.mock {
			continue
		}
		for _, path := range g.integration(one) {
			key := fmt.Sprint(path)
			if !seen[key] {
				seen[key] = true
				out = append(out, path)
			}
		}
	}
	return out
}

func (g *graph) integration(one method) []Path {
	if link := g.Find(linkType, one.link); one.link != "" && link != nil {
		return g.throughLink(link, one)
	}
	for _, function := range g.All(functionType) {
		if arn := function.Str("arn"); arn != "" && strings.Contains(one.uri, arn) {
			n := g.nodeOf(function)
			return then(Step{Resource: function.Label(), Over: "invocation"}, g.onward(n, []*node{n}))
		}
	}
	if one.uri == "" {
		return nil
	}
	step := Step{Resource: hostOf(one.uri), Over: strings.ToUpper(schemeOf(one.uri))}
	step.say(false, "", "a target that the stack does not declare")
	return then(step, nil)
}

// throughLink are the ways on from a VPC link: to the load balancer that the integration names, or to those that its security
// groups let it reach.
func (g *graph) throughLink(link *review.Resource, one method) []Path {
	from := g.nodeOf(link)
	named := g.Find(balancerType, one.target)
	if listener := g.Find(listenerType, one.target); named == nil && listener != nil && one.target != "" {
		named = g.Find(balancerType, listener.Str("loadBalancerArn"))
	}
	wanted := portOf(one.uri)
	var rest []Path
	for _, balancer := range g.nodes {
		if balancer.Type != balancerType || one.target != "" && named != nil && balancer.Resource != named {
			continue
		}
		rest = append(rest, g.throughBalancer(balancer, nil, func(port float64) (string, bool) {
			if wanted != 0 && port != wanted {
				return "", false
			}
			return g.reaches(from, balancer, port)
		})...)
	}
	return then(Step{Resource: link.Label(), Over: "VPC link"}, rest)
}

func hostOf(uri string) string {
	if parsed, err := url.Parse(uri); err == nil && parsed.Host != "" {
		return parsed.Host
	}
	return uri
}

func schemeOf(uri string) string {
	scheme, _, _ := strings.Cut(uri, ":")
	return scheme
}

// portOf is the port of an address, its scheme's when it has none, 0 when it cannot be known.
func portOf(uri string) float64 {
	parsed, err := url.Parse(uri)
	if err != nil {
		return 0
	}
	var port float64
	if _, err := fmt.Sscan(parsed.Port(), &port); err == nil {
		return port
	}
	return map[string]float64{"http": 80, "https": 443}[parsed.Scheme]
}

// fromHTTPAPIs are the ways in by HTTP and WebSocket APIs.
func (g *graph) fromHTTPAPIs() []Path {
	var out []Path
	for _, api := range g.All("aws:apigatewayv2/api:Api") {
		step := Step{Resource: api.Label(), Over: "HTTPS 443"}
		routes := g.Referring("aws:apigatewayv2/route:Route", "apiId", api)
		open := 0
		for _, route := range routes {
			if auth := route.Str("authorizationType"); auth == "" || auth == "NONE" {
				open++
			}
		}
		step.say(open == 0 && len(routes) > 0, "an authoriser on every route", fmt.Sprintf("no authoriser on %d of %d routes", open, len(routes)))
		// Web ACLs cannot be associated with HTTP APIs: https://docs.aws.amazon.com/waf/latest/developerguide/waf-chapter.html
		step.say(false, "", "no web ACL")
		var methods []method
		for _, i := range g.Referring("aws:apigatewayv2/integration:Integration", "apiId", api) {
			methods = append(methods, method{link: i.Str("connectionId"), target: i.Str("integrationUri"), uri: i.Str("integrationUri")})
		}
		out = append(out, then(step, g.integrations(methods))...)
	}
	return out
}
