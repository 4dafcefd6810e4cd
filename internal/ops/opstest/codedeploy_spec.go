package opstest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// revision is a deployment's revision in CodeDeploy's API.
type revision struct {
	RevisionType   string
	AppSpecContent *struct{ Content, Sha256 string }
}

func (r *revision) content() string { return r.AppSpecContent.Content }
func (r *revision) sha256() string  { return r.AppSpecContent.Sha256 }

// appSpec is an AppSpec for ECS.
type appSpec struct {
	Version   any
	Resources []map[string]struct {
		Type       string
		Properties *specProperties
	}
	Hooks []map[string]string
}

type specProperties struct {
	TaskDefinition   string
	LoadBalancerInfo *struct {
		ContainerName string
		ContainerPort int
	}
	PlatformVersion      string
	NetworkConfiguration *struct {
		AwsvpcConfiguration struct {
			Subnets, SecurityGroups []string
			AssignPublicIp          string
		}
	}
	CapacityProviderStrategy []struct {
		CapacityProvider string
		Base, Weight     int
	}
}

// hook is the function of a lifecycle event, or empty.
func (s appSpec) hook(event string) string {
	for _, hook := range s.Hooks {
		if function := hook[event]; function != "" {
			return function
		}
	}
	return ""
}

// properties are those of the one service.
func (s appSpec) properties() *specProperties {
	for _, resource := range s.Resources {
		for _, service := range resource {
			return service.Properties
		}
	}
	return nil
}

// deploymentGroup is what CodeDeploy knows of a group.
type deploymentGroup struct {
	Name             string `json:"deploymentGroupName"`
	EcsServices      []struct{ ClusterName, ServiceName string }
	LoadBalancerInfo struct {
		TargetGroupPairInfoList []struct{ TargetGroups []struct{ Name string } }
	}
	AutoRollbackConfiguration        struct{ Enabled bool }
	BlueGreenDeploymentConfiguration any
}

func (d *Delivery) groupOf(call Call, application, name string) (deploymentGroup, *Answer) {
	switch {
	case application == "":
		return deploymentGroup{}, refused("ApplicationNameRequiredException", "Application name is required.")
	case name == "":
		return deploymentGroup{}, refused("DeploymentGroupNameRequiredException", "Deployment group name is required.")
	}
	var found struct{ DeploymentGroupInfo deploymentGroup }
	answer := d.cloud.ask(call, "codedeploy", deployTarget+"GetDeploymentGroup", map[string]any{"applicationName": application, "deploymentGroupName": name}, &found)
	if answer == nil && len(found.DeploymentGroupInfo.EcsServices) != 1 {
		answer = refused("InvalidECSServiceException", "the group %s has no ECS service", name)
	}
	return found.DeploymentGroupInfo, answer
}

// read checks an AppSpec as CodeDeploy does, and what it names: the later errors of AWS come at once.
func (d *Delivery) read(call Call, group deploymentGroup, given *revision) (appSpec, *Answer) {
	var spec appSpec
	if given == nil {
		return spec, refused("RevisionRequiredException", "A revision is required.")
	}
	if given.RevisionType != "AppSpecContent" || given.AppSpecContent == nil {
		return spec, refused("InvalidRevisionException", "a deployment to ECS takes AppSpecContent, not %q", given.RevisionType)
	}
	sum := sha256.Sum256([]byte(given.content()))
	if given.sha256() != hex.EncodeToString(sum[:]) {
		return spec, refused("InvalidRevisionException", "the SHA256 is not that of the content")
	}
	if answer := strict([]byte(given.content()), &spec); answer != nil {
		return spec, refused("InvalidRevisionException", "the AppSpec can't be read: %s", answer.Body)
	}
	if version := fmt.Sprint(spec.Version); version != "0" && version != "0.0" {
		return spec, refused("InvalidRevisionException", "the AppSpec's version is %s, not 0.0", version)
	}
	if len(spec.Resources) != 1 || len(spec.Resources[0]) != 1 || spec.properties() == nil {
		return spec, refused("InvalidRevisionException", "the AppSpec must name exactly one service")
	}
	for _, resource := range spec.Resources[0] {
		if resource.Type != "AWS::ECS::Service" {
			return spec, refused("InvalidRevisionException", "the AppSpec's resource is of type %q", resource.Type)
		}
	}
	for _, check := range []func(Call, deploymentGroup, appSpec) string{d.checkContainer, d.checkCapacity, d.checkHooks} {
		if why := check(call, group, spec); why != "" {
			return spec, refused("InvalidRevisionException", "%s", why)
		}
	}
	return spec, nil
}

