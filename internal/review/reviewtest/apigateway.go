package reviewtest

func apigateway() []Variant {
	const (
		stage       = "aws:apigateway/stage:Stage::api"
		settings    = "aws:apigateway/methodSettings:MethodSettings::api"
		association = "aws:wafv2/webAclAssociation:WebAclAssociation::api"
	)
	return []Variant{
		{Name: "methods log nothing", Stack: Staging, Control: "APIGateway.1", Wants: stage, Joins: true, Edit: put(settings, "settings.loggingLevel", "OFF")},
		{Name: "the method settings are another stage's", Stack: Production, Control: "APIGateway.1", Wants: stage, Joins: true,
			Edit: put(settings, "stageName", "v2")},
		{Name: "the method settings are another API's", Stack: Staging, Control: "APIGateway.1", Wants: stage, Joins: true,
			Edit: put(settings, "restApi", "0123456789")},
		{Name: "only one method logs", Stack: Staging, Control: "APIGateway.1", Wants: stage, Joins: true, Edit: put(settings, "methodPath", "api/GET")},
		{Name: "the backend sees no certificate", Stack: Staging, Control: "APIGateway.2", Wants: stage, Edit: unset(stage, "clientCertificateId")},
		{Name: "the API is not traced", Stack: Staging, Control: "APIGateway.3", Wants: stage, Edit: put(stage, "xrayTracingEnabled", false)},
		{Name: "the ACL is associated with another stage", Stack: Staging, Control: "APIGateway.4", Wants: stage, Joins: true,
			Edit: func(e *Export) { e.Set(association, "resourceArn", e.Text(stage, "arn")+"2") }},
		{Name: "no ACL is associated", Stack: Domain, Control: "APIGateway.4", Wants: stage, Joins: true, Edit: remove(association)},
		{Name: "the API has the edge's ACL", Stack: Production, Control: "APIGateway.4", Wants: stage, Joins: true,
			Edit: aim(association, "webAclArn", edgeACL, "arn")},
		{Name: "the cache is not encrypted", Stack: Staging, Control: "APIGateway.5", Wants: stage, Joins: true,
			Edit: all(put(settings, "settings.cachingEnabled", true), put(settings, "settings.cacheDataEncrypted", false))},
	}
}
