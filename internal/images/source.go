package images

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Commit is what an image says about where it comes from.
type Commit struct {
	Revision string    // the commit's full hash; Dirty adds "-dirty" in what is written
	Dirty    bool      // the work tree differs from the commit
	Time     time.Time // of the commit, or SOURCE_DATE_EPOCH
	Version  string    // what a registry takes as a tag
}

// EpochVariable replaces the commit's time, in seconds since 1970 (reproducible-builds.org).
const EpochVariable = "SOURCE_DATE_EPOCH"

var (
	revisionForm = regexp.MustCompile(`^[0-9a-f]{12,64}$`)
	versionForm  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// CommitRequest says what is known of a commit before git is asked.
type CommitRequest struct {
	Root     string // folder in a git work tree
	Revision string // taken as it is, without git, for a source tree that has no .git; needs Epoch
	Version  string // of a release; none means one made from the commit alone
	Epoch    string // value of SOURCE_DATE_EPOCH, may be empty
}

// ReadCommit finds out what an image says about its source. It asks git for the commit that is checked out, its time and
// whether the tree differs from it, and nothing that two clones of one commit may have different: no tags, no remotes.
func ReadCommit(ctx context.Context, r CommitRequest) (Commit, error) {
	var c Commit
	var err error
	if r.Revision != "" {
		if r.Epoch == "" {
			return c, fmt.Errorf("a revision without git has no time: set %s to the commit's, as `git log -1 --format=%%ct` prints it", EpochVariable)
		}
		c.Revision = r.Revision
	} else if c, err = askGit(ctx, r.Root); err != nil {
		return c, err
	}
	stamp := c.Time
	if r.Epoch != "" {
		seconds, err := strconv.ParseInt(r.Epoch, 10, 64)
		if err != nil || seconds < 0 {
			return c, fmt.Errorf("%s is %q: it takes seconds since 1970; unset it to use the commit's own time", EpochVariable, r.Epoch)
		}
		c.Time = time.Unix(seconds, 0).UTC()
	}
	if stamp.IsZero() {
		stamp = c.Time
	}
	if c.Version = r.Version; c.Version == "" {
		c.Version = commitVersion(c.Revision, stamp, c.Dirty)
	}
	return c, c.check()
}

// commitVersion is a version that only the commit decides, in the form of Go's pseudo-versions: a later commit has the
// greater one. A tag would be fetched in one clone and missing in the next, and two builds of a commit would differ.
func commitVersion(revision string, stamp time.Time, dirty bool) string {
	version := fmt.Sprintf("0.0.0-%s-%.12s", stamp.UTC().Format("20060102150405"), revision)
	if dirty {
		version += "-dirty"
	}
	return version
}

// label is the revision as it is written, with the sign of a tree that differs from it.
func (c Commit) label() string {
	if c.Dirty {
		return c.Revision + "-dirty"
	}
	return c.Revision
}

func (c Commit) created() string { return c.Time.UTC().Format(time.RFC3339) }

func (c Commit) check() error {
	switch {
	case !revisionForm.MatchString(c.Revision):
		return fmt.Errorf("revision %q: it takes a commit's hash, 12 to 64 hexadecimal digits in lower case", c.Revision)
	case !versionForm.MatchString(c.Version):
		return fmt.Errorf("version %q: it takes what a registry takes as a tag, letters, digits and . _ -, 128 at most", c.Version)
	case c.Time.IsZero():
		return errors.New("the commit has no time")
	}
	return nil
}

func askGit(ctx context.Context, root string) (Commit, error) {
	said, err := git(ctx, root, "log", "-1", "--format=%H %ct")
	if err != nil {
		return Commit{}, err
	}
	revision, epoch, _ := strings.Cut(said, " ")
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return Commit{}, fmt.Errorf("reading the commit's time: git said %q", said)
	}
	// Files that git does not know count as well: the compiler reads them all the same.
	changes, err := git(ctx, root, "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return Commit{}, err
	}
	return Commit{Revision: revision, Time: time.Unix(seconds, 0).UTC(), Dirty: changes != ""}, nil
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	// `git status` would write the index it refreshed, and take a lock for it, which a reader must not.
	cmd.Env = append(cmd.Environ(), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("asking git for the commit: %w: %s; outside of a git work tree name the commit with --revision and set %s",
			err, strings.TrimSpace(said.String()), EpochVariable)
	}
	return strings.TrimSpace(string(out)), nil
}
