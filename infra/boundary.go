package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BoundaryType is the type token of Boundary.
const BoundaryType = "itrack:infra:Boundary"

// Boundary is the permissions boundary that every role of the stack carries: whoever may make roles here (the deploy role) can only make ones that stay below it.
type Boundary struct {
	pulumi.ResourceState

	// Arn: ARN of the managed policy.
	Arn pulumi.StringOutput
}

// BoundaryArgs are what Boundary is made from.
type BoundaryArgs struct {
	// Placement: where.
	Placement *Placement
}

// NewBoundary makes the permissions boundary that every role of the stack carries.
func NewBoundary(ctx *pulumi.Context, name string, args *BoundaryArgs, opts ...pulumi.ResourceOption) (*Boundary, error) {
	component := &Boundary{}
	if err := ctx.RegisterComponentResource(BoundaryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating boundary: %w", err)
	}
	_ = args
	return component, nil
}
