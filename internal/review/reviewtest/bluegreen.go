package reviewtest

const (
	blue  = "aws:lb/targetGroup:TargetGroup::backend-blue"
	green = "aws:lb/targetGroup:TargetGroup::backend-green"

	keepOld = "blueGreenDeploymentConfig.terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes"
	latency = "aws:cloudwatch/metricAlarm:MetricAlarm::service-backend-latency"
)

// bluegreen reports everything at the service; most faults are in its deployment group, its target groups or its alarms.
func bluegreen() []Variant {
	at := func(name, stack, point string, edit func(*Export)) Variant {
		return Variant{Name: name, Stack: stack, Control: "BlueGreen." + point, Wants: service, Joins: true, Edit: edit}
	}
	stopped := at("no rollback on failures", Production, "3", put(group, "autoRollbackConfiguration.events", []string{"DEPLOYMENT_STOP_ON_ALARM"}))
	stopped.Also = []string{"REL13-BP05"}
	single := at("one target group for both versions", Staging, "5", aim(group, "loadBalancerInfo.targetGroupPairInfo.targetGroups.1.name", blue, "name"))
	return []Variant{
		at("a health check of the root path", Production, "1", put(green, "healthCheck.path", "/")),
		at("a health check that takes errors", Staging, "1", put(blue, "healthCheck.matcher", "200-499")),
		at("no health check", Domain, "1", put(green, "healthCheck.enabled", false)),
		at("an old version that goes at once", Production, "2", put(group, keepOld, 0)),
		at("an alarm that is slower than the bake time", Staging, "2", all(unset(latency, "datapointsToAlarm"), put(latency, "evaluationPeriods", 30))),
		at("deployments that watch no alarm", Production, "3", put(group, "alarmConfiguration.enabled", false)),
		at("deployments that go on without alarms", Staging, "3", put(group, "alarmConfiguration.ignorePollAlarmFailure", true)),
		at("no rollback on alarms", Domain, "3", put(group, "autoRollbackConfiguration.events", []string{"DEPLOYMENT_FAILURE"})),
		stopped,
		at("an alarm that is gone", Staging, "3", remove(latency)),
		at("alarms on one target group alone", Production, "3", func(e *Export) {
			for _, alarm := range []string{"errors", "latency", "unhealthy"} {
				label := "aws:cloudwatch/metricAlarm:MetricAlarm::service-backend-" + alarm
				e.Drop(label, "metricQueries", func(query any) bool {
					dimensions, _ := child(query, "metric")
					dimensions, _ = child(dimensions, "dimensions")
					targets, _ := child(dimensions, "TargetGroup")
					return targets == e.Text(green, "arnSuffix")
				})
			}
		}),
		at("no listener for test traffic", Production, "4", unset(group, "loadBalancerInfo.targetGroupPairInfo.testTrafficRoute")),
		at("a test listener that leads nowhere", Staging, "4", remove("aws:lb/listenerRule:ListenerRule::backend-test")),
		at("deployments that may not call the hook", Domain, "4", remove("aws:iam/rolePolicyAttachment:RolePolicyAttachment::delivery-hook")),
		at("a hook that may not answer", Production, "4", unsay("aws:iam/policy:Policy::function-release-check-hook", "policy", "Deployments")),
		single,
		at("requests that are cut off", Production, "5", put(blue, "deregistrationDelay", 0)),
		at("files that both versions write", Domain, "5", put(task, "volumes.0.efsVolumeConfiguration", map[string]any{"fileSystemId": "fs-0123456789abcdef0"})),
		at("subnets that are too small", Production, "6", func(e *Export) {
			for i, subnet := range []string{"network-private-1", "network-private-2", "network-private-3"} {
				e.Set("aws:ec2/subnet:Subnet::"+subnet, "cidrBlock", []string{"10.0.16.0/28", "10.0.16.16/29", "10.0.16.24/29"}[i])
			}
		}),
		at("more tasks than addresses", Staging, "6", put("aws:appautoscaling/target:Target::backend", "maxCapacity", 9000)),
		at("tasks on instances", Domain, "6", put(service, "capacityProviderStrategies.0.capacityProvider", "instances")),
	}
}
