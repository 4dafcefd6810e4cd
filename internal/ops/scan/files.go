package scan

import (
	"context"
	"os/exec"
	"path"
	"strings"
)

// list are the files of the project that git tracks or would track: what is ignored is not committed. Paths are relative to the
// project, with slashes.
func list(ctx context.Context, project string) ([]string, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, &NotDone{NotRun, "there is no git on PATH, which knows the project's files", "install git"}
	}
	said, err := call(ctx, project, git, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return nil, err
	}
	if said.code != 0 {
		return nil, &NotDone{NotRun, said.why("git"), "run it in a clone of the repository"}
	}
	return strings.FieldsFunc(string(said.stdout), func(r rune) bool { return r == 0 }), nil
}

// named are the files with a name.
func named(files []string, name string) []string {
	var out []string
	for _, file := range files {
		if path.Base(file) == name {
			out = append(out, file)
		}
	}
	return out
}
