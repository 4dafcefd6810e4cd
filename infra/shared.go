package infra

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Key is a KMS key in one region.
type Key struct {
	Arn pulumi.StringOutput
	ID  pulumi.StringOutput
}

// RegionalKeys is a multi-region key: the primary and its replicas, by region name.
type RegionalKeys map[string]Key

// In is the key in region.
func (k RegionalKeys) In(region *Region) Key { return k[region.Name] }

// Topics are the two SNS topics of a region, as ARNs. Critical wakes somebody; warning is read in the morning.
type Topics struct {
	Critical pulumi.StringOutput
	Warning  pulumi.StringOutput
}

// In is the pair of topics in region: an alarm can only notify a topic of its own region.
func (a *Alerts) In(region *Region) Topics { return a.ByRegion[region.Name] }

// Function is what others need of a Lambda function.
type Function struct {
	Name pulumi.StringOutput
	Arn  pulumi.StringOutput
	// AliasArn is the ARN of the alias live, what callers call.
	AliasArn pulumi.StringOutput
	// SecurityGroupID is empty for a function outside the VPC.
	SecurityGroupID pulumi.StringOutput
	RoleArn         pulumi.StringOutput
	LogGroup        pulumi.StringOutput
	Settings        FunctionSettings
}

// Hook is the function that answers a hook, or nil.
func (f *Functions) Hook(hook string) *Function {
	for _, function := range f.ByName {
		if function.Settings.Hook == hook {
			return function
		}
	}
	return nil
}

// TargetGroup is one of a service's two groups.
type TargetGroup struct {
	Name pulumi.StringOutput
	Arn  pulumi.StringOutput
	// ArnSuffix is targetgroup/…, the metric dimension.
	ArnSuffix pulumi.StringOutput
}

// Service is what others need of a service on ECS.
type Service struct {
	Settings         ServiceSettings
	Name             pulumi.StringOutput
	Arn              pulumi.StringOutput
	Family           string
	TaskRoleArn      pulumi.StringOutput
	ExecutionRoleArn pulumi.StringOutput
	SecurityGroupID  pulumi.StringOutput
	LogGroup         pulumi.StringOutput
	Blue             TargetGroup
	Green            TargetGroup
	// Template is the task definition as the stack wants it, in the shape of ECS's RegisterTaskDefinition; Image is the
	// only field a deployment puts in.
	Template pulumi.MapOutput
	// Migration is the one-off task before a deployment in the same shape, command and secrets included; empty without one.
	Migration pulumi.MapOutput
	// AlarmNames are the alarms that roll a deployment back.
	AlarmNames pulumi.StringArrayOutput
	// Subnets are the private ones that tasks run in.
	Subnets pulumi.StringArrayOutput
	// Repository is the URL that images of the service are pushed to.
	Repository pulumi.StringOutput
	// Ready is what a deployment depends on: the service itself.
	Ready pulumi.Resource
}
