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

// NewGovulncheck looks for known vulnerabilities that the main module's code calls. database is where they are known, for example
// file:///path or https://host; empty is https://vuln.go.dev.
func NewGovulncheck(project, database string) Scanner {
	return Scanner{Name: Govulncheck, Run: func(ctx context.Context) (Seen, error) {
		program, err := findGovulncheck(project)
		if err != nil {
			return Seen{}, &NotDone{NotRun, err.Error(), "run `make bin/govulncheck`"}
		}
		args := []string{"-format", "json"}
		if database != "" {
			args = append(args, "-db", database)
		}
		said, err := call(ctx, project, program, nil, append(args, "./...")...)
		if err != nil {
			return Seen{}, err
		}
		// In this format findings leave the exit code 0.
		if said.code != 0 {
			next := "run `" + GovulncheckPath + " ./...` to see all it says"
			// A database of another address that cannot be reached is said to have an unknown format.
			if strings.Contains(said.stderr, "fetching vulnerabilities") || strings.Contains(said.stderr, "creating client") {
				next = "make the database reachable (network, proxy), or name a copy by --vuln-db file:///PATH"
			}
			return Seen{}, &NotDone{NotRun, said.why(Govulncheck), next}
		}
		return readGovulncheck(said.stdout)
	}}
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

// readGovulncheck takes of each vulnerability what comes closest to the code: called, else imported, else required. Only what is
// called counts.
func readGovulncheck(stream []byte) (Seen, error) {
	entries, best, order := map[string]*vulnEntry{}, map[string]vulnFinding{}, []string{}
	var seen Seen
	configured := false
	decoder := json.NewDecoder(bytes.NewReader(stream))
	for {
		var message vulnMessage
		err := decoder.Decode(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Seen{}, fmt.Errorf("reading govulncheck's answer: %w", err)
		}
		switch {
		case message.Config != nil:
			configured = true
			seen.Looked = fmt.Sprintf("against %s of %.10s", message.Config.DB, message.Config.LastModified)
		case message.SBOM != nil:
			seen.Looked = fmt.Sprintf("%d modules %s", len(message.SBOM.Modules), seen.Looked)
		case message.OSV != nil:
			entries[message.OSV.ID] = message.OSV
		case message.Finding != nil && len(message.Finding.Trace) > 0:
			id := message.Finding.OSV
			known, again := best[id]
			if !again {
				order = append(order, id)
			}
			if !again || closeness(*message.Finding) > closeness(known) {
				best[id] = *message.Finding
			}
		}
	}
	if !configured {
		return Seen{}, errors.New("govulncheck's answer has no config: it is not in the format that is read here")
	}
	for _, id := range order {
		finding := vulnerability(entries[id], best[id])
		if closeness(best[id]) == called {
			seen.Findings = append(seen.Findings, finding)
		} else {
			seen.Notes = append(seen.Notes, finding)
		}
	}
	return seen, nil
}

// called is the closeness of what the code calls.
const called = 2

func closeness(f vulnFinding) int {
	switch {
	case f.Trace[0].Function != "":
		return called
	case f.Trace[0].Package != "":
		return 1
	}
	return 0
}

func vulnerability(entry *vulnEntry, f vulnFinding) Finding {
	end := f.Trace[0]
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
	case 1:
		out.Detail = module + ": " + end.Package + " is imported, what is vulnerable in it is not called"
	default:
		out.Detail = module + " is required, what is vulnerable in it is not imported"
	}
	return out
}
