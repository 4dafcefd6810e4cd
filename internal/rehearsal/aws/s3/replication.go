package s3

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// replicationType is a bucket's replication. The target may be in another region; both must be versioned.
func replicationType() catalog.Type {
	t := part("bucketReplicationConfig:BucketReplicationConfig", "BucketReplication", (*sdk.BucketReplicationConfigArgs)(nil), (*sdk.BucketReplicationConfig)(nil))
	t.Sets = []string{"rules"}
	t.Refs = append(t.Refs,
		catalog.Ref{Path: "role", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidRequest", Message: "The role does not exist: {value}"},
		catalog.Ref{Path: "rules[].destination.bucket", To: []string{bucketToken}, By: catalog.ByARN, AnyRegion: true, Code: "InvalidRequest",
			Message: "Destination bucket must exist: {value}"})
	return t
}
