package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// GovulncheckPath is where `make bin/govulncheck` builds it, below the project.
const GovulncheckPath = "bin/govulncheck"

// appFolder has what serves users.
const appFolder = "app"

// NewGovulncheck looks for known vulnerabilities in two passes, because a call graph of everything is too dear: the rest of the program
// links the Pulumi SDKs.
//
//   - The call graph of ./app/..., which serves users: what it calls is a finding, what it only imports or requires is a note.
//   - The imports of ./...: a vulnerable package that a package outside app imports, directly or not, is a finding too, of the rule
//     ID/imported, whatever the call graph of app says, which knows nothing of calls from outside. It may not be called at all.
//
// The rules differ so that whoever accepts the import in scan.yaml has not accepted a call as well. A project without the folder app
// has one pass, the call graph of ./..., which leaves no import open.
//
// database is where vulnerabilities are known, for example file:///path or https://host; empty is https://vuln.go.dev.
func NewGovulncheck(project, database string) Scanner {
	return Scanner{Name: Govulncheck, Run: func(ctx context.Context) (Seen, error) {
		program, err := findGovulncheck(project)
		if err != nil {
			return Seen{}, &NotDone{NotRun, err.Error(), "run `make bin/govulncheck`"}
		}
		calls, imports := vulnPass{level: "symbol", what: "call graph", pattern: "./..."}, vulnPass{}
		if info, err := os.Stat(filepath.Join(project, appFolder)); err == nil && info.IsDir() {
			calls.pattern = "./" + appFolder + "/..."
			imports = vulnPass{level: "package", what: "imports", pattern: "./..."}
		}
		// Both run, and what one saw counts beside the failure of the other.
		var outside map[string][]string
		failed := calls.run(ctx, project, program, database)
		if imports.level != "" && ctx.Err() == nil {
			again := imports.run(ctx, project, program, database)
			if again == nil {
				outside, again = importers(ctx, project, imports)
			}
			failed = both(failed, again)
		}
		seen := together(calls, imports, outside)
		if failed != nil {
			return seen, failed
		}
		return seen, nil
	}}
}

// both is one reason of two, each of which may be nil.
func both(a, b *NotDone) *NotDone {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	next := a.Next
	if next != b.Next {
		next += "; " + b.Next
	}
	return &NotDone{NotRun, a.Why + "; " + b.Why, next}
}

// vulnPass is one run of govulncheck and what it saw.
type vulnPass struct {
	level, what, pattern string

	looked   string // empty where it did not look
	entries  map[string]*vulnEntry
	findings []vulnFinding
}

// fails says why the pass did not look, and which it is.
func (p vulnPass) fails(why, next string) *NotDone {
	return &NotDone{NotRun, p.what + " of " + p.pattern + ": " + why, next}
}

func (p *vulnPass) run(ctx context.Context, project, program, database string) *NotDone {
	next := "run `" + GovulncheckPath + " -scan " + p.level + " " + p.pattern + "` to see all it says"
	args := []string{"-format", "json", "-scan", p.level}
	if database != "" {
		args = append(args, "-db", database)
	}
	said, err := call(ctx, project, program, nil, append(args, p.pattern)...)
	if err != nil {
		return p.fails(err.Error(), next)
	}
	// In this format findings leave the exit code 0.
	if said.code != 0 {
		// A database of another address that cannot be reached is said to have an unknown format.
		if strings.Contains(said.stderr, "fetching vulnerabilities") || strings.Contains(said.stderr, "creating client") {
			next = "make the database reachable (network, proxy), or name a copy by --vuln-db file:///PATH"
		}
		return p.fails(said.why(Govulncheck), next)
	}
	if err := p.read(said.stdout); err != nil {
		return p.fails(err.Error(), next)
	}
	return nil
}

