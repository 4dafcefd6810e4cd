package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is what a function may do: exactly what its settings ask for.
func (f *Functions) role(ctx *pulumi.Context, args *FunctionsArgs, parts *functionParts) (*Role, error) {
	// Lambda sends no source account when it assumes a function's role: a condition on it would refuse every start.
	trust, err := TrustServices(nil, args.Placement.Principal("lambda"))
	if err != nil {
		return nil, fmt.Errorf("creating the role of function %s: %w", parts.name, err)
	}
	policies := []RolePolicy{{Name: "run", Document: f.runRights(args, parts)}}
	if parts.settings.Vpc {
		document, err := Policy(vpcRights(args.Placement, parts.physical)...)
		if err != nil {
			return nil, fmt.Errorf("creating the role of function %s: %w", parts.name, err)
		}
		policies = append(policies, RolePolicy{Name: "network", Document: pulumi.String(document)})
	}
	if parts.settings.Stream != "" {
		policies = append(policies, RolePolicy{Name: "stream", Document: PolicyFrom([]pulumi.StringInput{args.Items.ItemsStreamArn}, func(known []string) []Statement {
			return []Statement{{
				Sid:       "ReadStream",
				Actions:   []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"},
				Resources: known,
			}}
		})})
	}
	if document := dataRights(args.Placement, parts.settings.Data, args.Items, args.Keys); document != nil {
		policies = append(policies, RolePolicy{Name: "data", Document: *document})
	}
	if parts.settings.Data.Database {
		user := databaseUser(parts.name)
		policies = append(policies, RolePolicy{Name: "database", Document: PolicyFrom([]pulumi.StringInput{args.Rds.ResourceId}, func(known []string) []Statement {
			return []Statement{{
				Sid: "SignIn", Actions: []string{"rds-db:connect"},
				Resources: []string{args.Placement.Arn("rds-db", args.Placement.Primary.Name, "dbuser:"+known[0]+"/"+user)},
			}}
		})})
	}
	if rights := hookRights(args, parts); rights != nil {
		policies = append(policies, RolePolicy{Name: "hook", Document: rights})
	}
	return newRole(ctx, "function-"+parts.name, args.Placement, RoleArgs{
		Parts: []string{parts.name, "function"}, Description: "The function " + parts.name, Trust: pulumi.String(trust), Policies: policies,
	}, pulumi.Parent(f))
}

// runRights: logs, traces and the dead-letter queue, which Lambda fills under the function's own role.
func (f *Functions) runRights(args *FunctionsArgs, parts *functionParts) pulumi.StringOutput {
	region := args.Placement.Primary
	inputs := []pulumi.StringInput{parts.logs.Arn, parts.queue.Arn, args.Keys.Data.In(region).Arn}
	return PolicyFrom(inputs, func(known []string) []Statement {
		return []Statement{
			{Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{known[0] + ":*"}},
			// X-Ray has no resources of its own.
			{Sid: "WriteTraces", Actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resources: []string{"*"}},
			{Sid: "DeadLetters", Actions: []string{"sqs:SendMessage"}, Resources: []string{known[1]}},
			{
				Sid: "QueueKey", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{known[2]},
				Conditions: viaService(args.Placement, "sqs"),
			},
		}
	})
}

// viaService is the condition that a key is used through that service of the primary region.
func viaService(place *Placement, services ...string) map[string]map[string][]string {
	var names []string
	for _, service := range services {
		names = append(names, service+"."+place.Primary.Name+".amazonaws.com")
	}
	return map[string]map[string][]string{"StringEquals": {"kms:ViaService": names}}
}

