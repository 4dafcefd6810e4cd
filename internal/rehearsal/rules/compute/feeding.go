package compute

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	createMapping = lambdaAPI + "API_CreateEventSourceMapping.html"
	tableARN      = "arn:aws:dynamodb:us-east-1:111122223333:table/items"
	streamARN     = tableARN + "/stream/2026-01-02T03:04:05.678"
	functionARN   = "arn:aws:lambda:us-east-1:111122223333:function:feed"
)

// feeding are Lambda's rules of what calls functions: event sources, asynchronous calls, aliases and permissions.
func feeding() []rule.Rule {
	table := rule.Thing{Type: "aws:dynamodb/table:Table", ID: "items", ARN: tableARN, State: inputs{"streamArn": streamARN, "streamEnabled": true}}
	code := rule.Thing{Type: function, ID: "feed", Name: "feed", ARN: functionARN, State: inputs{"name": "feed", "role": taskRole, "version": "2"}}
	lambda := roleThing("lambda.amazonaws.com")
	feed := inputs{"eventSourceArn": streamARN, "functionName": functionARN, "startingPosition": "LATEST"}
	failing := inputs{"eventSourceArn": streamARN, "functionName": functionARN, "destinationConfig": inputs{"onFailure": inputs{"destinationArn": queueARN}}}
	read := `["dynamodb:GetRecords","dynamodb:GetShardIterator","dynamodb:DescribeStream","dynamodb:ListStreams"]`
	seed := func(property string, value any) rule.Seed {
		return staging(mapping+"::item-events", map[string]any{property: value})
	}
	other := func(property string, value any) rule.Seed {
		return production(mapping+"::item-events", map[string]any{property: value})
	}
	rules := []rule.Rule{
		bounded("batch", "batchSize", 1, 10000, "records in a batch of a stream", seed("batchSize", 10001)),
		bounded("window", "maximumBatchingWindowInSeconds", 0, 300, "seconds that a batch waits to fill", other("maximumBatchingWindowInSeconds", 600)),
		bounded("parallel", "parallelizationFactor", 1, 10, "batches of one shard at a time", seed("parallelizationFactor", 11)),
		bounded("retries", "maximumRetryAttempts", -1, 10000, "retries, where -1 is without end", other("maximumRetryAttempts", 10001)),
		{
			ID: "compute-mapping-age", Types: []string{mapping}, Code: "InvalidParameterValueException", Page: createMapping, Foreseen: true,
			Says: "Records of a stream are dropped after 60 to 604800 seconds, or never (-1).", Fix: "Choose an age of a minute to a week, or -1.",
			Check: func(c *catalog.Call) *rule.Finding {
				if age, known := number(c, "maximumRecordAgeInSeconds"); known && age != -1 && (age < 60 || age > 604800) {
					return rule.Find("maximumRecordAgeInSeconds", age, "MaximumRecordAgeInSeconds must be -1 or between 60 and 604800")
				}
				return nil
			},
			Pass: rule.Case{Inputs: inputs{"maximumRecordAgeInSeconds": 60}},
			Fail: rule.Case{Inputs: inputs{"maximumRecordAgeInSeconds": 30}},
			Seed: seed("maximumRecordAgeInSeconds", 30),
		}, {
			ID: "compute-mapping-stream", Types: []string{mapping}, Code: "InvalidParameterValueException", Page: createMapping,
			Says: "The stream of an event source is the one that its table has now.", Fix: "Switch the table's stream on, and take streamArn from the table.",
			Check: func(c *catalog.Call) *rule.Finding {
				source := c.Str("eventSourceArn")
				table, _, stream := strings.Cut(source, "/stream/")
				if o := c.Tx.ByARN(table); !strings.Contains(source, ":dynamodb:") || stream && o != nil && catalog.Str(o.State, "streamArn") == source {
					return nil
				}
				return rule.Find("eventSourceArn", source, "Stream not found: %s", source)
			},
			Pass: rule.Case{World: []rule.Thing{table}, Inputs: feed},
			Fail: rule.Case{World: []rule.Thing{table}, Inputs: inputs{"eventSourceArn": tableARN + "/stream/2025"}},
			Seed: other("eventSourceArn", "arn:aws:dynamodb:us-east-1:444455556666:table/itrack-items-production/stream/2025-01-02T03:04:05.678"),
		}, {
			ID: "compute-mapping-start", Types: []string{mapping}, Code: "InvalidParameterValueException", Page: createMapping,
			Says: "An event source that is a stream says where it starts.", Fix: `Set startingPosition to "TRIM_HORIZON" or "LATEST".`,
			Check: func(c *catalog.Call) *rule.Finding {
				source := c.Str("eventSourceArn")
				if (strings.Contains(source, ":dynamodb:") || strings.Contains(source, ":kinesis:")) && c.Str("startingPosition") == "" {
					return rule.Find("startingPosition", nil,
						"1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.")
				}
				return nil
			},
			Pass: rule.Case{Inputs: feed}, Fail: rule.Case{Inputs: inputs{"eventSourceArn": streamARN}}, Seed: seed("startingPosition", nil),
		}, {
			ID: "compute-mapping-right", Types: []string{mapping}, Code: "InvalidParameterValueException",
			Page:  lambdaGuide + "services-dynamodb-eventsourcemapping.html",
			Says:  "The role of a function that a stream feeds may read the stream.",
			Fix:   "Allow dynamodb:DescribeStream, GetRecords, GetShardIterator and ListStreams on the stream.",
			Check: noStreamRight,
			Pass:  rule.Case{World: []rule.Thing{table, code, lambda, may(read)}, Inputs: feed},
			Fail:  rule.Case{World: []rule.Thing{table, code, lambda, may(`"dynamodb:GetRecords"`)}, Inputs: feed},
			Seed: rule.Seed{Stack: "staging", At: policyToken + "::function-item-events-stream", Refused: mapping + "::item-events",
				Edit: map[string]func(string) string{"policy": rule.Replace(`"dynamodb:GetShardIterator",`, "")}},
		}, {
			ID: "compute-mapping-failed-right", Types: []string{mapping}, Code: "InvalidParameterValueException",
			Page: lambdaGuide + "services-dynamodb-errors.html",
			Says: "The role of a function may send records that failed to their destination.",
			Fix:  "Allow sqs:SendMessage on the queue, or sns:Publish on the topic.",
			Check: func(c *catalog.Call) *rule.Finding {
				return maySend(c, roleOf(c, c.Str("functionName")), "destinationConfig.onFailure.destinationArn")
			},
			Pass: rule.Case{World: []rule.Thing{code, lambda, may(`"sqs:*"`)}, Inputs: failing},
			Fail: rule.Case{World: []rule.Thing{code, lambda, may(`"dynamodb:*"`)}, Inputs: failing},
			Seed: rule.Seed{Stack: "production", At: mapping + "::item-events", Set: map[string]any{
				"destinationConfig.onFailure.destinationArn": "arn:aws:sqs:us-east-1:444455556666:itrack-release-check-dead-letters-production"}},
		}, {
			ID: "compute-alias-version", Types: []string{alias}, Code: "ResourceNotFoundException", Page: lambdaAPI + "API_CreateAlias.html",
			Says: "An alias names a version that has been published.", Fix: "Publish the function, and take functionVersion from it.", Check: unpublished,
			Pass: rule.Case{World: []rule.Thing{code}, Inputs: inputs{"functionName": "feed", "functionVersion": "2"}},
			Fail: rule.Case{World: []rule.Thing{code}, Inputs: inputs{"functionName": "feed", "functionVersion": "3"}},
			Seed: staging(alias+"::release-check", map[string]any{"functionVersion": "7"}),
		}, {
			ID: "compute-alias-name", Types: []string{alias}, Code: "ValidationException", Page: lambdaAPI + "API_CreateAlias.html", Foreseen: true,
			Says: "An alias has a name of 1 to 128 letters, digits, hyphens and underscores, and not of digits alone.",
			Fix:  "Choose a name such as live; numbers are versions.",
			Check: func(c *catalog.Call) *rule.Finding {
				if name := c.Str("name"); c.Known("name") && (!aliasName.MatchString(name) || onlyDigits.MatchString(name)) {
					return rule.Find("name", name,
						"Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", name)
				}
				return nil
			},
			Pass: rule.Case{Inputs: inputs{"name": "live"}},
			Fail: rule.Case{Inputs: inputs{"name": "1"}},
			Seed: staging(alias+"::restore-check", map[string]any{"name": "2026"}),
		}, {
			ID: "compute-invoke-retries", Types: []string{invokeConfig}, Code: "ValidationException",
			Page: lambdaAPI + "API_PutFunctionEventInvokeConfig.html", Foreseen: true,
			Says: "An asynchronous call is tried again at most twice.", Fix: "Choose 0, 1 or 2 for maximumRetryAttempts.",
			Check: between("maximumRetryAttempts", 0, 2, "Value '%v' at 'maximumRetryAttempts' failed to satisfy constraint: Member must be between 0 and 2"),
			Pass:  rule.Case{Inputs: inputs{"maximumRetryAttempts": 2}}, Fail: rule.Case{Inputs: inputs{"maximumRetryAttempts": 3}},
			Seed: production(invokeConfig+"::release-check", map[string]any{"maximumRetryAttempts": 5}),
		}, {
			ID: "compute-invoke-age", Types: []string{invokeConfig}, Code: "ValidationException",
			Page: lambdaAPI + "API_PutFunctionEventInvokeConfig.html", Foreseen: true,
			Says: "An asynchronous call waits 60 to 21600 seconds before it is dropped.", Fix: "Choose a maximumEventAgeInSeconds of a minute to six hours.",
			Check: between("maximumEventAgeInSeconds", 60, 21600,
				"Value '%v' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must be between 60 and 21600"),
			Pass: rule.Case{Inputs: inputs{"maximumEventAgeInSeconds": 60}}, Fail: rule.Case{Inputs: inputs{"maximumEventAgeInSeconds": 30}},
			Seed: production(invokeConfig+"::restore-check", map[string]any{"maximumEventAgeInSeconds": 86400}),
		}, {
			ID: "compute-permission-principal", Types: []string{permission}, Code: "InvalidParameterValueException",
			Page: lambdaAPI + "API_AddPermission.html", Foreseen: true,
			Says: "The principal of a permission is a service, an account, the ARN of a role or user, or everybody.",
			Fix:  "Write the service's principal with its domain, such as events.amazonaws.com.",
			Check: func(c *catalog.Call) *rule.Finding {
				if who := c.Str("principal"); c.Known("principal") && !caller.MatchString(who) {
					return rule.Find("principal", who, "The provided principal was invalid. Please check the principal and try again.")
				}
				return nil
			},
			Pass: rule.Case{Inputs: inputs{"principal": "events.amazonaws.com"}}, Fail: rule.Case{Inputs: inputs{"principal": "events"}},
			Seed: production(permission+"::restore-completed", map[string]any{"principal": "eventbridge"}),
		}, {
			ID: "compute-permission-action", Types: []string{permission}, Code: "ValidationException",
			Page: lambdaAPI + "API_AddPermission.html", Foreseen: true,
			Says: "A permission on a function is for an action of Lambda.", Fix: "Write lambda:InvokeFunction, or another action of Lambda.",
			Check: func(c *catalog.Call) *rule.Finding {
				if action := c.Str("action"); c.Known("action") && !lambdaAction.MatchString(action) {
					return rule.Find("action", action,
						"Value '%s' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])", action)
				}
				return nil
			},
			Pass: rule.Case{Inputs: inputs{"action": "lambda:InvokeFunction"}}, Fail: rule.Case{Inputs: inputs{"action": "InvokeFunction"}},
			Seed: production(permission+"::restore-completed", map[string]any{"action": "InvokeFunction"}),
		}}
	return rules
}

