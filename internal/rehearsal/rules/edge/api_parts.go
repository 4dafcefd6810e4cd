package edge

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// apiParts are the rules between a REST API, its deployments, stages and what they use.
func apiParts() []rule.Rule {
	const target = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/internal/1"
	linked := func(link, to string) props {
		return props{"body": `{"openapi":"3.0.1","paths":{"/a":{"get":{"x-amazon-apigateway-integration":{"type":"http_proxy","httpMethod":"GET",` +
			`"uri":"http://internal/a","connectionType":"VPC_LINK","connectionId":"` + link + `","integrationTarget":"` + to + `"}}}}}`}
	}
	links := []rule.Thing{{Type: linkToken, ID: "abc123"}, {Type: balancerToken, ID: target, ARN: target}}
	whole, bare := linked("abc123", target), props{"body": `{"openapi":"3.0.1","paths":{"/a":{"get":{"responses":{}}}}}`}
	made := []rule.Thing{{Type: deploymentToken, ID: "d1", State: props{"restApi": "api1"}}}
	role := func(arn string) []rule.Thing {
		return []rule.Thing{{Type: accountToken, ID: "api-gateway-account", State: props{"cloudwatchRoleArn": arn}}}
	}
	logging := props{"accessLogSettings": props{"destinationArn": "arn:aws:logs:us-east-1:111122223333:log-group:a", "format": "$context.requestId"}}
	return []rule.Rule{{
		ID: "edge-api-vpc-link", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "set-up-api-with-vpclink-cli.html",
		Says:  "An integration through a VPC link names a link of the API's region and account.",
		Fix:   "Set connectionId to the id of the VPC link.",
		Check: vpcLink,
		Pass:  rule.Case{World: links, Inputs: whole},
		Fail:  rule.Case{World: links, Inputs: linked("zzz999", target)},
		Seed: bodySeed(func(text string) string {
			return regexp.MustCompile(`"connectionId":"[a-z0-9]+"`).ReplaceAllString(text, `"connectionId":"000000"`)
		}),
	}, {
		ID: "edge-api-integration-target", Types: []string{apiToken}, Code: badRequest, Page: apiAPI + "API_PutIntegration.html",
		Says:  "The target of an integration through a VPC link is a load balancer of the API's region.",
		Fix:   "Set integrationTarget to the ARN of the load balancer.",
		Check: integrationTarget,
		Pass:  rule.Case{World: links, Inputs: whole},
		Fail:  rule.Case{World: links, Inputs: linked("abc123", target+"2")},
		Seed:  bodySeed(rule.Replace("loadbalancer/app/itrack-internal-", "loadbalancer/app/itrack-another-")),
	}, {
		ID: "edge-api-integration", Types: []string{deploymentToken}, Code: badRequest, Page: apiAPI + "API_CreateDeployment.html",
		Says:  "An API is deployed when every method has an integration.",
		Fix:   "Give the method x-amazon-apigateway-integration.",
		Check: everyIntegration,
		Pass:  rule.Case{World: []rule.Thing{{Type: apiToken, ID: "api1", State: whole}}, Inputs: props{"restApi": "api1"}},
		Fail:  rule.Case{World: []rule.Thing{{Type: apiToken, ID: "api1", State: bare}}, Inputs: props{"restApi": "api1"}},
		Seed: rule.Seed{Stack: "production", At: apiToken + "::api", Refused: deploymentToken + "::api",
			Edit: map[string]func(string) string{"body": rule.Replace(`"x-amazon-apigateway-integration":{"connectionId"`, `"x-integration":{"connectionId"`)}},
	}, {
		ID: "edge-api-stage-deployment", Types: []string{stageToken}, Code: badRequest, Page: apiAPI + "API_CreateStage.html",
		Says:  "A stage shows a deployment of its own API.",
		Fix:   "Take restApi and deployment from the same API.",
		Check: stageDeployment,
		Pass:  rule.Case{World: made, Inputs: props{"restApi": "api1", "deployment": "d1"}},
		Fail:  rule.Case{World: made, Inputs: props{"restApi": "api2", "deployment": "d1"}},
		Seed:  rule.Seed{Stack: "production", At: stageToken + "::api", Set: props{"restApi": "a1b2c3d4e5"}},
	}, {
		ID: "edge-api-log-role", Types: []string{stageToken, settingsToken}, Code: badRequest, Page: apiGuide + "set-up-logging.html",
		Says:  "API Gateway logs only when the account's settings in the region name a role for CloudWatch Logs.",
		Fix:   "Set cloudwatchRoleArn of the region's account settings first, and let the stage depend on them.",
		Check: logRole,
		Pass:  rule.Case{World: role("arn:aws:iam::111122223333:role/logs"), Inputs: logging},
		Fail:  rule.Case{World: role(""), Inputs: logging},
		Seed: rule.Seed{Stack: "production", At: accountToken + "::api-gateway", Set: props{"cloudwatchRoleArn": nil},
			Refused: stageToken + "::api"},
	}, {
		ID: "edge-api-log-request-id", Types: []string{stageToken}, Code: badRequest, Page: apiGuide + "set-up-logging.html",
		Says:     "The format of an access log holds $context.requestId or $context.extendedRequestId.",
		Fix:      "Add $context.requestId to the format.",
		Foreseen: true, Check: logRequestID,
		Pass: rule.Case{Inputs: logging}, Fail: rule.Case{Inputs: props{"accessLogSettings": props{"format": "$context.status"}}},
		Seed: rule.Seed{Stack: "production", At: stageToken + "::api", Set: props{"accessLogSettings.format": `{"status":"$context.status"}`}},
	}, {
		ID: "edge-api-log-line", Types: []string{stageToken}, Code: badRequest, Page: apiGuide + "set-up-logging.html",
		Says:     "The format of an access log is one line.",
		Fix:      "Write the format without line breaks, JSON too.",
		Foreseen: true, Check: logLine,
		Pass: rule.Case{Inputs: logging}, Fail: rule.Case{Inputs: props{"accessLogSettings": props{"format": "{\n\"id\":\"$context.requestId\"\n}"}}},
		Seed: rule.Seed{Stack: "production", At: stageToken + "::api",
			Edit: map[string]func(string) string{"accessLogSettings.format": rule.Replace(`,"status"`, ",\n\"status\"")}},
	}, {
		ID: "edge-api-stage-name", Types: []string{stageToken}, Code: badRequest, Page: apiAPI + "API_CreateStage.html",
		Says:     "A stage's name has 1 to 128 letters, digits, hyphens and underscores.",
		Fix:      "Choose a name without dots and slashes.",
		Foreseen: true, Check: matches("stageName", regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)),
		Pass: rule.Case{Inputs: props{"stageName": "v1-beta"}}, Fail: rule.Case{Inputs: props{"stageName": "v1.0"}},
		Seed: rule.Seed{Stack: "production", At: stageToken + "::api", Set: props{"stageName": "v1.0"}},
	}, {
		ID: "edge-api-cache-size", Types: []string{stageToken}, Code: badRequest, Page: apiAPI + "API_CreateStage.html",
		Says:     "A stage's cache has 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118 or 237 GB.",
		Fix:      "Choose one of the sizes.",
		Foreseen: true, Check: allowed("cacheClusterSize", "0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"),
		Pass: rule.Case{Inputs: props{"cacheClusterSize": "0.5"}}, Fail: rule.Case{Inputs: props{"cacheClusterSize": "1"}},
		Seed: rule.Seed{Stack: "production", At: stageToken + "::api", Set: props{"cacheClusterEnabled": true, "cacheClusterSize": "2"}},
	}, {
		ID: "edge-api-cache-ttl", Types: []string{settingsToken}, Code: badRequest, Page: apiGuide + "api-gateway-caching.html",
		Says:     "API Gateway keeps an answer for at most 3,600 seconds.",
		Fix:      "Set cacheTtlInSeconds to 3600 or less; 0 keeps none.",
		Foreseen: true, Check: within("settings.cacheTtlInSeconds", 0, 3600),
		Pass: rule.Case{Inputs: props{"settings": props{"cacheTtlInSeconds": 3600}}}, Fail: rule.Case{Inputs: props{"settings": props{"cacheTtlInSeconds": 7200}}},
		Seed: rule.Seed{Stack: "production", At: settingsToken + "::api", Set: props{"settings.cacheTtlInSeconds": 86400}},
	}, {
		ID: "edge-api-method-path", Types: []string{settingsToken}, Code: badRequest, Page: apiAPI + "API_UpdateStage.html",
		Says:     "The settings of a method are addressed as the resource's path, a slash and the method; */* are all.",
		Fix:      "Write methodPath as in items/GET or */*.",
		Foreseen: true, Check: methodPath,
		Pass: rule.Case{Inputs: props{"methodPath": "items/GET"}}, Fail: rule.Case{Inputs: props{"methodPath": "*"}},
		Seed: rule.Seed{Stack: "production", At: settingsToken + "::api", Set: props{"methodPath": "*/ALL"}},
	}, {
		ID: "edge-api-compression", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-enable-compression.html",
		Says:     "An API compresses answers above 0 to 10,485,760 bytes, or with -1 none.",
		Fix:      "Choose a size up to 10485760 bytes.",
		Foreseen: true, Check: compression,
		Pass: rule.Case{Inputs: props{"minimumCompressionSize": "1024"}}, Fail: rule.Case{Inputs: props{"minimumCompressionSize": "20971520"}},
		Seed: rule.Seed{Stack: "production", At: apiToken + "::api", Set: props{"minimumCompressionSize": "99999999"}},
	}}
}

