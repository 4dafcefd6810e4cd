package docgen

import (
	"fmt"
	"slices"
	"strings"
)

// Match is a kind of resource that carries a phrase.
type Match struct {
	Kind matchKind
	Type string // ec2.Subnet
	// Names is a glob of the logical name; several are separated by commas, empty means every name.
	Names string
	// Where are conditions on the inputs; see condition.
	Where []string
	// From is the component to look in instead of the section's; "*" means everywhere.
	From string
	// AtLeast is how many there must be; 0 means one.
	AtLeast int
	// AtMost is how many there may be; 0 means any number.
	AtMost int
}

type matchKind int

const (
	// some: at least one resource of type and name holds the conditions.
	some matchKind = iota
	// every: there is one, and all of type and name hold the conditions, in every deployment.
	every
	// none: no resource of type and name holds them, in any deployment.
	none
)

func has(kind, names string, where ...string) Match {
	return Match{Kind: some, Type: kind, Names: names, Where: where}
}

func all(kind, names string, where ...string) Match {
	return Match{Kind: every, Type: kind, Names: names, Where: where}
}

func no(kind, names string, where ...string) Match {
	return Match{Kind: none, Type: kind, Names: names, Where: where}
}

// in looks in another component; "*" in all of them.
func (m Match) in(component string) Match { m.From = component; return m }

// times asks for that many or more.
func (m Match) times(least int) Match { m.AtLeast = least; return m }

// exactly asks for that many.
func (m Match) exactly(count int) Match { m.AtLeast, m.AtMost = count, count; return m }

// enough reports whether a match with that many resources holds.
func (m Match) enough(found int) bool {
	return m.Kind == none || found >= max(m.AtLeast, 1) && (m.AtMost == 0 || found <= m.AtMost)
}

// find lists the names of the resources that carry a match in one deployment. The error is for a rule about all
// resources that one of them breaks.
func (m Match) find(s *stack, component string) ([]string, error) {
	if m.From != "" {
		component = m.From
	}
	var conditions []condition
	for _, text := range m.Where {
		conditions = append(conditions, parseCondition(text))
	}
	var names, broken []string
	for _, r := range s.resources {
		if r.kind != m.Type || component != "*" && component != "" && r.component != component || !m.named(r.name) {
			continue
		}
		holds := !slices.ContainsFunc(conditions, func(c condition) bool { return !c.holds(r.properties) })
		switch {
		case m.Kind == none && holds, m.Kind == every && !holds:
			broken = append(broken, r.name)
		case holds:
			names = append(names, r.name)
		}
	}
	if len(broken) > 0 {
		return nil, fmt.Errorf("%s must be %s", strings.Join(broken, ", "), m)
	}
	return names, nil
}

func (m Match) named(name string) bool {
	return m.Names == "" || slices.ContainsFunc(strings.Split(m.Names, ","), func(glob string) bool { return globbed(glob, name) })
}

// String says what is looked for.
func (m Match) String() string {
	text := m.Type
	if m.Names != "" {
		text += " " + m.Names
	}
	if len(m.Where) > 0 {
		text += " with " + strings.Join(m.Where, " and ")
	}
	if m.AtMost > 0 {
		text = fmt.Sprintf("exactly %d %s", m.AtMost, text)
	} else if m.AtLeast > 1 {
		text = fmt.Sprintf("%d %s", m.AtLeast, text)
	}
	return []string{some: "", every: "(every one) ", none: "(none) "}[m.Kind] + text
}

// text is a match in the page: its type, the names found and the conditions they hold.
func (m Match) text(names []string) string {
	where := ""
	if len(m.Where) > 0 {
		where = " with `" + strings.Join(m.Where, "`, `") + "`"
	}
	if m.Kind == none {
		named := ""
		if m.Names != "" {
			named = " " + m.Names
		}
		return "no `" + m.Type + "`" + named + where
	}
	return "`" + m.Type + "` " + strings.Join(names, ", ") + where
}
