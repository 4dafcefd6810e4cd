package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// imagesDir is where `itrack build images` puts one OCI layout for each service.
const imagesDir = "build/images"

// NewTrivy runs trivy on the tree and on every image in build/images, where it is installed. wanted says that it was asked for by
// name: then it is no answer that it is not installed.
func NewTrivy(project string, wanted bool) Scanner {
	return Scanner{Name: Trivy, Run: func(ctx context.Context) (Seen, error) {
		program, err := exec.LookPath(Trivy)
		if err != nil {
			absent := &NotDone{NotInstalled, "there is no trivy on PATH", "install it to have images scanned: https://trivy.dev"}
			if wanted {
				absent.Status = NotRun
			}
			return Seen{}, absent
		}
		layouts, err := layouts(project)
		if err != nil {
			return Seen{}, err
		}
		targets := []trivyTarget{{name: "the tree", args: []string{"fs", "--skip-dirs", ".rehearsal", "--skip-dirs", "bin", "--skip-dirs", "build",
			"--skip-dirs", "**/node_modules", "."}}}
		for _, layout := range layouts {
			targets = append(targets, trivyTarget{name: layout, args: []string{"image", "--input", layout}, image: true})
		}
		seen := Seen{Looked: "the tree"}
		if len(layouts) == 0 {
			seen.Looked += ", no image in " + imagesDir
		}
		var failed []string
		for _, target := range targets {
			findings, err := target.scan(ctx, project, program)
			if ctx.Err() != nil {
				return seen, ctx.Err()
			}
			if err != nil {
				failed = append(failed, target.name+": "+err.Error())
				continue
			}
			if target.image {
				seen.Looked += ", " + target.name
			}
			seen.Findings = append(seen.Findings, findings...)
		}
		if len(failed) > 0 {
			return seen, &NotDone{NotRun, strings.Join(failed, "; "), "trivy fetches its database before it looks: make it reachable, or fetch it by `trivy image --download-db-only`"}
		}
		return seen, nil
	}}
}

// layouts are the OCI layouts below build/images.
func layouts(project string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(project, filepath.FromSlash(imagesDir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", imagesDir, err)
	}
	var out []string
	for _, entry := range entries {
		name := path.Join(imagesDir, entry.Name())
		// The marker of a layout; a build that was killed leaves folders without one.
		if _, err := os.Stat(filepath.Join(project, filepath.FromSlash(name), "oci-layout")); err == nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

type trivyTarget struct {
	name  string
	args  []string
	image bool
}

// trivyReport is trivy's JSON, as far as it is read: https://trivy.dev/latest/docs/configuration/reporting/#json
type trivyReport struct {
	SchemaVersion int
	Results       []struct {
		Target          string
		Vulnerabilities []struct {
			VulnerabilityID, PkgName, InstalledVersion, FixedVersion, Severity, Title, PrimaryURL string
		}
	}
}

func (t trivyTarget) scan(ctx context.Context, project, program string) ([]Finding, error) {
	// Secrets and declarations have scanners of their own here.
	args := append([]string{t.args[0], "--quiet", "--format", "json", "--scanners", "vuln"}, t.args[1:]...)
	said, err := call(ctx, project, program, []string{"TRIVY_DISABLE_VEX_NOTICE=true", "TRIVY_SKIP_VERSION_CHECK=true"}, args...)
	if err != nil {
		return nil, err
	}
	if said.code != 0 {
		return nil, errors.New(said.why(Trivy))
	}
	var report trivyReport
	if err := json.Unmarshal(said.stdout, &report); err != nil {
		return nil, fmt.Errorf("reading trivy's answer: %w", err)
	}
	if report.SchemaVersion != 2 {
		return nil, fmt.Errorf("trivy's answer has schema version %d, and 2 is read here", report.SchemaVersion)
	}
	var out []Finding
	for _, result := range report.Results {
		for _, v := range result.Vulnerabilities {
			finding := Finding{Rule: v.VulnerabilityID, Title: v.Title, Severity: strings.ToLower(v.Severity), Path: result.Target,
				Detail: v.PkgName + " " + v.InstalledVersion, URL: v.PrimaryURL, Fix: "raise " + v.PkgName + " to " + v.FixedVersion}
			if finding.Title == "" {
				finding.Title = "a known vulnerability of " + v.PkgName
			}
			if finding.Severity == "unknown" {
				finding.Severity = ""
			}
			if v.FixedVersion == "" {
				finding.Fix = "no version fixes it yet: stop using it, or accept it in " + AcceptanceFile + " with a reason"
			}
			if t.image {
				// Within an image the target is a file of it, or the image's system.
				finding.Path, finding.Detail = t.name, finding.Detail+" in "+result.Target
			}
			out = append(out, finding)
		}
	}
	return out, nil
}
