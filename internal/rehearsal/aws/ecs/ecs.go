// Package ecs describes ECS to the stand-in. What ECS demands of task definitions and services are the rules of the area compute.
package ecs

import (
	"fmt"
	"strconv"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	clusterToken    = "aws:ecs/cluster:Cluster"
	serviceToken    = "aws:ecs/service:Service"
	definitionToken = "aws:ecs/taskDefinition:TaskDefinition"
	api             = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
)

// Service is what the stand-in knows of ECS.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{clusterType(), providersType(), definitionType(), serviceType()}}
}

func clusterRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{clusterToken}, By: catalog.ByNameOrARN, Code: "ClusterNotFoundException", Message: "Cluster not found: {value}",
		Blocks: true, BlockCode: "ClusterContainsServicesException"}
}

func clusterType() catalog.Type {
	return catalog.Type{
		Token: clusterToken, Args: (*sdk.ClusterArgs)(nil), Resource: (*sdk.Cluster)(nil),
		Service: "ECS", Action: "Cluster", Title: "ECS Cluster", Verbs: map[string]string{"update": "UpdateCluster"},
		ARN: "arn:{partition}:ecs:{region}:{account}:cluster/{name}", ID: catalog.Templated("{arn}"),
		// ECS gives back the cluster that is there; the provider then manages somebody else's.
		Name: catalog.Name{Property: "name", Auto: 255, Scope: catalog.InRegion, Code: "ClusterAlreadyExists", Message: "Creation of cluster was not idempotent: {name}"},
		Sets: []string{"settings"},
		Refs: []catalog.Ref{
			{Path: "configuration.executeCommandConfiguration.kmsKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByIDOrARN,
				Code: "InvalidParameterException", Message: "The key {value} does not exist"},
			{Path: "configuration.executeCommandConfiguration.logConfiguration.cloudWatchLogGroupName", To: []string{"aws:cloudwatch/logGroup:LogGroup"}, By: catalog.ByName,
				Code: "InvalidParameterException", Message: "The log group {value} does not exist"},
		},
		Compute: func(c *catalog.Call) error {
			if !c.Has("settings") {
				c.SetNew("settings", []any{map[string]any{"name": "containerInsights", "value": "disabled"}})
			}
			return nil
		},
	}
}

func providersType() catalog.Type {
	cluster := clusterRef("clusterName").Loosely()
	return catalog.Type{
		Token: "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", Args: (*sdk.ClusterCapacityProvidersArgs)(nil), Resource: (*sdk.ClusterCapacityProviders)(nil),
		Service: "ECS", Title: "ECS Cluster Capacity Providers",
		Verbs: map[string]string{"create": "PutClusterCapacityProviders", "update": "PutClusterCapacityProviders", "delete": "PutClusterCapacityProviders"},
		ID:    catalog.Templated("{clusterName}"), Overwrites: true, Refs: []catalog.Ref{cluster},
		Sets: []string{"capacityProviders", "defaultCapacityProviderStrategies"}, Defaults: map[string]any{"defaultCapacityProviderStrategies[].base": 0, "defaultCapacityProviderStrategies[].weight": 0},
		Refuse: func(c *catalog.Call) *catalog.Error {
			for _, name := range c.Strs("capacityProviders") {
				if strings.HasPrefix(name, "FARGATE") && name != "FARGATE" && name != "FARGATE_SPOT" {
					return catalog.Refusal("InvalidParameterException", "capacityProviders", name, "The specified capacity provider "+name+" was not found")
				}
			}
			return nil
		},
		// A provider that a service uses can't be taken away.
		InUse: func(c *catalog.Call) *catalog.Error {
			for _, service := range c.Tx.Find(c.Account, c.Region, serviceToken, nil) {
				if strings.HasSuffix(catalog.Str(service.State, "cluster"), "cluster/"+c.ID) {
					return catalog.Refusal("ResourceInUseException", "clusterName", c.ID, "The specified capacity provider is in use and cannot be removed: service "+service.Name)
				}
			}
			return nil
		},
	}
}

func definitionType() catalog.Type {
	role := func(path string) catalog.Ref {
		return catalog.Ref{Path: path, To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "ClientException", Message: "Role is not valid: {value}"}
	}
	return catalog.Type{
		Token: definitionToken, Args: (*sdk.TaskDefinitionArgs)(nil), Resource: (*sdk.TaskDefinition)(nil),
		Service: "ECS", Title: "ECS Task Definition", Verbs: map[string]string{"create": "RegisterTaskDefinition", "delete": "DeregisterTaskDefinition"},
		ARN: "arn:{partition}:ecs:{region}:{account}:task-definition/{family}:{revision}",
		// The id is the family: a new revision stands under the same id.
		ID: catalog.Made(func(c *catalog.Call) string {
			c.Set("revision", nextRevision(c))
			c.ARN = fmt.Sprintf("arn:%s:ecs:%s:%s:task-definition/%s:%d", c.Partition, c.Region, c.Account, c.Str("family"), int(c.Num("revision")))
			return c.Str("family")
		}),
		Overwrites: true, Documents: map[string]catalog.Document{"containerDefinitions": {Code: "ClientException"}},
		Defaults: map[string]any{"enableFaultInjection": false, "skipDestroy": false, "trackLatest": false},
		Blank:    []string{"networkMode"}, Computed: []string{"enableFaultInjection"},
		Sets: []string{"requiresCompatibilities", "volumes"}, Refs: []catalog.Ref{role("executionRoleArn"), role("taskRoleArn")},
		Updates: []string{"skipDestroy", "trackLatest"},
		Compute: func(c *catalog.Call) error {
			c.Set("arnWithoutRevision", c.ARN[:strings.LastIndexByte(c.ARN, ':')])
			return nil
		},
		Survives: func(c *catalog.Call) bool { return c.Bool("skipDestroy") },
	}
}

