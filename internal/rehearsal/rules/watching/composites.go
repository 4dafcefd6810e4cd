package watching

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// composites are the rules on composite alarms.
func composites() []rule.Rule {
	const page = alarmAPI + "API_PutCompositeAlarm.html"
	world := []rule.Thing{{Type: alarmToken, ID: "one"}, {Type: alarmToken, ID: "two"}}
	of := func(text string) rule.Case { return rule.Case{World: world, Inputs: props{"alarmRule": text}} }
	alone := func(text string) rule.Case { return rule.Case{Inputs: props{"alarmRule": text}} }
	many := func(n int) string {
		var terms []string
		for i := range n {
			terms = append(terms, "ALARM(alarm-"+strings.Repeat("i", i+1)+")")
		}
		return strings.Join(terms, " OR ")
	}
	return []rule.Rule{{
		ID: "watching-composite-rule", Types: []string{compositeToken}, Code: invalid, Page: page,
		Says:     "A composite alarm's rule is made of ALARM, OK, INSUFFICIENT_DATA, TRUE and FALSE with AND, OR, NOT and brackets.",
		Fix:      "Write the rule as in ALARM(\"a\") AND NOT OK(\"b\"), in capitals and with every bracket closed.",
		Foreseen: true, Check: compositeRule,
		Pass: alone(`ALARM("one") AND (NOT OK("two") OR FALSE)`), Fail: alone(`ALARM("one") PLUS OK("two")`),
		Seed: edited(compositeToken, "burn-1h", "alarmRule", rule.Replace(" AND ", " && ")),
	}, {
		ID: "watching-composite-alarms", Types: []string{compositeToken}, Code: invalid, Page: page,
		Says:  "The alarms of a composite alarm's rule exist in its region.",
		Fix:   "Name alarms that exist, by their names or ARNs, and let the composite alarm depend on them.",
		Check: compositeAlarms,
		Pass:  of(`ALARM("one") OR ALARM("two")`), Fail: of(`ALARM("one") OR ALARM("three")`),
		Seed: edited(compositeToken, "burn-6h", "alarmRule", rule.Replace("-long-", "-lang-")),
	}, {
		ID: "watching-composite-children", Types: []string{compositeToken}, Code: invalid, Page: page,
		Says:     "A composite alarm's rule names at most 100 alarms.",
		Fix:      "Group alarms under composite alarms of their own.",
		Foreseen: true, Check: compositeChildren,
		Pass: alone(many(100)), Fail: alone(many(101)),
		Seed: edited(compositeToken, "burn-1d", "alarmRule", func(string) string { return many(101) }),
	}, {
		ID: "watching-composite-length", Types: []string{compositeToken}, Code: invalid, Page: page,
		Says:     "A composite alarm's rule has at most 10,240 characters.",
		Fix:      "Use shorter names, or group alarms under composite alarms of their own.",
		Foreseen: true, Check: compositeLength,
		Pass: alone("ALARM(one)" + strings.Repeat(" OR FALSE", 1000)), Fail: alone("ALARM(one)" + strings.Repeat(" OR FALSE", 1200)),
		Seed: edited(compositeToken, "availability", "alarmRule", func(text string) string { return text + strings.Repeat(" OR FALSE", 1200) }),
	}}
}

var (
	// token is one word of an alarm rule: a state with an alarm's name, a constant, an operator or a bracket.
	token = regexp.MustCompile(`^\s*(?:((?:ALARM|OK|INSUFFICIENT_DATA)\(\s*(?:"[^"]+"|[^\s()",]+)\s*\))|` +
		`(AT_LEAST\([^()]*\([^()]*\)\))|(TRUE|FALSE)\b|(AND|OR)\b|(NOT)\b|(\()|(\)))`)
	mention = regexp.MustCompile(`\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")\s]+)"?\s*\)`)
)

// compositeRule reads the rule word by word: after an operand comes an operator or a closing bracket, else an operand.
func compositeRule(c *catalog.Call) *rule.Finding {
	text := c.Str("alarmRule")
	if text == "" {
		return nil
	}
	depth, operand := 0, false
	for rest := text; strings.TrimSpace(rest) != ""; {
		match := token.FindStringSubmatch(rest)
		var fits bool
		switch {
		case match == nil:
		case match[1] != "" || match[2] != "" || match[3] != "":
			fits, operand = !operand, true
		case match[4] != "":
			fits, operand = operand, false
		case match[5] != "":
			fits = !operand
		case match[6] != "":
			fits, depth = !operand, depth+1
		default:
			fits, depth = operand && depth > 0, depth-1
		}
		if !fits {
			return rule.Find("alarmRule", strings.TrimSpace(rest), "AlarmRule must not contain malformed expressions: at %q", strings.TrimSpace(rest))
		}
		rest = rest[len(match[0]):]
	}
	if !operand || depth != 0 {
		return rule.Find("alarmRule", text, "AlarmRule must not contain malformed expressions: it ends too early")
	}
	return nil
}

// children are the names of the alarms of a rule, each once.
func children(text string) []string {
	var names []string
	seen := map[string]bool{}
	for _, match := range mention.FindAllStringSubmatch(text, -1) {
		name := match[1]
		if strings.HasPrefix(name, "arn:") {
			name = name[strings.LastIndexByte(name, ':')+1:]
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func compositeAlarms(c *catalog.Call) *rule.Finding {
	names := children(c.Str("alarmRule"))
	if len(names) > 100 {
		return nil // that is refused before the names are looked up
	}
	for _, name := range names {
		if c.Get(alarmToken, name) == nil && c.Get(compositeToken, name) == nil {
			return rule.Find("alarmRule", name, "Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", name)
		}
	}
	return nil
}

func compositeChildren(c *catalog.Call) *rule.Finding {
	if count := len(children(c.Str("alarmRule"))); count > 100 {
		return rule.Find("alarmRule", count, "AlarmRule must not reference more than 100 alarms")
	}
	return nil
}

func compositeLength(c *catalog.Call) *rule.Finding {
	if count := len(c.Str("alarmRule")); count > 10240 {
		return rule.Find("alarmRule", count, "Value at 'alarmRule' failed to satisfy constraint: Member must have length less than or equal to 10240")
	}
	return nil
}
