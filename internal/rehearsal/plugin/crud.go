package plugin

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Create makes a resource. In a preview what AWS would compute is unknown.
func (p *Provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := unmarshal("inputs", req.GetProperties())
	if err != nil {
		return nil, err
	}
	call := p.call(spec, req.GetUrn(), inputs)
	if req.GetPreview() {
		spec.Prepare(call, p.settings.defaultTags)
		if err := p.catalog.Foresee(spec, call); err != nil {
			return nil, p.fail(req.GetUrn(), err)
		}
		forecast(spec, call.State, spec.Outputs)
		state, err := conclude(spec, call.State)
		return &pulumirpc.CreateResponse{Properties: state}, err
	}
	faults, err := p.strike(cloud.CreateCall, spec, req.GetUrn())
	if err != nil {
		return nil, err
	}
	if err := faults.before(); err != nil {
		return nil, err
	}
	var made *cloud.Object
	err = p.cloud.Do(func(tx *cloud.Tx) (err error) {
		call.Tx = tx
		made, err = p.catalog.Create(spec, call, p.settings.defaultTags)
		return err
	})
	if err != nil {
		return nil, p.fail(req.GetUrn(), err)
	}
	if err := faults.after(ctx, made.ID); err != nil {
		return nil, err
	}
	state, err := conclude(spec, made.State)
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: state}, err
}

// forecast marks what AWS computes, and is not there yet, as unknown.
func forecast(spec *catalog.Spec, state resource.PropertyMap, outputs map[string]catalog.Field) {
	for name := range outputs {
		key := resource.PropertyKey(name)
		if _, known := state[key]; known {
			continue
		}
		if _, input := spec.Inputs.Fields[name]; input && !spec.IsComputed(name) {
			continue // the program leaves it out, and so does AWS
		}
		state[key] = resource.MakeComputed(resource.NewStringProperty(""))
	}
}

// Read returns a resource as AWS has it now; an empty id says that it is gone. Without inputs it is an import.
func (p *Provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	faults, err := p.strike(cloud.ReadCall, spec, req.GetUrn())
	if err != nil {
		return nil, err
	}
	if err := faults.before(); err != nil {
		return nil, err
	}
	if unseen, err := faults.unseen(req.GetId()); err != nil || unseen {
		return &pulumirpc.ReadResponse{}, err
	}
	var there *cloud.Object
	var state, inputs resource.PropertyMap
	err = p.cloud.View(func(tx *cloud.Tx) error {
		if there = tx.Get(p.account, p.regionOf(spec), spec.Token, req.GetId()); there != nil {
			state, inputs = catalog.Strip(there.State), catalog.Strip(there.Inputs)
		}
		return nil
	})
	if err != nil || there == nil {
		return &pulumirpc.ReadResponse{}, err
	}
	if err := faults.after(ctx, there.ID); err != nil {
		return nil, err
	}
	if len(req.GetInputs().GetFields()) > 0 {
		old, err := unmarshal("inputs", req.GetInputs())
		if err != nil {
			return nil, err
		}
		inputs = refreshed(spec, catalog.Strip(old), state)
	} else if len(inputs) == 0 {
		inputs = importable(spec, state)
	}
	response := &pulumirpc.ReadResponse{Id: there.ID}
	if response.Properties, err = conclude(spec, state); err != nil {
		return nil, err
	}
	response.Inputs, err = conclude(spec, inputs)
	return response, err
}

// refreshed are the inputs after a refresh: what the program had set, with the values that AWS has now.
func refreshed(spec *catalog.Spec, old, state resource.PropertyMap) resource.PropertyMap {
	inputs := resource.PropertyMap{}
	for key, value := range old {
		if _, is := spec.Inputs.Fields[string(key)]; !is {
			continue
		}
		now, there := state[key]
		switch {
		case !there:
		case value.IsAsset() || value.IsArchive():
			inputs[key] = value
		default:
			inputs[key] = now
		}
	}
	return inputs
}

// importable are the inputs that an imported resource's state speaks of: what AWS does not compute by itself.
func importable(spec *catalog.Spec, state resource.PropertyMap) resource.PropertyMap {
	inputs := resource.PropertyMap{}
	for name, field := range spec.Inputs.Fields {
		if value, there := state[resource.PropertyKey(name)]; there && name != "tagsAll" && (!spec.IsComputed(name) || !field.Optional) {
			inputs[resource.PropertyKey(name)] = value
		}
	}
	return inputs
}

