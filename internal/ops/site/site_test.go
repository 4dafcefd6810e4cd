package site_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/site"
)

// place is a deployed site.
type place struct {
	cloud         *opstest.Cloud
	env           *ops.Environment
	out           ops.Outputs
	invalidations *opstest.Invalidations
}

// each runs tests in one cloud, since starting one takes seconds; every one has a site of its own.
func each(t *testing.T, tests map[string]func(*testing.T, *place)) {
	cloud := opstest.New(t)
	for number, what := range slices.Sorted(maps.Keys(tests)) {
		t.Run(what, func(t *testing.T) {
			defer cloud.Heal()
			p := &place{cloud: cloud, env: cloud.Open(t, "staging", nil)}
			p.out = ops.Outputs{Environment: "staging", Account: p.env.Account, SiteBucket: fmt.Sprintf("itrack-site-%d", number), SiteURL: "https://site.example"}
			p.make(t)
			tests[what](t, p)
		})
	}
}

func (p *place) make(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	_, err := p.env.Primary().S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(p.out.SiteBucket)})
	require.NoError(t, err)
	made, err := p.env.Edge().CloudFront().CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: &cloudfronttypes.DistributionConfig{
		CallerReference: aws.String(p.out.SiteBucket), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &cloudfronttypes.Origins{Quantity: aws.Int32(1), Items: []cloudfronttypes.Origin{{Id: aws.String("site"), DomainName: aws.String("x.s3.amazonaws.com"),
			S3OriginConfig: &cloudfronttypes.S3OriginConfig{OriginAccessIdentity: aws.String("")}}}},
		DefaultCacheBehavior: &cloudfronttypes.DefaultCacheBehavior{TargetOriginId: aws.String("site"), ViewerProtocolPolicy: cloudfronttypes.ViewerProtocolPolicyRedirectToHttps},
	}})
	require.NoError(t, err)
	p.out.DistributionID = aws.ToString(made.Distribution.Id)
	p.invalidations = opstest.Site(t, p.cloud, p.env, p.out)
	p.cloud.Forget()
}

// write makes a build; files whose name ends with / are folders.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

// release is a build whose files' names hold the number, as a bundler's hashes do.
func release(n int) map[string]string {
	script, style := fmt.Sprintf("assets/index-%08xA.js", 0xabc000+n), fmt.Sprintf("assets/index-%08xB.css", 0xabc000+n)
	return map[string]string{
		"index.html": fmt.Sprintf(`<!doctype html><link rel="icon" href="/favicon.ico"><link rel="stylesheet" href="/%s"><script type="module" src="/%s"></script>`, style, script),
		"404.html":   fmt.Sprintf(`<link rel="stylesheet" href="/%s">not found %d`, style, n),
		script:       fmt.Sprintf("run(%d)", n), style: fmt.Sprintf("p{order:%d}", n), "favicon.ico": "icon",
	}
}

func (p *place) upload(t *testing.T, dir string) site.Result {
	t.Helper()
	result, err := site.Upload(context.Background(), p.env, p.out, dir, site.Options{})
	require.NoError(t, err)
	return result
}

func (p *place) uploadErr(t *testing.T, dir string) error {
	t.Helper()
	_, err := site.Upload(context.Background(), p.env, p.out, dir, site.Options{})
	require.Error(t, err)
	return err
}

func (p *place) object(t *testing.T, key string) (string, *s3.GetObjectOutput) {
	t.Helper()
	answer, err := p.env.Primary().S3().GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(p.out.SiteBucket), Key: aws.String(key)},
		func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	require.NoError(t, err, key)
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(content), answer
}

func (p *place) page(t *testing.T) string {
	t.Helper()
	content, _ := p.object(t, "index.html")
	return content
}

var loaded = regexp.MustCompile(`(?:src|href)="/([^"]+)"`)

// whole asserts that every page in the bucket finds all that it loads.
func (p *place) whole(t *testing.T) {
	t.Helper()
	for _, page := range []string{"index.html", "404.html"} {
		content, _ := p.object(t, page)
		for _, match := range loaded.FindAllStringSubmatch(content, -1) {
			p.object(t, match[1])
		}
	}
}

func keysOf(changes []site.Change) []string {
	keys := []string{}
	for _, change := range changes {
		keys = append(keys, change.Key)
	}
	return keys
}

