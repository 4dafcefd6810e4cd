package page

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
)

// Repair writes what a repair found and did.
func Repair(streams cmdutil.IOStreams, report engine.RepairReport) error {
	w := &writer{out: streams.Out, color: streams.Color, width: maxWidth}
	w.printf("%s\n", w.paint("1", strings.ToUpper(report.Stack)))
	w.locks(report)
	w.decisions("Interrupted", report.Interrupted, report.DryRun)
	w.decisions("Made, not in the state, about to be made again", report.Planned, report.DryRun)
	if len(report.Drift) > 0 {
		w.heading("Differs from the state, which has it now")
		for _, change := range report.Drift {
			what := strings.Join(change.Paths, ", ")
			if change.Op == "delete" {
				what = "does not exist any more"
			}
			w.printf("    %s: %s\n", resourceName(change.URN, change.Type), what)
		}
	}
	for _, orphan := range report.Deleted {
		w.printf("\n  deleted the orphan %s %s\n", orphan.Type, orphan.ID)
	}
	if len(report.Orphans) > 0 {
		w.heading("Orphans: tagged as this stack's, in no state")
		for _, orphan := range report.Orphans {
			w.printf("    %s %s (%s); --delete-orphan %s deletes it\n", orphan.Type, orphan.ID, orphan.Region, orphan.ID)
		}
	}
	if len(report.Locks)+len(report.Interrupted)+len(report.Planned)+len(report.Drift)+len(report.Orphans)+len(report.Deleted) == 0 {
		w.printf("\n  nothing to repair\n")
	}
	return w.err
}

func (w *writer) locks(report engine.RepairReport) {
	if len(report.Locks) == 0 {
		return
	}
	w.heading("Locks")
	for _, lock := range report.Locks {
		w.printf("    %s  %s on %s, pid %d, since %s: %s\n", lock.ID, lock.User, lock.Host, lock.PID,
			lock.Time.Format("2006-01-02 15:04:05 MST"), holderWords[lock.Holder])
	}
}

var holderWords = map[engine.Holder]string{
	engine.HolderAlive:     "it is running",
	engine.HolderDead:      "it is gone",
	engine.HolderElsewhere: "another host; name the lock with --unlock once it is known to be gone",
}

// actionWords say what was done, and what would be.
var actionWords = map[engine.Action][2]string{
	engine.ActionAdopt:   {"adopted", "would adopt"},
	engine.ActionClear:   {"cleared", "would clear"},
	engine.ActionRefresh: {"refreshed", "would refresh"},
	engine.ActionOpen:    {"open", "open"},
}

func (w *writer) decisions(title string, decisions []engine.Decision, dry bool) {
	if len(decisions) == 0 {
		return
	}
	w.heading(title)
	for _, d := range decisions {
		words := actionWords[d.Action]
		said := words[0]
		if dry {
			said = words[1]
		}
		id := ""
		if d.ID != "" {
			id = " " + d.ID
		}
		w.printf("    %-13s %s%s: %s\n", said, resourceName(d.URN, d.Type), id, d.Why)
		if d.Action == engine.ActionOpen {
			w.printf("    %-13s %s\n", "", fmt.Sprintf("--adopt '%s=ID' or --clear '%s'", d.URN, d.URN))
		}
	}
}
