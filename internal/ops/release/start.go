package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// appSpec is CodeDeploy's AppSpec for ECS. Whatever it leaves out CodeDeploy takes from ECS's defaults, and not from the version
// that runs: capacity providers and network would be gone.
type appSpec struct {
	Version   string              `json:"version"`
	Resources []specResource      `json:"Resources"`
	Hooks     []map[string]string `json:"Hooks,omitempty"`
}

type specResource struct {
	TargetService specService `json:"TargetService"`
}

type specService struct {
	Type       string         `json:"Type"`
	Properties specProperties `json:"Properties"`
}

type specProperties struct {
	TaskDefinition           string         `json:"TaskDefinition"`
	LoadBalancerInfo         specBalancer   `json:"LoadBalancerInfo"`
	PlatformVersion          string         `json:"PlatformVersion"`
	NetworkConfiguration     specNetwork    `json:"NetworkConfiguration"`
	CapacityProviderStrategy []specCapacity `json:"CapacityProviderStrategy"`
}

type specBalancer struct {
	ContainerName string `json:"ContainerName"`
	ContainerPort int    `json:"ContainerPort"`
}

type specNetwork struct {
	AwsvpcConfiguration specVpc `json:"AwsvpcConfiguration"`
}

type specVpc struct {
	Subnets        []string `json:"Subnets"`
	SecurityGroups []string `json:"SecurityGroups"`
	AssignPublicIp string   `json:"AssignPublicIp"`
}

type specCapacity struct {
	CapacityProvider string `json:"CapacityProvider"`
	Base             int    `json:"Base"`
	Weight           int    `json:"Weight"`
}

// hookEvent is when the test listener serves the new version and no user does.
const hookEvent = "AfterAllowTestTraffic"

// specFor is the AppSpec of a release with a task definition.
func specFor(wanted release.Release, arn string) appSpec {
	vpc := wanted.NetworkConfiguration.AwsvpcConfiguration
	properties := specProperties{
		TaskDefinition: arn, PlatformVersion: wanted.PlatformVersion,
		LoadBalancerInfo:     specBalancer{ContainerName: wanted.ContainerName, ContainerPort: wanted.ContainerPort},
		NetworkConfiguration: specNetwork{specVpc{Subnets: vpc.Subnets, SecurityGroups: vpc.SecurityGroups, AssignPublicIp: vpc.AssignPublicIp}},
	}
	for _, item := range wanted.CapacityProviderStrategy {
		properties.CapacityProviderStrategy = append(properties.CapacityProviderStrategy, specCapacity(item))
	}
	spec := appSpec{Version: "0.0", Resources: []specResource{{specService{Type: "AWS::ECS::Service", Properties: properties}}}}
	if wanted.HookFunctionArn != "" {
		spec.Hooks = []map[string]string{{hookEvent: wanted.HookFunctionArn}}
	}
	return spec
}

// definition is the task definition's ARN, or empty.
func (s appSpec) definition() string {
	if len(s.Resources) == 0 {
		return ""
	}
	return s.Resources[0].TargetService.Properties.TaskDefinition
}

// carries tells whether the deployment has everything beside the task definition as it is wanted.
func (d *Deployment) carries(wanted release.Release) bool {
	if len(d.spec.Resources) == 0 {
		return false
	}
	properties := d.spec.Resources[0].TargetService.Properties
	vpc := properties.NetworkConfiguration.AwsvpcConfiguration
	want := wanted.NetworkConfiguration.AwsvpcConfiguration
	var capacity []release.Capacity
	for _, item := range properties.CapacityProviderStrategy {
		capacity = append(capacity, release.Capacity(item))
	}
	return sameSet(vpc.Subnets, want.Subnets) && sameSet(vpc.SecurityGroups, want.SecurityGroups) && vpc.AssignPublicIp == want.AssignPublicIp &&
		properties.PlatformVersion == wanted.PlatformVersion && wantedCapacity(capacity) == wantedCapacity(wanted.CapacityProviderStrategy) &&
		properties.LoadBalancerInfo == specBalancer{wanted.ContainerName, wanted.ContainerPort}
}

