package infra

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
	plain := args.ElementType() // the same fields, and only there with their names as settings
	for i := range value.NumField() {
		field, found := plain.FieldByName(value.Type().Field(i).Name)
		if !found {
			continue
		}
		key := field.Tag.Get("pulumi")
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
