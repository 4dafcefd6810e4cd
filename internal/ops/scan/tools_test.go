package scan

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What npm 11 prints, shortened: one advisory that two packages lead to, and one without a page of GitHub.
const npmFindings = `{
  "auditReportVersion": 2,
  "vulnerabilities": {
    "lodash": {
      "name": "lodash", "severity": "high", "isDirect": true,
      "via": [{"source": 1065, "name": "lodash", "dependency": "lodash", "title": "Made up", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
        "severity": "high", "cwe": ["CWE-1321"], "cvss": {"score": 7.4, "vectorString": null}, "range": "<4.17.19"}],
      "effects": ["grunt"], "range": "<4.17.19", "nodes": ["node_modules/lodash"], "fixAvailable": false
    },
    "grunt": {
      "name": "grunt", "severity": "high", "isDirect": true, "via": ["lodash",
        {"source": 1065, "name": "lodash", "dependency": "lodash", "title": "Made up", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
         "severity": "high", "cwe": [], "cvss": {"score": 7.4, "vectorString": null}, "range": "<4.17.19"}],
      "effects": [], "range": "*", "nodes": ["node_modules/grunt"], "fixAvailable": true
    },
    "left": {
      "name": "left", "severity": "moderate", "isDirect": false,
      "via": [{"source": 77, "name": "left", "dependency": "left", "title": "Also made up", "url": "https://example.com", "severity": "moderate", "range": "*"}],
      "effects": [], "range": "*", "nodes": [], "fixAvailable": {"name": "left", "version": "2.0.0", "isSemVerMajor": true}
    }
  },
  "metadata": {"vulnerabilities": {"info": 0, "low": 0, "moderate": 1, "high": 2, "critical": 0, "total": 3}}
}`

const npmClean = `{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}`

func one(t *testing.T, s Scanner) Result {
	t.Helper()
	return run(t, Options{Scanners: []Scanner{s}}).Results[0]
}

func TestNpmAudit(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tools(t, map[string]string{"npm": "echo \"$PWD $*\" >> " + log + "\n" + says(npmFindings, "", "1")})
	dir := project(t, map[string]string{"app/frontend/package-lock.json": "{}", "deleted/package-lock.json": "{}", "node_modules/x/package-lock.json": "{}", ".gitignore": "node_modules\n"})
	git(t, dir, "add", ".")
	require.NoError(t, os.Remove(filepath.Join(dir, "deleted", "package-lock.json")))
	result := one(t, NewNpm(dir))
	require.Equal(t, Found, result.Status, result.Why)
	require.Equal(t, []Finding{
		{Rule: "GHSA-aaaa-bbbb-cccc", Title: "Made up", Severity: "high", Path: "app/frontend/package-lock.json", Detail: "lodash <4.17.19",
			URL: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", Fix: "npm audit fix, or raise what brings lodash"},
		{Rule: "npm-77", Title: "Also made up", Severity: "medium", Path: "app/frontend/package-lock.json", Detail: "left *", URL: "https://example.com",
			Fix: "npm audit fix, or raise what brings left"},
	}, result.Findings, "an advisory counts once")
	require.Equal(t, "app/frontend/package-lock.json", result.Looked, "neither what is ignored nor what is gone")
	asked, err := os.ReadFile(log)
	require.NoError(t, err)
	real, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(real, "app", "frontend")+" audit --json --package-lock-only\n", string(asked))
}

func TestNpmThatCannotLook(t *testing.T) {
	cases := map[string]struct{ script, why string }{
		"no registry": {says(`{"message": "request to http://127.0.0.1:1/-/npm/v1/security/advisories/bulk failed, reason: connect ECONNREFUSED 127.0.0.1:1",
			"error": {"summary": "", "detail": ""}}`, "npm error audit endpoint returned an error", "1"), "connect ECONNREFUSED 127.0.0.1:1"},
		"refused": {says(`{"message": "405 Method Not Allowed - POST https://registry.npmjs.org/-/npm/v1/security/advisories/bulk", "method": "POST",
			"statusCode": 405, "body": "", "error": {"summary": "", "detail": ""}}`, "", "1"), "405 Method Not Allowed"},
		"no lock file": {says(`{"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile.", "detail": "x"}}`, "", "1"),
			"ENOLOCK: This command requires an existing lockfile."},
		"an error alone":   {says(`{"error": {}}`, "npm error something", "1"), "npm error something"},
		"no JSON":          {says("", "npm: command broken", "127"), "what npm printed is not JSON: npm: command broken"},
		"an older report":  {says(`{"auditReportVersion": 1, "advisories": {}}`, "", "1"), "version 1, and 2 is read here"},
		"a wrong advisory": {says(`{"auditReportVersion": 2, "vulnerabilities": {"a": {"name": "a", "via": [{"source": "x"}]}}}`, "", "1"), "npm's advisory of a"},
		"killed":           {"kill -9 $$\n", "npm was killed"},
		"silent":           {"exit 3\n", "npm ended with exit code 3 and said nothing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tools(t, map[string]string{"npm": c.script})
			result := one(t, NewNpm(project(t, map[string]string{"package-lock.json": "{}"})))
			require.Equal(t, NotRun, result.Status)
			require.Contains(t, result.Why, "package-lock.json: ")
			require.Contains(t, result.Why, c.why)
			require.Contains(t, result.Next, "npm audit")
		})
	}
}

