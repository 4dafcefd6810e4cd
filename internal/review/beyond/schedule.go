package beyond

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Every says how far apart the runs of an AWS schedule are: "every 24 hours". A schedule that is not understood is quoted.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html
func Every(schedule string) string {
	hours, known := gap(schedule)
	switch {
	case schedule == "":
		return "by hand only"
	case !known:
		return "by the schedule " + schedule
	case hours == 168:
		return "every week"
	case hours%24 == 0 && hours > 24:
		return fmt.Sprintf("at most every %d days", hours/24)
	case hours == 1:
		return "every hour"
	}
	return fmt.Sprintf("every %d hours", hours)
}

// gap is the longest time between two runs of a schedule, in hours.
func gap(schedule string) (int, bool) {
	kind, rest, cut := strings.Cut(strings.TrimSuffix(strings.TrimSpace(schedule), ")"), "(")
	fields := strings.Fields(rest)
	switch {
	case cut && kind == "rate" && len(fields) == 2:
		n, err := strconv.Atoi(fields[0])
		hours := map[string]int{"hour": 1, "hours": 1, "day": 24, "days": 24}[fields[1]]
		return n * hours, err == nil && hours > 0
	case cut && kind == "cron" && len(fields) == 6:
		return cronGap(fields)
	}
	return 0, false
}

// cronGap reads minutes, hours, days of the month, months, days of the week, years.
func cronGap(fields []string) (int, bool) {
	hours, ok := values(fields[1], 0, 23, nil)
	if !ok || fields[3] != "*" || fields[5] != "*" {
		return 0, false
	}
	open := func(field string) bool { return field == "*" || field == "?" }
	switch {
	case open(fields[2]) && open(fields[4]):
		return longest(hours, 24), true
	case open(fields[2]):
		weekdays, ok := values(fields[4], 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"})
		if !ok {
			return 0, false
		}
		return longest(weekdays, 7)*24 - span(hours), true
	case open(fields[4]):
		month, ok := values(fields[2], 1, 31, nil)
		if !ok {
			return 0, false
		}
		return longest(month, 31)*24 - span(hours), true
	}
	return 0, false
}

// span is the time from the first to the last run of a day.
func span(hours []int) int { return hours[len(hours)-1] - hours[0] }

// values are the numbers that a field of a cron expression means: *, lists, ranges, steps, names.
func values(field string, low, high int, names []string) ([]int, bool) {
	var out []int
	for _, part := range strings.Split(field, ",") {
		bounds, step, stepped := strings.Cut(part, "/")
		every, from, to := 1, low, high
		if stepped {
			n, err := strconv.Atoi(step)
			if err != nil || n < 1 {
				return nil, false
			}
			every = n
		}
		if bounds != "*" {
			first, last, ranged := strings.Cut(bounds, "-")
			var ok bool
			if from, ok = number(first, low, names); !ok {
				return nil, false
			}
			if ranged {
				if to, ok = number(last, low, names); !ok {
					return nil, false
				}
			} else if !stepped {
				to = from
			}
		}
		if from < low || to > high || from > to {
			return nil, false
		}
		for n := from; n <= to; n += every {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), len(out) > 0
}

func number(text string, low int, names []string) (int, bool) {
	if i := slices.Index(names, strings.ToUpper(text)); i >= 0 {
		return low + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// longest is the longest step between neighbours on a circle.
func longest(points []int, around int) int {
	most := points[0] + around - points[len(points)-1]
	for i := 1; i < len(points); i++ {
		most = max(most, points[i]-points[i-1])
	}
	return most
}
