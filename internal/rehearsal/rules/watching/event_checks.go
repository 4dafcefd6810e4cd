package watching

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func eventTrigger(c *catalog.Call) *rule.Finding {
	if c.Has("eventPattern") || c.Has("scheduleExpression") || unknown(c, "name") {
		return nil
	}
	return rule.Find("eventPattern", nil, "Parameter(s) EventPattern or ScheduleExpression must be specified")
}

// readPattern is an event pattern as an object; nil where there is none that can be read: that it is JSON is checked before.
func readPattern(c *catalog.Call) map[string]any {
	var pattern map[string]any
	if text := c.Str("eventPattern"); text == "" || json.Unmarshal([]byte(text), &pattern) != nil {
		return nil
	}
	return pattern
}

func patternFields(c *catalog.Call) *rule.Finding {
	pattern := readPattern(c)
	if pattern == nil {
		return nil
	}
	if message, at := badFields(pattern, ""); message != "" {
		return rule.Find("eventPattern", at, "Event pattern is not valid. Reason: %s at: %s", message, at)
	}
	return nil
}

// badFields says what is wrong with the fields of a pattern, and where.
func badFields(fields map[string]any, at string) (message, where string) {
	if len(fields) == 0 {
		return "Empty objects are not allowed", at
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		path := strings.TrimPrefix(at+"."+key, ".")
		switch value := fields[key].(type) {
		case map[string]any:
			if message, where := badFields(value, path); message != "" {
				return message, where
			}
		case []any:
			if len(value) == 0 {
				return "Empty arrays are not allowed", path
			}
			if key != "$or" {
				continue
			}
			for _, choice := range value {
				fields, is := choice.(map[string]any)
				if !is {
					return "$or takes a list of objects", path
				}
				if message, where := badFields(fields, path); message != "" {
					return message, where
				}
			}
		default:
			return `"` + key + `" must be an object or an array`, path
		}
	}
	return "", ""
}

// operators compare a field with something else than a constant.
var operators = []string{"prefix", "suffix", "wildcard", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case"}

func patternOperators(c *catalog.Call) *rule.Finding {
	var unrecognized func(value any, compares bool) string
	unrecognized = func(value any, compares bool) string {
		switch value := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				if compares && !slices.Contains(operators, key) {
					return key
				}
				if compares {
					continue // what an operator takes is another matter
				}
				if list, is := value[key].([]any); is {
					if bad := unrecognized(list, key != "$or"); bad != "" {
						return bad
					}
				} else if bad := unrecognized(value[key], false); bad != "" {
					return bad
				}
			}
		case []any:
			for _, element := range value {
				if bad := unrecognized(element, compares); bad != "" {
					return bad
				}
			}
		}
		return ""
	}
	if pattern := readPattern(c); pattern != nil {
		if operator := unrecognized(pattern, false); operator != "" {
			return rule.Find("eventPattern", operator, "Event pattern is not valid. Reason: Unrecognized match type %s", operator)
		}
	}
	return nil
}

func patternSize(c *catalog.Call) *rule.Finding {
	if size := len([]rune(c.Str("eventPattern"))); size > 2048 {
		return rule.Find("eventPattern", size, "The event pattern has %d characters, 2048 are allowed", size)
	}
	return nil
}

var (
	rateForm = regexp.MustCompile(`^rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)$`)
	cronForm = regexp.MustCompile(`^cron\(([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+) ([^\s()]+)\)$`)
)

func eventSchedule(c *catalog.Call) *rule.Finding {
	text := c.Str("scheduleExpression")
	if text == "" || goodSchedule(text) {
		return nil
	}
	return rule.Find("scheduleExpression", text, "Parameter ScheduleExpression is not valid")
}

// goodSchedule tells whether a text is a rate, or a cron expression of six fields where one of the days is left open.
func goodSchedule(text string) bool {
	cron := cronForm.FindStringSubmatch(text)
	return rateForm.MatchString(text) || cron != nil && (cron[3] == "?") != (cron[5] == "?")
}

func targetRegion(c *catalog.Call) *rule.Finding {
	arn := c.Str("arn")
	if service := part(arn, 2); !slices.Contains([]string{"sns", "sqs", "lambda", "logs"}, service) || part(arn, 3) == c.Region {
		return nil
	}
	return rule.Find("arn", arn, "Provided Arn is not in correct format. Reason: the target must be in %s", c.Region)
}

// roleServices are the services whose targets are started with a role.
var roleServices = []string{"states", "kinesis", "firehose", "ecs", "batch", "codebuild", "codepipeline", "sagemaker", "redshift"}

func targetRole(c *catalog.Call) *rule.Finding {
	if arn := c.Str("arn"); slices.Contains(roleServices, part(arn, 2)) && !c.Has("roleArn") {
		return rule.Find("roleArn", nil, "RoleArn is required for target %s", arn)
	}
	return nil
}

func targetInput(c *catalog.Call) *rule.Finding {
	var given []string
	for _, path := range []string{"input", "inputPath", "inputTransformer"} {
		if unknown(c, path) {
			return nil
		}
		if c.Has(path) {
			given = append(given, path)
		}
	}
	if len(given) > 1 {
		return rule.Find(given[1], nil, "Only one of Input, InputPath, or InputTransformer must be provided for target %s", c.Str("targetId"))
	}
	return nil
}

var (
	pathName    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	placeholder = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)
)

func targetPaths(c *catalog.Call) *rule.Finding {
	for _, leaf := range blocks(c.State, "inputTransformer.inputPaths") {
		for _, key := range leaf.Value.ObjectValue().StableKeys() {
			value := catalog.Plain(leaf.Value.ObjectValue()[key])
			if !pathName.MatchString(string(key)) || strings.HasPrefix(string(key), "AWS") || value.IsString() && !strings.HasPrefix(value.StringValue(), "$") {
				return rule.Find(leaf.Path+"."+string(key), catalog.Text(value), "Invalid InputPath for target %s", c.Str("targetId"))
			}
		}
	}
	return nil
}

func targetTemplate(c *catalog.Call) *rule.Finding {
	const path = "inputTransformer.inputTemplate"
	template := c.Str(path)
	if template == "" || unknown(c, "inputTransformer.inputPaths") {
		return nil
	}
	if text := placeholder.ReplaceAllString(template, "0"); !json.Valid([]byte(text)) {
		return rule.Find(path, template, "Invalid InputTemplate for target %s: it is no JSON once the values are filled in", c.Str("targetId"))
	}
	for _, match := range placeholder.FindAllStringSubmatch(template, -1) {
		if name := match[1]; !c.Has("inputTransformer.inputPaths."+name) && !strings.HasPrefix(name, "aws.events.") {
			return rule.Find(path, name, "InputTemplate for target %s contains placeholder <%s>, which no input path gives", c.Str("targetId"), name)
		}
	}
	return nil
}

func targetRetry(c *catalog.Call) *rule.Finding {
	if found := within("retryPolicy.maximumEventAgeInSeconds", 60, 86400)(c); found != nil {
		return found
	}
	return within("retryPolicy.maximumRetryAttempts", 0, 185)(c)
}
