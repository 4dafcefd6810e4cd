package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// lockFile is what npm audit reads.
const lockFile = "package-lock.json"

// NewNpm runs npm audit on every package-lock.json that git tracks or would track.
func NewNpm(project string) Scanner {
	return Scanner{Name: Npm, Run: func(ctx context.Context) (Seen, error) {
		files, err := list(ctx, project)
		if err != nil {
			return Seen{}, err
		}
		// A lock file that was deleted and not yet committed is still listed.
		locks := slices.DeleteFunc(named(files, lockFile), func(file string) bool {
			_, err := os.Stat(filepath.Join(project, filepath.FromSlash(file)))
			return errors.Is(err, os.ErrNotExist)
		})
		if len(locks) == 0 {
			return Seen{}, &NotDone{NotApplicable, "there is no " + lockFile, ""}
		}
		npm, err := exec.LookPath(Npm)
		if err != nil {
			return Seen{}, &NotDone{NotRun, "there is no npm on PATH, and there is " + locks[0], "install Node.js, which brings npm"}
		}
		// One that cannot be audited does not hide what the others have.
		seen := Seen{Looked: strings.Join(locks, ", ")}
		var failed []string
		for _, lock := range locks {
			findings, err := audit(ctx, project, npm, lock)
			if ctx.Err() != nil {
				return seen, ctx.Err()
			}
			if err != nil {
				failed = append(failed, lock+": "+err.Error())
			}
			seen.Findings = append(seen.Findings, findings...)
		}
		if len(failed) > 0 {
			return seen, &NotDone{NotRun, strings.Join(failed, "; "), "run `npm audit` beside the lock file to see all it says; it asks the registry"}
		}
		return seen, nil
	}}
}

// auditAnswer is what npm audit --json prints: https://docs.npmjs.com/cli/commands/npm-audit
type auditAnswer struct {
	Version         int `json:"auditReportVersion"`
	Vulnerabilities map[string]struct {
		Name  string            `json:"name"`
		Range string            `json:"range"`
		Via   []json.RawMessage `json:"via"` // an advisory, or the name of a package that has one
		Nodes []string          `json:"nodes"`
	} `json:"vulnerabilities"`
	Message string `json:"message"`
	Error   *struct {
		Code    string `json:"code"`
		Summary string `json:"summary"`
		Detail  string `json:"detail"`
	} `json:"error"`
}

type advisory struct {
	Source   int    `json:"source"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	Severity string `json:"severity"`
	Range    string `json:"range"`
}

func audit(ctx context.Context, project, npm, lock string) ([]Finding, error) {
	dir := filepath.Join(project, filepath.FromSlash(path.Dir(lock)))
	// The lock file is enough: nothing has to be installed, and no script of a package runs.
	said, err := call(ctx, dir, npm, []string{"npm_config_update_notifier=false", "npm_config_color=false"}, "audit", "--json", "--package-lock-only")
	if err != nil {
		return nil, err
	}
	var out auditAnswer
	if err := json.Unmarshal(bytes.TrimSpace(said.stdout), &out); err != nil {
		return nil, errors.New("what npm printed is not JSON: " + said.why(Npm))
	}
	// The exit code is 1 both where something is found and where nothing could be asked.
	switch {
	case out.Version == 2 && out.Error == nil:
		return advisories(out, lock)
	case out.Version != 0 && out.Error == nil:
		return nil, fmt.Errorf("npm audit's report has version %d, and 2 is read here: npm is too old or too new", out.Version)
	case out.Message != "":
		return nil, errors.New(out.Message)
	case out.Error != nil && out.Error.Summary != "":
		return nil, errors.New(strings.TrimPrefix(out.Error.Code+": "+out.Error.Summary, ": "))
	}
	return nil, errors.New(said.why(Npm))
}

// severities are npm's words for them.
var severities = map[string]string{"critical": "critical", "high": "high", "moderate": "medium", "low": "low", "info": "low"}

// advisories lists each once, whatever packages lead to it.
func advisories(out auditAnswer, lock string) ([]Finding, error) {
	found := map[string]Finding{}
	for _, vulnerability := range out.Vulnerabilities {
		for _, raw := range vulnerability.Via {
			if len(raw) > 0 && raw[0] == '"' {
				continue
			}
			var one advisory
			if err := json.Unmarshal(raw, &one); err != nil {
				return nil, fmt.Errorf("reading npm's advisory of %s: %w", vulnerability.Name, err)
			}
			id := path.Base(one.URL)
			if !strings.HasPrefix(id, "GHSA-") {
				id = fmt.Sprintf("npm-%d", one.Source)
			}
			found[id+one.Name] = Finding{Rule: id, Title: one.Title, Severity: severities[one.Severity], Path: lock,
				Detail: one.Name + " " + one.Range, URL: one.URL, Fix: "npm audit fix, or raise what brings " + one.Name}
		}
	}
	findings := make([]Finding, 0, len(found))
	for _, finding := range found {
		findings = append(findings, finding)
	}
	slices.SortFunc(findings, compare)
	return findings, nil
}
