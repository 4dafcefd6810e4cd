package site

import (
	"context"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/itrack/itrack/internal/ops"
)

// paths are what CloudFront is to forget for these keys, encoded as browsers ask for them. The page routes are answered by the
// entry page under its own path, since the function at the edge rewrites them before the cache is asked; "/" is named as
// well, as AWS recommends for what such a function changes.
func paths(keys []string) []string {
	all := make([]string, 0, len(keys)+1)
	for _, key := range keys {
		all = append(all, (&url.URL{Path: "/" + key}).EscapedPath())
		if key == entry {
			all = append(all, "/")
		}
	}
	slices.Sort(all)
	return all
}

// invalidate begins an invalidation. The release's id is its reference: a second attempt after a lost answer gets the first one's.
func (s *site) invalidate(ctx context.Context, paths []string, reference string) (string, error) {
	s.env.Say("letting CloudFront forget %d pages", len(paths))
	answer, err := s.env.Edge().CloudFront().CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: aws.String(s.out.DistributionID),
		InvalidationBatch: &cloudfronttypes.InvalidationBatch{CallerReference: aws.String(reference), Paths: &cloudfronttypes.Paths{
			Quantity: aws.Int32(int32(len(paths))), Items: paths,
		}},
	})
	switch {
	case ops.IsCode(err, "NoSuchDistribution"):
		return "", &ops.Problem{What: "invalidating the pages of " + s.out.DistributionID, Why: "there is no such distribution in account " + s.env.Account, Err: err,
			Next: "`itrack deploy " + s.out.Environment + "` makes it; the pages are uploaded, and the next run invalidates them"}
	case ops.IsCode(err, "TooManyInvalidationsInProgress"):
		return "", &ops.Problem{What: "invalidating the pages of " + s.out.DistributionID, Why: "CloudFront has too many invalidations to do", Err: err,
			Next: "wait some minutes and run it again: the pages are uploaded, and the next run invalidates them"}
	case err != nil:
		return "", ops.Explain("invalidating the pages of "+s.out.DistributionID, err)
	}
	return aws.ToString(answer.Invalidation.Id), nil
}

// await waits until every place of CloudFront has forgotten the pages.
func (s *site) await(ctx context.Context, id string) error {
	wait := ops.Wait{
		For: "the invalidation " + id, Limit: s.timeout, Every: s.env.Every(lookEvery), Say: s.env.Say,
		Next: "the pages are uploaded and CloudFront goes on by itself; run it again to wait on, nothing is uploaded twice",
	}
	return wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		answer, err := s.env.Edge().CloudFront().GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: aws.String(s.out.DistributionID), Id: aws.String(id)})
		if ops.IsCode(err, "NoSuchInvalidation") {
			return true, "over long ago", nil // CloudFront keeps the newest ones alone
		}
		if err != nil {
			return false, "", ops.Explain("looking at the invalidation "+id, err)
		}
		state := aws.ToString(answer.Invalidation.Status)
		return state == "Completed", state, nil
	})
}
