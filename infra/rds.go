package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RdsType is the type token of Rds.
const RdsType = "itrack:infra:Rds"

const (
	databasePort = 3306
	// databaseAdmin is the master user: not `admin`, which every scanner tries first.
	databaseAdmin = "itrackadmin"
	// databaseCa signs the server's certificate until 2061, and RDS renews that certificate without a restart.
	databaseCa = "rds-ca-rsa2048-g1"
	// databaseInsightsStandard and Advanced are the days of history that each mode of Database Insights requires.
	databaseInsightsStandard = 7
	databaseInsightsAdvanced = 465
)

// Rds is MySQL on RDS with what keeps it safe and watched.
type Rds struct {
	pulumi.ResourceState

	// Identifier: instance identifier.
	Identifier pulumi.StringOutput
	// Arn: instance ARN.
	Arn pulumi.StringOutput
	// ResourceId: db-…, which rds-db:connect names.
	ResourceId pulumi.StringOutput
	// Address: DNS name.
	Address pulumi.StringOutput
	// Port: 3306.
	Port pulumi.IntOutput
	// DatabaseName: first schema.
	DatabaseName string
	// SecurityGroupId: the database's group.
	SecurityGroupId pulumi.StringOutput
	// SubnetGroupName: DB subnet group.
	SubnetGroupName pulumi.StringOutput
	// ParameterGroupName: DB parameter group.
	ParameterGroupName pulumi.StringOutput
	// MasterSecretArn: secret that RDS manages.
	MasterSecretArn pulumi.StringOutput
}

// RdsArgs are what Rds is made from.
type RdsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: size and safety.
	Settings DatabaseSettings
	// Protect: refuse deletion.
	Protect bool
	// Network: isolated subnets.
	Network *Network
	// Keys: encryption; nil means the keys that AWS manages.
	Keys *Keys
	// Alerts: who is told; nil makes no alarm.
	Alerts *Alerts
	// LogDays: retention of exported logs.
	LogDays int
}

// identifier is the instance's name, known before the instance is: log groups and trust policies name it.
func (a *RdsArgs) identifier() string {
	return shorten(Project+separator+a.Placement.Environment, limitDatabase)
}

// NewRds makes MySQL on RDS with what keeps it safe and watched.
func NewRds(ctx *pulumi.Context, name string, args *RdsArgs, opts ...pulumi.ResourceOption) (*Rds, error) {
	component := &Rds{DatabaseName: args.Settings.Name}
	if err := ctx.RegisterComponentResource(RdsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating rds: %w", err)
	}
	parts, err := component.parts(ctx, args)
	if err != nil {
		return nil, err
	}
	instance, err := component.instance(ctx, args, parts)
	if err != nil {
		return nil, err
	}
	component.Identifier, component.Arn, component.ResourceId = instance.Identifier, instance.Arn, instance.ResourceId
	component.Address, component.Port = instance.Address, instance.Port
	component.SecurityGroupId = parts.group.ID().ToStringOutput()
	component.SubnetGroupName, component.ParameterGroupName = parts.subnets.Name, parts.parameters.Name
	// The list is empty in a preview of a new instance: RDS names the secret when it makes it.
	component.MasterSecretArn = instance.MasterUserSecrets.ApplyT(func(secrets []rds.InstanceMasterUserSecret) string {
		if len(secrets) == 0 || secrets[0].SecretArn == nil {
			return ""
		}
		return *secrets[0].SecretArn
	}).(pulumi.StringOutput)
	if args.Settings.ReplicateBackups {
		if err := component.replicateBackups(ctx, args); err != nil {
			return nil, err
		}
	}
	if args.Alerts != nil {
		if err := component.alarms(ctx, args); err != nil {
			return nil, err
		}
		if err := component.events(ctx, args, parts.parameters); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"identifier": component.Identifier, "arn": component.Arn, "resourceId": component.ResourceId,
		"address": component.Address, "port": component.Port, "databaseName": pulumi.String(component.DatabaseName),
		"securityGroupId": component.SecurityGroupId, "subnetGroupName": component.SubnetGroupName,
		"parameterGroupName": component.ParameterGroupName, "masterSecretArn": component.MasterSecretArn,
	}); err != nil {
		return nil, fmt.Errorf("creating rds: %w", err)
	}
	return component, nil
}

