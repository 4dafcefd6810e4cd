// Package beyond tells what no list of controls asks: who may do what, how the internet reaches in, and what happens to the
// data. All of it is computed from the resources and how they refer to each other.
package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Findings is what there is to tell of one stack.
type Findings struct {
	Access  Access  `json:"access"`
	Network Network `json:"network"`
	Data    []Store `json:"data"`
}

// Examine reads a stack.
func Examine(m *review.Model) *Findings {
	return &Findings{Access: accessOf(m), Network: networkOf(m), Data: storesOf(m)}
}

// short is a resource without the provider's part of its type: rds/instance::rds.
func short(r *review.Resource) string { return Short(r.Label()) }

// Short is a label of a report without what every AWS type begins and ends with: aws:rds/instance:Instance::rds is
// rds/instance::rds.
func Short(label string) string {
	kind, name, cut := strings.Cut(label, "::")
	parts := strings.Split(kind, ":")
	if !cut || len(parts) != 3 || parts[0] != "aws" {
		return label
	}
	return parts[1] + "::" + name
}

// unique is a sorted copy without doubles and empty texts; never nil, so that JSON has a list.
func unique(texts ...string) []string {
	out := []string{}
	for _, text := range texts {
		if text != "" {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// appendNew appends what a list does not have yet.
func appendNew(list []string, texts ...string) []string {
	for _, text := range texts {
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}
