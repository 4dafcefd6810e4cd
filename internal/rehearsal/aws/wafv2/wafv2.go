// Package wafv2 describes web ACLs to the stand-in.
package wafv2

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	aclToken   = "aws:wafv2/webAcl:WebAcl"
	groupToken = "aws:cloudwatch/logGroup:LogGroup"
	api        = "https://docs.aws.amazon.com/waf/latest/APIReference/"
	guide      = "https://docs.aws.amazon.com/waf/latest/developerguide/"
	service    = "WAFV2"
	edgeScope  = "CLOUDFRONT"
	edgeRegion = "us-east-1"
)

// Service is what the stand-in knows of WAF.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{aclType(), loggingType(), associationType()}}
}

func aclType() catalog.Type {
	return catalog.Type{
		Token: aclToken, Args: (*sdk.WebAclArgs)(nil), Resource: (*sdk.WebAcl)(nil),
		Service: service, Action: "WebACL", Title: "WAFv2 WebACL",
		ARN: "arn:{partition}:wafv2:{region}:{account}:{scopeWord}/webacl/{name}/{uuid}",
		ID: catalog.Made(func(c *catalog.Call) string {
			id, word := catalog.UUID(), "regional"
			if c.Str("scope") == edgeScope {
				word = "global"
			}
			c.ARN = c.Fill("arn:{partition}:wafv2:{region}:{account}:") + word + "/webacl/" + c.Str("name") + "/" + id
			return id
		}),
		Name: catalog.Name{Property: "name", Auto: 128, Prefix: "namePrefix"},
		Unique: []catalog.Unique{{Properties: []string{"name", "scope"}, Scope: catalog.InRegion, Code: "WAFDuplicateItemException",
			Message: "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one: {name}"}},
		Blank:    []string{"namePrefix", "applicationIntegrationUrl"},
		Volatile: []string{"lockToken"},
		Sets:     []string{"rules"},
		Check:    checkACL, Refuse: refuseACL,
		Compute: func(c *catalog.Call) error {
			c.Set("lockToken", catalog.UUID())
			c.Set("capacity", capacity(c.State))
			return nil
		},
		Source: api + "API_CreateWebACL.html",
	}
}

func checkACL(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	priorities, names := map[string]bool{}, map[string]bool{}
	for _, leaf := range catalog.Leaves(c.Inputs, "rules[]") {
		if !leaf.Value.IsObject() || leaf.Value.ContainsUnknowns() {
			continue
		}
		rule := leaf.Value.ObjectValue()
		add := func(property, name, value, message string) {
			problems = append(problems, catalog.Problem{Property: leaf.Path + property, Rule: name, Value: value, Message: message, Source: api + "API_Rule.html"})
		}
		name, priority := catalog.Str(rule, "name"), catalog.Text(catalog.Plain(rule["priority"]))
		if names[name] {
			add(".name", "unique name", name, "two rules of an ACL have the same name")
		}
		if priorities[priority] {
			add(".priority", "unique priority", priority, "two rules of an ACL have the same priority")
		}
		names[name], priorities[priority] = true, true
		isGroup := len(catalog.Leaves(rule, "statement.managedRuleGroupStatement")) > 0 || len(catalog.Leaves(rule, "statement.ruleGroupReferenceStatement")) > 0
		acts, overrides := len(catalog.Leaves(rule, "action")) > 0, len(catalog.Leaves(rule, "overrideAction")) > 0
		if acts == overrides || isGroup != overrides {
			add("", "action of a rule", name, "a rule group has an overrideAction, every other statement an action, and none has both")
		}
		if limit := catalog.Leaves(rule, "statement.rateBasedStatement.limit"); len(limit) > 0 && limit[0].Value.NumberValue() < 10 {
			add(".statement.rateBasedStatement.limit", "lowest rate", catalog.Text(limit[0].Value), "must be at least 10")
		}
	}
	for _, leaf := range catalog.Leaves(c.Inputs, "associationConfig.requestBodies[].apiGateways[].defaultSizeInspectionLimit") {
		problems = append(problems, checkLimit(leaf)...)
	}
	for _, leaf := range catalog.Leaves(c.Inputs, "associationConfig.requestBodies[].cloudfronts[].defaultSizeInspectionLimit") {
		problems = append(problems, checkLimit(leaf)...)
	}
	return problems
}