// vpcRights let Lambda attach the function to the VPC under its role, and keep them from the function's own code.
//
// Source: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC": Describe actions know
// no resources, interfaces can't be named before Lambda makes them, and the denial is AWS's own recommendation.
func vpcRights(place *Placement, function string) []Statement {
	interfaces := []string{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses",
	}
	describe := []string{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}
	return []Statement{
		{Sid: "Interfaces", Actions: interfaces, Resources: []string{place.Arn("ec2", place.Primary.Name, "*/*")}},
		{Sid: "LookAround", Actions: describe, Resources: []string{"*"}},
		{
			Sid: "NotTheCode", Effect: "Deny", Actions: append(append([]string{}, interfaces...), describe...), Resources: []string{"*"},
			Conditions: map[string]map[string][]string{"ArnEquals": {
				"lambda:SourceFunctionArn": {place.Arn("lambda", place.Primary.Name, "function:"+function)},
			}},
		},
	}
}

var (
	readTable  = []string{"dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"}
	writeTable = []string{"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
)

// dataRights are the rights on the tables that settings give, or nil where they give none.
func dataRights(place *Placement, data DataSettings, items *Items, keys *Keys) *pulumi.StringOutput {
	type right struct {
		sid, level string
		arn        pulumi.StringInput
	}
	var rights []right
	var inputs []pulumi.StringInput
	for _, candidate := range []right{{"Items", data.Items, items.ItemsArn}, {"History", data.History, items.HistoryArn}} {
		if candidate.level == "read" || candidate.level == "write" {
			rights, inputs = append(rights, candidate), append(inputs, candidate.arn)
		}
	}
	if len(rights) == 0 {
		return nil
	}
	inputs = append(inputs, keys.Data.In(place.Primary).Arn)
	document := PolicyFrom(inputs, func(known []string) []Statement {
		var statements []Statement
		for i, right := range rights {
			statement := Statement{Sid: right.sid, Actions: readTable, Resources: []string{known[i], known[i] + "/index/*"}}
			if right.level == "write" {
				statement.Actions = append(append([]string{}, readTable...), writeTable...)
			}
			statements = append(statements, statement)
		}
		return append(statements, Statement{
			Sid: "TableKey", Actions: []string{"kms:Decrypt", "kms:DescribeKey"}, Resources: []string{known[len(known)-1]},
			Conditions: viaService(place, "dynamodb"),
		})
	})
	return &document
}

// restoredPrefix is what AWS Backup's restore testing calls the resources it brings back.
// Source: AWS Backup developer guide, "Restore testing inferred metadata".
const restoredPrefix = "awsbackup-restore-test-"

// hookRights are what a hook needs to look and to report; nil for a function that is no hook.
func hookRights(args *FunctionsArgs, parts *functionParts) pulumi.StringInput {
	place := args.Placement
	region := place.Primary.Name
	switch parts.settings.Hook {
	case hookDeployment:
		return PolicyFrom(nil, func([]string) []Statement {
			return []Statement{{
				Sid: "Deployments", Actions: []string{"codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"},
				Resources: []string{place.Arn("codedeploy", region, "deploymentgroup:"+applicationName(place)+"/*")},
			}}
		})
	case hookRestore:
		inputs := []pulumi.StringInput{args.Keys.Data.In(place.Primary).Arn}
		return PolicyFrom(inputs, func(known []string) []Statement {
			return []Statement{
				// The action knows no resource type: restore jobs have no ARN.
				{Sid: "Report", Actions: []string{"backup:PutRestoreValidationResult"}, Resources: []string{"*"}},
				{Sid: "FindDatabase", Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{place.Arn("rds", region, "db:"+restoredPrefix+"*")}},
				{
					// What a restore brings back has a resource id that nobody knows before.
					Sid: "SignIn", Actions: []string{"rds-db:connect"},
					Resources: []string{place.Arn("rds-db", region, "dbuser:*/"+databaseUser(parts.name))},
				},
				{
					Sid: "ReadTable", Actions: []string{"dynamodb:DescribeTable", "dynamodb:Scan"},
					Resources: []string{place.Arn("dynamodb", region, "table/"+restoredPrefix+"*")},
				},
				{Sid: "TableKey", Actions: []string{"kms:Decrypt", "kms:DescribeKey"}, Resources: known, Conditions: viaService(place, "dynamodb")},
			}
		})
	default:
		return nil
	}
}
