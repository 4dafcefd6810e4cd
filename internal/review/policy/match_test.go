package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTakesSingleValuesAndLists(t *testing.T) {
	one, err := Parse(`{"Version":"2012-10-17","Statement":{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":["a","b"],
		"Principal":{"Service":["x.amazonaws.com"],"AWS":["*","arn:aws:iam::1:role/r"]},"Condition":{"StringEquals":{"k":["v","w"]},"Bool":{"aws:SecureTransport":false}}}}`)
	require.NoError(t, err)
	require.Equal(t, []Statement{{
		Sid: "One", Allow: true, Actions: []string{"s3:GetObject"}, Resources: []string{"a", "b"},
		Principals: []Principal{{Kind: "*", Value: "*"}, {Kind: "AWS", Value: "arn:aws:iam::1:role/r"}, {Kind: "Service", Value: "x.amazonaws.com"}},
		Conditions: []Condition{{"Bool", "aws:SecureTransport", []string{"false"}}, {"StringEquals", "k", []string{"v", "w"}}},
	}}, one.Statements)
	require.True(t, one.Statements[0].Everybody())

	two, err := Parse(`{"Statement":[{"Effect":"Deny","NotAction":"iam:*","NotResource":"r","NotPrincipal":{"AWS":"arn:aws:iam::1:root"}},
		{"Effect":"Allow","Principal":"*","Action":["a:B"]}]}`)
	require.NoError(t, err)
	require.False(t, two.Statements[0].Allow)
	require.True(t, two.Statements[0].NotPrincipal)
	require.Equal(t, "account 1", two.Statements[0].Principals[0].String())
	require.Equal(t, []string{"iam:*"}, two.Statements[0].NotActions)
	require.True(t, two.Statements[1].Everybody())

	_, err = Parse("no JSON")
	require.ErrorContains(t, err, "reading a policy document")
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text    string
		matches, overlap bool
	}{
		{"*", "anything", true, true},
		{"iam:Put*Policy", "iam:PutRolePolicy", true, true},
		{"iam:Put*Policy", "iam:PutRolePolicies", false, false},
		{"a?c", "abc", true, true},
		{"a?c", "ac", false, false},
		{"role/x/*", "role/*", false, true},
		{"role/*", "role/x/*", true, true},
		{"role/a*", "role/*z", false, true},
		{"role/a*", "role/b*", false, false},
		{"*a*b", "xxaxxb", true, true},
		{"", "", true, true},
	} {
		require.Equal(t, c.matches, Matches(c.pattern, c.text), "%s means %s", c.pattern, c.text)
		require.Equal(t, c.overlap, Overlap(c.pattern, c.text), "%s and %s", c.pattern, c.text)
		require.Equal(t, c.overlap, Overlap(c.text, c.pattern), "%s and %s", c.text, c.pattern)
	}
}

func TestPatternsOfARNs(t *testing.T) {
	require.True(t, OverlapARN("*", "arn:aws:iam::*:role/*"))
	require.True(t, OverlapARN("arn:aws:iam::1:*", "arn:aws:iam::*:role/*"))
	require.False(t, OverlapARN("arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"), "the account's * is no role")
	require.False(t, OverlapARN("arn:aws:ssm:*::document/*", "arn:aws*:ec2:*:*:instance/*"))
}

func TestWhatAStatementIsAbout(t *testing.T) {
	s := Statement{Actions: []string{"S3:get*"}, Resources: []string{"arn:aws:s3:::logs/*"}}
	require.True(t, s.Action("s3:GetObject"), "actions know no case")
	require.False(t, s.Action("s3:PutObject"))
	require.True(t, s.About("arn:aws:s3:::logs/2026/*"))
	require.False(t, s.About("arn:aws:s3:::*"))
	require.Equal(t, []string{"arn:aws:s3:::logs/*"}, s.Narrow("*"))
	require.Empty(t, s.Narrow("arn:aws:s3:::other"))

	rest := Statement{NotActions: []string{"iam:*"}, NotResources: []string{"arn:aws:s3:::kept/*"}}
	require.True(t, rest.Action("s3:PutObject"))
	require.False(t, rest.Action("iam:PassRole"))
	require.False(t, rest.About("arn:aws:s3:::kept/a"))
	require.True(t, rest.About("arn:aws:s3:::other/a"))
	require.Empty(t, rest.Narrow("arn:aws:s3:::kept/a"))
	require.Equal(t, []string{"arn:aws:s3:::*"}, rest.Narrow("arn:aws:s3:::*"))
}
