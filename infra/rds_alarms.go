package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	rdsNamespace = "AWS/RDS"
	gibibyte     = 1 << 30
	// lowStorageShare is the share of the first allocation below which storage is short. RDS grows storage when less
	// than a tenth is free, so this goes off only when growing does not help: at the maximum, or in the six hours after
	// the last step.
	lowStorageShare = 0.1
	// lowMemoryShare of the class's memory: MySQL's buffer pool takes three quarters by default, so little is normal.
	lowMemoryShare = 0.05
	// slowWriteSeconds: a write waits for the standby in the other zone; normal is a few milliseconds.
	slowWriteSeconds = 0.1
	busyPercent      = 80
	saturatedPercent = 95
)

// alarms watch the instance: CPU, connections, storage, memory and the standby.
func (r *Rds) alarms(ctx *pulumi.Context, args *RdsArgs) error {
	s, identifier := args.Settings, args.identifier()
	alarms := []AlarmArgs{
		{
			Parts: []string{"rds", "cpu"}, Severity: Warning, Metric: "CPUUtilization", Comparison: "GreaterThanThreshold",
			Threshold: busyPercent, PeriodSeconds: 300, Periods: 3,
			Description: identifier + " uses more than 80% of its CPU. First: look at the top statements in Database Insights or the slow query log.",
		},
		{
			Parts: []string{"rds", "cpu-critical"}, Severity: Critical, Metric: "CPUUtilization", Comparison: "GreaterThanThreshold",
			Threshold: saturatedPercent, PeriodSeconds: 60, Periods: 10,
			Description: identifier + " has had no CPU left for ten minutes. First: find the statement (SHOW PROCESSLIST through the bastion) and kill it, or raise the class.",
		},
		{
			Parts: []string{"rds", "connections"}, Severity: Warning, Metric: "DatabaseConnections", Comparison: "GreaterThanThreshold",
			Threshold: float64(s.MaxConnectionsAlarm), PeriodSeconds: 60, Periods: 5,
			Description: identifier + " has more connections than itrack:database.maxConnectionsAlarm. First: see which service grew (tasks times pool size) and whether transactions hang.",
		},
		{
			Parts: []string{"rds", "storage"}, Severity: Critical, Metric: "FreeStorageSpace", Comparison: "LessThanThreshold",
			Threshold: lowStorageShare * float64(s.StorageGb) * gibibyte, PeriodSeconds: 300, Periods: 6,
			Description: identifier + " has little storage left and does not grow: at itrack:database.maxStorageGb, or grown within six hours. First: raise maxStorageGb and deploy; a full disk stops the database.",
		},
		{
			Parts: []string{"rds", "memory"}, Severity: Warning, Metric: "FreeableMemory", Comparison: "LessThanThreshold",
			Threshold: lowMemoryShare * classMemoryGiB(s.Class) * gibibyte, PeriodSeconds: 300, Periods: 3,
			Description: identifier + " is short of memory and will swap. First: look at connections (each takes memory); then raise the class.",
		},
	}
	if s.MultiAz {
		// RDS shows no figure of its own for the standby. It is written to synchronously, so a replication that limps shows
		// as slow writes; its loss shows in the failover and failure events below.
		alarms = append(alarms, AlarmArgs{
			Parts: []string{"rds", "replication"}, Severity: Warning, Metric: "WriteLatency", Comparison: "GreaterThanThreshold",
			Threshold: slowWriteSeconds, PeriodSeconds: 60, Periods: 15, Breaching: 10,
			Description: identifier + " writes slowly: each write waits for the standby in the other zone. First: look at the instance's events and AWS Health, then at write IOPS against what gp3 gives.",
		})
	}
	for _, alarm := range alarms {
		alarm.Namespace, alarm.Statistic = rdsNamespace, "Average"
		alarm.Dimensions = pulumi.StringMap{"DBInstanceIdentifier": r.Identifier}
		// An instance that is stopped or restarts sends nothing; its events tell.
		alarm.Missing = MissingIsIgnored
		logical := strings.Join(alarm.Parts, separator)
		if _, err := newAlarm(ctx, logical, args.Placement.Names, args.Alerts.In(args.Placement.Primary), alarm, pulumi.Parent(r)); err != nil {
			return err
		}
	}
	return nil
}

