// Package recovery finds again what a killed or timed-out deployment made and did not record.
//
// AWS does not know Pulumi's names. What a create left behind is recognised by what the create asked for: by a name that is
// unique, by tags, or by its parent and its attributes. The table in keys.go says for each type which of these identify it;
// a Lister says what exists, one in the pretend cloud and one on AWS, and Find compares the two.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Unknown stands for an input whose value is not known yet, in plans that the engine reports.
const Unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// Pending is a resource whose creation was begun, or is planned, and whose id nobody recorded.
type Pending struct {
	URN, Type string
	// Name is the logical name.
	Name string
	// Inputs are the inputs as the state holds them: plain JSON values.
	Inputs map[string]any
	// Account, Region and DefaultTags are those of the resource's provider.
	Account, Region string
	DefaultTags     map[string]string
}

// Candidate is an object that exists, with as much of it as identifies it. Attributes go by Pulumi's property names. Tags is
// nil for what has no tags in AWS; what can have them and has others than the resource's belongs to somebody else.
type Candidate struct {
	// ID is the resource's id in the state, Import what the provider takes to read it for the first time; ID if empty.
	ID, Import string
	Attributes map[string]any
	Tags       map[string]string
}

// Found is a candidate that is the pending resource, and how that was decided.
type Found struct {
	ID  string `json:"id"`
	How string `json:"how"`
	// Import is what the provider takes for the id when it reads the resource for the first time.
	Import string `json:"import,omitempty"`
}

// Object is something that exists and carries the stack's tags.
type Object struct {
	// Type is the Pulumi type, empty where none is known.
	Type   string `json:"type"`
	ID     string `json:"id"`
	ARN    string `json:"arn"`
	Region string `json:"region"`
	// Import is what the provider takes for the id when it reads the resource for the first time; ID if empty.
	Import string            `json:"import,omitempty"`
	Tags   map[string]string `json:"tags"`
}

// Lister says what exists.
type Lister interface {
	// Candidates lists the objects that a pending resource may be. id is the resource's id where it follows from the inputs,
	// else empty. A lister may return more than can match. ErrNotCovered says that it cannot look for this type.
	Candidates(ctx context.Context, p Pending, id string) ([]Candidate, error)
	// Tagged lists the objects in a region of an account that carry all of tags.
	Tagged(ctx context.Context, account, region string, tags map[string]string) ([]Object, error)
}

// Finder finds pending resources and lists what belongs to a stack.
type Finder interface {
	Find(ctx context.Context, p Pending) ([]Found, error)
	Tagged(ctx context.Context, account, region string, tags map[string]string) ([]Object, error)
}

// ErrNotCovered says that a type cannot be looked for.
var ErrNotCovered = errors.New("this type cannot be looked for")

// ErrNotKnown says that an input which identifies the resource has no value yet.
var ErrNotKnown = errors.New("not known yet")

// New makes a Finder of what a Lister knows.
func New(lister Lister) Finder { return finder{lister} }

type finder struct{ Lister }

// Find returns the objects that p may be: none when nothing like it exists, several when they cannot be told apart.
func (f finder) Find(ctx context.Context, p Pending) ([]Found, error) {
	key, known := KeyOf(p.Type)
	if !known {
		return nil, fmt.Errorf("%w: nothing says what identifies %s", ErrNotCovered, p.Type)
	}
	id, err := key.idOf(p)
	if err != nil {
		return nil, err
	}
	for _, property := range key.Match {
		if p.Inputs[property] == Unknown {
			return nil, fmt.Errorf("%w: %s", ErrNotKnown, property)
		}
	}
	candidates, err := f.Candidates(ctx, p, id)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", p.URN, err)
	}
	var found []Found
	for _, c := range candidates {
		if key.matches(p, id, c) {
			found = append(found, Found{ID: c.ID, How: key.how(id), Import: c.Import})
		}
	}
	slices.SortFunc(found, func(a, b Found) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// Tags are all tags of the resource: the provider's and its own.
func (p Pending) Tags() map[string]string {
	tags := maps.Clone(p.DefaultTags)
	if tags == nil {
		tags = map[string]string{}
	}
	own, _ := p.Inputs["tags"].(map[string]any)
	for key, value := range own {
		tags[key] = fmt.Sprint(value)
	}
	return tags
}

// Text is an input as text, empty when it is missing or not known.
func (p Pending) Text(property string) string {
	value, ok := p.Inputs[property]
	if !ok || value == nil || value == Unknown {
		return ""
	}
	return text(value)
}

// Repeatable tells whether making a resource of this type once more overwrites it instead of making a second one.
func Repeatable(token string) bool {
	key, known := KeyOf(token)
	return known && key.Put
}

// IDOf is the id that follows from a resource's inputs; empty when AWS chooses it.
func IDOf(p Pending) (string, error) {
	key, known := KeyOf(p.Type)
	if !known {
		return "", fmt.Errorf("%w: nothing says what identifies %s", ErrNotCovered, p.Type)
	}
	return key.idOf(p)
}
