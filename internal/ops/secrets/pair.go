package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// pair is a secret's value with the keys of a rotation, in the form that the backend reads.
type pair struct {
	Current  string `json:"current"`
	Previous string `json:"previous,omitempty"`
	// From is when the current key begins to sign; until then the previous one does. nil is at once.
	From *time.Time `json:"from,omitempty"`
}

// readPair reads what a secret has: one key, or both. It refuses the forms that the backend refuses, as a task that starts could
// not read them either. A key that is too short is not refused: a rotation is what mends it. Its error never holds the value.
func readPair(name, value string) (pair, error) {
	if !strings.HasPrefix(strings.TrimSpace(value), "{") {
		return pair{Current: value}, nil
	}
	var both pair
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields()
	wrong := ""
	if decoder.Decode(&both) != nil || both.Current == "" { // the error would quote the value
		wrong = `its value begins with a brace and is not the object {"current": …, "previous": …, "from": …}, whose from is a time such as 2026-01-02T15:04:05Z and may be left out`
	} else if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		wrong = "its value has something after its JSON object"
	} else if both.From != nil && both.Previous == "" {
		wrong = "its value has a from and no previous key: nothing could sign until then"
	} else if both.Current == both.Previous {
		wrong = "its value has the same key as current and previous: that is no rotation"
	}
	if wrong != "" {
		return pair{}, &ops.Problem{What: "reading the keys of " + name, Why: wrong,
			Next: "write the key alone, or this object, into the secret by hand (aws secretsmanager put-secret-value --secret-string file://…), then run this again"}
	}
	return both, nil
}

// text is the pair as a secret's value.
func (p pair) text() (string, error) {
	if p.Previous == "" {
		return p.Current, nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("writing two keys: %w", err)
	}
	return string(text), nil
}

// expired is when the last of what the previous key signs has expired; ok is false where the pair does not tell.
func (p pair) expired(kind Kind) (at time.Time, ok bool) {
	if p.From == nil || kind.Lives == 0 {
		return time.Time{}, false
	}
	return p.From.Add(kind.Lives).UTC(), true
}

// stamp is a time as people and the secret have it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