func TestNpmFindsBesideALockFileThatFails(t *testing.T) {
	tools(t, map[string]string{"npm": "case $PWD in */broken) exit 2;; esac\n" + says(npmFindings, "", "1")})
	result := one(t, NewNpm(project(t, map[string]string{"broken/package-lock.json": "{}", "good/package-lock.json": "{}"})))
	require.Equal(t, NotRun, result.Status)
	require.Len(t, result.Findings, 2)
	require.Contains(t, result.Why, "broken/package-lock.json: what npm printed is not JSON")
}

func TestNpmWithNothingToLookAtAndWithoutNpm(t *testing.T) {
	tools(t, map[string]string{"npm": says(npmClean, "", "0")})
	result := one(t, NewNpm(project(t, map[string]string{"a.go": ""})))
	require.Equal(t, NotApplicable, result.Status)
	require.Equal(t, "there is no package-lock.json", result.Why)
	dir := project(t, map[string]string{"package-lock.json": "{}"})
	require.Equal(t, Clean, one(t, NewNpm(dir)).Status)
	tools(t, nil)
	result = one(t, NewNpm(dir))
	require.Equal(t, NotRun, result.Status, "there is something to look at")
	require.Equal(t, "there is no npm on PATH, and there is package-lock.json", result.Why)
}

// What trivy prints, shortened.
const trivyFindings = `{"SchemaVersion": 2, "ArtifactName": "x", "Results": [
  {"Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod", "Vulnerabilities": [
    {"VulnerabilityID": "CVE-2099-0001", "PkgName": "example.com/a", "InstalledVersion": "v1.0.0", "FixedVersion": "1.0.1", "Severity": "HIGH", "Title": "Made up",
     "PrimaryURL": "https://avd.aquasec.com/nvd/cve-2099-0001"},
    {"VulnerabilityID": "CVE-2099-0002", "PkgName": "example.com/b", "InstalledVersion": "v1.0.0", "Severity": "UNKNOWN"}]},
  {"Target": "package-lock.json"}]}`

const trivyClean = `{"SchemaVersion": 2, "Results": [{"Target": "go.mod"}]}`

func TestTrivyOnTheTreeAndOnImages(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tools(t, map[string]string{"trivy": "echo \"$*\" >> " + log + "\n" + says(trivyFindings, "", "0")})
	dir := project(t, map[string]string{"build/images/backend/oci-layout": "{}", "build/images/reports/index.json": "{}", "build/images/backend.linux-arm64.spdx.json": "{}"})
	result := one(t, NewTrivy(dir, false))
	require.Equal(t, Found, result.Status, result.Why)
	require.Equal(t, "the tree, build/images/backend", result.Looked)
	require.Len(t, result.Findings, 4)
	require.Equal(t, Finding{Rule: "CVE-2099-0001", Title: "Made up", Severity: "high", Path: "build/images/backend", Detail: "example.com/a v1.0.0 in go.mod",
		URL: "https://avd.aquasec.com/nvd/cve-2099-0001", Fix: "raise example.com/a to 1.0.1"}, result.Findings[0])
	last := result.Findings[3]
	require.Equal(t, "go.mod", last.Path)
	require.Equal(t, "a known vulnerability of example.com/b", last.Title)
	require.Empty(t, last.Severity)
	require.Contains(t, last.Fix, "no version fixes it yet")
	asked, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, "fs --quiet --format json --scanners vuln --skip-dirs .rehearsal --skip-dirs bin --skip-dirs build --skip-dirs **/node_modules .\n"+
		"image --quiet --format json --scanners vuln --input build/images/backend\n", string(asked))
}

func TestTrivyThatIsNotThereOrCannotLook(t *testing.T) {
	dir := project(t, map[string]string{"build/images/backend/oci-layout": "{}"})
	tools(t, nil)
	require.Equal(t, NotInstalled, one(t, NewTrivy(dir, false)).Status)
	require.Equal(t, NotRun, one(t, NewTrivy(dir, true)).Status, "it was asked for by name")
	for name, c := range map[string]struct{ script, why string }{
		"no database":    {says("", "FATAL Fatal error: init error: DB error: failed to download vulnerability DB", "1"), "failed to download vulnerability DB"},
		"no JSON":        {says("hello", "", "0"), "reading trivy's answer"},
		"another schema": {says(`{"SchemaVersion": 3}`, "", "0"), "schema version 3, and 2 is read here"},
	} {
		tools(t, map[string]string{"trivy": c.script})
		result := one(t, NewTrivy(dir, false))
		require.Equal(t, NotRun, result.Status, name)
		require.Contains(t, result.Why, "the tree: ", name)
		require.Contains(t, result.Why, "build/images/backend: ", name)
		require.Contains(t, result.Why, c.why, name)
	}
	tools(t, map[string]string{"trivy": "case $1 in image) exit 1;; esac\n" + says(trivyClean, "", "0")})
	result := one(t, NewTrivy(dir, false))
	require.Equal(t, NotRun, result.Status)
	require.Equal(t, "the tree", result.Looked)
	tools(t, map[string]string{"trivy": says(trivyClean, "", "0")})
	result = one(t, NewTrivy(project(t, map[string]string{"a": ""}), false))
	require.Equal(t, Clean, result.Status)
	require.Equal(t, "the tree, no image in build/images", result.Looked)
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	_, err := call(context.Background(), t.TempDir(), filepath.Join(t.TempDir(), "nothing"), nil)
	require.ErrorContains(t, err, "starting nothing")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = call(ctx, t.TempDir(), "/bin/sh", nil, "-c", "exit 0")
	require.ErrorIs(t, err, context.Canceled)
}
