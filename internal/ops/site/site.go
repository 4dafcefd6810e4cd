// Package site uploads the frontend to the site's bucket so that no browser ever meets half of it, and takes a release back.
//
// The order is what makes it safe. Files whose name holds a hash of their content go first: no page that is live names them, and
// those of earlier releases stay, so that a page which a browser opened an hour ago finds what it needs. Then the files
// with a fixed name, such as icons, then the pages, and the entry page at the very end: one write, by which the release becomes
// the site. What CloudFront keeps of the pages is invalidated after that. A run that ends anywhere leaves every page that can be
// reached with all its files, and the next run completes it.
//
// A record in the bucket, .itrack/release.json, names the versions of the pages that make up a release. It is written when the
// invalidation is begun. A page whose version is not the record's was written by a run that broke off: that is how the
// next run knows what is still to invalidate, and how a rollback knows what to go back to. Each release's record is a
// version of that object, and lives as long as the versions of the pages that it names (the bucket's lifecycle). A rollback also
// writes one before its first page, which names what it brings back: a run after one that broke off goes on with it.
package site

import (
	"context"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// Kind is how a file is uploaded and how long it may be kept.
type Kind string

// The kinds, in the order of their upload.
const (
	Asset Kind = "asset" // its name holds a hash of its content: it may be kept for ever
	Fixed Kind = "fixed" // every other file that is no page: asked for anew each time
	Page  Kind = "page"  // HTML: asked for anew each time
)

const (
	cacheForever = "public,max-age=31536000,immutable"
	cacheNever   = "no-cache"
	// entry is the page that answers every page route (infra/site/pages.js).
	entry = "index.html"
	// recordKey is where the record of the release lies. The build's own files never begin with a dot.
	recordKey = ".itrack/release.json"
	// checksum is the metadata that holds a file's SHA-256.
	checksum = "sha256"
	// parallel is how many files are compared or uploaded at once.
	parallel = 8
	// defaultTimeout is how long CloudFront gets for an invalidation: a minute or two is usual.
	defaultTimeout = 15 * time.Minute
	// lookEvery is the time between two looks at an invalidation.
	lookEvery = 10 * time.Second
)

// Options of an upload.
type Options struct {
	DryRun  bool          // look and say, change nothing
	Timeout time.Duration // for the invalidation; default 15 minutes
}

// Change is a file that was written.
type Change struct {
	Key   string `json:"key"`
	Kind  Kind   `json:"kind"`
	Bytes int64  `json:"bytes"`
}

// Result is what was done, or with a dry run would be.
type Result struct {
	Bucket       string   `json:"bucket"`
	Distribution string   `json:"distribution"`
	URL          string   `json:"url"`
	Release      string   `json:"release"`  // that is live afterwards; empty in a dry run that would make a new one
	Previous     string   `json:"previous"` // that was live before
	Uploaded     []Change `json:"uploaded"`
	Unchanged    int      `json:"unchanged"`    // files that were there
	Ignored      []string `json:"ignored"`      // files of the build that are not part of a site
	Paths        []string `json:"paths"`        // that were invalidated
	Invalidation string   `json:"invalidation"` // CloudFront's id; empty when there was nothing to invalidate
	DryRun       bool     `json:"dryRun"`
}

// Changed tells whether anything was, or would be, changed.
func (r Result) Changed() bool { return len(r.Uploaded) > 0 || len(r.Paths) > 0 }

// site is the place that is written to.
type site struct {
	env     *ops.Environment
	out     ops.Outputs
	timeout time.Duration
	dry     bool
}

func newSite(ctx context.Context, env *ops.Environment, out ops.Outputs, dry bool, timeout time.Duration) (*site, error) {
	s := &site{env: env, out: out, timeout: timeout, dry: dry}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if out.SiteBucket == "" || out.DistributionID == "" {
		return nil, &ops.Problem{Kind: ops.Usage, What: "looking for the site of " + out.Environment, Why: "the stack's outputs name no bucket or no distribution",
			Next: "`itrack deploy " + out.Environment + "` completes the stack"}
	}
	if out.Account != "" && out.Account != env.Account {
		return nil, &ops.Problem{Kind: ops.Usage, What: "looking for the bucket " + out.SiteBucket, Why: "it is in account " + out.Account + ", signed in is " + env.Account,
			Next: "sign in to the account that the stack was deployed to"}
	}
	return s, s.versioned(ctx)
}

func (s *site) result() Result {
	return Result{Bucket: s.out.SiteBucket, Distribution: s.out.DistributionID, URL: s.out.SiteURL, DryRun: s.dry,
		Uploaded: []Change{}, Ignored: []string{}, Paths: []string{}}
}
