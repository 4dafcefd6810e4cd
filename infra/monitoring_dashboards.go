package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// dashboards makes one dashboard per subject and an overview. What their alarms compare with stands as a line in the
// graphs, so that one sees how far away the alarm is.
func (m *Monitoring) dashboards(ctx *pulumi.Context, args *MonitoringArgs, burns []pulumi.StringOutput) error {
	place := args.Placement
	subjects := map[string]*dashboard{
		"overview": overviewBoard(args, append([]pulumi.StringOutput{m.AvailabilityAlarm}, burns...)), "services": servicesBoard(args),
		"database": databaseBoard(args), "functions": functionsBoard(args), "api": apiBoard(args), "cost": costBoard(args),
	}
	if args.Backup != nil {
		subjects["backups"] = backupsBoard(args)
	}
	names := pulumi.StringMap{}
	for _, subject := range sortedKeys(subjects) {
		made, err := subjects[subject].make(ctx, place, subject, pulumi.Parent(m))
		if err != nil {
			return err
		}
		names[subject] = made
	}
	m.Dashboards = names.ToStringMapOutput()
	return nil
}

func newDashboard(args *MonitoringArgs) *dashboard {
	return &dashboard{region: args.Placement.Primary.Name}
}

// overviewBoard is the first look: is the API there for users, and which part hurts.
func overviewBoard(args *MonitoringArgs, alarms []pulumi.StringOutput) *dashboard {
	place, board := args.Placement, newDashboard(args)
	board.heading(fmt.Sprintf("# iTrack %s\nObjective: %s %% of API requests without a server error in 30 days. A red light: start at the service's row in *%s*.",
		place.Environment, plainNumber(args.Settings.Availability), place.Of(limitAlarm, "services")))
	var lights []string
	for _, alarm := range alarms {
		name := board.use(alarm)
		lights = append(lights, fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:%s", place.Partition, place.Primary.Name, place.Account, name))
	}
	board.place("alarm", dashboardWidth, 3, widgetProperties{Title: "Objective", Alarms: lights})
	stage := board.use(args.Api.StageName)
	api := func(name string) []any {
		return metric("AWS/ApiGateway", name, "ApiName", args.Api.Name, "Stage", stage)
	}
	board.graph("Requests", "Sum", 8, api("Count"))
	share := board.graph("Failing requests, percent", "Sum", 8, hidden("requests", api("Count")), hidden("errors", api("5XXError")),
		computed("IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)", "failing"))
	for _, window := range burnWindows {
		share.line("burn "+window.name, burnPercent(args.Settings.Availability, window.rate))
	}
	board.graph("Latency", "p95", 8, api("Latency"), drawn(api("Latency"), metricOptions{Stat: "p50", Label: "p50"}))
	cluster := board.use(args.Ecs.ClusterName)
	var cpu, tasks [][]any
	for _, name := range sortedKeys(args.Ecs.ByName) {
		service := board.use(args.Ecs.ByName[name].Name)
		cpu = append(cpu, metric("AWS/ECS", "CPUUtilization", "ClusterName", cluster, "ServiceName", service))
		tasks = append(tasks, metric("ECS/ContainerInsights", "RunningTaskCount", "ClusterName", cluster, "ServiceName", service))
	}
	board.graph("CPU by service", "Average", 8, cpu...)
	board.graph("Running tasks", "Average", 8, tasks...)
	database := board.use(args.Rds.Identifier)
	board.graph("Database: CPU", "Average", 8, metric("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", database))
	return board
}

// servicesBoard has a row per service: CPU, memory, tasks, requests, errors and latency.
func servicesBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	cluster, balancer := board.use(args.Ecs.ClusterName), board.use(args.Balancer.ArnSuffix)
	for _, name := range sortedKeys(args.Ecs.ByName) {
		service := args.Ecs.ByName[name]
		id := board.use(service.Name)
		of := func(namespace, metricName string) []any {
			return metric(namespace, metricName, "ClusterName", cluster, "ServiceName", id)
		}
		board.heading(fmt.Sprintf("## %s\n%d CPU units, %d MiB, %d to %d tasks. Logs: the query *%s*.",
			name, service.Settings.Cpu, service.Settings.Memory, service.Settings.Min, service.Settings.Max, queryName(args.Placement, "errors-"+name)))
		board.graph("CPU, percent", "Average", 8, of("AWS/ECS", "CPUUtilization"), drawn(of("AWS/ECS", "CPUUtilization"), metricOptions{Stat: "Maximum", Label: "busiest task"})).
			line("scaling aims here", float64(service.Settings.CpuTarget))
		board.graph("Memory, percent", "Average", 8, of("AWS/ECS", "MemoryUtilization"), drawn(of("AWS/ECS", "MemoryUtilization"), metricOptions{Stat: "Maximum", Label: "fullest task"})).
			line("scaling aims here", float64(service.Settings.MemoryTarget))
		board.graph("Tasks", "Average", 8, of("ECS/ContainerInsights", "DesiredTaskCount"), of("ECS/ContainerInsights", "RunningTaskCount"), of("ECS/ContainerInsights", "PendingTaskCount"))
		// After a shift the traffic is in the other group: both are drawn.
		var requests, failures, latency, unhealthy [][]any
		for _, group := range []struct{ colour, suffix string }{{"blue", board.use(service.Blue.ArnSuffix)}, {"green", board.use(service.Green.ArnSuffix)}} {
			target := func(metricName string) []any {
				return drawn(metric("AWS/ApplicationELB", metricName, "LoadBalancer", balancer, "TargetGroup", group.suffix), metricOptions{Label: group.colour})
			}
			requests, failures = append(requests, target("RequestCount")), append(failures, target("HTTPCode_Target_5XX_Count"))
			latency, unhealthy = append(latency, target("TargetResponseTime")), append(unhealthy, target("UnHealthyHostCount"))
		}
		board.graph("Requests", "Sum", 6, requests...)
		board.graph("Server errors", "Sum", 6, failures...)
		board.graph("Response time, p99, seconds", "p99", 6, latency...).line("alarm", float64(service.Settings.LatencyAlarmMillis)/1000)
		board.graph("Unhealthy targets", "Maximum", 6, unhealthy...)
		board.graph("Error lines", "Sum", dashboardWidth, metric(metricNamespace(args.Placement), errorMetric(name))).line("alarm", errorLines)
	}
	return board
}

