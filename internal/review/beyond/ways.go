package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review/policy"
)

// outcome is what one reach of one action leads to.
type outcome struct {
	roles  []*principal // whose rights it gives
	to     []string     // what stands for others
	admin  bool
	limit  string
	lifted []*principal // whose boundary it lifts
}

// found is a way while it is put together.
type found struct {
	Way
	from   *principal
	roles  []*principal
	lifted []*principal
}

// ways finds every way of every principal, and who gets to the administrator by them.
func (h *household) ways() []Way {
	var all []*found
	for _, p := range h.principals {
		if way := h.holdsEverything(p); way != nil {
			h.admin[p] = true
			all = append(all, &found{Way: *way, from: p})
			continue
		}
		all = append(all, h.waysOf(p)...)
	}
	for _, way := range all {
		if h.becomes[way.from] == nil {
			h.becomes[way.from] = map[*principal]bool{}
		}
		for _, role := range way.roles {
			h.becomes[way.from][role] = true
		}
		if way.Administrator {
			h.admin[way.from] = true
		}
	}
	h.settle(all)
	out := make([]Way, 0, len(all))
	for _, way := range all {
		out = append(out, way.Way)
	}
	return out
}

// settle follows the ways: whose rights lead to an administrator is one, and so on until nothing changes.
func (h *household) settle(all []*found) {
	for changed := true; changed; {
		changed = false
		for _, way := range all {
			if way.Administrator {
				continue
			}
			if slices.ContainsFunc(way.roles, func(role *principal) bool { return h.admin[role] }) || h.freed(way) {
				way.Administrator, way.Limit = true, ""
				h.admin[way.from], changed = true, true
			}
		}
	}
}

// freed tells whether one whose boundary a way lifts would be an administrator without it, and is the principal itself or one
// that it becomes.
func (h *household) freed(way *found) bool {
	return slices.ContainsFunc(way.lifted, func(p *principal) bool {
		if p != way.from && !h.becomes[way.from][p] {
			return false
		}
		free := *p
		free.boundary, free.boundaryArn = nil, ""
		if h.holdsEverything(&free) != nil {
			return true
		}
		return slices.ContainsFunc(h.waysOf(&free), func(w *found) bool { return w.Administrator })
	})
}

// holdsEverything is the way of one who is an administrator already.
func (h *household) holdsEverything(p *principal) *Way {
	var policies []string
	// A statement means all actions when it means one that no service has, and IAM is not left out of it.
	for _, action := range []string{"any-service:AnyAction", "iam:CreatePolicyVersion"} {
		whole := slices.IndexFunc(p.reaches(action), func(r reach) bool { return r.pattern == "*" && len(r.conditions)+len(r.except) == 0 })
		if whole < 0 {
			return nil
		}
		policies = append(policies, p.reaches(action)[whole].policy)
	}
	return &Way{
		Principal: p.Label(), Method: "every action on every resource", To: []string{"everything"}, Administrator: true,
		Policies: unique(policies...), NarrowedBy: []string{},
	}
}

// waysOf are the ways of one principal that is no administrator by its statements alone.
func (h *household) waysOf(p *principal) []*found {
	var out []*found
	for _, c := range changes {
		way := &found{from: p, Way: Way{Principal: p.Label(), Method: c.action}}
		for _, r := range p.reaches(c.action) {
			switch {
			case !policy.OverlapARN(r.pattern, c.kind):
			case c.any != "" && r.anything():
				way.add(r, &outcome{to: []string{c.any}, admin: true})
			case c.does != nil:
				way.add(r, c.does(h, p, r))
			}
		}
		if len(way.To) > 0 {
			out = append(out, way)
		}
	}
	return append(out, h.passingWays(p)...)
}

// add takes what one reach leads to into a way.
func (f *found) add(r reach, o *outcome) {
	if o == nil {
		return
	}
	for _, role := range slices.Concat(o.roles, o.lifted) {
		f.To = appendNew(f.To, role.Label())
	}
	f.To = appendNew(f.To, o.to...)
	f.Policies = appendNew(f.Policies, r.policy)
	f.NarrowedBy = appendNew(f.NarrowedBy, conditionLines(r.conditions)...)
	if f.NarrowedBy == nil {
		f.NarrowedBy = []string{}
	}
	f.roles, f.lifted = append(f.roles, o.roles...), append(f.lifted, o.lifted...)
	f.Administrator = f.Administrator || o.admin
	if !f.Administrator {
		f.Limit = o.limit
	} else {
		f.Limit = ""
	}
}

// passingWays are the ways by iam:PassRole.
func (h *household) passingWays(p *principal) []*found {
	var out []*found
	passing := p.reaches("iam:PassRole")
	for _, service := range passes {
		names, ok := p.all(service.needs)
		if !ok {
			continue
		}
		way := &found{from: p, Way: Way{Principal: p.Label(), Method: "iam:PassRole and " + strings.Join(names, " and ")}}
		for _, r := range passing {
			switch {
			case !r.passesTo(service.service):
			case r.anything():
				way.add(r, &outcome{to: []string{"any role of the account that trusts " + service.service}, admin: true})
			default:
				roles := h.roles(func(role *principal) bool {
					return role != p && r.means(role.Str("arn")) && role.trusts("Service", service.service)
				})
				way.add(r, reached(roles))
			}
		}
		if len(way.To) > 0 {
			out = append(out, way)
		}
	}
	return out
}

// all names one action of each group that a principal may do to something. It reports whether every group has one.
func (p *principal) all(groups [][]string) ([]string, bool) {
	var names []string
	for _, group := range groups {
		i := slices.IndexFunc(group, func(action string) bool { return len(p.reaches(action)) > 0 })
		if i < 0 {
			return nil, false
		}
		names = append(names, group[i])
	}
	return names, true
}

// trusts tells whether a role lets a principal of a kind assume it, by itself or as everybody.
func (p *principal) trusts(kind string, values ...string) bool {
	return slices.ContainsFunc(p.trust, func(g grant) bool {
		return g.Allow && (g.Everybody() || slices.ContainsFunc(g.Principals, func(who policy.Principal) bool {
			return who.Kind == kind && slices.Contains(values, who.Value)
		}))
	})
}

// roles are the declared roles that a condition holds for.
func (h *household) roles(holds func(*principal) bool) []*principal {
	var out []*principal
	for _, p := range h.principals {
		if p.Type == roleType && holds(p) {
			out = append(out, p)
		}
	}
	return out
}

// reached is the outcome of having roles' rights, nil for none.
func reached(roles []*principal) *outcome {
	if len(roles) == 0 {
		return nil
	}
	return &outcome{roles: roles}
}
