package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/costexplorer"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountType is the type token of Account.
const AccountType = "itrack:infra:Account"

// settingMake is the value of an account setting that has this stack make the thing.
const settingMake = "make"

// githubIssuer is the host of GitHub's OIDC provider: its URL, and the prefix of its condition keys.
const githubIssuer = "token.actions.githubusercontent.com"

// stsAudience is the audience of tokens that are meant for AWS.
const stsAudience = "sts.amazonaws.com"

// Account is what exists once per account or region and may be shared by two stacks: the first makes each thing, the
// second takes it over by a setting. Names here carry no environment where AWS or the sharing asks for that.
type Account struct {
	pulumi.ResourceState

	// ApiGatewayRole: what a stage with logs depends on; nil where another stack made it.
	ApiGatewayRole pulumi.Resource
	// GithubProviderArn: ARN of the OIDC provider.
	GithubProviderArn pulumi.StringOutput
	// AnomalyMonitorArn: ARN of the anomaly monitor; empty where it is neither made nor named.
	AnomalyMonitorArn pulumi.StringOutput
	// SessionDocument: name of the session document.
	SessionDocument pulumi.StringOutput
	// SessionLogGroup: name of the log group of sessions.
	SessionLogGroup pulumi.StringOutput
	// SessionKeyArn: ARN of the key that sessions are encrypted with; empty where another stack made the document.
	SessionKeyArn pulumi.StringOutput
	// OwnsSessionDocument: whether SessionKeyArn has a value.
	OwnsSessionDocument bool
}

// AccountArgs are what Account is made from.
type AccountArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: make or use.
	Settings AccountSettings
	// Keys: encryption of session logs.
	Keys *Keys
	// LogDays: retention of session logs.
	LogDays int
	// CostTagKeys: tags to activate.
	CostTagKeys []string
}

// NewAccount makes what exists once per account or region.
func NewAccount(ctx *pulumi.Context, name string, args *AccountArgs, opts ...pulumi.ResourceOption) (*Account, error) {
	component := &Account{}
	if err := ctx.RegisterComponentResource(AccountType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the account's shared things: %w", err)
	}
	for _, step := range []func(*pulumi.Context, *AccountArgs) error{
		component.apiGateway, component.githubProvider, component.registry, component.backupRegions, component.sessions, component.costs,
	} {
		if err := step(ctx, args); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"githubProviderArn": component.GithubProviderArn, "anomalyMonitorArn": component.AnomalyMonitorArn,
		"sessionDocument": component.SessionDocument, "sessionLogGroup": component.SessionLogGroup, "sessionKeyArn": component.SessionKeyArn,
	}); err != nil {
		return nil, fmt.Errorf("creating the account's shared things: %w", err)
	}
	return component, nil
}

// apiGateway gives API Gateway the role under which it writes logs: one per account and region.
func (a *Account) apiGateway(ctx *pulumi.Context, args *AccountArgs) error {
	if args.Settings.ApiGatewayRole != settingMake {
		return nil
	}
	parent := pulumi.Parent(a)
	// API Gateway sends no source condition when it takes this role, so that the trust names the service alone.
	trust, err := TrustServices(nil, args.Placement.Principal("apigateway"))
	if err != nil {
		return fmt.Errorf("creating API Gateway's CloudWatch role: %w", err)
	}
	role, err := newRole(ctx, "api-gateway-logs", args.Placement, RoleArgs{
		Parts: []string{"api-gateway-logs"}, Description: "API Gateway writes its logs to CloudWatch", Trust: pulumi.String(trust),
		Managed: []string{args.Placement.ManagedPolicy("service-role/AmazonAPIGatewayPushToCloudWatchLogs")},
	}, parent)
	if err != nil {
		return err
	}
	account, err := apigateway.NewAccount(ctx, "api-gateway", &apigateway.AccountArgs{
		CloudwatchRoleArn: role.Arn,
		// Without this the region would keep naming a role that is gone, and the next stage with logs would be refused.
		ResetOnDelete: pulumi.Bool(true),
	}, parent, pulumi.DependsOn(role.Ready))
	if err != nil {
		return fmt.Errorf("creating API Gateway's account settings: %w", err)
	}
	a.ApiGatewayRole = account
	return nil
}