func (p *place) puts() []string {
	var keys []string
	for _, change := range p.cloud.Changes() {
		if key, ok := strings.CutPrefix(change, "s3 PUT /"+p.out.SiteBucket+"/"); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestUpload(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"the order and the headers": theOrderAndTheHeaders, "a second run changes nothing": aSecondRunChangesNothing, "a dry run": aDryRunChangesNothing,
		"the next release": theNextRelease, "half a front end": halfAFrontendIsRefused, "files under live pages": filesUnderLivePagesStay,
		"killed anywhere": killedAnywhere, "killed before the invalidation": killedBeforeTheInvalidation, "lost answers": lostAnswers,
		"errors": errorsSayWhatToDo, "the wait is bounded": theWaitIsBounded, "cancelled": cancelled, "what others uploaded": whatOthersUploaded,
	})
}

func theOrderAndTheHeaders(t *testing.T, p *place) {
	dir := write(t, release(1))
	result := p.upload(t, dir)
	require.Equal(t, []string{"assets/index-00abc001A.js", "assets/index-00abc001B.css", "favicon.ico", "404.html", "index.html"}, keysOf(result.Uploaded))
	require.Equal(t, site.Asset, result.Uploaded[0].Kind)
	require.Equal(t, int64(len("run(1)")), result.Uploaded[0].Bytes)
	require.Equal(t, []string{"/", "/404.html", "/favicon.ico", "/index.html"}, result.Paths)
	require.Equal(t, [][]string{result.Paths}, p.invalidations.Paths())
	require.NotEmpty(t, result.Invalidation)
	require.NotEmpty(t, result.Release)
	require.Regexp(t, `-first$`, result.Previous)
	require.Equal(t, "https://site.example", result.URL)
	puts := p.puts()
	require.ElementsMatch(t, []string{"assets/index-00abc001A.js", "assets/index-00abc001B.css"}, puts[:2])
	require.Equal(t, []string{".itrack/release.json", "favicon.ico", "404.html", "index.html", ".itrack/release.json"}, puts[2:])
	for key, want := range map[string][2]string{
		"index.html":                 {"text/html; charset=utf-8", "no-cache"},
		"favicon.ico":                {"image/x-icon", "no-cache"},
		"assets/index-00abc001A.js":  {"text/javascript; charset=utf-8", "public,max-age=31536000,immutable"},
		"assets/index-00abc001B.css": {"text/css; charset=utf-8", "public,max-age=31536000,immutable"},
	} {
		content, object := p.object(t, key)
		require.Equal(t, release(1)[key], content)
		require.Equal(t, want, [2]string{aws.ToString(object.ContentType), aws.ToString(object.CacheControl)}, key)
	}
}

func aSecondRunChangesNothing(t *testing.T, p *place) {
	dir := write(t, release(1))
	first := p.upload(t, dir)
	p.cloud.Forget()
	second := p.upload(t, dir)
	require.False(t, second.Changed())
	require.Empty(t, p.cloud.Changes())
	require.Equal(t, 5, second.Unchanged)
	require.Empty(t, second.Invalidation)
	require.Equal(t, first.Release, second.Release)
	require.Len(t, p.invalidations.Paths(), 1)
}