// begin starts a deployment, or finds the one that an attempt whose answer was lost has started.
func (d *deployer) begin(ctx context.Context, arn, description string, despiteAlarms bool) (id string, resumed bool, err error) {
	what := "starting a deployment of " + short(arn)
	text, err := json.Marshal(specFor(d.wanted, arn))
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", what, err)
	}
	sum := sha256.Sum256(text)
	input := &codedeploy.CreateDeploymentInput{
		ApplicationName: &d.wanted.Application, DeploymentGroupName: &d.wanted.DeploymentGroup, Description: &description,
		Revision: &deploytypes.RevisionLocation{RevisionType: deploytypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &deploytypes.AppSpecContent{
			Content: aws.String(string(text)), Sha256: aws.String(hex.EncodeToString(sum[:])),
		}},
	}
	if despiteAlarms {
		input.OverrideAlarmConfiguration = &deploytypes.AlarmConfiguration{Enabled: false}
	}
	answer, err := d.env.Primary().CodeDeploy().CreateDeployment(ctx, input)
	if ops.IsCode(err, "DeploymentLimitExceededException") {
		// CreateDeployment knows no token: a second attempt after a lost answer meets the first one's deployment.
		under, findErr := underway(ctx, d.env, d.wanted, "")
		if findErr != nil {
			return "", false, findErr
		}
		if under != nil && under.TaskDefinition == arn && under.carries(d.wanted) {
			return under.ID, true, nil
		}
		other := "unknown"
		if under != nil {
			other = under.ID
		}
		return "", false, ops.Refuse(what, fmt.Sprintf("another deployment (%s) of %s began in the meantime", other, d.wanted.DeploymentGroup),
			"wait for its end, or stop it: `itrack rollback "+d.env.Settings.Environment+"`")
	}
	if err != nil {
		return "", false, ops.Explain(what, err)
	}
	id = aws.ToString(answer.DeploymentId)
	d.env.Say("%s: the deployment %s has begun", d.service, id)
	return id, false, nil
}

// endBake gives up the old version that a deployment keeps.
func (d *deployer) endBake(ctx context.Context, under *Deployment) error {
	d.env.Say("%s: ending the time for which the deployment %s keeps its old version", d.service, under.ID)
	_, err := d.env.Primary().CodeDeploy().ContinueDeployment(ctx, &codedeploy.ContinueDeploymentInput{
		DeploymentId: &under.ID, DeploymentWaitType: deploytypes.DeploymentWaitTypeTerminationWait,
	})
	if err != nil && !ops.IsCode(err, "DeploymentAlreadyCompletedException") {
		return ops.Explain("ending the wait of the deployment "+under.ID, err)
	}
	info, err := d.untilOver(ctx, under.ID, "the end of the deployment "+under.ID)
	if err != nil {
		return d.onward(under.ID, err)
	}
	if info.Status != deploytypes.DeploymentStatusSucceeded {
		environment := d.env.Settings.Environment
		return &ops.Problem{What: "ending the wait of the deployment " + under.ID,
			Why:  fmt.Sprintf("it has ended as %s, not as Succeeded: the traffic goes back to the version that it kept", info.Status),
			Next: fmt.Sprintf("`itrack status %s` shows what runs; when that is well, run this again", environment)}
	}
	return nil
}

// taskSetsOf are the task sets of the service that run a task definition.
func (l *live) taskSetsOf(arn string) []ecstypes.TaskSet {
	var sets []ecstypes.TaskSet
	for _, set := range l.service.TaskSets {
		if strings.EqualFold(aws.ToString(set.TaskDefinition), arn) {
			sets = append(sets, set)
		}
	}
	return sets
}
