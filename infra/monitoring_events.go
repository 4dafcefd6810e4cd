package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// eventRule is an EventBridge rule that tells a topic in one readable sentence, and keeps the event itself in a log.
type eventRule struct {
	name, description string
	severity          Severity
	region            *Region
	pattern           pulumi.StringOutput
	// paths are the event's values by the name the sentence calls them.
	paths map[string]string
	// text is what is sent, with <name> for each value. EventBridge takes a JSON string.
	text string
}

// eventPattern is the part of an event that a rule looks at.
type eventPattern struct {
	Source     []string       `json:"source"`
	DetailType []string       `json:"detail-type"`
	Detail     map[string]any `json:"detail,omitempty"`
}

func patternFrom(inputs []pulumi.StringInput, build func(known []string) eventPattern) pulumi.StringOutput {
	return DocumentFrom(inputs, func(known []string) (string, error) { return canonicalJSON(build(known)) })
}

// events makes the rules and the log of what they saw.
func (m *Monitoring) events(ctx *pulumi.Context, args *MonitoringArgs) error {
	log, err := m.eventLog(ctx, args)
	if err != nil {
		return err
	}
	rules := append(m.backupRules(args), deploymentRule(args), healthRule(args))
	if args.Settings.StoppedTasks {
		rules = append(rules, taskRules(args)...)
	}
	rules = append(rules, keyRules(args)...)
	for _, rule := range rules {
		if err := m.rule(ctx, args, rule, log); err != nil {
			return err
		}
	}
	return nil
}

// rule makes one rule with its targets.
func (m *Monitoring) rule(ctx *pulumi.Context, args *MonitoringArgs, rule eventRule, log *eventLog) error {
	opts := in(m, rule.region)
	made, err := cloudwatch.NewEventRule(ctx, rule.name, &cloudwatch.EventRuleArgs{
		Name: pulumi.String(args.Placement.Of(limitRole, rule.name)), Description: pulumi.String(rule.description), EventPattern: rule.pattern,
	}, opts...)
	if err != nil {
		return fmt.Errorf("creating the event rule %s: %w", rule.name, err)
	}
	topics := args.Alerts.In(rule.region)
	topic := topics.Warning
	if rule.severity == Critical {
		topic = topics.Critical
	}
	text, err := canonicalJSON(rule.text)
	if err != nil {
		return fmt.Errorf("creating the event rule %s: %w", rule.name, err)
	}
	if _, err := cloudwatch.NewEventTarget(ctx, rule.name, &cloudwatch.EventTargetArgs{
		Rule: made.Name, TargetId: pulumi.String("topic"), Arn: topic,
		InputTransformer: &cloudwatch.EventTargetInputTransformerArgs{
			InputPaths: pulumi.ToStringMap(rule.paths), InputTemplate: pulumi.String(text),
		},
	}, opts...); err != nil {
		return fmt.Errorf("creating the target of the event rule %s: %w", rule.name, err)
	}
	if rule.region != args.Placement.Primary {
		return nil
	}
	if _, err := cloudwatch.NewEventTarget(ctx, rule.name+"-log", &cloudwatch.EventTargetArgs{
		Rule: made.Name, TargetId: pulumi.String("log"), Arn: log.arn,
	}, with(opts, pulumi.DependsOn(log.ready))...); err != nil {
		return fmt.Errorf("creating the log target of the event rule %s: %w", rule.name, err)
	}
	return nil
}

// eventLog is where events are kept whole.
type eventLog struct {
	name, arn pulumi.StringOutput
	ready     []pulumi.Resource
}

// eventLog makes the log group of events. EventBridge writes only to groups below /aws/events/ that a resource policy
// opens to it.
func (m *Monitoring) eventLog(ctx *pulumi.Context, args *MonitoringArgs) (*eventLog, error) {
	place, parent := args.Placement, pulumi.Parent(m)
	group, err := cloudwatch.NewLogGroup(ctx, "events", &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/aws/events/" + place.Of(limitGeneral)), RetentionInDays: pulumi.Int(args.LogDays),
		KmsKeyId: args.Keys.Logs.In(place.Primary).Arn.ToStringPtrOutput(),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the log group of events: %w", err)
	}
	document := PolicyFrom([]pulumi.StringInput{group.Name}, func(known []string) []Statement {
		return []Statement{{
			Sid: "Events", Principals: Principals{Services: []string{place.Principal("delivery.logs"), place.Principal("events")}},
			Actions:    []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources:  []string{place.Arn("logs", place.Primary.Name, "log-group:"+known[0]+":*")},
			Conditions: place.FromAccount(),
		}}
	})
	policy, err := cloudwatch.NewLogResourcePolicy(ctx, "events", &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(place.Of(limitGeneral, "events")), PolicyDocument: document,
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the resource policy of the log group of events: %w", err)
	}
	return &eventLog{name: group.Name, arn: group.Arn, ready: []pulumi.Resource{group, policy}}, nil
}