func checkLimit(leaf catalog.Leaf) []catalog.Problem {
	switch limit := catalog.Text(leaf.Value); limit {
	case "KB_16", "KB_32", "KB_48", "KB_64":
		return nil
	default:
		return []catalog.Problem{{Property: leaf.Path, Rule: "allowed values", Value: limit, Message: "must be KB_16, KB_32, KB_48 or KB_64",
			Source: api + "API_RequestBodyAssociatedResourceTypeConfig.html"}}
	}
}

// groups are AWS's own rule groups and their capacity units.
// Source: AWS WAF developer guide, "AWS Managed Rules rule groups list".
var groups = map[string]float64{
	"AWSManagedRulesCommonRuleSet": 700, "AWSManagedRulesAdminProtectionRuleSet": 100, "AWSManagedRulesKnownBadInputsRuleSet": 200,
	"AWSManagedRulesSQLiRuleSet": 200, "AWSManagedRulesLinuxRuleSet": 200, "AWSManagedRulesUnixRuleSet": 100, "AWSManagedRulesWindowsRuleSet": 200,
	"AWSManagedRulesPHPRuleSet": 100, "AWSManagedRulesWordPressRuleSet": 100, "AWSManagedRulesAmazonIpReputationList": 25,
	"AWSManagedRulesAnonymousIpList": 50, "AWSManagedRulesBotControlRuleSet": 50,
}

func refuseACL(c *catalog.Call) *catalog.Error {
	if c.Str("scope") == edgeScope && c.Region != edgeRegion {
		return &catalog.Error{Code: "WAFInvalidParameterException", Property: "scope", Value: edgeScope, Rule: "region of the scope CLOUDFRONT",
			Message: "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT", Source: api + "API_CreateWebACL.html"}
	}
	for _, leaf := range catalog.Leaves(c.State, "rules[].statement.managedRuleGroupStatement") {
		group := leaf.Value.ObjectValue()
		name := catalog.Str(group, "name")
		if _, known := groups[name]; catalog.Str(group, "vendorName") == "AWS" && !known {
			return &catalog.Error{Code: "WAFNonexistentItemException", Property: leaf.Path + ".name", Value: name, Rule: "rule group exists",
				Message: "AWS WAF couldn't perform the operation because your resource doesn't exist: " + name, Source: guide + "aws-managed-rule-groups-list.html"}
		}
	}
	if units := capacity(c.State); units > 5000 {
		return &catalog.Error{Code: "WAFLimitsExceededException", Property: "rules", Value: fmt.Sprint(units), Rule: "capacity of an ACL",
			Message: "AWS WAF couldn't perform the operation because you exceeded your resource limit: WEB_ACL_CAPACITY_UNITS", Source: guide + "limits.html"}
	}
	return nil
}

// statements are the capacity units of a statement without its text transformations.
// Source: AWS WAF developer guide, "Rule statements list" (WCUs of each page).
var statements = map[resource.PropertyKey]float64{
	"byteMatchStatement": 10, "geoMatchStatement": 1, "ipSetReferenceStatement": 1, "labelMatchStatement": 1, "regexMatchStatement": 3,
	"regexPatternSetReferenceStatement": 25, "sizeConstraintStatement": 1, "sqliMatchStatement": 20, "xssMatchStatement": 40, "rateBasedStatement": 2,
}

const transformationUnits = 10

// capacity adds up what the rules of an ACL need: statements wherever they are nested, and ten for every transformation.
func capacity(state resource.PropertyMap) float64 {
	units := 0.0
	var walk func(value resource.PropertyValue)
	walk = func(value resource.PropertyValue) {
		switch {
		case value.IsArray():
			for _, element := range value.ArrayValue() {
				walk(element)
			}
		case value.IsObject():
			for key, inner := range value.ObjectValue() {
				units += statements[key]
				if key == "managedRuleGroupStatement" && inner.IsObject() {
					units += groups[catalog.Str(inner.ObjectValue(), "name")]
				}
				if key == "textTransformations" && inner.IsArray() {
					for _, transformation := range inner.ArrayValue() {
						if transformation.IsObject() && catalog.Str(transformation.ObjectValue(), "type") != "NONE" {
							units += transformationUnits
						}
					}
				}
				walk(inner)
			}
		}
	}
	for _, leaf := range catalog.Leaves(state, "rules[]") {
		walk(leaf.Value)
	}
	return units
}

