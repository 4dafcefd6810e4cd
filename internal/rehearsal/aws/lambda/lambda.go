// Package lambda describes Lambda to the stand-in. What Lambda demands beyond names are rules of the area compute.
package lambda

import (
	"fmt"
	"regexp"
	"strconv"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	functionToken = "aws:lambda/function:Function"
	aliasToken    = "aws:lambda/alias:Alias"
	api           = "https://docs.aws.amazon.com/lambda/latest/api/"
)

// Service is what the stand-in knows of Lambda.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{functionType(), aliasType(), mappingType(), invokeConfigType(), permissionType()}}
}

var functionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func functionType() catalog.Type {
	return catalog.Type{
		Token: functionToken, Args: (*sdk.FunctionArgs)(nil), Resource: (*sdk.Function)(nil),
		Service: "Lambda", Action: "Function", Title: "Lambda Function", Verbs: map[string]string{"update": "UpdateFunctionConfiguration"},
		ARN: "arn:{partition}:lambda:{region}:{account}:function:{name}", ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 64, Scope: catalog.InRegion, Code: "ResourceConflictException", Message: "Function already exist: {name}"},
		Defaults: map[string]any{
			"memorySize": 128, "packageType": "Zip", "publish": false, "reservedConcurrentExecutions": -1, "skipDestroy": false, "timeout": 3,
			"loggingConfig.applicationLogLevel": "", "loggingConfig.systemLogLevel": "",
		},
		Blank:    []string{"signingJobArn", "signingProfileVersionArn"},
		Computed: []string{"codeSha256", "loggingConfig", "vpcConfig.vpcId", "loggingConfig.logGroup"},
		Volatile: []string{"lastModified"},
		Sets:     []string{"vpcConfig.subnetIds", "vpcConfig.securityGroupIds"},
		Refs: []catalog.Ref{
			{Path: "role", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidParameterValueException",
				Message: "The role defined for the function cannot be assumed by Lambda: {value}"},
			{Path: "kmsKeyArn", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByARN, Code: "InvalidParameterValueException",
				Message: "The KMS key {value} does not exist"},
			{Path: "deadLetterConfig.targetArn", To: []string{"aws:sqs/queue:Queue", "aws:sns/topic:Topic"}, By: catalog.ByARN, Code: "InvalidParameterValueException",
				Message: "The target {value} does not exist"},
			{Path: "vpcConfig.subnetIds", To: []string{"aws:ec2/subnet:Subnet"}, By: catalog.ByID, Code: "InvalidParameterValueException",
				Message: "The subnet ID '{value}' does not exist", Blocks: true},
			{Path: "vpcConfig.securityGroupIds", To: []string{"aws:ec2/securityGroup:SecurityGroup"}, By: catalog.ByID, Code: "InvalidParameterValueException",
				Message: "The security group '{value}' does not exist", Blocks: true},
			{Path: "loggingConfig.logGroup", To: []string{"aws:cloudwatch/logGroup:LogGroup"}, By: catalog.ByName, Code: "InvalidParameterValueException",
				Message: "The log group {value} does not exist"},
		},
		Check: checkFunction, Compute: computeFunction,
	}
}

func checkFunction(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: api + "API_CreateFunction.html"})
	}
	if value := c.Str("name"); c.Known("name") && !functionName.MatchString(value) {
		add("name", "name of a function", value, "must have 1 to 64 letters, digits, hyphens and underscores")
	}
	return problems
}

func computeFunction(c *catalog.Call) error {
	c.Set("lastModified", c.Timestamp())
	version := "$LATEST"
	if c.Bool("publish") {
		next := 1
		if c.Old != nil {
			if old, err := strconv.Atoi(catalog.Str(c.Old.State, "version")); err == nil {
				next = old + 1
			}
		}
		version = strconv.Itoa(next)
	}
	c.Set("version", version)
	c.Set("qualifiedArn", c.ARN+":"+version)
	invoke := fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/", c.Partition, c.Region)
	c.Set("invokeArn", invoke+c.ARN+"/invocations")
	c.Set("qualifiedInvokeArn", invoke+c.ARN+":"+version+"/invocations")
	hash := codeHash(c)
	c.Set("sourceCodeHash", hash)
	c.Set("codeSha256", hash)
	c.SetNew("sourceCodeSize", 0)
	if !c.Has("architectures") {
		c.SetNew("architectures", []any{"x86_64"})
	}
	c.SetNew("ephemeralStorage", map[string]any{"size": 512})
	if !c.Has("tracingConfig") {
		c.SetNew("tracingConfig", map[string]any{"mode": "PassThrough"})
	}
	if !c.Has("loggingConfig") {
		c.SetNew("loggingConfig", map[string]any{"logFormat": "Text", "logGroup": "/aws/lambda/" + c.Name()})
	}
	return nil
}

// codeHash stands for the hash of the package: the one the program gives, else the archive's own.
func codeHash(c *catalog.Call) string {
	if c.Has("sourceCodeHash") {
		if leaves := catalog.Leaves(c.Inputs, "sourceCodeHash"); len(leaves) > 0 && leaves[0].Value.IsString() {
			return leaves[0].Value.StringValue()
		}
	}
	if code := catalog.Plain(c.Inputs["code"]); code.IsArchive() {
		return code.ArchiveValue().Hash
	}
	return ""
}

func functionRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{functionToken}, By: catalog.ByNameOrARN, Code: "ResourceNotFoundException", Message: "Function not found: {value}"}
}

func aliasType() catalog.Type {
	return catalog.Type{
		Token: aliasToken, Args: (*sdk.AliasArgs)(nil), Resource: (*sdk.Alias)(nil),
		Service: "Lambda", Action: "Alias", Title: "Lambda Alias", Verbs: map[string]string{"update": "UpdateAlias"},
		ARN: "arn:{partition}:lambda:{region}:{account}:function:{functionName}:{name}", ID: catalog.Templated("{arn}"),
		Name: catalog.Name{Property: "name", Scope: "functionName", Code: "ResourceConflictException", Message: "Alias already exists: {name}"},
		// The provider takes a function's name and its ARN for the same.
		Refs: []catalog.Ref{functionRef("functionName")},
		Compute: func(c *catalog.Call) error {
			c.Set("invokeArn", fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", c.Partition, c.Region, c.ARN))
			return nil
		},
	}
}

func mappingType() catalog.Type {
	return catalog.Type{
		Token: "aws:lambda/eventSourceMapping:EventSourceMapping", Args: (*sdk.EventSourceMappingArgs)(nil), Resource: (*sdk.EventSourceMapping)(nil),
		Service: "Lambda", Action: "EventSourceMapping", Title: "Lambda Event Source Mapping", Verbs: map[string]string{"update": "UpdateEventSourceMapping"},
		ARN: "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}",
		Unique: []catalog.Unique{{Properties: []string{"eventSourceArn", "functionName"}, Scope: catalog.InRegion, Code: "ResourceConflictException",
			Message: "An event source mapping with event source {name} already exists for the function"}},
		Defaults:  map[string]any{"enabled": true, "batchSize": 100, "maximumBatchingWindowInSeconds": 0, "bisectBatchOnFunctionError": false, "tumblingWindowInSeconds": 0},
		Computed:  []string{"arn"},
		Blank:     []string{"stateTransitionReason"},
		Volatile:  []string{"lastModified"},
		Documents: map[string]catalog.Document{"filterCriteria.filters[].pattern": {Code: "InvalidParameterValueException"}},
		Loose:     []string{"eventSourceArn"}, // a stream's ARN is a property of its table
		Refs: []catalog.Ref{{Path: "functionName", To: []string{functionToken, aliasToken}, By: catalog.ByNameOrARN, Code: "ResourceNotFoundException",
			Message: "Function not found: {value}"},
			{Path: "destinationConfig.onFailure.destinationArn", To: []string{"aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:s3/bucketV2:BucketV2"}, By: catalog.ByARN,
				Code: "InvalidParameterValueException", Message: "The destination {value} does not exist"}},
		Compute: func(c *catalog.Call) error {
			c.Set("uuid", c.ID)
			c.Set("functionArn", c.Str("functionName"))
			c.SetNew("lastProcessingResult", "No records processed")
			c.SetNew("state", "Enabled")
			c.Set("lastModified", c.Timestamp())
			if !c.Has("maximumRecordAgeInSeconds") {
				c.SetNew("maximumRecordAgeInSeconds", -1)
			}
			if !c.Has("maximumRetryAttempts") {
				c.SetNew("maximumRetryAttempts", -1)
			}
			if !c.Has("parallelizationFactor") {
				c.SetNew("parallelizationFactor", 1)
			}
			return nil
		},
	}
}

func invokeConfigType() catalog.Type {
	return catalog.Type{
		Token: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", Args: (*sdk.FunctionEventInvokeConfigArgs)(nil), Resource: (*sdk.FunctionEventInvokeConfig)(nil),
		Service: "Lambda", Action: "FunctionEventInvokeConfig", Title: "Lambda Function Event Invoke Config", Verbs: map[string]string{"create": "PutFunctionEventInvokeConfig"},
		// The provider's own id: the function and, behind a colon, the qualifier.
		ID: catalog.Made(func(c *catalog.Call) string {
			if qualifier := c.Str("qualifier"); qualifier != "" {
				return c.Str("functionName") + ":" + qualifier
			}
			return c.Str("functionName")
		}),
		Overwrites: true, Defaults: map[string]any{"maximumRetryAttempts": 2},
		Refs: []catalog.Ref{functionRef("functionName")},
	}
}

func permissionType() catalog.Type {
	return catalog.Type{
		Token: "aws:lambda/permission:Permission", Args: (*sdk.PermissionArgs)(nil), Resource: (*sdk.Permission)(nil),
		Service: "Lambda", Title: "Lambda Permission", Verbs: map[string]string{"create": "AddPermission", "delete": "RemovePermission"},
		ID: catalog.Templated("{statementId}"), Blank: []string{"statementIdPrefix"},
		Name: catalog.Name{Property: "statementId", Auto: 100, Prefix: "statementIdPrefix", Scope: "function,qualifier", Code: "ResourceConflictException",
			Message: "The statement id ({name}) provided already exists"},
		Refs: []catalog.Ref{{Path: "function", To: []string{functionToken, aliasToken}, By: catalog.ByNameOrARN, Code: "ResourceNotFoundException", Message: "Function not found: {value}"}},
	}
}
