package reviewtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/itrack/itrack/internal/review"
)

// The stacks that are broken: both real stacks, and production with a domain.
const (
	Staging    = "staging"
	Production = "production"
	Domain     = "production with a domain"
)

// Variant is a stack with one fault.
type Variant struct {
	Name, Stack string
	// Control must fail at the resource that Wants labels (`aws:rds/instance:Instance::rds`), and at no other that passed before.
	Control, Wants string
	// Joins says that the fault is in another resource than the one that must be reported.
	Joins bool
	// Also lists the other controls that see the same fault. Each of them must; nothing else may.
	Also []string
	// Mend comes first, for a control that fails in the real stack: it must pass in the mended one. nil for none.
	Mend func(*Export)
	// Edit makes the fault.
	Edit func(*Export)
}

// Fault is a failed answer.
type Fault struct{ Control, Resource string }

func (f Fault) String() string { return f.Control + " at " + f.Resource }

// Faults are the failed answers of all controls, and the number of answers of each.
func Faults(raw apitype.UntypedDeployment, controls []review.Control) (faults map[Fault]string, answers map[string]int, err error) {
	model, err := review.Load(raw)
	if err != nil {
		return nil, nil, err
	}
	faults, answers = map[Fault]string{}, map[string]int{}
	for _, control := range controls {
		if control.Check == nil {
			continue
		}
		for _, answer := range control.Check(model) {
			answers[control.ID]++
			if answer.OK {
				continue
			}
			fault := Fault{Control: control.ID, Resource: "the stack"}
			if answer.Resource != nil {
				fault.Resource = answer.Resource.Label()
			}
			faults[fault] = answer.Why
		}
	}
	return faults, answers, nil
}

// Stack is an unbroken stack, and what the controls say of it.
type Stack struct {
	Faults map[Fault]string
	// Answers are the numbers of answers by control.
	Answers map[string]int

	export   *Export
	controls []review.Control
}

// NewStack reads a stack's export and runs the controls on it.
func NewStack(raw apitype.UntypedDeployment, controls []review.Control) (*Stack, error) {
	export, err := Open(raw)
	if err != nil {
		return nil, err
	}
	s := &Stack{export: export, controls: controls}
	s.Faults, s.Answers, err = Faults(raw, controls)
	return s, err
}

// edited is the stack after an edit.
func (s *Stack) edited(edit func(*Export)) (*Stack, error) {
	out := &Stack{export: s.export.copied(), controls: s.controls}
	edit(out.export)
	raw, err := out.export.Done()
	if err != nil {
		return nil, err
	}
	out.Faults, out.Answers, err = Faults(raw, s.controls)
	return out, err
}

// Judge breaks a stack and tells what the controls got wrong, nil for nothing.
func (v Variant) Judge(s *Stack) error {
	var err error
	if v.Mend != nil {
		if s, err = s.edited(v.Mend); err != nil {
			return fmt.Errorf("%s: mending: %w", v.Name, err)
		}
	}
	wanted := Fault{v.Control, v.Wants}
	if _, failed := s.Faults[wanted]; failed {
		return fmt.Errorf("%s: %s fails already before the edit", v.Name, wanted)
	}
	broken, err := s.edited(v.Edit)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	seen := added(s.Faults, broken.Faults)
	if !slices.Contains(seen, wanted) {
		return fmt.Errorf("%s: %s is not seen; seen is %v", v.Name, wanted, seen)
	}
	return v.others(seen)
}

// others checks what else is seen against Also.
func (v Variant) others(seen []Fault) error {
	also := map[string]bool{}
	for _, id := range v.Also {
		also[id] = false
	}
	for _, fault := range seen {
		if _, listed := also[fault.Control]; listed {
			also[fault.Control] = true
		} else if fault != (Fault{v.Control, v.Wants}) {
			return fmt.Errorf("%s: %s is seen too", v.Name, fault)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(also)) {
		if !also[id] {
			return fmt.Errorf("%s: %s is listed in Also and not seen", v.Name, id)
		}
	}
	return nil
}

// added are the faults that were not there before, sorted.
func added(before, after map[Fault]string) []Fault {
	var out []Fault
	for fault := range after {
		if _, old := before[fault]; !old {
			out = append(out, fault)
		}
	}
	slices.SortFunc(out, func(a, b Fault) int { return strings.Compare(a.String(), b.String()) })
	return out
}
