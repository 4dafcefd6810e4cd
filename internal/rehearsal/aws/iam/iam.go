// Package iam describes IAM to the stand-in. What IAM demands of names, documents and trust are the rules of the area identity.
package iam

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	roleToken   = "aws:iam/role:Role"
	policyToken = "aws:iam/policy:Policy"
	api         = "https://docs.aws.amazon.com/IAM/latest/APIReference/"
)

func document(path string) map[string]catalog.Document {
	return map[string]catalog.Document{path: {Code: "MalformedPolicyDocument"}}
}

func name(limit int) catalog.Name {
	return catalog.Name{Property: "name", Auto: limit, Prefix: "namePrefix", Scope: catalog.InAccount, Code: "EntityAlreadyExists",
		Message: "Entity with name {name} already exists."}
}

func roleRef() catalog.Ref {
	return catalog.Ref{Path: "role", To: []string{roleToken}, By: catalog.ByName, Code: "NoSuchEntity", Message: "The role with name {value} cannot be found.",
		Blocks: true, BlockCode: "DeleteConflict"}
}

// arn is the template of an IAM ARN; {path} is the property, "/" by default.
func arn(kind string) string { return "arn:{partition}:iam::{account}:" + kind + "{path}{name}" }

// Service is what the stand-in knows of IAM.
func Service() catalog.Service {
	return catalog.Service{
		Types: []catalog.Type{roleType(), policyType(), rolePolicyType(), attachmentType(), profileType(), oidcType()},
		Functions: []catalog.Function{{
			Token: "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", Args: (*sdk.LookupOpenIdConnectProviderArgs)(nil),
			Result: (*sdk.LookupOpenIdConnectProviderResult)(nil), Run: getOIDC,
		}},
	}
}

func roleType() catalog.Type {
	return catalog.Type{
		Token: roleToken, Args: (*sdk.RoleArgs)(nil), Resource: (*sdk.Role)(nil), Global: true,
		Service: "IAM", Action: "Role", Title: "IAM Role", ARN: arn("role"), ID: catalog.Templated("{name}"), Name: name(64),
		Defaults: map[string]any{"path": "/", "maxSessionDuration": 3600}, Blank: []string{"namePrefix"},
		Documents: document("assumeRolePolicy"), Sets: []string{"managedPolicyArns", "inlinePolicies"},
		Refs: []catalog.Ref{{Path: "permissionsBoundary", To: []string{policyToken}, By: catalog.ByARN, Code: "NoSuchEntity",
			Message: "Scope ARN: {value} does not exist or is not attachable.", Blocks: true, BlockCode: "DeleteConflict"}},
		Compute: func(c *catalog.Call) error {
			c.SetNew("uniqueId", "AROA"+catalog.Letters(17, catalog.UpperDigits))
			c.SetNew("createDate", c.Timestamp())
			return nil
		},
	}
}

func policyType() catalog.Type {
	return catalog.Type{
		Token: policyToken, Args: (*sdk.PolicyArgs)(nil), Resource: (*sdk.Policy)(nil), Global: true,
		Service: "IAM", Action: "Policy", Title: "IAM Policy", Verbs: map[string]string{"update": "CreatePolicyVersion"},
		ARN: arn("policy"), ID: catalog.Templated("{arn}"), Name: name(128), Defaults: map[string]any{"path": "/"}, Blank: []string{"namePrefix"},
		Documents: document("policy"),
		Compute: func(c *catalog.Call) error {
			c.SetNew("policyId", "ANPA"+catalog.Letters(17, catalog.UpperDigits))
			return nil
		},
	}
}

func rolePolicyType() catalog.Type {
	return catalog.Type{
		Token: "aws:iam/rolePolicy:RolePolicy", Args: (*sdk.RolePolicyArgs)(nil), Resource: (*sdk.RolePolicy)(nil), Global: true,
		Service: "IAM", Action: "RolePolicy", Title: "IAM Role Policy", Verbs: map[string]string{"create": "PutRolePolicy", "update": "PutRolePolicy"},
		ID: catalog.Templated("{role}:{name}"), Overwrites: true, Name: catalog.Name{Property: "name", Auto: 128, Prefix: "namePrefix"},
		Blank: []string{"namePrefix"}, Documents: document("policy"), Refs: []catalog.Ref{roleRef()},
	}
}

