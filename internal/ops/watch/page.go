package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Line is one line of a status, with a key that stays the same from look to look.
type Line struct{ Key, Text string }

// Lines are a status in lines, part by part: what a person sees, and what is compared to tell what has changed.
func (s Status) Lines() []Line {
	var lines []Line
	add := func(key, format string, a ...any) {
		lines = append(lines, Line{Key: key, Text: fmt.Sprintf(format, a...)})
	}
	for _, service := range s.Services {
		text := fmt.Sprintf("%d desired, %d running, %d pending\t%s\t%s\tsince %s", service.Desired, service.Running, service.Pending,
			service.TaskDefinition, ShortImage(service.Image), moment(service.Since))
		if service.State != "ACTIVE" {
			text = service.State
		}
		add("service "+service.Name, "%s", text)
	}
	for _, d := range s.Deployments {
		var traffic []string
		for _, label := range slices.Sorted(maps.Keys(d.Traffic)) {
			traffic = append(traffic, fmt.Sprintf("%s %g%%", label, d.Traffic[label]))
		}
		add("deployment "+d.ID, "%s %s since %s\t%s\t%s", d.Service, d.State, moment(d.Since), strings.Join(traffic, ", "), d.Step)
	}
	if d := s.Database; d != nil {
		zones := "one zone"
		if d.MultiAZ {
			zones = "multi-AZ"
		}
		add("database "+d.Identifier, "%s, %s, %s, %s, %d GB %s", d.State, d.Engine, d.Class, zones, d.StorageGB, d.Storage)
		for _, change := range d.Modified {
			add("database change "+change, "waits for the maintenance window")
		}
		for _, action := range d.Pending {
			when := "no date yet"
			if action.Applies != nil {
				when = "on " + moment(*action.Applies)
			}
			add("database maintenance "+action.Action, "%s, %s", action.Description, when)
		}
	}
	for _, queue := range s.Queues {
		if queue.Messages > 0 {
			add("dead letters "+queue.Function, "%s in %s", counted(queue.Messages, "message"), queue.Name)
		}
	}
	for _, alarm := range s.Alarms {
		note := ""
		if alarm.Part {
			note = " (one window of a burn rate, no alarm by itself)"
		}
		add("alarm "+alarm.Name, "in ALARM in %s since %s%s: %s", alarm.Region, moment(alarm.Since), note, alarm.Reason)
	}
	for _, gap := range s.Gaps {
		add("gap "+gap.Part, "could not be read: %s", strings.ReplaceAll(gap.Why, "\n  what to do: ", "; what to do: "))
	}
	return lines
}

// Page is the status on one screen.
func (s Status) Page() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  account %s  %s  %s\n\n", s.Environment, s.Account, s.Region, moment(s.At))
	// Cells of each part line up among themselves.
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, line := range s.Lines() {
		fmt.Fprintf(table, "%s\t%s\n", line.Key, line.Text)
	}
	_ = table.Flush() // a Builder takes everything
	for _, part := range []struct {
		none bool
		text string
	}{
		{len(s.Deployments) == 0 && !s.missing("deployments"), "no deployment under way"},
		{!slices.ContainsFunc(s.Queues, func(q Queue) bool { return q.Messages > 0 }) && !s.missing("queues"), "no dead letters"},
		{len(s.Alarms) == 0 && !s.missing("alarms"), "no alarm in ALARM"},
	} {
		if part.none {
			fmt.Fprintln(&text, part.text)
		}
	}
	return text.String()
}

// unread tells whether a line belongs to a part that could not be read.
func (s Status) unread(key string) bool {
	for part, beginning := range map[string]string{"services": "service ", "deployments": "deployment ", "database": "database ", "queues": "dead letters ", "alarms": "alarm "} {
		if strings.HasPrefix(key, beginning) {
			return s.missing(part)
		}
	}
	return false
}

func (s Status) missing(part string) bool {
	return slices.ContainsFunc(s.Gaps, func(gap Gap) bool { return gap.Part == part })
}

// Changed are the lines that differ from an earlier look; what has gone is said too.
func (s Status) Changed(before Status) []string {
	was := map[string]string{}
	for _, line := range before.Lines() {
		was[line.Key] = line.Text
	}
	var changed []string
	for _, line := range s.Lines() {
		text, known := was[line.Key]
		delete(was, line.Key)
		if !known || text != line.Text {
			changed = append(changed, line.Key+": "+strings.ReplaceAll(line.Text, "\t", ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		// Of a part that could not be read nothing is known: it is not over.
		if s.unread(key) {
			continue
		}
		changed = append(changed, key+": over")
	}
	return changed
}

// ShortImage is an image with its digest cut to twelve digits: repository@sha256:0123456789ab.
func ShortImage(image string) string {
	name, digest, found := strings.Cut(image, "@sha256:")
	name = name[strings.LastIndex(name, "/")+1:]
	if !found {
		return name
	}
	return name + "@sha256:" + digest[:min(12, len(digest))]
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
