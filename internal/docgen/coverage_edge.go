package docgen

// The rows follow the design's component table: Frontend, Api, Waf.

func edgeSections() []Section { return []Section{frontendSection(), apiSection(), wafSection()} }

func frontendSection() Section {
	return Section{Component: "Frontend", Title: "Frontend", Rows: []Row{
		{Phrase: "S3, private", Matches: []Match{has("s3.BucketV2", "site"), all("s3.BucketPublicAccessBlock", "", "restrictPublicBuckets=true", "blockPublicPolicy=true"), has("s3.BucketObjectv2", "site-*")}},
		{Phrase: "CloudFront", Matches: []Match{has("cloudfront.Distribution", "site", "enabled=true", "defaultCacheBehavior.viewerProtocolPolicy=redirect-to-https")}},
		{Phrase: "Origin access control", Matches: []Match{
			has("cloudfront.OriginAccessControl", "", "signingBehavior=always", "originAccessControlOriginType=s3"), has("cloudfront.Distribution", "site", "origins.originAccessControlId"),
			has("s3.BucketPolicy", "site", "policy.Statement[Principal.Service=cloudfront.amazonaws.com].Condition.StringEquals.aws:SourceArn=arn:aws:cloudfront:*"),
		}},
		{Phrase: "Security headers", Matches: []Match{has("cloudfront.ResponseHeadersPolicy", "", "securityHeadersConfig.contentSecurityPolicy.contentSecurityPolicy=*default-src*", "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec>=1")}},
		{Phrase: "Page routing by a CloudFront function", Matches: []Match{has("cloudfront.Function", "pages", "publish=true"), has("cloudfront.Distribution", "site", "defaultCacheBehavior.functionAssociations.eventType=viewer-request")}},
		{Phrase: "HTTP/3", Matches: []Match{has("cloudfront.Distribution", "site", "httpVersion=http2and3")}},
		{Phrase: "The edge web ACL", Matches: []Match{has("cloudfront.Distribution", "site", "webAclId=arn:aws:wafv2:us-east-1:*:global/webacl/*")}},
		{Phrase: "A second origin in the recovery region", Matches: []Match{
			has("s3.BucketV2", "site-recovery", "@region=us-west-2"), has("s3.BucketReplicationConfig", "", "rules.status=Enabled"), has("cloudfront.Distribution", "site", "originGroups.failoverCriteria.statusCodes"),
		}},
		{Phrase: "Alias records", Matches: []Match{has("route53.Record", "", "type=A", "aliases.name"), has("route53.Record", "", "type=AAAA", "aliases.name")}},
	}}
}

func apiSection() Section {
	const anyPath = "body.paths.*.*.x-amazon-apigateway-integration."
	const item = "body.paths./api/items/{id}.patch"
	return Section{Component: "Api", Title: "Api", Rows: []Row{
		{Phrase: "REST API by its OpenAPI 3.0 body", Matches: []Match{has("apigateway.RestApi", "", "body.openapi=3.0*")}},
		{Phrase: "One proxy route per path for a service without a document", Matches: []Match{has("apigateway.RestApi", "", "body.paths./audit/{proxy+}.x-amazon-apigateway-any-method.x-amazon-apigateway-integration.type=http_proxy")}},
		{Phrase: "The routes of a service's OpenAPI document, and no others", Matches: []Match{has("apigateway.RestApi", "", item+".x-amazon-apigateway-integration.type=http_proxy",
			item+".x-amazon-apigateway-integration.requestParameters", "!body.paths./api/{proxy+}", "body.x-amazon-apigateway-gateway-responses.MISSING_AUTHENTICATION_TOKEN.statusCode=404")}},
		{Phrase: "VPC link V2 to the internal ALB", Matches: []Match{
			has("apigatewayv2.VpcLink", "", "subnetIds", "securityGroupIds"), has("ec2.SecurityGroup", "api-link"),
			has("apigateway.RestApi", "", anyPath+"connectionType=VPC_LINK", anyPath+"integrationTarget=arn:aws:elasticloadbalancing:*"),
		}},
		{Phrase: "Stage", Matches: []Match{has("apigateway.Stage", ""), has("apigateway.Deployment", "", "triggers", "!stageName")}},
		{Phrase: "Access logs", Matches: []Match{has("apigateway.Stage", "", "accessLogSettings.destinationArn=arn:aws:logs:*"), has("cloudwatch.LogGroup", "api-access", "kmsKeyId", "retentionInDays")}},
		{Phrase: "Execution logs", Matches: []Match{has("apigateway.MethodSettings", "", "settings.loggingLevel=*", "settings.loggingLevel!=OFF"), has("cloudwatch.LogGroup", "api-execution", "name=API-Gateway-Execution-Logs_*", "retentionInDays")}},
		{Phrase: "Throttling", Matches: []Match{has("apigateway.MethodSettings", "api", "methodPath=*/*", "settings.throttlingRateLimit>=1", "settings.throttlingBurstLimit>=1")}},
		{Phrase: "Throttling of single routes from the document", Matches: []Match{has("apigateway.MethodSettings", "", "methodPath=~1api~1auth~1login/POST", "settings.throttlingRateLimit>=1",
			"settings.throttlingBurstLimit>=1", "settings.loggingLevel!=OFF", "settings.metricsEnabled=true")}},
		{Phrase: "Request validation", Matches: []Match{has("apigateway.RestApi", "", "body.x-amazon-apigateway-request-validator", "body.x-amazon-apigateway-request-validators.*.validateRequestParameters=true", "body.x-amazon-apigateway-request-validators.*.validateRequestBody=true")}},
		{Phrase: "Request validation by the document's bodies and parameters", Matches: []Match{has("apigateway.RestApi", "", item+".parameters.name=If-Match",
			item+".requestBody.content.application/json.schema", "body.components.schemas.BackendItemPlace.required=place", item+".x-amazon-apigateway-request-validator")}},
		{Phrase: "Proofs are the service's to check: API Gateway takes none for its own", Matches: []Match{has("apigateway.RestApi", "", "!"+item+".security", "!body.components.securitySchemes")}},
		{Phrase: "CORS", Matches: []Match{has("apigateway.RestApi", "", "body.paths.*.options.x-amazon-apigateway-integration.type=mock", "body.paths.*.options.**=*Access-Control-Allow-Origin*")}},
		{Phrase: "CORS headers of the document", Matches: []Match{has("apigateway.RestApi", "", "body.paths.*.options.**=*X-Api-Key*", "body.x-amazon-apigateway-gateway-responses.DEFAULT_4XX.responseParameters.**=*ETag*")}},
		{Phrase: "CORS also on gateway errors", Matches: []Match{has("apigateway.RestApi", "",
			"body.x-amazon-apigateway-gateway-responses.DEFAULT_4XX.responseParameters.*Access-Control-Allow-Origin",
			"body.x-amazon-apigateway-gateway-responses.DEFAULT_5XX.responseParameters.*Access-Control-Allow-Origin")}},
		{Phrase: "CORS for further origins by config", Matches: []Match{has("apigateway.RestApi", "", "body.paths.*.options.**=*https://partner.example.com*")}},
		{Phrase: "With a domain: its own name", Matches: []Match{
			has("apigateway.DomainName", "", "domainName=api.itrack.example.com", "securityPolicy=TLS_1_2"), has("apigateway.BasePathMapping", ""), has("route53.Record", "api", "aliases.name"),
		}},
	}}
}

