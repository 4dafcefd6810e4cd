package site_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/site"
)

func TestRollback(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"to the release before": toTheReleaseBefore, "to a named one": toANamedRelease, "to the first pages": toTheFirstPages,
		"after an upload that broke off": afterAnUploadThatBrokeOff, "killed anywhere": rollbackKilledAnywhere, "what is gone": whatIsGoneIsRefused,
		"nothing to go back to": nothingToGoBackTo, "killed in the middle": rollbackKilledInTheMiddle, "two at once": twoAtOnce,
	})
}

func (p *place) rollback(t *testing.T, to string) site.Result {
	t.Helper()
	result, err := site.Rollback(context.Background(), p.env, p.out, site.RollbackOptions{To: to})
	require.NoError(t, err)
	return result
}

func (p *place) rollbackErr(t *testing.T, to string) error {
	t.Helper()
	p.cloud.Forget()
	_, err := site.Rollback(context.Background(), p.env, p.out, site.RollbackOptions{To: to})
	require.Error(t, err)
	return err
}

func toTheReleaseBefore(t *testing.T, p *place) {
	first := p.upload(t, write(t, release(1)))
	second := p.upload(t, write(t, release(2)))
	p.cloud.Forget()
	planned, err := site.Rollback(context.Background(), p.env, p.out, site.RollbackOptions{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, p.cloud.Changes())
	require.Equal(t, []string{"404.html", "index.html"}, keysOf(planned.Uploaded))

	result := p.rollback(t, "")
	require.Equal(t, []string{"404.html", "index.html"}, keysOf(result.Uploaded), "the entry page last")
	require.Equal(t, []string{"/", "/404.html", "/index.html"}, result.Paths)
	require.Equal(t, first.Release, result.Release)
	require.Equal(t, second.Release, result.Previous)
	require.Equal(t, release(1)["index.html"], p.page(t))
	_, object := p.object(t, "index.html")
	require.Equal(t, "no-cache", aws.ToString(object.CacheControl))
	p.whole(t)

	p.cloud.Forget()
	again := p.rollback(t, "")
	require.False(t, again.Changed(), "a second run goes no further back")
	require.Empty(t, p.cloud.Changes())
	require.Equal(t, first.Release, again.Release)

	releases, err := site.Releases(context.Background(), p.env, p.out)
	require.NoError(t, err)
	require.Len(t, releases, 4)
	require.Equal(t, first.Release, releases[0].ID)
	require.True(t, releases[0].Restored)
	require.Equal(t, second.Release, releases[1].ID)
	require.Equal(t, first.Release, releases[2].ID)
	require.False(t, releases[2].Restored)
	require.Equal(t, 3, releases[2].Pages)
	require.Regexp(t, "-first$", releases[3].ID)

	// The next upload is on top, and its rollback comes back here.
	p.upload(t, write(t, release(3)))
	require.Equal(t, first.Release, p.rollback(t, "").Release)
}

func toANamedRelease(t *testing.T, p *place) {
	first := p.upload(t, write(t, release(1)))
	p.upload(t, write(t, release(2)))
	third := p.upload(t, write(t, release(3)))
	require.Equal(t, first.Release, p.rollback(t, first.Release).Release)
	require.Equal(t, release(1)["index.html"], p.page(t))
	require.False(t, p.rollback(t, first.Release).Changed())
	require.Equal(t, third.Release, p.rollback(t, third.Release).Release)
	require.Equal(t, release(3)["index.html"], p.page(t))
	err := p.rollbackErr(t, "yesterday")
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "name one of "+third.Release)
	require.Empty(t, p.cloud.Changes())
}

func toTheFirstPages(t *testing.T, p *place) {
	p.upload(t, write(t, release(1)))
	p.rollback(t, "")
	require.Equal(t, "<p>first index.html", p.page(t))
}

func afterAnUploadThatBrokeOff(t *testing.T, p *place) {
	first := p.upload(t, write(t, release(1)))
	p.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + p.out.SiteBucket + "/index.html", Status: http.StatusForbidden, Code: "AccessDenied"})
	p.uploadErr(t, write(t, release(2)))
	p.cloud.Heal()
	content, _ := p.object(t, "404.html")
	require.Equal(t, release(2)["404.html"], content)
	result := p.rollback(t, "")
	require.Equal(t, []string{"404.html"}, keysOf(result.Uploaded))
	require.Equal(t, first.Release, result.Release)
	content, _ = p.object(t, "404.html")
	require.Equal(t, release(1)["404.html"], content)
	require.False(t, p.rollback(t, "").Changed())
}

func rollbackKilledAnywhere(t *testing.T, p *place) {
	p.upload(t, write(t, release(1)))
	for next := 0; ; next++ {
		p.upload(t, write(t, release(2)))
		p.cloud.Fail(opstest.Fault{After: next, Status: http.StatusForbidden, Code: "AccessDenied"})
		_, err := site.Rollback(context.Background(), p.env, p.out, site.RollbackOptions{})
		p.cloud.Heal()
		p.whole(t)
		if err == nil {
			require.Greater(t, next, 10, "the fault came after the end")
			break
		}
		// What a rollback that broke off has written is completed by the same command, without a name as with one.
		releases, err := site.Releases(context.Background(), p.env, p.out)
		require.NoError(t, err)
		wanted, named := releases[1].ID, ""
		if releases[0].Restored {
			wanted = releases[0].ID
		}
		if next%2 == 0 {
			named = wanted
		}
		require.Equal(t, wanted, p.rollback(t, named).Release, next)
		require.Equal(t, release(1)["index.html"], p.page(t))
		require.Equal(t, release(1)["404.html"], first(p.object(t, "404.html")))
		p.cloud.Forget()
		require.False(t, p.rollback(t, wanted).Changed())
		require.Empty(t, p.cloud.Changes())
	}
}

