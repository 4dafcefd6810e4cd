package watching

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// expressions are the rules on alarms on queries.
func expressions() []rule.Rule {
	const page = alarmAPI + "API_MetricDataQuery.html"
	metric := func(id string) props {
		return props{"id": id, "metric": props{"metricName": "Count", "namespace": "AWS/ApiGateway", "period": 60, "stat": "Sum"}}
	}
	share := func(expression string) props {
		return props{"id": "share", "expression": expression, "returnData": true}
	}
	of := func(queries ...any) rule.Case { return rule.Case{Inputs: props{"metricQueries": queries}} }
	many := []any{share("m1+m2")}
	for _, id := range []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11"} {
		many = append(many, metric(id))
	}
	return []rule.Rule{{
		ID: "watching-query-ids", Types: []string{alarmToken}, Code: invalid, Page: page,
		Says:     "The queries of an alarm have ids of their own that begin with a lower-case letter and go on with letters, digits and underscores.",
		Fix:      "Rename the query.",
		Foreseen: true, Check: queryIDs,
		Pass: of(metric("errors"), share("errors/2")), Fail: of(metric("Errors"), share("1")),
		Seed: staging(alarmToken, "burn-1h-long", props{"metricQueries[2].id": "Share"}),
	}, {
		ID: "watching-query-returns", Types: []string{alarmToken}, Code: invalid, Page: putAlarm,
		Says:     "Exactly one query of an alarm returns data: the one that the threshold is compared with.",
		Fix:      "Set returnData to true for one query and leave it out of the others.",
		Foreseen: true, Check: queryReturns,
		Pass: of(metric("errors"), share("errors/2")), Fail: of(metric("errors"), props{"id": "share", "expression": "errors/2"}),
		Seed: staging(alarmToken, "burn-1h-short", props{"metricQueries[2].returnData": nil}),
	}, {
		ID: "watching-query-kind", Types: []string{alarmToken}, Code: invalid, Page: page,
		Says:     "A query has a metric or an expression, not both.",
		Fix:      "Give exactly one of metric and expression.",
		Foreseen: true, Check: queryKind,
		Pass: of(metric("errors"), share("errors/2")), Fail: of(share("1"), props{"id": "none"}),
		Seed: staging(alarmToken, "burn-6h-long", props{"metricQueries[1].metric": nil}),
	}, {
		ID: "watching-query-references", Types: []string{alarmToken}, Code: invalid,
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html",
		Says:     "An expression names ids of queries of the same alarm.",
		Fix:      "Add the query, or correct the id in the expression.",
		Foreseen: true, Check: queryReferences,
		Pass: of(metric("errors"), share("IF(FILL(errors, 0) > 5, 1, 0)")), Fail: of(metric("errors"), share("errors / requests")),
		Seed: staging(alarmToken, "burn-6h-short", props{"metricQueries[2].expression": "100 * FILL(failures, 0) / requests"}),
	}, {
		ID: "watching-query-metrics", Types: []string{alarmToken}, Code: invalid,
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html",
		Says:     "An alarm on an expression is based on at most 10 metrics.",
		Fix:      "Leave metrics out, or make one alarm for each part and a composite alarm over them.",
		Foreseen: true, Check: queryMetrics,
		Pass: of(many[:11]...), Fail: of(many...),
		Seed: staging(alarmToken, "burn-1d-short", props{"metricQueries": append([]any{props{"id": "share", "expression": "m1+m2", "returnData": true}}, many[1:]...)}),
	}}
}

// queries visits the queries of an alarm that are known.
func queries(c *catalog.Call, check func(at string, query resource.PropertyMap) *rule.Finding) *rule.Finding {
	for _, leaf := range blocks(c.State, "metricQueries[]") {
		if found := check(leaf.Path, leaf.Value.ObjectValue()); found != nil {
			return found
		}
	}
	return nil
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

func queryIDs(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	return queries(c, func(at string, query resource.PropertyMap) *rule.Finding {
		id := catalog.Str(query, "id")
		if !queryID.MatchString(id) || seen[id] {
			return rule.Find(at+".id", id, "The value %s for parameter Id is invalid or used twice", id)
		}
		seen[id] = true
		return nil
	})
}

func queryReturns(c *catalog.Call) *rule.Finding {
	if !c.Has("metricQueries") || unknown(c, "metricQueries") && len(blocks(c.State, "metricQueries[]")) == 0 {
		return nil
	}
	returning := 0
	_ = queries(c, func(_ string, query resource.PropertyMap) *rule.Finding {
		if value := catalog.Plain(query["returnData"]); value.IsBool() && value.BoolValue() {
			returning++
		}
		return nil
	})
	if returning == 1 {
		return nil
	}
	return rule.Find("metricQueries", returning, "Exactly one element of the metrics list should return data")
}

func queryKind(c *catalog.Call) *rule.Finding {
	return queries(c, func(at string, query resource.PropertyMap) *rule.Finding {
		if has(query, "metric") == has(query, "expression") {
			return rule.Find(at, catalog.Str(query, "id"), "Exactly one of Expression and MetricStat must be given")
		}
		return nil
	})
}

var (
	// quoted are the texts in an expression, name the words that may be ids: functions are written in capitals.
	quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	name   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

func queryReferences(c *catalog.Call) *rule.Finding {
	if unknown(c, "metricQueries[].id") {
		return nil
	}
	known := map[string]bool{}
	for _, leaf := range texts(c.State, "metricQueries[].id") {
		known[leaf.Value.StringValue()] = true
	}
	return queries(c, func(at string, query resource.PropertyMap) *rule.Finding {
		for _, word := range name.FindAllString(quoted.ReplaceAllString(catalog.Str(query, "expression"), ""), -1) {
			if word[0] >= 'a' && word[0] <= 'z' && !known[word] {
				return rule.Find(at+".expression", word, "The expression refers to the id %s, which no query has", word)
			}
		}
		return nil
	})
}

func queryMetrics(c *catalog.Call) *rule.Finding {
	metrics := 0
	_ = queries(c, func(_ string, query resource.PropertyMap) *rule.Finding {
		if has(query, "metric") {
			metrics++
		}
		return nil
	})
	if metrics > 10 {
		return rule.Find("metricQueries", metrics, "The alarm is based on %d metrics, the maximum is 10", metrics)
	}
	return nil
}
