package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ArchiveType is the type token of Archive.
const ArchiveType = "itrack:infra:Archive"

// Archive is the log buckets: one in the primary region, one in every further region that has buckets of ours.
type Archive struct {
	pulumi.ResourceState

	// Bucket: name of the primary bucket.
	Bucket pulumi.StringOutput
	// BucketArn: its ARN.
	BucketArn pulumi.StringOutput
	// ByRegion: bucket name by region name.
	ByRegion map[string]pulumi.StringOutput
	// Ready: bucket policies: who delivers logs depends on them.
	Ready []pulumi.Resource
}

// ArchiveArgs are what Archive is made from.
type ArchiveArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: lifecycle.
	Settings ArchiveSettings
	// Regions: regions that need a log bucket, primary first.
	Regions []*Region
	// Protect: refuse deletion.
	Protect bool
}

// NewArchive makes the log buckets.
func NewArchive(ctx *pulumi.Context, name string, args *ArchiveArgs, opts ...pulumi.ResourceOption) (*Archive, error) {
	component := &Archive{}
	if err := ctx.RegisterComponentResource(ArchiveType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating archive: %w", err)
	}
	_ = args
	return component, nil
}
