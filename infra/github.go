package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GithubType is the type token of Github.
const GithubType = "itrack:infra:Github"

// Github is the roles of GitHub Actions.
type Github struct {
	pulumi.ResourceState

	// DeployRoleArn: role of the environment.
	DeployRoleArn pulumi.StringOutput
	// PreviewRoleArn: read-only role.
	PreviewRoleArn pulumi.StringOutput
}

// GithubArgs are what Github is made from.
type GithubArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: repository.
	Settings GithubSettings
	// Account: OIDC provider.
	Account *Account
	// Boundary: what roles made by the deploy role carry.
	Boundary *Boundary
	// Keys: signing.
	Keys *Keys
	// Registry: where images are pushed.
	Registry *Registry
	// Frontend: where the site is uploaded.
	Frontend *Frontend
}

// The pipeline's roles and their boundary by short name.
const (
	deployName           = "deploy"
	previewName          = "preview"
	pipelineBoundaryName = "pipeline-boundary"
	// deploySessionSeconds: a database with a standby takes half an hour, a function in the VPC 45 minutes to delete, a
	// canary with its bake time an hour or more. A session that ends meanwhile leaves pending operations behind.
	deploySessionSeconds  = 4 * 60 * 60
	previewSessionSeconds = 60 * 60
)

// pipelineRole is one of the two roles.
type pipelineRole struct {
	name, description, subject string
	seconds                    int
	policies                   []namedStatements
	managed                    []string
}

// namedStatements are the statements of one managed policy.
type namedStatements struct {
	name       string
	statements []Statement
}

// NewGithub makes the roles of GitHub Actions.
func NewGithub(ctx *pulumi.Context, name string, args *GithubArgs, opts ...pulumi.ResourceOption) (*Github, error) {
	component := &Github{}
	if err := ctx.RegisterComponentResource(GithubType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the pipeline's roles: %w", err)
	}
	place, parent := args.Placement, pulumi.Parent(component)
	boundary, err := newPolicy(ctx, "pipeline-boundary", place, pipelineBoundaryName, "The most that the pipeline's roles can do, whatever their own policies say",
		policyInput(pipelineBoundaryStatements(place)), parent)
	if err != nil {
		return nil, err
	}
	bucket := args.Settings.StateBucket
	if bucket == "" {
		bucket = fmt.Sprintf("%s-pulumi-state-%s-%s", Project, place.Account, place.Environment)
	}
	deploy := pipelineRole{
		name: deployName, description: "GitHub Actions deploys " + place.Environment, seconds: deploySessionSeconds,
		// The environment's own rules (reviewers, branches) stand before this subject; a branch name would not carry them.
		subject:  fmt.Sprintf("repo:%s:environment:%s", args.Settings.Repository, place.Environment),
		policies: deployPolicies(place, bucket),
	}
	preview := pipelineRole{
		name: previewName, description: "GitHub Actions previews changes of " + place.Environment, seconds: previewSessionSeconds,
		subject:  fmt.Sprintf("repo:%s:pull_request", args.Settings.Repository),
		policies: previewPolicies(place, bucket),
		managed:  []string{place.ManagedPolicy("ReadOnlyAccess")},
	}
	if component.DeployRoleArn, err = newPipelineRole(ctx, args, deploy, boundary, parent); err != nil {
		return nil, err
	}
	if component.PreviewRoleArn, err = newPipelineRole(ctx, args, preview, boundary, parent); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"deployRoleArn": component.DeployRoleArn, "previewRoleArn": component.PreviewRoleArn,
	}); err != nil {
		return nil, fmt.Errorf("creating the pipeline's roles: %w", err)
	}
	return component, nil
}

// newPolicy makes a customer-managed policy below the stack's path.
func newPolicy(ctx *pulumi.Context, name string, place *Placement, physical, description string, document pulumi.StringInput, opts ...pulumi.ResourceOption) (*iam.Policy, error) {
	policy, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{
		Name: pulumi.String(place.Of(limitGeneral, physical)), Path: pulumi.String(place.RolePath()),
		Description: pulumi.String(description), Policy: document,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the policy %s: %w", name, err)
	}
	return policy, nil
}

// newPipelineRole makes a role that only GitHub's tokens with this audience and exactly this subject can take.
func newPipelineRole(ctx *pulumi.Context, args *GithubArgs, role pipelineRole, boundary *iam.Policy, parent pulumi.ResourceOption) (pulumi.StringOutput, error) {
	place := args.Placement
	trust := PolicyFrom([]pulumi.StringInput{args.Account.GithubProviderArn}, func(known []string) []Statement {
		return []Statement{{
			Principals: Principals{Federated: known}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: map[string]map[string][]string{"StringEquals": {
				githubIssuer + ":aud": {stsAudience}, githubIssuer + ":sub": {role.subject},
			}},
		}}
	})
	name := "github-" + role.name
	made, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Name: pulumi.String(place.Of(limitRole, role.name)), Path: pulumi.String(place.RolePath()), Description: pulumi.String(role.description),
		AssumeRolePolicy: trust, PermissionsBoundary: boundary.Arn.ToStringPtrOutput(), MaxSessionDuration: pulumi.Int(role.seconds),
	}, parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the role %s: %w", name, err)
	}
	arns := map[string]pulumi.StringInput{}
	for _, policy := range role.policies {
		document, err := newPolicy(ctx, name+"-"+policy.name, place, role.name+"-"+policy.name, role.description+": "+policy.name, policyInput(policy.statements), parent)
		if err != nil {
			return pulumi.StringOutput{}, err
		}
		arns[policy.name] = document.Arn
	}
	for i, arn := range role.managed {
		arns[fmt.Sprintf("managed-%d", i)] = pulumi.String(arn)
	}
	for _, key := range sortedKeys(arns) {
		if _, err := iam.NewRolePolicyAttachment(ctx, name+"-"+key, &iam.RolePolicyAttachmentArgs{Role: made.Name, PolicyArn: arns[key]}, parent); err != nil {
			return pulumi.StringOutput{}, fmt.Errorf("attaching the policy %s to role %s: %w", key, name, err)
		}
	}
	return made.Arn, nil
}
