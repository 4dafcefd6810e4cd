package scan

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// scanner is the govulncheck that the repository pins, built once; the answers in these tests are its own.
func scanner(t *testing.T) string {
	t.Helper()
	program, err := builtScanner()
	require.NoError(t, err)
	return program
}

// built is the folder for it, for as long as the tests run.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "itrack-govulncheck-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}

var builtScanner = sync.OnceValues(func() (string, error) {
	program := filepath.Join(built, "govulncheck")
	build := exec.Command("go", "build", "-o", program, "golang.org/x/vuln/cmd/govulncheck")
	build.Dir = filepath.Join("..", "..", "..", "tools")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// database is a vulnerability database in a folder, as https://go.dev/doc/security/vuln/database has it: one made up entry for each
// symbol of the standard library.
func database(t *testing.T, symbols ...string) string {
	t.Helper()
	const day = `"2099-01-01T00:00:00Z"`
	files, index := map[string]string{"index/db.json": `{"modified": ` + day + `}`}, []string{}
	for i, symbol := range symbols {
		pkg, name, _ := strings.Cut(symbol, ".")
		id := fmt.Sprintf("GO-2099-%04d", i+1)
		index = append(index, `{"id": "`+id+`", "modified": `+day+`, "fixed": "1.999.0"}`)
		files["ID/"+id+".json"] = `{"schema_version": "1.3.1", "id": "` + id + `", "modified": ` + day + `, "published": ` + day + `,
			"aliases": ["CVE-2099-000` + fmt.Sprint(i+1) + `"], "summary": "Made up in ` + symbol + `", "details": "x",
			"affected": [{"package": {"name": "stdlib", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.999.0"}]}],
			"ecosystem_specific": {"imports": [{"path": "` + pkg + `", "symbols": ["` + name + `"]}]}}], "database_specific": {"url": "https://pkg.go.dev/vuln/` + id + `"}}`
	}
	files["index/modules.json"] = `[{"path": "stdlib", "vulns": [` + strings.Join(index, ",") + `]}]`
	dir := t.TempDir()
	write(t, dir, files)
	return "file://" + filepath.ToSlash(dir)
}

// tiny is a module that calls strings.ToUpper and nothing else of that package.
func tiny(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":  "module example.com/tiny\n\ngo 1.21\n",
		"main.go": "package main\n\nimport \"strings\"\n\nfunc main() { println(shout(\"x\")) }\n\nfunc shout(s string) string { return strings.ToUpper(s) }\n",
	})
	if program != "" {
		require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
		require.NoError(t, os.Symlink(program, filepath.Join(dir, "bin", "govulncheck")))
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOTOOLCHAIN", "local")
	return dir
}

func TestGovulncheckTellsWhatIsCalledFromWhatIsNot(t *testing.T) {
	dir := tiny(t, scanner(t))
	result := one(t, NewGovulncheck(dir, database(t, "strings.ToUpper", "strings.ToTitle", "net/smtp.SendMail")))
	require.Equal(t, Found, result.Status, result.Why)
	require.Len(t, result.Findings, 1)
	finding := result.Findings[0]
	require.Equal(t, "GO-2099-0001", finding.Rule)
	require.Equal(t, "Made up in strings.ToUpper, CVE-2099-0001", finding.Title)
	require.Equal(t, "go.mod", finding.Path)
	require.Regexp(t, `^stdlib v1\.\d+(\.\d+)?: strings\.ToUpper is called by example\.com/tiny\.main \(main\.go:5\)$`, finding.Detail)
	require.Equal(t, "build with Go 1.999.0 or newer (go and toolchain in go.mod)", finding.Fix)
	require.Equal(t, "https://pkg.go.dev/vuln/GO-2099-0001", finding.URL)
	require.Equal(t, "GO-2099-0002 GO-2099-0003", rulesOf(result.Notes))
	require.Contains(t, result.Notes[0].Detail, "strings is imported in ./..., what is vulnerable in it is not called")
	require.Contains(t, result.Notes[1].Detail, "is required, what is vulnerable in it is not imported in ./...")
	require.Regexp(t, `^call graph of \./\.\.\.: 2 modules against file:///\S+ of 2099-01-01$`, result.Looked, "without app there is one pass")
}

// withTool is a module with app, which calls strings.ToUpper and only imports net/url, and two packages outside app that call what is
// theirs: text/tabwriter in the tool, and net/url in what the tool imports.
func withTool(t *testing.T, program string) string {
	t.Helper()
	dir := tiny(t, program)
	require.NoError(t, os.Remove(filepath.Join(dir, "main.go")))
	write(t, dir, map[string]string{
		"app/main.go": "package main\n\nimport (\n\t_ \"html\"\n\t_ \"net/url\"\n\t\"strings\"\n)\n\nfunc main() { println(strings.ToUpper(\"x\")) }\n",
		// Its name begins with app's and is no part of it.
		"apps/apps.go": "package apps\n\nimport \"net/url\"\n\nfunc Escape(s string) string { return url.QueryEscape(s) }\n",
		"tool/main.go": "package main\n\nimport (\n\t\"os\"\n\t\"text/tabwriter\"\n\n\t\"example.com/tiny/apps\"\n)\n\n" +
			"func main() { tabwriter.NewWriter(os.Stdout, 0, 0, 0, ' ', 0); println(apps.Escape(\"x\")) }\n",
	})
	return dir
}

func TestGovulncheckCountsWhatIsCalledInAppAndWhatIsImportedOutside(t *testing.T) {
	dir := withTool(t, scanner(t))
	looking := NewGovulncheck(dir, database(t, "strings.ToUpper", "text/tabwriter.NewWriter", "net/url.QueryEscape", "html.EscapeString", "net/smtp.SendMail"))
	result := one(t, looking)
	require.Equal(t, Found, result.Status, result.Why)
	require.Equal(t, "GO-2099-0001 GO-2099-0002/imported GO-2099-0003/imported", rulesOf(result.Findings))
	require.Contains(t, result.Findings[0].Detail, "strings.ToUpper is called by example.com/tiny/app.main (app/main.go:9)")
	require.Regexp(t, `^stdlib v1\.\d+(\.\d+)?: text/tabwriter is imported outside app, directly or not, by example\.com/tiny/tool; whether .+ is not known$`,
		result.Findings[1].Detail)
	require.Contains(t, result.Findings[2].Detail, "by example.com/tiny/apps and 1 more package;", "that app imports it and does not call it settles nothing")
	require.Equal(t, "https://pkg.go.dev/vuln/GO-2099-0003", result.Findings[2].URL)
	require.Equal(t, "build with Go 1.999.0 or newer (go and toolchain in go.mod)", result.Findings[2].Fix)
	require.Equal(t, "GO-2099-0004 GO-2099-0005", rulesOf(result.Notes))
	require.Contains(t, result.Notes[0].Detail, "html is imported in ./app/..., what is vulnerable in it is not called", "app alone imports it")
	require.Contains(t, result.Notes[1].Detail, "is not imported in ./...")
	require.Regexp(t, `^call graph of \./app/\.\.\.: 2 modules against \S+ of 2099-01-01; imports of \./\.\.\.: 2 modules against \S+ of 2099-01-01$`, result.Looked)

	accepted := run(t, Options{Scanners: []Scanner{looking}, Acceptances: []Acceptance{
		{Scanner: Govulncheck, Rule: "GO-2099-0001/imported", Path: "go.mod", Reason: "x", Expires: "2026-12-31"},
		{Scanner: Govulncheck, Rule: "GO-2099-0002/imported", Path: "go.mod", Reason: "x", Expires: "2026-12-31"},
	}}).Results[0]
	require.Equal(t, "GO-2099-0002/imported", rulesOf(accepted.Accepted))
	require.Equal(t, "GO-2099-0001 GO-2099-0003/imported", rulesOf(accepted.Findings), "to accept an import accepts no call")
}

func TestEitherPassThatFailsIsNoCleanScanner(t *testing.T) {
	// What is broken is outside app: the call graph is whole, and what it shows still counts.
	dir := withTool(t, scanner(t))
	write(t, dir, map[string]string{"tool/main.go": "package main\n\nimport \"example.com/tiny/gone\"\n\nfunc main() {"})
	result := one(t, NewGovulncheck(dir, database(t, "strings.ToUpper", "net/url.QueryEscape")))
	require.Equal(t, NotRun, result.Status)
	require.Regexp(t, `^imports of \./\.\.\.: .*loading packages`, result.Why)
	require.Contains(t, result.Next, "-scan package ./...")
	require.Equal(t, "GO-2099-0001", rulesOf(result.Findings))
	require.Regexp(t, `^call graph of \./app/\.\.\.: 2 modules against \S+ of 2099-01-01$`, result.Looked)

	sees := func(level string) string {
		return says(`{"config": {"db": "d", "db_last_modified": "2099-01-01T00:00:00Z", "scan_level": "`+level+`"}}
{"finding": {"osv": "GO-1", "trace": [{"module": "example.com/m", "version": "v1.2.3", "package": "example.com/m/p"}]}}`, "", "0")
	}
	breaks := says("", "broken", "1")
	lists := says("example.com/tiny example.com/tiny/app example.com/m/p\nexample.com/tiny example.com/tiny/tool example.com/m/p", "", "0")
	for name, c := range map[string]struct{ symbol, pkg, list, why, findings, notes string }{
		"the call graph": {breaks, sees("package"), lists, "call graph of ./app/...: broken", "GO-1/imported", ""},
		"the imports":    {sees("symbol"), breaks, lists, "imports of ./...: broken", "", "GO-1"},
		"both":           {breaks, breaks, lists, "call graph of ./app/...: broken; imports of ./...: broken", "", ""},
		"go list":        {sees("symbol"), sees("package"), breaks, "imports of ./...: asking go list who imports: broken", "", "GO-1"},
		"no go":          {sees("symbol"), sees("package"), "", "imports of ./...: asking go list who imports: starting go", "", "GO-1"},
		"another level":  {sees("symbol"), sees("module"), lists, `imports of ./...: govulncheck says that it looked by "module", not by package`, "", "GO-1"},
	} {
		programs := map[string]string{"govulncheck": "case \"$*\" in *'-scan symbol'*'./app/...')\n" + c.symbol + ";;\nesac\n" + c.pkg, "go": c.list}
		if c.list == "" {
			delete(programs, "go")
		}
		tools(t, programs)
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "app"), 0o755))
		result := one(t, NewGovulncheck(dir, ""))
		require.Equal(t, NotRun, result.Status, name)
		require.Contains(t, result.Why, c.why, name)
		require.Equal(t, c.findings, rulesOf(result.Findings), name)
		require.Equal(t, c.notes, rulesOf(result.Notes), name)
	}
}

