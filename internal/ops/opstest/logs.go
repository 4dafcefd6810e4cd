package opstest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// NewLogPages lets FilterLogEvents answer as CloudWatch does and moto does not: in pages of size, the first of them empty,
// with tokens that are good for their own query alone, and with filter patterns that are read by CloudWatch's syntax
// (terms, quoted phrases, alternatives, exclusions, equality of a JSON field) or refused.
func NewLogPages(cloud *Cloud, size int) {
	cloud.Handle("logs", "FilterLogEvents", func(call Call) Answer { return filterLogs(cloud, call, size) })
}

type logEvent struct {
	EventID       string `json:"eventId"`
	IngestionTime int64  `json:"ingestionTime"`
	LogStreamName string `json:"logStreamName"`
	Message       string `json:"message"`
	Timestamp     int64  `json:"timestamp"`
}

// before is the order of CloudWatch: time of the event, then of its arrival, then its id.
func (e logEvent) before(other logEvent) int {
	if e.Timestamp != other.Timestamp {
		return int(e.Timestamp - other.Timestamp)
	}
	return strings.Compare(e.EventID, other.EventID)
}

func filterLogs(cloud *Cloud, call Call, size int) Answer {
	var input struct {
		LogGroupName, NextToken, FilterPattern string
		StartTime, EndTime                     int64
		Limit                                  *int
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if input.LogGroupName == "" {
		return *refused("InvalidParameterException", "a log group has to be named")
	}
	if input.Limit != nil && (*input.Limit < 1 || *input.Limit > 10000) {
		return *refused("InvalidParameterException", "limit is from 1 to 10000")
	}
	if input.Limit != nil {
		size = min(size, *input.Limit)
	}
	matches, problem := readPattern(input.FilterPattern)
	if problem != "" {
		return *refused("InvalidParameterException", "Invalid filter pattern: %s", problem)
	}
	query := struct{ Group, Pattern string }{input.LogGroupName, input.FilterPattern}
	var token struct {
		Query any
		After logEvent
	}
	if input.NextToken != "" && json.Unmarshal([]byte(input.NextToken), &token) != nil {
		return *refused("InvalidParameterException", "The specified nextToken is invalid.")
	}
	if input.NextToken != "" && !sameJSON(token.Query, query) {
		return *refused("InvalidParameterException", "The specified nextToken is invalid for this query.")
	}
	ask := map[string]any{"logGroupName": input.LogGroupName, "startTime": input.StartTime, "interleaved": true}
	if input.EndTime != 0 {
		ask["endTime"] = input.EndTime
	}
	var all struct{ Events []logEvent }
	if answer := cloud.ask(call, "logs", logsTarget+"FilterLogEvents", ask, &all); answer != nil {
		return *answer
	}
	slices.SortFunc(all.Events, logEvent.before)
	page := []logEvent{}
	more := input.NextToken == "" && len(all.Events) > 0 // the empty first page
	for _, event := range all.Events {
		if more || !matches(event.Message) || event.before(token.After) <= 0 {
			continue
		}
		if len(page) == size {
			more = true
			break
		}
		page = append(page, event)
	}
	output := map[string]any{"events": page, "searchedLogStreams": []any{}}
	if more {
		after := token.After
		if len(page) > 0 {
			after = page[len(page)-1]
		}
		text, _ := json.Marshal(map[string]any{"Query": query, "After": after}) // strings and numbers can be written
		output["nextToken"] = string(text)
	}
	return reply(output)
}

func sameJSON(a, b any) bool {
	first, _ := json.Marshal(a)
	second, _ := json.Marshal(b)
	var x, y map[string]any
	return json.Unmarshal(first, &x) == nil && json.Unmarshal(second, &y) == nil && x["Group"] == y["Group"] && x["Pattern"] == y["Pattern"]
}

var (
	jsonEquality = regexp.MustCompile(`^\{\s*\$\.([A-Za-z0-9_]+)\s*=\s*(?:"([^"]*)"|([0-9.]+))\s*\}$`)
	plainTerm    = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// readPattern reads a filter pattern. Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func readPattern(pattern string) (matches func(string) bool, problem string) {
	if len(pattern) > 1024 {
		return nil, "it is longer than 1024 characters"
	}
	if strings.HasPrefix(pattern, "{") {
		found := jsonEquality.FindStringSubmatch(pattern)
		if found == nil {
			return nil, "the fake reads one equality of a JSON field"
		}
		return func(message string) bool {
			var fields map[string]json.RawMessage
			return json.Unmarshal([]byte(message), &fields) == nil && strings.Trim(string(fields[found[1]]), `"`) == found[2]+found[3]
		}, ""
	}
	var all, any, none []string
	for rest := strings.TrimSpace(pattern); rest != ""; rest = strings.TrimSpace(rest) {
		into := &all
		switch rest[0] {
		case '?':
			into, rest = &any, rest[1:]
		case '-':
			into, rest = &none, rest[1:]
		}
		term, after, problem := readTerm(rest)
		if problem != "" {
			return nil, problem
		}
		*into, rest = append(*into, term), after
	}
	return func(message string) bool {
		in := func(term string) bool { return strings.Contains(message, term) }
		return !slices.ContainsFunc(all, func(term string) bool { return !in(term) }) && !slices.ContainsFunc(none, in) && (len(any) == 0 || slices.ContainsFunc(any, in))
	}, ""
}

// readTerm reads one term: letters, digits and underscores, or anything in double quotes.
func readTerm(text string) (term, rest, problem string) {
	if !strings.HasPrefix(text, `"`) {
		term, rest, _ = strings.Cut(text, " ")
		if !plainTerm.MatchString(term) {
			return "", "", "the term " + term + " has to stand in double quotes"
		}
		return term, rest, ""
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i++; i == len(text) {
				return "", "", "it ends with a backslash"
			}
			out.WriteByte(text[i])
		case '"':
			return out.String(), text[i+1:], ""
		default:
			out.WriteByte(text[i])
		}
	}
	return "", "", "a double quote is not closed"
}
