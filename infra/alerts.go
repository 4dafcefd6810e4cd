package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/chatbot"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AlertsType is the type token of Alerts.
const AlertsType = "itrack:infra:Alerts"

// Alerts is the topics critical and warning in every region in use, and who subscribes to them.
type Alerts struct {
	pulumi.ResourceState

	// ByRegion: topics by region name.
	ByRegion map[string]Topics
}

// AlertsArgs are what Alerts is made from.
type AlertsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: who is told.
	Settings AlertsSettings
	// Keys: encryption.
	Keys *Keys
}

// NewAlerts makes the topics critical and warning in every region in use, and subscribes to them who is configured.
func NewAlerts(ctx *pulumi.Context, name string, args *AlertsArgs, opts ...pulumi.ResourceOption) (*Alerts, error) {
	component := &Alerts{ByRegion: map[string]Topics{}}
	if err := ctx.RegisterComponentResource(AlertsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the alerts: %w", err)
	}
	outputs := pulumi.Map{}
	for _, region := range args.Placement.Regions() {
		critical, err := newTopic(ctx, component, args, region, Critical)
		if err != nil {
			return nil, err
		}
		warning, err := newTopic(ctx, component, args, region, Warning)
		if err != nil {
			return nil, err
		}
		component.ByRegion[region.Name] = Topics{Critical: critical, Warning: warning}
		outputs[region.Name] = pulumi.StringMap{"critical": critical, "warning": warning}
	}
	if args.Settings.Slack != nil {
		if err := newSlackChannel(ctx, component, args); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"byRegion": outputs}); err != nil {
		return nil, fmt.Errorf("registering the outputs of the alerts: %w", err)
	}
	return component, nil
}

// regional is a logical name that stays short in the primary region and carries the region elsewhere.
func regional(place *Placement, region *Region, name string) string {
	if region == place.Primary {
		return name
	}
	return name + "-" + region.Name
}

func newTopic(ctx *pulumi.Context, component *Alerts, args *AlertsArgs, region *Region, severity Severity) (pulumi.StringOutput, error) {
	place, none := args.Placement, pulumi.StringOutput{}
	logical := regional(place, region, string(severity))
	physical := place.Of(limitGeneral, string(severity))
	topic, err := sns.NewTopic(ctx, logical, &sns.TopicArgs{
		Name:           pulumi.String(physical),
		DisplayName:    pulumi.String(fmt.Sprintf("%s %s %s", Project, place.Environment, severity)),
		KmsMasterKeyId: args.Keys.Logs.In(region).Arn,
		// Version 2 signs with SHA-256; version 1 with SHA-1.
		SignatureVersion: pulumi.Int(2),
	}, in(component, region)...)
	if err != nil {
		return none, fmt.Errorf("creating the topic %s: %w", logical, err)
	}
	policy, err := topicPolicy(place, place.Arn("sns", region.Name, physical))
	if err != nil {
		return none, fmt.Errorf("creating the policy of topic %s: %w", logical, err)
	}
	attached, err := sns.NewTopicPolicy(ctx, logical, &sns.TopicPolicyArgs{Arn: topic.Arn, Policy: pulumi.String(policy)}, in(component, region)...)
	if err != nil {
		return none, fmt.Errorf("creating the policy of topic %s: %w", logical, err)
	}
	if err := subscribe(ctx, component, args, region, severity, logical, topic); err != nil {
		return none, err
	}
	// Who gets the ARN from here publishes only after the policy allows it.
	return pulumi.All(topic.Arn, attached.ID()).ApplyT(func(known []any) string { return known[0].(string) }).(pulumi.StringOutput), nil
}

// topicPolicy lets AWS's services publish for this account, and nobody without TLS.
func topicPolicy(place *Placement, arn string) (string, error) {
	return Policy(
		Statement{
			Sid: "Publishers", Principals: Principals{Services: publishers},
			Actions: []string{"sns:Publish"}, Resources: []string{arn}, Conditions: place.FromAccount(),
		},
		Statement{
			Sid: "TlsOnly", Effect: "Deny", Principals: Principals{Any: true},
			Actions: []string{"sns:Publish"}, Resources: []string{arn},
			Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}},
		},
	)
}

func subscribe(ctx *pulumi.Context, component *Alerts, args *AlertsArgs, region *Region, severity Severity, logical string, topic *sns.Topic) error {
	for i, address := range args.Settings.Emails {
		_, err := sns.NewTopicSubscription(ctx, fmt.Sprintf("%s-email-%d", logical, i), &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(address),
		}, in(component, region)...)
		if err != nil {
			return fmt.Errorf("subscribing %s to topic %s: %w", address, logical, err)
		}
	}
	if args.Settings.PagerDuty == "" || severity != Critical {
		return nil
	}
	_, err := sns.NewTopicSubscription(ctx, logical+"-pagerduty", &sns.TopicSubscriptionArgs{
		Topic: topic.Arn, Protocol: pulumi.String("https"),
		// The URL holds the integration's key: it stays encrypted in state.
		Endpoint:             pulumi.ToSecret(pulumi.String(args.Settings.PagerDuty)).(pulumi.StringOutput),
		EndpointAutoConfirms: pulumi.Bool(true),
		// PagerDuty is called over the internet: retry for an hour before the message is lost.
		DeliveryPolicy: pulumi.String(`{"healthyRetryPolicy":{"backoffFunction":"exponential","maxDelayTarget":300,"minDelayTarget":5,"numRetries":20}}`),
	}, in(component, region)...)
	if err != nil {
		return fmt.Errorf("subscribing PagerDuty to topic %s: %w", logical, err)
	}
	return nil
}

func newSlackChannel(ctx *pulumi.Context, component *Alerts, args *AlertsArgs) error {
	place := args.Placement
	trust, err := TrustServices(place.FromAccount(), "chatbot.amazonaws.com")
	if err != nil {
		return fmt.Errorf("creating the Slack channel: %w", err)
	}
	role, err := newRole(ctx, "slack", place, RoleArgs{
		Parts: []string{"slack"}, Description: "What the Slack channel may look at", Trust: pulumi.String(trust),
		Managed: []string{place.ManagedPolicy("CloudWatchReadOnlyAccess")},
	}, pulumi.Parent(component))
	if err != nil {
		return err
	}
	topics := pulumi.StringArray{}
	for _, region := range place.Regions() {
		topics = append(topics, component.In(region).Critical, component.In(region).Warning)
	}
	_, err = chatbot.NewSlackChannelConfiguration(ctx, "slack", &chatbot.SlackChannelConfigurationArgs{
		ConfigurationName:   pulumi.String(place.Of(limitGeneral, "alerts")),
		IamRoleArn:          role.Arn,
		SlackTeamId:         pulumi.String(args.Settings.Slack.Workspace),
		SlackChannelId:      pulumi.String(args.Settings.Slack.Channel),
		SnsTopicArns:        topics,
		LoggingLevel:        pulumi.String("ERROR"),
		GuardrailPolicyArns: pulumi.StringArray{pulumi.String(place.ManagedPolicy("CloudWatchReadOnlyAccess"))},
	}, pulumi.Parent(component), pulumi.DependsOn(role.Ready))
	if err != nil {
		return fmt.Errorf("creating the Slack channel: %w", err)
	}
	return nil
}
