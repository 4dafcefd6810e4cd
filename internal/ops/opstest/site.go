package opstest

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/itrack/itrack/internal/ops"
)

// Invalidations are CloudFront's of one distribution. Moto's are over at once, with a status that AWS does not have
// (COMPLETED), take any path and any reference; these take their time and refuse what CloudFront refuses.
type Invalidations struct {
	Looks int // how often a new one is seen in progress before it is over; below 0 it never is

	cloud        *Cloud
	distribution string
	mutex        sync.Mutex
	all          []*invalidation
}

type invalidation struct {
	ID, Reference string
	Paths         []string
	looks         int
}

const cloudfrontVersion = "2020-05-31"

// Site completes what a deployed stack has of the site: the bucket keeps versions and holds the first pages, as the stack uploads
// them, and the distribution's invalidations take two looks.
func Site(t testing.TB, cloud *Cloud, env *ops.Environment, out ops.Outputs) *Invalidations {
	t.Helper()
	ctx, client := context.Background(), env.Primary().S3()
	must(client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(out.SiteBucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}))(t)
	for _, page := range []string{"index.html", "404.html"} {
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(out.SiteBucket), Key: aws.String(page), Body: strings.NewReader("<p>first " + page),
			ContentType: aws.String("text/html; charset=utf-8"), CacheControl: aws.String("no-cache")}))(t)
	}
	i := &Invalidations{Looks: 2, cloud: cloud, distribution: out.DistributionID}
	cloud.Handle("cloudfront", "POST "+i.path(""), i.create)
	return i
}

func (i *Invalidations) path(id string) string {
	path := "/" + cloudfrontVersion + "/distribution/" + i.distribution + "/invalidation"
	if id != "" {
		path += "/" + id
	}
	return path
}

// Paths are the paths of each invalidation so far.
func (i *Invalidations) Paths() [][]string {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	all := [][]string{}
	for _, made := range i.all {
		all = append(all, made.Paths)
	}
	return all
}

func (i *Invalidations) create(call Call) Answer {
	var batch struct {
		XMLName         xml.Name `xml:"InvalidationBatch"`
		CallerReference string
		Paths           struct {
			Quantity int
			Items    []string `xml:"Items>Path"`
		}
	}
	if err := xml.Unmarshal(call.Body, &batch); err != nil {
		return Answer{Code: "MalformedXML", Body: []byte(err.Error())}
	}
	paths := batch.Paths.Items
	switch {
	case batch.CallerReference == "":
		return Answer{Code: "MissingBody", Body: []byte("CallerReference is required")}
	case len(paths) == 0 || batch.Paths.Quantity != len(paths):
		return Answer{Code: "InconsistentQuantities", Body: []byte("The value of Quantity and the size of Items do not match.")}
	}
	for at, path := range paths {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " <>\"") || slices.Contains(paths[:at], path) {
			return Answer{Code: "InvalidArgument", Body: []byte("Your request contains one or more invalid invalidation paths: " + path)}
		}
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for _, made := range i.all {
		if made.Reference != batch.CallerReference {
			continue
		}
		if !slices.Equal(made.Paths, paths) {
			return Answer{Code: "InvalidationBatchAlreadyExists", Body: []byte("another batch has this reference")}
		}
		return i.answer(http.StatusCreated, made)
	}
	made := &invalidation{ID: fmt.Sprintf("I%013d", len(i.all)+1), Reference: batch.CallerReference, Paths: paths, looks: i.Looks}
	i.all = append(i.all, made)
	i.cloud.Handle("cloudfront", "GET "+i.path(made.ID), func(Call) Answer {
		i.mutex.Lock()
		defer i.mutex.Unlock()
		answer := i.answer(http.StatusOK, made)
		if made.looks > 0 {
			made.looks--
		}
		return answer
	})
	return i.answer(http.StatusCreated, made)
}

// Complete ends every invalidation.
func (i *Invalidations) Complete() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for _, made := range i.all {
		made.looks = 0
	}
}

func (i *Invalidations) answer(status int, made *invalidation) Answer {
	state := "Completed"
	if made.looks != 0 {
		state = "InProgress"
	}
	var items strings.Builder
	for _, path := range made.Paths {
		items.WriteString("<Path>" + path + "</Path>")
	}
	return Answer{Status: status, Type: "text/xml", Body: fmt.Appendf(nil, `<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/%s/"><Id>%s</Id><Status>%s</Status>`+
		`<CreateTime>2026-01-01T00:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>%d</Quantity><Items>%s</Items></Paths><CallerReference>%s</CallerReference></InvalidationBatch></Invalidation>`,
		cloudfrontVersion, made.ID, state, len(made.Paths), items.String(), made.Reference)}
}
