package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// The sides.
const (
	bareSide    = "bare"
	backendSide = "backend"
)

// conversations are the open connections of the load: enough that the server always has something to do.
const conversations = 16

// Health is what a request for the health costs.
type Health struct {
	// ServerCPUs and LoadCPUs are the processors of each; Separate says whether they were kept apart.
	ServerCPUs  int  `json:"serverCpus"`
	LoadCPUs    int  `json:"loadCpus"`
	Separate    bool `json:"separate"`
	Connections int  `json:"connections"`
	Rounds      int  `json:"rounds"`
	// Paths are /live and /health, each beside the bare handler.
	Paths []Comparison `json:"paths"`
}

// Comparison is one path at both sides. Ratios are made within a round, of measurements a second apart.
type Comparison struct {
	Path string `json:"path"`
	// CPU is the server's own time for a request, Elapsed the time on the clock, both in microseconds.
	BareCPU        spread `json:"bareCpuMicros"`
	BackendCPU     spread `json:"backendCpuMicros"`
	CPURatio       spread `json:"cpuRatio"`
	BareElapsed    spread `json:"bareElapsedMicros"`
	BackendElapsed spread `json:"backendElapsedMicros"`
	ElapsedRatio   spread `json:"elapsedRatio"`
	// Busy is how much of its processors the backend used: near 1 the server, and not the load, set the pace.
	Busy spread `json:"backendBusy"`
}

// share divides the processors: the server gets half of them, and one at least.
func share(cpus int, pinning bool) (server, load int, separate bool) {
	if cpus < 2 || !pinning {
		return 0, 0, false
	}
	return cpus / 2, cpus - cpus/2, true
}

// sample is one side asked for one path in one round.
type sample struct{ cpu, elapsed, busy float64 }

func measureHealth(ctx context.Context, o options) (found Health, err error) {
	serverCPUs, loadCPUs, separate := share(usable(), canPin)
	found = Health{ServerCPUs: serverCPUs, LoadCPUs: loadCPUs, Separate: separate, Connections: conversations, Rounds: o.rounds}
	if !separate {
		found.ServerCPUs, found.LoadCPUs = usable(), usable()
	}
	var unpinned error
	defer func() { err = errors.Join(err, unpinned) }()
	sides := map[string]*process{}
	for _, name := range []string{bareSide, backendSide} {
		side, err := startSide(ctx, name, found.ServerCPUs, separate)
		if err != nil {
			return found, err
		}
		defer side.stop()
		sides[name] = side
	}
	// The load takes the other processors for as long as it is measured here.
	if separate {
		free, err := pin(serverCPUs, loadCPUs)
		if err != nil {
			return found, err
		}
		before := runtime.GOMAXPROCS(loadCPUs)
		defer func() {
			runtime.GOMAXPROCS(before)
			unpinned = free()
		}()
	}
	for _, path := range []string{"/live", "/health"} {
		samples := map[string][]sample{}
		order := []string{bareSide, backendSide}
		// One round more: the first one fills caches and pools, and is not counted.
		for round := range o.rounds + 1 {
			for _, name := range order {
				one, err := sides[name].sample(ctx, path, o.round, found.ServerCPUs)
				if err != nil {
					return found, fmt.Errorf("%s, %s: %w", name, path, err)
				}
				if round > 0 {
					samples[name] = append(samples[name], one)
				}
			}
			order[0], order[1] = order[1], order[0]
		}
		found.Paths = append(found.Paths, compare(path, samples[bareSide], samples[backendSide]))
	}
	return found, nil
}

func compare(path string, bare, backend []sample) Comparison {
	pick := func(from []sample, what func(sample) float64) spread {
		var values []float64
		for _, one := range from {
			values = append(values, what(one))
		}
		return spreadOf(values)
	}
	cpu, elapsed := func(s sample) float64 { return s.cpu }, func(s sample) float64 { return s.elapsed }
	ratios := make([]sample, len(bare))
	for i := range bare {
		ratios[i] = sample{cpu: backend[i].cpu / bare[i].cpu, elapsed: backend[i].elapsed / bare[i].elapsed}
	}
	return Comparison{
		Path: path, BareCPU: pick(bare, cpu), BackendCPU: pick(backend, cpu), CPURatio: pick(ratios, cpu),
		BareElapsed: pick(bare, elapsed), BackendElapsed: pick(backend, elapsed), ElapsedRatio: pick(ratios, elapsed),
		Busy: pick(backend, func(s sample) float64 { return s.busy }),
	}
}

// process is a side in a process of its own.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	caller  *caller
}

func startSide(ctx context.Context, name string, cpus int, separate bool) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	count := 0
	if separate {
		count = cpus
	}
	p := &process{command: exec.CommandContext(ctx, self, serveCommand, name, "0", strconv.Itoa(count))}
	p.command.Stderr = os.Stderr
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the side %s: %w", name, err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the side %s: %w", name, err)
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the side %s: %w", name, err)
	}
	p.answers = json.NewDecoder(bufio.NewReader(out))
	var first used
	if err := p.answers.Decode(&first); err != nil {
		p.stop()
		return nil, fmt.Errorf("starting the side %s: %w", name, err)
	}
	if p.caller, err = dial(ctx, first.Address, conversations); err != nil {
		p.stop()
		return nil, fmt.Errorf("connecting to the side %s: %w", name, err)
	}
	return p, nil
}

// stop ends the side: it ends when its input does.
func (p *process) stop() {
	var err error
	if p.caller != nil {
		err = p.caller.close()
	}
	err = errors.Join(err, p.in.Close(), p.command.Wait())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: ending a side:", err)
	}
}

func (p *process) used() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return 0, err
	}
	var now used
	err := p.answers.Decode(&now)
	return now.CPU, err
}

func (p *process) sample(ctx context.Context, path string, long time.Duration, cpus int) (sample, error) {
	before, err := p.used()
	if err != nil {
		return sample{}, fmt.Errorf("reading the used time: %w", err)
	}
	count, took, err := p.caller.ask(ctx, path, long)
	if err != nil {
		return sample{}, err
	}
	after, err := p.used()
	if err != nil {
		return sample{}, fmt.Errorf("reading the used time: %w", err)
	}
	if count == 0 {
		return sample{}, errors.New("no request was answered")
	}
	cpu := after - before
	return sample{
		cpu: micros(cpu) / float64(count), elapsed: micros(took) / float64(count), busy: float64(cpu) / float64(took) / float64(cpus),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
