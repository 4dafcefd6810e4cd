package catalog

import (
	"sort"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// ChangeKind says what happens to a property.
type ChangeKind int

// The kinds of change.
const (
	Add ChangeKind = iota
	Delete
	Update
)

// Change is one difference between what the program asks for and what the cloud returned.
type Change struct {
	Path    string
	Kind    ChangeKind
	Replace bool
}

// Diff compares new inputs with the state that the cloud returned, as a bridged provider does: what the program sets must be
// what the state says; what it does not set is a difference unless AWS computes it or it is the type's default.
// defaultTags are the provider's.
func (s *Spec) Diff(news, state resource.PropertyMap, defaultTags map[string]string) []Change {
	d := differ{spec: s}
	d.object("", news, state, s.Inputs, func(name string) bool { return name == "tagsAll" })
	if s.HasTags() {
		d.tagsAll(news, state, defaultTags)
	}
	has := func(path string) bool { return len(Leaves(news, path)) > 0 || len(Leaves(state, path)) > 0 }
	for i := range d.changes {
		d.changes[i].Replace = s.Replaces(d.changes[i].Path, has)
	}
	sort.SliceStable(d.changes, func(i, j int) bool { return d.changes[i].Path < d.changes[j].Path })
	return d.changes
}

type differ struct {
	spec    *Spec
	changes []Change
}

func (d *differ) add(path string, kind ChangeKind) {
	d.changes = append(d.changes, Change{Path: path, Kind: kind})
}

func (d *differ) object(path string, news, state resource.PropertyMap, shape *Shape, skip func(string) bool) {
	names := make([]string, 0, len(shape.Fields))
	for name := range shape.Fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if skip != nil && skip(name) {
			continue
		}
		key := resource.PropertyKey(name)
		d.value(join(path, name), news[key], state[key], shape.Fields[name].Shape)
	}
}

func (d *differ) value(path string, want, have resource.PropertyValue, shape *Shape) {
	want, have = Plain(want), Plain(have)
	switch {
	case want.IsNull() && have.IsNull():
	case want.IsComputed():
		d.add(path, Update)
	case want.IsNull():
		if zero(have) || d.spec.IsComputed(path) || d.isDefault(path, have) {
			return
		}
		d.absent(path, have, shape)
	case have.IsNull():
		// AWS's provider cannot tell a zero value from a missing one.
		if !zero(want) {
			d.add(path, Add)
		}
	default:
		d.both(path, want, have, shape)
	}
}

// absent is a property that the state has and the program does not. A block counts only for what in it is not computed.
func (d *differ) absent(path string, have resource.PropertyValue, shape *Shape) {
	if have.IsObject() && shape.Kind == Struct {
		inner := differ{spec: d.spec}
		inner.object(path, resource.PropertyMap{}, have.ObjectValue(), shape, nil)
		if len(inner.changes) == 0 {
			return
		}
	}
	d.add(path, Delete)
}

func (d *differ) both(path string, want, have resource.PropertyValue, shape *Shape) {
	switch {
	case shape.Kind == Struct && want.IsObject() && have.IsObject():
		d.object(path, want.ObjectValue(), have.ObjectValue(), shape, nil)
	case want.IsObject() && have.IsObject():
		d.mapping(path, want.ObjectValue(), have.ObjectValue(), shape)
	case want.IsArray() && have.IsArray() && d.spec.sets[Generic(path)]:
		d.set(path, want.ArrayValue(), have.ArrayValue(), shape)
	case want.IsArray() && have.IsArray():
		d.list(path, want.ArrayValue(), have.ArrayValue(), shape)
	case want.IsString() && have.IsString():
		if want.StringValue() != have.StringValue() && !d.same(path, have.StringValue(), want.StringValue()) {
			d.add(path, Update)
		}
	case want.IsAsset() || want.IsArchive():
		if !sameAsset(want, have) {
			d.add(path, Update)
		}
	default:
		if !want.DeepEquals(have) {
			d.add(path, Update)
		}
	}
}

