package watching

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	alarmAPI = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"
	putAlarm = alarmAPI + "API_PutMetricAlarm.html"
	invalid  = "ValidationError"
)

// onMetric is an alarm on a metric with more fields.
func onMetric(more props) rule.Case {
	inputs := props{"name": "cpu", "namespace": "AWS/ECS", "metricName": "CPUUtilization", "statistic": "Average", "period": 60, "evaluationPeriods": 3,
		"threshold": 80}
	for key, value := range more {
		if value == nil {
			delete(inputs, key)
			continue
		}
		inputs[key] = value
	}
	return rule.Case{Inputs: inputs}
}

// alarms are the rules on alarms on one metric.
func alarms() []rule.Rule {
	five := []any{}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		five = append(five, "arn:aws:sns:us-east-1:111122223333:"+name)
	}
	return []rule.Rule{{
		ID: "watching-alarm-period", Types: []string{alarmToken}, Code: invalid, Page: putAlarm,
		Says:     "An alarm's period is 10, 20 or 30 seconds, or a multiple of 60.",
		Fix:      "Set period to 60 or a multiple of it.",
		Foreseen: true, Check: alarmPeriod,
		Pass: onMetric(nil), Fail: onMetric(props{"period": 90}),
		Seed: staging(alarmToken, "rds-cpu", props{"period": 45}),
	}, {
		ID: "watching-alarm-evaluated-time", Types: []string{alarmToken}, Code: invalid, Page: putAlarm,
		Says:     "An alarm looks back over at most one day, or seven days where its period is an hour or longer.",
		Fix:      "Lower evaluationPeriods or raise the period.",
		Foreseen: true, Check: evaluatedTime,
		Pass: onMetric(props{"period": 3600, "evaluationPeriods": 36}), Fail: onMetric(props{"period": 300, "evaluationPeriods": 300}),
		Seed: staging(alarmToken, "rds-connections", props{"evaluationPeriods": 2000}),
	}, {
		ID: "watching-alarm-datapoints", Types: []string{alarmToken}, Code: invalid, Page: putAlarm,
		Says:     "An alarm needs no more data points to go off than it has evaluation periods.",
		Fix:      "Set datapointsToAlarm to evaluationPeriods or less.",
		Foreseen: true, Check: datapoints,
		Pass: onMetric(props{"datapointsToAlarm": 3}), Fail: onMetric(props{"datapointsToAlarm": 4}),
		Seed: staging(alarmToken, "service-backend-latency", props{"datapointsToAlarm": 9}),
	}, {
		ID: "watching-alarm-metric", Types: []string{alarmToken}, Code: "InvalidParameterCombination", Page: putAlarm,
		Says:     "An alarm watches one metric, with a namespace and a period, or the result of queries, not both.",
		Fix:      "Give metricName, namespace and period, or metricQueries alone.",
		Foreseen: true, Check: oneMetric,
		Pass: onMetric(nil), Fail: onMetric(props{"period": nil}),
		Seed: staging(alarmToken, "rds-storage", props{"namespace": nil}),
	}, {
		ID: "watching-alarm-statistic", Types: []string{alarmToken}, Code: "InvalidParameterCombination", Page: putAlarm,
		Says:     "An alarm on a metric has a statistic or an extended statistic, not both.",
		Fix:      "Give exactly one of statistic and extendedStatistic.",
		Foreseen: true, Check: oneStatistic,
		Pass: onMetric(nil), Fail: onMetric(props{"extendedStatistic": "p99"}),
		Seed: staging(alarmToken, "rds-memory", props{"extendedStatistic": "p90"}),
	}, {
		ID: "watching-alarm-extended-statistic", Types: []string{alarmToken}, Code: invalid,
		Page:     "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html",
		Says:     "An extended statistic is a percentile from p0 to p100, or a trimmed or windsorised statistic such as tm90 or TM(10%:90%).",
		Fix:      "Write the percentile as p99 or p99.9.",
		Foreseen: true, Check: extendedStatistic,
		Pass: onMetric(props{"statistic": nil, "extendedStatistic": "p99.9"}), Fail: onMetric(props{"statistic": nil, "extendedStatistic": "p101"}),
		Seed: staging(alarmToken, "rds-cpu-critical", props{"statistic": nil, "extendedStatistic": "99th"}),
	}, {
		ID: "watching-alarm-threshold", Types: []string{alarmToken}, Code: "InvalidParameterCombination", Page: putAlarm,
		Says:     "An alarm has a threshold, or the id of a query that gives a band, not both.",
		Fix:      "Give exactly one of threshold and thresholdMetricId.",
		Foreseen: true, Check: oneThreshold,
		Pass: onMetric(nil), Fail: onMetric(props{"threshold": nil}),
		Seed: staging(alarmToken, "balancer-elb-5xx", props{"threshold": nil}),
	}, {
		ID: "watching-alarm-action-region", Types: []string{alarmToken, compositeToken}, Code: invalid, Page: putAlarm,
		Says:  "An alarm notifies topics of its own region alone.",
		Fix:   "Notify a topic of the alarm's region, which passes the message on.",
		Check: actionRegion,
		Pass:  rule.Case{Inputs: props{"alarmActions": five[:1]}}, Fail: rule.Case{Region: "us-west-2", Inputs: props{"alarmActions": five[:1]}},
		Seed: edited(alarmToken, "bastion-status", "alarmActions[0]", rule.Replace(":us-east-1:", ":us-west-2:")),
	}, {
		ID: "watching-alarm-actions", Types: []string{alarmToken, compositeToken}, Code: invalid, Page: putAlarm,
		Says:     "An alarm has at most 5 actions for each of its states.",
		Fix:      "Notify one topic that has several subscribers.",
		Foreseen: true, Check: actionCount,
		Pass: rule.Case{Inputs: props{"alarmActions": five}},
		Fail: rule.Case{Inputs: props{"alarmActions": append([]any{"arn:aws:sns:us-east-1:111122223333:f"}, five...)}},
		Seed: staging(alarmToken, "bastion-in-service", props{"okActions": append([]any{"arn:aws:sns:us-east-1:111122223333:f"}, five...)}),
	}, {
		ID: "watching-alarm-name", Types: []string{alarmToken, compositeToken}, Code: invalid, Page: putAlarm,
		Says:     "An alarm's name has 1 to 255 characters, its description at most 1,024.",
		Fix:      "Shorten the name or the description; what to do goes into a runbook.",
		Foreseen: true, Check: alarmText,
		Pass: onMetric(nil), Fail: onMetric(props{"alarmDescription": strings.Repeat("d", 1025)}),
		Seed: staging(alarmToken, "items-throttles", props{"alarmDescription": strings.Repeat("Look at the table first. ", 50)}),
	}, {
		ID: "watching-alarm-dimensions", Types: []string{alarmToken}, Code: invalid, Page: alarmAPI + "API_Dimension.html",
		Says:     "A dimension's value has 1 to 1,024 characters, and its name doesn't begin with a colon.",
		Fix:      "Give the dimension a value: an empty one matches no metric.",
		Foreseen: true, Check: dimensions,
		Pass: onMetric(props{"dimensions": props{"ClusterName": "itrack"}}), Fail: onMetric(props{"dimensions": props{"ClusterName": ""}}),
		Seed: staging(alarmToken, "site-latency", props{"dimensions.Region": ""}),
	}}
}

