package infra

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the rules: what itrack:waf.count lists, and the metric dimension Rule.
const (
	ruleRate         = "rate"
	ruleReputation   = "ip-reputation"
	ruleCommon       = "common"
	ruleBadInputs    = "bad-inputs"
	ruleSQLInjection = "sql-injection"
	ruleCountries    = "countries"
	ruleBodySize     = "body-size"
	ruleMethods      = "methods"
	ruleSignInRate   = "sign-in-rate"
)

// rateWindowSeconds is the window that both rates count in.
const rateWindowSeconds = 300

// wafMethods are all methods that may be let through.
var wafMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// wafRules are an ACL's rules, by priority: cheap ones that take most requests of an attack first. Together they need
// about 1200 of the 1500 capacity units that the first price step includes.
func wafRules(settings WafSettings, scope, stage string) wafv2.WebAclRuleArray {
	var rules wafv2.WebAclRuleArray
	add := func(name string, statement *wafv2.WebAclRuleStatementArgs) {
		rule := &wafv2.WebAclRuleArgs{
			Name: pulumi.String(name), Priority: pulumi.Int(len(rules)), Statement: statement,
			VisibilityConfig: &wafv2.WebAclRuleVisibilityConfigArgs{
				CloudwatchMetricsEnabled: pulumi.Bool(true), SampledRequestsEnabled: pulumi.Bool(true), MetricName: pulumi.String(name),
			},
		}
		counts := slices.Contains(settings.Count, name)
		switch {
		// A rule group brings its own actions: none leaves them, count overrides all of them.
		case statement.ManagedRuleGroupStatement != nil && counts:
			rule.OverrideAction = &wafv2.WebAclRuleOverrideActionArgs{Count: &wafv2.WebAclRuleOverrideActionCountArgs{}}
		case statement.ManagedRuleGroupStatement != nil:
			rule.OverrideAction = &wafv2.WebAclRuleOverrideActionArgs{None: &wafv2.WebAclRuleOverrideActionNoneArgs{}}
		case counts:
			rule.Action = &wafv2.WebAclRuleActionArgs{Count: &wafv2.WebAclRuleActionCountArgs{}}
		default:
			rule.Action = &wafv2.WebAclRuleActionArgs{Block: &wafv2.WebAclRuleActionBlockArgs{}}
		}
		rules = append(rules, rule)
	}
	add(ruleRate, &wafv2.WebAclRuleStatementArgs{RateBasedStatement: rateOf(settings.RateLimit)})
	add(ruleReputation, managedRules("AWSManagedRulesAmazonIpReputationList"))
	// The group's own size rule knows 8 KB and nothing of paths: body-size does it, with a limit and exceptions of ours.
	add(ruleCommon, managedRules("AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"))
	add(ruleBadInputs, managedRules("AWSManagedRulesKnownBadInputsRuleSet"))
	add(ruleSQLInjection, managedRules("AWSManagedRulesSQLiRuleSet"))
	if len(settings.Countries.Codes) > 0 {
		add(ruleCountries, countryStatement(settings.Countries))
	}
	add(ruleBodySize, bodySizeStatement(settings, stage))
	add(ruleMethods, methodStatement(settings.Methods))
	if scope == wafRegional { // nobody signs in at the edge: there are only files
		signIn := rateOf(settings.SignInLimit)
		signIn.ScopeDownStatement = &wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs{
			RegexMatchStatement: &wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementArgs{
				FieldToMatch: &wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementFieldToMatchArgs{
					UriPath: &wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementFieldToMatchUriPathArgs{},
				},
				RegexString: pulumi.String(pathPattern(stage, settings.SignInPath)),
				TextTransformations: wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementTextTransformationArray{
					&wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementTextTransformationArgs{
						Priority: pulumi.Int(0), Type: pulumi.String("URL_DECODE"),
					},
					&wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementTextTransformationArgs{
						Priority: pulumi.Int(1), Type: pulumi.String("NORMALIZE_PATH"),
					},
				},
			},
		}
		add(ruleSignInRate, &wafv2.WebAclRuleStatementArgs{RateBasedStatement: signIn})
	}
	return rules
}

// rateOf counts requests by client address. Nothing stands before either ACL, so that the address is the client's own.
func rateOf(limit int) *wafv2.WebAclRuleStatementRateBasedStatementArgs {
	return &wafv2.WebAclRuleStatementRateBasedStatementArgs{
		AggregateKeyType: pulumi.String("IP"), Limit: pulumi.Int(limit), EvaluationWindowSec: pulumi.Int(rateWindowSeconds),
	}
}

// managedRules is a rule group that AWS keeps, at its default version; the rules named in counted only count.
func managedRules(group string, counted ...string) *wafv2.WebAclRuleStatementArgs {
	statement := &wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs{Name: pulumi.String(group), VendorName: pulumi.String("AWS")}
	var overrides wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArray
	for _, rule := range counted {
		overrides = append(overrides, &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs{
			Name: pulumi.String(rule),
			ActionToUse: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs{
				Count: &wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs{},
			},
		})
	}
	if len(overrides) > 0 {
		statement.RuleActionOverrides = overrides
	}
	return &wafv2.WebAclRuleStatementArgs{ManagedRuleGroupStatement: statement}
}

