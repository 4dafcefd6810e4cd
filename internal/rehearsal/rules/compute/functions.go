package compute

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	createFunction = lambdaAPI + "API_CreateFunction.html"
	lambdaGuide    = "https://docs.aws.amazon.com/lambda/latest/dg/"
	queueARN       = "arn:aws:sqs:us-east-1:111122223333:failed"
)

// functions are Lambda's rules of functions.
func functions() []rule.Rule {
	variables := func(name, value string) rule.Case {
		return rule.Case{Inputs: inputs{"environment": inputs{"variables": inputs{name: value}}}}
	}
	in := func(subnets, groups []any) inputs {
		return inputs{"role": taskRole, "vpcConfig": inputs{"subnetIds": subnets, "securityGroupIds": groups}}
	}
	lambda := roleThing("lambda.amazonaws.com")
	dead := inputs{"role": taskRole, "deadLetterConfig": inputs{"targetArn": queueARN}}
	rules := []rule.Rule{{
		ID: "compute-function-memory", Code: "ValidationException", Page: createFunction, Foreseen: true,
		Says: "A function has 128 to 10240 MiB of memory.", Fix: "Choose a memorySize in these bounds.",
		Check: between("memorySize", 128, 10240, "Value '%v' at 'memorySize' failed to satisfy constraint: Member must be between 128 and 10240"),
		Pass:  rule.Case{Inputs: inputs{"memorySize": 128}},
		Fail:  rule.Case{Inputs: inputs{"memorySize": 64}},
		Seed:  staging(function+"::item-events", map[string]any{"memorySize": 64}),
	}, {
		ID: "compute-function-timeout", Code: "ValidationException", Page: createFunction, Foreseen: true,
		Says: "A function runs for 1 to 900 seconds.", Fix: "Choose a timeout of 15 minutes or less, and split longer work.",
		Check: between("timeout", 1, 900, "Value '%v' at 'timeout' failed to satisfy constraint: Member must be between 1 and 900"),
		Pass:  rule.Case{Inputs: inputs{"timeout": 900}},
		Fail:  rule.Case{Inputs: inputs{"timeout": 901}},
		Seed:  staging(function+"::release-check", map[string]any{"timeout": 3600}),
	}, {
		ID: "compute-function-storage", Code: "ValidationException", Page: lambdaAPI + "API_EphemeralStorage.html", Foreseen: true,
		Says: "The /tmp of a function has 512 to 10240 MiB.", Fix: "Choose an ephemeralStorage size in these bounds, or leave it out for 512.",
		Check: between("ephemeralStorage.size", 512, 10240,
			"Value '%v' at 'ephemeralStorage.size' failed to satisfy constraint: Member must be between 512 and 10240"),
		Pass: rule.Case{Inputs: inputs{"ephemeralStorage": inputs{"size": 512}}}, Fail: rule.Case{Inputs: inputs{"ephemeralStorage": inputs{"size": 256}}},
		Seed: staging(function+"::restore-check", map[string]any{"ephemeralStorage": map[string]any{"size": 256}}),
	}, {
		ID: "compute-function-environment-size", Code: "InvalidParameterValueException", Page: lambdaGuide + "gettingstarted-limits.html", Foreseen: true,
		Says:  "The environment variables of a function have at most 4 KB together.",
		Fix:   "Keep larger settings in Parameter Store, Secrets Manager or the package.",
		Check: environmentSize,
		Pass:  variables("TEXT", strings.Repeat("x", 4000)), Fail: variables("TEXT", strings.Repeat("x", 4096)),
		Seed: production(function+"::item-events", map[string]any{"environment.variables.TEXT": strings.Repeat("x", 5000)}),
	}, {
		ID: "compute-function-environment-reserved", Code: "InvalidParameterValueException", Page: lambdaGuide + "configuration-envvars.html", Foreseen: true,
		Says: "A function's environment sets none of the variables that Lambda sets itself.",
		Fix:  "Rename the variable; Lambda sets AWS_REGION and its like already.",
		Check: eachVariable(func(name string) string {
			if slices.Contains(reserved, name) {
				return "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently " +
					"not supported for modification. Reserved keys used in this request: " + name
			}
			return ""
		}),
		Pass: variables("REGION", "us-east-1"), Fail: variables("AWS_REGION", "us-east-1"),
		Seed: production(function+"::release-check", map[string]any{"environment.variables.AWS_REGION": "us-east-1"}),
	}, {
		ID: "compute-function-environment-name", Code: "ValidationException", Page: lambdaAPI + "API_Environment.html", Foreseen: true,
		Says: "An environment variable's name begins with a letter and has at least two letters, digits and underscores.", Fix: "Rename the variable.",
		Check: eachVariable(func(name string) string {
			if !variableName.MatchString(name) {
				return "The environment variable name " + name + " failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+"
			}
			return ""
		}),
		Pass: variables("LOG_LEVEL", "info"), Fail: variables("log-level", "info"),
		Seed: production(function+"::restore-check", map[string]any{"environment.variables.log-level": "info"}),
	}, {
		ID: "compute-function-handler", Code: "InvalidParameterValueException", Page: createFunction, Foreseen: true,
		Says:  "A function from a zip has a runtime and a handler; one from an image has neither.",
		Fix:   "Set runtime and handler, or packageType Image with imageUri.",
		Check: handler,
		Pass:  rule.Case{Inputs: inputs{"runtime": "provided.al2023", "handler": "bootstrap"}}, Fail: rule.Case{Inputs: inputs{"runtime": "provided.al2023"}},
		Seed: staging(function+"::item-events", map[string]any{"handler": nil}),
	}, {
		ID: "compute-function-architectures", Code: "ValidationException", Page: createFunction, Foreseen: true,
		Says: "A function has one architecture.", Fix: "Name arm64 or x86_64.",
		Check: func(c *catalog.Call) *rule.Finding {
			if names := c.Strs("architectures"); len(names) > 1 {
				return rule.Find("architectures", strings.Join(names, ", "),
					"Value at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"architectures": []any{"arm64"}}}, Fail: rule.Case{Inputs: inputs{"architectures": []any{"arm64", "x86_64"}}},
		Seed: staging(function+"::release-check", map[string]any{"architectures": []any{"arm64", "x86_64"}}),
	}, {
		ID: "compute-function-layers", Code: "InvalidParameterValueException", Page: lambdaGuide + "gettingstarted-limits.html", Foreseen: true,
		Says: "A function has at most five layers.", Fix: "Put layers together, or into the package.",
		Check: func(c *catalog.Call) *rule.Finding {
			if n := len(c.Strs("layers")); n > 5 {
				return rule.Find("layers", n, "Cannot reference more than 5 layers.")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"layers": layers(5)}},
		Fail: rule.Case{Inputs: inputs{"layers": layers(6)}},
		Seed: staging(function+"::restore-check", map[string]any{"layers": layers(6)}),
	}, {
		ID: "compute-function-trust", Code: "InvalidParameterValueException", Page: lambdaGuide + "lambda-intro-execution-role.html",
		Says: "The role of a function can be assumed by lambda.amazonaws.com.", Fix: "Trust lambda.amazonaws.com in the role's assumeRolePolicy.",
		Check: trustedBy("lambda.amazonaws.com", "The role defined for the function cannot be assumed by Lambda: %s", "role"),
		Pass:  rule.Case{World: []rule.Thing{lambda}, Inputs: inputs{"role": taskRole}},
		Fail:  rule.Case{World: []rule.Thing{roleThing("ec2.amazonaws.com")}, Inputs: inputs{"role": taskRole}},
		Seed: rule.Seed{Stack: "production", At: role + "::function-item-events", Refused: function + "::item-events",
			Edit: map[string]func(string) string{"assumeRolePolicy": rule.Replace(`"lambda.amazonaws.com"`, `"events.amazonaws.com"`)}},
	}, {
		ID: "compute-function-vpc", Code: "InvalidParameterValueException", Page: lambdaAPI + "API_VpcConfig.html", Foreseen: true,
		Says: "A function in a VPC has subnets and security groups.", Fix: "Give both, or neither.", Check: halfVpc,
		Pass: rule.Case{Inputs: in([]any{"subnet-1"}, []any{"sg-1"})}, Fail: rule.Case{Inputs: in([]any{"subnet-1"}, []any{})},
		Seed: staging(function+"::release-check", map[string]any{"vpcConfig.securityGroupIds": []any{}}),
	}, {
		ID: "compute-function-network-right", Code: "InvalidParameterValueException", Page: lambdaGuide + "configuration-vpc.html",
		Says:  "The role of a function in a VPC may make network interfaces.",
		Fix:   "Attach AWSLambdaVPCAccessExecutionRole, or allow ec2:CreateNetworkInterface, ec2:DescribeNetworkInterfaces and ec2:DeleteNetworkInterface.",
		Check: noInterfaces,
		Pass:  rule.Case{World: []rule.Thing{lambda, may(`"ec2:*"`)}, Inputs: in([]any{"subnet-1"}, []any{"sg-1"})},
		Fail:  rule.Case{World: []rule.Thing{lambda, may(`["ec2:DescribeNetworkInterfaces","ec2:DeleteNetworkInterface"]`)}, Inputs: in([]any{"subnet-1"}, []any{"sg-1"})},
		Seed: rule.Seed{Stack: "staging", At: policyToken + "::function-restore-check-network", Refused: function + "::restore-check",
			Edit: map[string]func(string) string{"policy": rule.Replace(`"ec2:CreateNetworkInterface",`, "")}},
	}, {
		ID: "compute-function-dead-letter-right", Code: "InvalidParameterValueException", Page: lambdaGuide + "invocation-async-retain-records.html",
		Says:  "The role of a function may write to its dead-letter queue or topic.",
		Fix:   "Allow sqs:SendMessage on the queue, or sns:Publish on the topic.",
		Check: noDeadLetters,
		Pass:  rule.Case{World: []rule.Thing{lambda, may(`"sqs:SendMessage"`)}, Inputs: dead},
		Fail:  rule.Case{World: []rule.Thing{lambda, may(`"sqs:ReceiveMessage"`)}, Inputs: dead},
		Seed: rule.Seed{Stack: "production", At: policyToken + "::function-release-check-run", Refused: function + "::release-check",
			Edit: map[string]func(string) string{"policy": rule.Replace(`"sqs:SendMessage"`, `"sqs:GetQueueUrl"`)}},
	}}
	for i := range rules {
		rules[i].Types = []string{function}
	}
	return rules
}

// reserved are the variables that Lambda sets and nobody else may.
// Source: Lambda developer guide, "Defined runtime environment variables".
var reserved = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// eachVariable asks the names of a function's environment variables.
func eachVariable(broken func(name string) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range catalog.Leaves(c.State, "environment.variables") {
			if !leaf.Value.IsObject() {
				continue
			}
			for _, name := range leaf.Value.ObjectValue().StableKeys() {
				if message := broken(string(name)); message != "" {
					return rule.Find("environment.variables", name, "%s", message)
				}
			}
		}
		return nil
	}
}

func environmentSize(c *catalog.Call) *rule.Finding {
	total := 0
	for _, leaf := range catalog.Leaves(c.State, "environment.variables") {
		if !leaf.Value.IsObject() {
			continue
		}
		for name, value := range leaf.Value.ObjectValue() {
			if total += len(name); value.IsString() {
				total += len(value.StringValue())
			}
		}
	}
	if total > 4096 {
		return rule.Find("environment.variables", total,
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
	}
	return nil
}

func handler(c *catalog.Call) *rule.Finding {
	if c.Has("runtime") && !c.Known("runtime") || c.Has("packageType") && !c.Known("packageType") {
		return nil
	}
	image := c.Str("packageType") == "Image"
	for _, property := range []string{"runtime", "handler"} {
		if !image && !c.Has(property) && !c.Has("imageUri") {
			return rule.Find(property, nil, "Runtime and Handler are mandatory parameters for functions created with deployment packages.")
		}
		if image && c.Has(property) {
			return rule.Find(property, c.Str(property), "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.")
		}
	}
	return nil
}

func layers(n int) []any {
	var arns []any
	for i := range n {
		arns = append(arns, fmt.Sprintf("arn:aws:lambda:us-east-1:444455556666:layer:part-%d:1", i))
	}
	return arns
}

func halfVpc(c *catalog.Call) *rule.Finding {
	for _, property := range []string{"vpcConfig.subnetIds", "vpcConfig.securityGroupIds"} {
		if c.Has(property) && !c.Known(property) {
			return nil
		}
	}
	subnets, groups := c.Strs("vpcConfig.subnetIds"), c.Strs("vpcConfig.securityGroupIds")
	if (len(subnets) > 0) != (len(groups) > 0) {
		return rule.Find("vpcConfig", len(groups), "SubnetIds and SecurityIds must coexist or be both empty list.")
	}
	return nil
}

func noInterfaces(c *catalog.Call) *rule.Finding {
	if len(c.Strs("vpcConfig.subnetIds")) == 0 {
		return nil
	}
	for _, action := range []string{"CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"} {
		if !policy.RoleMay(c, c.Str("role"), "ec2:"+action, "") {
			return rule.Find("role", c.Str("role"), "The provided execution role does not have permissions to call %s on EC2", action)
		}
	}
	return nil
}

func noDeadLetters(c *catalog.Call) *rule.Finding {
	return maySend(c, c.Str("role"), "deadLetterConfig.targetArn")
}

// maySend wants a role to be allowed to send to the queue or topic at a property.
func maySend(c *catalog.Call, role, property string) *rule.Finding {
	target := c.Str(property)
	for service, action := range map[string]string{"sqs": "SendMessage", "sns": "Publish"} {
		if strings.Contains(target, ":"+service+":") && !policy.RoleMay(c, role, service+":"+action, target) {
			return rule.Find(property, target, "The provided execution role does not have permissions to call %s on %s", action, strings.ToUpper(service))
		}
	}
	return nil
}
