// Package quotas holds the rules of the area quotas, and what a stack uses of AWS's default quotas.
package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order: the quotas whose excess can be shown at one resource of a stack.
func Rules() []rule.Rule {
	var rules []rule.Rule
	for _, q := range Table() {
		if q.proof == nil {
			continue
		}
		p := q.proof
		rules = append(rules, rule.Rule{
			ID: "quotas-" + q.ID, Types: q.judged(), Code: q.Error, Page: q.Page,
			Says:  fmt.Sprintf("There are at most %s %s, unless a higher quota was granted.", number(q.Default), q.Unit),
			Fix:   q.fix(),
			Check: q.check,
			Pass:  rule.Case{Type: p.token, Region: p.region, World: append(p.world(int(q.Default)-1), p.around...), Inputs: p.least(q.Default - 1)},
			Fail:  rule.Case{Type: p.token, Region: p.region, World: append(p.world(int(q.Default)), p.around...), Inputs: p.least(q.Default)},
			Seed:  p.seed,
		})
	}
	return rules
}

// proof is how a quota's rule is shown to work: what there is, what is added, and the seed in a real stack.
type proof struct {
	// token is the type of the case's resource, the quota's first by default.
	token, region string
	// one is the n-th thing of those that use the quota up; nil where one resource alone can.
	one    func(n int) rule.Thing
	around []rule.Thing
	// inputs are the case's resource beside those things; sized gives them where the resource alone uses up the quota.
	inputs in
	sized  func(n int) in
	seed   rule.Seed
}

// in is a case's inputs, a thing's state.
type in = map[string]any

// world are n things that use a quota up.
func (p *proof) world(n int) []rule.Thing {
	if p.one == nil {
		return nil
	}
	things := make([]rule.Thing, n)
	for i := range things {
		things[i] = p.one(i)
	}
	return things
}

// least is the resource of a case: the n-th and one more, or one that counts for as many.
func (p *proof) least(n float64) in {
	if p.sized != nil {
		return p.sized(int(n) + 1)
	}
	return p.inputs
}

// fix says how to ask for more.
func (q *Quota) fix() string {
	if q.Code == "" {
		return fmt.Sprintf("Use less, or ask for more of \"%s\" in Service Quotas or from AWS Support before deploying.", q.Name)
	}
	return fmt.Sprintf("Use less, or ask for more of \"%s\" (%s %s in Service Quotas) before deploying.", q.Name, q.Service, q.Code)
}

// judged are the types whose creation is refused.
func (q *Quota) judged() []string {
	if q.Judged != nil {
		return q.Judged
	}
	return q.Types
}

// check refuses a resource with which a quota is exceeded.
func (q *Quota) check(c *catalog.Call) *rule.Finding {
	if c.Tx == nil {
		return nil
	}
	own := &cloud.Object{Type: c.Type.Token, Account: c.Account, Region: c.Region, State: c.State}
	if c.Old != nil {
		own.Serial, own.ID, own.ARN = c.Old.Serial, c.Old.ID, c.Old.ARN
	}
	draws := q.Draw(own, c.Get)
	if len(draws) == 0 {
		return nil
	}
	used := map[string]float64{}
	for _, token := range q.Types {
		for _, o := range c.Tx.Find(c.Account, c.Region, token, nil) {
			if own.Serial != 0 && o.Serial == own.Serial {
				continue
			}
			for _, draw := range q.Draw(o, c.Get) {
				used[draw.Scope] += draw.Amount
			}
		}
	}
	for _, draw := range draws {
		used[draw.Scope] += draw.Amount
	}
	for _, draw := range draws {
		if total := used[draw.Scope]; draw.Amount > 0 && total > q.Default {
			return rule.Find(q.Property, nil, "%s (%s with this one, and the quota is %s)", q.Message, number(total), number(q.Default))
		}
	}
	return nil
}
