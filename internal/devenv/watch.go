package devenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// version of a file, as far as its folder tells.
type stamp struct {
	changed time.Time
	size    int64
}

// compiled are the ends of the names of files that become a part of the program, by the compiler or by go:embed.
var compiled = []string{".go", ".json", ".sql", ".pem", ".mod", ".sum"}

// look notes every file that the program is made from. Polling needs nothing of the system, and works on folders that are
// mounted from elsewhere, where notifications do not arrive.
func look(root string, folders []string) (map[string]stamp, error) {
	found := map[string]stamp{}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // an editor moves files while they are looked at
			}
			if err != nil || entry.IsDir() || !compiles(entry.Name()) {
				return err
			}
			info, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			found[path] = stamp{info.ModTime(), info.Size()}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking for changed files: %w", err)
		}
	}
	return found, nil
}

func compiles(name string) bool {
	if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ".") {
		return false
	}
	for _, end := range compiled {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
