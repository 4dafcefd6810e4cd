// Package units counts the capacity units (WCU) of web ACLs.
package units

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Groups are AWS's own rule groups and their capacity units.
// Source: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
var Groups = map[string]float64{
	"AWSManagedRulesCommonRuleSet": 700, "AWSManagedRulesAdminProtectionRuleSet": 100, "AWSManagedRulesKnownBadInputsRuleSet": 200,
	"AWSManagedRulesSQLiRuleSet": 200, "AWSManagedRulesLinuxRuleSet": 200, "AWSManagedRulesUnixRuleSet": 100, "AWSManagedRulesWindowsRuleSet": 200,
	"AWSManagedRulesPHPRuleSet": 100, "AWSManagedRulesWordPressRuleSet": 100, "AWSManagedRulesAmazonIpReputationList": 25,
	"AWSManagedRulesAnonymousIpList": 50, "AWSManagedRulesBotControlRuleSet": 50, "AWSManagedRulesATPRuleSet": 50,
	"AWSManagedRulesACFPRuleSet": 50, "AWSManagedRulesAntiDDoSRuleSet": 50,
}

// statements are the capacity units of a statement without its text transformations.
// Source: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html (each statement's page)
var statements = map[resource.PropertyKey]float64{
	"byteMatchStatement": 10, "geoMatchStatement": 1, "ipSetReferenceStatement": 1, "labelMatchStatement": 1, "regexMatchStatement": 3,
	"regexPatternSetReferenceStatement": 25, "sizeConstraintStatement": 1, "sqliMatchStatement": 20, "xssMatchStatement": 40, "rateBasedStatement": 2,
}

const transformation = 10

// Capacity adds up what the rules of a web ACL need: statements wherever they are nested, and ten for every transformation.
func Capacity(state resource.PropertyMap) float64 {
	sum := 0.0
	for _, leaf := range catalog.Leaves(state, "rules[]") {
		sum += of(leaf.Value)
	}
	return sum
}

func of(value resource.PropertyValue) float64 {
	sum := 0.0
	switch value = catalog.Plain(value); {
	case value.IsArray():
		for _, element := range value.ArrayValue() {
			sum += of(element)
		}
	case value.IsObject():
		for key, inner := range value.ObjectValue() {
			sum += statements[key] + more(key, catalog.Plain(inner)) + of(inner)
		}
	}
	return sum
}

// more is what a rule group or the transformations under a key need.
func more(key resource.PropertyKey, value resource.PropertyValue) float64 {
	switch {
	case key == "managedRuleGroupStatement" && value.IsObject():
		return Groups[catalog.Str(value.ObjectValue(), "name")]
	case key == "textTransformations" && value.IsArray():
		sum := 0.0
		for _, element := range value.ArrayValue() {
			if element = catalog.Plain(element); element.IsObject() && catalog.Str(element.ObjectValue(), "type") != "NONE" {
				sum += transformation
			}
		}
		return sum
	}
	return 0
}
