package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// databaseLogs are the logs of MySQL that RDS exports. The general log is exported too, as AWS's standard asks, but
// switched off in the parameter group: it would hold every statement with its values. Whoever needs it for an hour
// switches the parameter on, and the log is where it is looked for.
var databaseLogs = []string{"audit", "error", "general", "slowquery"}

// databaseParameters is what differs from RDS's defaults for MySQL 8.4; all of it takes effect without a restart.
var databaseParameters = []struct{ name, value string }{
	{"general_log", "0"},
	// Deadlocks go to the error log, each with both statements.
	{"innodb_print_all_deadlocks", "1"},
	{"log_output", "FILE"},
	{"long_query_time", "1"},
	// A connection without TLS is refused, the bastion's included.
	{"require_secure_transport", "1"},
	{"slow_query_log", "1"},
}

// databaseAudit are the settings of the audit plugin: who connects, what changes the schema and what changes rights.
// Not the queries themselves, which hold the users' data. rdsadmin is RDS's own user and connects every few seconds.
var databaseAudit = []struct{ name, value string }{
	{"SERVER_AUDIT_EVENTS", "CONNECT,QUERY_DCL,QUERY_DDL"},
	{"SERVER_AUDIT_EXCL_USERS", "rdsadmin"},
	{"SERVER_AUDIT_FILE_ROTATIONS", "10"},
	{"SERVER_AUDIT_FILE_ROTATE_SIZE", "10000000"},
}

// rdsParts is what the instance stands on.
type rdsParts struct {
	group      *ec2.SecurityGroup
	subnets    *rds.SubnetGroup
	parameters *rds.ParameterGroup
	options    *rds.OptionGroup
	monitoring *Role
	logs       []pulumi.Resource
}

func (r *Rds) parts(ctx *pulumi.Context, args *RdsArgs) (*rdsParts, error) {
	parts := &rdsParts{}
	var err error
	// No rule here: each consumer opens its own way with flow, so that the database's file says nothing about them.
	if parts.group, err = newSecurityGroup(ctx, "rds", args.Placement, args.Network.VpcId, "MySQL", pulumi.Parent(r)); err != nil {
		return nil, err
	}
	if parts.subnets, err = rds.NewSubnetGroup(ctx, "rds", &rds.SubnetGroupArgs{
		Name:        pulumi.String(args.identifier()),
		Description: pulumi.String("Isolated subnets of " + args.identifier()),
		SubnetIds:   args.Network.IsolatedSubnetIds,
	}, pulumi.Parent(r)); err != nil {
		return nil, fmt.Errorf("creating the subnet group: %w", err)
	}
	if err := r.groups(ctx, args, parts); err != nil {
		return nil, err
	}
	if err := r.logGroups(ctx, args, parts); err != nil {
		return nil, err
	}
	parts.monitoring, err = r.monitoringRole(ctx, args)
	return parts, err
}

// groups makes the parameter group and the option group.
func (r *Rds) groups(ctx *pulumi.Context, args *RdsArgs, parts *rdsParts) (err error) {
	var parameters rds.ParameterGroupParameterArray
	for _, parameter := range databaseParameters {
		parameters = append(parameters, &rds.ParameterGroupParameterArgs{
			Name: pulumi.String(parameter.name), Value: pulumi.String(parameter.value), ApplyMethod: pulumi.String("immediate"),
		})
	}
	if parts.parameters, err = rds.NewParameterGroup(ctx, "rds", &rds.ParameterGroupArgs{
		Name: pulumi.String(args.identifier()), Family: pulumi.String("mysql8.4"),
		Description: pulumi.String("TLS required, slow queries logged"), Parameters: parameters,
	}, pulumi.Parent(r)); err != nil {
		return fmt.Errorf("creating the parameter group: %w", err)
	}
	var settings rds.OptionGroupOptionOptionSettingArray
	for _, setting := range databaseAudit {
		settings = append(settings, &rds.OptionGroupOptionOptionSettingArgs{
			Name: pulumi.String(setting.name), Value: pulumi.String(setting.value),
		})
	}
	if parts.options, err = rds.NewOptionGroup(ctx, "rds", &rds.OptionGroupArgs{
		Name: pulumi.String(args.identifier()), EngineName: pulumi.String("mysql"), MajorEngineVersion: pulumi.String("8.4"),
		OptionGroupDescription: pulumi.String("Audit log"),
		// AWS's page on the plugin once named 5.7 and 8.0 only and now names no version. Should a region refuse it for
		// 8.4, this resource fails first and says so, before there is an instance.
		Options: rds.OptionGroupOptionArray{&rds.OptionGroupOptionArgs{
			OptionName: pulumi.String("MARIADB_AUDIT_PLUGIN"), OptionSettings: settings,
		}},
		// A snapshot keeps its option group: AWS refuses to delete one that the last snapshot or a kept backup names.
		SkipDestroy: pulumi.Bool(args.Settings.FinalSnapshot),
	}, pulumi.Parent(r)); err != nil {
		return fmt.Errorf("creating the option group: %w", err)
	}
	return nil
}

// logGroups makes the groups that RDS would else make by itself, unencrypted and kept for ever. (The group of enhanced
// monitoring, RDSOSMetrics, is one for all databases of the account and region; it belongs to no stack.)
func (r *Rds) logGroups(ctx *pulumi.Context, args *RdsArgs, parts *rdsParts) error {
	for _, log := range databaseLogs {
		group := &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/rds/instance/" + args.identifier() + "/" + log),
			RetentionInDays: pulumi.Int(args.LogDays),
		}
		if args.Keys != nil {
			group.KmsKeyId = args.Keys.Logs.In(args.Placement.Primary).Arn.ToStringPtrOutput()
		}
		made, err := cloudwatch.NewLogGroup(ctx, "rds-"+log, group, pulumi.Parent(r))
		if err != nil {
			return fmt.Errorf("creating the log group of the database's %s log: %w", log, err)
		}
		parts.logs = append(parts.logs, made)
	}
	return nil
}

// monitoringRole lets enhanced monitoring of this one instance write its figures.
func (r *Rds) monitoringRole(ctx *pulumi.Context, args *RdsArgs) (*Role, error) {
	place := args.Placement
	trust, err := TrustServices(map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {place.Account}},
		"StringLike":   {"aws:SourceArn": {place.Arn("rds", place.Primary.Name, "db:"+args.identifier())}},
	}, place.Principal("monitoring.rds"))
	if err != nil {
		return nil, err
	}
	return newRole(ctx, "rds-monitoring", place, RoleArgs{
		Parts: []string{"rds-monitoring"}, Description: "Enhanced monitoring of " + args.identifier(),
		Trust: pulumi.String(trust), Managed: []string{place.ManagedPolicy("service-role/AmazonRDSEnhancedMonitoringRole")},
	}, pulumi.Parent(r))
}
