package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WafType is the type token of Waf.
const WafType = "itrack:infra:Waf"

// Scopes of web ACLs. CloudFront's live in the edge region, whatever the primary one is.
const (
	wafRegional = "REGIONAL"
	wafEdge     = "CLOUDFRONT"
)

// wafBlockedAlarm is how many blocked requests in five minutes are more than the noise that every public address gets.
// Above it somebody attacks, or a rule blocks what it should not.
const wafBlockedAlarm = 500

// Waf is the web ACLs of both scopes.
type Waf struct {
	pulumi.ResourceState

	// RegionalArn: ACL for the API stage.
	RegionalArn pulumi.StringOutput
	// EdgeArn: ACL for CloudFront; nil where the setting is off.
	EdgeArn pulumi.StringPtrOutput
	// RegionalName: metric dimension.
	RegionalName pulumi.StringOutput
	// HasEdge: whether EdgeArn has a value.
	HasEdge bool
}

// WafArgs are what Waf is made from.
type WafArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: rules.
	Settings WafSettings
	// Stage: the API stage's name. On AWS's own name it stands before the path that the rules look at.
	Stage string
	// Keys: encryption of logs.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
}

// NewWaf makes the web ACLs of both scopes.
func NewWaf(ctx *pulumi.Context, name string, args *WafArgs, opts ...pulumi.ResourceOption) (*Waf, error) {
	component := &Waf{HasEdge: args.Settings.Edge}
	if err := ctx.RegisterComponentResource(WafType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating waf: %w", err)
	}
	regional, err := component.acl(ctx, args, wafRegional, args.Placement.Primary)
	if err != nil {
		return nil, err
	}
	component.RegionalArn = regional.Arn
	component.RegionalName = pulumi.String(args.Placement.wafName(wafRegional)).ToStringOutput()
	outputs := pulumi.Map{
		"regionalArn": component.RegionalArn, "regionalName": component.RegionalName, "hasEdge": pulumi.Bool(component.HasEdge),
	}
	if component.HasEdge {
		edge, err := component.acl(ctx, args, wafEdge, args.Placement.Edge)
		if err != nil {
			return nil, err
		}
		component.EdgeArn = edge.Arn.ToStringPtrOutput()
		outputs["edgeArn"] = component.EdgeArn
	}
	if err := ctx.RegisterResourceOutputs(component, outputs); err != nil {
		return nil, fmt.Errorf("creating waf: %w", err)
	}
	return component, nil
}

// wafLogical is the logical name of everything of a scope: two scopes may share the region us-east-1.
func wafLogical(scope string) string {
	if scope == wafEdge {
		return "waf-edge"
	}
	return "waf-regional"
}

// wafName is the ACL's name and the metric name that CloudWatch's dimension WebACL carries.
func (p *Placement) wafName(scope string) string {
	if scope == wafEdge {
		return p.Of(limitGeneral, "edge")
	}
	return p.Of(limitGeneral, "regional")
}

// acl makes the ACL of one scope with its logs and its alarm.
func (w *Waf) acl(ctx *pulumi.Context, args *WafArgs, scope string, region *Region) (*wafv2.WebAcl, error) {
	logical, physical := wafLogical(scope), args.Placement.wafName(scope)
	acl, err := wafv2.NewWebAcl(ctx, logical, &wafv2.WebAclArgs{
		Name:        pulumi.String(physical),
		Description: pulumi.String(fmt.Sprintf("%s %s: requests from the internet", Project, args.Placement.Environment)),
		Scope:       pulumi.String(scope),
		// What no rule takes goes through: these rules know bad requests, not good ones.
		DefaultAction: &wafv2.WebAclDefaultActionArgs{Allow: &wafv2.WebAclDefaultActionAllowArgs{}},
		Rules:         wafRules(args.Settings, scope, args.Stage),
		VisibilityConfig: &wafv2.WebAclVisibilityConfigArgs{
			CloudwatchMetricsEnabled: pulumi.Bool(true), SampledRequestsEnabled: pulumi.Bool(true), MetricName: pulumi.String(physical),
		},
		AssociationConfig: wafInspection(args.Settings.MaxBodyBytes, scope),
	}, in(w, region)...)
	if err != nil {
		return nil, fmt.Errorf("creating the web ACL %s: %w", physical, err)
	}
	if err := w.logs(ctx, args, logical, scope, region, acl); err != nil {
		return nil, err
	}
	dimensions := pulumi.StringMap{"WebACL": pulumi.String(physical), "Rule": pulumi.String("ALL")}
	if scope == wafRegional {
		// Metrics of ACLs of CloudFront's scope carry no region.
		dimensions["Region"] = pulumi.String(region.Name)
	}
	_, err = newAlarm(ctx, logical+"-blocked", args.Placement.Names, args.Alerts.In(region), AlarmArgs{
		Parts: []string{logical, "blocked"},
		Description: fmt.Sprintf("The web ACL %s blocked more than %d requests in each of three times five minutes. Look first at its log group %s: which rule, from which addresses? "+
			"One rule and our own users: set the rule under itrack:waf.count and deploy.", physical, wafBlockedAlarm, args.Placement.wafLogGroup(scope)),
		Severity:  Warning,
		Namespace: "AWS/WAFV2", Metric: "BlockedRequests", Statistic: "Sum", Dimensions: dimensions,
		Comparison: "GreaterThanThreshold", Threshold: wafBlockedAlarm,
		PeriodSeconds: 300, Periods: 3,
		// The metric has no value where nothing was blocked.
		Missing: MissingIsGood,
	}, in(w, region)...)
	return acl, err
}