// instance makes the database itself.
func (r *Rds) instance(ctx *pulumi.Context, args *RdsArgs, parts *rdsParts) (*rds.Instance, error) {
	s, identifier := args.Settings, args.identifier()
	instance := &rds.InstanceArgs{
		Identifier:    pulumi.String(identifier),
		Engine:        pulumi.String("mysql"),
		EngineVersion: pulumi.String(s.EngineVersion),
		// Minor versions come in the maintenance window. The provider takes "8.4" for every 8.4.x, so that an upgrade by
		// AWS is no difference; with a full version set, the next deployment would ask for a downgrade, which AWS refuses.
		AutoMinorVersionUpgrade: pulumi.Bool(true),
		InstanceClass:           pulumi.String(s.Class),
		DbName:                  pulumi.String(s.Name),
		Port:                    pulumi.Int(databasePort),
		// Storage grows by itself up to the maximum; the provider then ignores the difference to allocatedStorage.
		AllocatedStorage: pulumi.Int(s.StorageGb), MaxAllocatedStorage: pulumi.Int(s.MaxStorageGb),
		StorageType: pulumi.String("gp3"), StorageEncrypted: pulumi.Bool(true),
		// RDS makes, keeps and rotates the password. A password set beside it would be refused, and would stand in the state.
		Username: pulumi.String(databaseAdmin), ManageMasterUserPassword: pulumi.Bool(true),
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		CaCertIdentifier:                 pulumi.String(databaseCa),
		MultiAz:                          pulumi.Bool(s.MultiAz), PubliclyAccessible: pulumi.Bool(false), NetworkType: pulumi.String("IPV4"),
		DbSubnetGroupName: parts.subnets.Name, VpcSecurityGroupIds: pulumi.StringArray{parts.group.ID()},
		ParameterGroupName: parts.parameters.Name, OptionGroupName: parts.options.Name,
		EnabledCloudwatchLogsExports: pulumi.ToStringArray(databaseLogs),
		MonitoringInterval:           pulumi.Int(s.MonitoringSeconds), MonitoringRoleArn: parts.monitoring.Arn,
		BackupRetentionPeriod: pulumi.Int(s.BackupDays), BackupWindow: pulumi.String(s.BackupWindow),
		MaintenanceWindow:  pulumi.String(s.MaintenanceWindow),
		CopyTagsToSnapshot: pulumi.Bool(true),
		DeletionProtection: pulumi.Bool(s.DeletionProtection),
		SkipFinalSnapshot:  pulumi.Bool(!s.FinalSnapshot),
		// Whoever keeps a last snapshot also keeps the automated backups, for point-in-time recovery after a deletion.
		DeleteAutomatedBackups: pulumi.Bool(!s.FinalSnapshot),
		// Said explicitly: without it, what a change does (now, or next Sunday) would hang on the provider's default.
		ApplyImmediately: pulumi.Bool(s.ApplyImmediately),
		Tags:             pulumi.StringMap{BackupTag: pulumi.String(args.Placement.backupTagValue())},
	}
	if s.FinalSnapshot {
		// One stable name: a name with a time or a random part would be a difference in every preview. A second stack of
		// this name has to delete or rename the first one's last snapshot before it can be deleted itself.
		instance.FinalSnapshotIdentifier = pulumi.String(identifier + "-final")
	}
	switch s.Insights {
	case "standard":
		instance.PerformanceInsightsEnabled = pulumi.Bool(true)
		instance.DatabaseInsightsMode = pulumi.String("standard")
		instance.PerformanceInsightsRetentionPeriod = pulumi.Int(databaseInsightsStandard)
	case "advanced":
		instance.PerformanceInsightsEnabled = pulumi.Bool(true)
		instance.DatabaseInsightsMode = pulumi.String("advanced")
		instance.PerformanceInsightsRetentionPeriod = pulumi.Int(databaseInsightsAdvanced)
	default:
		// Small classes have no Performance Insights for MySQL; asking for it fails the creation.
		instance.PerformanceInsightsEnabled = pulumi.Bool(false)
	}
	if args.Keys != nil {
		key := args.Keys.Data.In(args.Placement.Primary).Arn.ToStringPtrOutput()
		instance.KmsKeyId, instance.MasterUserSecretKmsKeyId = key, key
		if s.Insights != "off" {
			instance.PerformanceInsightsKmsKeyId = key
		}
	}
	made, err := rds.NewInstance(ctx, "rds", instance,
		pulumi.Parent(r), pulumi.Protect(args.Protect),
		// The role's rights and the log groups first: RDS refuses a monitoring role that it can't use yet, and makes log
		// groups of its own, without key and retention, where there are none.
		pulumi.DependsOn(append(append([]pulumi.Resource{}, parts.logs...), parts.monitoring.Ready...)))
	if err != nil {
		return nil, fmt.Errorf("creating the database %s: %w", identifier, err)
	}
	return made, nil
}

// replicateBackups copies automated backups and transaction logs to the recovery region, for point-in-time recovery
// there. Every input of it forces a replacement, which starts the copy anew: keep the key and the days stable.
func (r *Rds) replicateBackups(ctx *pulumi.Context, args *RdsArgs) error {
	recovery := args.Placement.Recovery
	// A copy of an encrypted backup needs a key of the region it goes to; RDS names its own there by this alias.
	var key pulumi.StringPtrInput = pulumi.StringPtr(args.Placement.Arn("kms", recovery.Name, "alias/aws/rds"))
	if args.Keys != nil {
		key = args.Keys.Data.In(recovery).Arn.ToStringPtrOutput()
	}
	_, err := rds.NewInstanceAutomatedBackupsReplication(ctx, "rds", &rds.InstanceAutomatedBackupsReplicationArgs{
		SourceDbInstanceArn: r.Arn, KmsKeyId: key, RetentionPeriod: pulumi.Int(args.Settings.BackupDays),
	}, in(r, recovery, pulumi.Protect(args.Protect))...)
	if err != nil {
		return fmt.Errorf("creating the replication of backups to %s: %w", recovery.Name, err)
	}
	return nil
}
