package plugin

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Check checks inputs and gives a name to what the program left nameless.
func (p *Provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("inputs", req.GetNews())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal("old inputs", req.GetOlds())
	if err != nil {
		return nil, err
	}
	if err := documentsToText(spec, news); err != nil {
		return nil, err
	}
	if err := autoname(spec, resource.URN(req.GetUrn()).Name(), req.GetRandomSeed(), olds, news); err != nil {
		return nil, err
	}
	failures, err := p.failures(req.GetUrn(), spec.CheckInputs(p.call(spec, req.GetUrn(), news)))
	if err != nil {
		return nil, err
	}
	inputs, err := marshal("inputs", news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures}, nil
}

// failures records problems and turns them into what the engine prints.
func (p *Provider) failures(urn string, problems []catalog.Problem) ([]*pulumirpc.CheckFailure, error) {
	var failures []*pulumirpc.CheckFailure
	for _, problem := range problems {
		failure := cloud.Failure{URN: urn, Type: string(resource.URN(urn).Type()), Property: problem.Property, Rule: problem.Rule,
			Operation: "Check", Message: problem.String()}
		if err := p.cloud.RecordFailure(failure); err != nil {
			return nil, err
		}
		failures = append(failures, &pulumirpc.CheckFailure{Property: problem.Property, Reason: problem.String()})
	}
	return failures, nil
}

// documentsToText writes documents that the program gives as objects as JSON text, as the provider does.
func documentsToText(spec *catalog.Spec, inputs resource.PropertyMap) error {
	for path := range spec.Documents {
		key := resource.PropertyKey(path)
		value := catalog.Plain(inputs[key])
		if !value.IsObject() || value.ContainsUnknowns() {
			continue
		}
		text, err := json.Marshal(catalog.Strip(value.ObjectValue()).Mappable())
		if err != nil {
			return err
		}
		inputs[key] = resource.NewStringProperty(string(text))
	}
	return nil
}

// generated tells whether a name was made by autoname for this resource.
func generated(logical, name string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(logical)+"-")
	return ok && generatedSuffix.MatchString(rest)
}

var generatedSuffix = regexp.MustCompile(`^[0-9a-f]{7}(\.fifo)?$`)

// autoname names a resource as pulumi-aws does: its logical name and seven hexadecimal digits, kept from one run to the next.
func autoname(spec *catalog.Spec, logical string, seed []byte, olds, news resource.PropertyMap) error {
	name := spec.Name
	key := resource.PropertyKey(name.Property)
	if name.Auto == 0 || !catalog.Plain(news[key]).IsNull() {
		return nil
	}
	if name.Prefix != "" && !catalog.Plain(news[resource.PropertyKey(name.Prefix)]).IsNull() {
		return nil
	}
	if old := catalog.Str(olds, name.Property); generated(logical, old) {
		news[key] = resource.NewStringProperty(old)
		return nil
	}
	prefix := logical + "-"
	if name.Lower {
		prefix = strings.ToLower(prefix)
	}
	made, err := resource.NewUniqueName(seed, prefix, 7, name.Auto, nil)
	if err != nil {
		return err
	}
	if fifo := catalog.Plain(news["fifoTopic"]); fifo.IsBool() && fifo.BoolValue() {
		made += ".fifo"
	}
	news[key] = resource.NewStringProperty(made)
	return nil
}
