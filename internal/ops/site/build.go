package site

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/ops"
)

// file is one file of the site.
type file struct {
	key     string
	kind    Kind
	size    int64
	sum     string // SHA-256, hexadecimal
	content func() ([]byte, error)
}

// build is a folder with a site.
type build struct {
	dir     string
	files   []file // sorted by key
	ignored []string
}

// wellKnown is the one name with a dot at its beginning that belongs to a site (RFC 8615).
const wellKnown = ".well-known"

// read reads a folder and refuses what would make half a site: everything that is wrong is said at once.
func read(dir string) (build, error) {
	what := "reading the frontend in " + dir
	again := "build the frontend again and name the folder with its index.html"
	b := build{dir: dir, ignored: []string{}}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return b, &ops.Problem{Kind: ops.Usage, What: what, Why: "there is no such folder", Err: err, Next: again}
	}
	var problems []string
	err = filepath.WalkDir(dir, func(path string, item fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(relative)
		switch {
		case strings.HasPrefix(item.Name(), ".") && item.Name() != wellKnown:
			b.ignored = append(b.ignored, key)
			if item.IsDir() {
				return fs.SkipDir
			}
			return nil
		case item.IsDir():
			return nil
		case !item.Type().IsRegular():
			problems = append(problems, key+" is a link or another thing that is no file: a build holds what it serves")
			return nil
		}
		added, err := readFile(path, key)
		b.files = append(b.files, added)
		return err
	})
	if err != nil {
		return b, &ops.Problem{Kind: ops.Usage, What: what, Why: err.Error(), Err: err, Next: again}
	}
	slices.SortFunc(b.files, func(a, b file) int { return strings.Compare(a.key, b.key) })
	missing, err := b.check()
	if err != nil {
		return b, &ops.Problem{Kind: ops.Usage, What: what, Why: err.Error(), Err: err, Next: again}
	}
	if problems = append(problems, missing...); len(problems) > 0 {
		return b, ops.Refuse(what, "it is no whole frontend:\n  - "+strings.Join(problems, "\n  - "), again+"; nothing was uploaded")
	}
	return b, nil
}

// errChanged: somebody builds while this uploads.
var errChanged = errors.New("it changed after it was read: is a build running?")

func readFile(path, key string) (file, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return file{}, err
	}
	sum := sumOf(content)
	return file{key: key, kind: kindOf(key), size: int64(len(content)), sum: sum, content: func() ([]byte, error) {
		again, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if sumOf(again) != sum {
			return nil, fmt.Errorf("reading %s: %w", path, errChanged)
		}
		return again, nil
	}}, nil
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// check says what the pages name and the folder lacks.
func (b build) check() (problems []string, err error) {
	there := map[string]bool{}
	for _, f := range b.files {
		there[f.key] = true
	}
	if !there[entry] {
		problems = append(problems, "it has no "+entry+", which answers every page")
	}
	for _, f := range b.files {
		if f.kind != Page {
			continue
		}
		content, err := f.content()
		if err != nil {
			return problems, err
		}
		named, relative := references(f.key, content)
		for _, key := range named {
			if !there[key] {
				problems = append(problems, f.key+" names /"+key+", which is not there")
			}
		}
		if f.key == entry {
			for _, reference := range relative {
				problems = append(problems, fmt.Sprintf("%s names %s by a relative address: it also answers pages such as /items/42, where that is another file; build with the base path /", entry, reference))
			}
		}
	}
	return problems, nil
}