func first(content string, _ *s3.GetObjectOutput) string { return content }

func whatIsGoneIsRefused(t *testing.T, p *place) {
	p.upload(t, write(t, release(1)))
	_, page := p.object(t, "index.html")
	p.upload(t, write(t, release(2)))
	remove := func(key string, version *string) {
		_, err := p.env.Primary().S3().DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String(p.out.SiteBucket), Key: aws.String(key), VersionId: version})
		require.NoError(t, err)
	}
	remove("assets/index-00abc001A.js", nil)
	err := p.rollbackErr(t, "")
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "index.html loads /assets/index-00abc001A.js, which is not in the bucket any more")
	require.Empty(t, p.cloud.Changes())
	remove("index.html", page.VersionId)
	err = p.rollbackErr(t, "")
	require.ErrorContains(t, err, "of index.html is gone: the bucket keeps replaced versions for itrack:frontend.keepDays")
	require.Empty(t, p.cloud.Changes())
	require.Equal(t, release(2)["index.html"], p.page(t))
}

func nothingToGoBackTo(t *testing.T, p *place) {
	err := p.rollbackErr(t, "")
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "no release was recorded")
	require.Empty(t, p.cloud.Changes())
}

// A page is back, the entry page is not: the same command goes on, and does not put back what it was to take away.
func rollbackKilledInTheMiddle(t *testing.T, p *place) {
	one := p.upload(t, write(t, release(1)))
	two := p.upload(t, write(t, release(2)))
	p.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + p.out.SiteBucket + "/index.html", Status: http.StatusForbidden, Code: "AccessDenied"})
	p.rollbackErr(t, "")
	p.cloud.Heal()
	require.Equal(t, release(1)["404.html"], first(p.object(t, "404.html")))
	releases, err := site.Releases(context.Background(), p.env, p.out)
	require.NoError(t, err)
	require.Len(t, releases, 4)
	require.Equal(t, one.Release, releases[0].ID)
	require.True(t, releases[0].Unfinished)
	require.Equal(t, two.Release, releases[1].ID)

	planned, err := site.Rollback(context.Background(), p.env, p.out, site.RollbackOptions{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []string{"index.html"}, keysOf(planned.Uploaded))
	result := p.rollback(t, "")
	require.Equal(t, []string{"index.html"}, keysOf(result.Uploaded))
	require.Equal(t, one.Release, result.Release)
	require.Equal(t, two.Release, result.Previous)
	require.Contains(t, result.Paths, "/404.html", "what the run that broke off has written is invalidated too")
	require.Equal(t, release(1)["index.html"], p.page(t))
	releases, err = site.Releases(context.Background(), p.env, p.out)
	require.NoError(t, err)
	require.Len(t, releases, 4, "the beginning is no release of its own")
	require.False(t, releases[0].Unfinished)
	p.cloud.Forget()
	require.False(t, p.rollback(t, "").Changed())
	require.Empty(t, p.cloud.Changes())

	// Killed, and then given up: the release that was live, and an upload, both end it.
	three := p.upload(t, write(t, release(3)))
	for _, end := range []func() string{
		func() string { return p.rollback(t, three.Release).Release },
		func() string { p.upload(t, write(t, release(3))); return three.Release },
	} {
		p.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + p.out.SiteBucket + "/index.html", Status: http.StatusForbidden, Code: "AccessDenied"})
		p.rollbackErr(t, one.Release)
		p.cloud.Heal()
		require.Equal(t, three.Release, end())
		require.Equal(t, release(3)["index.html"], p.page(t))
		require.Equal(t, release(3)["404.html"], first(p.object(t, "404.html")))
		p.whole(t)
	}
}

// Two runs write at the same time: the one that ends last does not call the mixture a success, and the next run mends it.
func twoAtOnce(t *testing.T, p *place) {
	p.upload(t, write(t, release(1)))
	say := p.env.Say
	p.env.Say = func(format string, a ...any) {
		say(format, a...)
		if text := fmt.Sprintf(format, a...); text == "uploading index.html" {
			p.env.Say = say
			p.upload(t, write(t, release(3)))
		}
	}
	dir := write(t, release(2))
	err := p.uploadErr(t, dir)
	require.Equal(t, ops.Failed, ops.KindOf(err))
	require.ErrorContains(t, err, "somebody else has written 404.html in the meantime")
	p.whole(t)
	p.upload(t, dir)
	require.Equal(t, release(2)["404.html"], first(p.object(t, "404.html")))
	require.Equal(t, release(2)["index.html"], p.page(t))
	require.False(t, p.upload(t, dir).Changed())
}
