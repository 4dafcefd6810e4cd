package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How a container runs, whatever it holds.
const (
	// containerUser is nobody the image knows: uid and gid without a name and without a right.
	containerUser = "10001:10001"
	// stopSeconds is how long a task may finish what it does after SIGTERM; Fargate's limit is 120.
	stopSeconds = 60
	// temporaryVolume is the one place to write to, gone with the task.
	temporaryVolume = "tmp"
	temporaryPath   = "/tmp"
	// databaseLogin is the MySQL user that db_password belongs to; RDS keeps the master user's to itself.
	databaseLogin = Project
)

// taskTemplate is a task definition in the shape of ECS's RegisterTaskDefinition.
type taskTemplate struct {
	Family                  string                `json:"family"`
	TaskRoleArn             string                `json:"taskRoleArn,omitempty"`
	ExecutionRoleArn        string                `json:"executionRoleArn"`
	NetworkMode             string                `json:"networkMode"`
	RequiresCompatibilities []string              `json:"requiresCompatibilities"`
	Cpu                     string                `json:"cpu"`
	Memory                  string                `json:"memory"`
	RuntimePlatform         runtimePlatform       `json:"runtimePlatform"`
	Volumes                 []taskVolume          `json:"volumes"`
	ContainerDefinitions    []containerDefinition `json:"containerDefinitions"`
}

type runtimePlatform struct {
	CpuArchitecture       string `json:"cpuArchitecture"`
	OperatingSystemFamily string `json:"operatingSystemFamily"`
}

type taskVolume struct {
	Name string `json:"name"`
}

// containerDefinition holds what this stack sets of ECS's ContainerDefinition. Image is empty in the wanted release:
// the deployment puts the digest in.
type containerDefinition struct {
	Name                   string                `json:"name"`
	Image                  string                `json:"image,omitempty"`
	Essential              bool                  `json:"essential"`
	Command                []string              `json:"command,omitempty"`
	Environment            []nameValue           `json:"environment"`
	Secrets                []nameFrom            `json:"secrets,omitempty"`
	PortMappings           []portMapping         `json:"portMappings"`
	MountPoints            []mountPoint          `json:"mountPoints"`
	ReadonlyRootFilesystem bool                  `json:"readonlyRootFilesystem"`
	Privileged             bool                  `json:"privileged"`
	User                   string                `json:"user"`
	StopTimeout            int                   `json:"stopTimeout"`
	LinuxParameters        linuxParameters       `json:"linuxParameters"`
	HealthCheck            *containerHealthCheck `json:"healthCheck,omitempty"`
	LogConfiguration       logConfiguration      `json:"logConfiguration"`
}

type nameValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type nameFrom struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

type portMapping struct {
	ContainerPort int    `json:"containerPort"`
	HostPort      int    `json:"hostPort"`
	Protocol      string `json:"protocol"`
}

type mountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

type linuxParameters struct {
	InitProcessEnabled bool               `json:"initProcessEnabled"`
	Capabilities       kernelCapabilities `json:"capabilities"`
}

type kernelCapabilities struct {
	Drop []string `json:"drop"`
}

type containerHealthCheck struct {
	Command     []string `json:"command"`
	Interval    int      `json:"interval"`
	Timeout     int      `json:"timeout"`
	Retries     int      `json:"retries"`
	StartPeriod int      `json:"startPeriod"`
}

type logConfiguration struct {
	LogDriver string            `json:"logDriver"`
	Options   map[string]string `json:"options"`
}

// containerFacts is what a task definition needs and is known only later, in a fixed order.
type containerFacts []pulumi.StringInput

// Positions in containerFacts.
const (
	factLogGroup = iota
	factTaskRole
	factExecutionRole
	factItems
	factHistory
	factFrontendOrigin
	// Only where the service uses the database.
	factDatabaseHost
	factDatabasePort
)

func (b *serviceBuilder) facts() containerFacts {
	facts := containerFacts{
		factLogGroup: b.logs.Name, factTaskRole: b.task.Arn, factExecutionRole: b.execution.Arn,
		factItems: b.args.Items.ItemsTable, factHistory: b.args.Items.HistoryTable, factFrontendOrigin: b.args.FrontendOrigin,
	}
	if b.settings.Data.Database {
		facts = append(facts, b.args.Rds.Address, pulumi.Sprintf("%d", b.args.Rds.Port))
	}
	return facts
}

// definition is the container, without an image and the command of one.
func (b *serviceBuilder) definition(known []string) containerDefinition {
	settings := b.settings
	container := containerDefinition{
		Name: b.name, Essential: true,
		Environment: b.environment(known),
		// On Fargate the host's port is the container's; ECS writes it in, and left out it would be a difference.
		PortMappings:           []portMapping{{ContainerPort: settings.Port, HostPort: settings.Port, Protocol: "tcp"}},
		MountPoints:            []mountPoint{{SourceVolume: temporaryVolume, ContainerPath: temporaryPath}},
		ReadonlyRootFilesystem: true, User: containerUser, StopTimeout: stopSeconds,
		// The init process passes signals on and reaps children: SIGTERM reaches a program that is not process 1.
		LinuxParameters: linuxParameters{InitProcessEnabled: true, Capabilities: kernelCapabilities{Drop: []string{"ALL"}}},
		LogConfiguration: logConfiguration{LogDriver: "awslogs", Options: map[string]string{
			"awslogs-group": known[factLogGroup], "awslogs-region": b.args.Placement.Primary.Name, "awslogs-stream-prefix": b.name,
			// A slow CloudWatch must not stop the service: what does not fit into the buffer is lost instead.
			"mode": "non-blocking", "max-buffer-size": "25m",
		}},
	}
	secrets := slices.Sorted(slices.Values(settings.Secrets))
	for _, secret := range secrets {
		container.Secrets = append(container.Secrets, nameFrom{Name: strings.ToUpper(secret), ValueFrom: b.args.Secrets.Arns[secret]})
	}
	return container
}