func loggingType() catalog.Type {
	return catalog.Type{
		Token: "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", Args: (*sdk.WebAclLoggingConfigurationArgs)(nil),
		Resource: (*sdk.WebAclLoggingConfiguration)(nil), Service: service, Title: "WAFv2 WebACL Logging Configuration",
		Verbs: map[string]string{"create": "PutLoggingConfiguration", "update": "PutLoggingConfiguration", "delete": "DeleteLoggingConfiguration"},
		ID:    catalog.Templated("{resourceArn}"), Overwrites: true, Sets: []string{"logDestinationConfigs", "loggingFilter.filters", "loggingFilter.filters[].conditions"},
		Refs: []catalog.Ref{
			{Path: "resourceArn", To: []string{aclToken}, By: catalog.ByARN, Code: "WAFNonexistentItemException", Message: "The web ACL {value} doesn't exist"},
			{Path: "logDestinationConfigs", To: []string{groupToken, "aws:s3/bucketV2:BucketV2"}, By: catalog.ByARN, Code: "WAFLogDestinationPermissionIssueException",
				Message: "The log destination {value} doesn't exist or can't be written to"},
		},
		Refuse: func(c *catalog.Call) *catalog.Error {
			for _, arn := range c.Strs("logDestinationConfigs") {
				name := arn[strings.LastIndexByte(strings.TrimSuffix(arn, ":*"), ':')+1:]
				if !strings.HasPrefix(name, "aws-waf-logs-") {
					return &catalog.Error{Code: "WAFInvalidParameterException", Property: "logDestinationConfigs", Value: arn, Rule: "name of a log destination",
						Message: "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION",
						Source:  guide + "logging-destinations.html"}
				}
			}
			return nil
		},
		Source: api + "API_PutLoggingConfiguration.html",
	}
}

func associationType() catalog.Type {
	return catalog.Type{
		Token: "aws:wafv2/webAclAssociation:WebAclAssociation", Args: (*sdk.WebAclAssociationArgs)(nil), Resource: (*sdk.WebAclAssociation)(nil),
		Service: service, Title: "WAFv2 WebACL Association", Verbs: map[string]string{"create": "AssociateWebACL", "delete": "DisassociateWebACL"},
		ID: catalog.Templated("{webAclArn},{resourceArn}"),
		Unique: []catalog.Unique{{Properties: []string{"resourceArn"}, Scope: catalog.InRegion, Code: "WAFDuplicateItemException",
			Message: "The resource has a web ACL already: {name}"}},
		Refs: []catalog.Ref{
			{Path: "webAclArn", To: []string{aclToken}, By: catalog.ByARN, Code: "WAFNonexistentItemException", Message: "The web ACL {value} doesn't exist",
				Blocks: true, BlockCode: "WAFAssociatedItemException"},
			{Path: "resourceArn", To: []string{"aws:apigateway/stage:Stage", "aws:lb/loadBalancer:LoadBalancer"}, By: catalog.ByARN, Code: "WAFUnavailableEntityException",
				Message: "AWS WAF couldn't retrieve the resource that you requested: {value}"},
		},
		Refuse: func(c *catalog.Call) *catalog.Error {
			if strings.Contains(c.Str("webAclArn"), ":global/") {
				return &catalog.Error{Code: "WAFInvalidParameterException", Property: "webAclArn", Value: c.Str("webAclArn"), Rule: "scope of the ACL",
					Message: "An ACL of scope CLOUDFRONT is set on the distribution", Source: api + "API_AssociateWebACL.html"}
			}
			return nil
		},
		Source: api + "API_AssociateWebACL.html",
	}
}