// bounded is a rule of an event source's number.
func bounded(name, property string, least, most float64, what string, seed rule.Seed) rule.Rule {
	return rule.Rule{
		ID: "compute-mapping-" + name, Types: []string{mapping}, Code: "ValidationException", Page: createMapping, Foreseen: true,
		Says: fmt.Sprintf("An event source has %v to %v %s.", least, most, what), Fix: "Bring " + property + " into its bounds.",
		Check: between(property, least, most, "Value '%v' at '"+property+"' failed to satisfy constraint: Member must be between "+fmt.Sprint(least)+" and "+fmt.Sprint(most)),
		Pass:  rule.Case{Inputs: inputs{property: most}}, Fail: rule.Case{Inputs: inputs{property: most + 1}}, Seed: seed,
	}
}

var (
	aliasName    = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
	onlyDigits   = regexp.MustCompile(`^\d+$`)
	caller       = regexp.MustCompile(`^(\*|\d{12}|arn:[^\s*]+|[a-z0-9.-]+\.amazonaws\.com(\.cn)?|[a-z0-9.-]+\.alexa\.com|alexa-appkit\.amazon\.com)$`)
	lambdaAction = regexp.MustCompile(`^(lambda:\*|lambda:[a-zA-Z]+|\*)$`)
)

// roleOf is the role of a function, which is given by its name or by an ARN with or without an alias.
func roleOf(c *catalog.Call, name string) string {
	if _, rest, is := strings.Cut(name, ":function:"); is {
		name, _, _ = strings.Cut(rest, ":")
	}
	found := c.Tx.Find(c.Account, c.Region, function, func(o *cloud.Object) bool { return o.Name == name })
	if len(found) == 0 {
		return ""
	}
	return catalog.Str(found[0].State, "role")
}

func noStreamRight(c *catalog.Call) *rule.Finding {
	source := c.Str("eventSourceArn")
	role := roleOf(c, c.Str("functionName"))
	table, _, _ := strings.Cut(source, "/stream/")
	o := c.Tx.ByARN(table)
	if role == "" || o == nil || catalog.Str(o.State, "streamArn") != source {
		return nil
	}
	for _, action := range []string{"GetRecords", "GetShardIterator", "DescribeStream"} {
		if !policy.RoleMay(c, role, "dynamodb:"+action, source) {
			return rule.Find("functionName", role,
				"Cannot access stream %s. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams "+
					"Actions on your stream in IAM (it can't perform %s).", source, action)
		}
	}
	return nil
}

func unpublished(c *catalog.Call) *rule.Finding {
	version := c.Str("functionVersion")
	o := c.Get(function, c.Str("functionName"))
	if o == nil || version == "$LATEST" {
		return nil
	}
	newest, err := strconv.Atoi(catalog.Str(o.State, "version"))
	if wanted, wrong := strconv.Atoi(version); err == nil && wrong == nil && wanted >= 1 && wanted <= newest {
		return nil
	}
	return rule.Find("functionVersion", version, "Function not found: %s:%s", o.ARN, version)
}