func vpcLink(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		if link := o.text("connectionId"); o.text("connectionType") == "VPC_LINK" && !strings.Contains(link, "${") && c.Get(linkToken, link) == nil {
			return rule.Find("body", link, "Invalid VPC link identifier specified: %s", link)
		}
		return nil
	})
}

func integrationTarget(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		if o.text("connectionType") != "VPC_LINK" {
			return nil
		}
		arn := o.text("integrationTarget")
		if balancer := c.Tx.ByARN(arn); balancer == nil || balancer.Type != balancerToken || balancer.Region != c.Region {
			return rule.Find("body", arn, "Invalid integration target specified: %s", arn)
		}
		return nil
	})
}

func everyIntegration(c *catalog.Call) *rule.Finding {
	api := c.Get(apiToken, c.Str("restApi"))
	if api == nil {
		return nil
	}
	if d := read(catalog.Str(api.State, "body")); d != nil {
		for _, o := range d.operations() {
			if o.integration == nil {
				return rule.Find("restApi", o.place, "No integration defined for method")
			}
		}
	}
	return nil
}

func stageDeployment(c *catalog.Call) *rule.Finding {
	deployment := c.Get(deploymentToken, c.Str("deployment"))
	if deployment == nil || catalog.Str(deployment.State, "restApi") == c.Str("restApi") {
		return nil
	}
	return rule.Find("deployment", deployment.ID, "Deployment id does not exist")
}

