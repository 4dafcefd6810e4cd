package review

// Severity is how bad a failed control is, as AWS publishes it.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Pillar is a pillar of the Well-Architected Framework.
type Pillar string

// The pillars that controls are counted under.
const (
	Security    Pillar = "security"
	Reliability Pillar = "reliability"
	Operations  Pillar = "operational excellence"
	Performance Pillar = "performance efficiency"
	Cost        Pillar = "cost optimization"
)

// Control is one question of the standards list.
type Control struct {
	// ID is AWS's ("RDS.3", "REL09-BP01"), Title AWS's sentence in short, Source AWS's page.
	ID, Title, Source string
	Severity          Severity
	Pillars           []Pillar

	// Check answers for each resource that the control applies to; no answer means that it applies to nothing in the stack.
	Check func(*Model) []Answer
	// Absent says why a control without an answer does not apply ("the stack declares no REST API cache").
	Absent string
	// Decide is the command that answers what declarations cannot ("aws ssm describe-instance-patch-states ..."). A control
	// has Check or Decide.
	Decide string
	// Outside marks what the account owns and not the stack: reported, never failed.
	Outside bool
}

// Answer is what a control says of one resource.
type Answer struct {
	Resource *Resource
	OK       bool
	// Why says what was seen, Fix what to change; Fix is for failed answers.
	Why, Fix string
	// NeedsDomain marks a failed answer that the stack gives only because it has no domain. Only controls set it, and only
	// where a domain is the fix: such answers are listed apart.
	NeedsDomain bool
}

// Pass is a passed answer.
func Pass(r *Resource, why string) Answer { return Answer{Resource: r, OK: true, Why: why} }

// Fail is a failed answer.
func Fail(r *Resource, why, fix string) Answer { return Answer{Resource: r, Why: why, Fix: fix} }

// When passes where a condition holds and fails where it does not.
func When(ok bool, r *Resource, good, bad, fix string) Answer {
	if ok {
		return Pass(r, good)
	}
	return Fail(r, bad, fix)
}

// Each answers for every resource of a type.
func Each(token string, answer func(*Model, *Resource) Answer) func(*Model) []Answer {
	return func(m *Model) []Answer {
		var out []Answer
		for _, r := range m.All(token) {
			out = append(out, answer(m, r))
		}
		return out
	}
}
