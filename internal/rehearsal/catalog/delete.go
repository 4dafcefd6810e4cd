package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Delete removes an object, or returns AWS's refusal.
func (c *Catalog) Delete(s *Spec, call *Call) error {
	o := call.Old
	call.ID, call.ARN, call.State, call.Inputs = o.ID, o.ARN, o.State, o.Inputs
	if s.Survives != nil && s.Survives(call) {
		return nil
	}
	if s.RefuseDelete != nil {
		if err := s.RefuseDelete(call); err != nil {
			return err.In(s.Type, "deleting")
		}
	}
	if s.InUse != nil {
		if err := s.InUse(call); err != nil {
			return err.In(s.Type, "deleting")
		}
	}
	if dependents := c.Dependents(call.Tx, o); len(dependents) > 0 {
		return dependencyError(s, o, dependents).In(s.Type, "deleting")
	}
	return call.Tx.Delete(o)
}

func dependencyError(s *Spec, o *cloud.Object, dependents []Dependent) *Error {
	var names []string
	for _, d := range dependents {
		names = append(names, shortName(d.Object.Type)+" "+d.Object.ID)
	}
	code := dependents[0].Code
	if code == "" {
		code = "DependencyViolation"
	}
	return &Error{Code: code, Property: dependents[0].Path, Rule: "dependents",
		Message: fmt.Sprintf("The %s '%s' has dependencies and cannot be deleted: %s", shortName(s.Token), o.ID, strings.Join(names, ", "))}
}

// Refusals finds what deleting the account's managed objects would be refused for. What only waits for other objects to go
// first is left out; what waits for an object that stays is named.
func (c *Catalog) Refusals(tx *cloud.Tx, account string) []cloud.Refusal {
	var refusals []cloud.Refusal
	var objects []*cloud.Object
	stays := map[int64]bool{}
	waits := map[int64][]Dependent{} // target -> who keeps it
	tx.Each(account, func(o *cloud.Object) bool {
		objects = append(objects, o)
		stays[o.Serial] = o.URN == "" && o.Owner == 0
		s, err := c.Spec(o.Type)
		if err != nil {
			return true
		}
		for _, ref := range s.Refs {
			if !ref.Blocks {
				continue
			}
			for _, value := range Strs(o.State, ref.Path) {
				if target := c.target(tx, account, o.Region, ref, value); target != nil && target.Serial != o.Serial && o.Owner != target.Serial {
					waits[target.Serial] = append(waits[target.Serial], Dependent{o, ref.Path, ref.BlockCode})
				}
			}
		}
		if o.URN == "" || s.RefuseDelete == nil {
			return true
		}
		call := &Call{Type: s.Type, Tx: tx, Account: account, Region: o.Region, Partition: "aws", URN: o.URN, ID: o.ID, ARN: o.ARN,
			State: o.State, Inputs: o.Inputs, Old: o, Now: time.Now()}
		if err := s.RefuseDelete(call); err != nil {
			stays[o.Serial] = true
			err = err.In(s.Type, "deleting")
			refusals = append(refusals, cloud.Refusal{URN: o.URN, Type: o.Type, Property: err.Property, Rule: err.Rule, Message: err.Error()})
		}
		return true
	})
	for changed := true; changed; {
		changed = false
		for _, o := range objects {
			if stays[o.Serial] || o.URN == "" {
				continue
			}
			for _, dependent := range waits[o.Serial] {
				if !stays[dependent.Object.Serial] {
					continue
				}
				stays[o.Serial], changed = true, true
				s, _ := c.Spec(o.Type)
				err := dependencyError(s, o, []Dependent{dependent}).In(s.Type, "deleting")
				refusals = append(refusals, cloud.Refusal{URN: o.URN, Type: o.Type, Property: err.Property, Rule: err.Rule, Message: err.Error()})
				break
			}
		}
	}
	return refusals
}
