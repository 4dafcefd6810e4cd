package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SecretsType is the type token of Secrets.
const SecretsType = "itrack:infra:Secrets"

// SecretNames are the short names of the secrets that must exist before the first deployment.
var SecretNames = []string{"db_password", "jwt_secret", "api_key"}

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

// NewSecrets looks the three secrets up. Only their ARNs come here: looking a version up would put the value into
// Pulumi's state. Where one is missing, the error names the command that makes it.
func NewSecrets(ctx *pulumi.Context, name string, args *SecretsArgs, opts ...pulumi.ResourceOption) (*Secrets, error) {
	component := &Secrets{Arns: map[string]string{}}
	if err := ctx.RegisterComponentResource(SecretsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating secrets: %w", err)
	}
	for _, short := range SecretNames {
		full := args.Placement.Path(short)
		found, err := secretsmanager.LookupSecret(ctx, &secretsmanager.LookupSecretArgs{Name: &full}, pulumi.Parent(component))
		if err != nil {
			return nil, fmt.Errorf("looking up the secret %s: it must exist in %s before the stack is deployed. "+
				"`make create-secrets ENVIRONMENT=%s` makes the three secrets (README.md shows the same as aws calls): %w",
				full, args.Placement.Primary.Name, args.Placement.Environment, err)
		}
		component.Arns[short] = found.Arn
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"arns": pulumi.ToStringMap(component.Arns)}); err != nil {
		return nil, fmt.Errorf("creating secrets: %w", err)
	}
	return component, nil
}
