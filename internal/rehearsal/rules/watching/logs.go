package watching

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	logsAPI  = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
	badParam = "InvalidParameterException"
)

// logs are the rules on log groups and what is made on them.
func logs() []rule.Rule {
	filter := func(pattern string, more props) rule.Case {
		transformation := props{"name": "Errors", "namespace": "itrack", "value": "1"}
		for key, value := range more {
			transformation[key] = value
		}
		return rule.Case{Inputs: props{"pattern": pattern, "metricTransformation": transformation}}
	}
	policy := func(n int) rule.Case {
		return rule.Case{Inputs: props{"policyDocument": `{"Statement":[{"Sid":"` + strings.Repeat("a", n) + `"}]}`}}
	}
	return []rule.Rule{{
		ID: "watching-log-group-name", Types: []string{logGroupToken}, Code: badParam, Page: logsAPI + "API_CreateLogGroup.html",
		Says:     "A log group's name has 1 to 512 letters, digits and ._-/#, and doesn't begin with aws/.",
		Fix:      "Leave other characters out, and begin with a slash or another word than aws/.",
		Foreseen: true, Check: logGroupName,
		Pass: rule.Case{Inputs: props{"name": "/aws/lambda/a"}}, Fail: rule.Case{Inputs: props{"name": "aws/lambda/a"}},
		Seed: staging(logGroupToken, "ecs-exec", props{"name": "/ecs/exec/itrack staging"}),
	}, {
		ID: "watching-log-retention", Types: []string{logGroupToken}, Code: badParam, Page: logsAPI + "API_PutRetentionPolicy.html",
		Says:     "CloudWatch keeps logs for one of the numbers of days that it offers, between 1 and 3,653, or for ever.",
		Fix:      "Choose a number of the list: 7, 14, 30, 60, 90, 120, 150, 180, 365 and so on.",
		Foreseen: true, Check: retention,
		Pass: rule.Case{Inputs: props{"retentionInDays": 30}}, Fail: rule.Case{Inputs: props{"retentionInDays": 45}},
		Seed: staging(logGroupToken, "network-flow", props{"retentionInDays": 21}),
	}, {
		ID: "watching-filter-pattern", Types: []string{filterToken}, Code: badParam,
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html",
		Says:     "A metric filter's pattern has at most 1,024 characters and closes its quotation marks, braces and brackets.",
		Fix:      "Close what the pattern opens; a pattern for JSON stands in braces.",
		Foreseen: true, Check: filterPattern,
		Pass: filter(`{ $.status = "5*" }`, nil), Fail: filter(`{ $.status = "5*"`, nil),
		Seed: staging(filterToken, "api-failures", props{"pattern": `{ $.status = "5*" `}),
	}, {
		ID: "watching-filter-value", Types: []string{filterToken}, Code: badParam, Page: logsAPI + "API_MetricTransformation.html",
		Says:     "A metric filter counts a number, or the value of a field that its pattern names with a dollar sign.",
		Fix:      "Set the value to 1 to count lines, or to a field such as $.latency.",
		Foreseen: true, Check: matches("metricTransformation.value", regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|\$.+)$`)),
		Pass: filter("ERROR", props{"value": "$.latency"}), Fail: filter("ERROR", props{"value": "latency"}),
		Seed: staging(filterToken, "session-lines", props{"metricTransformation.value": "one"}),
	}, {
		ID: "watching-filter-default", Types: []string{filterToken}, Code: badParam, Page: logsAPI + "API_MetricTransformation.html",
		Says:     "A metric filter has a default value or dimensions, not both, and at most 3 dimensions.",
		Fix:      "Leave the default value out where the metric has dimensions.",
		Foreseen: true, Check: filterDefault,
		Pass: filter("ERROR", props{"defaultValue": "0"}), Fail: filter("{ $.a = * }", props{"defaultValue": "0", "dimensions": props{"A": "$.a"}}),
		Seed: staging(filterToken, "errors-backend", props{"metricTransformation.dimensions": props{"Path": "$.path"}}),
	}, {
		ID: "watching-filter-metric", Types: []string{filterToken}, Code: badParam, Page: logsAPI + "API_MetricTransformation.html",
		Says:     "A metric filter's metric and namespace have at most 255 characters and no colon, asterisk or dollar sign.",
		Fix:      "Leave these characters out of the names.",
		Foreseen: true, Check: filterMetric,
		Pass: filter("ERROR", nil), Fail: filter("ERROR", props{"name": "Errors:backend"}),
		Seed: staging(filterToken, "session-lines", props{"metricTransformation.namespace": "itrack:staging"}),
	}, {
		ID: "watching-query-groups", Types: []string{queryToken}, Code: badParam,
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
		Says:     "A saved query reads at most 50 log groups.",
		Fix:      "Save several queries, or leave the groups open.",
		Foreseen: true, Check: queryGroups,
		Pass: rule.Case{Inputs: props{"logGroupNames": manyGroups(50)}}, Fail: rule.Case{Inputs: props{"logGroupNames": manyGroups(51)}},
		Seed: staging(queryToken, "functions-errors", props{"logGroupNames": manyGroups(51)}),
	}, {
		ID: "watching-query-length", Types: []string{queryToken}, Code: badParam, Page: logsAPI + "API_PutQueryDefinition.html",
		Says:     "A saved query has 1 to 10,000 characters and a name of at most 255.",
		Fix:      "Shorten the query: match with one regular expression instead of many filters.",
		Foreseen: true, Check: queryLength,
		Pass: rule.Case{Inputs: props{"queryString": "fields @message"}},
		Fail: rule.Case{Inputs: props{"queryString": "filter @message like /" + strings.Repeat("a|", 5000) + "b/"}},
		Seed: edited(queryToken, "api-slowest", "queryString", func(text string) string {
			return text + strings.Repeat("\n| filter path not like /health/", 400)
		}),
	}, {
		ID: "watching-log-policy-size", Types: []string{logPolicyToken}, Code: badParam, Page: logsAPI + "API_PutResourcePolicy.html",
		Says:     "A resource policy of CloudWatch Logs has at most 5,120 characters.",
		Fix:      "Use wildcards in the resources, or a second policy.",
		Foreseen: true, Check: logPolicySize,
		Pass: policy(5000), Fail: policy(5120),
		Seed: edited(logPolicyToken, "events", "policyDocument", rule.Replace(`"Sid":"Events"`, `"Sid":"Events`+strings.Repeat("OfAllKinds", 500)+`"`)),
	}}
}

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

func logGroupName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if name == "" || groupName.MatchString(name) && !strings.HasPrefix(name, "aws/") {
		return nil
	}
	return rule.Find("name", name, "Value at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+")
}

// retentions are the days for which CloudWatch keeps logs; the provider's 0 is for ever.
var retentions = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func retention(c *catalog.Call) *rule.Finding {
	if days := c.Num("retentionInDays"); !slices.Contains(retentions, days) {
		return rule.Find("retentionInDays", days, "Value '%.0f' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %s",
			days, strings.Trim(fmt.Sprint(retentions[1:]), "[]"))
	}
	return nil
}

func filterPattern(c *catalog.Call) *rule.Finding {
	pattern := strings.TrimSpace(c.Str("pattern"))
	if len(pattern) > 1024 {
		return rule.Find("pattern", len(pattern), "Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024")
	}
	quotes := strings.Count(strings.ReplaceAll(pattern, `\"`, ""), `"`)
	open := strings.HasPrefix(pattern, "{") != strings.HasSuffix(pattern, "}") || strings.HasPrefix(pattern, "[") && !strings.HasSuffix(pattern, "]")
	if quotes%2 != 0 || open {
		return rule.Find("pattern", pattern, "Invalid metric filter pattern")
	}
	return nil
}

func filterDefault(c *catalog.Call) *rule.Finding {
	const path = "metricTransformation.dimensions"
	if c.Has("metricTransformation.defaultValue") && len(blocks(c.State, path)) > 0 {
		return rule.Find("metricTransformation.defaultValue", c.Str("metricTransformation.defaultValue"),
			"Invalid metric transformation: dimensions and default value are mutually exclusive properties")
	}
	for _, leaf := range blocks(c.State, path) {
		if count := len(leaf.Value.ObjectValue()); count > 3 {
			return rule.Find(path, count, "Invalid metric transformation: at most 3 dimensions are allowed")
		}
	}
	return nil
}

func filterMetric(c *catalog.Call) *rule.Finding {
	for _, path := range []string{"metricTransformation.name", "metricTransformation.namespace"} {
		if value := c.Str(path); len(value) > 255 || strings.ContainsAny(value, ":*$") {
			return rule.Find(path, value, "Value '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*$]*", value)
		}
	}
	return nil
}

// manyGroups are n names of log groups.
func manyGroups(n int) []any {
	var names []any
	for i := range n {
		names = append(names, fmt.Sprintf("/itrack/group-%d", i))
	}
	return names
}

func queryGroups(c *catalog.Call) *rule.Finding {
	if count := len(texts(c.State, "logGroupNames")); count > 50 {
		return rule.Find("logGroupNames", count, "A query can read at most 50 log groups")
	}
	return nil
}

func queryLength(c *catalog.Call) *rule.Finding {
	for property, most := range map[string]int{"queryString": 10000, "name": 255} {
		if count := len([]rune(c.Str(property))); count > most {
			return rule.Find(property, count, "Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", property, most)
		}
	}
	return nil
}

func logPolicySize(c *catalog.Call) *rule.Finding {
	if size := len(c.Str("policyDocument")); size > 5120 {
		return rule.Find("policyDocument", size, "Value at 'policyDocument' failed to satisfy constraint: Member must have length less than or equal to 5120")
	}
	return nil
}
