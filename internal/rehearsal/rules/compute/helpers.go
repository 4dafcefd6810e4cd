package compute

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	taskDefinition = "aws:ecs/taskDefinition:TaskDefinition"
	service        = "aws:ecs/service:Service"
	cluster        = "aws:ecs/cluster:Cluster"
	providers      = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
	targetGroup    = "aws:lb/targetGroup:TargetGroup"
	listener       = "aws:lb/listener:Listener"
	listenerRule   = "aws:lb/listenerRule:ListenerRule"
	role           = "aws:iam/role:Role"
	rolePolicy     = "aws:iam/rolePolicy:RolePolicy"
	logGroup       = "aws:cloudwatch/logGroup:LogGroup"
	function       = "aws:lambda/function:Function"
	alias          = "aws:lambda/alias:Alias"
	mapping        = "aws:lambda/eventSourceMapping:EventSourceMapping"
	invokeConfig   = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	permission     = "aws:lambda/permission:Permission"
	scalingTarget  = "aws:appautoscaling/target:Target"
	scalingPolicy  = "aws:appautoscaling/policy:Policy"
	deployGroup    = "aws:codedeploy/deploymentGroup:DeploymentGroup"
	deployConfig   = "aws:codedeploy/deploymentConfig:DeploymentConfig"
	application    = "aws:codedeploy/application:Application"
	fleet          = "aws:autoscaling/group:Group"
	launchTemplate = "aws:ec2/launchTemplate:LaunchTemplate"
	repository     = "aws:ecr/repository:Repository"
	lifecycle      = "aws:ecr/lifecyclePolicy:LifecyclePolicy"

	ecsAPI    = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
	ecsGuide  = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
	lambdaAPI = "https://docs.aws.amazon.com/lambda/latest/api/"
)

type inputs = map[string]any

// crowd are settings with more services than one, so that one run has room for many faults.
var crowd = []string{"itrack:services.orders.path=/orders", "itrack:services.parcels.path=/parcels", "itrack:services.billing.path=/billing",
	"itrack:services.search.path=/search", "itrack:services.mail.path=/mail", "itrack:services.reports.path=/reports"}

// number is the number at a path, if there is one and it is known.
func number(c *catalog.Call, path string) (float64, bool) {
	for _, leaf := range catalog.Leaves(c.State, path) {
		if leaf.Value.IsNumber() {
			return leaf.Value.NumberValue(), true
		}
	}
	return 0, false
}

// between is a check that a number, where it is given and known, is not below or above bounds.
func between(path string, least, most float64, format string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		if value, known := number(c, path); known && (value < least || value > most) {
			return rule.Find(path, value, format, value)
		}
		return nil
	}
}

// blocks are the objects at a path of properties.
func blocks(c *catalog.Call, path string) []map[string]any {
	var found []map[string]any
	for _, leaf := range catalog.Leaves(c.State, path) {
		if leaf.Value.IsObject() {
			found = append(found, leaf.Value.ObjectValue().Mappable())
		}
	}
	return found
}

// container is what the rules look at in a container definition.
type container struct {
	Name, Image          string
	Essential            *bool
	CPU                  int `json:"cpu"`
	Memory               int
	MemoryReservation    int
	Privileged           bool
	StopTimeout          int
	Environment, Secrets []struct{ Name, Value, ValueFrom string }
	PortMappings         []struct{ ContainerPort, HostPort int }
	MountPoints          []struct{ SourceVolume string }
	DependsOn            []struct{ ContainerName, Condition string }
	LogConfiguration     *struct {
		LogDriver string
		Options   map[string]string
	}
	HealthCheck *struct {
		Command                    []string
		Interval, Timeout, Retries *int
		StartPeriod                *int
	}
	LinuxParameters *struct {
		Capabilities struct{ Add []string }
	}
	Elements map[string]json.RawMessage `json:"-"`
}

// containersOf reads container definitions; what can't be read is for compute-task-containers.
func containersOf(text string) []container {
	var found []container
	var elements []map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &found) != nil || json.Unmarshal([]byte(text), &elements) != nil {
		return nil
	}
	for i := range found {
		found[i].Elements = elements[i]
	}
	return found
}

func containers(c *catalog.Call) []container { return containersOf(c.Str("containerDefinitions")) }

// onFargate tells whether a task definition is for Fargate.
func onFargate(c *catalog.Call) bool {
	return slices.Contains(c.Strs("requiresCompatibilities"), "FARGATE")
}

// task is a task definition for Fargate with container definitions and further inputs.
func task(definitions string, more ...inputs) rule.Case {
	all := inputs{"family": "web", "requiresCompatibilities": []any{"FARGATE"}, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
		"containerDefinitions": definitions}
	for _, other := range more {
		maps.Copy(all, other)
	}
	return rule.Case{Type: taskDefinition, Inputs: all}
}

// web is a list of one container with further elements.
func web(elements string) string {
	if elements != "" {
		elements = "," + elements
	}
	return `[{"name":"web","image":"public.ecr.aws/docker/library/nginx:1.29"` + elements + `}]`
}

// edited is a seed that replaces text in the containers of a service of the crowd.
func edited(name, old, with string) rule.Seed {
	return rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::" + name,
		Edit: map[string]func(string) string{"containerDefinitions": rule.Replace(old, with)}}
}

// with is a seed that sets inputs of a resource of staging with the crowd.
func with(at string, set map[string]any) rule.Seed {
	return rule.Seed{Stack: "staging", Settings: crowd, At: at, Set: set}
}

// staging is a seed that sets inputs of a resource of staging.
func staging(at string, set map[string]any) rule.Seed {
	return rule.Seed{Stack: "staging", At: at, Set: set}
}

// production is a seed that sets inputs of a resource of production.
func production(at string, set map[string]any) rule.Seed {
	return rule.Seed{Stack: "production", At: at, Set: set}
}

// The cases' role, and things of its kind.
const (
	taskRole = "arn:aws:iam::111122223333:role/task"
	prefix   = "arn:aws:ecs:us-east-1:111122223333:"
)

// roleThing is a role that a service may assume.
func roleThing(service string) rule.Thing {
	return rule.Thing{Type: role, ID: "task", ARN: taskRole, Name: "task", Region: cloud.Global, State: inputs{"name": "task", "assumeRolePolicy": `{"Version":"2012-10-17",` +
		`"Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`}}
}

// may is an inline policy of the cases' role that allows an action on everything.
func may(actions string) rule.Thing {
	return rule.Thing{Type: rolePolicy, ID: "task:may", Name: "may", Region: cloud.Global, State: inputs{"role": "task", "name": "may",
		"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"*"}]}`}}
}

// trustedBy wants the role at a property to be one that a service may assume.
func trustedBy(service, message string, properties ...string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, property := range properties {
			o := c.Tx.ByARN(c.Str(property))
			if o != nil && o.Type == role && !policy.TrustsService(catalog.Str(o.State, "assumeRolePolicy"), service) {
				return rule.Find(property, o.ARN, message, o.ARN)
			}
		}
		return nil
	}
}

// bound is a number that the provider takes as number or text; false when it is neither.
func bound(value any, missing float64) (float64, bool) {
	switch value := value.(type) {
	case nil:
		return missing, true
	case float64:
		return value, true
	case string:
		parsed, err := strconv.ParseFloat(value, 64)
		return parsed, err == nil
	}
	return 0, false
}
