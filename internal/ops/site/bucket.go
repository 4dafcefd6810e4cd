package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/itrack/itrack/internal/ops"
)

// live is an object as it is in the bucket.
type live struct {
	version, sum, contentType, cacheControl string
}

// versioned makes sure that the bucket keeps what is replaced: without it nothing could be taken back.
func (s *site) versioned(ctx context.Context) error {
	what := "looking at the bucket " + s.out.SiteBucket
	answer, err := s.env.Primary().S3().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(s.out.SiteBucket)})
	if err != nil {
		return s.explain(what, err)
	}
	if answer.Status != s3types.BucketVersioningStatusEnabled {
		return ops.Refuse(what, "it keeps no versions, so that no release could be taken back", "`itrack deploy "+s.out.Environment+"` switches versioning on again")
	}
	return nil
}

func (s *site) explain(what string, err error) error {
	if ops.IsCode(err, "NoSuchBucket") {
		return &ops.Problem{What: what, Why: "there is no such bucket in account " + s.env.Account, Err: err, Next: "`itrack deploy " + s.out.Environment + "` makes it"}
	}
	return ops.Explain(what, err)
}

// keys are all objects of the bucket.
func (s *site) keys(ctx context.Context) (map[string]bool, error) {
	keys := map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(s.env.Primary().S3(), &s3.ListObjectsV2Input{Bucket: aws.String(s.out.SiteBucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("listing the bucket "+s.out.SiteBucket, err)
		}
		for _, object := range page.Contents {
			keys[aws.ToString(object.Key)] = true
		}
	}
	return keys, nil
}

// head looks at one object, of a version if one is named. What others uploaded has no checksum of ours: it is read then.
func (s *site) head(ctx context.Context, key, version string) (live, error) {
	var named *string
	if version != "" {
		named = aws.String(version)
	}
	answer, err := s.env.Primary().S3().HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(s.out.SiteBucket), Key: aws.String(key), VersionId: named})
	if err != nil {
		return live{}, s.explain("looking at "+s.address(key), err)
	}
	found := live{version: aws.ToString(answer.VersionId), sum: answer.Metadata[checksum],
		contentType: aws.ToString(answer.ContentType), cacheControl: aws.ToString(answer.CacheControl)}
	if found.sum == "" {
		content, err := s.get(ctx, key, found.version)
		if err != nil {
			return live{}, err
		}
		found.sum = sumOf(content)
	}
	return found, nil
}

// get reads one object, of a version if one is named.
func (s *site) get(ctx context.Context, key, version string) ([]byte, error) {
	var named *string
	if version != "" {
		named = aws.String(version)
	}
	answer, err := s.env.Primary().S3().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.out.SiteBucket), Key: aws.String(key), VersionId: named},
		// What other tools uploaded has no checksum of S3's; a warning for each would only be noise.
		func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	if err != nil {
		return nil, s.explain("reading "+s.address(key), err)
	}
	content, err := io.ReadAll(answer.Body)
	if closeErr := answer.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, s.explain("reading "+s.address(key), err)
	}
	return content, nil
}

// put writes one file and gives back its version. S3 replaces an object at once: nobody reads half of it.
func (s *site) put(ctx context.Context, f file) (string, error) {
	content, err := f.content()
	if err != nil {
		return "", &ops.Problem{What: "uploading " + f.key, Why: err.Error(), Err: err, Next: "run it again when the build is done; nothing is uploaded twice"}
	}
	answer, err := s.env.Primary().S3().PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.out.SiteBucket), Key: aws.String(f.key), Body: bytes.NewReader(content), ContentType: aws.String(contentType(f.key)),
		CacheControl: aws.String(cacheControl(f.kind)), Metadata: map[string]string{checksum: f.sum},
	})
	if err != nil {
		return "", s.explain("uploading "+s.address(f.key), err)
	}
	return aws.ToString(answer.VersionId), nil
}

func (s *site) address(key string) string { return "s3://" + s.out.SiteBucket + "/" + key }

// record says what makes up a release.
type record struct {
	ID           string     `json:"id"`
	Restores     string     `json:"restores,omitempty"` // the release that a rollback brought back
	Replaces     string     `json:"replaces,omitempty"` // the release that a rollback takes back, in the record of its beginning
	Pages        []recorded `json:"pages"`
	Invalidation string     `json:"invalidation,omitempty"`
}

// recorded is one page or file with a fixed name of a release.
type recorded struct {
	Key     string `json:"key"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// release is the id by which people name what is in the record.
func (r record) release() string {
	if r.Restores != "" {
		return r.Restores
	}
	return r.ID
}

// begun tells whether the record is that of a rollback's beginning: it names the versions that are brought back, not yet those that
// become live by that.
func (r record) begun() bool { return r.Replaces != "" }

// before is the release that is live until what the record says has been done.
func (r record) before() string {
	if r.begun() {
		return r.Replaces
	}
	return r.release()
}

// version is the version that the record names of a key.
func (r record) version(key string) string {
	for _, page := range r.Pages {
		if page.Key == key {
			return page.Version
		}
	}
	return ""
}

// readRecord reads a record, the newest without a version.
func (s *site) readRecord(ctx context.Context, version string) (record, error) {
	var read record
	content, err := s.get(ctx, recordKey, version)
	if err != nil {
		return read, err
	}
	if err := json.Unmarshal(content, &read); err != nil || read.ID == "" {
		return read, &ops.Problem{What: "reading " + s.address(recordKey), Why: fmt.Sprintf("it is no record of a release (%v)", err), Err: err,
			Next: "somebody else wrote it: look at its versions (`aws s3api list-object-versions`), and delete the newest if it is not ours"}
	}
	return read, nil
}

func (s *site) writeRecord(ctx context.Context, made record) error {
	content, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the record of the release: %w", err)
	}
	_, err = s.put(ctx, file{key: recordKey, kind: Fixed, size: int64(len(content)), sum: sumOf(content), content: func() ([]byte, error) { return content, nil }})
	return err
}
