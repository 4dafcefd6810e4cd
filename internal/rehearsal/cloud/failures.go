package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Failure is something the stand-in refused: an input that does not pass, or an error in AWS's words.
type Failure struct {
	URN       string `json:"urn"`
	Type      string `json:"type"`
	Property  string `json:"property"`
	Rule      string `json:"rule"`
	Code      string `json:"code"`
	Operation string `json:"operation"`
	Message   string `json:"message"`
}

// Refusal is a deletion that AWS would refuse, and why.
type Refusal struct {
	URN      string `json:"urn"`
	Type     string `json:"type"`
	Property string `json:"property"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
}

// Refuser finds what deleting each object of an account would be refused for. The package that lists the types sets it:
// the cloud itself knows no rules.
var Refuser func(tx *Tx, account string) []Refusal

// Refusals lists what `destroy` would be refused for in an account. An object that only waits for others of the same
// account to be deleted first is not refused.
func (c *Cloud) Refusals(account string) ([]Refusal, error) {
	if Refuser == nil {
		return nil, errors.New("the rules of deletion are not linked in: import the package internal/rehearsal")
	}
	var refusals []Refusal
	err := c.View(func(tx *Tx) error {
		refusals = Refuser(tx, account)
		return nil
	})
	return refusals, err
}

// RecordFailure adds a failure for the one who started the rehearsal to read.
func (c *Cloud) RecordFailure(f Failure) error {
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return c.exclusively(func() error {
		file, err := os.OpenFile(filepath.Join(c.dir, failuresName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("recording a failure: %w", err)
		}
		_, err = file.Write(append(line, '\n'))
		return errors.Join(err, file.Close())
	})
}

// Mark is a place in the list of failures; FailuresSince returns what came after it.
func (c *Cloud) Mark() (int64, error) {
	info, err := os.Stat(filepath.Join(c.dir, failuresName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the recorded failures: %w", err)
	}
	return info.Size(), nil
}

// Failures returns what was refused since the cloud was opened.
func (c *Cloud) Failures() ([]Failure, error) { return c.FailuresSince(c.mark) }

// FailuresSince returns what was refused since the mark.
func (c *Cloud) FailuresSince(mark int64) ([]Failure, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, failuresName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the recorded failures: %w", err)
	}
	if mark > int64(len(data)) {
		return nil, fmt.Errorf("reading the recorded failures: the mark %d is behind the end of the list", mark)
	}
	return lines[Failure](data[mark:]), nil
}

// lines decodes JSON lines. One that does not parse was torn by a killed process: what it said is lost, the others are not.
func lines[T any](data []byte) []T {
	var out []T
	for _, line := range bytes.Split(data, []byte{'\n'}) {
		var value T
		if len(line) > 0 && json.Unmarshal(line, &value) == nil {
			out = append(out, value)
		}
	}
	return out
}