// importers are, by package, the packages outside app that import it, directly or not. govulncheck does not say who imports what
// it finds.
func importers(ctx context.Context, project string, p vulnPass) (map[string][]string, *NotDone) {
	const next = "run `go list ./...` to see all it says"
	said, err := call(ctx, project, "go", nil, "list", "-f", `{{.Module.Path}} {{.ImportPath}} {{join .Deps " "}}`, p.pattern)
	if err != nil {
		return nil, p.fails("asking go list who imports: "+err.Error(), next)
	}
	if said.code != 0 {
		return nil, p.fails("asking go list who imports: "+said.why("go"), next)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(said.stdout)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		folder := words[0] + "/" + appFolder
		if words[1] == folder || strings.HasPrefix(words[1], folder+"/") {
			continue
		}
		// A package of the module itself may be the vulnerable one.
		for _, imported := range words[1:] {
			out[imported] = append(out[imported], words[1])
		}
	}
	return out, nil
}

// together takes of each vulnerability the worst: called by app, else imported outside it, else the closest that one of the passes saw.
func together(calls, imports vulnPass, outside map[string][]string) Seen {
	type worst struct {
		finding Finding
		rank    int
	}
	best, order := map[string]worst{}, []string{}
	for _, pass := range []vulnPass{calls, imports} {
		for _, f := range pass.findings {
			found, rank := vulnerability(pass, f), closeness(f)
			if by := outside[f.Trace[0].Package]; rank == imported && pass.level == "package" && len(by) > 0 {
				found, rank = importedOutside(found, f, by), importedElsewhere
			}
			known, again := best[f.OSV]
			if !again {
				order = append(order, f.OSV)
			}
			// That it is not imported weighs more from the pass that looked at more, which is the later one.
			if !again || rank > known.rank || known.rank == required {
				best[f.OSV] = worst{found, rank}
			}
		}
	}
	var seen Seen
	for _, id := range order {
		if one := best[id]; one.rank >= importedElsewhere {
			seen.Findings = append(seen.Findings, one.finding)
		} else {
			seen.Notes = append(seen.Notes, one.finding)
		}
	}
	seen.Looked = calls.looked
	if calls.looked != "" && imports.looked != "" {
		seen.Looked += "; "
	}
	seen.Looked += imports.looked
	return seen
}

func findGovulncheck(project string) (string, error) {
	built := filepath.Join(project, filepath.FromSlash(GovulncheckPath))
	if runtime.GOOS == "windows" {
		built += ".exe"
	}
	if info, err := os.Stat(built); err == nil && info.Mode().IsRegular() {
		return built, nil
	}
	found, err := exec.LookPath(Govulncheck)
	if err != nil {
		return "", errors.New("there is neither " + GovulncheckPath + " nor a govulncheck on PATH")
	}
	return filepath.Abs(found)
}

// The messages of govulncheck's JSON stream, as far as they are read:
// https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck
type vulnMessage struct {
	Config *struct {
		DB           string `json:"db"`
		LastModified string `json:"db_last_modified"`
		Level        string `json:"scan_level"`
	} `json:"config"`
	SBOM *struct {
		Modules []struct{} `json:"modules"`
	} `json:"SBOM"`
	OSV     *vulnEntry   `json:"osv"`
	Finding *vulnFinding `json:"finding"`
}

type vulnEntry struct {
	ID       string   `json:"id"`
	Summary  string   `json:"summary"`
	Aliases  []string `json:"aliases"`
	Database struct {
		URL string `json:"url"`
	} `json:"database_specific"`
}

type vulnFinding struct {
	OSV   string      `json:"osv"`
	Fixed string      `json:"fixed_version"`
	Trace []vulnFrame `json:"trace"`
}

// vulnFrame is one call on the way from the code to what is vulnerable; the first is the vulnerable end. Package is empty where only
// the module is required, Function where the package is only imported.
type vulnFrame struct {
	Module, Version, Package, Function, Receiver string
	Position                                     *struct {
		Filename string
		Line     int
	}
}

