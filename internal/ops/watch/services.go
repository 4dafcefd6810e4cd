package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/itrack/itrack/internal/ops"
)

// Service is how one service stands.
type Service struct {
	Name           string    `json:"name"`
	ECSName        string    `json:"ecsName"`
	State          string    `json:"state"` // ECS's word: ACTIVE, DRAINING, INACTIVE, or MISSING
	Desired        int       `json:"desired"`
	Running        int       `json:"running"`
	Pending        int       `json:"pending"`
	TaskDefinition string    `json:"taskDefinition"` // family:revision
	Image          string    `json:"image"`
	Since          time.Time `json:"since"` // of the version that has the users
	TargetGroups   []string  `json:"targetGroups"`
	LastEvent      string    `json:"lastEvent,omitempty"`
}

// Problem says what is wrong with the counts, or nothing.
func (s Service) Problem() string {
	switch {
	case s.State != "ACTIVE":
		return "ECS says " + s.State
	case s.Desired == 0:
		return "no task is wanted"
	case s.Running < s.Desired:
		text := fmt.Sprintf("%d of %s running, %d pending", s.Running, counted(s.Desired, "task"), s.Pending)
		if s.LastEvent != "" {
			text += "; ECS's last word: " + s.LastEvent
		}
		return text
	}
	return ""
}

// maxDescribed is how many services ECS describes in one call.
const maxDescribed = 10

// Services are the stack's services by name. Images tells whether the image of each is wanted, which is a call more each.
func Services(ctx context.Context, env *ops.Environment, out ops.Outputs) ([]Service, error) {
	names := slices.Sorted(maps.Keys(out.Services))
	found := map[string]ecstypes.Service{}
	for chunk := range slices.Chunk(slices.Sorted(maps.Values(out.Services)), maxDescribed) {
		answer, err := env.Primary().ECS().DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(out.Cluster), Services: chunk})
		if err != nil {
			return nil, ops.Explain("asking for the services of the cluster "+out.Cluster, err)
		}
		for _, service := range answer.Services {
			found[aws.ToString(service.ServiceName)] = service
		}
	}
	all := make([]Service, 0, len(names))
	for _, name := range names {
		service := Service{Name: name, ECSName: out.Services[name], State: "MISSING", TargetGroups: []string{}}
		if there, ok := found[service.ECSName]; ok {
			service.read(there)
		}
		all = append(all, service)
	}
	return all, nil
}

// read takes over what ECS tells. Under CodeDeploy a version is a task set; the primary one has the users.
func (s *Service) read(there ecstypes.Service) {
	s.State = aws.ToString(there.Status)
	s.Desired, s.Running, s.Pending = int(there.DesiredCount), int(there.RunningCount), int(there.PendingCount)
	s.TaskDefinition, s.Since = aws.ToString(there.TaskDefinition), aws.ToTime(there.CreatedAt)
	balancers := there.LoadBalancers
	for _, set := range there.TaskSets {
		if aws.ToString(set.Status) == "PRIMARY" {
			s.TaskDefinition, s.Since, balancers = aws.ToString(set.TaskDefinition), aws.ToTime(set.CreatedAt), set.LoadBalancers
		}
	}
	for _, deployment := range there.Deployments {
		if len(there.TaskSets) == 0 && aws.ToString(deployment.Status) == "PRIMARY" {
			s.Since = aws.ToTime(deployment.CreatedAt)
		}
	}
	for _, balancer := range balancers {
		if balancer.TargetGroupArn != nil {
			s.TargetGroups = append(s.TargetGroups, *balancer.TargetGroupArn)
		}
	}
	s.TaskDefinition = s.TaskDefinition[strings.LastIndex(s.TaskDefinition, "/")+1:]
	if len(there.Events) > 0 {
		s.LastEvent = aws.ToString(there.Events[0].Message)
	}
}

// withImages asks which image each service runs.
func withImages(ctx context.Context, env *ops.Environment, services []Service) error {
	for i := range services {
		if services[i].TaskDefinition == "" {
			continue
		}
		answer, err := env.Primary().ECS().DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(services[i].TaskDefinition)})
		if err != nil {
			return ops.Explain("asking for the task definition "+services[i].TaskDefinition, err)
		}
		for _, container := range answer.TaskDefinition.ContainerDefinitions {
			if services[i].Image == "" || aws.ToString(container.Name) == services[i].Name {
				services[i].Image = aws.ToString(container.Image)
			}
		}
	}
	return nil
}

// targets says how many targets of a group are in which state, and whether that is well: one at least serves, none fails.
// Those that come or go say nothing.
func targets(ctx context.Context, env *ops.Environment, group string) (well bool, text string, err error) {
	answer, err := env.Primary().LoadBalancers().DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{TargetGroupArn: aws.String(group)})
	if err != nil {
		return false, "", ops.Explain("asking for the targets of "+groupName(group), err)
	}
	count, reasons := map[string]int{}, []string{}
	for _, target := range answer.TargetHealthDescriptions {
		state := string(target.TargetHealth.State)
		count[state]++
		if failing(target.TargetHealth.State) && target.TargetHealth.Description != nil && !slices.Contains(reasons, *target.TargetHealth.Description) {
			reasons = append(reasons, *target.TargetHealth.Description)
		}
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[state], state))
	}
	text = strings.Join(append(parts, reasons...), ", ")
	if text == "" {
		text = "no target"
	}
	well = count[string(balancingtypes.TargetHealthStateEnumHealthy)] > 0
	for state := range count {
		well = well && !failing(balancingtypes.TargetHealthStateEnum(state))
	}
	return well, text, nil
}

func failing(state balancingtypes.TargetHealthStateEnum) bool {
	return state == balancingtypes.TargetHealthStateEnumUnhealthy || state == balancingtypes.TargetHealthStateEnumUnavailable
}

// groupName is the name in a target group's ARN: .../targetgroup/NAME/ID.
func groupName(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return arn
	}
	return parts[len(parts)-2]
}
