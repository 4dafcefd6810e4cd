package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/internal/devenv"
)

// Start is how long the built binary takes from its start to the first 200 of /live.
type Start struct {
	Count  int    `json:"count"`
	Millis spread `json:"millis"`
}

// Memory is what the built binary holds resident, in MiB.
type Memory struct {
	Connections int `json:"connections"`
	// Idle is before the first connection, Open with all connections open, each of which has read an item; HashingPeak is the
	// highest ever, after a crowd of sign-ups at once besides.
	Idle        float64 `json:"idleMiB"`
	Open        float64 `json:"openMiB"`
	HashingPeak float64 `json:"hashingPeakMiB"`
}

// place is the built binary, and the emulator that it works with.
type place struct {
	folder, binary, moto string
	stopMoto             func()
}

// newPlace builds the backend as its image does, for the system it runs on, and starts moto.
func newPlace(ctx context.Context, say func(string, ...any)) (_ *place, err error) {
	p := &place{}
	if p.folder, err = os.MkdirTemp("", "itrack-bench"); err != nil {
		return nil, fmt.Errorf("making a folder for the binary: %w", err)
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	say("building the backend and starting moto")
	p.binary = filepath.Join(p.folder, "backend")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata", "-ldflags", "-s -w", "-o", p.binary,
		"github.com/itrack/itrack/app/backend")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the backend: %w\n%s", err, said)
	}
	if p.moto, p.stopMoto, err = devenv.Moto(ctx, ".", os.Stderr); err != nil {
		return nil, fmt.Errorf("%w; run bench at the top of the repository", err)
	}
	return p, nil
}

func (p *place) close() {
	if p.stopMoto != nil {
		p.stopMoto()
	}
	if err := os.RemoveAll(p.folder); err != nil {
		fmt.Fprintln(os.Stderr, "bench: removing the built binary:", err)
	}
}

// backend is the running binary.
type backend struct {
	command *exec.Cmd
	address string
}

// environment is what the task definition sets; there is no database, which neither /live nor items ask.
func (p *place) environment(port int) []string {
	return []string{
		"PORT=" + strconv.Itoa(port), "ENVIRONMENT=bench", "ITEMS_TABLE=" + itemsTable, "HISTORY_TABLE=" + historyTable,
		"DB_HOST=127.0.0.1", "DB_PORT=1", "DB_NAME=itrack", "DB_USER=itrack", "DB_PASSWORD=none", "DB_TLS=off",
		"JWT_SECRET=" + signingKey, "API_KEY=" + apiKey, "DRAIN_SECONDS=0", "SHUTDOWN_SECONDS=5",
		"AWS_REGION=" + region, "AWS_ENDPOINT_URL=" + p.moto, "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_EC2_METADATA_DISABLED=true",
	}
}

// start starts the binary and gives the time until /live answers. It asks again at once when the port is still closed.
func (p *place) start(ctx context.Context) (*backend, time.Duration, error) {
	port, err := freePort()
	if err != nil {
		return nil, 0, err
	}
	b := &backend{command: exec.CommandContext(ctx, p.binary), address: "127.0.0.1:" + strconv.Itoa(port)}
	b.command.Env, b.command.Stderr = p.environment(port), os.Stderr
	started := time.Now()
	if err := b.command.Start(); err != nil {
		return nil, 0, fmt.Errorf("starting the backend: %w", err)
	}
	for time.Since(started) < answerPatience && ctx.Err() == nil {
		if c, err := dial(ctx, b.address, 1); err == nil {
			err = c.connections[0].exchangeOnce(get("/live"))
			took := time.Since(started)
			if err := errors.Join(err, c.close()); err != nil {
				return nil, 0, errors.Join(err, b.stop())
			}
			return b, took, nil
		}
		time.Sleep(200 * time.Microsecond)
	}
	return nil, 0, errors.Join(fmt.Errorf("the backend does not answer /live within %v", answerPatience), ctx.Err(), b.stop())
}

