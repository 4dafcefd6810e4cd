package data

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func tableReplicas() []rule.Rule {
	const arn, ours = "arn:aws:dynamodb:us-east-1:111122223333:table/orders", "arn:aws:kms:us-east-1:111122223333:key/1"
	requirements := dynamoGuide + "V2globaltables_reqs_bestpractices.html"
	replicated := func(state map[string]any) []rule.Thing {
		return []rule.Thing{{Type: table, ID: "orders", Name: "orders", ARN: arn, State: state}}
	}
	images := map[string]any{"streamViewType": "NEW_AND_OLD_IMAGES"}
	encrypted := map[string]any{"streamViewType": "NEW_AND_OLD_IMAGES", "serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": ours}}
	of := map[string]any{"globalTableArn": arn}
	return []rule.Rule{{
		ID: "data-replica-region", Types: []string{tableReplica}, Code: "ValidationException", Page: requirements,
		Says:     "A replica of a table is in another region than the table.",
		Fix:      "Make the replica with the provider of another region.",
		Foreseen: true, Check: replicaRegion,
		Pass: rule.Case{Region: "us-west-2", Inputs: of},
		Fail: rule.Case{Region: "us-east-1", Inputs: of},
		Seed: rule.Seed{Stack: "production", At: tableReplica + "::items",
			Set: map[string]any{"globalTableArn": "arn:aws:dynamodb:us-west-2:444455556666:table/itrack-items-production"}},
	}, {
		ID: "data-replica-stream", Types: []string{tableReplica}, Code: "ValidationException", Page: requirements,
		Says:  "A table that is replicated has a stream of new and old images.",
		Fix:   "Set streamEnabled and streamViewType NEW_AND_OLD_IMAGES on the table.",
		Check: replicaStream,
		Pass:  rule.Case{Region: "us-west-2", World: replicated(images), Inputs: of},
		Fail:  rule.Case{Region: "us-west-2", World: replicated(map[string]any{"streamViewType": "NEW_IMAGE"}), Inputs: of},
		Seed:  rule.Seed{Stack: "production", At: table + "::items", Refused: tableReplica + "::items", Set: map[string]any{"streamViewType": "NEW_IMAGE"}},
	}, {
		ID: "data-replica-key", Types: []string{tableReplica}, Code: "ValidationException", Page: requirements,
		Says:  "A replica has the same type of key as its table: a customer managed key here needs one there.",
		Fix:   "Give the replica a kmsKeyArn of its region exactly when the table has a kmsKeyArn.",
		Check: replicaKeyType,
		Pass: rule.Case{Region: "us-west-2", World: replicated(encrypted), Inputs: map[string]any{"globalTableArn": arn,
			"kmsKeyArn": "arn:aws:kms:us-west-2:111122223333:key/1"}},
		Fail: rule.Case{Region: "us-west-2", World: replicated(encrypted), Inputs: of},
		Seed: rule.Seed{Stack: "production", At: tableReplica + "::item-history", Set: map[string]any{"kmsKeyArn": nil}},
	}, {
		ID: "data-table-key-region", Types: []string{table, tableReplica}, Code: "ValidationException", Page: dynamoGuide + "encryption.usagenotes.html",
		Says:     "A table's key is in the table's region, a replica's key in the replica's.",
		Fix:      "Use a key of the region, for a multi-Region key its replica there.",
		Foreseen: true, Check: keyOfRegion("One or more parameter values were invalid: the KMS key is in %s and can't be used in %s",
			"serverSideEncryption.kmsKeyArn", "kmsKeyArn"),
		Pass: rule.Case{Type: tableReplica, Region: "us-west-2", Inputs: map[string]any{"kmsKeyArn": "arn:aws:kms:us-west-2:111122223333:key/1"}},
		Fail: rule.Case{Type: tableReplica, Region: "us-west-2", Inputs: map[string]any{"kmsKeyArn": ours}},
		Seed: rule.Seed{Stack: "production", At: tableReplica + "::item-history",
			Set: map[string]any{"kmsKeyArn": "arn:aws:kms:us-east-1:444455556666:key/mrk-0123456789abcdef0123456789abcdef"}},
	}}
}

func replicaRegion(c *catalog.Call) *rule.Finding {
	arn := c.Str("globalTableArn")
	if !strings.Contains(arn, ":dynamodb:") || regionOf(arn) != c.Region {
		return nil
	}
	return rule.Find("globalTableArn", arn, "Cannot add, delete, or update the local region through ReplicaUpdates")
}

func replicaStream(c *catalog.Call) *rule.Finding {
	source := c.Tx.ByARN(c.Str("globalTableArn"))
	if source == nil || catalog.Str(source.State, "streamViewType") == "NEW_AND_OLD_IMAGES" {
		return nil
	}
	return rule.Find("globalTableArn", source.ARN, "Table %s must have DynamoDB Streams enabled with StreamViewType NEW_AND_OLD_IMAGES to be replicated", source.Name)
}

func replicaKeyType(c *catalog.Call) *rule.Finding {
	source := c.Tx.ByARN(c.Str("globalTableArn"))
	if source == nil {
		return nil
	}
	customer := catalog.Str(source.State, "serverSideEncryption.kmsKeyArn") != ""
	if customer == c.Has("kmsKeyArn") {
		return nil
	}
	return rule.Find("kmsKeyArn", c.Str("kmsKeyArn"), "One or more parameter values were invalid: all replicas of table %s must use the same type of KMS key",
		source.Name)
}
