package infra

import (
	"fmt"
	"reflect"
	"strconv"

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
	Primary   *Region
	Recovery  *Region
	Edge      *Region
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

// nestedProviderArgs are the concrete types behind the provider's nested settings.
var nestedProviderArgs = map[string]reflect.Type{
	"assumeRole":                reflect.TypeFor[aws.ProviderAssumeRoleArgs](),
	"assumeRoleWithWebIdentity": reflect.TypeFor[aws.ProviderAssumeRoleWithWebIdentityArgs](),
	"defaultTags":               reflect.TypeFor[aws.ProviderDefaultTagsArgs](),
	"ignoreTags":                reflect.TypeFor[aws.ProviderIgnoreTagsArgs](),
	"endpoints":                 reflect.TypeFor[aws.ProviderEndpointArgs](),
}

// providerArgs fills every provider setting that lookup knows. It goes by the SDK's own fields, so that a setting that
// a later SDK adds is taken over without a change here. tags are added to the stack's own default tags; ours win, since
// backup selection and cost allocation go by them.
func providerArgs(lookup func(key string) (string, bool), region string, tags map[string]string) (*aws.ProviderArgs, error) {
	args := &aws.ProviderArgs{}
	value := reflect.ValueOf(args).Elem()
	for i := range value.NumField() {
		key := value.Type().Field(i).Tag.Get("pulumi")
		text, ok := lookup(key)
		if !ok || key == "region" {
			continue
		}
		decoded := decodeJSONOr(text)
		input, err := providerInput(key, value.Type().Field(i).Type, decoded, text)
		if err != nil {
			return nil, &ConfigError{Problems: []Problem{{Path: "aws:" + key, Rule: err.Error()}}}
		}
		value.Field(i).Set(reflect.ValueOf(input))
	}
	args.Region = pulumi.String(region)
	merged := pulumi.StringMap{}
	if given, ok := args.DefaultTags.(*aws.ProviderDefaultTagsArgs); ok && given.Tags != nil {
		if have, ok := given.Tags.(pulumi.StringMap); ok {
			for key, tag := range have {
				merged[key] = tag
			}
		}
	}
	for key, tag := range tags {
		merged[key] = pulumi.String(tag)
	}
	args.DefaultTags = &aws.ProviderDefaultTagsArgs{Tags: merged}
	return args, nil
}

var (
	stringInput      = reflect.TypeFor[pulumi.StringPtrInput]()
	boolInput        = reflect.TypeFor[pulumi.BoolPtrInput]()
	intInput         = reflect.TypeFor[pulumi.IntPtrInput]()
	stringArrayInput = reflect.TypeFor[pulumi.StringArrayInput]()
	stringMapInput   = reflect.TypeFor[pulumi.StringMapInput]()
	endpointsInput   = reflect.TypeFor[aws.ProviderEndpointArrayInput]()
)

// providerInput turns one decoded setting into the Input that the field wants.
func providerInput(key string, want reflect.Type, decoded any, text string) (any, error) {
	switch want {
	case stringInput:
		return pulumi.StringPtr(text), nil
	case boolInput:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q must be true or false", text)
		}
		return pulumi.BoolPtr(on), nil
	case intInput:
		number, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("%q must be a whole number", text)
		}
		return pulumi.IntPtr(number), nil
	case stringArrayInput:
		entries, ok := decoded.([]any)
		if !ok {
			return nil, fmt.Errorf("must be a list")
		}
		return pulumi.ToStringArray(texts(entries)), nil
	case stringMapInput:
		entries, ok := decoded.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("must be an object")
		}
		tags := pulumi.StringMap{}
		for name, entry := range entries {
			tags[name] = pulumi.String(fmt.Sprint(entry))
		}
		return tags, nil
	case endpointsInput:
		entries, ok := decoded.([]any)
		if !ok {
			return nil, fmt.Errorf("must be a list of objects, such as [{s3: http://localhost:4566}]")
		}
		endpoints := aws.ProviderEndpointArray{}
		for _, entry := range entries {
			filled, err := providerObject("endpoints", entry)
			if err != nil {
				return nil, err
			}
			endpoints = append(endpoints, filled.(*aws.ProviderEndpointArgs))
		}
		return endpoints, nil
	default:
		return providerObject(key, decoded)
	}
}

// providerObject fills the nested settings struct of key; a key that it lacks is an error.
func providerObject(key string, decoded any) (any, error) {
	kind, known := nestedProviderArgs[key]
	entries, ok := decoded.(map[string]any)
	if !known || !ok {
		return nil, fmt.Errorf("must be an object")
	}
	filled := reflect.New(kind)
	fields := map[string]int{}
	for i := range kind.NumField() {
		fields[kind.Field(i).Tag.Get("pulumi")] = i
	}
	for name, entry := range entries {
		index, ok := fields[name]
		if !ok {
			return nil, fmt.Errorf("%s is not a setting of the AWS provider", name)
		}
		input, err := providerInput(name, kind.Field(index).Type, entry, fmt.Sprint(entry))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		filled.Elem().Field(index).Set(reflect.ValueOf(input))
	}
	return filled.Interface(), nil
}

func texts(entries []any) []string {
	result := make([]string, len(entries))
	for i, entry := range entries {
		result[i] = fmt.Sprint(entry)
	}
	return result
}
