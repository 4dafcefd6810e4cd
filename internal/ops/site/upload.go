package site

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/itrack/itrack/internal/ops"
)

// Upload makes the build in dir the site. It refuses, before anything is written, a build without an entry page, one whose pages
// name files that it lacks, and one that would change a file under a page that is live: a file whose name holds a hash and
// whose content is another than that in the bucket, or a script or style sheet with a fixed name that a live page loads. Files
// of earlier releases stay. A second run changes nothing.
func Upload(ctx context.Context, env *ops.Environment, out ops.Outputs, dir string, o Options) (Result, error) {
	b, err := read(dir)
	if err != nil {
		return Result{}, err
	}
	s, err := newSite(ctx, env, out, o.DryRun, o.Timeout)
	if err != nil {
		return Result{}, err
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return Result{}, err
	}
	p := publication{files: b.files, keys: keys}
	if keys[recordKey] {
		if p.last, err = s.readRecord(ctx, ""); err != nil {
			return Result{}, err
		}
	}
	if p.now, err = s.look(ctx, b.files, keys); err != nil {
		return Result{}, err
	}
	if err := s.consistent(ctx, b, p); err != nil {
		return Result{}, err
	}
	result, err := s.publish(ctx, p)
	result.Ignored = b.ignored
	return result, err
}

// publication is what is to become the site, and what is there.
type publication struct {
	files    []file
	keys     map[string]bool // of the bucket
	now      map[string]live // of the files that are there
	last     record          // of the release that is live; without an id there is none
	restores string          // the release that is brought back
	begin    *record         // to write before the first page, if any
}

