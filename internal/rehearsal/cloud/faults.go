package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	planName   = "faults.json"
	struckName = "faults.struck.jsonl"
	heldName   = "held.json"
)

// FaultKind is what goes wrong with a call.
type FaultKind string

// The kinds of faults.
const (
	// Throttle answers the call's first Attempts tries with a throttling error. The provider tries again by itself, up to
	// MaxAttempts times: fewer are not seen by anybody, more fail the call.
	Throttle FaultKind = "throttle"
	// Timeout lets AWS do the work, and loses the answer.
	Timeout FaultKind = "timeout"
	// Refuse answers with Code, and nothing is done.
	Refuse FaultKind = "refuse"
	// Unseen lets a read not see the object, as AWS's eventual consistency does for something just made. The provider's
	// own read after a create tries again until it sees the object; a refresh has no way of knowing and does not.
	Unseen FaultKind = "unseen"
	// Hold does the work and never answers: what dies then, dies between AWS's work and the state's record of it.
	Hold FaultKind = "hold"
)

// Call is an operation that a fault may strike.
type Call string

// The calls. Any matches each of them.
const (
	AnyCall    Call = ""
	CreateCall Call = "create"
	ReadCall   Call = "read"
	UpdateCall Call = "update"
	DeleteCall Call = "delete"
	InvokeCall Call = "invoke"
)

// MaxAttempts is how often the AWS provider tries a throttled call: its max_retries setting is 25 by default.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs#max_retries-1
const MaxAttempts = 25

// Fault strikes Times calls, from the Nth that matches on.
type Fault struct {
	Kind FaultKind `json:"kind"`
	Call Call      `json:"call,omitempty"`
	// Type is a Pulumi type token and Name a resource's logical name; empty ones match all.
	Type string `json:"type,omitempty"`
	Name string `json:"name,omitempty"`
	// Nth counts from 1; 0 is 1. Times 0 is 1; below 0 the fault never ends.
	Nth   int `json:"nth,omitempty"`
	Times int `json:"times,omitempty"`
	// Attempts is for Throttle: how many tries of one call are throttled.
	Attempts int `json:"attempts,omitempty"`
	// Code and Message are AWS's answer to a refused call.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Strike is a fault that struck a call. ID is known for what exists.
type Strike struct {
	Fault Fault     `json:"fault"`
	Call  Call      `json:"call"`
	URN   string    `json:"urn"`
	ID    string    `json:"id,omitempty"`
	PID   int       `json:"pid"`
	Time  time.Time `json:"time"`
}

// plan is the file that says what goes wrong. Seen counts the calls that matched each fault, across all processes.
type plan struct {
	Faults []Fault `json:"faults"`
	Seen   []int   `json:"seen"`
}

// SetFaults replaces the plan of faults; no faults remove it. What struck so far is forgotten.
func (c *Cloud) SetFaults(faults ...Fault) error {
	return c.exclusively(func() error {
		for _, name := range []string{planName, struckName, heldName} {
			if err := os.Remove(filepath.Join(c.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("forgetting the faults: %w", err)
			}
		}
		for i, fault := range faults {
			if err := fault.check(); err != nil {
				return fmt.Errorf("fault %d: %w", i+1, err)
			}
		}
		if len(faults) == 0 {
			return nil
		}
		return c.writePlan(plan{Faults: faults, Seen: make([]int, len(faults))})
	})
}

func (f Fault) check() error {
	known := []FaultKind{Throttle, Timeout, Refuse, Unseen, Hold}
	switch {
	case !slices.Contains(known, f.Kind):
		return fmt.Errorf("kind %q is none of %v", f.Kind, known)
	case f.Kind == Refuse && f.Code == "":
		return errors.New("a refusal needs AWS's code")
	case f.Kind == Throttle && f.Attempts < 1:
		return errors.New("a throttled call needs attempts, 1 at least")
	case f.Kind == Unseen && f.Call != ReadCall:
		return errors.New("only a read can miss what exists: set call to read")
	}
	return nil
}

// Struck tells which of the planned faults strike this call, and counts it. Without a plan it costs one look for the file.
func (c *Cloud) Struck(call Call, kind, name string) ([]Fault, error) {
	if _, err := os.Stat(filepath.Join(c.dir, planName)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var struck []Fault
	err := c.exclusively(func() error {
		current, err := c.readPlan()
		if err != nil {
			return err
		}
		counted := false
		for i, fault := range current.Faults {
			if !fault.matches(call, kind, name) {
				continue
			}
			current.Seen[i]++
			counted = true
			if first, times := max(fault.Nth, 1), fault.Times; current.Seen[i] >= first {
				if times == 0 {
					times = 1
				}
				if times < 0 || current.Seen[i] < first+times {
					struck = append(struck, fault)
				}
			}
		}
		if !counted {
			return nil
		}
		return c.writePlan(current)
	})
	return struck, err
}

func (f Fault) matches(call Call, kind, name string) bool {
	return (f.Call == AnyCall || f.Call == call) && (f.Type == "" || f.Type == kind) && (f.Name == "" || f.Name == name)
}

// RecordStrike notes that a fault struck. A Hold also becomes visible to Held.
func (c *Cloud) RecordStrike(s Strike) error {
	s.PID, s.Time = os.Getpid(), time.Now().UTC()
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.exclusively(func() error {
		file, err := os.OpenFile(filepath.Join(c.dir, struckName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("recording a fault: %w", err)
		}
		_, err = file.Write(append(line, '\n'))
		if err = errors.Join(err, file.Close()); err != nil || s.Fault.Kind != Hold {
			return err
		}
		return replaceFile(filepath.Join(c.dir, heldName), line)
	})
}

// Strikes lists what struck since the plan was set.
func (c *Cloud) Strikes() ([]Strike, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, struckName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what struck: %w", err)
	}
	return lines[Strike](data), nil
}

// Held is the call that a Hold keeps without an answer, or nil.
func (c *Cloud) Held() (*Strike, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, heldName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is held: %w", err)
	}
	var s Strike
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("reading what is held: %w", err)
	}
	return &s, nil
}

func (c *Cloud) readPlan() (plan, error) {
	var current plan
	data, err := os.ReadFile(filepath.Join(c.dir, planName))
	if errors.Is(err, fs.ErrNotExist) {
		return current, nil // taken away since the look
	}
	if err == nil {
		err = json.Unmarshal(data, &current)
	}
	if err != nil {
		return current, fmt.Errorf("reading the plan of faults: %w", err)
	}
	for len(current.Seen) < len(current.Faults) { // a plan written by hand has no counts
		current.Seen = append(current.Seen, 0)
	}
	return current, nil
}

func (c *Cloud) writePlan(p plan) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(c.dir, planName), data)
}

// replaceFile writes a file whole or not at all: the process may be killed at any moment.
func replaceFile(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return os.Rename(path+".new", path)
}

// exclusively keeps every other process of this cloud out.
func (c *Cloud) exclusively(work func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := syscall.Flock(int(c.lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking the pretend cloud: %w", err)
	}
	defer func() { _ = syscall.Flock(int(c.lock.Fd()), syscall.LOCK_UN) }()
	return work()
}
