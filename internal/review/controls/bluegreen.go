package controls

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenDeployments = "aws:codedeploy/deploymentGroup:DeploymentGroup"
	tokenTargets     = "aws:lb/targetGroup:TargetGroup"

	noShift = "the stack declares no ECS service that CodeDeploy deploys"
)

// bluegreen is AWS's list of practices for ECS blue/green deployments, in its order. AWS publishes no severity for them.
func bluegreen() []review.Control {
	const r = review.Reliability
	point := func(number int, title string, check func(*review.Model, shift) review.Answer) review.Control {
		return review.Control{
			ID: fmt.Sprintf("BlueGreen.%d", number), Title: title, Severity: review.Medium, Pillars: []review.Pillar{r, review.Operations},
			Source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html", Absent: noShift, Check: eachShift(check),
		}
	}
	tried := point(7, "Rollback is tested before production", nil)
	tried.Check = nil
	tried.Decide = "aws deploy list-deployments --application-name APPLICATION --deployment-group-name GROUP --include-only-statuses Failed Stopped; " +
		"aws deploy get-deployment --deployment-id ID --query deploymentInfo.rollbackInfo"
	return []review.Control{
		point(1, "Health checks reflect the application's health", healthChecks),
		point(2, "The bake time is long enough to see that the new version fails", bakeTime),
		point(3, "Alarms find issues and roll back", rollbackAlarms),
		point(4, "Hooks test each stage of a deployment", stageTests),
		point(5, "The application can run in both versions at once", bothVersions),
		point(6, "There is capacity for both versions", bothFit),
		tried,
	}
}

// shift is a service that CodeDeploy deploys, and its deployment group; the group is nil where the stack declares none.
type shift struct {
	service, group *review.Resource
	targets        []*review.Resource
}

// shifts are the services with CodeDeploy as their controller.
func shifts(m *review.Model) []shift {
	var out []shift
	for _, service := range m.All(tokenService) {
		if service.Str("deploymentController.type") != "CODE_DEPLOY" {
			continue
		}
		one := shift{service: service}
		for _, group := range m.All(tokenDeployments) {
			cluster := m.Find(tokenCluster, group.Str("ecsService.clusterName"))
			if cluster != nil && cluster == m.Find(tokenCluster, service.Str("cluster")) && group.Str("ecsService.serviceName") == service.Str("name") {
				one.group = group
				one.targets = found(m, tokenTargets, group.Strs("loadBalancerInfo.targetGroupPairInfo.targetGroups.name"))
			}
		}
		out = append(out, one)
	}
	return out
}

func eachShift(check func(*review.Model, shift) review.Answer) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, one := range shifts(m) {
			if one.group == nil {
				out = append(out, review.Fail(one.service, "no deployment group of the stack deploys it", "declare its CodeDeploy deployment group"))
				continue
			}
			out = append(out, check(m, one))
		}
		return out
	}
}

// healthChecks wants both target groups to ask a path of the application's own: / answers in many a broken application.
func healthChecks(_ *review.Model, s shift) review.Answer {
	const fix = "give both target groups a health check of the application's health path that takes 200 alone"
	for _, target := range s.targets {
		check := target.Maps("healthCheck")
		if len(check) != 1 || !check[0].Bool("enabled") {
			return review.Fail(s.service, "the target group "+target.Name+" has no health check", fix)
		}
		path, matcher := check[0].Str("path"), check[0].Str("matcher")
		if path == "" || path == "/" || matcher != "200" && matcher != "" {
			return review.Fail(s.service, fmt.Sprintf("the health check of %s asks %q and takes %s", target.Name, path, matcher), fix)
		}
	}
	return review.When(len(s.targets) == 2, s.service, "both target groups ask the application's health path",
		fmt.Sprintf("the stack declares %d of its two target groups", len(s.targets)), fix)
}

