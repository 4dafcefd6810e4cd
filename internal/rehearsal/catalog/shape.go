package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/itrack/itrack/internal/rehearsal/facts"
)

// Kind is the kind of a property's values.
type Kind int

// The kinds.
const (
	Any Kind = iota
	String
	Integer
	Number
	Bool
	List
	Map
	Struct
	Asset
)

func (k Kind) String() string {
	return [...]string{"any value", "a string", "a whole number", "a number", "true or false", "a list", "a map", "an object",
		"an asset or archive"}[k]
}

// Shape is the type of a property, read from the SDK's structs.
type Shape struct {
	Kind Kind
	// Elem is the shape of a list's or map's elements.
	Elem *Shape
	// Fields are a struct's properties.
	Fields map[string]Field
}

// Field is a property of a struct.
type Field struct {
	*Shape
	// Optional values may be left out. Lists and maps count as optional: only aws-facts.json knows.
	Optional bool
}

// Spec is all that is known of a type: the table, the SDK's structs and the facts.
type Spec struct {
	*Type
	// Inputs is the struct of inputs, Outputs the output properties.
	Inputs  *Shape
	Outputs map[string]Field

	required, forceNew, computed, sensitive, sets map[string]bool
	forceList                                     []string
}

// Spec returns what is known of a type. It is worked out at the first call.
func (c *Catalog) Spec(token string) (*Spec, error) {
	t, err := c.Type(token)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.shapes[token]; ok {
		return s, nil
	}
	s, err := newSpec(t)
	if err != nil {
		return nil, fmt.Errorf("describing %s: %w", token, err)
	}
	c.shapes[token] = s
	return s, nil
}

func newSpec(t *Type) (*Spec, error) {
	known, ok, err := facts.Of(t.Token)
	if err != nil {
		return nil, err
	}
	if !ok && t.Source == "" {
		return nil, fmt.Errorf("aws-facts.json lacks the type: list Required, ForceNew and Computed by hand, with a Source")
	}
	s := &Spec{Type: t}
	if s.Inputs, err = inputShape(t.Args); err != nil {
		return nil, err
	}
	s.Outputs = outputShape(t.Resource)
	s.required = pathSet(known.Required, t.Required)
	s.forceNew = pathSet(known.ForceNew, t.ForceNew)
	for _, path := range t.Optional {
		delete(s.required, Generic(path))
	}
	for _, path := range t.Updates {
		delete(s.forceNew, Generic(path))
	}
	s.computed = pathSet(known.Computed, t.Computed)
	s.sensitive = pathSet(known.Sensitive, t.Sensitive)
	s.sets = pathSet(t.Sets)
	for path := range s.forceNew {
		s.forceList = append(s.forceList, path)
	}
	slices.Sort(s.forceList)
	return s, nil
}

func pathSet(lists ...[]string) map[string]bool {
	set := map[string]bool{}
	for _, list := range lists {
		for _, path := range list {
			set[Generic(path)] = true
		}
	}
	return set
}

// IsComputed tells whether AWS may fill in a property that the program leaves out.
func (s *Spec) IsComputed(path string) bool { return s.computed[Generic(path)] }

// IsSensitive tells whether a property's value is a secret.
func (s *Spec) IsSensitive(path string) bool { return s.sensitive[Generic(path)] }

// Replaces tells whether a change at a path forces a replacement.
func (s *Spec) Replaces(path string, has func(path string) bool) bool {
	path = Generic(path)
	for _, force := range s.forceList {
		switch {
		case force == path, strings.HasPrefix(path, force+"."):
			return true
		case strings.HasPrefix(force, path+".") && has(force):
			// The whole block came or went, and with it a property that cannot change in place.
			return true
		}
	}
	return false
}

// HasTags tells whether the type takes tags.
func (s *Spec) HasTags() bool {
	_, tags := s.Inputs.Fields["tags"]
	_, all := s.Outputs["tagsAll"]
	return tags && all
}

// inputShape reads a pointer to an SDK args struct, whose ElementType is the plain struct.
func inputShape(args any) (*Shape, error) {
	t := reflect.TypeOf(args)
	if t == nil || t.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("args must be a nil pointer of the SDK's args, got %T", args)
	}
	if input, ok := reflect.New(t.Elem()).Interface().(pulumi.Input); ok {
		return lockedShape(input.ElementType()), nil
	}
	return lockedShape(t.Elem()), nil
}

// PlainShape reads a pointer to a plain struct, as functions take and return. A nil one has no fields.
func PlainShape(plain any) *Shape {
	t := reflect.TypeOf(plain)
	if t == nil {
		return &Shape{Kind: Struct}
	}
	return lockedShape(t)
}

var (
	shapesMu sync.Mutex
	shapes   = map[reflect.Type]*Shape{}
)

func lockedShape(t reflect.Type) *Shape {
	shapesMu.Lock()
	defer shapesMu.Unlock()
	return shapeOf(t)
}

var (
	assetType   = reflect.TypeFor[pulumi.AssetOrArchive]()
	archiveType = reflect.TypeFor[pulumi.Archive]()
	fileType    = reflect.TypeFor[pulumi.Asset]()
)

func shapeOf(t reflect.Type) *Shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := shapes[t]; ok {
		return s
	}
	s := &Shape{}
	switch {
	case t == assetType, t == archiveType, t == fileType:
		s.Kind = Asset
	case t.Kind() == reflect.String:
		s.Kind = String
	case t.Kind() == reflect.Bool:
		s.Kind = Bool
	case t.Kind() == reflect.Int:
		s.Kind = Integer
	case t.Kind() == reflect.Float64:
		s.Kind = Number
	case t.Kind() == reflect.Slice:
		s.Kind, s.Elem = List, shapeOf(t.Elem())
	case t.Kind() == reflect.Map:
		s.Kind, s.Elem = Map, shapeOf(t.Elem())
	case t.Kind() == reflect.Struct:
		s.Kind, s.Fields = Struct, map[string]Field{}
		// Some structs hold themselves (WAF statements): publish before walking in.
		shapes[t] = s
		for field := range t.Fields() {
			name := field.Tag.Get("pulumi")
			if name == "" {
				continue
			}
			switch field.Type.Kind() {
			case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
				s.Fields[name] = Field{shapeOf(field.Type), true}
			default:
				s.Fields[name] = Field{shapeOf(field.Type), false}
			}
		}
	default:
		s.Kind = Any
	}
	shapes[t] = s
	return s
}

// outputShape reads the output properties of an SDK resource; Optional means that AWS may leave the output out.
func outputShape(res any) map[string]Field {
	t := reflect.TypeOf(res).Elem()
	fields := map[string]Field{}
	for field := range t.Fields() {
		name := field.Tag.Get("pulumi")
		output, ok := reflect.Zero(field.Type).Interface().(pulumi.Output)
		if name == "" || !ok {
			continue
		}
		element := output.ElementType()
		optional := false
		switch element.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			optional = true
		}
		// Only the kind of an output matters; its nested fields are AWS's business.
		for element.Kind() == reflect.Pointer {
			element = element.Elem()
		}
		fields[name] = Field{&Shape{Kind: kindOf(element)}, optional}
	}
	return fields
}

func kindOf(t reflect.Type) Kind {
	switch t.Kind() {
	case reflect.String:
		return String
	case reflect.Bool:
		return Bool
	case reflect.Int:
		return Integer
	case reflect.Float64:
		return Number
	case reflect.Slice:
		return List
	case reflect.Map:
		return Map
	case reflect.Struct:
		return Struct
	default:
		return Any
	}
}