// classMemoryGiB is the memory of an instance class, 1 where the class is not known: the alarm then goes off late
// rather than always. Source: "Hardware specifications for DB instance classes" (RDS user guide).
func classMemoryGiB(class string) float64 {
	parts := strings.Split(class, ".")
	if len(parts) != 3 || parts[1] == "" {
		return 1
	}
	small := map[string]float64{"micro": 1, "small": 2, "medium": 4}
	if memory, ok := small[parts[2]]; ok && parts[1][0] == 't' {
		return memory
	}
	large, ok := map[byte]float64{'t': 8, 'm': 8, 'r': 16, 'x': 32}[parts[1][0]]
	if !ok {
		return 1
	}
	switch size := parts[2]; size {
	case "large":
		return large
	case "xlarge":
		return 2 * large
	default:
		var times float64
		if _, err := fmt.Sscanf(size, "%fxlarge", &times); err != nil || times < 1 {
			return 1
		}
		return 2 * large * times
	}
}

// databaseEvents are the events that are told, by what they are about. The categories that AWS's standard asks for are
// among them: configuration change, failure and maintenance of instances, configuration change of parameter groups,
// configuration change and failure of security groups. The category backup is left out: it tells of every night.
var databaseEvents = []struct {
	logical, source string
	categories      []string
}{
	{"instance", "db-instance", []string{
		"availability", "configuration change", "deletion", "failover", "failure", "low storage", "maintenance", "read replica", "recovery",
	}},
	{"parameters", "db-parameter-group", []string{"configuration change"}},
	{"security", "db-security-group", []string{"configuration change", "failure"}},
}

// events subscribes the warning topic to RDS's events.
func (r *Rds) events(ctx *pulumi.Context, args *RdsArgs, parameters *rds.ParameterGroup) error {
	for _, about := range databaseEvents {
		subscription := &rds.EventSubscriptionArgs{
			Name:            pulumi.String(args.Placement.Of(limitGeneral, "rds", about.logical)),
			SnsTopic:        args.Alerts.In(args.Placement.Primary).Warning,
			SourceType:      pulumi.String(about.source),
			EventCategories: pulumi.ToStringArray(about.categories),
			Enabled:         pulumi.Bool(true),
		}
		// Ours only, so that two stacks in one account do not tell of each other's. There is nothing to name for security
		// groups: they are of the kind that only databases outside a VPC have.
		switch about.source {
		case "db-instance":
			subscription.SourceIds = pulumi.StringArray{r.Identifier}
		case "db-parameter-group":
			subscription.SourceIds = pulumi.StringArray{parameters.Name}
		}
		if _, err := rds.NewEventSubscription(ctx, "rds-"+about.logical, subscription, pulumi.Parent(r)); err != nil {
			return fmt.Errorf("creating the event subscription of RDS for %s: %w", about.source, err)
		}
	}
	if !args.Settings.ReplicateBackups {
		return nil
	}
	// RDS has no metric of the replication of backups; what goes wrong with it is an event of the region that receives.
	// There is no instance there to name. How far the copy reaches is answered by
	// `aws rds describe-db-instance-automated-backups` in that region (RestoreWindow.LatestTime).
	if _, err := rds.NewEventSubscription(ctx, "rds-replication", &rds.EventSubscriptionArgs{
		Name:            pulumi.String(args.Placement.Of(limitGeneral, "rds", "replication")),
		SnsTopic:        args.Alerts.In(args.Placement.Recovery).Warning,
		SourceType:      pulumi.String("db-instance"),
		EventCategories: pulumi.ToStringArray([]string{"configuration change", "deletion", "failure", "notification"}),
		Enabled:         pulumi.Bool(true),
	}, in(r, args.Placement.Recovery)...); err != nil {
		return fmt.Errorf("creating the event subscription for replicated backups: %w", err)
	}
	return nil
}
