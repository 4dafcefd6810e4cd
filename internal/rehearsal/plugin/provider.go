package plugin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Version is what the plugin says it is: the version of the SDK that programs are built with, so that the engine takes the
// stand-in for the provider they ask for.
const Version = "6.83.2"

// Provider is the stand-in for pulumi-aws.
type Provider struct {
	pulumirpc.UnimplementedResourceProviderServer

	catalog *catalog.Catalog
	cloud   *cloud.Cloud
	account string

	settings settings
}

var accountPattern = regexp.MustCompile(`^\d{12}$`)

// NewProvider opens the pretend cloud in dir for one account.
func NewProvider(c *catalog.Catalog, dir, account string) (*Provider, error) {
	if dir == "" || !accountPattern.MatchString(account) {
		return nil, fmt.Errorf("starting the stand-in AWS: it needs the folder of its cloud and a 12-digit account in the environment, got %q and %q; use `itrack rehearse`",
			dir, account)
	}
	pretend, err := cloud.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("starting the stand-in AWS: %w", err)
	}
	return &Provider{catalog: c, cloud: pretend, account: account}, nil
}

// Handshake says that the stand-in, like the bridged provider, takes plain inputs: the engine marks what was secret.
func (p *Provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{}, nil
}

// Attach accepts an engine that connects to a provider which is already running.
func (p *Provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo tells the version.
func (p *Provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns the least that is a schema: programs in Go bring their own types.
func (p *Provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"aws","version":"` + Version + `"}`}, nil
}

// Cancel has nothing to stop: no call waits for anything.
func (p *Provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func unmarshal(label string, props *structpb.Struct) (resource.PropertyMap, error) {
	m, err := plugin.UnmarshalProperties(props, plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", label, err)
	}
	return m, nil
}

func marshal(label string, props resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(props, plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
	if err != nil {
		return nil, fmt.Errorf("writing the %s: %w", label, err)
	}
	return s, nil
}

// spec is what is known of a resource's type; an unknown type is a failure of its own.
func (p *Provider) spec(urn string) (*catalog.Spec, error) {
	spec, err := p.catalog.Spec(string(resource.URN(urn).Type()))
	if err != nil {
		return nil, p.fail(urn, err)
	}
	return spec, nil
}

// call starts a call on a resource in the provider's region.
func (p *Provider) call(spec *catalog.Spec, urn string, inputs resource.PropertyMap) *catalog.Call {
	return &catalog.Call{
		Type: spec.Type, Account: p.account, Region: p.regionOf(spec), Partition: "aws",
		URN: urn, Logical: resource.URN(urn).Name(), Inputs: inputs, Now: time.Now(),
	}
}

// regionOf is where objects of a type live. The ARNs of global types have no region.
func (p *Provider) regionOf(spec *catalog.Spec) string {
	if spec.Global {
		return cloud.Global
	}
	return p.settings.region
}

// fail records an error, each refusal of it by itself, for the one who started the rehearsal and returns it.
func (p *Provider) fail(urn string, err error) error {
	failure := cloud.Failure{URN: urn}
	if urn != "" {
		failure.Type = string(resource.URN(urn).Type())
	}
	var refusals catalog.Refusals
	var refusal *catalog.Error
	if !errors.As(err, &refusals) && errors.As(err, &refusal) {
		refusals = catalog.Refusals{refusal}
	}
	if len(refusals) == 0 {
		failure.Message = err.Error()
		return errors.Join(err, p.cloud.RecordFailure(failure))
	}
	for _, r := range refusals {
		failure.Message = r.Error()
		failure.Property, failure.Rule, failure.Code, failure.Operation = r.Property, r.Rule, r.Code, r.Operation
		err = errors.Join(err, p.cloud.RecordFailure(failure))
	}
	return err
}

// conclude marks sensitive outputs as secrets and writes the state for the engine.
func conclude(spec *catalog.Spec, state resource.PropertyMap) (*structpb.Struct, error) {
	out := make(resource.PropertyMap, len(state))
	for key, value := range state {
		if spec.IsSensitive(string(key)) && !value.IsNull() {
			value = resource.MakeSecret(value)
		}
		out[key] = value
	}
	return marshal("state", out)
}