func (d *differ) mapping(path string, want, have resource.PropertyMap, shape *Shape) {
	element := &Shape{Kind: Any}
	if shape.Elem != nil {
		element = shape.Elem
	}
	for _, key := range want.StableKeys() {
		old, ok := have[key]
		if !ok {
			d.add(join(path, string(key)), Add)
			continue
		}
		d.value(join(path, string(key)), want[key], old, element)
	}
	for _, key := range have.StableKeys() {
		if _, ok := want[key]; !ok {
			d.add(join(path, string(key)), Delete)
		}
	}
}

func (d *differ) list(path string, want, have []resource.PropertyValue, shape *Shape) {
	element := &Shape{Kind: Any}
	if shape.Elem != nil {
		element = shape.Elem
	}
	for i := range max(len(want), len(have)) {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(have):
			d.add(at, Add)
		case i >= len(want):
			d.add(at, Delete)
		default:
			d.value(at, want[i], have[i], element)
		}
	}
}

// set compares without order: each wanted element needs an element of the state that differs in nothing.
func (d *differ) set(path string, want, have []resource.PropertyValue, shape *Shape) {
	taken := make([]bool, len(have))
	for i, element := range want {
		at := path + "[" + strconv.Itoa(i) + "]"
		match := -1
		for j, old := range have {
			if taken[j] {
				continue
			}
			inner := differ{spec: d.spec}
			inner.value(at, element, old, shape.Elem)
			if len(inner.changes) == 0 {
				match = j
				break
			}
		}
		if match < 0 {
			d.add(at, Add)
			continue
		}
		taken[match] = true
	}
	for j := range have {
		if !taken[j] {
			d.add(path+"["+strconv.Itoa(j)+"]", Delete)
		}
	}
}

func (d *differ) same(path, old, new string) bool {
	for documentPath, document := range d.spec.Documents {
		if Generic(documentPath) == Generic(path) && document.Same != nil {
			return document.Same(old, new)
		}
	}
	return false
}

func (d *differ) isDefault(path string, have resource.PropertyValue) bool {
	for defaultPath, value := range d.spec.Defaults {
		if Generic(defaultPath) == Generic(path) && resource.NewPropertyValue(value).DeepEquals(have) {
			return true
		}
	}
	return false
}

func (d *differ) tagsAll(news, state resource.PropertyMap, defaultTags map[string]string) {
	for _, change := range d.changes {
		if Generic(change.Path) == "tags" || len(change.Path) > 5 && change.Path[:5] == "tags." {
			return // the change of tags says it already
		}
	}
	all := MergeTags(defaultTags, news["tags"])
	if all.IsComputed() {
		return
	}
	have := Plain(state["tagsAll"])
	if !have.IsObject() {
		have = resource.NewObjectProperty(resource.PropertyMap{})
	}
	d.mapping("tagsAll", all.ObjectValue(), have.ObjectValue(), &Shape{Kind: Map, Elem: &Shape{Kind: String}})
}

// MergeTags are the provider's default tags overlaid with the resource's own; a computed value when those are unknown.
func MergeTags(defaults map[string]string, own resource.PropertyValue) resource.PropertyValue {
	all := resource.PropertyMap{}
	for key, value := range defaults {
		all[resource.PropertyKey(key)] = resource.NewStringProperty(value)
	}
	own = Plain(own)
	if own.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	if own.IsObject() {
		for key, value := range own.ObjectValue() {
			all[key] = Plain(value)
		}
	}
	return resource.NewObjectProperty(all)
}

// zero tells whether a value is what AWS's provider takes for "not set".
func zero(v resource.PropertyValue) bool {
	switch v = Plain(v); {
	case v.IsNull():
		return true
	case v.IsBool():
		return !v.BoolValue()
	case v.IsNumber():
		return v.NumberValue() == 0
	case v.IsString():
		return v.StringValue() == ""
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject():
		return len(v.ObjectValue()) == 0
	default:
		return false
	}
}

// sameAsset compares by content hash: the path of a file says nothing about what is in it.
func sameAsset(want, have resource.PropertyValue) bool {
	switch {
	case want.IsAsset() && have.IsAsset():
		return want.AssetValue().Hash != "" && want.AssetValue().Hash == have.AssetValue().Hash
	case want.IsArchive() && have.IsArchive():
		return want.ArchiveValue().Hash != "" && want.ArchiveValue().Hash == have.ArchiveValue().Hash
	default:
		return false
	}
}
