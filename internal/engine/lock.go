package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Lock is one lock of a stack in a backend of files or objects.
type Lock struct {
	ID   string    `json:"id"`
	PID  int       `json:"pid"`
	User string    `json:"username"`
	Host string    `json:"hostname"`
	Time time.Time `json:"timestamp"`

	Holder Holder `json:"holder"`
}

// Holder is what is known of the process that took a lock.
type Holder string

// The holders.
const (
	HolderAlive     Holder = "alive"     // it runs on this host
	HolderDead      Holder = "dead"      // it ran on this host and is gone
	HolderElsewhere Holder = "elsewhere" // it runs, or ran, on another host: this one cannot know
)

// lockStore is where a backend keeps the locks of one stack.
type lockStore interface {
	// read returns the content of each lock by its id.
	read(ctx context.Context) (map[string][]byte, error)
	remove(ctx context.Context, id string) error
}

// lockFolder is the place of a stack's locks in a backend.
func lockFolder(project, stack string) string {
	return ".pulumi/locks/organization/" + project + "/" + stack
}

const lockSuffix = ".json"

// ErrHiddenLocks says that a backend keeps its locks to itself, as Pulumi Cloud does.
var ErrHiddenLocks = errors.New("this backend does not show its locks")

// Locks lists who holds the stack. Pulumi Cloud keeps its locks to itself: there `pulumi cancel` is the way.
func (s *Stack) Locks(ctx context.Context) ([]Lock, error) {
	store, err := s.lockStore(ctx)
	if err != nil {
		return nil, err
	}
	contents, err := store.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the locks of %s: %w", s.Name, err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("asking for this host's name: %w", err)
	}
	locks := []Lock{}
	for id, content := range contents {
		lock := Lock{}
		if err := json.Unmarshal(content, &lock); err != nil {
			return nil, fmt.Errorf("reading the lock %s of %s: %w", id, s.Name, err)
		}
		lock.ID = id
		lock.Holder = holderOf(lock, host, alive)
		locks = append(locks, lock)
	}
	return locks, nil
}

func holderOf(lock Lock, host string, alive func(pid int) bool) Holder {
	switch {
	case lock.Host != host:
		return HolderElsewhere
	case alive(lock.PID):
		return HolderAlive
	}
	return HolderDead
}

// release removes the locks of dead holders, and those that unlock names. It refuses when any other is left.
func (s *Stack) release(ctx context.Context, locks []Lock, unlock []string) error {
	named := map[string]bool{}
	for _, id := range unlock {
		named[id] = true
	}
	var held []string
	for _, lock := range locks {
		switch {
		case lock.Holder == HolderAlive:
			held = append(held, fmt.Sprintf("%s by %s (pid %d, since %s), which runs on this host: wait for it or end it",
				lock.ID, lock.User, lock.PID, lock.Time.Format(time.RFC3339)))
		case lock.Holder == HolderElsewhere && !named[lock.ID]:
			held = append(held, fmt.Sprintf("%s by %s on %s (pid %d, since %s): make sure that it ended, then add --unlock %s",
				lock.ID, lock.User, lock.Host, lock.PID, lock.Time.Format(time.RFC3339), lock.ID))
		}
	}
	if len(held) > 0 {
		return fmt.Errorf("%s is locked:\n  %s", s.Name, strings.Join(held, "\n  "))
	}
	store, err := s.lockStore(ctx)
	if err != nil {
		return err
	}
	for _, lock := range locks {
		if err := store.remove(ctx, lock.ID); err != nil {
			return fmt.Errorf("releasing the lock %s of %s: %w", lock.ID, s.Name, err)
		}
	}
	return nil
}

// lockStore finds the place of the stack's locks from the address of its backend.
func (s *Stack) lockStore(ctx context.Context) (lockStore, error) {
	address := s.backend
	if address == "" {
		who, err := s.auto.Workspace().WhoAmIDetails(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for the backend of %s: %w", s.Name, Explain(err))
		}
		address = who.URL
	}
	folder := lockFolder(string(s.config.project.Name), s.Name)
	at, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reading the backend's address %s: %w", address, err)
	}
	switch at.Scheme {
	case "file":
		// Not at.Path: file://~/state and file://./state have a first part that is no host.
		place, _, _ := strings.Cut(strings.TrimPrefix(address, "file://"), "?")
		return fileLocks(filepath.Join(filepath.FromSlash(place), filepath.FromSlash(folder))), nil
	case "s3":
		return newBucketLocks(ctx, at, folder)
	}
	return nil, fmt.Errorf("%w (%s): `pulumi cancel -s %s` releases them", ErrHiddenLocks, address, s.Name)
}

// fileLocks is a folder of lock files.
type fileLocks string

func (f fileLocks) read(context.Context) (map[string][]byte, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, entry := range entries {
		id, is := strings.CutSuffix(entry.Name(), lockSuffix)
		if entry.IsDir() || !is {
			continue
		}
		content, err := os.ReadFile(filepath.Join(string(f), entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // released meanwhile
		}
		if err != nil {
			return nil, err
		}
		contents[id] = content
	}
	return contents, nil
}

func (f fileLocks) remove(_ context.Context, id string) error {
	err := os.Remove(filepath.Join(string(f), id+lockSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