func nextRevision(c *catalog.Call) int {
	there := c.Get(definitionToken, c.Str("family"))
	if there == nil {
		return 1
	}
	last, err := strconv.Atoi(there.ARN[strings.LastIndexByte(there.ARN, ':')+1:])
	if err != nil {
		return 1
	}
	return last + 1
}

func serviceType() catalog.Type {
	return catalog.Type{
		Token: serviceToken, Args: (*sdk.ServiceArgs)(nil), Resource: (*sdk.Service)(nil),
		Service: "ECS", Action: "Service", Title: "ECS Service", Verbs: map[string]string{"update": "UpdateService"},
		ARN: "arn:{partition}:ecs:{region}:{account}:service/{cluster}/{name}",
		ID: catalog.Made(func(c *catalog.Call) string {
			cluster := c.Str("cluster")
			c.ARN = c.Fill("arn:{partition}:ecs:{region}:{account}:service/") + cluster[strings.LastIndexByte(cluster, '/')+1:] + "/" + c.Name()
			return c.ARN
		}),
		Name: catalog.Name{Property: "name", Auto: 255, Scope: "cluster", Code: "InvalidParameterException", Message: "Creation of service was not idempotent."},
		Defaults: map[string]any{
			"schedulingStrategy": "REPLICA", "deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100, "enableEcsManagedTags": false,
			"enableExecuteCommand": false, "waitForSteadyState": false, "availabilityZoneRebalancing": "DISABLED", "deploymentController.type": "ECS",
			"networkConfiguration.assignPublicIp": false, "capacityProviderStrategies[].base": 0, "capacityProviderStrategies[].weight": 0, "desiredCount": 0,
		},
		Computed: []string{"deploymentCircuitBreaker", "desiredCount", "deploymentController", "availabilityZoneRebalancing"},
		Blank:    []string{"iamRole", "launchType"},
		Sets:     []string{"capacityProviderStrategies", "loadBalancers", "networkConfiguration.subnets", "networkConfiguration.securityGroups"},
		// A service goes on with a revision after a newer one took its family's place here; see refuseService.
		Loose: []string{"taskDefinition"},
		Refs: []catalog.Ref{
			clusterRef("cluster"),
			{Path: "loadBalancers[].targetGroupArn", To: []string{"aws:lb/targetGroup:TargetGroup"}, By: catalog.ByARN, Code: "InvalidParameterException",
				Message: "Unable to assume role and validate the specified targetGroupArn: {value}"},
			{Path: "networkConfiguration.subnets", To: []string{"aws:ec2/subnet:Subnet"}, By: catalog.ByID, Code: "InvalidParameterException",
				Message: "Error retrieving subnet information for [{value}]", Blocks: true},
			{Path: "networkConfiguration.securityGroups", To: []string{"aws:ec2/securityGroup:SecurityGroup"}, By: catalog.ByID, Code: "InvalidParameterException",
				Message: "Error retrieving security group information for [{value}]", Blocks: true},
		},
		Refuse: refuseService,
		Compute: func(c *catalog.Call) error {
			c.SetNew("platformVersion", "LATEST")
			return nil
		},
	}
}

// deployed are the fields that only a deployment changes where CodeDeploy controls the service.
var deployed = []string{"taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion", "capacityProviderStrategies"}

// refuseService holds ECS's rules that need the cloud.
func refuseService(c *catalog.Call) *catalog.Error {
	if !c.Creating() {
		if catalog.Str(c.Old.State, "deploymentController.type") != "CODE_DEPLOY" {
			return nil
		}
		for _, property := range deployed {
			if !same(catalog.Strs(c.Old.Inputs, property), catalog.Strs(c.Inputs, property)) {
				return &catalog.Error{Code: "InvalidParameterException", Property: property, Source: api + "API_UpdateService.html",
					Message: "Unable to update " + property + " on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."}
			}
		}
		return nil
	}
	if arn := c.Str("taskDefinition"); arn != "" && c.Tx.ByARN(arn) == nil {
		return &catalog.Error{Code: "ClientException", Property: "taskDefinition", Value: arn, Message: "Unable to find task definition: " + arn}
	}
	return nil
}

func same(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }
