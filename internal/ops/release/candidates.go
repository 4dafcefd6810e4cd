package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// How far back is looked.
const (
	candidateLimit = 20
	historyLimit   = 100
	batch          = 25 // CodeDeploy's limit of BatchGetDeployments
)

// Candidate is a revision of a service's task definition that a rollback could go to.
type Candidate struct {
	Revision       int       `json:"revision"`
	TaskDefinition string    `json:"taskDefinition"`
	Image          string    `json:"image"`
	Digest         string    `json:"digest,omitempty"`
	Registered     time.Time `json:"registered"`
	// Ran: a deployment moved the traffic to it and ended well, last at RanAt. Current: it has the traffic.
	Ran     bool       `json:"ran"`
	RanAt   *time.Time `json:"ranAt,omitempty"`
	Current bool       `json:"current"`
	// Bootstrap: the image with which the stack was made. Gone: the image is in the repository no more.
	Bootstrap bool `json:"bootstrap"`
	Gone      bool `json:"gone"`
}

// Candidates are the revisions of a service's task definition, the newest first.
func Candidates(ctx context.Context, env *ops.Environment, out ops.Outputs, service string) ([]Candidate, error) {
	wanted, err := out.Release(service)
	if err != nil {
		return nil, err
	}
	now, err := inspect(ctx, env, wanted, service)
	if err != nil {
		return nil, err
	}
	past, err := history(ctx, env, wanted)
	if err != nil {
		return nil, err
	}
	return candidates(ctx, env, wanted, now, past)
}

func candidates(ctx context.Context, env *ops.Environment, wanted release.Release, now *live, past []deploytypes.DeploymentInfo) ([]Candidate, error) {
	arns, err := revisions(ctx, env, aws.ToString(now.definition.Family))
	if err != nil {
		return nil, err
	}
	ran := map[string]time.Time{}
	for _, info := range past {
		arn := specOf(&info).definition()
		if info.Status == deploytypes.DeploymentStatusSucceeded && info.Creator != deploytypes.DeploymentCreatorCodeDeployRollback && ran[arn].IsZero() {
			ran[arn] = aws.ToTime(info.CreateTime)
		}
	}
	var all []Candidate
	for _, arn := range arns {
		definition, err := describeDefinition(ctx, env, arn)
		if err != nil {
			return nil, err
		}
		found := Candidate{
			Revision: int(definition.Revision), TaskDefinition: arn, Registered: aws.ToTime(definition.RegisteredAt), Current: arn == now.run.TaskDefinition,
		}
		for _, container := range definition.ContainerDefinitions {
			if aws.ToString(container.Name) == wanted.ContainerName {
				found.Image = aws.ToString(container.Image)
			}
		}
		_, found.Digest, _ = strings.Cut(found.Image, "@")
		found.Bootstrap = !ofRepository(found.Image, wanted.Repository)
		if at, ok := ran[arn]; ok {
			found.Ran, found.RanAt = true, &at
		}
		found.Ran = found.Ran || found.Current
		all = append(all, found)
	}
	return all, missingImages(ctx, env, wanted, all)
}

// revisions are the newest active revisions of a family, the newest first.
func revisions(ctx context.Context, env *ops.Environment, family string) ([]string, error) {
	var arns []string
	pages := ecs.NewListTaskDefinitionsPaginator(env.Primary().ECS(), &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: &family, Sort: ecstypes.SortOrderDesc, Status: ecstypes.TaskDefinitionStatusActive,
	})
	for pages.HasMorePages() && len(arns) < candidateLimit {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("listing the revisions of "+family, err)
		}
		arns = append(arns, page.TaskDefinitionArns...)
	}
	slices.SortFunc(arns, func(a, b string) int { return revisionOf(b) - revisionOf(a) })
	return arns[:min(len(arns), candidateLimit)], nil
}

// history are the group's deployments, the newest first.
func history(ctx context.Context, env *ops.Environment, wanted release.Release) ([]deploytypes.DeploymentInfo, error) {
	what := "reading the deployments of " + wanted.DeploymentGroup
	client := env.Primary().CodeDeploy()
	var ids []string
	pages := codedeploy.NewListDeploymentsPaginator(client, &codedeploy.ListDeploymentsInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup})
	for pages.HasMorePages() && len(ids) < historyLimit {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain(what, err)
		}
		ids = append(ids, page.Deployments...)
	}
	var all []deploytypes.DeploymentInfo
	for some := range slices.Chunk(ids, batch) {
		answer, err := client.BatchGetDeployments(ctx, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: some})
		if err != nil {
			return nil, ops.Explain(what, err)
		}
		all = append(all, answer.DeploymentsInfo...)
	}
	slices.SortStableFunc(all, func(a, b deploytypes.DeploymentInfo) int {
		return aws.ToTime(b.CreateTime).Compare(aws.ToTime(a.CreateTime))
	})
	return all, nil
}

// missingImages marks the candidates whose image the repository does not have any more.
func missingImages(ctx context.Context, env *ops.Environment, wanted release.Release, all []Candidate) error {
	host, name, _ := strings.Cut(wanted.Repository, "/")
	account, _, _ := strings.Cut(host, ".")
	ids := []ecrtypes.ImageIdentifier{}
	asked := map[string]bool{}
	for _, candidate := range all {
		if candidate.Digest != "" && !candidate.Bootstrap && !asked[candidate.Digest] {
			asked[candidate.Digest] = true
			ids = append(ids, ecrtypes.ImageIdentifier{ImageDigest: aws.String(candidate.Digest)})
		}
	}
	if len(ids) == 0 {
		return nil
	}
	answer, err := env.Primary().ECR().BatchGetImage(ctx, &ecr.BatchGetImageInput{RegistryId: &account, RepositoryName: &name, ImageIds: ids})
	if err != nil {
		return ops.Explain(fmt.Sprintf("looking for images in %s", name), err)
	}
	there := map[string]bool{}
	for _, image := range answer.Images {
		there[aws.ToString(image.ImageId.ImageDigest)] = true
	}
	for i := range all {
		all[i].Gone = asked[all[i].Digest] && !there[all[i].Digest]
	}
	return nil
}
