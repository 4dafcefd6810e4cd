package edge

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// firewallStatements are the rules on the statements of web ACLs.
func firewallStatements() []rule.Rule {
	rated := func(fields props) rule.Case {
		return rule.Case{Inputs: props{"rules": []any{props{"name": "rate", "statement": props{"rateBasedStatement": fields}}}}}
	}
	geo := func(codes ...any) props { return props{"geoMatchStatement": props{"countryCodes": codes}} }
	regex := func(text string, priorities ...any) props {
		var transformations []any
		for _, priority := range priorities {
			transformations = append(transformations, props{"priority": priority, "type": "LOWERCASE"})
		}
		return props{"regexMatchStatement": props{"regexString": text, "fieldToMatch": props{"uriPath": props{}}, "textTransformations": transformations}}
	}
	with := func(statement props) rule.Case {
		return rule.Case{Inputs: props{"rules": []any{props{"name": "own", "statement": statement}}}}
	}
	return []rule.Rule{{
		ID: "edge-waf-rate-limit", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_RateBasedStatement.html",
		Says:     "The limit of a rate-based statement is 10 to 2,000,000,000 requests.",
		Fix:      "Choose a limit of 10 or more.",
		Foreseen: true, Check: number("rateBasedStatement", "limit", func(n float64) bool { return n >= 10 && n <= 2e9 }),
		Pass: rated(props{"limit": 10}), Fail: rated(props{"limit": 9}),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[0].statement.rateBasedStatement.limit": 5}},
	}, {
		ID: "edge-waf-rate-window", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_RateBasedStatement.html",
		Says:     "A rate-based statement counts over 60, 120, 300 or 600 seconds.",
		Fix:      "Set evaluationWindowSec to 60, 120, 300 or 600.",
		Foreseen: true, Check: number("rateBasedStatement", "evaluationWindowSec", func(n float64) bool { return slices.Contains([]float64{60, 120, 300, 600}, n) }),
		Pass: rated(props{"limit": 100, "evaluationWindowSec": 120}), Fail: rated(props{"limit": 100, "evaluationWindowSec": 180}),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional",
			Set: props{"rules[7].statement.rateBasedStatement.evaluationWindowSec": 900}},
	}, {
		ID: "edge-waf-country-codes", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_GeoMatchStatement.html",
		Says:     "A geographic match names at least one country, each by its code of two letters in ISO 3166.",
		Fix:      "Use ISO 3166 codes in capitals; the United Kingdom is GB.",
		Foreseen: true, Check: countryCodes,
		Pass: with(geo("GB", "DE")), Fail: with(geo("UK", "DE")),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[6].statement": geo("UK")}},
	}, {
		ID: "edge-waf-regex", Types: []string{aclToken}, Code: invalidACL, Page: wafGuide + "waf-regex-pattern-support.html",
		Says:     "A regular expression of AWS WAF has at most 512 characters and no back references, atomic groups, possessive quantifiers or recursion.",
		Fix:      "Write the expression shorter, or without what AWS WAF's engine leaves out.",
		Foreseen: true, Check: regexes,
		Pass: with(regex(`^(GET|PUT)$`, 0)), Fail: with(regex(`^(GET|PUT)\1$`, 0)),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional",
			Set: props{"rules[6].statement.notStatement.statements[0].regexMatchStatement.regexString": "^(?>GET|PUT)$"}},
	}, {
		ID: "edge-waf-text-transformations", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_TextTransformation.html",
		Says:     "A statement has at most 10 text transformations, and no two of the same priority.",
		Fix:      "Number the transformations 0, 1, 2 in the order in which they run.",
		Foreseen: true, Check: transformations,
		Pass: with(regex("^/a$", 0, 1)), Fail: with(regex("^/a$", 0, 0)),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional",
			Set: props{"rules[7].statement.rateBasedStatement.scopeDownStatement.regexMatchStatement.textTransformations[1].priority": 0}},
	}}
}