// githubProvider makes GitHub known as an identity provider. Its ARN follows from the account, so that the stack which
// uses another's knows it too.
func (a *Account) githubProvider(ctx *pulumi.Context, args *AccountArgs) error {
	a.GithubProviderArn = pulumi.String(args.Placement.Arn("iam", "", "oidc-provider/"+githubIssuer)).ToStringOutput()
	if args.Settings.GithubProvider != settingMake {
		return nil
	}
	// No thumbprints: AWS trusts GitHub's certificate by its own list of authorities and ignores them.
	provider, err := iam.NewOpenIdConnectProvider(ctx, "github", &iam.OpenIdConnectProviderArgs{
		Url:           pulumi.String("https://" + githubIssuer),
		ClientIdLists: pulumi.StringArray{pulumi.String(stsAudience)},
	}, pulumi.Parent(a))
	if err != nil {
		return fmt.Errorf("creating GitHub's identity provider: %w", err)
	}
	a.GithubProviderArn = provider.Arn
	return nil
}

// backupTypes are AWS Backup's resource types of a region. The map is always whole, because AWS returns all of them
// and a part of the map would be a difference at every refresh. Only RDS and DynamoDB matter here; for the others
// stands what AWS has in a fresh account, so that other plans of the account go on as they were.
var backupTypes = pulumi.BoolMap{
	"Aurora": pulumi.Bool(true), "CloudFormation": pulumi.Bool(true), "DSQL": pulumi.Bool(true), "DocumentDB": pulumi.Bool(true),
	"DynamoDB": pulumi.Bool(true), "EBS": pulumi.Bool(true), "EC2": pulumi.Bool(true), "EFS": pulumi.Bool(true), "FSx": pulumi.Bool(true),
	"Neptune": pulumi.Bool(true), "RDS": pulumi.Bool(true), "Redshift": pulumi.Bool(true), "Redshift Serverless": pulumi.Bool(true),
	"S3": pulumi.Bool(true), "SAP HANA on Amazon EC2": pulumi.Bool(true), "Storage Gateway": pulumi.Bool(true), "Timestream": pulumi.Bool(true),
	"VirtualMachine": pulumi.Bool(true),
}

// backupManaged are the types whose backups AWS Backup manages whole: without it copies of a DynamoDB table into another
// region, and encryption with the vault's key instead of the table's, are not to be had.
var backupManaged = pulumi.BoolMap{
	"CloudFormation": pulumi.Bool(true), "DSQL": pulumi.Bool(true), "DynamoDB": pulumi.Bool(true), "EFS": pulumi.Bool(true),
}

// backupRegions opts the regions of vaults in to AWS Backup: a plan whose type is not opted in does nothing, silently.
func (a *Account) backupRegions(ctx *pulumi.Context, args *AccountArgs) error {
	if args.Settings.BackupRegion != settingMake {
		return nil
	}
	for role, region := range map[string]*Region{"primary": args.Placement.Primary, "recovery": args.Placement.Recovery} {
		_, err := backup.NewRegionSettings(ctx, "backup-"+role, &backup.RegionSettingsArgs{
			ResourceTypeOptInPreference: backupTypes, ResourceTypeManagementPreference: backupManaged,
		}, in(a, region)...)
		if err != nil {
			return fmt.Errorf("creating AWS Backup's settings of %s: %w", region.Name, err)
		}
	}
	return nil
}

// costs makes the account's anomaly monitor (AWS allows one by service) and activates cost-allocation tags.
func (a *Account) costs(ctx *pulumi.Context, args *AccountArgs) error {
	parent := pulumi.Parent(a)
	a.AnomalyMonitorArn = pulumi.String(args.Settings.AnomalyMonitorArn).ToStringOutput()
	if args.Settings.AnomalyMonitor == settingMake {
		monitor, err := costexplorer.NewAnomalyMonitor(ctx, "anomalies", &costexplorer.AnomalyMonitorArgs{
			Name:             pulumi.String(args.Placement.Of(limitGeneral, "services")),
			MonitorType:      pulumi.String("DIMENSIONAL"),
			MonitorDimension: pulumi.String("SERVICE"),
		}, parent)
		if err != nil {
			return fmt.Errorf("creating the cost anomaly monitor (AWS allows one by service in an account; set itrack:account.anomalyMonitor to use where it exists): %w", err)
		}
		a.AnomalyMonitorArn = monitor.Arn
	}
	if !args.Settings.CostTags {
		return nil
	}
	for _, key := range args.CostTagKeys {
		if _, err := costexplorer.NewCostAllocationTag(ctx, "cost-tag-"+key, &costexplorer.CostAllocationTagArgs{
			TagKey: pulumi.String(key), Status: pulumi.String("Active"),
		}, parent); err != nil {
			return fmt.Errorf("creating the cost-allocation tag %s (AWS takes it only in the payer account, a day after the tag first appears): %w", key, err)
		}
	}
	return nil
}