// checkContainer: the task definition is active and has the container with the port.
func (d *Delivery) checkContainer(call Call, _ deploymentGroup, spec appSpec) string {
	properties := spec.properties()
	if properties.LoadBalancerInfo == nil {
		return "LoadBalancerInfo is missing"
	}
	var found struct {
		TaskDefinition struct {
			Status               string
			ContainerDefinitions []struct {
				Name         string
				PortMappings []struct{ ContainerPort int }
			}
		}
	}
	if answer := d.cloud.ask(call, "ecs", ecsTarget+"DescribeTaskDefinition", map[string]any{"taskDefinition": properties.TaskDefinition}, &found); answer != nil {
		return fmt.Sprintf("the task definition %q: %s", properties.TaskDefinition, answer.Body)
	}
	if found.TaskDefinition.Status != "ACTIVE" {
		return fmt.Sprintf("the task definition %s is %s", properties.TaskDefinition, found.TaskDefinition.Status)
	}
	for _, container := range found.TaskDefinition.ContainerDefinitions {
		for _, port := range container.PortMappings {
			if container.Name == properties.LoadBalancerInfo.ContainerName && port.ContainerPort == properties.LoadBalancerInfo.ContainerPort {
				return ""
			}
		}
	}
	return fmt.Sprintf("no container %s with port %d in the task definition", properties.LoadBalancerInfo.ContainerName, properties.LoadBalancerInfo.ContainerPort)
}

// checkCapacity: the cluster has every capacity provider, one alone has a base, and tasks in a VPC have subnets.
func (d *Delivery) checkCapacity(call Call, group deploymentGroup, spec appSpec) string {
	var found struct {
		Clusters []struct{ CapacityProviders []string }
	}
	answer := d.cloud.ask(call, "ecs", ecsTarget+"DescribeClusters", map[string]any{"clusters": []string{group.EcsServices[0].ClusterName}}, &found)
	if answer != nil || len(found.Clusters) != 1 {
		return "the cluster " + group.EcsServices[0].ClusterName + " does not exist"
	}
	bases := 0
	for _, item := range spec.properties().CapacityProviderStrategy {
		if !slices.Contains(found.Clusters[0].CapacityProviders, item.CapacityProvider) {
			return "the cluster has no capacity provider " + item.CapacityProvider
		}
		if item.Base > 0 {
			bases++
		}
	}
	network := spec.properties().NetworkConfiguration
	switch {
	case bases > 1:
		return "only one capacity provider can have a base"
	case network != nil && len(network.AwsvpcConfiguration.Subnets) == 0:
		return "subnets can not be empty"
	case network != nil && !slices.Contains([]string{"ENABLED", "DISABLED"}, network.AwsvpcConfiguration.AssignPublicIp):
		return "AssignPublicIp is ENABLED or DISABLED"
	}
	return ""
}

// hooks are the lifecycle events that can call a function.
var hooks = []string{"BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"}

// checkHooks: every function exists, under its alias.
func (d *Delivery) checkHooks(call Call, _ deploymentGroup, spec appSpec) string {
	for _, hook := range spec.Hooks {
		for event, function := range hook {
			if !slices.Contains(hooks, event) {
				return "there is no hook " + event
			}
			name := function
			if strings.HasPrefix(function, "arn:") {
				if parts := strings.SplitN(function, ":", 7); len(parts) == 7 {
					name = parts[6]
				}
			}
			name, qualifier, _ := strings.Cut(name, ":")
			if !d.functionExists(call, name, qualifier) {
				return "the function " + function + " does not exist"
			}
		}
	}
	return ""
}

// functionExists asks moto's Lambda.
func (d *Delivery) functionExists(call Call, name, qualifier string) bool {
	url := d.cloud.Moto + "/2015-03-31/functions/" + name
	if qualifier != "" {
		url += "/aliases/" + qualifier
	}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", authorization(call, "lambda"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode < http.StatusMultipleChoices // moto answers 201 for an alias
}
