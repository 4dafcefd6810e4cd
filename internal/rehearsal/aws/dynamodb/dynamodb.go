// Package dynamodb describes DynamoDB to the stand-in.
package dynamodb

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	tableToken   = "aws:dynamodb/table:Table"
	replicaToken = "aws:dynamodb/tableReplica:TableReplica"
	api          = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
	protected    = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)

var keyTokens = []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}

// Service is what the stand-in knows of DynamoDB.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{tableType(), replicaType()}}
}

func tableType() catalog.Type {
	return catalog.Type{
		Token: tableToken, Args: (*sdk.TableArgs)(nil), Resource: (*sdk.Table)(nil),
		Service: "DynamoDB", Action: "Table", Title: "DynamoDB Table",
		ARN: "arn:{partition}:dynamodb:{region}:{account}:table/{name}", ID: catalog.Templated("{name}"),
		Name:     catalog.Name{Property: "name", Auto: 255, Scope: catalog.InRegion, Code: "ResourceInUseException", Message: "Table already exists: {name}"},
		Defaults: map[string]any{"billingMode": "PROVISIONED", "tableClass": "STANDARD", "pointInTimeRecovery.recoveryPeriodInDays": 35},
		Blank:    []string{"streamArn", "streamLabel", "streamViewType", "hashKey"},
		Sets:     []string{"attributes", "globalSecondaryIndexes", "localSecondaryIndexes", "replicas", "globalSecondaryIndexes[].nonKeyAttributes"},
		// Younger than the schema that the facts are from.
		Computed: []string{"pointInTimeRecovery.recoveryPeriodInDays"},
		Refs: []catalog.Ref{{Path: "serverSideEncryption.kmsKeyArn", To: keyTokens, By: catalog.ByARN, Code: "ValidationException",
			Message: "One or more parameter values were invalid: the KMS key {value} does not exist in this region"}},
		Check: checkTable,
		Compute: func(c *catalog.Call) error {
			if c.Bool("streamEnabled") {
				label := c.Now.UTC().Format("2006-01-02T15:04:05.000")
				c.SetNew("streamLabel", label)
				c.SetNew("streamArn", c.ARN+"/stream/"+c.Str("streamLabel"))
			} else {
				c.Set("streamArn", "")
				c.Set("streamLabel", "")
			}
			return nil
		},
		RefuseDelete: func(c *catalog.Call) *catalog.Error {
			if c.Bool("deletionProtectionEnabled") {
				return &catalog.Error{Code: "ValidationException", Property: "deletionProtectionEnabled", Value: "true", Rule: "deletion protection",
					Message: protected, Source: api + "API_DeleteTable.html"}
			}
			return nil
		},
		Source: api + "API_CreateTable.html",
	}
}

func replicaType() catalog.Type {
	return catalog.Type{
		Token: replicaToken, Args: (*sdk.TableReplicaArgs)(nil), Resource: (*sdk.TableReplica)(nil),
		Service: "DynamoDB", Action: "Table", Title: "DynamoDB Table Replica", Verbs: map[string]string{"create": "UpdateTable", "delete": "UpdateTable"},
		// The provider's id: the table's name and the region of the table that is replicated.
		ID: catalog.Made(func(c *catalog.Call) string {
			parts := strings.SplitN(c.Str("globalTableArn"), ":", 6)
			name := strings.TrimPrefix(parts[5], "table/")
			c.ARN = fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", c.Partition, c.Region, c.Account, name)
			return name + ":" + parts[3]
		}),
		Defaults: map[string]any{"pointInTimeRecovery": false},
		Blank:    []string{"kmsKeyArn"},
		// Younger than the facts' schema: without a setting a replica takes over what AWS chooses.
		Computed: []string{"deletionProtectionEnabled"},
		Refs: []catalog.Ref{
			{Path: "globalTableArn", To: []string{tableToken}, By: catalog.ByARN, AnyRegion: true, Code: "ResourceNotFoundException",
				Message: "Requested resource not found: Table: {value} not found", Blocks: true, BlockCode: "ValidationException"},
			{Path: "kmsKeyArn", To: keyTokens, By: catalog.ByARN, Code: "ValidationException",
				Message: "One or more parameter values were invalid: the KMS key {value} does not exist in the replica's region"},
		},
		Refuse: refuseReplica,
		RefuseDelete: func(c *catalog.Call) *catalog.Error {
			if c.Bool("deletionProtectionEnabled") {
				return &catalog.Error{Code: "ValidationException", Property: "deletionProtectionEnabled", Value: "true", Rule: "deletion protection",
					Message: protected, Source: api + "API_DeleteTable.html"}
			}
			return nil
		},
		After:  listReplica,
		Source: "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_reqs_bestpractices.html",
	}
}

// refuseReplica refuses a replica where a table of its name is.
func refuseReplica(c *catalog.Call) *catalog.Error {
	table := c.Tx.ByARN(c.Str("globalTableArn"))
	if table == nil {
		return nil // the reference is refused by itself
	}
	if c.Creating() && c.Get(tableToken, table.Name) != nil {
		return &catalog.Error{Code: "ValidationException", Property: "globalTableArn", Rule: "unique name",
			Message: "Failed to create a replica: a table of the name " + table.Name + " already exists in " + c.Region,
			Source:  "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_reqs_bestpractices.html"}
	}
	return nil
}

// listReplica makes the table say that it has the replica, as DescribeTable does: a program that does not ignore
// `replicas` on the table sees it after a refresh.
func listReplica(c *catalog.Call) error {
	table := c.Tx.ByARN(c.Str("globalTableArn"))
	if table == nil {
		return nil
	}
	changed := *table
	changed.State = table.State.Copy()
	var others []resource.PropertyValue
	if have := changed.State["replicas"]; have.IsArray() {
		others = slices.DeleteFunc(slices.Clone(have.ArrayValue()), func(v resource.PropertyValue) bool {
			return v.IsObject() && catalog.Str(v.ObjectValue(), "regionName") == c.Region
		})
	}
	changed.State["replicas"] = resource.NewArrayProperty(append(others, resource.NewObjectProperty(resource.NewPropertyMapFromMap(map[string]any{
		"regionName": c.Region, "arn": c.ARN, "kmsKeyArn": c.Str("kmsKeyArn"), "pointInTimeRecovery": c.Bool("pointInTimeRecovery"),
		"propagateTags": false, "streamArn": "", "streamLabel": "",
	}))))
	return c.Tx.Put(&changed)
}

// checkTable checks what of a table's inputs is no rule of the catalogue.
func checkTable(c *catalog.Call) []catalog.Problem {
	if c.Has("hashKey") {
		return nil
	}
	return []catalog.Problem{{Property: "hashKey", Rule: "required", Message: "missing required property of a table that is not restored from a backup",
		Source: api + "API_CreateTable.html"}}
}