// environment is what the container is told, sorted by name: no secret among it.
func (b *serviceBuilder) environment(known []string) []nameValue {
	variables := map[string]string{}
	maps.Copy(variables, b.settings.Environment)
	variables["PORT"] = strconv.Itoa(b.settings.Port)
	variables["ENVIRONMENT"] = b.args.Placement.Environment
	variables["ALLOWED_ORIGINS"] = strings.Join(append([]string{known[factFrontendOrigin]}, b.args.AllowedOrigins...), ",")
	if b.settings.Data.Items != "none" {
		variables["ITEMS_TABLE"] = known[factItems]
	}
	if b.settings.Data.History != "none" {
		variables["HISTORY_TABLE"] = known[factHistory]
	}
	if b.settings.Data.Database {
		variables["DB_HOST"], variables["DB_PORT"] = known[factDatabaseHost], known[factDatabasePort]
		variables["DB_NAME"], variables["DB_USER"] = b.args.Rds.DatabaseName, databaseLogin
	}
	var environment []nameValue
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environment = append(environment, nameValue{Name: name, Value: variables[name]})
	}
	return environment
}

// wanted is the task definition as the stack wants it: everything but the image.
func (b *serviceBuilder) wanted(known []string) taskTemplate {
	container := b.definition(known)
	if len(b.settings.HealthCommand) > 0 {
		container.HealthCheck = &containerHealthCheck{
			Command:  append([]string{"CMD"}, b.settings.HealthCommand...),
			Interval: healthSeconds, Timeout: healthTimeoutSeconds, Retries: unhealthyAfter,
			// ECS takes a start period of 300 seconds at most.
			StartPeriod: min(b.settings.GraceSeconds, 300),
		}
	}
	return b.fargate(taskTemplate{
		Family: b.args.Placement.Of(limitGeneral, b.name), TaskRoleArn: known[factTaskRole], ExecutionRoleArn: known[factExecutionRole],
		Cpu: strconv.Itoa(b.settings.Cpu), Memory: strconv.Itoa(b.settings.Memory),
	}, container)
}

// fargate completes a template by what every task of the service has.
func (b *serviceBuilder) fargate(template taskTemplate, container containerDefinition) taskTemplate {
	template.NetworkMode, template.RequiresCompatibilities = "awsvpc", []string{capacityOnDemand}
	template.RuntimePlatform = runtimePlatform{CpuArchitecture: "ARM64", OperatingSystemFamily: "LINUX"}
	template.Volumes, template.ContainerDefinitions = []taskVolume{{Name: temporaryVolume}}, []containerDefinition{container}
	return template
}

// template is wanted as an output.
func (b *serviceBuilder) template() pulumi.MapOutput {
	return pulumi.StringArray(b.container).ToStringArrayOutput().ApplyT(func(known []string) (map[string]any, error) {
		return generic(b.wanted(known))
	}).(pulumi.MapOutput)
}

// generic is v as JSON would give it back: maps, lists and plain values.
func generic(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing the wanted release: %w", err)
	}
	var result map[string]any
	if err := json.Unmarshal(text, &result); err != nil {
		return nil, fmt.Errorf("writing the wanted release: %w", err)
	}
	return result, nil
}

// taskDefinition registers the first revision, with the bootstrap image: there is no other one yet, and the service can't
// be made without. Deployments register the later ones.
func (b *serviceBuilder) taskDefinition(ctx *pulumi.Context) (*ecs.TaskDefinition, error) {
	containers := DocumentFrom(b.container, func(known []string) (string, error) {
		container := b.definition(known)
		container.Image, container.Command = b.settings.BootstrapImage.Image, b.settings.BootstrapImage.Command
		return canonicalJSON([]containerDefinition{container})
	})
	definition, err := ecs.NewTaskDefinition(ctx, b.name, &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(b.args.Placement.Of(limitGeneral, b.name)),
		ContainerDefinitions:    containers,
		Cpu:                     pulumi.String(strconv.Itoa(b.settings.Cpu)),
		Memory:                  pulumi.String(strconv.Itoa(b.settings.Memory)),
		NetworkMode:             pulumi.String("awsvpc"),
		RequiresCompatibilities: pulumi.StringArray{pulumi.String(capacityOnDemand)},
		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			CpuArchitecture: pulumi.String("ARM64"), OperatingSystemFamily: pulumi.String("LINUX"),
		},
		TaskRoleArn: b.task.Arn.ToStringPtrOutput(), ExecutionRoleArn: b.execution.Arn.ToStringPtrOutput(),
		Volumes: ecs.TaskDefinitionVolumeArray{&ecs.TaskDefinitionVolumeArgs{Name: pulumi.String(temporaryVolume)}},
		// A revision that is deregistered can't be rolled back to, and a running service may still use it.
		SkipDestroy: pulumi.Bool(true),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating the task definition of service %s: %w", b.name, err)
	}
	return definition, nil
}
