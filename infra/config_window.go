package infra

import (
	"slices"
	"strconv"
	"strings"
)

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
	// shortestWindow is what RDS asks of both windows, in minutes.
	shortestWindow = 30
)

// window is a span of time in minutes since its period began; an end before the start lies in the next period.
type window struct{ start, end, period int }

func (w window) length() int { return (w.end - w.start + w.period) % w.period }

// dailyWindow reads hh:mm-hh:mm. ok is false for a time of day that no clock shows.
func dailyWindow(text string) (w window, ok bool) {
	from, to, _ := strings.Cut(text, "-")
	start, okStart := clock(from)
	end, okEnd := clock(to)
	return window{start, end, minutesOfDay}, okStart && okEnd
}

// weeklyWindow reads ddd:hh:mm-ddd:hh:mm.
func weeklyWindow(text string) (w window, ok bool) {
	from, to, _ := strings.Cut(text, "-")
	start, okStart := weekClock(from)
	end, okEnd := weekClock(to)
	return window{start, end, minutesOfWeek}, okStart && okEnd
}

func clock(text string) (minutes int, ok bool) {
	hours, rest, _ := strings.Cut(text, ":")
	h, errHours := strconv.Atoi(hours)
	m, errMinutes := strconv.Atoi(rest)
	return h*60 + m, errHours == nil && errMinutes == nil && h < 24 && m < 60
}

func weekClock(text string) (minutes int, ok bool) {
	name, rest, _ := strings.Cut(text, ":")
	day := slices.Index([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, name)
	minutes, ok = clock(rest)
	return day*minutesOfDay + minutes, ok && day >= 0
}

// overlap tells whether a daily and a weekly window share a minute.
func overlap(daily, weekly window) bool {
	for day := range 8 {
		start := day*minutesOfDay + daily.start - minutesOfDay
		end := start + daily.length()
		for _, shift := range []int{0, minutesOfWeek} {
			if start < weekly.start+weekly.length()-shift && weekly.start-shift < end {
				return true
			}
		}
	}
	return false
}

// windowRules hold RDS's demands on its two windows: it refuses the instance otherwise, after everything before it was made.
func (d DatabaseSettings) windowRules(problems *problemList) {
	const backupPath, maintenancePath = "itrack:database.backupWindow", "itrack:database.maintenanceWindow"
	daily, okDaily := dailyWindow(d.BackupWindow)
	weekly, okWeekly := weeklyWindow(d.MaintenanceWindow)
	switch {
	case !okDaily:
		problems.add(backupPath, d.BackupWindow, "is no span of the day: write hh:mm-hh:mm in UTC, such as 03:00-04:00")
	case daily.length() < shortestWindow:
		problems.add(backupPath, d.BackupWindow, "must be at least %d minutes long", shortestWindow)
	}
	switch {
	case !okWeekly:
		problems.add(maintenancePath, d.MaintenanceWindow, "is no span of the week: write ddd:hh:mm-ddd:hh:mm in UTC, such as sun:05:00-sun:06:00")
	case weekly.length() < shortestWindow || weekly.length() > minutesOfDay:
		problems.add(maintenancePath, d.MaintenanceWindow, "must be %d minutes to a day long", shortestWindow)
	case okDaily && overlap(daily, weekly):
		problems.add(maintenancePath, d.MaintenanceWindow, "must not overlap itrack:database.backupWindow (%s)", d.BackupWindow)
	}
}
