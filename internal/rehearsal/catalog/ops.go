package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Strip copies properties without secrets' and outputs' wrappers, without nulls and without the engine's own keys.
func Strip(props resource.PropertyMap) resource.PropertyMap {
	out := make(resource.PropertyMap, len(props))
	for key, value := range props {
		if strings.HasPrefix(string(key), "__") {
			continue
		}
		if value = stripValue(value); !value.IsNull() {
			out[key] = value
		}
	}
	return out
}

func stripValue(v resource.PropertyValue) resource.PropertyValue {
	switch v = Plain(v); {
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			list[i] = stripValue(element)
		}
		return resource.NewArrayProperty(list)
	case v.IsObject():
		return resource.NewObjectProperty(Strip(v.ObjectValue()))
	default:
		return v
	}
}

// Prepare sets the call's state to what the object will be before AWS computes anything: the inputs and the defaults, over
// the old state on update.
func (s *Spec) Prepare(call *Call, defaultTags map[string]string) {
	state := Strip(call.Inputs)
	if call.Old != nil {
		state = s.overlay(call.Old.State, state, call.IgnoreChanges)
	}
	call.State = state
	if name := s.Name; name.Prefix != "" && call.Creating() && call.Str(name.Property) == "" {
		if prefix := call.Str(name.Prefix); prefix != "" {
			digits := call.Now.UTC().Format("20060102150405.0000")
			call.Set(name.Property, prefix+strings.Replace(digits, ".", "", 1)+Letters(8, "0123456789abcdef"))
		}
	}
	for path, value := range s.Defaults {
		setDefault(state, strings.Split(path, "."), value)
	}
	if s.HasTags() {
		if all := MergeTags(defaultTags, call.Inputs["tags"]); !all.IsComputed() {
			state["tagsAll"] = all
		}
	}
}

// overlay lays new inputs over the old state. What the program does not set goes, whoever put it there, unless AWS computes
// it or the program leaves it to others.
func (s *Spec) overlay(oldState, news resource.PropertyMap, ignored []string) resource.PropertyMap {
	state := Strip(oldState)
	for name, field := range s.Inputs.Fields {
		key := resource.PropertyKey(name)
		value, ok := news[key]
		switch {
		case ok:
			state[key] = s.keepComputed(name, state[key], value, field.Shape)
		case !s.IsComputed(name) && !slices.Contains(ignored, name):
			delete(state, key)
		}
	}
	return state
}

// keepComputed keeps inside a block what AWS computed and the program does not set.
func (s *Spec) keepComputed(path string, old, value resource.PropertyValue, shape *Shape) resource.PropertyValue {
	if shape.Kind != Struct || !old.IsObject() || !value.IsObject() {
		return value
	}
	for key, was := range old.ObjectValue() {
		field, known := shape.Fields[string(key)]
		if !known {
			continue
		}
		at := join(path, string(key))
		if now, ok := value.ObjectValue()[key]; ok {
			value.ObjectValue()[key] = s.keepComputed(at, was, now, field.Shape)
		} else if s.IsComputed(at) {
			value.ObjectValue()[key] = was
		}
	}
	return value
}

// setDefault sets a value where it is missing; blocks on the way must exist.
func setDefault(at resource.PropertyMap, steps []string, value any) {
	key := resource.PropertyKey(strings.TrimSuffix(steps[0], "[]"))
	if len(steps) == 1 {
		if old, ok := at[key]; !ok || old.IsNull() {
			at[key] = resource.NewPropertyValue(value)
		}
		return
	}
	next := at[key]
	switch {
	case next.IsObject():
		setDefault(next.ObjectValue(), steps[1:], value)
	case next.IsArray():
		for _, element := range next.ArrayValue() {
			if element.IsObject() {
				setDefault(element.ObjectValue(), steps[1:], value)
			}
		}
	}
}

// Create makes an object as AWS would, or returns AWS's refusal.
func (c *Catalog) Create(s *Spec, call *Call, defaultTags map[string]string) (*cloud.Object, error) {
	s.Prepare(call, defaultTags)
	if err := c.admit(s, call, "creating"); err != nil {
		return nil, err
	}
	call.NewID()
	if err := s.finish(call); err != nil {
		return nil, fmt.Errorf("creating %s: %w", s.Title, err)
	}
	o := &cloud.Object{Account: call.Account, Region: call.Region, Type: s.Token, ID: call.ID, ARN: call.ARN, Name: call.Name(),
		URN: call.URN, State: call.State, Inputs: Strip(call.Inputs)}
	if there := call.Tx.Get(call.Account, call.Region, s.Token, call.ID); there != nil {
		if !s.Overwrites {
			return nil, s.exists(s.Name.Code, s.Name.Message, s.idProperty(), call.ID).In(s.Type, "creating")
		}
		if there.URN != "" && there.URN != call.URN {
			// AWS would overwrite without a word, and the two resources would fight at every update.
			return nil, (&Error{Code: "Conflict", Property: s.idProperty(), Value: call.ID, Rule: "one resource per object",
				Message: "AWS would silently overwrite what " + there.URN + " manages"}).In(s.Type, "creating")
		}
		o.Serial, o.Created = there.Serial, there.Created
	}
	if err := s.claim(call, o); err != nil {
		return nil, err.In(s.Type, "creating")
	}
	return o, s.store(call, o)
}

func (s *Spec) idProperty() string {
	if s.Name.Property != "" {
		return s.Name.Property
	}
	return "id"
}

