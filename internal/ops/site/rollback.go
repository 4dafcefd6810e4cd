package site

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/itrack/itrack/internal/ops"
)

// RollbackOptions of a rollback.
type RollbackOptions struct {
	To      string        // id of a release; none means the one before the release that is live
	DryRun  bool          // look and say, change nothing
	Timeout time.Duration // for the invalidation; default 15 minutes
}

// Release is one release that was live.
type Release struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`     // when it became live
	Restored bool      `json:"restored"` // by a rollback
	// Unfinished: a rollback to it was begun and did not end; the same command goes on with it.
	Unfinished bool `json:"unfinished,omitempty"`
	Pages      int  `json:"pages"` // and files with a fixed name
}

// remembered is a record with its place.
type remembered struct {
	record
	time time.Time
}

// releasesShown is how many releases Releases gives.
const releasesShown = 20

// Releases are the newest releases, the live one first.
func Releases(ctx context.Context, env *ops.Environment, out ops.Outputs) ([]Release, error) {
	s, err := newSite(ctx, env, out, true, 0)
	if err != nil {
		return nil, err
	}
	history, err := s.history(ctx, releasesShown)
	if err != nil {
		return nil, err
	}
	releases := make([]Release, 0, len(history))
	for _, r := range history {
		releases = append(releases, Release{ID: r.release(), Time: r.time, Restored: r.Restores != "", Unfinished: r.begun(), Pages: len(r.Pages)})
	}
	return releases, nil
}

// history are the records, the newest first.
func (s *site) history(ctx context.Context, limit int) ([]remembered, error) {
	var all []remembered
	pages := s3.NewListObjectVersionsPaginator(s.env.Primary().S3(), &s3.ListObjectVersionsInput{Bucket: aws.String(s.out.SiteBucket), Prefix: aws.String(recordKey)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("listing the releases in "+s.out.SiteBucket, err)
		}
		for _, version := range page.Versions {
			if aws.ToString(version.Key) != recordKey {
				continue
			}
			r, err := s.readRecord(ctx, aws.ToString(version.VersionId))
			if err != nil {
				return nil, err
			}
			if r.begun() && len(all) > 0 {
				continue // what became of it has a record of its own
			}
			all = append(all, remembered{record: r, time: aws.ToTime(version.LastModified)})
			if len(all) == limit {
				return all, nil
			}
		}
	}
	return all, nil
}

// Rollback brings the pages of an earlier release back, in the order of an upload; its assets never went away. Without a name
// it is the release before the live one, or, when an upload broke off, the one that was live before that upload. What is brought
// back is recorded before the first page changes, so that a run which broke off is gone on with. A second run changes nothing: to go
// further back a release has to be named.
func Rollback(ctx context.Context, env *ops.Environment, out ops.Outputs, o RollbackOptions) (Result, error) {
	s, err := newSite(ctx, env, out, o.DryRun, o.Timeout)
	if err != nil {
		return Result{}, err
	}
	limit := 2
	if o.To != "" {
		limit = 1 << 20 // all there are: the lifecycle removes old ones
	}
	history, err := s.history(ctx, limit)
	if err != nil {
		return Result{}, err
	}
	if len(history) == 0 {
		return Result{}, ops.Refuse("rolling the site back", "no release was recorded: nothing was uploaded by `itrack deploy-apps` yet", "upload a build first")
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return Result{}, err
	}
	target, err := s.target(ctx, history, keys, o.To)
	if err != nil {
		return Result{}, err
	}
	p := publication{keys: keys, last: history[0].record, restores: target.release(), files: s.files(ctx, target)}
	if !target.begun() {
		p.begin = &record{ID: newID("begun"), Restores: target.release(), Replaces: p.last.before(), Pages: target.Pages}
	}
	if p.now, err = s.look(ctx, p.files, keys); err != nil {
		return Result{}, err
	}
	if err := s.restorable(p, target); err != nil {
		return Result{}, err
	}
	return s.publish(ctx, p)
}

// target chooses the release to bring back.
func (s *site) target(ctx context.Context, history []remembered, keys map[string]bool, to string) (record, error) {
	current := history[0].record
	if to != "" {
		var known []string
		for _, r := range history {
			if r.release() == to || r.ID == to {
				return r.record, nil
			}
			if len(known) < releasesShown {
				known = append(known, r.release())
			}
		}
		return record{}, &ops.Problem{Kind: ops.Usage, What: "looking for the release " + to, Why: "the bucket has no record of it", Next: "name one of " + strings.Join(known, ", ")}
	}
	for _, page := range current.Pages {
		if !keys[page.Key] {
			return current, nil
		}
		there, err := s.head(ctx, page.Key, "")
		if err != nil {
			return record{}, err
		}
		if there.version != page.Version {
			return current, nil // an upload broke off, or the rollback that the record is of
		}
	}
	switch {
	case current.Restores != "":
		return current, nil // it was rolled back already
	case len(history) < 2:
		return record{}, ops.Refuse("rolling the site back", "there is no release before "+current.release(), "upload the build that is wanted")
	}
	return history[1].record, nil
}

// files are the pages of a release, with the content that they had.
func (s *site) files(ctx context.Context, of record) []file {
	var files []file
	for _, page := range of.Pages {
		files = append(files, file{key: page.Key, kind: kindOf(page.Key), sum: page.SHA256, content: func() ([]byte, error) {
			content, err := s.get(ctx, page.Key, page.Version)
			if err != nil {
				return nil, err
			}
			if sumOf(content) != page.SHA256 {
				return nil, fmt.Errorf("version %s of %s is not what the record says", page.Version, page.Key)
			}
			return content, nil
		}})
	}
	return files
}

// restorable makes sure, before anything is written, that every page's old content is there, and every file that it loads.
func (s *site) restorable(p publication, target record) error {
	what := "bringing back the release " + target.release()
	var problems []string
	for i, f := range p.files {
		if p.now[f.key].sum == f.sum {
			continue
		}
		content, err := f.content()
		if ops.IsMissing(err) {
			problems = append(problems, fmt.Sprintf("version %s of %s is gone: the bucket keeps replaced versions for itrack:frontend.keepDays", target.Pages[i].Version, f.key))
			continue
		}
		if err != nil {
			return ops.Explain(what, err)
		}
		p.files[i].size, p.files[i].content = int64(len(content)), func() ([]byte, error) { return content, nil }
		if f.kind != Page {
			continue
		}
		named, _ := references(f.key, content)
		for _, key := range named {
			if !p.keys[key] {
				problems = append(problems, fmt.Sprintf("%s loads /%s, which is not in the bucket any more", f.key, key))
			}
		}
	}
	if len(problems) > 0 {
		return ops.Refuse(what, "it is not whole any more:\n  - "+strings.Join(problems, "\n  - "), "build that release again and upload it; nothing was changed")
	}
	return nil
}