// statements finds the statements of one kind in a web ACL's rules, wherever they are nested.
func statements(c *catalog.Call, kind string) []catalog.Leaf {
	var found []catalog.Leaf
	var walk func(string, resource.PropertyValue)
	walk = func(at string, value resource.PropertyValue) {
		switch value = catalog.Plain(value); {
		case value.IsArray():
			for _, element := range elements(at, value) {
				walk(element.Path, element.Value)
			}
		case value.IsObject():
			for _, key := range value.ObjectValue().StableKeys() {
				inner := catalog.Plain(value.ObjectValue()[key])
				if string(key) == kind && inner.IsObject() {
					found = append(found, catalog.Leaf{Path: at + "." + kind, Value: inner})
				}
				walk(at+"."+string(key), inner)
			}
		}
	}
	for _, leaf := range catalog.Leaves(c.State, "rules[]") {
		walk(leaf.Path, leaf.Value)
	}
	return found
}

// elements are a list's elements with their places.
func elements(at string, list resource.PropertyValue) []catalog.Leaf {
	leaves := catalog.Leaves(resource.PropertyMap{"x": list}, "x[]")
	for i := range leaves {
		leaves[i].Path = at + strings.TrimPrefix(leaves[i].Path, "x")
	}
	return leaves
}

// number makes the check of a number in the statements of one kind.
func number(kind, property string, fits func(float64) bool) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range statements(c, kind) {
			value := catalog.Plain(leaf.Value.ObjectValue()[resource.PropertyKey(property)])
			if value.IsNumber() && !fits(value.NumberValue()) {
				return rule.Find(leaf.Path+"."+property, catalog.Text(value),
					"Error reason: The parameter contains a value that isn't valid., parameter: %s", catalog.Text(value))
			}
		}
		return nil
	}
}

func countryCodes(c *catalog.Call) *rule.Finding {
	for _, leaf := range statements(c, "geoMatchStatement") {
		if leaf.Value.ContainsUnknowns() {
			continue
		}
		codes := catalog.Strs(leaf.Value.ObjectValue(), "countryCodes")
		if len(codes) == 0 {
			return rule.Find(leaf.Path+".countryCodes", nil, "Value at 'countryCodes' failed to satisfy constraint: Member must have length greater than or equal to 1")
		}
		for _, code := range codes {
			if !isCountry(code) {
				return rule.Find(leaf.Path+".countryCodes", code, "Value at 'countryCodes' failed to satisfy constraint: Member must satisfy enum value set")
			}
		}
	}
	return nil
}

// unsupported are the constructs that AWS WAF's engine leaves out: back references, possessive quantifiers, atomic and
// conditional groups, recursion and control verbs.
var unsupported = regexp.MustCompile(`\\[1-9]|\\k[<{']|[*+?}]\+|\(\?>|\(\?\(|\(\?R\)|\(\?[0-9]+\)|\(\*[A-Z]`)

func regexes(c *catalog.Call) *rule.Finding {
	for _, leaf := range statements(c, "regexMatchStatement") {
		text := catalog.Str(leaf.Value.ObjectValue(), "regexString")
		switch {
		case len(text) > 512:
			return rule.Find(leaf.Path+".regexString", nil, "Error reason: The regular expression has %d characters, 512 are allowed", len(text))
		case unsupported.MatchString(text):
			return rule.Find(leaf.Path+".regexString", text, "Error reason: The regular expression isn't valid., field: REGEX_STRING, parameter: %s", text)
		}
	}
	return nil
}

// transforming are the statements that transform text before they look at it.
var transforming = []string{"byteMatchStatement", "regexMatchStatement", "regexPatternSetReferenceStatement", "sizeConstraintStatement",
	"sqliMatchStatement", "xssMatchStatement"}

func transformations(c *catalog.Call) *rule.Finding {
	for _, kind := range transforming {
		for _, leaf := range statements(c, kind) {
			seen := map[string]bool{}
			for _, priority := range catalog.Leaves(leaf.Value.ObjectValue(), "textTransformations[].priority") {
				text := catalog.Text(priority.Value)
				if priority.Value.IsNumber() && seen[text] {
					return rule.Find(leaf.Path+"."+priority.Path, text, "Error reason: Two text transformations have the same priority., field: TEXT_TRANSFORMATION")
				}
				seen[text] = true
			}
			if len(seen) > 10 {
				return rule.Find(leaf.Path+".textTransformations", len(seen), "Error reason: A statement can have at most 10 text transformations")
			}
		}
	}
	return nil
}