// Update changes an object in place.
func (c *Catalog) Update(s *Spec, call *Call, defaultTags map[string]string) (*cloud.Object, error) {
	call.ID, call.ARN = call.Old.ID, call.Old.ARN
	s.Prepare(call, defaultTags)
	if err := c.admit(s, call, "updating"); err != nil {
		return nil, err
	}
	if err := s.finish(call); err != nil {
		return nil, fmt.Errorf("updating %s: %w", s.Title, err)
	}
	o := *call.Old
	o.State, o.Inputs, o.URN, o.Name = call.State, Strip(call.Inputs), call.URN, call.Name()
	if err := s.claim(call, &o); err != nil {
		return nil, err.In(s.Type, "updating")
	}
	return &o, s.store(call, &o)
}

func (c *Catalog) admit(s *Spec, call *Call, doing string) error {
	if err := c.judge(s, call, doing, false); err != nil {
		return err
	}
	if err := c.RefsExist(call); err != nil {
		return err.In(s.Type, doing)
	}
	if s.Refuse != nil {
		if err := s.Refuse(call); err != nil {
			return err.In(s.Type, doing)
		}
	}
	return nil
}

// finish fills in what AWS computes, and fails when the table leaves an output without a value.
func (s *Spec) finish(call *Call) error {
	arnProperty := s.ARNProperty
	if arnProperty == "" {
		arnProperty = "arn"
	}
	if _, has := s.Outputs[arnProperty]; has && call.ARN != "" {
		call.Set(arnProperty, call.ARN)
	}
	if s.Compute != nil {
		if err := s.Compute(call); err != nil {
			return err
		}
	}
	for path, document := range s.Documents {
		if document.Returns == nil {
			continue
		}
		if value, ok := call.State[resource.PropertyKey(path)]; ok && value.IsString() && value.StringValue() != "" {
			returned, err := document.Returns(value.StringValue())
			if err != nil {
				return fmt.Errorf("the document %s: %w", path, err)
			}
			call.Set(path, returned)
		}
	}
	blank := pathSet(s.Blank)
	for name, field := range s.Outputs {
		key := resource.PropertyKey(name)
		if value, ok := call.State[key]; ok && !value.IsNull() || field.Optional {
			continue
		}
		switch {
		case field.Kind == Bool:
			call.State[key] = resource.NewBoolProperty(false)
		case field.Kind == Integer || field.Kind == Number:
			call.State[key] = resource.NewNumberProperty(0)
		case field.Kind == String && blank[name]:
			call.State[key] = resource.NewStringProperty("")
		case field.Kind == String:
			return fmt.Errorf("the stand-in has no value for the output %s of %s: set it in Compute or list it under Blank",
				name, s.Token)
		}
	}
	return nil
}

func (s *Spec) store(call *Call, o *cloud.Object) error {
	if err := call.Tx.Put(o); err != nil {
		return err
	}
	if s.After != nil {
		if err := s.After(call); err != nil {
			return err
		}
	}
	for _, hidden := range call.pending {
		hidden.Owner = o.Serial
		if err := call.Tx.Put(hidden); err != nil {
			return err
		}
	}
	call.pending = nil
	return nil
}

// claim gives the object its unique keys, or AWS's error when somebody holds one.
func (s *Spec) claim(call *Call, o *cloud.Object) *Error {
	o.Keys = nil
	if s.Name.Scope != Nowhere {
		if value := call.Name(); value != "" {
			key := s.key(call, s.Name.Space, s.Name.Scope, value)
			if holder := call.Tx.ByKey(key); holder != nil && holder.Serial != o.Serial {
				return s.exists(s.Name.Code, s.Name.Message, s.Name.Property, value)
			}
			o.Keys = append(o.Keys, key)
		}
	}
	for i, unique := range s.Unique {
		var parts []string
		for _, path := range unique.Properties {
			parts = append(parts, path+"="+strings.Join(texts(call.State, path), ","))
		}
		space := unique.Space
		if space == "" {
			space = s.Token + "#" + strconv.Itoa(i)
		}
		value := strings.Join(parts, "|")
		key := s.key(call, space, unique.Scope, value)
		if holder := call.Tx.ByKey(key); holder != nil && holder.Serial != o.Serial {
			return s.exists(unique.Code, unique.Message, unique.Properties[0], strings.Join(texts(call.State, unique.Properties[0]), ","))
		}
		o.Keys = append(o.Keys, key)
	}
	return nil
}

func texts(props resource.PropertyMap, path string) []string {
	var out []string
	for _, leaf := range Leaves(props, path) {
		for _, element := range flatten(leaf) {
			out = append(out, Text(element.Value))
		}
	}
	return out
}

func (s *Spec) key(call *Call, space string, scope Scope, value string) string {
	if space == "" {
		space = s.Token
	}
	switch scope {
	case InWorld:
		return space + "|world|" + value
	case InAccount:
		return space + "|" + call.Account + "|" + value
	case InRegion, Nowhere:
		return space + "|" + call.Account + "|" + call.Region + "|" + value
	}
	key := space + "|" + call.Account + "|" + call.Region
	for path := range strings.SplitSeq(string(scope), ",") {
		key += "|" + strings.Join(texts(call.State, path), ",")
	}
	return key + "|" + value
}

func (s *Spec) exists(code, message, property, value string) *Error {
	if code == "" {
		code = "AlreadyExistsException"
	}
	if message == "" {
		message = "A " + shortName(s.Token) + " with the name " + nameMarker + " already exists"
	}
	return &Error{Code: code, Message: strings.ReplaceAll(message, nameMarker, value), Property: property, Value: value, Rule: "unique name"}
}