// backupRules tell of backups, copies and restores that did not end well. They go by the role that AWS Backup works
// under, which every job names; jobs of other plans in the account stay out.
func (m *Monitoring) backupRules(args *MonitoringArgs) []eventRule {
	if args.Backup == nil {
		return nil
	}
	place := args.Placement
	ours := []map[string]string{{"prefix": place.Arn("iam", "", "role"+place.RolePath())}}
	jobs := []struct {
		name, detailType, state, what string
		states                        []string
	}{
		{"backup-failed", "Backup Job State Change", "state", "A backup", []string{"ABORTED", "EXPIRED", "FAILED", "PARTIAL"}},
		{"copy-failed", "Copy Job State Change", "state", "A copy to the recovery region", []string{"FAILED", "PARTIAL"}},
		{"restore-failed", "Restore Job State Change", "status", "A restore", []string{"ABORTED", "FAILED"}},
	}
	var rules []eventRule
	for _, job := range jobs {
		rules = append(rules, eventRule{
			name: job.name, description: job.what + " failed", severity: Critical, region: place.Primary,
			pattern: patternFrom(nil, func([]string) eventPattern {
				return eventPattern{Source: []string{"aws.backup"}, DetailType: []string{job.detailType}, Detail: map[string]any{
					job.state: job.states, "iamRoleArn": ours,
				}}
			}),
			paths: map[string]string{"state": "$.detail." + job.state, "type": "$.detail.resourceType", "message": "$.detail.statusMessage", "time": "$.time", "region": "$.region"},
			text: job.what + " of <type> in <region> ended as <state> at <time>: <message>. Look first at the jobs of the vault in AWS Backup; " +
				"the newest good recovery point is what a restore would start from.",
		})
	}
	return rules
}

// deploymentRule tells of deployments that CodeDeploy ended without success.
func deploymentRule(args *MonitoringArgs) eventRule {
	return eventRule{
		name: "deployment-failed", description: "A deployment failed or was stopped", severity: Warning, region: args.Placement.Primary,
		pattern: patternFrom([]pulumi.StringInput{args.Delivery.ApplicationName}, func(known []string) eventPattern {
			return eventPattern{
				Source: []string{"aws.codedeploy"}, DetailType: []string{"CodeDeploy Deployment State-change Notification"},
				Detail: map[string]any{"application": known, "state": []string{"FAILURE", "STOP"}},
			}
		}),
		paths: map[string]string{"deployment": "$.detail.deploymentId", "group": "$.detail.deploymentGroup", "state": "$.detail.state", "time": "$.time"},
		text: "Deployment <deployment> of <group> ended as <state> at <time>. The old version has the traffic unless the rollback failed too. " +
			"Look first at the deployment's events, then at the stopped tasks of the new version.",
	}
}

// healthRule passes on what AWS itself reports about the services in use.
func healthRule(args *MonitoringArgs) eventRule {
	return eventRule{
		name: "aws-health", description: "AWS reports a problem with a service in use", severity: Warning, region: args.Placement.Primary,
		pattern: patternFrom(nil, func([]string) eventPattern {
			return eventPattern{Source: []string{"aws.health"}, DetailType: []string{"AWS Health Event"}, Detail: map[string]any{
				"eventTypeCategory": []string{"issue"},
				"service":           []string{"APIGATEWAY", "BACKUP", "CLOUDFRONT", "DYNAMODB", "EC2", "ECS", "ELASTICLOADBALANCING", "KMS", "LAMBDA", "NATGATEWAY", "RDS", "S3", "SECRETSMANAGER"},
			}}
		}),
		paths: map[string]string{"service": "$.detail.service", "code": "$.detail.eventTypeCode", "region": "$.region", "time": "$.detail.startTime"},
		text:  "AWS reports a problem with <service> in <region> since <time>: <code>. Read the AWS Health Dashboard before changing anything here.",
	}
}

