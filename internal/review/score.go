package review

import (
	"slices"
	"strings"
)

// Pillars are the pillars of the Well-Architected Framework that controls are counted under, in the framework's order.
var Pillars = []Pillar{Operations, Security, Reliability, Performance, Cost}

// Score is what the list says of one pillar, and what it does not say.
type Score struct {
	Pillar Pillar `json:"pillar"`
	// Passed over Applicable is the score. What is accepted or needs a domain is applicable and not passed.
	Passed      int `json:"passed"`
	Applicable  int `json:"applicable"`
	Accepted    int `json:"accepted"`
	Failed      int `json:"failed"`
	NeedsDomain int `json:"needsDomain"`
	// Percent is Passed over Applicable, rounded down; nil where nothing applies.
	Percent *int `json:"percent"`
	// NotCovered says what the score leaves out.
	NotCovered NotCovered `json:"notCovered"`
}

// NotCovered is what a pillar's score leaves out.
type NotCovered struct {
	Undecidable []string `json:"undecidable"` // controls that a command decides
	Outside     []string `json:"outside"`     // controls that the account owns
	// Undeclared is what no declaration tells.
	Undeclared string `json:"undeclared"`
}

// undeclared says what of each pillar stands in no declaration, so that no list answers it.
var undeclared = map[Pillar]string{
	Operations:  "whether anybody reads the alarms, follows the runbooks and learns from incidents",
	Security:    "the application's own code and sign-in, who holds credentials, and what was done at run time",
	Reliability: "whether the application bears a lost zone or region, and whether its restored data is right",
	Performance: "how fast the application answers under its real load",
	Cost:        "whether what is declared is used, and what it costs",
}

// scores counts the results under each of their pillars.
func scores(results []Result) []Score {
	out := make([]Score, 0, len(Pillars))
	for _, pillar := range Pillars {
		score := Score{Pillar: pillar, NotCovered: NotCovered{Undecidable: []string{}, Outside: []string{}, Undeclared: undeclared[pillar]}}
		for _, result := range results {
			if slices.Contains(result.Pillars, pillar) {
				score.add(result)
			}
		}
		if score.Applicable > 0 {
			percent := 100 * score.Passed / score.Applicable
			score.Percent = &percent
		}
		out = append(out, score)
	}
	return out
}

func (s *Score) add(result Result) {
	switch result.Verdict {
	case Undecidable:
		s.NotCovered.Undecidable = append(s.NotCovered.Undecidable, result.ID)
		return
	case OutsideStack:
		s.NotCovered.Outside = append(s.NotCovered.Outside, result.ID)
		return
	case NotApplicable:
		return
	case Passed:
		s.Passed++
	case Accepted:
		s.Accepted++
	case NeedsDomain:
		s.NeedsDomain++
	case Failed:
		s.Failed++
	}
	s.Applicable++
}

// Title is a pillar with a capital letter.
func (p Pillar) Title() string { return strings.ToUpper(string(p[:1])) + string(p[1:]) }
