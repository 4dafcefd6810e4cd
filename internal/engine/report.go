package engine

import "time"

// Report is the outcome of a rehearsal; its JSON form is what `itrack rehearse --json` prints.
type Report struct {
	Stacks []StackReport `json:"stacks"`
}

// OK reports whether everything held in every stack.
func (r Report) OK() bool {
	for _, s := range r.Stacks {
		if !s.OK {
			return false
		}
	}
	return len(r.Stacks) > 0
}

// StackReport is the outcome of one stack's rehearsal.
type StackReport struct {
	Stack             string         `json:"stack"`
	OK                bool           `json:"ok"`
	Account           string         `json:"account"`
	Resources         int            `json:"resources"` // custom resources; providers and components are not counted
	ByType            map[string]int `json:"byType"`    // custom resources by type token
	Outputs           map[string]any `json:"outputs"`   // secret values are masked
	SecondRunChanges  []Change       `json:"secondRunChanges"`
	Refusals          []Problem      `json:"refusals"` // deletions that would be refused
	Failures          []Problem      `json:"failures"`
	WallSeconds       float64        `json:"wallSeconds"`   // the first up alone, as a user waits for it
	EngineSeconds     float64        `json:"engineSeconds"` // the first up by the engine's own clock, in whole seconds
	SecondWallSeconds float64        `json:"secondWallSeconds"`
	Destroy           *DestroyReport `json:"destroy,omitempty"`

	// Components says which component made what, in the order the program makes them.
	Components []ComponentReport `json:"-"`
	State      *State            `json:"-"` // what the stack consists of after its second up
	Total      time.Duration     `json:"-"` // all of this stack's rehearsal
}

// DestroyReport is the outcome of tearing a stack down.
type DestroyReport struct {
	Deleted     int       `json:"deleted"`   // custom resources that are gone
	Remaining   int       `json:"remaining"` // custom resources that are left
	Refused     []Problem `json:"refused"`   // what the engine or the cloud refused to delete
	WallSeconds float64   `json:"wallSeconds"`
}

// ComponentReport is what one top-level component of the stack made.
type ComponentReport struct {
	Name  string
	Type  string
	Kinds []KindReport // by type, the most telling first
	Count int          // custom resources
}

// KindReport counts the resources of one type in a component.
type KindReport struct {
	Type  string   // short type: NatGateway
	Count int      //
	Names []string // physical names or ids, sorted
}

// Masked stands for a secret value in a report.
const Masked = "[secret]"