func aDryRunChangesNothing(t *testing.T, p *place) {
	dir := write(t, release(1))
	result, err := site.Upload(context.Background(), p.env, p.out, dir, site.Options{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, p.cloud.Changes())
	require.True(t, result.DryRun)
	require.Len(t, result.Uploaded, 5)
	require.Equal(t, []string{"/", "/404.html", "/favicon.ico", "/index.html"}, result.Paths)
	require.Empty(t, result.Release)
	p.upload(t, dir)
	p.cloud.Forget()
	result, err = site.Upload(context.Background(), p.env, p.out, dir, site.Options{DryRun: true})
	require.NoError(t, err)
	require.False(t, result.Changed())
	require.NotEmpty(t, result.Release)
}

func theNextRelease(t *testing.T, p *place) {
	first := p.upload(t, write(t, release(1)))
	files := release(2)
	files[".DS_Store"], files[".git/config"], files[".well-known/security.txt"] = "x", "x", "Contact: mailto:security@example.com"
	second := p.upload(t, write(t, files))
	require.Equal(t, []string{"assets/index-00abc002A.js", "assets/index-00abc002B.css", ".well-known/security.txt", "404.html", "index.html"}, keysOf(second.Uploaded))
	require.Equal(t, []string{"/", "/.well-known/security.txt", "/404.html", "/index.html"}, second.Paths, "the icon did not change")
	require.Equal(t, []string{".DS_Store", ".git"}, second.Ignored)
	require.Equal(t, first.Release, second.Previous)
	p.object(t, "assets/index-00abc001A.js") // a page that a browser has open may still load it
	p.whole(t)
}

func halfAFrontendIsRefused(t *testing.T, p *place) {
	for says, change := range map[string]func(map[string]string){
		"it has no index.html": func(f map[string]string) { delete(f, "index.html") },
		"index.html names /assets/index-00abc001A.js, which is not there": func(f map[string]string) { delete(f, "assets/index-00abc001A.js") },
		"404.html names /assets/index-00abc001B.css, which is not there":  func(f map[string]string) { delete(f, "assets/index-00abc001B.css") },
		"index.html names ./favicon.ico by a relative address":            func(f map[string]string) { f["index.html"] += `<img src="./favicon.ico">` },
		"docs/index.html names /docs/missing.png, which is not there":     func(f map[string]string) { f["docs/index.html"] = `<img src="missing.png">` },
		"index.html names /app.js, which is not there\n  - index.html nam": func(f map[string]string) {
			f["index.html"] = `<script src="/app.js"></script><script src="/b.js"></script>`
		},
	} {
		files := release(1)
		change(files)
		err := p.uploadErr(t, write(t, files))
		require.Equal(t, ops.Refused, ops.KindOf(err))
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "nothing was uploaded")
	}
	dir := write(t, release(1))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "passwd.txt")))
	require.ErrorContains(t, p.uploadErr(t, dir), "passwd.txt is a link")
	err := p.uploadErr(t, filepath.Join(dir, "nowhere"))
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "there is no such folder")
	require.Empty(t, p.cloud.Calls(), "the build is read before AWS is asked")
}

func filesUnderLivePagesStay(t *testing.T, p *place) {
	files := release(1)
	files["app.js"], files["other.js"], files["favicon.ico"] = "one", "one", "old icon"
	files["index.html"] += `<script src="/app.js"></script>`
	p.upload(t, write(t, files))
	p.cloud.Forget()
	next := release(2)
	next["assets/index-00abc001A.js"], next["app.js"], next["other.js"], next["favicon.ico"] = "changed", "two", "two", "new icon"
	err := p.uploadErr(t, write(t, next))
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "assets/index-00abc001A.js has other content than the file of this name in the bucket")
	require.ErrorContains(t, err, "app.js has other content than the one that the live page index.html loads")
	require.NotContains(t, err.Error(), "other.js", "no live page loads it")
	require.NotContains(t, err.Error(), "favicon.ico", "an icon breaks no page")
	require.Empty(t, p.cloud.Changes())
	delete(next, "assets/index-00abc001A.js")
	delete(next, "app.js")
	p.upload(t, write(t, next))
	content, _ := p.object(t, "other.js")
	require.Equal(t, "two", content)
}

// Killed between any two calls every page is whole, and the next run completes it: with the same build, or with another.
func killedAnywhere(t *testing.T, p *place) {
	p.upload(t, write(t, release(1)))
	for number, next := 2, 0; ; number++ {
		dir := write(t, release(number))
		p.cloud.Fail(opstest.Fault{After: next, Status: http.StatusForbidden, Code: "AccessDenied"})
		_, err := site.Upload(context.Background(), p.env, p.out, dir, site.Options{})
		p.cloud.Heal()
		p.whole(t)
		if err == nil {
			require.Greater(t, next, 12, "the fault came after the end")
			break
		}
		if next%2 == 0 { // the same build, or the next one
			p.upload(t, dir)
			require.Equal(t, release(number)["index.html"], p.page(t))
			require.False(t, p.upload(t, dir).Changed())
			p.whole(t)
		}
		next++
	}
}

func killedBeforeTheInvalidation(t *testing.T, p *place) {
	dir := write(t, release(1))
	p.upload(t, dir)
	second := write(t, release(2))
	p.cloud.Fail(opstest.Fault{Service: "cloudfront", Status: http.StatusForbidden, Code: "AccessDenied"})
	require.ErrorContains(t, p.uploadErr(t, second), "invalidating the pages of "+p.out.DistributionID)
	require.Len(t, p.invalidations.Paths(), 1)
	p.cloud.Heal()
	result := p.upload(t, second)
	require.Empty(t, result.Uploaded)
	require.Equal(t, []string{"/", "/404.html", "/index.html"}, result.Paths)
	// Begun, and killed before the record: it is begun once more.
	third := write(t, release(3))
	p.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + p.out.SiteBucket + "/.itrack/", Status: http.StatusForbidden, Code: "AccessDenied"})
	p.uploadErr(t, third)
	p.cloud.Heal()
	require.Len(t, p.upload(t, third).Paths, 3)
	require.False(t, p.upload(t, third).Changed())
}

