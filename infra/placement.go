package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// EdgeRegion is where CloudFront's certificates, web ACLs, metrics and log deliveries live.
const EdgeRegion = "us-east-1"

// Region is an AWS region and the explicit provider that works in it.
type Region struct {
	Name     string
	Provider *aws.Provider
}

// Placement says where a stack stands. Two roles in the same region share one *Region, so that comparing pointers
// tells whether regional resources are to be made once or twice.
type Placement struct {
	Names
	// Account is the 12-digit account id; Partition is aws, aws-cn or aws-us-gov.
	Account   string
	Partition string
	// Tags are the providers' default tags, for what default tags do not reach: launch templates and their instances.
	Tags     map[string]string
	Primary  *Region
	Recovery *Region
	Edge     *Region
	// Boundary is the ARN of the permissions boundary that every role carries; nil before there is one.
	Boundary *pulumi.StringOutput
}

// Regions are the distinct regions, primary first.
func (p *Placement) Regions() []*Region {
	regions := []*Region{p.Primary}
	for _, region := range []*Region{p.Recovery, p.Edge} {
		known := false
		for _, have := range regions {
			known = known || have == region
		}
		if !known {
			regions = append(regions, region)
		}
	}
	return regions
}

// Options are what every component gets: the primary provider, also for children of packages that have their own
// default (awsx would otherwise bring a second version of the plugin).
func (p *Placement) Options() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Providers(p.Primary.Provider)}
}

// Arn is the ARN of something whose name is known before it exists. region is empty for global services.
func (p *Placement) Arn(service, region, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", p.Partition, service, region, p.Account, resource)
}

// Principal is a service's principal name, such as ecs-tasks.amazonaws.com.
func (p *Placement) Principal(service string) string {
	return service + ".amazonaws.com"
}

// NewPlacement makes the explicit providers of the stack's regions: each takes over every `aws:` setting and sets the
// region. It asks the primary provider for the account.
func NewPlacement(ctx *pulumi.Context, settings *Settings) (*Placement, error) {
	placement := &Placement{Names: Names{Environment: settings.Environment}}
	tags := map[string]string{"Project": Project, "Environment": settings.Environment, "ManagedBy": "pulumi"}
	for key, value := range settings.Tags {
		tags[key] = value
	}
	placement.Tags = tags
	made := map[string]*Region{}
	region := func(role, name string) (*Region, error) {
		if have, ok := made[name]; ok {
			return have, nil
		}
		args, err := providerArgs(func(key string) (string, bool) {
			text, err := config.Try(ctx, "aws:"+key)
			return text, err == nil
		}, name, tags)
		if err != nil {
			return nil, err
		}
		provider, err := aws.NewProvider(ctx, role, args)
		if err != nil {
			return nil, fmt.Errorf("creating the provider of region %s: %w", name, err)
		}
		made[name] = &Region{Name: name, Provider: provider}
		return made[name], nil
	}
	var err error
	if placement.Primary, err = region("primary", settings.Region); err != nil {
		return nil, err
	}
	if placement.Recovery, err = region("recovery", settings.Recovery.Region); err != nil {
		return nil, err
	}
	if placement.Edge, err = region("edge", EdgeRegion); err != nil {
		return nil, err
	}
	// The provider is the parent: an invoke without one would take the default provider, which is switched off.
	identity, err := aws.GetCallerIdentity(ctx, nil, pulumi.Parent(placement.Primary.Provider), pulumi.Provider(placement.Primary.Provider))
	if err != nil {
		return nil, fmt.Errorf("asking AWS who we are (are there credentials? `aws sts get-caller-identity` must work): %w", err)
	}
	partition, err := aws.GetPartition(ctx, nil, pulumi.Parent(placement.Primary.Provider), pulumi.Provider(placement.Primary.Provider))
	if err != nil {
		return nil, fmt.Errorf("asking for the partition: %w", err)
	}
	placement.Account, placement.Partition = identity.AccountId, partition.Partition
	return placement, nil
}
