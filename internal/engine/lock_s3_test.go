package engine

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
)

// A lock that was written without a checksum is no news: stderr is the command's own.
func TestLocksInABucketAreReadInSilence(t *testing.T) {
	moto := emulators.Moto(t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "us-east-1",
		"AWS_ENDPOINT_URL": moto, "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
	} {
		t.Setenv(name, value)
	}
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	require.NoError(t, err)
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		o.UsePathStyle, o.RequestChecksumCalculation = true, aws.RequestChecksumCalculationWhenRequired
	})
	bucket := aws.String("state-bucket")
	_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	require.NoError(t, err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("locks/abc.json"), Body: bytes.NewReader([]byte("{}"))})
	require.NoError(t, err)

	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	stderr := os.Stderr
	defer func() { os.Stderr = stderr }()
	os.Stderr = said
	at, err := url.Parse("s3://state-bucket?region=us-east-1&use_path_style=true")
	require.NoError(t, err)
	store, err := newBucketLocks(ctx, at, "locks")
	require.NoError(t, err)
	locks, err := store.read(ctx)
	require.NoError(t, err)
	os.Stderr = stderr
	require.Equal(t, map[string][]byte{"abc": []byte("{}")}, locks)
	require.NoError(t, said.Close())
	text, err := os.ReadFile(said.Name())
	require.NoError(t, err)
	require.Empty(t, string(text))
}
