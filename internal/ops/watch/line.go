package watch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// fields are those that a line names first, by the names that the services, Lambda and API Gateway give them.
var (
	levelFields   = []string{"level", "severity"}
	messageFields = []string{"msg", "message"}
	requestFields = []string{"requestId", "request_id", "AWSRequestId"}
	timeFields    = []string{"time", "timestamp", "epoch"}
)

// Text is a line as people read it: time, level, message, request id, then the other fields as name=value by name. A line
// that is no JSON object stands as it is. Control characters are written out: a log line must not steer a terminal.
func (e Event) Text() string {
	at := e.Time.UTC().Format("2006-01-02 15:04:05.000Z")
	message := strings.TrimRight(e.Message, "\r\n")
	decoder := json.NewDecoder(bytes.NewReader([]byte(message)))
	decoder.UseNumber()
	var fields map[string]any
	if decoder.Decode(&fields) != nil || decoder.More() || fields == nil {
		return at + "  " + printable(message)
	}
	take := func(names []string) string {
		for _, name := range names {
			value, ok := fields[name]
			if !ok {
				continue
			}
			delete(fields, name)
			return field(value)
		}
		return ""
	}
	level, text, request := strings.ToUpper(take(levelFields)), take(messageFields), take(requestFields)
	for _, name := range timeFields {
		delete(fields, name)
	}
	if _, access := fields["route"]; access && text == "" { // a line of the API's access log
		text = strings.Join([]string{take([]string{"method"}), take([]string{"path"}), take([]string{"status"})}, " ")
	}
	line := fmt.Sprintf("%s  %-5s  %s", at, level, text)
	if request != "" {
		line += "  requestId=" + request
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value := field(fields[name]); value != "" && value != "-" {
			line += "  " + name + "=" + value
		}
	}
	return printable(line)
}

// field is a value on one line: text as it is, everything else as JSON.
func field(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// printable writes control characters out, except tabs and line ends, which are indented.
func printable(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			out.WriteString("\n    ")
		case r == '\t':
			out.WriteRune(r)
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0:
			fmt.Fprintf(&out, "\\x%02x", r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// ParseSince reads how far back: a duration such as 15m, 2h or 3d, or a moment such as 2026-01-31T08:00:00Z.
func ParseSince(text string, now time.Time) (time.Duration, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		var count int
		if _, err := fmt.Sscanf(days+"\n", "%d\n", &count); err == nil && count > 0 {
			return time.Duration(count) * 24 * time.Hour, nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span > 0 {
		return span, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Before(now) {
		return now.Sub(at), nil
	}
	return 0, fmt.Errorf("%q is neither a time span such as 15m, 2h or 3d nor a past moment such as 2026-01-31T08:00:00Z", text)
}