// databaseBoard is MySQL and the tables.
func databaseBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	database := board.use(args.Rds.Identifier)
	rds := func(name string) []any { return metric("AWS/RDS", name, "DBInstanceIdentifier", database) }
	board.heading("## MySQL\nSlow? Look at Database Insights for the statements, then at connections and free memory here.")
	board.graph("Connections", "Maximum", 8, rds("DatabaseConnections"))
	board.graph("CPU, percent", "Average", 8, rds("CPUUtilization"))
	board.graph("Free storage, bytes", "Minimum", 8, rds("FreeStorageSpace"))
	board.graph("Free memory, bytes", "Minimum", 8, rds("FreeableMemory"), rds("SwapUsage"))
	board.graph("Latency of the disk, seconds", "Average", 8, rds("ReadLatency"), rds("WriteLatency"))
	board.graph("Operations of the disk", "Average", 8, rds("ReadIOPS"), rds("WriteIOPS"), rds("DiskQueueDepth"))
	board.heading("## Items\nThrottled requests mean a hot key: the table has no capacity to run out of.")
	for _, table := range []struct {
		title string
		name  pulumi.StringOutput
	}{{"items", args.Items.ItemsTable}, {"item history", args.Items.HistoryTable}} {
		name := board.use(table.name)
		of := func(metricName string) []any { return metric("AWS/DynamoDB", metricName, "TableName", name) }
		board.graph("Used capacity: "+table.title, "Sum", 12, of("ConsumedReadCapacityUnits"), of("ConsumedWriteCapacityUnits"))
		board.graph("Throttled: "+table.title, "Sum", 12, of("ReadThrottleEvents"), of("WriteThrottleEvents"))
	}
	return board
}

// functionsBoard has a row per function.
func functionsBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	board.heading(fmt.Sprintf("## Functions\nErrors: the query *%s*. Failed events of streams wait in the functions' queues.", queryName(args.Placement, "functions-errors")))
	for _, name := range sortedKeys(args.Functions.ByName) {
		function := args.Functions.ByName[name]
		id := board.use(function.Name)
		of := func(metricName string) []any { return metric("AWS/Lambda", metricName, "FunctionName", id) }
		width := 8
		if function.Settings.Stream != "" {
			width = 6
		}
		board.graph(name+": invocations", "Sum", width, of("Invocations"), of("ConcurrentExecutions"))
		board.graph(name+": errors", "Sum", width, of("Errors"), of("Throttles"))
		board.graph(name+": duration, ms", "p99", width, of("Duration"), drawn(of("Duration"), metricOptions{Stat: "Average", Label: "average"})).
			line("timeout", float64(function.Settings.Timeout)*1000)
		if function.Settings.Stream != "" {
			board.graph(name+": age of the oldest record, ms", "Maximum", width, of("IteratorAge"))
		}
	}
	return board
}