// Update changes a resource in place.
func (p *Provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("inputs", req.GetNews())
	if err != nil {
		return nil, err
	}
	call := p.call(spec, req.GetUrn(), news)
	call.IgnoreChanges = req.GetIgnoreChanges()
	if req.GetPreview() {
		return p.previewUpdate(spec, call, req)
	}
	faults, err := p.strike(cloud.UpdateCall, spec, req.GetUrn())
	if err != nil {
		return nil, err
	}
	if err := faults.before(); err != nil {
		return nil, err
	}
	var changed *cloud.Object
	err = p.cloud.Do(func(tx *cloud.Tx) error {
		call.Tx = tx
		if call.Old = tx.Get(p.account, call.Region, spec.Token, req.GetId()); call.Old == nil {
			return (&catalog.Error{Code: "ResourceNotFoundException", Property: "id", Value: req.GetId(), Rule: "exists",
				Message: fmt.Sprintf("%s %s does not exist any more; run a refresh", spec.Title, req.GetId())}).In(spec.Type, "updating")
		}
		var err error
		changed, err = p.catalog.Update(spec, call, p.settings.defaultTags)
		return err
	})
	if err != nil {
		return nil, p.fail(req.GetUrn(), err)
	}
	if err := faults.after(ctx, changed.ID); err != nil {
		return nil, err
	}
	state, err := conclude(spec, changed.State)
	return &pulumirpc.UpdateResponse{Properties: state}, err
}

func (p *Provider) previewUpdate(spec *catalog.Spec, call *catalog.Call, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	olds, err := unmarshal("state", req.GetOlds())
	if err != nil {
		return nil, err
	}
	oldInputs, err := unmarshal("old inputs", req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	call.Old = &cloud.Object{ID: req.GetId(), Type: spec.Token, State: catalog.Strip(olds), Inputs: catalog.Strip(oldInputs)}
	spec.Prepare(call, p.settings.defaultTags)
	if err := p.catalog.Foresee(spec, call); err != nil {
		return nil, p.fail(req.GetUrn(), err)
	}
	for _, name := range spec.Volatile {
		call.State[resource.PropertyKey(name)] = resource.MakeComputed(resource.NewStringProperty(""))
	}
	state, err := conclude(spec, call.State)
	return &pulumirpc.UpdateResponse{Properties: state}, err
}

// Delete deletes a resource; one that is gone already is fine.
func (p *Provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	faults, err := p.strike(cloud.DeleteCall, spec, req.GetUrn())
	if err != nil {
		return nil, err
	}
	if err := faults.before(); err != nil {
		return nil, err
	}
	call := p.call(spec, req.GetUrn(), nil)
	err = p.cloud.Do(func(tx *cloud.Tx) error {
		call.Tx = tx
		if call.Old = tx.Get(p.account, call.Region, spec.Token, req.GetId()); call.Old == nil {
			return nil
		}
		return p.catalog.Delete(spec, call)
	})
	if err != nil {
		return nil, p.fail(req.GetUrn(), err)
	}
	return &emptypb.Empty{}, faults.after(ctx, req.GetId())
}

// Invoke calls a function.
func (p *Provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	function, err := p.catalog.Function(req.GetTok())
	if err != nil {
		return nil, p.failFunction(req.GetTok(), err)
	}
	args, err := unmarshal("arguments", req.GetArgs())
	if err != nil {
		return nil, err
	}
	args = catalog.Strip(args)
	if err := p.strikeFunction(ctx, function.Token); err != nil {
		return nil, err
	}
	var failures []*pulumirpc.CheckFailure
	for _, problem := range catalog.CheckArgs(catalog.PlainShape(function.Args), args) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: problem.Property, Reason: problem.String()})
		failure := cloud.Failure{Type: function.Token, Property: problem.Property, Rule: problem.Rule, Operation: "Invoke", Message: problem.String()}
		if err := p.cloud.RecordFailure(failure); err != nil {
			return nil, err
		}
	}
	if len(failures) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures}, nil
	}
	var result map[string]any
	err = p.cloud.View(func(tx *cloud.Tx) error {
		var err error
		result, err = function.Run(&catalog.Invoke{Tx: tx, Account: p.account, Region: p.settings.region, Partition: "aws", Args: args})
		return err
	})
	if err != nil {
		return nil, p.failFunction(function.Token, fmt.Errorf("reading %s: %w", function.Token, err))
	}
	out, err := marshal("result", resource.NewPropertyMapFromMap(result))
	return &pulumirpc.InvokeResponse{Return: out}, err
}

// failFunction is fail for a function, which has no URN.
func (p *Provider) failFunction(token string, err error) error {
	return p.fail(functionURN(token), err)
}

func functionURN(token string) string {
	return "urn:pulumi:rehearsal::rehearsal::" + token + "::invoke"
}
