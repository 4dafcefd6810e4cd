package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/itrack/itrack/internal/recovery"
)

var computeLooks = map[string]look{
	"aws:ecs/cluster:Cluster":                          clusters,
	"aws:ecs/service:Service":                          services,
	"aws:ecs/taskDefinition:TaskDefinition":            taskDefinitions,
	"aws:ecr/repository:Repository":                    repositories,
	"aws:autoscaling/group:Group":                      scalingGroups,
	"aws:lambda/function:Function":                     functions,
	"aws:lambda/alias:Alias":                           aliases,
	"aws:lambda/eventSourceMapping:EventSourceMapping": mappings,
	"aws:codedeploy/application:Application":           applications,
	"aws:codedeploy/deploymentGroup:DeploymentGroup":   deploymentGroups,
	"aws:codedeploy/deploymentConfig:DeploymentConfig": deploymentConfigs,
}

// inactive is what ECS calls a cluster or service that was deleted and is still listed for a while.
const inactive = "INACTIVE"

func clusters(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := ecs.NewFromConfig(r.at("ecs")).DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{r.Text("name")}})
	if err != nil || len(answer.Clusters) == 0 || aws.ToString(answer.Clusters[0].Status) == inactive {
		return nil, err
	}
	return []recovery.Candidate{{ID: aws.ToString(answer.Clusters[0].ClusterArn)}}, nil
}

func services(ctx context.Context, r request) ([]recovery.Candidate, error) {
	cluster := r.Text("cluster")
	answer, err := ecs.NewFromConfig(r.at("ecs")).DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{r.Text("name")}})
	if err != nil || len(answer.Services) == 0 || aws.ToString(answer.Services[0].Status) == inactive {
		return nil, err
	}
	return []recovery.Candidate{{ID: aws.ToString(answer.Services[0].ServiceArn), Import: lastPart(cluster) + "/" + r.Text("name")}}, nil
}

// taskDefinitions finds the newest revision: registering makes one, and the provider imports it by its ARN.
func taskDefinitions(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := ecs.NewFromConfig(r.at("ecs")).ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: aws.String(r.id), Sort: "DESC", MaxResults: aws.Int32(1)})
	if err != nil || len(answer.TaskDefinitionArns) == 0 {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Import: answer.TaskDefinitionArns[0]}}, nil
}

func repositories(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := ecr.NewFromConfig(r.at("ecr")).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{r.id}})
	return byID(r, err)
}

func scalingGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := autoscaling.NewFromConfig(r.at("autoscaling")).DescribeAutoScalingGroups(ctx,
		&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{r.id}})
	if err != nil || len(answer.AutoScalingGroups) == 0 {
		return nil, err
	}
	return byID(r, nil)
}

func functions(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := lambda.NewFromConfig(r.at("lambda")).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &r.id})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: orEmpty(answer.Tags)}}, nil
}

func aliases(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := lambda.NewFromConfig(r.at("lambda")).GetAlias(ctx, &lambda.GetAliasInput{
		FunctionName: aws.String(r.Text("functionName")), Name: aws.String(r.Text("name"))})
	return byID(r, err)
}

func mappings(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, lambda.NewListEventSourceMappingsPaginator(lambda.NewFromConfig(r.at("lambda")),
		&lambda.ListEventSourceMappingsInput{FunctionName: aws.String(r.Text("functionName"))}),
		func(page *lambda.ListEventSourceMappingsOutput) []lambdatypes.EventSourceMappingConfiguration {
			return page.EventSourceMappings
		})
	return all(found, err, func(m lambdatypes.EventSourceMappingConfiguration) recovery.Candidate {
		// AWS answers with the function's ARN however it was asked for.
		return recovery.Candidate{ID: aws.ToString(m.UUID), Attributes: map[string]any{
			"eventSourceArn": aws.ToString(m.EventSourceArn), "functionName": r.Text("functionName")}}
	})
}

func applications(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := codedeploy.NewFromConfig(r.at("codedeploy")).GetApplication(ctx, &codedeploy.GetApplicationInput{ApplicationName: aws.String(r.Text("name"))})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: aws.ToString(answer.Application.ApplicationId) + ":" + r.Text("name"),
		Attributes: map[string]any{"name": aws.ToString(answer.Application.ApplicationName)}}}, nil
}

func deploymentGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := codedeploy.NewFromConfig(r.at("codedeploy")).GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{
		ApplicationName: aws.String(r.Text("appName")), DeploymentGroupName: aws.String(r.Text("deploymentGroupName"))})
	if err != nil {
		return nil, err
	}
	info := answer.DeploymentGroupInfo
	return []recovery.Candidate{{ID: aws.ToString(info.DeploymentGroupId), Attributes: attributes(map[string]*string{
		"appName": info.ApplicationName, "deploymentGroupName": info.DeploymentGroupName})}}, nil
}

func deploymentConfigs(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := codedeploy.NewFromConfig(r.at("codedeploy")).GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &r.id})
	return byID(r, err)
}

func orEmpty(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}
