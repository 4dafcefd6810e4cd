package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// AcceptanceFile is where accepted findings stand, at the root of the repository. What the review finds is accepted in review.yaml.
const AcceptanceFile = "scan.yaml"

// Acceptance says that a finding is known and borne, why, and until when.
type Acceptance struct {
	Scanner string `yaml:"scanner" json:"scanner"`
	Rule    string `yaml:"rule" json:"rule"`
	Path    string `yaml:"path" json:"path"` // as the report prints it; * and ? within one name
	Reason  string `yaml:"reason" json:"reason"`
	Expires string `yaml:"expires" json:"expires"` // YYYY-MM-DD, the last day it counts

	place string // where it stands in the file: acceptances[2]
}

// Problem is one thing that is wrong with one entry.
type Problem struct {
	Entry   string `json:"entry"`
	Message string `json:"message"`
}

type acceptanceFile struct {
	Acceptances []Acceptance `yaml:"acceptances"`
}

// ParseAcceptances reads the file's text as of a day. Every problem is reported at once, with the field and the way out. An entry
// that has expired is read: Run reports it and does not let it accept.
func ParseAcceptances(text []byte, day time.Time) ([]Acceptance, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var file acceptanceFile
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w; fields are acceptances, and in each: scanner, rule, path, reason, expires", err)
	}
	if err := decoder.Decode(&acceptanceFile{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has a second YAML document, which would not be read: put everything below one acceptances")
	}
	var problems []error
	for i := range file.Acceptances {
		one := &file.Acceptances[i]
		one.place = fmt.Sprintf("acceptances[%d]", i)
		problems = append(problems, one.check(day)...)
	}
	return file.Acceptances, errors.Join(problems...)
}

func (a *Acceptance) check(day time.Time) []error {
	var out []error
	say := func(field, format string, args ...any) {
		out = append(out, fmt.Errorf("%s.%s: %s", a.place, field, fmt.Sprintf(format, args...)))
	}
	switch {
	case a.Scanner == Review:
		say("scanner", "what the review finds is accepted in review.yaml")
	case !slices.Contains(Names, a.Scanner):
		say("scanner", "%q is none of %s, %s, %s, %s", a.Scanner, Govulncheck, Npm, Trivy, Secrets)
	}
	if a.Rule == "" || strings.ContainsAny(a.Rule, "*?") {
		say("rule", "%q is not a rule's id; write it as the scan prints it, one entry for each", a.Rule)
	}
	if _, err := path.Match(a.Path, ""); a.Path == "" || strings.Trim(a.Path, "*?/") == "" || err != nil {
		say("path", "%q is not a file's path; write it as the scan prints it, * for a part of a name", a.Path)
	}
	if strings.TrimSpace(a.Reason) == "" {
		say("reason", "missing; say why the finding is borne")
	}
	latest := day.AddDate(1, 0, 0).Format(time.DateOnly)
	if _, err := time.Parse(time.DateOnly, a.Expires); err != nil {
		say("expires", "%q is not a day; give the last day it counts, YYYY-MM-DD, no later than %s", a.Expires, latest)
	} else if a.Expires > latest {
		say("expires", "%s is more than 12 months after %s; %s is the latest", a.Expires, day.Format(time.DateOnly), latest)
	}
	return out
}

// accepting holds the entries while findings come in, and what each was good for.
type accepting struct {
	day  string
	all  []Acceptance
	used []int
}

func newAccepting(all []Acceptance, day time.Time) *accepting {
	return &accepting{day: day.Format(time.DateOnly), all: all, used: make([]int, len(all))}
}

// split parts a scanner's findings from those that an entry accepts.
func (a *accepting) split(scanner string, findings []Finding) (open, accepted []Finding) {
	open, accepted = []Finding{}, []Finding{}
	for _, finding := range findings {
		for i := range a.all {
			entry := &a.all[i]
			if entry.Scanner != scanner || entry.Rule != finding.Rule {
				continue
			}
			if match, err := path.Match(entry.Path, finding.Path); err != nil || !match && entry.Path != finding.Path {
				continue
			}
			a.used[i]++
			if entry.Expires >= a.day && finding.Accepted == nil {
				finding.Accepted = entry
			}
		}
		if finding.Accepted != nil {
			accepted = append(accepted, finding)
		} else {
			open = append(open, finding)
		}
	}
	return open, accepted
}

// problems says which entries have expired, and which accept nothing that a scanner found. Of a scanner that did not look
// nothing is known.
func (a *accepting) problems(report *Report) []Problem {
	var out []Problem
	for i, entry := range a.all {
		looked := slices.ContainsFunc(report.Results, func(r Result) bool {
			return r.Scanner == entry.Scanner && (r.Status == Clean || r.Status == Found)
		})
		name := fmt.Sprintf("%s (%s %s at %s)", entry.place, entry.Scanner, entry.Rule, entry.Path)
		switch {
		case entry.Expires < a.day:
			out = append(out, Problem{name, fmt.Sprintf("expired on %s and accepts nothing: mend the finding, or decide again and give a new day", entry.Expires)})
		case looked && a.used[i] == 0:
			out = append(out, Problem{name, "nothing there is found any more: take it out"})
		}
	}
	return out
}