func (b *backend) stop() error {
	_ = b.command.Process.Signal(syscall.SIGTERM) // one that has ended is told by Wait
	if err := b.command.Wait(); err != nil {
		return fmt.Errorf("ending the backend: %w", err)
	}
	return nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("looking for a free port: no TCP address"), listener.Close())
	}
	return address.Port, listener.Close()
}

func get(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

func (p *place) measureStart(ctx context.Context, count int) (Start, error) {
	var millis []float64
	// One start more: the first one reads the file from the disk, and is not counted.
	for i := range count + 1 {
		b, took, err := p.start(ctx)
		if err != nil {
			return Start{}, err
		}
		if err := b.stop(); err != nil {
			return Start{}, err
		}
		if i > 0 {
			millis = append(millis, micros(took)/1000)
		}
	}
	return Start{count, spreadOf(millis)}, nil
}

func (p *place) measureMemory(ctx context.Context, count int) (_ Memory, err error) {
	b, _, err := p.start(ctx)
	if err != nil {
		return Memory{}, err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	found := Memory{Connections: count}
	if found.Idle, err = resident(b.command.Process.Pid, "VmRSS"); err != nil {
		return found, err
	}
	c, err := open(ctx, b.address, count, get("/api/items/"+items.IDOf(typeOf(0), serialOf(0)), "X-Api-Key: "+apiKey))
	defer func() { err = errors.Join(err, c.close()) }()
	if err != nil {
		return found, err
	}
	if found.Open, err = resident(b.command.Process.Pid, "VmRSS"); err != nil {
		return found, err
	}
	// Passwords are hashed before the database is asked, which is not there: 503, after the work.
	if err := hash(ctx, "http://"+b.address, crowd); err != nil {
		return found, err
	}
	found.HashingPeak, err = resident(b.command.Process.Pid, "VmHWM")
	return found, err
}

// open opens connections, sends the request once over each, as many at a time as a busy task may have, and keeps them open.
// The request comes at once: the server closes a connection over which no header comes.
func open(ctx context.Context, address string, count int, request string) (*caller, error) {
	found, failures := &caller{}, make(chan error, count)
	places, callers := make(chan struct{}, conversations), make(chan *caller, count)
	var wait sync.WaitGroup
	for range count {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			one, err := dial(ctx, address, 1)
			if err != nil {
				failures <- err
				return
			}
			callers <- one
			if err := one.connections[0].exchangeOnce(request); err != nil {
				failures <- err
			}
		})
	}
	wait.Wait()
	close(callers)
	for one := range callers {
		found.connections = append(found.connections, one.connections...)
	}
	if len(failures) > 0 {
		return found, fmt.Errorf("%d of %d connections failed, one with: %w", len(failures), count, <-failures)
	}
	return found, nil
}

// crowd is how many people sign up at once. Were all of their passwords hashed at once, they would take 1.2 GiB.
const crowd = 64

// hash makes the backend hash passwords of count people at once. Each has to be answered: a backend that is out of memory
// answers nobody.
func hash(ctx context.Context, address string, count int) error {
	var wait sync.WaitGroup
	failures := make(chan error, count)
	for i := range count {
		wait.Go(func() {
			body := fmt.Sprintf(`{"email":"bench-%d@example.com","name":"Bench","password":"correct horse battery"}`, i)
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/auth/signup", strings.NewReader(body))
			if err != nil {
				failures <- err
				return
			}
			request.Header.Set("Content-Type", "application/json")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				failures <- err
				return
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusServiceUnavailable { // no database, or no turn in time
				failures <- fmt.Errorf("the answer is %s", response.Status)
			}
		})
	}
	wait.Wait()
	if len(failures) > 0 {
		return fmt.Errorf("%d of %d sign-ups at once failed, one with: %w", len(failures), count, <-failures)
	}
	return nil
}

// resident reads a line of /proc/PID/status, in MiB.
func resident(pid int, name string) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("reading the resident memory (it needs Linux's /proc): %w", err)
	}
	return field(string(text), name)
}

func field(status, name string) (float64, error) {
	for line := range strings.Lines(status) {
		rest, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", name, err)
		}
		return kib / 1024, nil
	}
	return 0, fmt.Errorf("reading the resident memory: there is no %s in the process's status", name)
}
