package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review/policy"
)

// reach is what a principal may do an action to: a resource pattern, what is left out of it, and what narrows it.
type reach struct {
	pattern    string
	except     []string
	conditions []policy.Condition
	policy     string
}

// reaches are the resources that a principal may do an action to: what its policies allow, within its boundary, without what
// is denied. A boundary that the stack does not declare is no limit here: nobody has read it.
func (p *principal) reaches(action string) []reach {
	var out []reach
	for _, g := range p.grants {
		if !g.Allow || !g.Action(action) {
			continue
		}
		for _, pattern := range g.Targets() {
			one := reach{pattern: pattern, except: g.NotResources, conditions: g.Conditions, policy: g.policy}
			for _, within := range p.within(one, action) {
				if p.denied(&within, action) {
					continue
				}
				out = append(out, within)
			}
		}
	}
	return out
}

// within is the part of a reach that the boundary allows as well.
func (p *principal) within(one reach, action string) []reach {
	if p.boundary == nil {
		return []reach{one}
	}
	var out []reach
	for _, limit := range p.boundary {
		if !limit.Allow || !limit.Action(action) {
			continue
		}
		for _, pattern := range limit.Narrow(one.pattern) {
			out = append(out, reach{
				pattern: pattern, except: slices.Concat(one.except, limit.NotResources),
				conditions: slices.Concat(one.conditions, limit.Conditions), policy: one.policy,
			})
		}
	}
	return out
}

// denied takes away what is denied. It reports whether nothing is left; a denial with conditions leaves what they do not mean.
func (p *principal) denied(one *reach, action string) bool {
	for _, g := range slices.Concat(p.grants, p.boundary) {
		switch {
		case g.Allow || !g.Action(action):
		case len(g.Conditions) > 0:
			if slices.ContainsFunc(g.Targets(), func(target string) bool { return policy.Overlap(target, one.pattern) }) {
				one.conditions = slices.Concat(one.conditions, reversed(g.Conditions))
			}
		case g.About(one.pattern):
			return true
		case len(g.NotResources) > 0:
			// Everything but NotResources is denied. One that the reach holds whole is what is left of it.
			if left := g.NotResources[0]; len(g.NotResources) == 1 && policy.Covers(one.pattern, left) {
				one.pattern = left
			}
		default:
			one.except = slices.Concat(one.except, g.Resources)
		}
	}
	return false
}

// reversed says when a denial does not strike. A single condition is told by its opposite; of several it is enough that one
// fails.
func reversed(conditions []policy.Condition) []policy.Condition {
	var out []policy.Condition
	for _, c := range conditions {
		operator := "unless " + c.Operator
		if rest, negative := strings.CutPrefix(c.Operator, "StringNot"); negative && len(conditions) == 1 {
			operator = "String" + strings.TrimSuffix(rest, "IfExists")
		} else if rest, negative := strings.CutPrefix(c.Operator, "ArnNot"); negative && len(conditions) == 1 {
			operator = "Arn" + strings.TrimSuffix(rest, "IfExists")
		}
		out = append(out, policy.Condition{Operator: operator, Key: c.Key, Values: c.Values})
	}
	return out
}

// means tells whether a reach holds one resource.
func (r *reach) means(arn string) bool {
	return policy.Matches(r.pattern, arn) && !slices.ContainsFunc(r.except, func(out string) bool { return policy.Matches(out, arn) })
}

// anything tells whether a reach runs over all resources of a kind: its pattern gives no part of their names, and no
// condition picks them.
func (r *reach) anything() bool {
	for _, c := range r.conditions {
		if key := strings.ToLower(c.Key); strings.Contains(key, "resourcetag/") || key == "iam:permissionsboundary" || key == "ec2:launchtemplate" {
			return false
		}
	}
	return !named(r.pattern)
}

// named tells whether a pattern gives a part of a resource's name: arn:aws:iam::111122223333:role/app-* does,
// arn:aws:iam::*:role/* does not.
func named(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 6)
	if len(parts) < 6 {
		return strings.Trim(pattern, "*") != ""
	}
	name := parts[5]
	if i := strings.IndexAny(name, "/:"); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.IndexAny(name, "*?"); i >= 0 {
		name = name[:i]
	}
	return name != ""
}

// demanded is the permissions boundary that the conditions of a reach ask for, empty for none.
func (r *reach) demanded() string {
	for _, c := range r.conditions {
		if strings.EqualFold(c.Key, "iam:PermissionsBoundary") && positive(c.Operator) && len(c.Values) > 0 {
			return c.Values[0]
		}
	}
	return ""
}

// passesTo tells whether the conditions of an iam:PassRole let a role go to a service.
func (r *reach) passesTo(service string) bool {
	for _, c := range r.conditions {
		// The key is in every request to pass a role, so that IfExists asks for it too.
		if !strings.EqualFold(c.Key, "iam:PassedToService") || !positive(strings.TrimSuffix(c.Operator, "IfExists")) {
			continue
		}
		if !slices.ContainsFunc(c.Values, func(value string) bool { return policy.Matches(value, service) }) {
			return false
		}
	}
	return true
}

// positive tells whether a condition's operator asks that a value is there: StringEquals, ArnLike, ForAnyValue:StringLike.
func positive(operator string) bool {
	operator = operator[strings.LastIndex(operator, ":")+1:]
	return !strings.HasPrefix(operator, "unless ") && !strings.Contains(operator, "Not") && !strings.HasSuffix(operator, "IfExists")
}
