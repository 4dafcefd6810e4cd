// Package cloud is the pretend AWS account behind a rehearsal: a set of objects that survives between runs and is shared
// by every provider process that the engine starts.
//
// The cloud is one append-only journal. Writers hold an exclusive lock on it while they read what others appended, decide,
// and append; readers follow it without a lock. It runs nothing and knows no AWS rules: those are with the types
// (package catalog and the folders under aws).
package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Global is the region of objects that belong to no region (IAM, Route 53, CloudFront).
const Global = "global"

const (
	journalName  = "journal.jsonl"
	failuresName = "failures.jsonl"
	lockName     = "lock"
)

// Object is one thing that exists in the pretend cloud.
type Object struct {
	// Serial numbers objects in the order of their creation; it never changes and is never used twice.
	Serial  int64     `json:"serial"`
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	ARN     string    `json:"arn,omitempty"`
	Name    string    `json:"name,omitempty"`
	URN     string    `json:"urn,omitempty"`
	Created time.Time `json:"created"`
	// Keys are the names that must be unique (each with its scope in front).
	Keys []string `json:"keys,omitempty"`
	// Owner is the serial of the object that AWS made this one with (a VPC's default security group); 0 for none.
	Owner int64 `json:"owner,omitempty"`
	// State is what AWS returns for the object, Inputs what it was asked for. Both are read-only: change a copy and Put it.
	State  resource.PropertyMap `json:"-"`
	Inputs resource.PropertyMap `json:"-"`
}

// record is one line of the journal.
type record struct {
	Op     string          `json:"op"`
	Object *Object         `json:"object,omitempty"`
	Serial int64           `json:"serial,omitempty"`
	State  json.RawMessage `json:"state,omitempty"`
	Inputs json.RawMessage `json:"inputs,omitempty"`
}

// entry is an object as the journal holds it; its properties are decoded when somebody looks at them.
type entry struct {
	object        Object
	state, inputs json.RawMessage
	decoded       bool
}

// Cloud is an open pretend cloud. It is safe for use by several goroutines and several processes.
type Cloud struct {
	dir      string
	mu       sync.Mutex
	journal  *os.File
	lock     *os.File
	offset   int64
	serial   int64
	entries  map[int64]*entry
	byTypeID map[string]*entry
	byID     map[string][]*entry
	byARN    map[string][]*entry
	byKey    map[string]*entry
	mark     int64
}

// Open opens the cloud in the folder dir, which is created if it is missing.
func Open(dir string) (*Cloud, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the folder of the pretend cloud: %w", err)
	}
	journal, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the pretend cloud: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the pretend cloud's lock: %w", err), journal.Close())
	}
	c := &Cloud{dir: dir, journal: journal, lock: lock}
	c.reset()
	if c.mark, err = c.Mark(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close closes the files. What was written stays.
func (c *Cloud) Close() error {
	return errors.Join(c.journal.Close(), c.lock.Close())
}

// Dir is the folder of the cloud.
func (c *Cloud) Dir() string { return c.dir }

func (c *Cloud) reset() {
	c.offset, c.serial = 0, 0
	c.entries = map[int64]*entry{}
	c.byTypeID = map[string]*entry{}
	c.byID = map[string][]*entry{}
	c.byARN = map[string][]*entry{}
	c.byKey = map[string]*entry{}
}

// Do runs work on the newest state with every other process kept out. What work wrote is kept when it returns nil and
// forgotten when it returns an error.
func (c *Cloud) Do(work func(tx *Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := syscall.Flock(int(c.lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking the pretend cloud: %w", err)
	}
	defer func() { _ = syscall.Flock(int(c.lock.Fd()), syscall.LOCK_UN) }()
	if err := c.refresh(true); err != nil {
		return err
	}
	tx := &Tx{c: c, writable: true}
	err := work(tx)
	if err == nil {
		err = c.append(tx.lines)
	}
	if err != nil && len(tx.lines) > 0 {
		// The objects in memory are ahead of the journal: read it anew next time.
		c.reset()
	}
	return err
}

// View runs work on the newest complete state, without keeping others out. It must not write.
func (c *Cloud) View(work func(tx *Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(false); err != nil {
		return err
	}
	return work(&Tx{c: c})
}