// logRole: without the region's role API Gateway can't write logs, and refuses to be asked for them.
func logRole(c *catalog.Call) *rule.Finding {
	property := "accessLogSettings"
	if level := c.Str("settings.loggingLevel"); level != "" && level != "OFF" {
		property = "settings.loggingLevel"
	} else if c.Str("accessLogSettings.destinationArn") == "" {
		return nil
	}
	for _, account := range c.Tx.Find(c.Account, c.Region, accountToken, nil) {
		if catalog.Str(account.State, "cloudwatchRoleArn") != "" {
			return nil
		}
	}
	return rule.Find(property, nil, "CloudWatch Logs role ARN must be set in account settings to enable logging")
}

func logRequestID(c *catalog.Call) *rule.Finding {
	format := c.Str("accessLogSettings.format")
	if format == "" || strings.Contains(format, "$context.requestId") || strings.Contains(format, "$context.extendedRequestId") {
		return nil
	}
	return rule.Find("accessLogSettings.format", nil, "Access Log format must contain $context.requestId or $context.extendedRequestId")
}

func logLine(c *catalog.Call) *rule.Finding {
	if strings.Contains(strings.TrimRight(c.Str("accessLogSettings.format"), "\n"), "\n") {
		return rule.Find("accessLogSettings.format", nil, "Access Log format must be single line, new line character is allowed only at end of the format")
	}
	return nil
}

func methodPath(c *catalog.Call) *rule.Finding {
	path := c.Str("methodPath")
	cut := strings.LastIndexByte(path, '/')
	if path == "" || cut > 0 && slices.Contains([]string{"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}, path[cut+1:]) {
		return nil
	}
	return rule.Find("methodPath", path, "Invalid method setting path: %s", path)
}

func compression(c *catalog.Call) *rule.Finding {
	text := c.Str("minimumCompressionSize")
	if text == "" {
		return nil
	}
	if size, err := strconv.Atoi(text); err != nil || size < -1 || size > 10485760 {
		return rule.Find("minimumCompressionSize", text, "Invalid minimum compression size, must be between 0 and 10485760 bytes")
	}
	return nil
}
