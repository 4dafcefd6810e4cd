package review

// Verdict is what the review says of a control, or of one resource under it.
type Verdict string

// The verdicts. A control has one of them; a resource has Passed, Failed, NeedsDomain or Accepted.
const (
	Passed        Verdict = "pass"
	Failed        Verdict = "fail"
	NeedsDomain   Verdict = "needs a domain" // failed, and only because the stack has no domain
	Accepted      Verdict = "accepted"       // every failed resource has an acceptance
	NotApplicable Verdict = "not applicable"
	Undecidable   Verdict = "undecidable" // declarations cannot tell; a command can
	OutsideStack  Verdict = "outside"     // the account's, not the stack's
)

// Format is the version of a report's JSON form. It grows when a field changes its meaning or goes; new fields leave it.
const Format = 1

// Report is the answer to the whole list for one stack.
type Report struct {
	Format int    `json:"format"`
	Stack  string `json:"stack"`
	// Day is the day of the review, YYYY-MM-DD; acceptances end by it.
	Day       string   `json:"day"`
	Resources int      `json:"resources"`
	Totals    Totals   `json:"totals"`
	Scores    []Score  `json:"scores"`
	Controls  []Result `json:"controls"`
	// Acceptances are those that are meant for this stack; Problems is what is wrong with them.
	Acceptances []Acceptance `json:"acceptances"`
	Problems    []Problem    `json:"problems"`
}

// Totals counts controls by verdict.
type Totals struct {
	Controls      int `json:"controls"`
	Passed        int `json:"passed"`
	Failed        int `json:"failed"`
	NeedsDomain   int `json:"needsDomain"`
	Accepted      int `json:"accepted"`
	NotApplicable int `json:"notApplicable"`
	Undecidable   int `json:"undecidable"`
	Outside       int `json:"outside"`
}

// Result is the answer to one control.
type Result struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Pillars  []Pillar `json:"pillars"`
	Source   string   `json:"source"`
	Verdict  Verdict  `json:"verdict"`
	// Why says why a control does not apply.
	Why string `json:"why,omitempty"`
	// Decide is the command that answers what declarations cannot.
	Decide   string    `json:"decide,omitempty"`
	Findings []Finding `json:"findings"`
}

// Finding is the answer to one control for one resource.
type Finding struct {
	Resource string  `json:"resource"` // type::name
	URN      string  `json:"urn"`
	Verdict  Verdict `json:"verdict"`
	Why      string  `json:"why"`
	Fix      string  `json:"fix,omitempty"`
	// Acceptance is the one that accepts this finding.
	Acceptance *Acceptance `json:"acceptance,omitempty"`
}

// ProblemKind is what is wrong with an acceptance.
type ProblemKind string

// The problems of acceptances. An expired one does not accept; the others do what they say, and are reported.
const (
	Stale    ProblemKind = "stale"    // a resource pattern means nothing in the stack
	Unneeded ProblemKind = "unneeded" // what it accepts does not fail
	Expired  ProblemKind = "expired"  // its last day is over
	Severe   ProblemKind = "severe"   // it accepts a critical or high control in production
)

// Problem is one thing that is wrong with one acceptance.
type Problem struct {
	Kind    ProblemKind `json:"kind"`
	Control string      `json:"control"`
	Field   string      `json:"field"`
	Message string      `json:"message"`
}

// Verdicts are the results with one of the given verdicts, in the list's order.
func (r *Report) Verdicts(verdicts ...Verdict) []Result {
	var out []Result
	for _, result := range r.Controls {
		for _, verdict := range verdicts {
			if result.Verdict == verdict {
				out = append(out, result)
			}
		}
	}
	return out
}

// OK tells whether nothing fails. What fails for want of a domain fails.
func (r *Report) OK() bool { return r.Totals.Failed+r.Totals.NeedsDomain == 0 }

// With are the findings of a result with a verdict.
func (r *Result) With(verdict Verdict) []Finding {
	var out []Finding
	for _, finding := range r.Findings {
		if finding.Verdict == verdict {
			out = append(out, finding)
		}
	}
	return out
}

func (t *Totals) add(verdict Verdict) {
	t.Controls++
	switch verdict {
	case Passed:
		t.Passed++
	case Failed:
		t.Failed++
	case NeedsDomain:
		t.NeedsDomain++
	case Accepted:
		t.Accepted++
	case NotApplicable:
		t.NotApplicable++
	case Undecidable:
		t.Undecidable++
	case OutsideStack:
		t.Outside++
	}
}