// bakeTime wants the old version to stay until the slowest rollback alarm can have gone off: after that nothing rolls back.
func bakeTime(m *review.Model, s shift) review.Answer {
	const old = "blueGreenDeploymentConfig.terminateBlueInstancesOnDeploymentSuccess."
	if s.group.Str(old+"action") == "KEEP_ALIVE" {
		return review.Pass(s.service, "the old version is kept")
	}
	minutes, need := s.group.Num(old+"terminationWaitTimeInMinutes"), 0.0
	for _, alarm := range alarmsOf(m, s.group) {
		need = max(need, minutesToFire(alarm))
	}
	return review.When(minutes >= need && minutes > 0, s.service, fmt.Sprintf("the old version stays for %v minutes, and the slowest rollback alarm needs %v",
		minutes, need),
		fmt.Sprintf("the old version stays for %v minutes, and the slowest rollback alarm needs %v", minutes, need), "raise itrack:delivery.keepOldMinutes")
}

// alarmsOf are the alarms of the stack that a deployment group watches.
func alarmsOf(m *review.Model, group *review.Resource) []*review.Resource {
	names := group.Strs("alarmConfiguration.alarms")
	return slices.Concat(found(m, "aws:cloudwatch/metricAlarm:MetricAlarm", names), found(m, "aws:cloudwatch/compositeAlarm:CompositeAlarm", names))
}

// minutesToFire is how long a metric alarm must see a fault before it goes off.
func minutesToFire(alarm *review.Resource) float64 {
	period := alarm.Num("period")
	for _, query := range alarm.Maps("metricQueries") {
		period = max(period, query.Num("metric.period"), query.Num("period"))
	}
	periods := alarm.Num("evaluationPeriods")
	if points := alarm.Num("datapointsToAlarm"); points > 0 {
		periods = points
	}
	return period * periods / 60
}

// rollbackAlarms wants alarms of the stack that watch both target groups, and a group that rolls back on them: after a shift the
// traffic is in the other target group than before.
func rollbackAlarms(m *review.Model, s shift) review.Answer {
	const fix = "set alarmConfiguration and autoRollbackConfiguration of the deployment group, with alarms on both target groups"
	group := s.group
	if !group.Bool("alarmConfiguration.enabled") || group.Bool("alarmConfiguration.ignorePollAlarmFailure") {
		return review.Fail(s.service, "its deployments do not watch alarms", fix)
	}
	events := group.Strs("autoRollbackConfiguration.events")
	if !group.Bool("autoRollbackConfiguration.enabled") || !slices.Contains(events, "DEPLOYMENT_STOP_ON_ALARM") || !slices.Contains(events, "DEPLOYMENT_FAILURE") {
		return review.Fail(s.service, "its deployments do not roll back on alarms and failures", fix)
	}
	alarms := alarmsOf(m, group)
	if named := group.Strs("alarmConfiguration.alarms"); len(alarms) < len(named) || len(named) == 0 {
		return review.Fail(s.service, fmt.Sprintf("its deployments watch %d alarms, and the stack declares %d of them", len(named), len(alarms)), fix)
	}
	for _, target := range s.targets {
		if !slices.ContainsFunc(alarms, func(alarm *review.Resource) bool { return watches(alarm, target.Str("arnSuffix")) }) {
			return review.Fail(s.service, "none of its rollback alarms watches the target group "+target.Name, fix)
		}
	}
	return review.Pass(s.service, fmt.Sprintf("%d alarms roll back, and they watch both target groups", len(alarms)))
}

// watches tells whether an alarm has a target group among its dimensions.
func watches(alarm *review.Resource, targets string) bool {
	values := append(alarm.Strs("dimensions.TargetGroup"), alarm.Strs("metricQueries.metric.dimensions.TargetGroup")...)
	return targets != "" && slices.Contains(values, targets)
}