func TestGovulncheckThatFindsNothing(t *testing.T) {
	result := one(t, NewGovulncheck(tiny(t, scanner(t)), database(t, "strings.ToTitle")))
	require.Equal(t, Clean, result.Status, result.Why)
	require.Len(t, result.Notes, 1)
}

func TestGovulncheckThatCannotLook(t *testing.T) {
	program := scanner(t)
	dir := tiny(t, program)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	result := one(t, NewGovulncheck(dir, ""))
	require.Equal(t, NotRun, result.Status)
	require.Contains(t, result.Why, "https://vuln.go.dev")
	require.Contains(t, result.Why, "connection refused")
	require.Contains(t, result.Next, "--vuln-db")
	result = one(t, NewGovulncheck(dir, "http://127.0.0.1:1"))
	require.Equal(t, NotRun, result.Status)
	require.Contains(t, result.Next, "--vuln-db")
	require.Contains(t, one(t, NewGovulncheck(dir, "file:///nowhere/at/all")).Why, "no such file")

	write(t, dir, map[string]string{"main.go": "package main\n\nfunc main() {"})
	result = one(t, NewGovulncheck(dir, database(t, "strings.ToUpper")))
	require.Equal(t, NotRun, result.Status)
	require.Contains(t, result.Why, "loading packages")

	t.Setenv("PATH", t.TempDir())
	result = one(t, NewGovulncheck(t.TempDir(), ""))
	require.Equal(t, NotRun, result.Status)
	require.Equal(t, "there is neither bin/govulncheck nor a govulncheck on PATH", result.Why)
	require.Equal(t, "run `make bin/govulncheck`", result.Next)
}