// countryStatement takes requests from the listed countries (block) or from all others (allow).
func countryStatement(countries CountrySettings) *wafv2.WebAclRuleStatementArgs {
	codes := slices.Sorted(slices.Values(countries.Codes))
	listed := &wafv2.WebAclRuleStatementArgs{
		GeoMatchStatement: &wafv2.WebAclRuleStatementGeoMatchStatementArgs{CountryCodes: pulumi.ToStringArray(codes)},
	}
	if countries.Mode == "allow" {
		return notStatement(listed)
	}
	return listed
}

// bodySizeStatement takes bodies above the limit, and bodies that AWS does not see to their end, outside LargePaths.
func bodySizeStatement(settings WafSettings, stage string) *wafv2.WebAclRuleStatementArgs {
	large := &wafv2.WebAclRuleStatementArgs{
		SizeConstraintStatement: &wafv2.WebAclRuleStatementSizeConstraintStatementArgs{
			FieldToMatch: &wafv2.WebAclRuleStatementSizeConstraintStatementFieldToMatchArgs{
				Body: &wafv2.WebAclRuleStatementSizeConstraintStatementFieldToMatchBodyArgs{OversizeHandling: pulumi.String("MATCH")},
			},
			ComparisonOperator: pulumi.String("GT"), Size: pulumi.Int(settings.MaxBodyBytes),
			TextTransformations: wafv2.WebAclRuleStatementSizeConstraintStatementTextTransformationArray{
				&wafv2.WebAclRuleStatementSizeConstraintStatementTextTransformationArgs{Priority: pulumi.Int(0), Type: pulumi.String("NONE")},
			},
		},
	}
	if len(settings.LargePaths) == 0 {
		return large
	}
	// No NORMALIZE_PATH or URL_DECODE here: an exception is for the plain spelling alone.
	excepted := regexOf(pathPattern(stage, settings.LargePaths...), &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchArgs{
		UriPath: &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchUriPathArgs{},
	})
	return &wafv2.WebAclRuleStatementArgs{AndStatement: &wafv2.WebAclRuleStatementAndStatementArgs{
		Statements: wafv2.WebAclRuleStatementArray{large, notStatement(excepted)},
	}}
}

// methodStatement takes every method but those let through.
func methodStatement(methods []string) *wafv2.WebAclRuleStatementArgs {
	if len(methods) == 0 {
		methods = wafMethods
	}
	sorted := slices.Sorted(slices.Values(methods))
	return notStatement(regexOf("^("+strings.Join(sorted, "|")+")$", &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchArgs{
		Method: &wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchMethodArgs{},
	}))
}

func notStatement(statement *wafv2.WebAclRuleStatementArgs) *wafv2.WebAclRuleStatementArgs {
	return &wafv2.WebAclRuleStatementArgs{NotStatement: &wafv2.WebAclRuleStatementNotStatementArgs{
		Statements: wafv2.WebAclRuleStatementArray{statement},
	}}
}

func regexOf(pattern string, field *wafv2.WebAclRuleStatementRegexMatchStatementFieldToMatchArgs) *wafv2.WebAclRuleStatementArgs {
	return &wafv2.WebAclRuleStatementArgs{RegexMatchStatement: &wafv2.WebAclRuleStatementRegexMatchStatementArgs{
		FieldToMatch: field, RegexString: pulumi.String(pattern),
		TextTransformations: wafv2.WebAclRuleStatementRegexMatchStatementTextTransformationArray{
			&wafv2.WebAclRuleStatementRegexMatchStatementTextTransformationArgs{Priority: pulumi.Int(0), Type: pulumi.String("NONE")},
		},
	}}
}

// pathPattern matches the paths and what lies below them, with and without the stage's name: on AWS's own name the path
// begins with the stage, on a domain of ours it does not.
func pathPattern(stage string, paths ...string) string {
	quoted := make([]string, 0, len(paths))
	for _, path := range slices.Sorted(slices.Values(paths)) {
		quoted = append(quoted, regexp.QuoteMeta(strings.TrimSuffix(path, "/")))
	}
	prefix := ""
	if stage != "" {
		prefix = "(/" + regexp.QuoteMeta(stage) + ")?"
	}
	return "^" + prefix + "(" + strings.Join(quoted, "|") + ")(/|$)"
}

// wafInspection asks AWS to look at more of a body than the 16 KB that it looks at by itself, where the limit is above.
// AWS bills each further 16 KB of a request; below the limit it would call a body too large that our rule lets through.
func wafInspection(maxBodyBytes int, scope string) wafv2.WebAclAssociationConfigPtrInput {
	const step = 16 * 1024
	steps := (maxBodyBytes + step - 1) / step
	if steps <= 1 {
		return nil
	}
	limit := pulumi.String(fmt.Sprintf("KB_%d", steps*16))
	body := &wafv2.WebAclAssociationConfigRequestBodyArgs{}
	if scope == wafEdge {
		body.Cloudfronts = wafv2.WebAclAssociationConfigRequestBodyCloudfrontArray{
			&wafv2.WebAclAssociationConfigRequestBodyCloudfrontArgs{DefaultSizeInspectionLimit: limit},
		}
	} else {
		body.ApiGateways = wafv2.WebAclAssociationConfigRequestBodyApiGatewayArray{
			&wafv2.WebAclAssociationConfigRequestBodyApiGatewayArgs{DefaultSizeInspectionLimit: limit},
		}
	}
	return &wafv2.WebAclAssociationConfigArgs{RequestBodies: wafv2.WebAclAssociationConfigRequestBodyArray{body}}
}