func alarmPeriod(c *catalog.Call) *rule.Finding {
	for _, path := range []string{"period", "metricQueries[].metric.period", "metricQueries[].period"} {
		for _, leaf := range catalog.Leaves(c.State, path) {
			if !leaf.Value.IsNumber() {
				continue
			}
			if period := leaf.Value.NumberValue(); period != 10 && period != 20 && period != 30 && (period < 60 || int(period)%60 != 0) {
				return rule.Find(leaf.Path, period, "Period must be 10, 20, 30 or a multiple of 60")
			}
		}
	}
	return nil
}

func evaluatedTime(c *catalog.Call) *rule.Finding {
	period := c.Num("period")
	for _, leaf := range catalog.Leaves(c.State, "metricQueries[].metric.period") {
		if leaf.Value.IsNumber() {
			period = max(period, leaf.Value.NumberValue())
		}
	}
	most := 86400.0
	if period >= 3600 {
		most = 7 * 86400
	}
	if length := period * c.Num("evaluationPeriods"); length > most {
		return rule.Find("evaluationPeriods", c.Num("evaluationPeriods"),
			"Metrics cannot be checked across more than %.0f seconds (EvaluationPeriods * Period must be <= %.0f)", most, most)
	}
	return nil
}

func datapoints(c *catalog.Call) *rule.Finding {
	if !c.Known("datapointsToAlarm") || !c.Known("evaluationPeriods") || c.Num("datapointsToAlarm") <= c.Num("evaluationPeriods") {
		return nil
	}
	return rule.Find("datapointsToAlarm", c.Num("datapointsToAlarm"), "DatapointsToAlarm must be less than or equal to EvaluationPeriods")
}