func lostAnswers(t *testing.T, p *place) {
	p.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT ", Times: 3, Lost: true})
	p.cloud.Fail(opstest.Fault{Service: "s3", Action: "HEAD ", Times: 2, Status: http.StatusServiceUnavailable, Code: "SlowDown"})
	p.cloud.Fail(opstest.Fault{Service: "cloudfront", Action: "POST ", Times: 2, Lost: true})
	p.cloud.Fail(opstest.Fault{Service: "cloudfront", Action: "GET ", Times: 2, Status: http.StatusBadRequest, Code: "Throttling"})
	dir := write(t, release(1))
	p.upload(t, dir)
	require.Len(t, p.invalidations.Paths(), 1, "three attempts are one invalidation")
	p.whole(t)
	require.False(t, p.upload(t, dir).Changed())
}

func errorsSayWhatToDo(t *testing.T, p *place) {
	dir := write(t, release(1))
	for _, c := range []struct {
		says  string
		fault opstest.Fault
	}{
		{"there is no such bucket in account 123456789012", opstest.Fault{Service: "s3", Status: http.StatusNotFound, Code: "NoSuchBucket"}},
		{"uploading s3://" + p.out.SiteBucket + "/assets/index-", opstest.Fault{Service: "s3", Action: "PUT ", Status: http.StatusForbidden, Code: "AccessDenied"}},
		{"the role in use lacks this right", opstest.Fault{Service: "s3", Action: "PUT ", Status: http.StatusForbidden, Code: "AccessDenied"}},
		{"also after several attempts: see https://health.aws.amazon", opstest.Fault{Service: "s3", Action: "PUT ", Status: http.StatusInternalServerError, Code: "InternalError"}},
		{"there is no such distribution", opstest.Fault{Service: "cloudfront", Status: http.StatusNotFound, Code: "NoSuchDistribution"}},
		{"CloudFront has too many invalidations to do", opstest.Fault{Service: "cloudfront", Status: http.StatusBadRequest, Code: "TooManyInvalidationsInProgress"}},
	} {
		p.cloud.Fail(c.fault)
		require.ErrorContains(t, p.uploadErr(t, dir), c.says)
		p.cloud.Heal()
	}
	_, err := p.env.Primary().S3().PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: aws.String(p.out.SiteBucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
	require.NoError(t, err)
	err = p.uploadErr(t, dir)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "it keeps no versions")
	p.out.Account = opstest.OtherAccount
	require.Equal(t, ops.Usage, ops.KindOf(p.uploadErr(t, dir)))
	p.out.SiteBucket = ""
	require.ErrorContains(t, p.uploadErr(t, dir), "name no bucket")
}

func theWaitIsBounded(t *testing.T, p *place) {
	dir := write(t, release(1))
	p.invalidations.Looks = -1
	_, err := site.Upload(context.Background(), p.env, p.out, dir, site.Options{Timeout: 20 * time.Millisecond})
	require.Equal(t, ops.TimedOut, ops.KindOf(err))
	require.ErrorContains(t, err, "it is still: InProgress")
	require.ErrorContains(t, err, "the pages are uploaded")
	p.cloud.Forget()
	p.invalidations.Complete()
	require.False(t, p.upload(t, dir).Changed(), "the next run waits for the same invalidation")
	require.Empty(t, p.cloud.Changes())
}

func cancelled(t *testing.T, p *place) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := site.Upload(ctx, p.env, p.out, write(t, release(1)), site.Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, p.cloud.Changes())
}

// What a tool without our checksum uploaded is compared by its content.
func whatOthersUploaded(t *testing.T, p *place) {
	files := release(1)
	for key, content := range files {
		_, err := p.env.Primary().S3().PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String(p.out.SiteBucket), Key: aws.String(key), Body: strings.NewReader(content)})
		require.NoError(t, err)
	}
	require.Len(t, p.upload(t, write(t, files)).Uploaded, 5, "their headers are wrong")
	files["assets/index-00abc001A.js"] = "another"
	require.ErrorContains(t, p.uploadErr(t, write(t, files)), "its name must change")
}
