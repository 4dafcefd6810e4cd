package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oneKey = "arn:aws:kms:us-east-1:111122223333:key/abc"
	object = "arn:aws:s3:::some-bucket/a/b"
)

func document(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse(text)
	require.NoError(t, err)
	return d
}

func TestDemands(t *testing.T) {
	d := document(t, `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",
		"Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"s3:max-keys":["10"]}}}}`)
	require.Len(t, d.Statements, 1)
	assert.True(t, d.Statements[0].Demands("bool", "AWS:SecureTransport", "False"))
	assert.False(t, d.Statements[0].Demands("Bool", "aws:SecureTransport", "true"))
	assert.False(t, d.Statements[0].Demands("StringEquals", "aws:SecureTransport", "false"))
}

func TestAllows(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ask  Request
		want bool
	}{
		"an action by name": {
			`{"Statement":[{"Effect":"Allow","Action":"KMS:decrypt","Resource":"*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"an action by pattern": {
			`{"Statement":[{"Effect":"Allow","Action":"kms:De*","Resource":"*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"another action": {
			`{"Statement":[{"Effect":"Allow","Action":"kms:Des*","Resource":"*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, false},
		"all but some actions": {
			`{"Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"all but this action": {
			`{"Statement":[{"Effect":"Allow","NotAction":["iam:*","kms:*"],"Resource":"*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, false},
		"another resource": {
			`{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"arn:aws:kms:eu-west-1:*:key/*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, false},
		"all but some resources": {
			`{"Statement":[{"Effect":"Allow","Action":"kms:*","NotResource":"arn:aws:kms:eu-west-1:*:key/*"}]}`, Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"an explicit deny": {
			`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`,
			Request{Action: "kms:Decrypt", Resource: oneKey}, false},
		"a deny of something else": {
			`{"Statement":[{"Effect":"Deny","Action":"kms:Encrypt","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
			Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"a deny that may not apply": {
			`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
				{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
			Request{Action: "kms:Decrypt", Resource: oneKey}, true},
		"nothing about it": {`{"Statement":[]}`, Request{Action: "kms:Decrypt"}, false},
		"a service": {
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":["ecs-tasks.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`,
			Request{Action: "sts:AssumeRole", Principal: "lambda.amazonaws.com"}, true},
		"a role of an account": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"arn:aws:s3:::some-*"}]}`,
			Request{Action: "s3:GetObject", Resource: object, Principal: "arn:aws:iam::111122223333:role/x"}, true},
		"a role of another account": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}]}`,
			Request{Action: "s3:GetObject", Principal: "arn:aws:iam::444455556666:role/x"}, false},
		"one role is not its account": {
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/y"},"Action":"s3:*","Resource":"*"}]}`,
			Request{Action: "s3:GetObject", Principal: "arn:aws:iam::111122223333:role/x"}, false},
		"everybody but one": {
			`{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/y"},"Action":"s3:*","Resource":"*"}]}`,
			Request{Action: "s3:GetObject", Principal: "arn:aws:iam::111122223333:role/x"}, true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, document(t, c.text).Allows(c.ask)) })
	}
}

func TestPublic(t *testing.T) {
	const start = `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",`
	for name, c := range map[string]struct {
		rest string
		want bool
	}{
		"everybody":                        {`"Principal":"*"}}`, true},
		"every AWS principal":              {`"Principal":{"AWS":["*"]}}}`, true},
		"everybody but one":                {`"NotPrincipal":{"AWS":"111122223333"}}}`, true},
		"one account":                      {`"Principal":{"AWS":"111122223333"}}}`, false},
		"a service":                        {`"Principal":{"Service":"s3.amazonaws.com"}}}`, false},
		"everybody of an account":          {`"Principal":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}}`, false},
		"everybody of accounts by pattern": {`"Principal":"*","Condition":{"StringLike":{"aws:PrincipalAccount":"1111*"}}}}`, true},
		"everybody by a variable":          {`"Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}}}`, true},
		"a key that says nothing of who":   {`"Principal":"*","Condition":{"StringEquals":{"kms:ViaService":"rds.us-east-1.amazonaws.com"}}}}`, true},
		"a condition that may be missing":  {`"Principal":"*","Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}}}`, true},
		"not one account":                  {`"Principal":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}}}`, true},
		"from addresses":                   {`"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}`, false},
		"from every address":               {`"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}}`, true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, document(t, start+c.rest).Statements[0].Public()) })
	}
	deny := document(t, `{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`)
	assert.False(t, deny.Statements[0].Public())
}

func TestAccount(t *testing.T) {
	assert.Equal(t, "111122223333", Account(oneKey))
	assert.Equal(t, "111122223333", Account("111122223333"))
	assert.Empty(t, Account("lambda.amazonaws.com"))
	assert.Empty(t, Account(object), "an ARN without an account")
}
