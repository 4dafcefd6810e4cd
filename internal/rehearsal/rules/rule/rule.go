// Package rule is the form of the rules that AWS applies late: when something is created or changed, long after a preview
// was content. The folders beside it hold the rules; package ruletest runs their cases, tests/ seeds their faults.
package rule

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Area groups rules, in the catalogue's order.
type Area string

// The areas.
const (
	Network  Area = "network"
	Compute  Area = "compute"
	Data     Area = "data"
	Edge     Area = "edge"
	Identity Area = "identity"
	Watching Area = "watching"
	Quotas   Area = "quotas"
)

// Areas lists the areas in the catalogue's order.
var Areas = []Area{Network, Compute, Data, Edge, Identity, Watching, Quotas}

// Rule is one thing that AWS refuses.
type Rule struct {
	// ID names the rule in reports: the area, what it is about, what it demands ("compute-task-size"). It never changes.
	ID string
	// Types are the tokens of the resources that it is applied to.
	Types []string
	// Code is AWS's error code, Page the documentation page that the rule comes from.
	Code, Page string
	// Says is the rule in one sentence, Fix what to change when it is broken; both start with a capital and end with a full stop.
	Says, Fix string
	// Foreseen rules look at the resource's own inputs alone: a preview applies them too, as far as values are known.
	// Their Check must not use Call.Tx and must pass when what it needs is not known.
	Foreseen bool
	// Check returns nil when the resource passes. Call.State holds what the object will be: inputs and defaults.
	Check func(*catalog.Call) *Finding
	// Pass and Fail are the least that passes and the least that fails.
	Pass, Fail Case
	// Seed puts the fault into a real stack.
	Seed Seed
}

// Finding is where and how a resource breaks a rule. Message is in AWS's words where these are known.
type Finding struct{ Property, Value, Message string }

// Find makes a finding.
func Find(property string, value any, format string, args ...any) *Finding {
	text := fmt.Sprint(value)
	if value == nil {
		text = ""
	}
	return &Finding{Property: property, Value: text, Message: fmt.Sprintf(format, args...)}
}

// Case is one resource in its surroundings.
type Case struct {
	// Type is the resource's token; the rule's first type by default. Region is us-east-1 by default.
	Type, Region string
	// World is what exists already.
	World []Thing
	// Inputs are the resource's; Old, if set, are the inputs that it had before: an update instead of a create.
	Inputs, Old map[string]any
}

// Thing is an object that exists in the pretend cloud. ARN and Name are taken from its state ("arn", "name") when empty,
// the region is us-east-1 by default.
type Thing struct {
	Type, ID, ARN, Name, Region string
	State                       map[string]any
}

// Seed is a fault in a real stack.
type Seed struct {
	// Stack is "staging" or "production"; Settings are laid over its settings file (KEY=VALUE).
	Stack    string
	Settings []string
	// At is the resource that is changed, as type::name. Set gives inputs other values by property path
	// ("networkConfiguration.subnets[0]"); nil removes one. Edit changes a text at a path, a JSON document for example.
	At   string
	Set  map[string]any
	Edit map[string]func(string) string
	// Exists are objects that somebody else made in the account before. A seed with them is run alone.
	Exists []Thing
	// Refused is the resource that must be refused, At by default.
	Refused string
}

// Where is the resource that the seed's fault is refused at.
func (s Seed) Where() string {
	if s.Refused != "" {
		return s.Refused
	}
	return s.At
}

// Area is the area that the id begins with.
func (r *Rule) Area() Area {
	area, _, _ := strings.Cut(r.ID, "-")
	return Area(area)
}

// Apply checks a call and returns AWS's refusal, or nil.
func (r *Rule) Apply(c *catalog.Call) *catalog.Error {
	found := r.Check(c)
	if found == nil {
		return nil
	}
	return &catalog.Error{Code: r.Code, Property: found.Property, Value: found.Value, Rule: r.ID, Source: r.Page,
		Message: strings.TrimSuffix(found.Message, ".") + ". " + r.Fix}
}

// Replace returns a function that replaces text in a document, for Seed.Edit. The text must be there: a seed that
// changes nothing proves nothing.
func Replace(old, with string) func(string) string {
	return func(text string) string {
		if !strings.Contains(text, old) {
			panic(fmt.Sprintf("the document has no %q to replace: %.200s", old, text))
		}
		return strings.Replace(text, old, with, 1)
	}
}

// Props are a case's values as properties.
func Props(values map[string]any) resource.PropertyMap {
	if values == nil {
		return resource.PropertyMap{}
	}
	return resource.NewPropertyMapFromMap(values)
}
