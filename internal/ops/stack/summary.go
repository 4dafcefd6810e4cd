package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Summary is what a deployment would do, in the order in which somebody has to know it.
type Summary struct {
	Environment string `json:"environment"`
	// Stateful are the replacements and deletions that lose data.
	Stateful []Change `json:"stateful"`
	// Replacements and Deletions are the others.
	Replacements []Change            `json:"replacements"`
	Deletions    []Change            `json:"deletions"`
	Updates      []Change            `json:"updates"`
	Creations    []Change            `json:"creations"` // and imports
	Outputs      []engine.Difference `json:"outputs"`   // of the stack
	Counts       Counts              `json:"counts"`
}

// Change is one resource that would change.
type Change struct {
	engine.Step
	// Loses is what is lost with it, for a stateful one.
	Loses string `json:"loses,omitempty"`
}

// Counts are numbers of resources.
type Counts struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Replace int `json:"replace"`
	Delete  int `json:"delete"`
	Same    int `json:"same"`
	// Other counts components and providers, which exist in the state alone.
	Other int `json:"other"`
}

// Changing is the number of resources of the cloud that change.
func (c Counts) Changing() int { return c.Create + c.Update + c.Replace + c.Delete }

func (c Counts) String() string {
	var parts []string
	for _, part := range []struct {
		count int
		words string
	}{{c.Create, "to create"}, {c.Update, "to update"}, {c.Replace, "to replace"}, {c.Delete, "to delete"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.words))
		}
	}
	if len(parts) == 0 {
		return "nothing to change in AWS"
	}
	return strings.Join(parts, ", ")
}

// Empty tells whether nothing would change at all.
func (s Summary) Empty() bool {
	return s.Counts.Changing() == 0 && s.Counts.Other == 0 && len(s.Outputs) == 0
}

// Summarize puts a plan into the order in which it is read.
func Summarize(environment string, plan engine.Plan) Summary {
	s := Summary{Environment: environment, Stateful: []Change{}, Replacements: []Change{}, Deletions: []Change{}, Updates: []Change{},
		Creations: []Change{}, Outputs: append([]engine.Difference{}, plan.Outputs...), Counts: Counts{Same: plan.Same}}
	for _, step := range plan.Steps {
		if !step.Custom {
			s.Counts.Other++
			continue
		}
		change := Change{Step: step}
		loses, hasState := StatefulReason(step.Type)
		if step.Verb == engine.VerbReplace || step.Verb == engine.VerbDelete {
			change.Loses = loses
		}
		switch {
		case step.Verb == engine.VerbReplace:
			s.Counts.Replace++
			add(&s.Replacements, &s.Stateful, change, hasState)
		case step.Verb == engine.VerbDelete:
			s.Counts.Delete++
			add(&s.Deletions, &s.Stateful, change, hasState)
		case step.Verb == engine.VerbUpdate:
			s.Counts.Update++
			s.Updates = append(s.Updates, change)
		default:
			s.Counts.Create++
			s.Creations = append(s.Creations, change)
		}
	}
	return s
}

func add(plain, withState *[]Change, change Change, hasState bool) {
	if hasState {
		plain = withState
	}
	*plain = append(*plain, change)
}

// Allow checks that every stateful replacement and deletion is named, and every name is one of them. A name is the name in the
// program or the URN.
func (s Summary) Allow(names []string) error {
	allowed := map[string]bool{}
	for _, name := range names {
		urns, err := s.named(name)
		if err != nil {
			return err
		}
		allowed[urns] = true
	}
	var missing, flags []string
	for _, change := range s.Stateful {
		if !allowed[change.URN] {
			missing = append(missing, fmt.Sprintf("%s would be %s, and with it goes %s", describe(change), pastTense[change.Verb], change.Loses))
			flags = append(flags, "--allow-replace "+quote(s.shortest(change)))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return ops.Refuse("deploying "+s.Environment, strings.Join(missing, ";\n  "),
		"if that is wanted and what is in them is backed up or not needed, add "+strings.Join(flags, " ")+
			"; otherwise take the change of the marked properties back")
}

// named is the URN of the replacement or deletion of that name.
func (s Summary) named(name string) (string, error) {
	var found []string
	for _, change := range slices.Concat(s.Stateful, s.Replacements, s.Deletions) {
		if change.URN == name || change.Name == name {
			found = append(found, change.URN)
		}
	}
	problem := &ops.Problem{Kind: ops.Usage, What: "reading --allow-replace " + name}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		problem.Why = "several resources of that name would be replaced or deleted"
		problem.Next = "name the one by its URN: " + strings.Join(found, " or ")
	case len(s.Stateful) == 0:
		problem.Why, problem.Next = "nothing that holds data would be replaced or deleted", "leave the flag out"
	default:
		problem.Why = "nothing of that name would be replaced or deleted"
		var names []string
		for _, change := range s.Stateful {
			names = append(names, s.shortest(change))
		}
		problem.Next = "name one of " + strings.Join(names, ", ")
	}
	return "", problem
}

// shortest is the name of a change where no other has it, else the URN.
func (s Summary) shortest(change Change) string {
	for _, other := range slices.Concat(s.Stateful, s.Replacements, s.Deletions) {
		if other.Name == change.Name && other.URN != change.URN {
			return change.URN
		}
	}
	return change.Name
}

var pastTense = map[engine.Verb]string{engine.VerbReplace: "replaced", engine.VerbDelete: "deleted"}

// describe names a resource: the kind and the name in the program, and its id where it has one.
func describe(change Change) string {
	text := kind(change.Type) + " " + change.Name
	if change.ID != "" && change.ID != change.Name {
		text += " (" + change.ID + ")"
	}
	return text
}

// kind is the last part of a type token.
func kind(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// quote puts a URN between quotes: it has characters that a shell reads.
func quote(name string) string {
	if strings.HasPrefix(name, "urn:") {
		return "'" + name + "'"
	}
	return name
}