// unknown tells whether one of some inputs is there and not known yet.
func unknown(c *catalog.Call, paths ...string) bool {
	for _, path := range paths {
		if c.Has(path) && !c.Known(path) {
			return true
		}
	}
	return false
}

func oneMetric(c *catalog.Call) *rule.Finding {
	if unknown(c, "metricName", "metricQueries", "namespace", "period") {
		return nil
	}
	if c.Has("metricName") == c.Has("metricQueries") {
		return rule.Find("metricName", nil, "Exactly one of MetricName and Metrics must be given")
	}
	for _, path := range []string{"namespace", "period"} {
		if c.Has("metricName") && !c.Has(path) {
			return rule.Find(path, nil, "An alarm on a metric needs %s", path)
		}
	}
	return nil
}

func oneStatistic(c *catalog.Call) *rule.Finding {
	if !c.Known("metricName") || unknown(c, "statistic", "extendedStatistic") || c.Has("statistic") != c.Has("extendedStatistic") {
		return nil
	}
	return rule.Find("statistic", c.Str("statistic"), "Exactly one of Statistic and ExtendedStatistic must be given")
}

var statisticForm = regexp.MustCompile(`^(p(100|\d{1,2})(\.\d{0,10})?|((tm)|(tc)|(ts)|(wm))(100|\d{1,2})(\.\d{0,10})?|iqm|IQM|(PR|TM|TC|TS|WM)\([\d.%]*:[\d.%]*\))$`)

func extendedStatistic(c *catalog.Call) *rule.Finding {
	if statistic := c.Str("extendedStatistic"); statistic != "" && !statisticForm.MatchString(statistic) {
		return rule.Find("extendedStatistic", statistic, "The value %s for parameter ExtendedStatistic is not supported", statistic)
	}
	return nil
}

func oneThreshold(c *catalog.Call) *rule.Finding {
	if unknown(c, "metricName", "metricQueries", "threshold", "thresholdMetricId") || c.Has("threshold") != c.Has("thresholdMetricId") {
		return nil
	}
	return rule.Find("threshold", nil, "Exactly one of Threshold and ThresholdMetricId must be given")
}

// actionLists are the properties with an alarm's actions.
var actionLists = []string{"alarmActions", "okActions", "insufficientDataActions"}

func actionRegion(c *catalog.Call) *rule.Finding {
	for _, list := range actionLists {
		for _, leaf := range texts(c.State, list) {
			if arn := leaf.Value.StringValue(); part(arn, 2) == "sns" && part(arn, 3) != c.Region {
				return rule.Find(leaf.Path, arn, "Invalid region %s specified. Only %s is supported", part(arn, 3), c.Region)
			}
		}
	}
	return nil
}

func actionCount(c *catalog.Call) *rule.Finding {
	for _, list := range actionLists {
		if count := len(catalog.Leaves(c.State, list+"[]")); count > 5 {
			return rule.Find(list, count, "Member must have length less than or equal to 5")
		}
	}
	return nil
}

func alarmText(c *catalog.Call) *rule.Finding {
	for property, most := range map[string]int{"name": 255, "alarmName": 255, "alarmDescription": 1024} {
		if count := len([]rune(c.Str(property))); count > most {
			return rule.Find(property, count, "Member must have length less than or equal to %d", most)
		}
	}
	return nil
}

func dimensions(c *catalog.Call) *rule.Finding {
	for _, leaf := range blocks(c.State, "dimensions") {
		for _, key := range leaf.Value.ObjectValue().StableKeys() {
			value := catalog.Plain(leaf.Value.ObjectValue()[key])
			if strings.HasPrefix(string(key), ":") || value.IsString() && (value.StringValue() == "" || len(value.StringValue()) > 1024) {
				return rule.Find("dimensions."+string(key), catalog.Text(value), "The parameter Dimensions.member.Value must have 1 to 1024 characters")
			}
		}
	}
	return nil
}
