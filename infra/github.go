package infra

import (
	"fmt"

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

// NewGithub makes the roles of GitHub Actions.
func NewGithub(ctx *pulumi.Context, name string, args *GithubArgs, opts ...pulumi.ResourceOption) (*Github, error) {
	component := &Github{}
	if err := ctx.RegisterComponentResource(GithubType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating github: %w", err)
	}
	_ = args
	return component, nil
}
