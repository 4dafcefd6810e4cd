// Package devenv is the backend with all it needs on a developer's own computer: a database, AWS's API emulated, sample
// data, and a reload whenever its sources change.
package devenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// stopPatience is how long the emulators may take to end: a database writes what it holds.
	stopPatience = 20 * time.Second
	// healthPatience: the first health asks the database and both tables.
	healthPatience = 20 * time.Second
	// usualPoll is how often files are looked at. A change is taken once the files have been the same for that long.
	usualPoll = 300 * time.Millisecond
	// loopback is where the backend listens unless told otherwise, and where the database and the emulator do.
	loopback = "127.0.0.1"
)

// Options say what to run.
type Options struct {
	// Root is the repository, Tools the folder of scripts below it unless given.
	Root, Tools string
	// Host is the address that the backend listens on; "" is 127.0.0.1: the sample accounts' passwords are published, so
	// nobody else is let in unless a developer says so.
	Host string
	// Port is the backend's.
	Port int
	// DSN names an existing database in DSNForm; "" starts one.
	DSN string
	// Endpoint is an existing emulator of AWS; "" starts moto.
	Endpoint string
	// Output takes what the children write, Progress what happens here.
	Output   io.Writer
	Progress func(format string, args ...any)
	// Ready is called once, when everything answers.
	Ready func(Place)
	// Poll is how often files are looked at; 0 means usualPoll.
	Poll time.Duration
}

// Place is what a developer needs to know.
type Place struct {
	// URL is the API's, with its base path; Health is the page of its health.
	URL, Health string
	// APIKey is this run's.
	APIKey string
	// Database and AWS are where the two are.
	Database, AWS string
	Accounts      []Account
}

// watched are the folders and files that the backend is made from.
var watched = []string{"app/backend", "app/internal", "go.mod", "go.sum"}

// run is one run with what it has started.
type run struct {
	Options
	mutex    sync.Mutex
	children []*child // in the order in which they are ended, from the last
	backend  *service
}

// Run runs everything until the context ends, which is its usual end and gives the context's error, or until a part that
// it cannot do without ends by itself. When it returns, every process it started has ended.
func Run(ctx context.Context, o Options) (err error) {
	if o.Poll == 0 {
		o.Poll = usualPoll
	}
	if o.Host == "" {
		o.Host = loopback
	}
	if o.Tools == "" {
		o.Tools = filepath.Join(o.Root, "tools")
	}
	if err := o.check(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "itrack-dev")
	if err != nil {
		return fmt.Errorf("making a folder for the built backend: %w", err)
	}
	all := &output{to: o.Output}
	// What happens here is told by several at once, beside what the children write.
	told := o.Progress
	o.Progress = func(format string, args ...any) {
		all.mutex.Lock()
		defer all.mutex.Unlock()
		told(format, args...)
	}
	r := &run{Options: o, backend: &service{
		root: o.Root, goCommand: "go", program: "./app/backend", folder: folder, log: all.named("backend"),
		address: "http://" + net.JoinHostPort(reachable(o.Host), strconv.Itoa(o.Port)),
	}}
	defer func() {
		r.stop()
		err = errors.Join(err, os.RemoveAll(folder))
	}()
	before, err := look(o.Root, watched)
	if err != nil {
		return err
	}
	place, err := r.prepare(ctx, all)
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready(place)
	}
	return r.watch(ctx, before)
}

// SettingsError says that the given database or emulator can't be used; nothing was started.
type SettingsError struct{ Err error }

// Error is what is wrong.
func (e *SettingsError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *SettingsError) Unwrap() error { return e.Err }

// check finds what would fail later, before anything is started.
func (o Options) check() error {
	if o.DSN != "" {
		if _, err := readDSN(o.DSN); err != nil {
			return &SettingsError{err}
		}
	}
	if o.Endpoint != "" {
		if err := readEndpoint(o.Endpoint); err != nil {
			return &SettingsError{err}
		}
	}
	if net.ParseIP(o.Host) == nil {
		return &SettingsError{fmt.Errorf("the backend's address is %q, and has to be an IP address of this computer, such as %s, or 0.0.0.0 for all of them (--host)", o.Host, loopback)}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	if err != nil {
		return fmt.Errorf("the backend's port %d at %s can't be used; end what listens there, or choose another one with --port: %w", o.Port, o.Host, err)
	}
	return listener.Close()
}

// reachable is the address at which this computer asks a backend that listens on host.
func reachable(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return loopback
	}
	return host
}