func attachmentType() catalog.Type {
	return catalog.Type{
		Token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Args: (*sdk.RolePolicyAttachmentArgs)(nil), Resource: (*sdk.RolePolicyAttachment)(nil),
		Service: "IAM", Title: "IAM Role Policy Attachment", Verbs: map[string]string{"create": "AttachRolePolicy", "delete": "DetachRolePolicy"}, Global: true,
		// The provider's own id: the role and the time.
		ID: catalog.Made(func(c *catalog.Call) string {
			return c.Str("role") + "-" + strings.Replace(c.Now.UTC().Format("20060102150405.00000000"), ".", "", 1) + catalog.Letters(4, "0123456789")
		}),
		Refs: []catalog.Ref{roleRef(), {Path: "policyArn", To: []string{policyToken}, By: catalog.ByARN, Code: "NoSuchEntity",
			Message: "Policy {value} does not exist or is not attachable.", Blocks: true, BlockCode: "DeleteConflict"}},
	}
}

func profileType() catalog.Type {
	return catalog.Type{
		Token: "aws:iam/instanceProfile:InstanceProfile", Args: (*sdk.InstanceProfileArgs)(nil), Resource: (*sdk.InstanceProfile)(nil), Global: true,
		Service: "IAM", Action: "InstanceProfile", Title: "IAM Instance Profile", ARN: arn("instance-profile"), ID: catalog.Templated("{name}"),
		Name: name(128), Defaults: map[string]any{"path": "/"}, Blank: []string{"namePrefix"}, Refs: []catalog.Ref{roleRef()},
		Compute: func(c *catalog.Call) error {
			c.SetNew("uniqueId", "AIPA"+catalog.Letters(17, catalog.UpperDigits))
			c.SetNew("createDate", c.Timestamp())
			return nil
		},
	}
}

// oidcType is an identity provider; an account can have one for each URL.
func oidcType() catalog.Type {
	return catalog.Type{
		Token: "aws:iam/openIdConnectProvider:OpenIdConnectProvider", Args: (*sdk.OpenIdConnectProviderArgs)(nil), Resource: (*sdk.OpenIdConnectProvider)(nil), Global: true,
		Service: "IAM", Action: "OpenIDConnectProvider", Title: "IAM OIDC Provider", Sets: []string{"clientIdLists"},
		// Later than the facts: the SDK no longer requires the thumbprint, AWS finds it by itself.
		Optional: []string{"thumbprintLists"}, Computed: []string{"thumbprintLists"},
		Source: "https://www.pulumi.com/registry/packages/aws/api-docs/iam/openidconnectprovider/",
		// The ARN has the URL without its scheme.
		ID: catalog.Made(func(c *catalog.Call) string {
			c.ARN = fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", c.Partition, c.Account, strings.TrimPrefix(c.Str("url"), "https://"))
			return c.ARN
		}),
		Name: catalog.Name{Code: "EntityAlreadyExists", Message: "Provider with url {name} already exists."},
	}
}

func getOIDC(i *catalog.Invoke) (map[string]any, error) {
	arn, url := i.Str("arn"), strings.TrimPrefix(i.Str("url"), "https://")
	if arn == "" {
		arn = fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", i.Partition, i.Account, url)
	}
	o := i.Tx.ByARN(arn)
	if o == nil {
		return nil, &catalog.Error{Code: "NoSuchEntity", Property: "url", Value: arn, Service: "IAM", Operation: "GetOpenIDConnectProvider",
			Message: "OpenIDConnect Provider not found for arn " + arn}
	}
	return map[string]any{"id": arn, "arn": arn, "url": strings.TrimPrefix(catalog.Str(o.State, "url"), "https://"), "clientIdLists": toAny(catalog.Strs(o.State, "clientIdLists")),
		"thumbprintLists": toAny(catalog.Strs(o.State, "thumbprintLists")), "tags": map[string]any{}}, nil
}

func toAny(list []string) []any {
	out := make([]any, len(list))
	for n, s := range list {
		out[n] = s
	}
	return out
}
