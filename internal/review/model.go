// Package review answers a list of controls from what a stack declares, as `pulumi stack export` prints it: a rehearsal's
// state or that of a stack on AWS.
package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// Secret stands for a value that the state holds encrypted.
const Secret = "[secret]"

// Resource is one resource that the stack manages.
type Resource struct {
	URN, Type, ID string
	// Name is the logical name, the last part of the URN.
	Name string
	// Region is the region of the resource's provider; empty when the provider does not say.
	Region string
	// Props are the outputs over the inputs: what AWS returned, and what it was asked for where it returned nothing.
	Props map[string]any
	// Inputs are what the program asked for.
	Inputs map[string]any
	// Component is the type of the component of the program that the resource belongs to ("itrack:infra:Rds"), empty for none.
	Component string
	Protected bool
}

// Model is a stack as its controls see it.
type Model struct {
	Stack     string
	Resources []*Resource
	// Outputs are the stack's own, secrets masked.
	Outputs map[string]any

	byType map[string][]*Resource
	byRef  map[string][]*Resource
}

// Load reads an export.
func Load(raw apitype.UntypedDeployment) (*Model, error) {
	if raw.Version != 3 && raw.Version != 4 {
		return nil, fmt.Errorf("reading the exported stack: its version is %d, and 3 and 4 are understood; export it with a pulumi command of version 3",
			raw.Version)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(raw.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("reading the exported stack: %w", err)
	}
	m := &Model{byType: map[string][]*Resource{}, byRef: map[string][]*Resource{}}
	regions, parents, types := map[string]string{}, map[resource.URN]resource.URN{}, map[resource.URN]string{}
	for _, r := range deployment.Resources {
		parents[r.URN], types[r.URN] = r.Parent, string(r.Type)
		if strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			region, _ := r.Inputs["region"].(string)
			regions[string(r.URN)+"::"+string(r.ID)] = region
		}
	}
	for _, r := range deployment.Resources {
		if r.Type == resource.RootStackType {
			m.Stack, m.Outputs = string(r.URN.Stack()), open(r.Outputs)
		}
		if !r.Custom || r.Delete || r.External || strings.HasPrefix(string(r.Type), "pulumi:") {
			continue
		}
		one := &Resource{
			URN: string(r.URN), Type: string(r.Type), ID: string(r.ID), Name: r.URN.Name(), Region: regions[r.Provider],
			Props: map[string]any{}, Inputs: open(r.Inputs), Protected: r.Protect,
		}
		for _, props := range []map[string]any{one.Inputs, open(r.Outputs)} {
			for key, value := range props {
				one.Props[key] = value
			}
		}
		for at := r.Parent; at != ""; at = parents[at] {
			if types[parents[at]] == string(resource.RootStackType) {
				one.Component = types[at]
			}
		}
		m.add(one)
	}
	if len(m.Resources) == 0 {
		return nil, errors.New("the exported stack has no resources: deploy it first, or rehearse it")
	}
	return m, nil
}

func (m *Model) add(r *Resource) {
	m.Resources = append(m.Resources, r)
	m.byType[r.Type] = append(m.byType[r.Type], r)
	refs := []string{r.ID, r.Str("arn"), r.Str("name"), r.Str("bucket"), r.Str("identifier")}
	slices.Sort(refs)
	for _, ref := range slices.Compact(refs) {
		if ref != "" {
			m.byRef[ref] = append(m.byRef[ref], r)
		}
	}
}

// open drops what the engine adds to values: secrets become Secret.
func open(props map[string]any) map[string]any {
	out := make(map[string]any, len(props))
	for key, value := range props {
		if !strings.HasPrefix(key, "__") {
			out[key] = openValue(value)
		}
	}
	return out
}

func openValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[sig.Key] == sig.Secret {
			return Secret
		}
		return open(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = openValue(v[i])
		}
		return out
	}
	return value
}

// All are the resources of the given types, in the state's order.
func (m *Model) All(types ...string) []*Resource {
	var out []*Resource
	for _, t := range types {
		out = append(out, m.byType[t]...)
	}
	return out
}

// Find is the resource of a type that a value means: its id, ARN, name, bucket or identifier. nil when the stack has none.
func (m *Model) Find(token, ref string) *Resource {
	for _, r := range m.byRef[strings.TrimSuffix(ref, ":*")] {
		if r.Type == token {
			return r
		}
	}
	return nil
}

// FindFrom is Find as seen from another resource: of two resources with one name in two regions it takes the one in the
// other's region. An ARN says its region itself.
func (m *Model) FindFrom(from *Resource, token, ref string) *Resource {
	ref = strings.TrimSuffix(ref, ":*")
	first := m.Find(token, ref)
	if first == nil || first.Str("arn") == ref {
		return first
	}
	for _, r := range m.byRef[ref] {
		if r.Type == token && r.Region == from.Region {
			return r
		}
	}
	return first
}

// Referring are the resources of a type with a value at path that means the target.
func (m *Model) Referring(token, path string, target *Resource) []*Resource {
	var out []*Resource
	for _, r := range m.byType[token] {
		if slices.ContainsFunc(r.Strs(path), func(value string) bool { return m.FindFrom(r, target.Type, value) == target }) {
			out = append(out, r)
		}
	}
	return out
}

// At are the values at a path ("a.b.c"). Lists on the way and at the end are walked into.
func (r *Resource) At(path string) []any { return at(r.Props, strings.Split(path, ".")) }

func at(value any, steps []string) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var out []any
		for _, element := range v {
			out = append(out, at(element, steps)...)
		}
		return out
	case map[string]any:
		if len(steps) == 0 {
			return []any{v}
		}
		return at(v[steps[0]], steps[1:])
	}
	if len(steps) > 0 {
		return nil
	}
	return []any{value}
}

// Has tells whether there is a value other than null at a path.
func (r *Resource) Has(path string) bool { return len(r.At(path)) > 0 }

// Str is the first text at a path, "" when there is none; numbers are written out.
func (r *Resource) Str(path string) string {
	for _, value := range r.At(path) {
		switch v := value.(type) {
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

// Strs are the texts at a path.
func (r *Resource) Strs(path string) []string {
	var out []string
	for _, value := range r.At(path) {
		if text, is := value.(string); is {
			out = append(out, text)
		}
	}
	return out
}

// Bool is the truth at a path, false when there is none.
func (r *Resource) Bool(path string) bool {
	for _, value := range r.At(path) {
		if truth, is := value.(bool); is {
			return truth
		}
	}
	return false
}

// Num is the number at a path, 0 when there is none.
func (r *Resource) Num(path string) float64 {
	for _, value := range r.At(path) {
		if number, is := value.(float64); is {
			return number
		}
	}
	return 0
}

// Maps are the blocks at a path ("ingress"), as resources without an identity: their values are read in the same way.
func (r *Resource) Maps(path string) []*Resource {
	var out []*Resource
	for _, value := range r.At(path) {
		if block, is := value.(map[string]any); is {
			out = append(out, &Resource{URN: r.URN, Type: r.Type, Name: r.Name, ID: r.ID, Region: r.Region, Props: block})
		}
	}
	return out
}

// JSON reads a document at a path into v. It reports whether there is one that can be read.
func (r *Resource) JSON(path string, v any) bool {
	text := r.Str(path)
	return text != "" && json.Unmarshal([]byte(text), v) == nil
}

// Label is how reports name a resource: `aws:rds/instance:Instance::rds`.
func (r *Resource) Label() string { return r.Type + "::" + r.Name }

// label is how reports name the stack itself, for what is said of no single resource.
func (m *Model) label() string { return string(resource.RootStackType) + "::" + m.Stack }