// look compares files with the bucket.
func (s *site) look(ctx context.Context, files []file, keys map[string]bool) (map[string]live, error) {
	found := make([]live, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, f := range files {
		if !keys[f.key] {
			continue
		}
		group.Go(func() (err error) {
			found[i], err = s.head(ctx, f.key, "")
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	now := map[string]live{}
	for i, f := range files {
		if keys[f.key] {
			now[f.key] = found[i]
		}
	}
	return now, nil
}

// consistent refuses what would change a file under a page that is live.
func (s *site) consistent(ctx context.Context, b build, p publication) error {
	var problems, code []string
	for _, f := range b.files {
		there, ok := p.now[f.key]
		if !ok || there.sum == f.sum {
			continue
		}
		switch {
		case f.kind == Asset:
			problems = append(problems, f.key+" has other content than the file of this name in the bucket, which browsers keep for ever: its name must change with its content")
		case f.kind == Fixed && isCode(f.key):
			code = append(code, f.key)
		}
	}
	if len(code) > 0 {
		loaded, err := s.loaded(ctx, p.keys)
		if err != nil {
			return err
		}
		for _, key := range code {
			if page := loaded[key]; page != "" {
				problems = append(problems, fmt.Sprintf("%s has other content than the one that the live page %s loads: for a moment the old page would run the new file; let the build put a hash of the content into its name", key, page))
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return ops.Refuse("comparing "+b.dir+" with the site", "it would change files under pages that are live:\n  - "+strings.Join(problems, "\n  - "), "build again with hashed names; nothing was uploaded")
}

// loaded are the files that live pages load, each with one such page.
func (s *site) loaded(ctx context.Context, keys map[string]bool) (map[string]string, error) {
	loaded := map[string]string{}
	for _, page := range slices.Sorted(maps.Keys(keys)) {
		if !isPage(page) {
			continue
		}
		content, err := s.get(ctx, page, "")
		if err != nil {
			return nil, err
		}
		named, _ := references(page, content)
		for _, key := range named {
			loaded[key] = page
		}
	}
	return loaded, nil
}

// order is that of the upload: assets, files with a fixed name, pages, and the entry page at the very end.
func order(a, b file) int {
	rank := func(f file) int {
		switch {
		case f.key == entry:
			return 3
		case f.kind == Page:
			return 2
		case f.kind == Fixed:
			return 1
		}
		return 0
	}
	if difference := rank(a) - rank(b); difference != 0 {
		return difference
	}
	return strings.Compare(a.key, b.key)
}

// publish writes what differs, in the safe order, invalidates the pages and records the release.
func (s *site) publish(ctx context.Context, p publication) (Result, error) {
	result := s.result()
	result.Release, result.Previous = p.last.release(), p.last.before()
	versions := map[string]string{}
	var assets, named []file
	for _, f := range slices.SortedFunc(slices.Values(p.files), order) {
		there, ok := p.now[f.key]
		versions[f.key] = there.version
		switch {
		case ok && there.sum == f.sum && there.contentType == contentType(f.key) && there.cacheControl == cacheControl(f.kind):
			result.Unchanged++
			continue
		case f.kind == Asset:
			assets = append(assets, f)
		default:
			named = append(named, f)
		}
		result.Uploaded = append(result.Uploaded, Change{Key: f.key, Kind: f.kind, Bytes: f.size})
	}
	if s.dry {
		for _, f := range named {
			versions[f.key] = "" // a version that no record names
		}
		result.Paths = paths(s.stale(p, versions))
		if result.Changed() {
			result.Release = ""
		}
		return result, nil
	}
	if err := s.writeAssets(ctx, assets); err != nil {
		return result, err
	}
	if len(named) > 0 && p.last.ID == "" {
		if err := s.recordFirst(ctx, &p); err != nil {
			return result, err
		}
		result.Previous = p.last.release()
	}
	if len(named) > 0 && p.begin != nil {
		if err := s.writeRecord(ctx, *p.begin); err != nil {
			return result, err
		}
	}
	for _, f := range named {
		s.env.Say("uploading %s", f.key)
		version, err := s.put(ctx, f)
		if err != nil {
			return result, err
		}
		versions[f.key] = version
	}
	return s.settle(ctx, p, versions, result)
}

func (s *site) writeAssets(ctx context.Context, assets []file) error {
	if len(assets) > 0 {
		s.env.Say("uploading %d files that no live page loads yet", len(assets))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, f := range assets {
		group.Go(func() error {
			_, err := s.put(ctx, f)
			return err
		})
	}
	return group.Wait()
}

// recordFirst records the pages that were there before the first release, so that it too can be taken back.
func (s *site) recordFirst(ctx context.Context, p *publication) error {
	first := record{ID: newID("first")}
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		if !isPage(key) {
			continue
		}
		there, err := s.head(ctx, key, "")
		if err != nil {
			return err
		}
		first.Pages = append(first.Pages, recorded{Key: key, Version: there.version, SHA256: there.sum})
	}
	if len(first.Pages) == 0 {
		return nil
	}
	p.last = first
	return s.writeRecord(ctx, first)
}

// stale are the keys whose version CloudFront may not have: it is not the last record's.
func (s *site) stale(p publication, versions map[string]string) []string {
	var keys []string
	for _, f := range p.files {
		if f.kind != Asset && (versions[f.key] == "" || versions[f.key] != p.last.version(f.key)) {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// settle invalidates what is stale and records the release; both also for what an earlier run wrote that broke off.
func (s *site) settle(ctx context.Context, p publication, versions map[string]string, result Result) (Result, error) {
	changed := s.stale(p, versions)
	if len(changed) == 0 {
		if p.last.Invalidation == "" {
			return result, nil
		}
		// The run that began it may have ended before it was over.
		return result, s.await(ctx, p.last.Invalidation)
	}
	made := record{Restores: p.restores}
	var sums strings.Builder
	for _, f := range p.files {
		if f.kind != Asset {
			made.Pages = append(made.Pages, recorded{Key: f.key, Version: versions[f.key], SHA256: f.sum})
			sums.WriteString(f.key + f.sum)
		}
	}
	made.ID = newID(sumOf([]byte(sums.String()))[:8])
	if err := s.unmixed(ctx, p, versions); err != nil {
		return result, err
	}
	result.Paths = paths(changed)
	var err error
	if made.Invalidation, err = s.invalidate(ctx, result.Paths, made.ID); err != nil {
		return result, err
	}
	result.Invalidation = made.Invalidation
	if err := s.writeRecord(ctx, made); err != nil {
		return result, err
	}
	result.Release = made.release()
	return result, s.await(ctx, made.Invalidation)
}

// unmixed makes sure that what lies there is this run's: of two runs at the same time the one that looks last finds the other's pages
// among its own. Nobody is told of a success that is a mixture.
func (s *site) unmixed(ctx context.Context, p publication, versions map[string]string) error {
	keys := map[string]bool{}
	var named []file
	for _, f := range p.files {
		if f.kind != Asset {
			keys[f.key], named = true, append(named, f)
		}
	}
	now, err := s.look(ctx, named, keys)
	if err != nil {
		return err
	}
	for _, f := range named {
		if now[f.key].version != versions[f.key] {
			return &ops.Problem{What: "comparing the site with what was uploaded", Why: "somebody else has written " + f.key + " in the meantime: two runs at the same time",
				Next: "wait for the end of the other run, then run this again: it completes the release that is wanted"}
		}
	}
	return nil
}

// newID is a release's id: when it was made, and something of what it holds.
func newID(part string) string {
	return time.Now().UTC().Format("20060102T150405.000Z") + "-" + part
}
