package review

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// AcceptanceFile is where the accepted failures stand, at the root of the repository.
const AcceptanceFile = "review.yaml"

// AcceptanceKind is why a failure is accepted.
type AcceptanceKind string

// The kinds of acceptances.
const (
	ForCost         AcceptanceKind = "cost"         // the fix costs more than the environment is worth
	ForDeletability AcceptanceKind = "deletability" // the environment must stay easy to delete
	ForTension      AcceptanceKind = "tension"      // two requirements exclude each other
)

// Acceptance says that a failed control is known and borne, by whom, why, and until when.
type Acceptance struct {
	Control      string         `yaml:"control" json:"control"`
	Environments []string       `yaml:"environments" json:"environments"`
	Resources    []string       `yaml:"resources" json:"resources"` // type::name, with * and ?
	Reason       string         `yaml:"reason" json:"reason"`
	Kind         AcceptanceKind `yaml:"kind" json:"kind"`
	Owner        string         `yaml:"owner" json:"owner"`
	Expires      string         `yaml:"expires" json:"expires"` // YYYY-MM-DD, the last day it counts

	path string // where it stands in the file: acceptances[2]
	last time.Time
}

// acceptanceFile is the whole file.
type acceptanceFile struct {
	Acceptances []Acceptance `yaml:"acceptances"`
}

// ParseAcceptances reads the file's text as of a day. Every problem is reported at once, with the field and the way out. An
// acceptance that has expired is read: Run reports it and does not let it accept.
func ParseAcceptances(text []byte, controls []Control, day time.Time) ([]Acceptance, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var file acceptanceFile
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w; fields are acceptances, and in each: control, environments, resources, reason, kind, owner, expires", err)
	}
	if err := decoder.Decode(&acceptanceFile{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file has a second YAML document, which would not be read: put everything below one acceptances")
	}
	var problems []error
	for i := range file.Acceptances {
		one := &file.Acceptances[i]
		one.path = fmt.Sprintf("acceptances[%d]", i)
		problems = append(problems, one.check(controls, day)...)
	}
	return file.Acceptances, errors.Join(problems...)
}

// check says what is wrong with the fields of one acceptance.
func (a *Acceptance) check(controls []Control, day time.Time) []error {
	var out []error
	say := func(field, format string, args ...any) {
		out = append(out, fmt.Errorf("%s.%s: %s", a.path, field, fmt.Sprintf(format, args...)))
	}
	switch {
	case a.Control == "":
		say("control", "missing; name the control that is accepted, such as %s", example(controls))
	case !slices.ContainsFunc(controls, func(c Control) bool { return c.ID == a.Control }):
		say("control", "%q is not in the list%s; docs/controls.md has it", a.Control, nearest(controls, a.Control))
	}
	a.checkLists(say)
	if strings.TrimSpace(a.Reason) == "" {
		say("reason", "missing; say why the failure is borne")
	}
	if strings.TrimSpace(a.Owner) == "" {
		say("owner", "missing; say who answers for it")
	}
	if !slices.Contains([]AcceptanceKind{ForCost, ForDeletability, ForTension}, a.Kind) {
		say("kind", "%q is none of cost, deletability, tension; choose one", string(a.Kind))
	}
	a.checkExpiry(day, say)
	return out
}

func (a *Acceptance) checkLists(say func(field, format string, args ...any)) {
	if len(a.Environments) == 0 {
		say("environments", "missing; list the stacks that it is meant for, such as [production]")
	}
	if len(a.Resources) == 0 {
		say("resources", "missing; list type::name as the review prints it, * for any text")
	}
	for i, environment := range a.Environments {
		if environment == "" || strings.ContainsAny(environment, "*?") {
			say(fmt.Sprintf("environments[%d]", i), "%q is not a stack's name; patterns are for resources, list each stack", environment)
		}
	}
	for i, pattern := range a.Resources {
		field := fmt.Sprintf("resources[%d]", i)
		switch kind, name, cut := strings.Cut(pattern, "::"); {
		case !cut || kind == "" || name == "":
			say(field, "%q is not type::name; write it as the review prints it, such as aws:rds/instance:Instance::rds", pattern)
		case strings.Trim(kind, "*?") == "":
			say(field, "%q accepts resources of every type; name the type before ::", pattern)
		}
	}
}

func (a *Acceptance) checkExpiry(day time.Time, say func(field, format string, args ...any)) {
	latest := day.AddDate(1, 0, 0).Format(time.DateOnly)
	last, err := time.Parse(time.DateOnly, a.Expires)
	switch {
	case a.Expires == "":
		say("expires", "missing; give the last day it counts, YYYY-MM-DD, no later than %s", latest)
	case err != nil:
		say("expires", "%q is not a day; write YYYY-MM-DD, such as %s", a.Expires, latest)
	case a.Expires > latest:
		say("expires", "%s is more than 12 months after %s; %s is the latest", a.Expires, day.Format(time.DateOnly), latest)
	}
	a.last = last
}

// example is a control's id for a message.
func example(controls []Control) string {
	if len(controls) == 0 {
		return "RDS.23"
	}
	return controls[0].ID
}

// nearest offers the control whose id differs in nothing but case and punctuation.
func nearest(controls []Control, id string) string {
	plain := func(text string) string {
		return strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(text, ""))
	}
	for _, control := range controls {
		if plain(control.ID) == plain(id) {
			return fmt.Sprintf(" (%s is)", control.ID)
		}
	}
	return ""
}
