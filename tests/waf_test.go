package tests

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const aclToken = "aws:wafv2/webAcl:WebAcl"

// rules are an ACL's rules by name, each with its index.
func rules(t *testing.T, acl *declared) map[string]string {
	t.Helper()
	result := map[string]string{}
	for i, rule := range acl.value(t, "rules").ArrayValue() {
		path := fmt.Sprintf("rules[%d]", i)
		name := plain(plain(rule).ObjectValue()["name"]).StringValue()
		require.NotContains(t, result, name)
		assert.InDelta(t, i, acl.num(t, path+".priority"), 0, "%s", name)
		assert.Equal(t, name, acl.str(t, path+".visibilityConfig.metricName"))
		assert.True(t, acl.flag(t, path+".visibilityConfig.cloudwatchMetricsEnabled"))
		result[name] = path
	}
	return result
}

func TestWafScopes(t *testing.T) {
	assert.Equal(t, []string{"waf-regional"}, recorded(t, "staging").names(aclToken))
	far := recordedWith(t, "production", map[string]any{"aws:region": "eu-west-1"})
	assert.Equal(t, []string{"waf-edge", "waf-regional"}, far.names(aclToken))
	for name, want := range map[string]struct{ scope, provider, region string }{
		"waf-edge": {"CLOUDFRONT", "edge", "us-east-1"}, "waf-regional": {"REGIONAL", "primary", "eu-west-1"},
	} {
		acl := far.one(t, aclToken, name)
		assert.Equal(t, want.scope, acl.str(t, "scope"))
		assert.True(t, acl.has("defaultAction.allow"))
		assert.True(t, acl.flag(t, "visibilityConfig.cloudwatchMetricsEnabled"))
		for _, token := range []string{aclToken, "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"} {
			assert.Contains(t, far.one(t, token, name).Provider, "::"+want.provider+"::", "%s", token)
		}
		group := far.one(t, "aws:cloudwatch/logGroup:LogGroup", name)
		assert.Equal(t, "aws-waf-logs-"+acl.str(t, "name"), group.str(t, "name"))
		assert.InDelta(t, 90, group.num(t, "retentionInDays"), 0)
		key := "logs"
		if want.provider == "edge" {
			key = "logs-us-east-1"
		}
		assert.Contains(t, group.str(t, "kmsKeyId"), ":"+key)
		statement := statements(t, far.one(t, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", name), "policyDocument")["WafLogs"]
		assert.Equal(t, map[string]any{"Service": "delivery.logs.amazonaws.com"}, statement["Principal"])
		assert.Equal(t, []any{"logs:CreateLogStream", "logs:PutLogEvents"}, statement["Action"])
		assert.Equal(t, "arn:aws:logs:"+want.region+":"+mockAccount+":log-group:"+group.str(t, "name")+":log-stream:*", statement["Resource"])
		alarm := far.one(t, alarmToken, name+"-blocked")
		assert.Contains(t, alarm.Provider, "::"+want.provider+"::")
		assert.Equal(t, acl.str(t, "visibilityConfig.metricName"), alarm.str(t, "dimensions.WebACL"))
		assert.Equal(t, want.scope == "REGIONAL", alarm.has("dimensions.Region"), "metrics of the edge carry no region")
	}
}

func TestWafRules(t *testing.T) {
	acl := recorded(t, "production").one(t, aclToken, "waf-regional")
	byName := rules(t, acl)
	assert.Len(t, byName, 8)
	assert.NotContains(t, byName, "countries", "an empty list is no rule")
	for name, group := range map[string]string{
		"ip-reputation": "AWSManagedRulesAmazonIpReputationList", "common": "AWSManagedRulesCommonRuleSet",
		"bad-inputs": "AWSManagedRulesKnownBadInputsRuleSet", "sql-injection": "AWSManagedRulesSQLiRuleSet",
	} {
		assert.Equal(t, group, acl.str(t, byName[name]+".statement.managedRuleGroupStatement.name"))
		assert.True(t, acl.has(byName[name]+".overrideAction.none"), "%s blocks by its own actions", name)
		assert.False(t, acl.has(byName[name]+".action"))
	}
	overrides := byName["common"] + ".statement.managedRuleGroupStatement.ruleActionOverrides[0]"
	assert.Equal(t, "SizeRestrictions_BODY", acl.str(t, overrides+".name"))
	assert.True(t, acl.has(overrides+".actionToUse.count"))
	for _, name := range []string{"rate", "body-size", "methods", "sign-in-rate"} {
		assert.True(t, acl.has(byName[name]+".action.block"), "%s", name)
	}
	assert.InDelta(t, 10000, acl.num(t, byName["rate"]+".statement.rateBasedStatement.limit"), 0)
	assert.Equal(t, "IP", acl.str(t, byName["rate"]+".statement.rateBasedStatement.aggregateKeyType"))
	assert.InDelta(t, 300, acl.num(t, byName["rate"]+".statement.rateBasedStatement.evaluationWindowSec"), 0)
	signIn := byName["sign-in-rate"] + ".statement.rateBasedStatement"
	assert.InDelta(t, 100, acl.num(t, signIn+".limit"), 0)
	assert.Equal(t, `^(/v1)?(/api/auth/login)(/|$)`, acl.str(t, signIn+".scopeDownStatement.regexMatchStatement.regexString"))
	parts := byName["body-size"] + ".statement.andStatement.statements"
	assert.Equal(t, `^(/v1)?(/api/items/import)(/|$)`, acl.str(t, parts+"[1].notStatement.statements[0].regexMatchStatement.regexString"), "a CSV may be large")
	body := parts + "[0].sizeConstraintStatement"
	assert.InDelta(t, 65536, acl.num(t, body+".size"), 0)
	assert.Equal(t, "GT", acl.str(t, body+".comparisonOperator"))
	assert.Equal(t, "MATCH", acl.str(t, body+".fieldToMatch.body.oversizeHandling"))
	assert.Equal(t, "^(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT)$", acl.str(t, byName["methods"]+".statement.notStatement.statements[0].regexMatchStatement.regexString"))
	assert.Equal(t, "KB_64", acl.str(t, "associationConfig.requestBodies[0].apiGateways[0].defaultSizeInspectionLimit"))

	edge := recorded(t, "production").one(t, aclToken, "waf-edge")
	assert.Len(t, rules(t, edge), 7)
	assert.NotContains(t, rules(t, edge), "sign-in-rate")
	assert.Equal(t, "KB_64", edge.str(t, "associationConfig.requestBodies[0].cloudfronts[0].defaultSizeInspectionLimit"))
}

func TestWafSettings(t *testing.T) {
	acl := recordedWith(t, "staging", map[string]any{
		"itrack:waf.countries": map[string]any{"mode": "allow", "codes": []string{"US", "DE"}}, "itrack:waf.largePaths": []string{"/api/uploads", "/api/files/"},
		"itrack:waf.count": []string{"common", "methods", "countries"}, "itrack:waf.maxBodyBytes": 16384, "itrack:waf.methods": []string{"POST", "GET"}, "itrack:api.stage": "live",
	}).one(t, aclToken, "waf-regional")
	byName := rules(t, acl)
	assert.Equal(t, []string{"DE", "US"}, acl.strs(t, byName["countries"]+".statement.notStatement.statements[0].geoMatchStatement.countryCodes"), "allow keeps out all others")
	assert.True(t, acl.has(byName["countries"]+".action.count"))
	assert.True(t, acl.has(byName["methods"]+".action.count"))
	assert.False(t, acl.has(byName["methods"]+".action.block"))
	assert.True(t, acl.has(byName["common"]+".overrideAction.count"))
	assert.True(t, acl.has(byName["bad-inputs"]+".overrideAction.none"), "the others still block")
	parts := byName["body-size"] + ".statement.andStatement.statements"
	assert.InDelta(t, 16384, acl.num(t, parts+"[0].sizeConstraintStatement.size"), 0)
	assert.Equal(t, `^(/live)?(/api/files|/api/uploads)(/|$)`, acl.str(t, parts+"[1].notStatement.statements[0].regexMatchStatement.regexString"))
	assert.Equal(t, "^(GET|POST)$", acl.str(t, byName["methods"]+".statement.notStatement.statements[0].regexMatchStatement.regexString"))
	assert.False(t, acl.has("associationConfig"), "16 KB is what AWS looks at anyway")

	blocked := recordedWith(t, "staging", map[string]any{"itrack:waf.countries": map[string]any{"codes": []string{"KP"}}}).one(t, aclToken, "waf-regional")
	assert.Equal(t, []string{"KP"}, blocked.strs(t, rules(t, blocked)["countries"]+".statement.geoMatchStatement.countryCodes"))
}

func TestWafLogsKeepSecretsOut(t *testing.T) {
	for _, stack := range bothStacks {
		for _, logging := range recorded(t, stack).all("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration") {
			assert.Equal(t, "authorization", logging.str(t, "redactedFields[0].singleHeader.name"))
			assert.Equal(t, "cookie", logging.str(t, "redactedFields[1].singleHeader.name"))
			assert.Equal(t, "DROP", logging.str(t, "loggingFilter.defaultBehavior"))
			var kept []string
			for i := range logging.value(t, "loggingFilter.filters[0].conditions").ArrayValue() {
				kept = append(kept, logging.str(t, fmt.Sprintf("loggingFilter.filters[0].conditions[%d].actionCondition.action", i)))
			}
			assert.Equal(t, []string{"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"}, kept)
			assert.Contains(t, fmt.Sprint(logging.Dependencies), "logResourcePolicy", "without the policy AWS writes one of its own")
		}
	}
}
