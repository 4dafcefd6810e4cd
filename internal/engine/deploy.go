package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
)

// UpOptions shape one deployment.
type UpOptions struct {
	Phase    Phase
	Refresh  bool // read the cloud's state first, so that drift becomes a change
	Parallel int  // concurrent operations; 0 means the engine's default
	// ContinueOnError goes on with what does not depend on a resource that failed, so that one run shows every problem.
	ContinueOnError bool
	Observer        Observer
	// Guard, if set, is asked about each replacement and deletion of what exists in the cloud, the moment the engine begins it.
	// An error ends the deployment as an interrupt does, with that error: what is in flight is finished, nothing further is
	// begun. Most replacements delete the old object at the very end, after the new one was made: then it is still there. Where
	// it goes first (deleteBeforeReplace, or a name that only one can have) its deletion may be in flight already.
	Guard func(urn string, verb Verb) error
}

// Outcome is what one operation did. It is filled in as far as the operation came, also when that failed.
type Outcome struct {
	Changes       []Change
	Problems      []Problem
	WallSeconds   float64 // the pulumi command alone
	EngineSeconds float64 // by the engine's summary, in whole seconds
}

// Up deploys the stack's program. Rehearsals and deployments both come through here.
//
// The error is nil when everything was made; otherwise it is the first of Outcome.Problems, or ctx's own error
// when the operation was cancelled (resources made so far stay, and are in the state).
func (s *Stack) Up(ctx context.Context, options UpOptions) (Outcome, error) {
	if outcome, err := s.ready(ctx); err != nil {
		return outcome, err
	}
	t, restore := s.follow(options)
	defer restore()
	asked := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t.guard, t.stop = options.Guard, stop
	outcome, err := s.operate(ctx, t, "up", func(stream chan<- events.EngineEvent) error {
		opts := []optup.Option{optup.EventStreams(stream), optup.Color("never"), optup.SuppressProgress()}
		if options.Refresh {
			opts = append(opts, optup.Refresh())
		}
		if options.Parallel > 0 {
			opts = append(opts, optup.Parallel(options.Parallel))
		}
		if options.ContinueOnError {
			opts = append(opts, optup.ContinueOnError())
		}
		_, err := s.auto.Up(ctx, opts...)
		return err
	})
	if cause := context.Cause(ctx); err == nil && cause != nil && asked.Err() == nil {
		err = cause // the guard's answer came too late to stop anything
	}
	s.sound = err == nil
	return outcome, err
}

// follow makes the tracker of an operation that runs the program, and counts what the program registers. The caller calls
// the returned function at the end.
func (s *Stack) follow(options UpOptions) (*tracker, func()) {
	t := newTracker(s.Name, options.Phase, options.Observer)
	workspace := s.auto.Workspace()
	program := workspace.Program()
	workspace.SetProgram(t.counting(program))
	return t, func() { workspace.SetProgram(program) }
}

// Destroy deletes what the stack made. It asks with a preview first, as the pulumi command does for a person: a protected
// resource then refuses before anything is deleted. Without that the engine would delete what stands before the protected
// one, and stop halfway. What only the cloud refuses ends it where it is.
func (s *Stack) Destroy(ctx context.Context, observer Observer) (Outcome, error) {
	if outcome, err := s.ready(ctx); err != nil {
		return outcome, err
	}
	t := newTracker(s.Name, PhaseDestroy, observer)
	state, err := s.Export(ctx)
	if err != nil {
		return Outcome{}, err
	}
	for urn, r := range state.byURN {
		if isCustom(r) {
			t.expect(string(urn.Type()), urn.Name())
		}
	}
	return s.operate(ctx, t, "destroy", func(stream chan<- events.EngineEvent) error {
		opts := []optdestroy.Option{optdestroy.EventStreams(stream), optdestroy.Color("never"), optdestroy.SuppressProgress()}
		if _, err := s.auto.PreviewDestroy(ctx, optdestroy.Color("never"), optdestroy.SuppressProgress()); err != nil {
			return err
		}
		_, err := s.auto.Destroy(ctx, opts...)
		return err
	})
}

// operate runs one operation with its events followed.
func (s *Stack) operate(ctx context.Context, t *tracker, command string, run func(chan<- events.EngineEvent) error) (Outcome, error) {
	beat, stop := context.WithCancel(ctx)
	defer stop()
	go t.heartbeat(beat)

	stream := make(chan events.EngineEvent)
	finished, followed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(followed)
		t.follow(stream, finished)
	}()
	err := run(stream)
	close(finished)
	<-followed
	stop()
	t.end(err)

	changes, problems := t.outcome(err)
	outcome := Outcome{
		Changes: changes, WallSeconds: s.cli.took(command).Seconds(), EngineSeconds: t.engineSeconds(),
	}
	if err == nil {
		return outcome, nil
	}
	outcome.Problems = problems
	if ctx.Err() != nil {
		return outcome, fmt.Errorf("%s of %s was cancelled: %w", command, s.Name, context.Cause(ctx))
	}
	if len(problems) > 0 {
		return outcome, fmt.Errorf("%s of %s: %w", command, s.Name, problems[0])
	}
	return outcome, fmt.Errorf("%s of %s: %w", command, s.Name, Explain(err))
}

// Export reads the stack's state.
func (s *Stack) Export(ctx context.Context) (*State, error) {
	raw, err := s.auto.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("exporting %s: %w", s.Name, Explain(err))
	}
	return parseState(raw)
}

// cancelled reports whether an error is the caller's wish to stop.
func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
