package watching

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	topicAPI  = "https://docs.aws.amazon.com/sns/latest/api/"
	topicDocs = "https://docs.aws.amazon.com/sns/latest/dg/"
	queueAPI  = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"
	badTopic  = "InvalidParameter"
	badQueue  = "InvalidAttributeValue"
)

// topics are the rules on SNS.
func topics() []rule.Rule {
	subscribed := func(protocol, endpoint string) rule.Case {
		return rule.Case{Inputs: props{"protocol": protocol, "endpoint": endpoint}}
	}
	policy := func(action string) rule.Case {
		return rule.Case{Type: topicPolicyToken,
			Inputs: props{"policy": `{"Statement":[{"Effect":"Allow","Principal":"*","Action":["` + action + `"],"Resource":"*"}]}`}}
	}
	addressed := []string{`itrack:alerts.emails[0]=oncall@example.com`}
	return []rule.Rule{{
		ID: "watching-topic-name", Types: []string{topicToken}, Code: badTopic, Page: topicAPI + "API_CreateTopic.html",
		Says:     "A topic's name has 1 to 256 letters, digits, hyphens and underscores, and ends in .fifo when it is a FIFO topic and only then.",
		Fix:      "Leave dots and slashes out; .fifo goes with fifoTopic.",
		Foreseen: true, Check: topicName,
		Pass: rule.Case{Inputs: props{"name": "orders.fifo", "fifoTopic": true}}, Fail: rule.Case{Inputs: props{"name": "orders.fifo"}},
		Seed: staging(topicToken, "critical-us-west-2", props{"name": "itrack.critical"}),
	}, {
		ID: "watching-topic-display-name", Types: []string{topicToken}, Code: badTopic, Page: topicAPI + "API_SetTopicAttributes.html",
		Says:     "A topic's display name has at most 100 characters.",
		Fix:      "Shorten displayName.",
		Foreseen: true, Check: displayName,
		Pass: rule.Case{Inputs: props{"displayName": "itrack"}}, Fail: rule.Case{Inputs: props{"displayName": strings.Repeat("itrack ", 15)}},
		Seed: staging(topicToken, "warning-us-west-2", props{"displayName": strings.Repeat("warning ", 20)}),
	}, {
		ID: "watching-topic-signature", Types: []string{topicToken}, Code: badTopic, Page: topicDocs + "sns-verify-signature-of-message.html",
		Says:     "A topic signs its messages by version 1 or 2.",
		Fix:      "Set signatureVersion to 2.",
		Foreseen: true, Check: signatureVersion,
		Pass: rule.Case{Inputs: props{"signatureVersion": 2}}, Fail: rule.Case{Inputs: props{"signatureVersion": 3}},
		Seed: staging(topicToken, "critical-us-west-2", props{"signatureVersion": 4}),
	}, {
		ID: "watching-topic-policy-actions", Types: []string{topicPolicyToken, topicToken}, Code: badTopic,
		Page:     topicDocs + "sns-access-policy-language-api-permissions-reference.html",
		Says:     "A topic's policy speaks of the actions on a topic alone, each by its name: sns:* and actions on subscriptions are out of its scope.",
		Fix:      "List the actions, such as sns:Publish and sns:Subscribe.",
		Foreseen: true, Check: topicActions,
		Pass: policy("sns:Publish"), Fail: policy("sns:*"),
		Seed: edited(topicPolicyToken, "warning", "policy", rule.Replace(`"sns:Publish"`, `"sns:*"`)),
	}, {
		ID: "watching-subscription-endpoint", Types: []string{subscriptionToken}, Code: badTopic, Page: topicAPI + "API_Subscribe.html",
		Says:     "A subscription's endpoint has the form of its protocol: an address, a URL of the same scheme, a number, or an ARN.",
		Fix:      "Correct the endpoint or the protocol.",
		Foreseen: true, Check: endpoint,
		Pass: subscribed("email", "oncall@example.com"), Fail: subscribed("email", "oncall"),
		Seed: rule.Seed{Stack: "staging", Settings: addressed, At: subscriptionToken + "::warning-email-0", Set: props{"protocol": "https"}},
	}}
}