// stageTests wants a listener for test traffic that leads to the service, and a function that CodeDeploy's role may call and
// that may answer. Which stage calls it stands in the deployment, which is not declared.
func stageTests(m *review.Model, s shift) review.Answer {
	tests := found(m, tokenListener, s.group.Strs("loadBalancerInfo.targetGroupPairInfo.testTrafficRoute.listenerArns"))
	if len(tests) == 0 {
		return review.Fail(s.service, "its deployments have no listener for test traffic", "set testTrafficRoute of the deployment group")
	}
	if !slices.ContainsFunc(tests, func(listener *review.Resource) bool { return leadsTo(m, listener, s.targets) }) {
		return review.Fail(s.service, "the listener "+tests[0].Name+" for test traffic leads to none of its target groups",
			"add a rule to the listener that forwards to the service")
	}
	role := m.Find(tokenRole, s.group.Str("serviceRoleArn"))
	if role == nil {
		return review.Fail(s.service, "the role of its deployments is not declared here", "declare the deployment group's role in the stack")
	}
	for _, function := range m.All(tokenFunction) {
		own := m.Find(tokenRole, function.Str("role"))
		if own != nil && may(m, role, "lambda:InvokeFunction", function.Str("arn")) && may(m, own, "codedeploy:PutLifecycleEventHookExecutionStatus", "") {
			return review.Pass(s.service, "the function "+function.Name+" tests the new version on the listener "+tests[0].Name)
		}
	}
	return review.Fail(s.service, "no function may be called by its deployments and answer them", "add a function with hook: deployment to itrack:functions")
}

// leadsTo tells whether a listener forwards to one of the target groups, by itself or by a rule.
func leadsTo(m *review.Model, listener *review.Resource, targets []*review.Resource) bool {
	arns := listener.Strs("defaultActions.targetGroupArn")
	for _, rule := range m.Referring("aws:lb/listenerRule:ListenerRule", "listenerArn", listener) {
		arns = append(arns, rule.Strs("actions.targetGroupArn")...)
		arns = append(arns, rule.Strs("actions.forward.targetGroups.arn")...)
	}
	return slices.ContainsFunc(found(m, tokenTargets, arns), func(target *review.Resource) bool { return slices.Contains(targets, target) })
}

// bothVersions answers what declarations tell: each version has its own target group, requests end in peace when they move,
// and the versions share no files.
func bothVersions(m *review.Model, s shift) review.Answer {
	if len(s.targets) != 2 || s.targets[0] == s.targets[1] {
		return review.Fail(s.service, "the two versions do not have a target group each", "name two target groups of the stack in the deployment group")
	}
	for _, target := range s.targets {
		if target.Num("deregistrationDelay") <= 0 {
			return review.Fail(s.service, "the target group "+target.Name+" cuts open requests off", "set deregistrationDelay to what the longest request takes")
		}
	}
	if task := m.Find(tokenTask, s.service.Str("taskDefinition")); task != nil {
		for _, volume := range task.Maps("volumes") {
			if volume.Has("efsVolumeConfiguration") || volume.Has("fsxWindowsFileServerVolumeConfiguration") || volume.Str("hostPath") != "" {
				return review.Fail(s.service, "both versions would write the volume "+volume.Str("name"), "keep shared state in the database, the tables or a bucket")
			}
		}
	}
	return review.Pass(s.service, "each version has a target group, and they share no files")
}

// bothFit wants room for twice the most tasks: on Fargate that is addresses in the service's subnets.
func bothFit(m *review.Model, s shift) review.Answer {
	if !onFargate(m, s.service) {
		return review.Fail(s.service, "its tasks run on instances, and nothing shows that they hold both versions", "run it on Fargate")
	}
	addresses := 0
	for _, subnet := range found(m, tokenSubnet, s.service.Strs("networkConfiguration.subnets")) {
		if prefix, err := netip.ParsePrefix(subnet.Str("cidrBlock")); err == nil && prefix.Addr().Is4() {
			// AWS keeps five addresses of each subnet.
			addresses += 1<<(32-prefix.Bits()) - 5
		}
	}
	need := 2 * int(mostTasks(m, s.service))
	return review.When(addresses >= need, s.service, fmt.Sprintf("its subnets have %d addresses, and both versions need at most %d", addresses, need),
		fmt.Sprintf("its subnets have %d addresses, and both versions may need %d", addresses, need), "give the service larger subnets, or lower its max")
}

// mostTasks is how many tasks a service can have: what autoscaling may make of it, or what it asks for.
func mostTasks(m *review.Model, service *review.Resource) float64 {
	cluster := m.Find(tokenCluster, service.Str("cluster"))
	if cluster == nil {
		return service.Num("desiredCount")
	}
	for _, target := range m.All(tokenScalingTarget) {
		if target.Str("resourceId") == "service/"+cluster.Str("name")+"/"+service.Str("name") {
			return target.Num("maxCapacity")
		}
	}
	return service.Num("desiredCount")
}
