// Package secrets makes, restores, rotates and replicates the three secrets that an environment needs before its first
// deployment. No value leaves it except to Secrets Manager.
package secrets

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// Kind is one of the three secrets.
type Kind struct {
	Name     string // db_password
	Variable string // DB_PASSWORD
	About    string
	// Random is how many random bytes a value that is made has, Least how many bytes a given one needs.
	Random, Least int
	// Overlap: the backend takes two keys, so that a rotation interrupts nobody.
	Overlap bool
	// SignsAfter is how long after the write a new key begins to sign, 0 for at once. It is longer than a deployment: a task of
	// before knows the old key alone, and refuses what a task of after has signed with the new one.
	SignsAfter time.Duration
	// Lives is how long what the key signed is accepted.
	Lives time.Duration
	// Until tells how long both keys of an overlap are needed.
	Until string
}

// Kinds are the three secrets. Least is what the backend asks for, and for the password, of which it asks nothing, what nobody
// can guess.
var Kinds = []Kind{
	{Name: "db_password", Variable: "DB_PASSWORD", About: "password of the application's MySQL user", Random: 33, Least: 16},
	{Name: "jwt_secret", Variable: "JWT_SECRET", About: "key that signs the tokens of people", Random: 48, Least: 32, Overlap: true,
		SignsAfter: 2 * time.Hour, // twice a deployment's default limit
		Lives:      time.Hour,     // TOKEN_MINUTES of the backend, where it is not set
		Until:      "when the last token of the old key has expired"},
	{Name: "api_key", Variable: "API_KEY", About: "key of machines that call the API", Random: 33, Least: 24, Overlap: true,
		Until: "when every machine uses the new key"},
}

// Find finds one of the three by its short name.
func Find(name string) (Kind, error) {
	for _, kind := range Kinds {
		if kind.Name == name {
			return kind, nil
		}
	}
	return Kind{}, &ops.Problem{Kind: ops.Usage, What: "looking for the secret " + name, Why: "there is no such secret", Next: "name one of db_password, jwt_secret, api_key"}
}

// Request is what to do beyond making what is missing.
type Request struct {
	// Values are given values by short name, for secrets that are written; the others are made.
	Values map[string]string
	// Ask, if set, is asked for the value of each secret that is written and has none; "" has one made.
	Ask func(ctx context.Context, kind Kind) (string, error)
	// Rotate names secrets that get a new value although they have one.
	Rotate []string
	// Finish names secrets whose rotation ends: the old key is dropped.
	Finish []string
	// DropOldest rotates also where the rotation before has not ended: the oldest of the three keys is no longer accepted.
	DropOldest bool
	DryRun     bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Action is what came of a secret.
type Action string

// The actions. Not what a dry run would do: those are the same, and Report.DryRun tells.
const (
	Kept     Action = "kept"
	Created  Action = "created"
	Restored Action = "restored" // it was waiting for its deletion
	Rotated  Action = "rotated"
	Finished Action = "finished" // the old key of a rotation is dropped
)

// Result is one secret.
type Result struct {
	Name    string `json:"name"` // itrack/staging/db_password
	ARN     string `json:"arn,omitempty"`
	Action  Action `json:"action"`
	Restore bool   `json:"restored,omitempty"` // besides Action
	Tagged  bool   `json:"tagged,omitempty"`   // tags were added
	// Overlap: two keys are accepted at the moment. It is known of secrets that were read, which are those of a rotation.
	Overlap bool `json:"overlap,omitempty"`
	// SignsFrom is when the new key of a rotation begins to sign; until then the old one does. nil is at once.
	SignsFrom *time.Time `json:"signsFrom,omitempty"`
	// CutOff is set where a rotation was finished before what the dropped key signed has expired: all of that is refused, and would
	// have been valid until this time.
	CutOff *time.Time `json:"cutOff,omitempty"`
	// Replica is the region of the replica: "" for none, with ReplicaMade where this run made or repaired it.
	Replica     string `json:"replica,omitempty"`
	ReplicaMade bool   `json:"replicaMade,omitempty"`

	kind Kind
}

// Changed tells whether anything was done, or would be.
func (r Result) Changed() bool { return r.Action != Kept || r.Restore || r.Tagged || r.ReplicaMade }

// Report is all three.
type Report struct {
	Environment string   `json:"environment"`
	Region      string   `json:"region"`
	DryRun      bool     `json:"dryRun"`
	Secrets     []Result `json:"secrets"`
	// Next are the commands that make it effective.
	Next []string `json:"next,omitempty"`
	// Ignored are given values that were not used, by the name of their variable.
	Ignored []string `json:"ignored,omitempty"`
}

// check refuses wrong requests before anything is asked of AWS.
func (r Request) check() error {
	for _, name := range slices.Concat(r.Rotate, r.Finish) {
		if _, err := Find(name); err != nil {
			return err
		}
	}
	for _, name := range r.Finish {
		if slices.Contains(r.Rotate, name) {
			return &ops.Problem{Kind: ops.Usage, What: "finishing the rotation of " + name, Why: "it is to be rotated as well", Next: "first the one, then, after a deployment, the other"}
		}
		if kind, _ := Find(name); !kind.Overlap {
			return &ops.Problem{Kind: ops.Usage, What: "finishing the rotation of " + name, Why: "it has one value at a time: its rotation ends with the next deployment", Next: "leave --finish out"}
		}
	}
	for _, kind := range Kinds {
		if value, given := r.Values[kind.Name]; given {
			if err := kind.checkValue(value); err != nil {
				return err
			}
		}
	}
	return unlike(r.Values)
}

// checkValue refuses a weak value, or one that the application cannot take. The error names the rule and never the value.
func (k Kind) checkValue(value string) error {
	rule := ""
	distinct := map[rune]bool{}
	for _, c := range value {
		distinct[c] = true
	}
	switch {
	case strings.HasSuffix(value, "\n") || strings.HasSuffix(value, "\r"):
		rule = "it ends with a line break, which would be a part of it: make it with `printf %s`, or cut it with `tr -d '\\n'`"
	case strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' }):
		rule = "it may have printable ASCII characters alone, and no space: anything else is changed or cut on its way through shells, headers and MySQL"
	case len(value) < k.Least:
		rule = fmt.Sprintf("it has %d characters, and needs %d", len(value), k.Least)
	case len(value) > 1024:
		rule = "it has more than 1024 characters"
	case len(distinct) < 8:
		rule = "it has fewer than 8 different characters: it can be guessed"
	case k.Overlap && strings.HasPrefix(value, "{"):
		rule = "it begins with a brace, which the backend takes for the beginning of two keys"
	default:
		return nil
	}
	return &ops.Problem{Kind: ops.Usage, What: "taking the value of " + k.Variable, Why: rule, Next: "give another value, or none, and one is made"}
}

// unlike refuses one value in two secrets: who has the one would have the other.
func unlike(values map[string]string) error {
	for i, a := range Kinds {
		for _, b := range Kinds[i+1:] {
			if value, given := values[a.Name]; given && value == values[b.Name] {
				return &ops.Problem{Kind: ops.Usage, What: "taking the values of " + a.Variable + " and " + b.Variable, Why: "they are the same",
					Next: "give each secret a value of its own, or none, and one is made"}
			}
		}
	}
	return nil
}

// made is a new random value: letters, digits, - and _.
func (k Kind) made() string {
	bytes := make([]byte, k.Random)
	_, _ = rand.Read(bytes) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(bytes)
}

// newToken is a token by which Secrets Manager knows a repeated call; it becomes the version's id.
func newToken() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	text := hex.EncodeToString(bytes)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
