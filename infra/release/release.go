// Package release is the shape of what the stack wants to run: its output `releases`. It stands apart, so that whoever deploys
// can read it without linking the stack.
package release

// Release is what should run of one service: the stack wants it, a deployment makes it run. The stack's output
// `releases` holds one for each service, in this shape; whoever deploys decodes it into this type.
type Release struct {
	// Service is the ECS service's name, Cluster the cluster's.
	Service string `json:"service"`
	Cluster string `json:"cluster"`
	// TaskDefinition is a request of ECS's RegisterTaskDefinition; the image of the container is left to the deployment.
	TaskDefinition map[string]any `json:"taskDefinition"`
	// NetworkConfiguration, PlatformVersion and CapacityProviderStrategy go into the AppSpec: CodeDeploy takes ECS's
	// defaults for what is left out.
	NetworkConfiguration     Network    `json:"networkConfiguration"`
	PlatformVersion          string     `json:"platformVersion"`
	CapacityProviderStrategy []Capacity `json:"capacityProviderStrategy"`
	// ContainerName and ContainerPort are where the balancer's traffic goes.
	ContainerName string `json:"containerName"`
	ContainerPort int    `json:"containerPort"`
	// Application and DeploymentGroup are CodeDeploy's.
	Application     string `json:"application"`
	DeploymentGroup string `json:"deploymentGroup"`
	// HookFunctionArn is the function to call when the test listener serves the new version; empty for none.
	HookFunctionArn string `json:"hookFunctionArn"`
	// MigrateCommand runs as a one-off task before the deployment; empty for none.
	MigrateCommand []string `json:"migrateCommand"`
	// MigrationTask is a request of RegisterTaskDefinition for that task: under a role of its own it gets the database's
	// master secret, which the service never sees. The image is left to the deployment; empty without a migrate command.
	MigrationTask map[string]any `json:"migrationTask"`
	// AlarmNames are the alarms that roll the deployment back; it must not start while one of them is red.
	AlarmNames []string `json:"alarmNames"`
	// Repository is the URL that the service's images are pushed to.
	Repository string `json:"repository"`
	// LogGroup is where the task's last words are.
	LogGroup string `json:"logGroup"`
}

// Network is ECS's NetworkConfiguration.
type Network struct {
	AwsvpcConfiguration Vpc `json:"awsvpcConfiguration"`
}

// Vpc is ECS's AwsVpcConfiguration; AssignPublicIp is ENABLED or DISABLED.
type Vpc struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIp string   `json:"assignPublicIp"`
}

// Capacity is ECS's CapacityProviderStrategyItem.
type Capacity struct {
	CapacityProvider string `json:"capacityProvider"`
	Base             int    `json:"base"`
	Weight           int    `json:"weight"`
}
