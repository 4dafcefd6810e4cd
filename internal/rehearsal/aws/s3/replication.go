package s3

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const versioningToken = "aws:s3/bucketVersioningV2:BucketVersioningV2"

// replicationType is a bucket's replication. The target may be in another region; both must be versioned.
func replicationType() catalog.Type {
	t := part("bucketReplicationConfig:BucketReplicationConfig", "BucketReplication", (*sdk.BucketReplicationConfigArgs)(nil), (*sdk.BucketReplicationConfig)(nil))
	t.Sets = []string{"rules"}
	t.Refs = append(t.Refs,
		catalog.Ref{Path: "role", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidRequest", Message: "The role does not exist: {value}"},
		catalog.Ref{Path: "rules[].destination.bucket", To: []string{bucketToken}, By: catalog.ByARN, AnyRegion: true, Code: "InvalidRequest",
			Message: "Destination bucket must exist: {value}"})
	t.Refuse = func(c *catalog.Call) *catalog.Error {
		versioned := func(bucket string) bool {
			return len(c.Tx.Find(c.Account, "", versioningToken, func(o *cloud.Object) bool {
				return o.ID == bucket && catalog.Str(o.State, "versioningConfiguration.status") == "Enabled"
			})) > 0
		}
		if !versioned(c.Str("bucket")) {
			return &catalog.Error{Code: "InvalidRequest", Property: "bucket", Value: c.Str("bucket"), Rule: "replication needs versions",
				Message: "Versioning must be 'Enabled' on the bucket to apply a replication configuration", Source: guide + "replication-requirements.html"}
		}
		for _, arn := range c.Strs("rules[].destination.bucket") {
			if target := c.Tx.ByARN(arn); target != nil && !versioned(target.ID) {
				return &catalog.Error{Code: "InvalidRequest", Property: "rules", Value: arn, Rule: "replication needs versions",
					Message: "Destination bucket must have versioning enabled.", Source: guide + "replication-requirements.html"}
			}
		}
		return nil
	}
	return t
}
