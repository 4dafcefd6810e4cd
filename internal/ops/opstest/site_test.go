package opstest_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestInvalidationsRefuseWhatCloudFrontRefuses(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	out := opstest.Stack(t, cloud, env)
	invalidations := opstest.Site(t, cloud, env, out)
	ctx, client := context.Background(), env.Edge().CloudFront()
	create := func(distribution, reference string, quantity int32, paths ...string) (*cloudfront.CreateInvalidationOutput, error) {
		return client.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{DistributionId: aws.String(distribution), InvalidationBatch: &cloudfronttypes.InvalidationBatch{
			CallerReference: aws.String(reference), Paths: &cloudfronttypes.Paths{Quantity: aws.Int32(quantity), Items: paths}}})
	}
	made, err := create(out.DistributionID, "one", 2, "/index.html", "/")
	require.NoError(t, err)
	again, err := create(out.DistributionID, "one", 2, "/index.html", "/")
	require.NoError(t, err)
	require.Equal(t, made.Invalidation.Id, again.Invalidation.Id)
	require.Equal(t, [][]string{{"/index.html", "/"}}, invalidations.Paths())
	for code, call := range map[string]func() error{
		"InvalidationBatchAlreadyExists": func() error { _, err := create(out.DistributionID, "one", 1, "/other"); return err },
		"InconsistentQuantities":         func() error { _, err := create(out.DistributionID, "two", 2, "/"); return err },
		"InvalidArgument":                func() error { _, err := create(out.DistributionID, "two", 1, "index.html"); return err },
		"MissingBody":                    func() error { _, err := create(out.DistributionID, "", 1, "/"); return err },
	} {
		err := call()
		require.True(t, ops.IsCode(err, code), "%s: %v", code, err)
	}
	_, err = create("E0000000000000", "two", 1, "/")
	require.True(t, ops.IsCode(err, "NoSuchDistribution"), "%v", err)
	for _, want := range []string{"InProgress", "InProgress", "Completed", "Completed"} {
		answer, err := client.GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: aws.String(out.DistributionID), Id: made.Invalidation.Id})
		require.NoError(t, err)
		require.Equal(t, want, aws.ToString(answer.Invalidation.Status))
	}
}
