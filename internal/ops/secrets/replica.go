package secrets

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/itrack/itrack/internal/ops"
)

// replicate makes or repairs the replica in the recovery region, where the settings want one.
func (r *run) replicate(ctx context.Context, result *Result, found *secretsmanager.DescribeSecretOutput) error {
	if !r.SecretReplica {
		return nil
	}
	result.Replica = r.RecoveryRegion
	status, why := replica(found.ReplicationStatus, r.RecoveryRegion)
	if status == types.StatusTypeInSync {
		return nil
	}
	if status == "" || status == types.StatusTypeFailed {
		result.ReplicaMade = true
		if r.DryRun {
			return nil
		}
		if err := r.startReplica(ctx, result, status, why); err != nil {
			return err
		}
	}
	if r.DryRun {
		return nil
	}
	wait := ops.Wait{For: "replica of " + result.Name + " in " + r.RecoveryRegion, Limit: 5 * time.Minute, Every: r.Every(2 * time.Second), Say: r.Say,
		Next: "run this again: it goes on where it stopped"}
	return wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		described, err := r.describe(ctx, result.Name)
		if err != nil || described == nil {
			return false, "", err
		}
		status, why := replica(described.ReplicationStatus, r.RecoveryRegion)
		if status == types.StatusTypeFailed {
			return false, "", r.notReplicated(result, why)
		}
		return status == types.StatusTypeInSync, strings.ToLower(string(status)), nil
	})
}

// startReplica asks for the replica. One that failed is asked for again only where nothing of that name exists in the region:
// taking a replication back deletes what it made.
func (r *run) startReplica(ctx context.Context, result *Result, status types.StatusType, why string) error {
	if status == types.StatusTypeFailed {
		there, err := r.Recovery().Secrets().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &result.Name})
		if err == nil && aws.ToString(there.PrimaryRegion) == r.Region {
			return &ops.Problem{Kind: ops.Incomplete, What: "bringing the replica of " + result.Name + " in " + r.RecoveryRegion + " up to date", Why: why,
				Next: "mend what Secrets Manager names, then choose \"Retry replication\" in its console, or remove the replica there and run this again"}
		}
		if err == nil {
			return r.notReplicated(result, why)
		}
		if !ops.IsMissing(err) {
			return ops.Explain("looking for the secret "+result.Name+" in "+r.RecoveryRegion, err)
		}
		if _, err := r.client.RemoveRegionsFromReplication(ctx, &secretsmanager.RemoveRegionsFromReplicationInput{
			SecretId: &result.Name, RemoveReplicaRegions: []string{r.RecoveryRegion},
		}); err != nil {
			return ops.Explain("taking back the failed replication of "+result.Name, err)
		}
	}
	_, err := r.client.ReplicateSecretToRegions(ctx, &secretsmanager.ReplicateSecretToRegionsInput{
		SecretId: &result.Name, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String(r.RecoveryRegion)}},
	})
	if err == nil {
		return nil
	}
	// The answer to our own call may have been lost, or another run was quicker.
	if described, failed := r.describe(ctx, result.Name); failed == nil && described != nil {
		if begun, _ := replica(described.ReplicationStatus, r.RecoveryRegion); begun != "" && begun != types.StatusTypeFailed {
			return nil
		}
	}
	return ops.Explain("replicating the secret "+result.Name+" to "+r.RecoveryRegion, err)
}

func (r *run) notReplicated(result *Result, why string) error {
	return &ops.Problem{Kind: ops.Incomplete, What: "replicating the secret " + result.Name + " to " + r.RecoveryRegion, Why: why,
		Next: fmt.Sprintf("a secret of this name there that is no replica is in the way: if nobody needs it, `aws secretsmanager delete-secret --region %s --secret-id %s`; then run this again",
			r.RecoveryRegion, result.Name)}
}

func replica(all []types.ReplicationStatusType, region string) (types.StatusType, string) {
	for _, one := range all {
		if aws.ToString(one.Region) == region {
			return one.Status, aws.ToString(one.StatusMessage)
		}
	}
	return "", ""
}
