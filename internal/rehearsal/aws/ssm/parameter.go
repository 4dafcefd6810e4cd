package ssm

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// parameterType is Parameter Store. The stack keeps nothing there; programs that leak a secret do.
func parameterType() catalog.Type {
	return catalog.Type{
		Token: "aws:ssm/parameter:Parameter", Args: (*sdk.ParameterArgs)(nil), Resource: (*sdk.Parameter)(nil),
		Service: "SSM", Action: "Parameter", Title: "SSM Parameter", Verbs: map[string]string{"create": "PutParameter"},
		ID: catalog.Templated("{name}"), ARN: "arn:{partition}:ssm:{region}:{account}:parameter{name}",
		Name: catalog.Name{Property: "name", Auto: 1011, Scope: catalog.InRegion, Code: "ParameterAlreadyExists",
			Message: "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."},
		Defaults: map[string]any{"dataType": "text", "tier": "Standard"},
		Blank:    []string{"insecureValue", "keyId", "value"},
		Compute: func(c *catalog.Call) error {
			c.SetNew("version", 1)
			return nil
		},
		Source: api + "API_PutParameter.html",
	}
}