func wafSection() Section {
	managed := func(group string) string {
		return "rules.statement.managedRuleGroupStatement[vendorName=AWS].name=" + group
	}
	return Section{Component: "Waf", Title: "Waf", Rows: []Row{
		{Phrase: "An ACL of the regional scope, before the API's stage", Matches: []Match{has("wafv2.WebAcl", "waf-regional", "scope=REGIONAL"), has("wafv2.WebAclAssociation", "", "resourceArn=arn:aws:apigateway:*/stages/*").in("Api")}},
		{Phrase: "An ACL of the edge scope, in us-east-1", Matches: []Match{has("wafv2.WebAcl", "waf-edge", "scope=CLOUDFRONT", "@region=us-east-1")}},
		{Phrase: "Rate 10,000 per 5 minutes per address", Matches: []Match{all("wafv2.WebAcl", "", "rules[name=rate].statement.rateBasedStatement.limit=10000", "rules[name=rate].statement.rateBasedStatement.aggregateKeyType=IP", "rules[name=rate].statement.rateBasedStatement.evaluationWindowSec=300")}},
		{Phrase: "SQL injection", Matches: []Match{all("wafv2.WebAcl", "", managed("AWSManagedRulesSQLiRuleSet"))}},
		{Phrase: "Common rules", Matches: []Match{all("wafv2.WebAcl", "", managed("AWSManagedRulesCommonRuleSet"))}},
		{Phrase: "Bad-input rules", Matches: []Match{all("wafv2.WebAcl", "", managed("AWSManagedRulesKnownBadInputsRuleSet"))}},
		{Phrase: "IP reputation", Matches: []Match{all("wafv2.WebAcl", "", managed("AWSManagedRulesAmazonIpReputationList"))}},
		{Phrase: "Geo list", Matches: []Match{has("wafv2.WebAcl", "", "rules[name=countries].statement.geoMatchStatement.countryCodes=KP")}},
		{Phrase: "An empty geo list means none", Matches: []Match{has("wafv2.WebAcl", "waf-regional", "rules.name!=countries")}},
		{Phrase: "Own rule: body size", Matches: []Match{all("wafv2.WebAcl", "", "rules[name=body-size].statement.**.comparisonOperator=GT")}},
		{Phrase: "Own rule: body size, without the paths of uploads", Matches: []Match{has("wafv2.WebAcl", "waf-regional", "rules[name=body-size].statement.andStatement.**=*/api/items/import*")}},
		{Phrase: "Own rule: methods", Matches: []Match{all("wafv2.WebAcl", "", "rules[name=methods].statement.**.regexString=*GET*POST*")}},
		{Phrase: "Own rule: sign-in rate", Matches: []Match{has("wafv2.WebAcl", "waf-regional", "rules[name=sign-in-rate].statement.rateBasedStatement.scopeDownStatement")}},
		{Phrase: "Block per rule", Matches: []Match{has("wafv2.WebAcl", "", "rules[name=rate].action.block", "rules[name=common].overrideAction.none")}},
		{Phrase: "Count per rule", Matches: []Match{has("wafv2.WebAcl", "", "rules[name=common].overrideAction.count")}},
		{Phrase: "Logs", Matches: []Match{all("wafv2.WebAclLoggingConfiguration", "", "logDestinationConfigs=arn:aws:logs:*", "redactedFields.singleHeader.name=authorization"), all("cloudwatch.LogGroup", "", "name=aws-waf-logs-*", "retentionInDays")}},
	}}
}
