package policy

import (
	"slices"
	"strings"
)

// Public tells whether a resource policy's statement allows something to everybody: its principal is everybody, or everybody
// but some, and no condition holds the caller to fixed values. AWS counts only conditions without wildcards and variables.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func (s *Statement) Public() bool {
	return s.Allow && s.Everybody() && !slices.ContainsFunc(s.Conditions, Condition.holds)
}

// holding are the keys whose fixed values say who may call.
var holding = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount", "aws:sourcearn",
	"aws:sourceip", "aws:sourceorgid", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "kms:calleraccount",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn",
}

// demanding are the operators that demand a value. With IfExists or ForAllValues a request without the key would pass.
var demanding = []string{
	"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress", "foranyvalue:stringequals", "foranyvalue:stringlike",
}

// holds tells whether a condition holds the caller to fixed values.
func (c Condition) holds() bool {
	return slices.Contains(demanding, strings.ToLower(c.Operator)) && slices.Contains(holding, strings.ToLower(c.Key)) &&
		len(c.Values) > 0 && !slices.ContainsFunc(c.Values, loose)
}

// loose tells that a value is not fixed: a wildcard, a variable, every address.
func loose(value string) bool {
	return strings.ContainsAny(value, "*?") || strings.Contains(value, "${") || strings.HasSuffix(value, "/0")
}

// Demands tells whether the statement has a condition that a key has a value, whatever the case of their letters.
func (s *Statement) Demands(operator, key, value string) bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		return strings.EqualFold(c.Operator, operator) && strings.EqualFold(c.Key, key) &&
			slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, value) })
	})
}
