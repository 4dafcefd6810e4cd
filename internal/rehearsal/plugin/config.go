package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// settings are a provider's settings that matter to the stand-in.
type settings struct {
	region      string
	defaultTags map[string]string
}

var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// CheckConfig checks a provider's settings: unknown ones, wrong types, a missing region, an account that is not allowed.
func (p *Provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal("settings", req.GetNews())
	if err != nil {
		return nil, err
	}
	decoded, problems := decodeSettings(news)
	problems = append(problems, catalog.CheckArgs(providerShape(), decoded)...)
	problems = append(problems, p.checkAccount(decoded)...)
	if region := decoded["region"]; !region.ContainsUnknowns() {
		switch name := catalog.Str(decoded, "region"); {
		case name == "":
			problems = append(problems, catalog.Problem{Property: "region", Rule: "required", Message: "the provider needs a region: set aws:region"})
		case !regionPattern.MatchString(name) && !boolAt(decoded, "skipRegionValidation"):
			problems = append(problems, catalog.Problem{Property: "region", Rule: "a region", Value: name, Message: "must be an AWS region"})
		}
	}
	failures, err := p.failures(req.GetUrn(), problems)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures}, nil
}

// decodeSettings undoes the engine's encoding: a provider's settings other than strings arrive as JSON text. "version" and
// "pluginDownloadURL" are the engine's own.
func decodeSettings(raw resource.PropertyMap) (resource.PropertyMap, []catalog.Problem) {
	shape := providerShape()
	out := resource.PropertyMap{}
	var problems []catalog.Problem
	for key, value := range catalog.Strip(raw) {
		if key == "version" || key == "pluginDownloadURL" {
			continue
		}
		if field, ok := shape.Fields[string(key)]; ok && field.Kind != catalog.String && value.IsString() {
			var decoded any
			if err := json.Unmarshal([]byte(value.StringValue()), &decoded); err != nil {
				problems = append(problems, catalog.Problem{Property: string(key), Rule: "type", Value: value.StringValue(),
					Message: fmt.Sprintf("must be %s", field.Kind)})
				continue
			}
			value = resource.NewPropertyValue(decoded)
		}
		out[key] = value
	}
	return out, problems
}

func providerShape() *catalog.Shape {
	return catalog.PlainShape(reflect.Zero(reflect.PointerTo(aws.ProviderArgs{}.ElementType())).Interface())
}

func (p *Provider) checkAccount(settings resource.PropertyMap) []catalog.Problem {
	var problems []catalog.Problem
	allowed, forbidden := catalog.Strs(settings, "allowedAccountIds"), catalog.Strs(settings, "forbiddenAccountIds")
	unknown := settings["allowedAccountIds"].ContainsUnknowns() || settings["forbiddenAccountIds"].ContainsUnknowns()
	if len(allowed) > 0 && len(forbidden) > 0 {
		problems = append(problems, catalog.Problem{Property: "forbiddenAccountIds", Rule: "conflicts with allowedAccountIds",
			Message: "allowedAccountIds and forbiddenAccountIds exclude each other"})
	}
	if len(allowed) > 0 && !unknown && !slices.Contains(allowed, p.account) {
		problems = append(problems, catalog.Problem{Property: "allowedAccountIds", Rule: "allowed account", Value: strings.Join(allowed, ", "),
			Message: "AWS account ID not allowed: " + p.account})
	}
	if slices.Contains(forbidden, p.account) {
		problems = append(problems, catalog.Problem{Property: "forbiddenAccountIds", Rule: "forbidden account", Value: p.account,
			Message: "AWS account ID not allowed: " + p.account})
	}
	for path, ids := range map[string][]string{"allowedAccountIds": allowed, "forbiddenAccountIds": forbidden} {
		for _, id := range ids {
			if !accountPattern.MatchString(id) {
				problems = append(problems, catalog.Problem{Property: path, Rule: "an account", Value: id, Message: "must be 12 digits"})
			}
		}
	}
	return problems
}

// DiffConfig reports that another region is another provider: everything in it would have to be made anew.
func (p *Provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := unmarshal("old settings", req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("new settings", req.GetNews())
	if err != nil {
		return nil, err
	}
	resp := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, key := range unionKeys(olds, news) {
		if key == "version" || olds[key].DeepEquals(news[key]) {
			continue
		}
		resp.Changes = pulumirpc.DiffResponse_DIFF_SOME
		resp.Diffs = append(resp.Diffs, string(key))
		if key == "region" {
			resp.Replaces = append(resp.Replaces, string(key))
		}
	}
	return resp, nil
}

func unionKeys(a, b resource.PropertyMap) []resource.PropertyKey {
	seen := a.Copy()
	for key := range b {
		seen[key] = b[key]
	}
	return seen.StableKeys()
}

// Configure takes over the settings.
func (p *Provider) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := unmarshal("settings", req.GetArgs())
	if err != nil {
		return nil, err
	}
	decoded, _ := decodeSettings(args) // CheckConfig reported what does not decode
	if problems := p.checkAccount(decoded); len(problems) > 0 {
		return nil, p.fail(req.GetUrn(), fmt.Errorf("configuring the provider: %s", problems[0]))
	}
	p.settings.region = catalog.Str(decoded, "region")
	p.settings.defaultTags = map[string]string{}
	for _, leaf := range catalog.Leaves(decoded, "defaultTags.tags") {
		if !leaf.Value.IsObject() {
			continue
		}
		for key, value := range leaf.Value.ObjectValue() {
			p.settings.defaultTags[string(key)] = catalog.Text(value)
		}
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

func boolAt(props resource.PropertyMap, key resource.PropertyKey) bool {
	value := catalog.Plain(props[key])
	return value.IsBool() && value.BoolValue()
}