// prepare brings everything up: what takes longest at the same time.
func (r *run) prepare(ctx context.Context, all *output) (Place, error) {
	dsn, endpoint, binary, err := r.parts(ctx, all)
	if err != nil {
		return Place{}, err
	}
	admin, err := readDSN(dsn)
	if err != nil {
		return Place{}, err
	}
	amazon := emulatorAt(endpoint, os.Getenv)
	if r.Endpoint == "" {
		amazon = emulatorAt(endpoint, func(string) string { return "" })
	}
	if err := admin.makeSchema(ctx); err != nil {
		return Place{}, err
	}
	if err := MakeTables(ctx, amazon.Client(), itemsName, historyName); err != nil {
		return Place{}, err
	}
	keys := newSecrets()
	if r.backend.environment, err = environment(os.Environ(), r.Host, r.Port, admin, amazon, keys); err != nil {
		return Place{}, err
	}
	r.Progress("migrating the database")
	if err := r.backend.migrate(ctx, binary); err != nil {
		return Place{}, err
	}
	if !onThisHost(r.Host) {
		r.Progress("WARNING: the backend listens on %s, for other computers too, and the sample accounts' passwords are published", r.Host)
	}
	r.Progress("starting the backend")
	if err := r.backend.start(ctx, binary); err != nil {
		return Place{}, err
	}
	if err := r.backend.answers(ctx, r.backend.running, "/health", healthPatience); err != nil {
		return Place{}, err
	}
	r.Progress("loading sample data")
	if err := load(ctx, newClient(r.backend.address, keys.api)); err != nil {
		return Place{}, fmt.Errorf("loading sample data: %w", err)
	}
	return Place{
		URL: r.backend.address + basePath, Health: r.backend.address + "/health", APIKey: keys.api,
		Database: admin.config.Addr + "/" + admin.config.DBName, AWS: endpoint, Accounts: Accounts,
	}, nil
}

// parts starts database and emulator and builds the backend, at once. The first failure ends the others.
func (r *run) parts(ctx context.Context, all *output) (dsn, endpoint, binary string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	do := func(work func() error) {
		wait.Go(func() {
			if err := work(); err != nil {
				cancel(err)
			}
		})
	}
	dsn, endpoint = r.DSN, r.Endpoint
	if dsn == "" {
		do(func() (err error) {
			dsn, err = r.emulator(ctx, "the database", "mariadb.sh", all.named("database"))
			return err
		})
	}
	if endpoint == "" {
		do(func() (err error) {
			endpoint, err = r.emulator(ctx, "moto", "moto.sh", all.named("moto"))
			return err
		})
	}
	do(func() (err error) {
		r.Progress("building the backend")
		binary, err = r.backend.build(ctx)
		return err
	})
	wait.Wait()
	if ctx.Err() != nil {
		return "", "", "", context.Cause(ctx)
	}
	return dsn, endpoint, binary, nil
}

func (r *run) emulator(ctx context.Context, name, script string, log io.Writer) (string, error) {
	r.Progress("starting %s", name)
	c, address, err := emulator(ctx, name, filepath.Join(r.Tools, script), log)
	if err != nil {
		return "", err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.children = append(r.children, c)
	return address, nil
}

// stop ends the backend first, so that it finishes its requests while it still has what they need.
func (r *run) stop() {
	r.backend.stop()
	var wait sync.WaitGroup
	for _, c := range r.children {
		wait.Go(func() { c.stop(stopPatience) })
	}
	wait.Wait()
}

// watch reloads the backend whenever its sources have changed and then stayed the same for one look.
func (r *run) watch(ctx context.Context, before map[string]stamp) error {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	lost := make(chan error, len(r.children))
	for _, c := range r.children {
		go func() {
			<-c.ended
			lost <- c.result()
		}()
	}
	changed := false
	for {
		var ended chan struct{} // never ready while no backend runs
		if r.backend.running != nil {
			ended = r.backend.running.ended
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			return fmt.Errorf("%w; everything else was ended too: start again", err)
		case <-ended:
			r.Progress("%v; the next change of its sources starts it again", r.backend.running.result())
			r.backend.running = nil
		case <-ticker.C:
			now, err := look(r.Root, watched)
			if err != nil {
				return err
			}
			if !maps.Equal(now, before) {
				before, changed = now, true
				continue
			}
			if !changed {
				continue
			}
			changed = false
			if err := r.reload(ctx); err != nil {
				return err
			}
		}
	}
}

// reload tells what went wrong, and only gives back the end that was asked for.
func (r *run) reload(ctx context.Context) error {
	started := time.Now()
	r.Progress("sources have changed: building the backend")
	err := r.backend.reload(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		r.Progress("the new backend runs (%d ms)", time.Since(started).Milliseconds())
	case r.backend.running != nil:
		r.Progress("%v\nthe backend of before goes on", err)
	default:
		r.Progress("%v\nno backend runs; the next change of its sources starts it again", err)
	}
	return nil
}