// taskRules tell of tasks that end for another reason than scaling or a deployment, and of services that can't start
// any. The scheduler's own stops count only where the reason is a failed health check. One-off tasks (migrations) end by
// themselves and have no service as their group.
func taskRules(args *MonitoringArgs) []eventRule {
	cluster := []pulumi.StringInput{args.Ecs.ClusterArn}
	return []eventRule{
		{
			name: "task-stopped", description: "A task of a service stopped for another reason than scaling or deployment", severity: Warning, region: args.Placement.Primary,
			pattern: patternFrom(cluster, func(known []string) eventPattern {
				return eventPattern{Source: []string{"aws.ecs"}, DetailType: []string{"ECS Task State Change"}, Detail: map[string]any{
					"clusterArn": known, "lastStatus": []string{"STOPPED"}, "group": []map[string]string{{"prefix": "service:"}},
					"$or": []map[string]any{
						{"stopCode": []string{"EssentialContainerExited", "SpotInterruption", "TaskFailedToStart", "TerminationNotice"}},
						{"stoppedReason": []map[string]string{{"prefix": "Task failed"}}},
					},
				}}
			}),
			paths: map[string]string{"group": "$.detail.group", "code": "$.detail.stopCode", "reason": "$.detail.stoppedReason", "task": "$.detail.taskArn", "time": "$.time"},
			text: "A task of <group> stopped at <time> (<code>): <reason>. Task: <task>. The service starts another one; if this repeats, " +
				"read the last lines of its log group.",
		},
		{
			name: "service-impaired", description: "A service can't start its tasks", severity: Critical, region: args.Placement.Primary,
			pattern: patternFrom(cluster, func(known []string) eventPattern {
				return eventPattern{Source: []string{"aws.ecs"}, DetailType: []string{"ECS Service Action"}, Detail: map[string]any{
					"clusterArn": known, "eventType": []string{"ERROR", "WARN"},
				}}
			}),
			paths: map[string]string{"service": "$.resources[0]", "event": "$.detail.eventName", "reason": "$.detail.reason", "time": "$.time"},
			text:  "<service> reports <event> at <time> (<reason>). Look first at the service's events: they name what is missing (capacity, image, secret).",
		},
	}
}

// keyRules are the alarms on the KMS keys, in every region that has one: somebody asks for a key's deletion, switches it
// off or changes who may use it. A deletion can be taken back within its window, and not after. EventBridge sees calls
// only where the account has a trail; that a key is gone it sees always.
func keyRules(args *MonitoringArgs) []eventRule {
	var rules []eventRule
	for i, region := range args.Placement.Regions() {
		arns := []pulumi.StringInput{args.Keys.Data.In(region).Arn, args.Keys.Logs.In(region).Arn}
		if region == args.Placement.Primary {
			arns = append(arns, args.Keys.SigningArn)
		}
		suffix := []string{"", "-recovery", "-edge"}[i]
		rules = append(rules,
			eventRule{
				name: "key-endangered" + suffix, description: "Somebody asked for a key's deletion, disabled it or changed its policy", severity: Critical, region: region,
				pattern: patternFrom(arns, func(known []string) eventPattern {
					return eventPattern{Source: []string{"aws.kms"}, DetailType: []string{"AWS API Call via CloudTrail"}, Detail: map[string]any{
						"eventSource": []string{"kms.amazonaws.com"},
						"eventName":   []string{"DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"},
						"resources":   map[string]any{"ARN": known},
					}}
				}),
				paths: map[string]string{"event": "$.detail.eventName", "who": "$.detail.userIdentity.arn", "key": "$.detail.resources[0].ARN", "time": "$.time"},
				text: "<who> called <event> on <key> at <time>. If nobody of us meant it: aws kms cancel-key-deletion and enable-key at once, then find out whose session that was. " +
					"Without the key the database, the tables and their backups can't be read.",
			},
			eventRule{
				name: "key-deleted" + suffix, description: "A key was deleted", severity: Critical, region: region,
				pattern: patternFrom(arns, func(known []string) eventPattern {
					return eventPattern{Source: []string{"aws.kms"}, DetailType: []string{"KMS CMK Deletion"}, Detail: map[string]any{"key-id": keyIDs(known)}}
				}),
				paths: map[string]string{"key": "$.detail.key-id", "region": "$.region", "time": "$.time"},
				text:  "The key <key> in <region> is gone since <time>. Nothing encrypted with it can be read again; the other region's replica still can be used.",
			})
	}
	return rules
}

// keyIDs are the ids at the end of keys' ARNs.
func keyIDs(arns []string) []string {
	var ids []string
	for _, arn := range arns {
		ids = append(ids, arn[strings.LastIndexAny(arn, "/:")+1:])
	}
	return ids
}
