package reviewtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// ID is the id of a resource.
func (e *Export) ID(label string) string {
	if one := e.find(label); one != nil {
		id, _ := one.fields["id"].(string)
		return id
	}
	return ""
}

// Get is the value at a path of a resource's outputs ("launchTemplate.id", "statements.0.actions").
func (e *Export) Get(label, path string) any {
	one := e.find(label)
	if one == nil {
		return nil
	}
	value := one.fields["outputs"]
	for _, step := range strings.Split(path, ".") {
		var there bool
		if value, there = child(value, step); !there {
			e.fail("%s: it has no %s", label, path)
			return nil
		}
	}
	return value
}

func child(value any, step string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		next, there := v[step]
		return next, there
	case []any:
		at, err := strconv.Atoi(step)
		if err == nil && at >= 0 && at < len(v) {
			return v[at], true
		}
	}
	return nil, false
}

// Text is Get for a text.
func (e *Export) Text(label, path string) string {
	value := e.Get(label, path)
	text, is := value.(string)
	if !is && value != nil {
		e.fail("%s: %s is no text but %T", label, path, value)
	}
	return text
}

// Set writes a value to a path of a resource, in its outputs and, where the program set that property, in its inputs.
func (e *Export) Set(label, path string, value any) {
	one := e.find(label)
	if one == nil {
		return
	}
	steps := strings.Split(path, ".")
	outputs, _ := one.fields["outputs"].(map[string]any)
	inputs, _ := one.fields["inputs"].(map[string]any)
	if outputs == nil {
		e.fail("%s: it has no outputs", label)
		return
	}
	if !set(outputs, steps, value) {
		e.fail("%s: %s is not there to be set", label, path)
	}
	if _, there := inputs[steps[0]]; there {
		set(inputs, steps, value)
	}
	e.changed = true
}

// set puts a copy of a value where the steps lead; missing blocks on the way are made, missing elements of lists are not.
func set(holder any, steps []string, value any) bool {
	last := len(steps) == 1
	switch v := holder.(type) {
	case map[string]any:
		if last {
			v[steps[0]] = clone(value)
			return true
		}
		if v[steps[0]] == nil {
			v[steps[0]] = map[string]any{}
		}
		return set(v[steps[0]], steps[1:], value)
	case []any:
		at, err := strconv.Atoi(steps[0])
		if err != nil || at < 0 || at >= len(v) {
			return false
		}
		if last {
			v[at] = clone(value)
			return true
		}
		return set(v[at], steps[1:], value)
	}
	return false
}

// clone copies a value by way of JSON, so that outputs and inputs share nothing.
func clone(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Only a literal in the table of variants can get here.
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// Unset takes a property away, as if the program had never set it. The path ends in a name, not in an index.
func (e *Export) Unset(label, path string) {
	one := e.find(label)
	if one == nil {
		return
	}
	steps := strings.Split(path, ".")
	for _, side := range []string{"outputs", "inputs"} {
		holder := one.fields[side]
		for _, step := range steps[:len(steps)-1] {
			holder, _ = child(holder, step)
		}
		if block, is := holder.(map[string]any); is {
			if _, there := block[steps[len(steps)-1]]; there {
				delete(block, steps[len(steps)-1])
				e.changed = true
			}
		}
	}
}

// Append puts a value at the end of a list.
func (e *Export) Append(label, path string, value any) {
	list, is := e.Get(label, path).([]any)
	if !is {
		e.fail("%s: %s is no list", label, path)
		return
	}
	e.Set(label, path, append(slices.Clone(list), value))
}

// Drop takes the elements of a list away for which a condition holds; there must be one.
func (e *Export) Drop(label, path string, unwanted func(element any) bool) {
	list, _ := e.Get(label, path).([]any)
	kept := slices.DeleteFunc(slices.Clone(list), unwanted)
	if len(kept) == len(list) {
		e.fail("%s: %s has no such element", label, path)
		return
	}
	e.Set(label, path, kept)
}

// Replace changes a part of a text.
func (e *Export) Replace(label, path, old, with string) {
	text := e.Text(label, path)
	if !strings.Contains(text, old) {
		e.fail("%s: %s does not have %q", label, path, old)
		return
	}
	e.Set(label, path, strings.ReplaceAll(text, old, with))
}

// Document edits a JSON document that a property holds as text: edit gets it decoded and returns what to write.
func (e *Export) Document(label, path string, edit func(document any) any) {
	var document any
	if err := json.Unmarshal([]byte(e.Text(label, path)), &document); err != nil {
		e.fail("%s: reading %s: %w", label, path, err)
		return
	}
	text, err := json.Marshal(edit(document))
	if err != nil {
		e.fail("%s: writing %s: %w", label, path, err)
		return
	}
	e.Set(label, path, string(text))
}

// Remove takes a resource out of the stack.
func (e *Export) Remove(label string) {
	one := e.find(label)
	e.resources = slices.DeleteFunc(e.resources, func(other *entry) bool { return other == one })
	e.changed = true
}

// Add puts a new resource beside another one: of the same component, provider and region.
func (e *Export) Add(beside, token, name, id string, props map[string]any) {
	one := e.find(beside)
	if one == nil {
		return
	}
	urn, _ := one.fields["urn"].(string)
	head := urn[:strings.LastIndex(urn[:strings.LastIndex(urn, "::")], "::")]
	e.resources = append(e.resources, &entry{label: token + "::" + name, fields: map[string]any{
		"urn": head + "::" + token + "::" + name, "custom": true, "id": id, "type": token,
		"inputs": clone(props), "outputs": clone(props), "parent": one.fields["parent"], "provider": one.fields["provider"],
	}})
	e.changed = true
}
