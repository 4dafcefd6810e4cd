// Package ecr describes ECR to the stand-in.
package ecr

import (
	"fmt"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	repositoryToken = "aws:ecr/repository:Repository"
	api             = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
)

// Service is what the stand-in knows of ECR.
func Service() catalog.Service {
	return catalog.Service{Types: append([]catalog.Type{
		{
			Token: repositoryToken, Args: (*sdk.RepositoryArgs)(nil), Resource: (*sdk.Repository)(nil),
			Service: "ECR", Action: "Repository", Title: "ECR Repository", Verbs: map[string]string{"update": "PutImageTagMutability"},
			ARN: "arn:{partition}:ecr:{region}:{account}:repository/{name}", ID: catalog.Templated("{name}"),
			Name: catalog.Name{Property: "name", Auto: 256, Scope: catalog.InRegion, Code: "RepositoryAlreadyExistsException",
				Message: "The repository with name '{name}' already exists in the registry with id '{account}'"},
			Defaults: map[string]any{"imageTagMutability": "MUTABLE", "encryptionConfigurations[].encryptionType": "AES256"},
			Refs: []catalog.Ref{{Path: "encryptionConfigurations[].kmsKey", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByARN,
				Code: "KmsException", Message: "The key {value} does not exist or can't be used"}},
			Compute: func(c *catalog.Call) error {
				c.Set("registryId", c.Account)
				c.Set("repositoryUrl", fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", c.Account, c.Region, c.Name()))
				return nil
			},
		},
		{
			Token: "aws:ecr/lifecyclePolicy:LifecyclePolicy", Args: (*sdk.LifecyclePolicyArgs)(nil), Resource: (*sdk.LifecyclePolicy)(nil),
			Service: "ECR", Action: "LifecyclePolicy", Title: "ECR Lifecycle Policy", Verbs: map[string]string{"create": "PutLifecyclePolicy"},
			ID: catalog.Templated("{repository}"), Overwrites: true,
			Documents: map[string]catalog.Document{"policy": {Code: "InvalidParameterException"}},
			Refs: []catalog.Ref{{Path: "repository", To: []string{repositoryToken}, By: catalog.ByName, Code: "RepositoryNotFoundException",
				Message: "The repository with name '{value}' does not exist in the registry"}},
			Compute: func(c *catalog.Call) error { c.Set("registryId", c.Account); return nil },
		},
	}, registrySettings()...)}
}