// wafLogGroup must begin with aws-waf-logs-, else WAF refuses it.
func (p *Placement) wafLogGroup(scope string) string {
	return "aws-waf-logs-" + p.wafName(scope)
}

// logs makes the log group, lets the log service write into it, and switches logging on. AWS would write the resource
// policy by itself, for all groups of this prefix, and leave it behind when the stack is gone.
func (w *Waf) logs(ctx *pulumi.Context, args *WafArgs, logical, scope string, region *Region, acl *wafv2.WebAcl) error {
	place, options, physical := args.Placement, in(w, region), args.Placement.wafLogGroup(scope)
	group, err := cloudwatch.NewLogGroup(ctx, logical, &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(physical),
		RetentionInDays: pulumi.Int(args.Settings.LogDays),
		KmsKeyId:        args.Keys.Logs.In(region).Arn,
	}, options...)
	if err != nil {
		return fmt.Errorf("creating the log group %s: %w", physical, err)
	}
	document, err := Policy(Statement{
		Sid: "WafLogs", Principals: Principals{Services: []string{place.Principal("delivery.logs")}},
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{place.Arn("logs", region.Name, "log-group:"+physical+":log-stream:*")},
		Conditions: map[string]map[string][]string{
			"StringEquals": {"aws:SourceAccount": {place.Account}},
			"ArnLike":      {"aws:SourceArn": {place.Arn("logs", region.Name, "*")}},
		},
	})
	if err != nil {
		return fmt.Errorf("creating the log policy of %s: %w", physical, err)
	}
	policy, err := cloudwatch.NewLogResourcePolicy(ctx, logical, &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(physical), PolicyDocument: pulumi.String(document),
	}, options...)
	if err != nil {
		return fmt.Errorf("creating the log policy of %s: %w", physical, err)
	}
	redacted := func(header string) *wafv2.WebAclLoggingConfigurationRedactedFieldArgs {
		return &wafv2.WebAclLoggingConfigurationRedactedFieldArgs{
			SingleHeader: &wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs{Name: pulumi.String(header)},
		}
	}
	when := func(action string) *wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs {
		return &wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs{
			ActionCondition: &wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs{Action: pulumi.String(action)},
		}
	}
	if _, err := wafv2.NewWebAclLoggingConfiguration(ctx, logical, &wafv2.WebAclLoggingConfigurationArgs{
		ResourceArn:           acl.Arn,
		LogDestinationConfigs: pulumi.StringArray{group.Arn},
		// Whoever reads these logs must not be able to act as the user: tokens and cookies stay out.
		RedactedFields: wafv2.WebAclLoggingConfigurationRedactedFieldArray{redacted("authorization"), redacted("cookie")},
		// Requests that no rule took stand in the access logs already; a second copy costs more than all rules together.
		LoggingFilter: &wafv2.WebAclLoggingConfigurationLoggingFilterArgs{
			DefaultBehavior: pulumi.String("DROP"),
			Filters: wafv2.WebAclLoggingConfigurationLoggingFilterFilterArray{&wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs{
				Behavior: pulumi.String("KEEP"), Requirement: pulumi.String("MEETS_ANY"),
				Conditions: wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArray{
					when("BLOCK"), when("COUNT"), when("EXCLUDED_AS_COUNT"),
				},
			}},
		},
	}, with(options, pulumi.DependsOn([]pulumi.Resource{policy}))...); err != nil {
		return fmt.Errorf("switching on the logs of web ACL %s: %w", logical, err)
	}
	return nil
}