// apiBoard is the way in: API, firewall and distribution.
func apiBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	stage := board.use(args.Api.StageName)
	api := func(name string) []any {
		return metric("AWS/ApiGateway", name, "ApiName", args.Api.Name, "Stage", stage)
	}
	board.heading(fmt.Sprintf("## API\nSlow or failing? The queries *%s* and *%s* say which path.", queryName(args.Placement, "api-slowest"), queryName(args.Placement, "api-failures")))
	board.graph("Requests", "Sum", 8, api("Count"))
	board.graph("Latency, ms", "p95", 8, api("Latency"), api("IntegrationLatency"))
	board.graph("Errors", "Sum", 8, api("4XXError"), api("5XXError"))
	board.graph("Server errors in the access log", "Sum", dashboardWidth, metric(metricNamespace(args.Placement), metricApiFailures))
	board.heading("## Firewall\nGood requests blocked? Count mode is a setting per rule; the log names the rule.")
	acl := board.use(args.Waf.RegionalName)
	firewall := func(name string) []any {
		return metric("AWS/WAFV2", name, "WebACL", acl, "Region", args.Placement.Primary.Name, "Rule", "ALL")
	}
	board.graph("Requests", "Sum", dashboardWidth, firewall("AllowedRequests"), firewall("BlockedRequests"), firewall("CountedRequests"))
	board.heading("## Site\nCloudFront's figures live in " + args.Placement.Edge.Name + ".")
	board.region = args.Placement.Edge.Name
	distribution := board.use(args.Frontend.DistributionId)
	site := func(name string) []any {
		return metric("AWS/CloudFront", name, "Region", "Global", "DistributionId", distribution)
	}
	board.graph("Requests", "Sum", 12, site("Requests"))
	board.graph("Errors, percent", "Average", 12, site("4xxErrorRate"), site("5xxErrorRate"))
	return board
}

// backupsBoard is what AWS Backup did.
func backupsBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	vault := board.use(args.Backup.VaultName)
	jobs := func(name string) []any { return metric("AWS/Backup", name, "BackupVaultName", vault) }
	board.heading("## Backups\nNothing completed for a day is as bad as a failure. Restore tests run by schedule; their results stand in AWS Backup.")
	board.graph("Backup jobs", "Sum", 8, jobs("NumberOfBackupJobsCompleted"), jobs("NumberOfBackupJobsFailed"), jobs("NumberOfBackupJobsExpired"))
	board.graph("Copy jobs", "Sum", 8, jobs("NumberOfCopyJobsCompleted"), jobs("NumberOfCopyJobsFailed"))
	board.graph("Restore jobs", "Sum", 8, metric("AWS/Backup", "NumberOfRestoreJobsCompleted"), metric("AWS/Backup", "NumberOfRestoreJobsFailed"))
	for i := range board.widgets {
		if board.widgets[i].Type == "metric" {
			// Jobs run once a day.
			board.widgets[i].Properties.Period = 24 * 60 * 60
		}
	}
	return board
}

// costBoard is the bill, and the figures that drive it. AWS publishes charges in us-east-1 alone, some times a day, and
// only where the account's billing preferences ask for it.
func costBoard(args *MonitoringArgs) *dashboard {
	board := newDashboard(args)
	board.region = EdgeRegion
	board.heading("## Cost\nCharges of the whole account since the month began; the budget of this environment goes by its tag. NAT traffic is the usual surprise.")
	charge := func(service string) []any {
		return metric("AWS/Billing", "EstimatedCharges", "Currency", "USD", "ServiceName", service)
	}
	total := board.graph("Estimated charges, USD", "Maximum", 12, metric("AWS/Billing", "EstimatedCharges", "Currency", "USD"))
	services := board.graph("By service, USD", "Maximum", 12, charge("AmazonECS"), charge("AmazonRDS"), charge("AmazonEC2"), charge("AmazonVPC"), charge("AmazonCloudWatch"),
		charge("AmazonDynamoDB"), charge("AmazonS3"), charge("AWSBackup"), charge("awswaf"), charge("AmazonApiGateway"))
	total.Period, services.Period = 6*60*60, 6*60*60
	board.region = args.Placement.Primary.Name
	board.graph("NAT: bytes out by gateway", "Sum", 12, computed(`SEARCH('{AWS/NATGateway,NatGatewayId} MetricName="BytesOutToDestination"', 'Sum', 3600)`, "NAT"))
	cluster := board.use(args.Ecs.ClusterName)
	var tasks [][]any
	for _, name := range sortedKeys(args.Ecs.ByName) {
		tasks = append(tasks, metric("ECS/ContainerInsights", "RunningTaskCount", "ClusterName", cluster, "ServiceName", board.use(args.Ecs.ByName[name].Name)))
	}
	board.graph("Running tasks", "Average", 12, tasks...)
	return board
}
