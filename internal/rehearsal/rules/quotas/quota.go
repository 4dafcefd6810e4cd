package quotas

import (
	"slices"
	"strconv"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Quota is one of AWS's quotas at its default value.
type Quota struct {
	// ID names the quota in rules; Name, Service and Code are its name and codes in Service Quotas; Code is
	// empty where no page of AWS's gives it.
	ID, Name, Service, Code string
	// Default is what an account has before it asks for more. Unit says what is counted, and per what.
	Default float64
	Unit    string
	Page    string
	// Error is AWS's code when the quota is exceeded, Message its text, Property what a refusal is about.
	Error, Message, Property string
	// Types are the tokens of what draws on the quota; Judged those that are refused, Types by default.
	Types, Judged []string
	// Draw is what an object takes.
	Draw  func(o *cloud.Object, get Finder) []Draw
	proof *proof
}

// Finder finds another object by its type and id, nil when there is none.
type Finder func(token, id string) *cloud.Object

// Draw is what an object takes of a quota: of which share (a region, a VPC, a bus) and how much. Peak is how much it may
// take later without anybody deploying, 0 for the same.
type Draw struct {
	Scope        string
	Amount, Peak float64
}

// Use is how much a set of objects takes of a quota, where it takes most.
type Use struct {
	Quota Quota
	// Amount is what is there after the deployment, Peak what it may become by itself.
	Amount, Peak float64
}

// Within tells whether the deployment fits the default quota.
func (u Use) Within() bool { return u.Amount <= u.Quota.Default }

// Usage gives for each quota, in the table's order, the highest use over its regions and parents. What belongs to
// several accounts is counted by account.
func Usage(objects []cloud.Object) []Use {
	index := map[string]*cloud.Object{}
	for i := range objects {
		o := &objects[i]
		index[o.Account+" "+o.Region+" "+o.Type+" "+o.ID] = o
	}
	var uses []Use
	for _, q := range Table() {
		amounts, peaks := map[string]float64{}, map[string]float64{}
		for i := range objects {
			o := &objects[i]
			if !slices.Contains(q.Types, o.Type) {
				continue
			}
			get := func(token, id string) *cloud.Object {
				if found := index[o.Account+" "+o.Region+" "+token+" "+id]; found != nil {
					return found
				}
				return index[o.Account+" "+cloud.Global+" "+token+" "+id]
			}
			for _, draw := range q.Draw(o, get) {
				scope := o.Account + " " + o.Region + " " + draw.Scope
				amounts[scope] += draw.Amount
				peaks[scope] += max(draw.Amount, draw.Peak)
			}
		}
		use := Use{Quota: q}
		for scope, amount := range amounts {
			use.Amount, use.Peak = max(use.Amount, amount), max(use.Peak, peaks[scope])
		}
		uses = append(uses, use)
	}
	return uses
}

// number writes an amount without a needless fraction.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// each draws one for every object of the types, in its region.
func each(*cloud.Object, Finder) []Draw { return []Draw{{Amount: 1}} }

// per draws one in the share that a property names.
func per(path string) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, _ Finder) []Draw {
		if share := catalog.Str(o.State, path); share != "" {
			return []Draw{{Scope: share, Amount: 1}}
		}
		return nil
	}
}

// where draws one in the region, for objects that match.
func where(match func(*cloud.Object) bool) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, get Finder) []Draw {
		if match(o) {
			return each(o, get)
		}
		return nil
	}
}

// inside draws as many as a list of the object has, each object being a share of its own.
func inside(path string) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, _ Finder) []Draw {
		return []Draw{{Scope: self(o), Amount: float64(len(catalog.Leaves(o.State, path+"[]")))}}
	}
}

// self is the share that is the object itself; one that is being made has no id yet.
func self(o *cloud.Object) string { return o.Type + " " + o.ID }

// amount is a number of an object's state, 0 when there is none.
func amount(o *cloud.Object, path string) float64 {
	for _, leaf := range catalog.Leaves(o.State, path) {
		if leaf.Value.IsNumber() {
			return leaf.Value.NumberValue()
		}
		if n, err := strconv.ParseFloat(catalog.Text(leaf.Value), 64); err == nil {
			return n
		}
	}
	return 0
}

// Table are the quotas that the rehearsal counts, by service.
func Table() []Quota {
	return slices.Concat(networkQuotas(), groupQuotas(), balancerQuotas(), computeQuotas(), accessQuotas(), dataQuotas(), edgeQuotas(), apiQuotas(), watchingQuotas())
}
