package engine

import (
	"context"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Progress is where one operation of one stack stands.
type Progress struct {
	Stack   string
	Phase   Phase
	Done    int      // resources finished
	Total   int      // resources known so far; grows while the program still runs
	Current []string // resources being worked on, as "type name", the longest running first
	Elapsed time.Duration
	Ended   bool // the operation is over; the last Progress of its phase
	Failed  bool // with Ended: it did not succeed
}

// Phase is the part of the work that a Progress belongs to.
type Phase string

// The phases of a rehearsal, in their order, and those of other operations.
const (
	PhasePrepare Phase = "preparing"
	PhaseUp      Phase = "first up"
	PhaseAgain   Phase = "second up"
	PhaseDestroy Phase = "destroy"
	PhaseRefresh Phase = "refresh"
	PhasePreview Phase = "preview"
	PhaseDeploy  Phase = "deployment"
)

// Observer receives progress, one call at a time. It must not block for long.
type Observer func(Progress)

// Change is what an operation did, or would do, to one resource.
type Change struct {
	URN   string   `json:"urn"`
	Type  string   `json:"type"`
	Op    string   `json:"op"`
	Paths []string `json:"paths"` // property paths that differ, sorted
}

// tracker follows the events of one operation. Its methods are safe for concurrent use.
type tracker struct {
	stack    string
	phase    Phase
	observer Observer
	start    time.Time

	telling sync.Mutex // held while the observer is called
	ended   bool       // guarded by telling

	mu       sync.Mutex
	expected map[string]bool // type::name of what the program registered itself
	seen     map[string]bool // URNs the engine started on
	running  map[string]time.Time
	finished map[string]bool
	changes  []Change
	diags    []apitype.DiagnosticEvent
	failed   []apitype.StepEventMetadata
	creates  []apitype.StepEventMetadata // what is made, or would be
	steps    []apitype.StepEventMetadata // every finished step with its values, where detailed says so
	detailed bool

	guard   func(urn string, verb Verb) error // see UpOptions
	stop    context.CancelCauseFunc
	summary *apitype.SummaryEvent
}

func newTracker(stack string, phase Phase, observer Observer) *tracker {
	if observer == nil {
		observer = func(Progress) {}
	}
	return &tracker{
		stack: stack, phase: phase, observer: observer, start: time.Now(),
		expected: map[string]bool{}, seen: map[string]bool{}, finished: map[string]bool{}, running: map[string]time.Time{},
	}
}

// counting wraps a program so that each resource counts towards the total the moment it is registered, before
// the engine hears of it: registrations wait for the outputs they depend on, so that the engine's own count
// would grow until the end.
func (t *tracker) counting(program pulumi.RunFunc) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			if _, custom := args.Resource.(pulumi.CustomResource); custom {
				t.expect(args.Type, args.Name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}

// expect adds a resource to the total. Providers are no part of what is made.
func (t *tracker) expect(kind, name string) {
	if strings.HasPrefix(kind, providerPrefix) {
		return
	}
	t.mu.Lock()
	t.expected[kind+"::"+name] = true
	t.mu.Unlock()
	t.report()
}

// follow consumes events until the stream ends. finished is closed when the operation has returned; the stream
// of an operation that failed before its engine started is never closed by the Automation API.
func (t *tracker) follow(stream <-chan events.EngineEvent, finished <-chan struct{}) {
	for {
		select {
		case event, open := <-stream:
			if !open {
				return
			}
			t.take(event)
		case <-finished:
			t.drain(stream)
			return
		}
	}
}

// drain takes what is still on its way. Events are handed over synchronously, so that a short silence after the
// operation's return means that there are no more.
func (t *tracker) drain(stream <-chan events.EngineEvent) {
	for {
		select {
		case event, open := <-stream:
			if !open {
				return
			}
			t.take(event)
		case <-time.After(200 * time.Millisecond):
			return
		}
	}
}

func (t *tracker) take(event events.EngineEvent) {
	if event.Error != nil {
		return // the stream itself broke; the operation reports its own outcome
	}
	t.mu.Lock()
	changed := true
	switch {
	case event.ResourcePreEvent != nil:
		t.begin(event.ResourcePreEvent.Metadata)
		t.ask(event.ResourcePreEvent.Metadata)
		if op := event.ResourcePreEvent.Metadata.Op; op == apitype.OpCreate || op == apitype.OpCreateReplacement {
			t.creates = append(t.creates, event.ResourcePreEvent.Metadata)
		}
	case event.ResOutputsEvent != nil:
		t.finish(event.ResOutputsEvent.Metadata)
	case event.ResOpFailedEvent != nil:
		t.finishURN(event.ResOpFailedEvent.Metadata.URN)
		t.failed = append(t.failed, event.ResOpFailedEvent.Metadata)
	case event.DiagnosticEvent != nil:
		t.diags = append(t.diags, *event.DiagnosticEvent)
	case event.SummaryEvent != nil:
		t.summary = event.SummaryEvent
	default:
		changed = false
	}
	t.mu.Unlock()
	if changed {
		t.report()
	}
}

// begin and finish expect the lock to be held.
func (t *tracker) begin(step apitype.StepEventMetadata) {
	if !countable(step) {
		return
	}
	t.seen[step.URN] = true
	if _, ok := t.running[step.URN]; !ok && step.Op != apitype.OpSame {
		t.running[step.URN] = time.Now()
	}
}

// ask stops the operation before it goes further than its guard allows.
func (t *tracker) ask(step apitype.StepEventMetadata) {
	verb := verbs[step.Op]
	if t.guard == nil || verb != VerbReplace && verb != VerbDelete || step.Old == nil || !isReal(*step.Old, step.Type) {
		return
	}
	if err := t.guard(step.URN, verb); err != nil {
		t.stop(err)
	}
}

func (t *tracker) finish(step apitype.StepEventMetadata) {
	t.finishURN(step.URN)
	if t.detailed {
		t.steps = append(t.steps, step)
	}
	if isChange(step) {
		t.changes = append(t.changes, Change{
			URN: step.URN, Type: step.Type, Op: string(step.Op), Paths: diffPaths(step),
		})
	}
	if countable(step) {
		t.finished[step.URN] = true
	}
}

func (t *tracker) finishURN(urn string) { delete(t.running, urn) }

// countable keeps to what exists in the cloud: no components, no providers. Of a replacement, the steps that only
// mark things are left out.
func countable(step apitype.StepEventMetadata) bool {
	switch step.Op {
	case apitype.OpReplace, apitype.OpDeleteReplaced, apitype.OpDiscardReplaced, apitype.OpReadDiscard, apitype.OpReadReplacement:
		return false
	}
	state := step.New
	if state == nil {
		state = step.Old
	}
	return state != nil && state.Custom && !strings.HasPrefix(step.Type, providerPrefix)
}

// isChange reports whether a finished step altered something. A component has no state of its own: its steps follow
// from its outputs. What only the bookkeeping of a refresh touches arrives as "same" or "refresh".
func isChange(step apitype.StepEventMetadata) bool {
	switch step.Op {
	case apitype.OpSame, apitype.OpRefresh, apitype.OpRead, apitype.OpReadDiscard, apitype.OpDiscardReplaced:
		return false
	}
	return true
}

// diffPaths lists the properties that differ in a step, sorted.
func diffPaths(step apitype.StepEventMetadata) []string {
	set := map[string]bool{}
	for path := range step.DetailedDiff {
		set[path] = true
	}
	if len(set) == 0 {
		for _, key := range step.Diffs {
			set[key] = true
		}
	}
	paths := make([]string, 0, len(set))
	for path := range set {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths
}

// report tells the observer where things stand.
func (t *tracker) report() { t.tell(false, nil) }

// end tells the observer that the operation is over; nothing is reported after it.
func (t *tracker) end(err error) { t.tell(true, err) }

func (t *tracker) tell(end bool, err error) {
	t.telling.Lock()
	defer t.telling.Unlock()
	if t.ended {
		return
	}
	t.ended = end
	t.mu.Lock()
	progress := t.progress()
	t.mu.Unlock()
	progress.Ended, progress.Failed = end, err != nil
	t.observer(progress)
}

func (t *tracker) progress() Progress {
	total := len(t.expected)
	// Children of a remote component are registered by its provider, out of this program's sight.
	for urn := range t.seen {
		if u := resource.URN(urn); !t.expected[string(u.Type())+"::"+u.Name()] {
			total++
		}
	}
	type started struct {
		urn string
		at  time.Time
	}
	running := make([]started, 0, len(t.running))
	for urn, at := range t.running {
		running = append(running, started{urn, at})
	}
	sort.Slice(running, func(i, j int) bool {
		if running[i].at.Equal(running[j].at) {
			return running[i].urn < running[j].urn
		}
		return running[i].at.Before(running[j].at)
	})
	current := make([]string, 0, len(running))
	for _, r := range running {
		current = append(current, describeURN(r.urn))
	}
	return Progress{
		Stack: t.stack, Phase: t.phase, Done: min(len(t.finished), total), Total: total, Current: current,
		Elapsed: time.Since(t.start),
	}
}

// heartbeat reports once a second until ctx ends, so that a display shows the time passing.
func (t *tracker) heartbeat(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.report()
		}
	}
}

// engineSeconds is the duration that the engine's summary reports. The engine rounds it to whole seconds.
func (t *tracker) engineSeconds() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.summary == nil {
		return 0
	}
	return float64(t.summary.DurationSeconds)
}

// outcome returns the changes in a stable order and the problems the operation met.
func (t *tracker) outcome(opErr error) ([]Change, []Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changes := append([]Change(nil), t.changes...)
	sort.SliceStable(changes, func(i, j int) bool { return changes[i].URN < changes[j].URN })
	return changes, collectProblems(t.diags, t.failed, opErr)
}

// describeURN is a resource as people name it: the short type and the name.
func describeURN(urn string) string {
	u := resource.URN(urn)
	if !u.IsValid() {
		return urn
	}
	return shortType(string(u.Type())) + " " + u.Name()
}

// shortType is the last part of a type token: aws:ec2/vpc:Vpc is Vpc.
func shortType(token string) string {
	return token[strings.LastIndex(token, ":")+1:]
}
