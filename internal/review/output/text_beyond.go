package output

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/review/beyond"
)

// access writes who may do what.
func (p *page) access(a beyond.Access) {
	p.heading("Beyond the list: ways to others' rights")
	if len(a.Ways) == 0 {
		p.line(4, "none")
	}
	for _, way := range a.Ways {
		p.line(4, wayText(way))
	}
	p.wildcards(a.Wildcards)
	p.heading("Beyond the list: who may do what (%s)", counted(len(a.Principals), "principal"))
	for _, principal := range a.Principals {
		p.principal(principal)
	}
	for _, one := range a.Unattached {
		p.line(4, beyond.Short(one.Resource)+", attached to nothing")
		p.statements(one.Statements)
	}
	p.heading("Beyond the list: policies at resources (%d)", len(a.ResourcePolicies))
	for _, one := range a.ResourcePolicies {
		p.line(4, beyond.Short(one.Resource))
		p.statements(one.Statements)
	}
}

func (p *page) principal(one beyond.Principal) {
	head := beyond.Short(one.Resource)
	if one.Administrator {
		head = p.paint("31", head+", an administrator")
	}
	p.line(4, head)
	for _, who := range one.Trust {
		p.line(6, "used by "+who)
	}
	switch {
	case one.BoundaryRead:
		p.line(6, "within the boundary "+one.Boundary)
	case one.Boundary != "":
		p.line(6, "within the boundary "+one.Boundary+", which the stack does not declare and nobody read here")
	default:
		p.line(6, "without a boundary")
	}
	p.statements(one.Statements)
	for _, arn := range one.Unread {
		p.line(6, "and what this allows: "+arn)
	}
	if len(one.Unread) > 0 {
		p.command(8, "aws iam get-policy --policy-arn ARN --query Policy.DefaultVersionId --output text")
		p.command(8, "aws iam get-policy-version --policy-arn ARN --version-id VERSION")
	}
}

func (p *page) statements(statements []beyond.Statement) {
	for _, statement := range statements {
		p.line(6, statementText(statement))
	}
}

// wildcards writes the statements that allow by pattern. A pattern in a resource's name alone is counted: most are all objects
// of one bucket or all versions of one function.
func (p *page) wildcards(all []beyond.Wildcard) {
	var wide, narrowed []beyond.Wildcard
	named := 0
	for _, one := range all {
		switch {
		case !one.AllResources && !one.Everybody && len(one.Actions) == 0:
			named++
		case len(one.NarrowedBy) > 0:
			narrowed = append(narrowed, one)
		default:
			wide = append(wide, one)
		}
	}
	p.heading("Beyond the list: wildcards that no condition narrows (%d)", len(wide))
	for _, one := range wide {
		p.line(4, strings.TrimSuffix(wildcardText(one), "; not narrowed"))
	}
	p.heading("Beyond the list: wildcards that a condition narrows (%d)", len(narrowed))
	for _, one := range narrowed {
		p.line(4, wildcardText(one))
	}
	if named > 0 {
		p.line(4, fmt.Sprintf("and %s with a pattern in a resource's name alone; --json has them", counted(named, "statement")))
	}
}

// network writes the paths as a tree: steps that two paths share are written once.
func (p *page) network(n beyond.Network) {
	p.heading("Beyond the list: paths from the internet (%d)", len(n.Paths))
	var before []beyond.Step
	for _, path := range n.Paths {
		same := 0
		for same < len(before) && same < len(path.Steps) && stepText(before[same]) == stepText(path.Steps[same]) {
			same++
		}
		for i, step := range path.Steps[same:] {
			indent := 4 + 2*(same+i)
			p.line(indent, "-> "+step.Resource+" over "+step.Over)
			for _, guard := range step.Guards {
				p.line(indent+5, "+ "+guard)
			}
			for _, open := range step.Open {
				p.line(indent+5, "! "+open)
			}
		}
		before = path.Steps
	}
	if len(n.Paths) == 0 {
		p.line(4, "none")
	}
	p.heading("Beyond the list: security group rules for every address (%d)", len(n.OpenRules))
	for _, rule := range n.OpenRules {
		p.line(4, openRuleText(rule))
	}
	p.heading("Beyond the list: public subnets (%d)", len(n.PublicSubnets))
	for _, subnet := range n.PublicSubnets {
		gives := "gives no public address by itself"
		if subnet.GivesAddresses {
			gives = "gives every instance a public address"
		}
		p.line(4, fmt.Sprintf("%s in %s %s; holds %s", beyond.Short(subnet.Resource), subnet.Zone, gives, some(each(subnet.Holds, beyond.Short), "nothing")))
	}
}

// data writes the stores; those of one kind with the same answers share them.
func (p *page) data(stores []beyond.Store) {
	p.heading("Beyond the list: where data lies (%d)", len(stores))
	var order []string
	names, lines := map[string][]string{}, map[string][]string{}
	for _, store := range stores {
		said := storeLines(store)
		key := store.Kind + " in " + store.Region + "\n" + strings.Join(said, "\n")
		if names[key] == nil {
			order = append(order, key)
		}
		names[key], lines[key] = append(names[key], beyond.Short(store.Resource)), said
	}
	for _, key := range order {
		where, _, _ := strings.Cut(key, "\n")
		p.line(4, where+": "+strings.Join(names[key], ", "))
		for _, line := range lines[key] {
			p.line(6, line)
		}
	}
}
