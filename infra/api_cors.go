package infra

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// corsSeconds is how long a browser keeps what it may do; two hours are the most that one of them takes.
	corsSeconds = 7200
	allMethods  = "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"
)

// What no document has to name: headers of any request and any answer, and those of requests to a service without a document.
var (
	anyRequest     = []string{"Accept", "Content-Type", "X-Request-Id"}
	anyAnswer      = []string{"Retry-After", "X-Amzn-RequestId", "X-Request-Id"}
	proxiedRequest = []string{"Authorization", "Idempotency-Key", "If-Match"}
)

// cors is what browsers are told. Headers are the documents': a page can send what an operation takes.
type cors struct {
	origins []string
	// sent and shown are lists with commas: request headers, and those of answers.
	sent, shown string
}

// headerNames are names of headers by their lower-case form: case makes no difference.
type headerNames map[string]string

func (h headerNames) add(names ...string) {
	for _, name := range names {
		if _, known := h[strings.ToLower(name)]; !known {
			h[strings.ToLower(name)] = name
		}
	}
}

func (h headerNames) list() string {
	return strings.Join(slices.Sorted(maps.Values(h)), ",")
}

// proofs notes the headers that carry an operation's proofs, and refuses an operation of which the document, though it knows
// of proofs, says nothing: open to anybody is to be written down ("security": []).
func (r *documentReader) proofs(operation apiDocument) error {
	components, _ := r.document["components"].(apiDocument)
	schemes, _ := components["securitySchemes"].(apiDocument)
	security, said := operation["security"]
	if !said {
		if security, said = r.document["security"]; !said && len(schemes) > 0 {
			return fmt.Errorf("it has no security, and the document has none for all; write \"security\": [] where anybody may call it")
		}
	}
	ways, _ := security.([]any)
	for _, way := range ways {
		names, _ := way.(apiDocument)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			scheme, err := r.follow(schemes[name])
			if err != nil {
				return fmt.Errorf("security names %s, which components.securitySchemes does not have", name)
			}
			if scheme["type"] != "apiKey" {
				r.all.sent.add("Authorization")
			} else if header, ok := scheme["name"].(string); ok && scheme["in"] == "header" {
				r.all.sent.add(header)
			}
		}
	}
	return nil
}

// methodsOf are a path's methods, for its preflight.
func methodsOf(operations apiDocument) string {
	if _, all := operations[anyMethod]; all {
		return allMethods
	}
	methods := []string{"OPTIONS"}
	for method := range operations {
		if method != "options" {
			methods = append(methods, strings.ToUpper(method))
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ",")
}

// preflight answers OPTIONS without asking a service. Access-Control-Allow-Origin takes one origin, so that a list of them
// needs a decision: the template gives back the request's origin where it is in the list, and nothing otherwise.
func (c cors) preflight(path string, operations apiDocument) apiDocument {
	const header = "method.response.header."
	declared, static := apiDocument{}, apiDocument{
		header + "Access-Control-Allow-Methods": quoted(methodsOf(operations)),
		header + "Access-Control-Allow-Headers": quoted(c.sent),
		header + "Access-Control-Max-Age":       quoted(fmt.Sprint(corsSeconds)),
		header + "Vary":                         quoted("Origin"),
	}
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age", "Vary",
	} {
		declared[name] = apiDocument{"schema": apiDocument{"type": "string"}}
	}
	operation := apiDocument{
		"summary":   "Preflight",
		"responses": apiDocument{"204": apiDocument{"description": "What a browser may send", "headers": declared}},
		"x-amazon-apigateway-integration": apiDocument{
			"type":             "mock",
			"requestTemplates": apiDocument{"application/json": `{"statusCode":204}`},
			// A preflight carries no body and so no content type; another one is not turned away.
			"passthroughBehavior": "when_no_match",
			"responses": apiDocument{"default": apiDocument{
				"statusCode": "204", "responseParameters": static,
				"responseTemplates": apiDocument{"application/json": originTemplate(c.origins)},
			}},
		},
	}
	var parameters []any
	for _, name := range pathNames(path) {
		parameters = append(parameters, pathParameter(name))
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	return operation
}

// originTemplate is written in API Gateway's template language (VTL). Browsers write the header as Origin; HTTP/2
// clients send it in lower case, which input.params does not level.
func originTemplate(origins []string) string {
	conditions := make([]string, 0, len(origins))
	for _, origin := range origins {
		conditions = append(conditions, `$origin == "`+origin+`"`)
	}
	return `#set($origin = $input.params().header.get("Origin"))` + "\n" +
		`#if(!$origin || $origin == "")#set($origin = $input.params().header.get("origin"))#end` + "\n" +
		"#if(" + strings.Join(conditions, " || ") + ")" +
		"#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end"
}

// gatewayErrors let a browser read the errors that never reach a service (throttled, refused by the web ACL, no such
// path, timed out): without these headers a page sees a network error and nothing of the reason.
//
// A gateway response knows no templates with conditions. With one origin it names it; with several it names all ("*"):
// these answers hold API Gateway's own words and no data, and browsers send no credentials where "*" is allowed.
func (c cors) gatewayErrors() apiDocument {
	allowed := "*"
	if len(c.origins) == 1 {
		allowed = c.origins[0]
	}
	respond := func(message string) apiDocument {
		return apiDocument{
			"responseParameters": apiDocument{
				"gatewayresponse.header.Access-Control-Allow-Origin":   quoted(allowed),
				"gatewayresponse.header.Access-Control-Allow-Methods":  quoted(allMethods),
				"gatewayresponse.header.Access-Control-Allow-Headers":  quoted(c.sent),
				"gatewayresponse.header.Access-Control-Expose-Headers": quoted(c.shown),
			},
			"responseTemplates": apiDocument{
				"application/json": `{"message":` + message + `,"requestId":"$context.requestId"}`,
			},
		}
	}
	invalid := respond(`"$context.error.validationErrorString"`)
	invalid["statusCode"] = 400
	throttled := respond("$context.error.messageString")
	throttled["statusCode"] = 429
	throttled["responseParameters"].(apiDocument)["gatewayresponse.header.Retry-After"] = quoted("1")
	// No method asks API Gateway for a proof, so that this answer has one reason: no document has the path and method.
	unknown := respond(`"there is nothing at this path, or not with this method"`)
	unknown["statusCode"] = 404
	return apiDocument{
		"DEFAULT_4XX": respond("$context.error.messageString"), "DEFAULT_5XX": respond("$context.error.messageString"),
		"BAD_REQUEST_BODY": invalid, "THROTTLED": throttled, "MISSING_AUTHENTICATION_TOKEN": unknown,
	}
}

// quoted is a static value in API Gateway's mappings.
func quoted(text string) string { return "'" + text + "'" }

// corsOrigins is the frontend's origin and the further ones, each once.
func corsOrigins(frontend string, further []string) []string {
	origins := []string{frontend}
	for _, origin := range further {
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}