// read takes in what govulncheck printed.
func (p *vulnPass) read(stream []byte) error {
	var database string
	var findings []vulnFinding
	modules, entries := 0, map[string]*vulnEntry{}
	decoder := json.NewDecoder(bytes.NewReader(stream))
	for {
		var message vulnMessage
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading govulncheck's answer: %w", err)
		}
		switch {
		case message.Config != nil:
			// A stream that looked at less than was asked for must not pass for this pass.
			if message.Config.Level != p.level {
				return fmt.Errorf("govulncheck says that it looked by %q, not by %s", message.Config.Level, p.level)
			}
			database = fmt.Sprintf("against %s of %.10s", message.Config.DB, message.Config.LastModified)
		case message.SBOM != nil:
			modules = len(message.SBOM.Modules)
		case message.OSV != nil:
			entries[message.OSV.ID] = message.OSV
		case message.Finding != nil && len(message.Finding.Trace) > 0:
			findings = append(findings, *message.Finding)
		}
	}
	if database == "" {
		return errors.New("govulncheck's answer has no config: it is not in the format that is read here")
	}
	p.looked = fmt.Sprintf("%s of %s: %d modules %s", p.what, p.pattern, modules, database)
	p.entries, p.findings = entries, findings
	return nil
}

// How close what is vulnerable comes to the code, from afar. What is imported outside app may be called there.
const (
	required = iota
	imported
	importedElsewhere
	called
)

func closeness(f vulnFinding) int {
	switch {
	case f.Trace[0].Function != "":
		return called
	case f.Trace[0].Package != "":
		return imported
	}
	return required
}

// importedOutside makes a finding of what packages outside app import.
func importedOutside(out Finding, f vulnFinding, by []string) Finding {
	out.Rule += "/imported"
	more := ""
	if len(by) > 1 {
		more = " and " + plural(len(by)-1, "more package")
	}
	end := f.Trace[0]
	out.Detail = fmt.Sprintf("%s: %s is imported outside %s, directly or not, by %s%s; whether what is vulnerable in it is called there is not known",
		strings.TrimSpace(end.Module+" "+end.Version), end.Package, appFolder, by[0], more)
	return out
}

func vulnerability(p vulnPass, f vulnFinding) Finding {
	end, entry := f.Trace[0], p.entries[f.OSV]
	out := Finding{Rule: f.OSV, Title: "a known vulnerability of " + end.Module, Path: "go.mod", URL: "https://pkg.go.dev/vuln/" + f.OSV}
	if entry != nil {
		out.Title = strings.Join(append([]string{entry.Summary}, entry.Aliases...), ", ")
		if entry.Database.URL != "" {
			out.URL = entry.Database.URL
		}
	}
	module := strings.TrimSpace(end.Module + " " + end.Version)
	out.Fix = "no version of " + end.Module + " fixes it yet: stop using it, or accept it in " + AcceptanceFile + " with a reason"
	switch {
	case f.Fixed != "" && end.Module == "stdlib":
		out.Fix = "build with Go " + strings.TrimPrefix(f.Fixed, "v") + " or newer (go and toolchain in go.mod)"
	case f.Fixed != "":
		out.Fix = "go get " + end.Module + "@" + f.Fixed
	}
	switch closeness(f) {
	case called:
		name := end.Function
		if end.Receiver != "" {
			name = strings.TrimPrefix(end.Receiver, "*") + "." + name
		}
		out.Detail = module + ": " + end.Package + "." + name + " is called"
		if from := f.Trace[len(f.Trace)-1]; len(f.Trace) > 1 {
			out.Detail += " by " + from.Package + "." + from.Function
			if at := from.Position; at != nil && at.Filename != "" {
				out.Detail += fmt.Sprintf(" (%s:%d)", filepath.ToSlash(at.Filename), at.Line)
			}
		}
	case imported:
		out.Detail = module + ": " + end.Package + " is imported in " + p.pattern
		if p.level == "symbol" {
			out.Detail += ", what is vulnerable in it is not called"
		}
	default:
		out.Detail = module + " is required, what is vulnerable in it is not imported in " + p.pattern
	}
	return out
}
