package compute

import (
	"fmt"
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	deployAPI   = "https://docs.aws.amazon.com/codedeploy/latest/APIReference/"
	deployGuide = "https://docs.aws.amazon.com/codedeploy/latest/userguide/"
	pair        = "loadBalancerInfo.targetGroupPairInfo"
	blueGreen   = "blueGreenDeploymentConfig"
)

// deploying are CodeDeploy's rules for services of ECS.
func deploying() []rule.Rule {
	types := []string{deployGroup}
	pairOf := func(names ...any) rule.Case {
		return rule.Case{Type: deployGroup, Inputs: inputs{"ecsService": inputs{"clusterName": "main"},
			"loadBalancerInfo": inputs{"targetGroupPairInfo": inputs{"targetGroups": names}}}}
	}
	style := func(kind, option string) rule.Case {
		return rule.Case{Inputs: inputs{"ecsService": inputs{"clusterName": "main"}, "deploymentStyle": inputs{"deploymentType": kind, "deploymentOption": option}}}
	}
	app := func(platform string) rule.Thing {
		return rule.Thing{Type: application, ID: "1:shop", Name: "shop", State: inputs{"name": "shop", "computePlatform": platform}}
	}
	controlled := func(controller string) rule.Case {
		return rule.Case{World: []rule.Thing{{Type: service, ID: "web", Name: "web", State: inputs{"name": "web", "cluster": prefix + "cluster/main",
			"deploymentController": inputs{"type": controller}}}}, Inputs: inputs{"ecsService": inputs{"clusterName": "main", "serviceName": "web"}}}
	}
	return []rule.Rule{{
		ID: "compute-deploy-pair", Types: types, Code: "InvalidTargetGroupPairException", Page: deployAPI + "API_TargetGroupPairInfo.html", Foreseen: true,
		Says:  "A deployment group on ECS has a pair of two different target groups.",
		Fix:   "Name the service's blue and its green target group.",
		Check: twoGroups,
		Pass:  pairOf(inputs{"name": "blue"}, inputs{"name": "green"}), Fail: pairOf(inputs{"name": "blue"}, inputs{"name": "blue"}),
		Seed: with(deployGroup+"::orders", map[string]any{pair + ".targetGroups[1].name": "itrack-orders-blue-staging"}),
	}, {
		ID: "compute-deploy-wait", Types: types, Code: "InvalidBlueGreenDeploymentConfigurationException",
		Page: deployAPI + "API_BlueInstanceTerminationOption.html", Foreseen: true,
		Says: "The old tasks of a deployment are kept for 0 to 2880 minutes.", Fix: "Set terminationWaitTimeInMinutes to two days or less.",
		Check: between(blueGreen+".terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes", 0, 2880,
			"The termination wait time must be 0 to 2880 minutes, got %v"),
		Pass: rule.Case{Inputs: inputs{blueGreen: inputs{"terminateBlueInstancesOnDeploymentSuccess": inputs{"terminationWaitTimeInMinutes": 2880}}}},
		Fail: rule.Case{Inputs: inputs{blueGreen: inputs{"terminateBlueInstancesOnDeploymentSuccess": inputs{"terminationWaitTimeInMinutes": 4320}}}},
		Seed: with(deployGroup+"::parcels", map[string]any{blueGreen + ".terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes": 10080}),
	}, {
		ID: "compute-deploy-style", Types: types, Code: "InvalidDeploymentStyleException", Page: deployAPI + "API_DeploymentStyle.html", Foreseen: true,
		Says: "A deployment group on ECS is BLUE_GREEN with WITH_TRAFFIC_CONTROL.", Fix: "Set both values of deploymentStyle.",
		Check: func(c *catalog.Call) *rule.Finding {
			kind, option := c.Str("deploymentStyle.deploymentType"), c.Str("deploymentStyle.deploymentOption")
			known := !c.Has("deploymentStyle") || c.Known("deploymentStyle")
			if c.Has("ecsService") && known && (kind != "BLUE_GREEN" || option != "WITH_TRAFFIC_CONTROL") && len(blocks(c, "ecsService")) > 0 {
				return rule.Find("deploymentStyle", kind, "For Amazon ECS deployment groups, deployment type can only be BLUE_GREEN with WITH_TRAFFIC_CONTROL.")
			}
			return nil
		},
		Pass: style("BLUE_GREEN", "WITH_TRAFFIC_CONTROL"), Fail: style("IN_PLACE", "WITHOUT_TRAFFIC_CONTROL"),
		Seed: with(deployGroup+"::search", map[string]any{"deploymentStyle": inputs{"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}}),
	}, {
		ID: "compute-deploy-alarms", Types: types, Code: "AlarmsLimitExceededException", Page: deployAPI + "API_AlarmConfiguration.html", Foreseen: true,
		Says: "A deployment group watches at most 10 alarms.", Fix: "Put alarms together in a composite alarm, or watch fewer.",
		Check: func(c *catalog.Call) *rule.Finding {
			if n := len(c.Strs("alarmConfiguration.alarms")); n > 10 {
				return rule.Find("alarmConfiguration.alarms", n, "The maximum number of alarms for a deployment group (10) was exceeded")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"alarmConfiguration": inputs{"alarms": alarmNames(10)}}},
		Fail: rule.Case{Inputs: inputs{"alarmConfiguration": inputs{"alarms": alarmNames(11)}}},
		Seed: with(deployGroup+"::mail", map[string]any{"alarmConfiguration.alarms": alarmNames(11)}),
	}, {
		ID: "compute-deploy-trust", Types: types, Code: "InvalidRoleException", Page: deployGuide + "getting-started-create-service-role.html",
		Says:  "The role of a deployment group can be assumed by codedeploy.amazonaws.com.",
		Fix:   "Trust codedeploy.amazonaws.com in the role's assumeRolePolicy.",
		Check: trustedBy("codedeploy.amazonaws.com", "AWS CodeDeploy does not have the permissions required to assume the role %s.", "serviceRoleArn"),
		Pass:  rule.Case{World: []rule.Thing{roleThing("codedeploy.amazonaws.com")}, Inputs: inputs{"serviceRoleArn": taskRole}},
		Fail:  rule.Case{World: []rule.Thing{roleThing("ecs.amazonaws.com")}, Inputs: inputs{"serviceRoleArn": taskRole}},
		Seed: rule.Seed{Stack: "staging", At: role + "::delivery", Refused: deployGroup + "::backend",
			Edit: map[string]func(string) string{"assumeRolePolicy": rule.Replace(`"codedeploy.amazonaws.com"`, `"ecs.amazonaws.com"`)}},
	}, {
		ID: "compute-deploy-controller", Types: types, Code: "InvalidECSServiceException", Page: deployGuide + "deployment-groups-create-ecs.html",
		Says: "The service of a deployment group has the deployment controller CODE_DEPLOY.",
		Fix:  `Set the service's deploymentController to the type "CODE_DEPLOY".`, Check: otherController,
		Pass: controlled("CODE_DEPLOY"), Fail: controlled("ECS"),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: service + "::reports",
			Refused: deployGroup + "::reports", Set: map[string]any{"deploymentController": nil}},
	}, {
		ID: "compute-deploy-config", Types: types, Code: "DeploymentConfigDoesNotExistException", Page: deployGuide + "deployment-configurations.html",
		Says:  "The deployment configuration of a deployment group exists and is one for ECS.",
		Fix:   "Name a CodeDeployDefault.ECS... configuration, or make one with computePlatform ECS first.",
		Check: otherConfig,
		Pass:  rule.Case{World: []rule.Thing{app("ECS")}, Inputs: inputs{"appName": "shop", "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}},
		Fail:  rule.Case{World: []rule.Thing{app("ECS")}, Inputs: inputs{"appName": "shop", "deploymentConfigName": "CodeDeployDefault.OneAtATime"}},
		Seed:  with(deployGroup+"::backend", map[string]any{"deploymentConfigName": "CodeDeployDefault.ECSCanary20Percent5Minutes"}),
	}, {
		ID: "compute-deploy-shift", Types: []string{deployConfig}, Code: "InvalidTrafficRoutingConfigurationException",
		Page: deployAPI + "API_TrafficRoutingConfig.html", Foreseen: true,
		Says: "A canary or linear configuration shifts 1 to 99 percent in steps 1 to 2880 minutes apart, and has the block of its type alone.",
		Fix:  "Give timeBasedCanary for TimeBasedCanary or timeBasedLinear for TimeBasedLinear, with values in their bounds.", Check: badShift,
		Pass: rule.Case{Inputs: inputs{"trafficRoutingConfig": inputs{"type": "TimeBasedCanary", "timeBasedCanary": inputs{"percentage": 10, "interval": 5}}}},
		Fail: rule.Case{Inputs: inputs{"trafficRoutingConfig": inputs{"type": "TimeBasedCanary", "timeBasedCanary": inputs{"percentage": 100, "interval": 5}}}},
		Seed: production(deployConfig+"::backend", map[string]any{"trafficRoutingConfig.timeBasedCanary.percentage": 100}),
	}}
}

func alarmNames(n int) []any {
	var names []any
	for i := range n {
		names = append(names, fmt.Sprintf("alarm-%d", i))
	}
	return names
}

func twoGroups(c *catalog.Call) *rule.Finding {
	groups := blocks(c, pair+".targetGroups[]")
	if !c.Known(pair + ".targetGroups") {
		return nil
	}
	if len(groups) != 2 {
		return rule.Find(pair+".targetGroups", len(groups), "A target group pair has two target groups, got %d", len(groups))
	}
	if groups[0]["name"] == groups[1]["name"] {
		return rule.Find(pair+".targetGroups", groups[0]["name"], "The two target groups of a pair must differ")
	}
	return nil
}

func otherController(c *catalog.Call) *rule.Finding {
	services := c.Tx.Find(c.Account, c.Region, service, func(o *cloud.Object) bool {
		return o.Name == c.Str("ecsService.serviceName") && clusterName(catalog.Str(o.State, "cluster")) == c.Str("ecsService.clusterName")
	})
	for _, one := range services {
		if catalog.Str(one.State, "deploymentController.type") != "CODE_DEPLOY" {
			return rule.Find("ecsService.serviceName", one.Name, "Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.")
		}
	}
	return nil
}

// predefined are AWS's own configurations for ECS.
// Source: CodeDeploy user guide, "Deployment configurations on an Amazon ECS compute platform".
var predefined = []string{
	"CodeDeployDefault.ECSAllAtOnce", "CodeDeployDefault.ECSCanary10Percent5Minutes", "CodeDeployDefault.ECSCanary10Percent15Minutes",
	"CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
}

func applicationOf(c *catalog.Call) *cloud.Object {
	found := c.Tx.Find(c.Account, c.Region, application, func(o *cloud.Object) bool { return o.Name == c.Str("appName") })
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func otherConfig(c *catalog.Call) *rule.Finding {
	name, app := c.Str("deploymentConfigName"), applicationOf(c)
	if app == nil || catalog.Str(app.State, "computePlatform") != "ECS" || slices.Contains(predefined, name) {
		return nil
	}
	if config := c.Get(deployConfig, name); config != nil && catalog.Str(config.State, "computePlatform") == "ECS" {
		return nil
	}
	return rule.Find("deploymentConfigName", name, "No deployment configuration found for name: %s", name)
}

func badShift(c *catalog.Call) *rule.Finding {
	const routing = "trafficRoutingConfig"
	if !c.Known(routing + ".type") {
		return nil
	}
	for kind, block := range map[string]string{"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"} {
		path := routing + "." + block
		if (c.Str(routing+".type") == kind) != c.Has(path) {
			return rule.Find(path, c.Str(routing+".type"), "%s must be given for the type %s and only for it", block, kind)
		}
		if found := between(path+".percentage", 1, 99, "The percentage must be 1 to 99, got %v")(c); found != nil {
			return found
		}
		if found := between(path+".interval", 1, 2880, "The interval must be 1 to 2880 minutes, got %v")(c); found != nil {
			return found
		}
	}
	return nil
}