// queues are the rules on SQS.
func queues() []rule.Rule {
	const page = queueAPI + "API_SetQueueAttributes.html"
	attribute := func(name string, value any) rule.Case { return rule.Case{Inputs: props{name: value}} }
	dead := []rule.Thing{{Type: queueToken, ID: "dead", ARN: "arn:aws:sqs:us-east-1:111122223333:dead"}}
	redrive := func(name string, count int) rule.Case {
		return rule.Case{World: dead, Inputs: props{"name": "work",
			"redrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111122223333:%s","maxReceiveCount":%d}`, name, count)}}
	}
	return []rule.Rule{{
		ID: "watching-queue-name", Types: []string{queueToken}, Code: "InvalidParameterValue", Page: queueAPI + "API_CreateQueue.html",
		Says:     "A queue's name has 1 to 80 letters, digits, hyphens and underscores, with .fifo at the end of a FIFO queue's.",
		Fix:      "Shorten the name, or leave other characters out.",
		Foreseen: true, Check: matches("name", regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$`)),
		Pass: attribute("name", "dead-letters"), Fail: attribute("name", "dead.letters"),
		Seed: staging(queueToken, "item-events-dead-letters", props{"name": "itrack/item-events"}),
	}, {
		ID: "watching-queue-retention", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:     "A queue keeps messages for 60 to 1,209,600 seconds: 14 days at most.",
		Fix:      "Set messageRetentionSeconds to 1209600 or less.",
		Foreseen: true, Check: within("messageRetentionSeconds", 60, 1209600),
		Pass: attribute("messageRetentionSeconds", 1209600), Fail: attribute("messageRetentionSeconds", 2592000),
		Seed: staging(queueToken, "release-check-dead-letters", props{"messageRetentionSeconds": 2592000}),
	}, {
		ID: "watching-queue-visibility", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:     "A message that somebody works on stays invisible for at most 43,200 seconds: 12 hours.",
		Fix:      "Set visibilityTimeoutSeconds to 43200 or less.",
		Foreseen: true, Check: within("visibilityTimeoutSeconds", 0, 43200),
		Pass: attribute("visibilityTimeoutSeconds", 900), Fail: attribute("visibilityTimeoutSeconds", 86400),
		Seed: staging(queueToken, "restore-check-dead-letters", props{"visibilityTimeoutSeconds": 86400}),
	}, {
		ID: "watching-queue-key-reuse", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:     "A queue uses a data key for 60 to 86,400 seconds.",
		Fix:      "Set kmsDataKeyReusePeriodSeconds to a minute or more.",
		Foreseen: true, Check: within("kmsDataKeyReusePeriodSeconds", 60, 86400),
		Pass: attribute("kmsDataKeyReusePeriodSeconds", 300), Fail: attribute("kmsDataKeyReusePeriodSeconds", 30),
		Seed: staging(queueToken, "item-events-dead-letters", props{"kmsDataKeyReusePeriodSeconds": 30}),
	}, {
		ID: "watching-queue-delays", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:     "A queue delays messages by at most 900 seconds and lets a receiver wait for at most 20.",
		Fix:      "Set delaySeconds to 900 or less and receiveWaitTimeSeconds to 20 or less.",
		Foreseen: true, Check: queueDelays,
		Pass: attribute("receiveWaitTimeSeconds", 20), Fail: attribute("receiveWaitTimeSeconds", 30),
		Seed: staging(queueToken, "release-check-dead-letters", props{"receiveWaitTimeSeconds": 60}),
	}, {
		ID: "watching-queue-redrive", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:  "A queue gives up on a message after 1 to 1,000 receipts and moves it to a queue that exists and is of the same kind.",
		Fix:   "Name a dead-letter queue of the same kind, and a maxReceiveCount up to 1000.",
		Check: queueRedrive,
		Pass:  redrive("dead", 5), Fail: redrive("dead", 0),
		Seed: staging(queueToken, "restore-check-dead-letters", props{
			"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111122223333:itrack-nowhere","maxReceiveCount":5}`}),
	}, {
		ID: "watching-queue-redrive-allow", Types: []string{queueToken}, Code: badQueue, Page: page,
		Says:     "A dead-letter queue serves all queues, none, or 1 to 10 queues by their ARNs.",
		Fix:      "Set redrivePermission to allowAll or denyAll, or to byQueue with sourceQueueArns.",
		Foreseen: true, Check: redriveAllow,
		Pass: attribute("redriveAllowPolicy", `{"redrivePermission":"denyAll"}`), Fail: attribute("redriveAllowPolicy", `{"redrivePermission":"byQueue"}`),
		Seed: edited(queueToken, "item-events-dead-letters", "redriveAllowPolicy", rule.Replace("denyAll", "none")),
	}}
}

var topicForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func topicName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if name == "" || unknown(c, "fifoTopic") {
		return nil
	}
	bare, fifo := strings.CutSuffix(name, ".fifo")
	if !topicForm.MatchString(bare) || len(name) > 256 || fifo != c.Bool("fifoTopic") {
		return rule.Find("name", name, "Invalid parameter: Topic Name")
	}
	return nil
}

func displayName(c *catalog.Call) *rule.Finding {
	if count := len([]rune(c.Str("displayName"))); count > 100 {
		return rule.Find("displayName", count, "Invalid parameter: Attributes Reason: DisplayName has more than 100 characters")
	}
	return nil
}

func signatureVersion(c *catalog.Call) *rule.Finding {
	if version := c.Num("signatureVersion"); version != 0 && version != 1 && version != 2 {
		return rule.Find("signatureVersion", version, "Invalid parameter: Attributes Reason: SignatureVersion must be 1 or 2")
	}
	return nil
}

// topicVerbs are the actions on a topic.
var topicVerbs = []string{"addpermission", "deletetopic", "getdataprotectionpolicy", "gettopicattributes", "listsubscriptionsbytopic", "listtagsforresource",
	"publish", "putdataprotectionpolicy", "receive", "removepermission", "settopicattributes", "subscribe"}

func topicActions(c *catalog.Call) *rule.Finding {
	var document struct{ Statement []struct{ Action any } }
	if text := c.Str("policy"); text == "" || json.Unmarshal([]byte(text), &document) != nil {
		return nil
	}
	for _, statement := range document.Statement {
		actions, several := statement.Action.([]any)
		if !several && statement.Action != nil {
			actions = []any{statement.Action}
		}
		for _, action := range actions {
			verb, is := strings.CutPrefix(strings.ToLower(fmt.Sprint(action)), "sns:")
			if !is || !slices.Contains(topicVerbs, verb) {
				return rule.Find("policy", action, "Invalid parameter: Policy statement action out of service scope!")
			}
		}
	}
	return nil
}

// endpointForms are the forms of endpoints by protocol.
var endpointForms = map[string]*regexp.Regexp{
	"email": regexp.MustCompile(`^[^@\s]+@[^@\s]+$`), "email-json": regexp.MustCompile(`^[^@\s]+@[^@\s]+$`),
	"http": regexp.MustCompile(`^http://`), "https": regexp.MustCompile(`^https://`), "sms": regexp.MustCompile(`^\+?[0-9-]+$`),
	"sqs": regexp.MustCompile(`^arn:[^:]+:sqs:`), "lambda": regexp.MustCompile(`^arn:[^:]+:lambda:`), "firehose": regexp.MustCompile(`^arn:[^:]+:firehose:`),
	"application": regexp.MustCompile(`^arn:[^:]+:sns:`),
}

func endpoint(c *catalog.Call) *rule.Finding {
	protocol, value := c.Str("protocol"), c.Str("endpoint")
	if form := endpointForms[protocol]; form != nil && value != "" && !form.MatchString(value) {
		return rule.Find("endpoint", value, "Invalid parameter: Endpoint does not suit the protocol %s", protocol)
	}
	return nil
}

func queueDelays(c *catalog.Call) *rule.Finding {
	if found := within("delaySeconds", 0, 900)(c); found != nil {
		return found
	}
	return within("receiveWaitTimeSeconds", 0, 20)(c)
}

func queueRedrive(c *catalog.Call) *rule.Finding {
	var policy struct {
		DeadLetterTargetArn string
		MaxReceiveCount     json.Number
	}
	text := c.Str("redrivePolicy")
	if text == "" || json.Unmarshal([]byte(text), &policy) != nil {
		return nil
	}
	if count, err := policy.MaxReceiveCount.Int64(); err != nil || count < 1 || count > 1000 {
		return rule.Find("redrivePolicy", policy.MaxReceiveCount,
			"Value %s for parameter RedrivePolicy is invalid. Reason: maxReceiveCount must be an integer between 1 and 1000", text)
	}
	target := c.Tx.ByARN(policy.DeadLetterTargetArn)
	if target == nil || target.Type != queueToken || target.Region != c.Region {
		return rule.Find("redrivePolicy", policy.DeadLetterTargetArn,
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist", text)
	}
	if strings.HasSuffix(policy.DeadLetterTargetArn, ".fifo") != c.Bool("fifoQueue") {
		return rule.Find("redrivePolicy", policy.DeadLetterTargetArn,
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as the source", text)
	}
	return nil
}

func redriveAllow(c *catalog.Call) *rule.Finding {
	var policy struct {
		RedrivePermission string
		SourceQueueArns   []string
	}
	text := c.Str("redriveAllowPolicy")
	if text == "" || json.Unmarshal([]byte(text), &policy) != nil {
		return nil
	}
	count := len(policy.SourceQueueArns)
	switch policy.RedrivePermission {
	case "allowAll", "denyAll":
		if count == 0 {
			return nil
		}
	case "byQueue":
		if count >= 1 && count <= 10 {
			return nil
		}
	}
	return rule.Find("redriveAllowPolicy", policy.RedrivePermission, "Value %s for parameter RedriveAllowPolicy is invalid", text)
}
