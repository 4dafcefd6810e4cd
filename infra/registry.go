package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegistryType is the type token of Registry.
const RegistryType = "itrack:infra:Registry"

// What the lifecycle keeps: enough images to go back a quarter of weekly releases and more, and untagged ones (the halves of
// a push that broke off, images whose tag was never set) for a week. One release is about six entries: the index, an image and
// an SBOM for each of two platforms, the signature.
const (
	registryKeptImages   = 200
	registryUntaggedDays = 7
)

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

// NewRegistry makes one ECR repository per service: itrack-<service>-<environment>.
func NewRegistry(ctx *pulumi.Context, name string, args *RegistryArgs, opts ...pulumi.ResourceOption) (*Registry, error) {
	component := &Registry{
		Urls: map[string]pulumi.StringOutput{}, Arns: map[string]pulumi.StringOutput{}, Names: map[string]pulumi.StringOutput{},
	}
	if err := ctx.RegisterComponentResource(RegistryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating registry: %w", err)
	}
	lifecycle, err := canonicalJSON(registryLifecycle())
	if err != nil {
		return nil, fmt.Errorf("creating registry: %w", err)
	}
	urls, arns, names := pulumi.StringMap{}, pulumi.StringMap{}, pulumi.StringMap{}
	for _, service := range args.Services {
		repository, err := component.repository(ctx, args, service)
		if err != nil {
			return nil, err
		}
		if _, err := ecr.NewLifecyclePolicy(ctx, service, &ecr.LifecyclePolicyArgs{
			Repository: repository.Name, Policy: pulumi.String(lifecycle),
		}, pulumi.Parent(component)); err != nil {
			return nil, fmt.Errorf("creating the lifecycle of repository %s: %w", service, err)
		}
		component.Urls[service], component.Arns[service], component.Names[service] = repository.RepositoryUrl, repository.Arn, repository.Name
		urls[service], arns[service], names[service] = repository.RepositoryUrl, repository.Arn, repository.Name
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"urls": urls, "arns": arns, "names": names}); err != nil {
		return nil, fmt.Errorf("creating registry: %w", err)
	}
	return component, nil
}

func (r *Registry) repository(ctx *pulumi.Context, args *RegistryArgs, service string) (*ecr.Repository, error) {
	repository, err := ecr.NewRepository(ctx, service, &ecr.RepositoryArgs{
		Name: pulumi.String(args.Placement.Of(limitGeneral, service)),
		// A tag that once named an image names it for ever: what was tested is what runs.
		ImageTagMutability:         pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: &ecr.RepositoryImageScanningConfigurationArgs{ScanOnPush: pulumi.Bool(true)},
		EncryptionConfigurations: ecr.RepositoryEncryptionConfigurationArray{&ecr.RepositoryEncryptionConfigurationArgs{
			EncryptionType: pulumi.String("KMS"), KmsKey: args.Keys.Data.In(args.Placement.Primary).Arn.ToStringPtrOutput(),
		}},
		// ECR refuses to delete a repository that holds images; where nothing is protected they must not hold up a destroy.
		ForceDelete: pulumi.Bool(args.ForceDestroy),
	}, pulumi.Parent(r), pulumi.Protect(args.Protect))
	if err != nil {
		return nil, fmt.Errorf("creating the repository of service %s: %w", service, err)
	}
	return repository, nil
}

// lifecyclePolicy is ECR's lifecycle document.
type lifecyclePolicy struct {
	Rules []lifecycleRule `json:"rules"`
}

type lifecycleRule struct {
	RulePriority int                `json:"rulePriority"`
	Description  string             `json:"description"`
	Selection    lifecycleSelection `json:"selection"`
	Action       lifecycleAction    `json:"action"`
}

type lifecycleSelection struct {
	TagStatus   string `json:"tagStatus"`
	CountType   string `json:"countType"`
	CountUnit   string `json:"countUnit,omitempty"`
	CountNumber int    `json:"countNumber"`
}

type lifecycleAction struct {
	Type string `json:"type"`
}

// registryLifecycle: the rule for any image must have the highest priority number, ECR refuses the policy otherwise.
func registryLifecycle() lifecyclePolicy {
	return lifecyclePolicy{Rules: []lifecycleRule{
		{
			RulePriority: 1, Description: "Untagged images go after a week", Action: lifecycleAction{Type: "expire"},
			Selection: lifecycleSelection{TagStatus: "untagged", CountType: "sinceImagePushed", CountUnit: "days", CountNumber: registryUntaggedDays},
		},
		{
			RulePriority: 2, Description: "Keep the newest images", Action: lifecycleAction{Type: "expire"},
			Selection: lifecycleSelection{TagStatus: "any", CountType: "imageCountMoreThan", CountNumber: registryKeptImages},
		},
	}}
}
