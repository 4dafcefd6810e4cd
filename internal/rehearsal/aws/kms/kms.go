// Package kms describes KMS to the stand-in.
package kms

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	keyToken     = "aws:kms/key:Key"
	replicaToken = "aws:kms/replicaKey:ReplicaKey"
	aliasToken   = "aws:kms/alias:Alias"
	keyARN       = "arn:{partition}:kms:{region}:{account}:key/{id}"
	api          = "https://docs.aws.amazon.com/kms/latest/APIReference/"
)

var documents = map[string]catalog.Document{"policy": {Code: "MalformedPolicyDocumentException"}}

// Service is what the stand-in knows of KMS.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{keyType(), replicaType(), aliasType()}, Functions: []catalog.Function{{
		Token: "aws:kms/getKey:getKey", Args: (*sdk.LookupKeyArgs)(nil), Result: (*sdk.LookupKeyResult)(nil), Run: getKey,
	}}}
}

func keyType() catalog.Type {
	return catalog.Type{
		Token: keyToken, Args: (*sdk.KeyArgs)(nil), Resource: (*sdk.Key)(nil),
		Service: "KMS", Action: "Key", Title: "KMS Key", ARN: keyARN, Verbs: map[string]string{"update": "PutKeyPolicy", "delete": "ScheduleKeyDeletion"},
		ID: catalog.Made(func(c *catalog.Call) string {
			if c.Bool("multiRegion") {
				return "mrk-" + catalog.Hex(32)
			}
			return catalog.UUID()
		}),
		Defaults:  map[string]any{"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "isEnabled": true},
		Documents: documents, Blank: []string{"description"}, Refuse: refusePolicy,
		Compute: func(c *catalog.Call) error {
			c.Set("keyId", c.ID)
			if c.Bool("enableKeyRotation") {
				c.SetNew("rotationPeriodInDays", 365)
			}
			defaultPolicy(c)
			return nil
		},
		// rotationPeriodInDays came after the schema that the facts are from: AWS answers 365 when rotation is on.
		Computed: []string{"rotationPeriodInDays"},
	}
}

func replicaType() catalog.Type {
	return catalog.Type{
		Token: replicaToken, Args: (*sdk.ReplicaKeyArgs)(nil), Resource: (*sdk.ReplicaKey)(nil),
		Service: "KMS", Action: "Key", Title: "KMS Multi-Region Replica Key", ARN: keyARN,
		Verbs: map[string]string{"create": "ReplicateKey", "update": "PutKeyPolicy", "delete": "ScheduleKeyDeletion"},
		ID: catalog.Made(func(c *catalog.Call) string {
			arn := c.Str("primaryKeyArn")
			return arn[strings.LastIndexByte(arn, '/')+1:]
		}),
		Defaults: map[string]any{"enabled": true}, Documents: documents,
		Name: catalog.Name{Code: "AlreadyExistsException", Message: "A replica of {name} already exists in the region"},
		Refs: []catalog.Ref{{Path: "primaryKeyArn", To: []string{keyToken}, By: catalog.ByARN, AnyRegion: true, Code: "NotFoundException",
			Message: "Key '{value}' does not exist"}},
		Refuse: func(c *catalog.Call) *catalog.Error {
			primary := c.Tx.ByARN(c.Str("primaryKeyArn"))
			if primary != nil && primary.Region == c.Region {
				return catalog.Refusal("AlreadyExistsException", "primaryKeyArn", primary.ARN, "A replica must be in another region than its primary key")
			}
			return refusePolicy(c)
		},
		Compute: func(c *catalog.Call) error {
			primary := c.Tx.ByARN(c.Str("primaryKeyArn")).State
			c.Set("keyId", c.ID)
			c.Set("keySpec", catalog.Str(primary, "customerMasterKeySpec"))
			c.Set("keyUsage", catalog.Str(primary, "keyUsage"))
			c.Set("keyRotationEnabled", boolAt(primary, "enableKeyRotation"))
			defaultPolicy(c)
			return nil
		},
	}
}

func aliasType() catalog.Type {
	return catalog.Type{
		Token: aliasToken, Args: (*sdk.AliasArgs)(nil), Resource: (*sdk.Alias)(nil),
		Service: "KMS", Action: "Alias", Title: "KMS Alias", ARN: "arn:{partition}:kms:{region}:{account}:{name}", ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Prefix: "namePrefix", Scope: catalog.InRegion, Code: "AlreadyExistsException",
			Message: "An alias with the name arn:aws:kms:alias {name} already exists"},
		Blank: []string{"namePrefix"},
		Refs: []catalog.Ref{{Path: "targetKeyId", To: []string{keyToken, replicaToken}, By: catalog.ByIDOrARN, Code: "NotFoundException",
			Message: "Key '{value}' does not exist"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			if !c.Has("name") && !c.Has("namePrefix") {
				return []catalog.Problem{{Property: "name", Rule: "required", Message: "the stand-in names no aliases: give name or namePrefix"}}
			}
			return nil
		},
		Compute: func(c *catalog.Call) error {
			target := c.Str("targetKeyId")
			for _, token := range []string{keyToken, replicaToken} {
				if o := c.Get(token, target); o != nil {
					target = o.ARN
				}
			}
			c.Set("targetKeyArn", target)
			return nil
		},
	}
}

func boolAt(props resource.PropertyMap, key resource.PropertyKey) bool {
	value := props[key]
	return value.IsBool() && value.BoolValue()
}

// refusePolicy applies the grammar of policies.
func refusePolicy(c *catalog.Call) *catalog.Error {
	return policy.Check(c, "policy", policy.Rules{Code: "MalformedPolicyDocumentException", Principal: true})
}

func defaultPolicy(c *catalog.Call) {
	c.SetNew("policy", fmt.Sprintf(`{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},`+
		`"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`, c.Partition, c.Account))
}

// getKey finds a key by id, ARN or alias; AWS's own keys (alias/aws/...) exist in every account.
func getKey(i *catalog.Invoke) (map[string]any, error) {
	wanted := i.Str("keyId")
	id := wanted
	if _, after, ok := strings.Cut(id, ":key/"); ok {
		id = after
	}
	if _, after, ok := strings.Cut(id, ":alias/"); ok {
		id = "alias/" + after
	}
	if alias := i.Tx.Get(i.Account, i.Region, aliasToken, id); alias != nil {
		id = catalog.Str(alias.State, "targetKeyArn")
		id = id[strings.LastIndexByte(id, '/')+1:]
	}
	result := map[string]any{"id": id, "keyId": wanted, "awsAccountId": i.Account, "enabled": true, "keyState": "Enabled", "origin": "AWS_KMS",
		"creationDate": "2024-01-01T00:00:00Z", "deletionDate": "", "expirationModel": "", "validTo": "", "cloudHsmClusterId": "", "customKeyStoreId": "",
		"pendingDeletionWindowInDays": 0, "multiRegion": false, "multiRegionConfigurations": []any{}, "xksKeyConfigurations": []any{},
		"keyManager": "CUSTOMER", "keySpec": "SYMMETRIC_DEFAULT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT", "description": ""}
	if strings.HasPrefix(id, "alias/aws/") {
		result["keyManager"] = "AWS"
		result["id"] = fmt.Sprintf("%08x-0000-4000-a000-%012s", len(id)*7919, i.Account)
		result["arn"] = fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", i.Region, i.Account, result["id"])
		return result, nil
	}
	for _, token := range []string{keyToken, replicaToken} {
		if o := i.Tx.Get(i.Account, i.Region, token, id); o != nil {
			result["arn"] = o.ARN
			result["multiRegion"] = strings.HasPrefix(id, "mrk-")
			result["description"] = catalog.Str(o.State, "description")
			return result, nil
		}
	}
	return nil, &catalog.Error{Code: "NotFoundException", Property: "keyId", Value: wanted, Service: "KMS", Operation: "DescribeKey",
		Message: fmt.Sprintf("Key '%s' does not exist", wanted)}
}
