package engine

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// bucketLocks are lock objects in an S3 bucket.
type bucketLocks struct {
	client         *s3.Client
	bucket, folder string
}

// newBucketLocks reads a backend's address, s3://BUCKET/PREFIX?region=REGION&profile=PROFILE, as `pulumi login` takes it.
func newBucketLocks(ctx context.Context, at *url.URL, folder string) (lockStore, error) {
	query := at.Query()
	// What the SDK says by itself, such as that a lock has no checksum to compare, helps nobody; what fails comes back as an error.
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if region := query.Get("region"); region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile := query.Get("profile"); profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("finding credentials for the state bucket %s: %w", at.Host, err)
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		if endpoint := query.Get("endpoint"); endpoint != "" {
			if !strings.Contains(endpoint, "://") {
				endpoint = "https://" + endpoint
			}
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.UsePathStyle = query.Get("s3ForcePathStyle") == "true" || query.Get("use_path_style") == "true"
	})
	if prefix := strings.Trim(at.Path, "/"); prefix != "" {
		folder = prefix + "/" + folder
	}
	return &bucketLocks{client: client, bucket: at.Host, folder: folder + "/"}, nil
}

func (b *bucketLocks) read(ctx context.Context) (map[string][]byte, error) {
	contents := map[string][]byte{}
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: &b.folder})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			id, is := strings.CutSuffix(strings.TrimPrefix(aws.ToString(object.Key), b.folder), lockSuffix)
			if !is || strings.Contains(id, "/") {
				continue
			}
			answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: object.Key})
			if err != nil {
				return nil, err
			}
			content, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil {
				return nil, err
			}
			contents[id] = content
		}
	}
	return contents, nil
}

func (b *bucketLocks) remove(ctx context.Context, id string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: aws.String(b.folder + id + lockSuffix)})
	return err
}