func TestGovulncheckOnPATHAndStrangeAnswers(t *testing.T) {
	answers := map[string]struct{ text, why string }{
		"no config": {`{"progress": {"message": "x"}}`, "has no config"},
		"no JSON":   {`{"config": {"scan_level": "symbol"}} hello`, "reading govulncheck's answer"},
	}
	for name, c := range answers {
		tools(t, map[string]string{"govulncheck": says(c.text, "", "0")})
		result := one(t, NewGovulncheck(t.TempDir(), ""))
		require.Equal(t, NotRun, result.Status, name)
		require.Contains(t, result.Why, c.why, name)
	}
	// A module of its own has a version to go to; a method is named with its type; not every trace has positions.
	tools(t, map[string]string{"govulncheck": says(`{"config": {"protocol_version": "v1.0.0", "db": "d", "db_last_modified": "2099-01-01T00:00:00Z", "scan_level": "symbol"}}
{"finding": {"osv": "GO-1", "fixed_version": "v1.2.4", "trace": [{"module": "example.com/m", "version": "v1.2.3", "package": "example.com/m/p", "function": "Do", "receiver": "*Client"},
  {"module": "example.com/tiny", "package": "example.com/tiny", "function": "main"}]}}
{"finding": {"osv": "GO-2", "trace": [{"module": "example.com/m", "version": "v1.2.3", "package": "example.com/m/p", "function": "init"}]}}`, "", "0")})
	seen, err := NewGovulncheck(t.TempDir(), "").Run(context.Background())
	require.NoError(t, err)
	require.Equal(t, "example.com/m v1.2.3: example.com/m/p.Client.Do is called by example.com/tiny.main", seen.Findings[0].Detail)
	require.Equal(t, "go get example.com/m@v1.2.4", seen.Findings[0].Fix)
	require.Equal(t, "a known vulnerability of example.com/m", seen.Findings[0].Title)
	require.Contains(t, seen.Findings[1].Fix, "no version of example.com/m fixes it yet")
}
