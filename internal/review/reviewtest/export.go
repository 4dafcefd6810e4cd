// Package reviewtest holds stacks with one fault each: edits of a real stack's export, and which control must see the fault
// at which resource. The unbroken stacks are the cases in which nothing may be seen.
package reviewtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Export is an exported stack that is being edited. The first mistake of an edit is kept and reported by Done.
type Export struct {
	version   int
	rest      map[string]json.RawMessage
	resources []*entry
	changed   bool
	err       error
}

// entry is one resource of the state; its fields are decoded when an edit asks for it.
type entry struct {
	raw    json.RawMessage
	label  string
	fields map[string]any
}

// Open reads an export for editing.
func Open(raw apitype.UntypedDeployment) (*Export, error) {
	e := &Export{version: raw.Version}
	if err := json.Unmarshal(raw.Deployment, &e.rest); err != nil {
		return nil, fmt.Errorf("reading the export: %w", err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(e.rest["resources"], &list); err != nil {
		return nil, fmt.Errorf("reading the export's resources: %w", err)
	}
	for _, one := range list {
		var head struct{ URN, Type string }
		if err := json.Unmarshal(one, &head); err != nil {
			return nil, fmt.Errorf("reading a resource of the export: %w", err)
		}
		e.resources = append(e.resources, &entry{raw: one, label: head.Type + "::" + head.URN[strings.LastIndex(head.URN, "::")+2:]})
	}
	delete(e.rest, "resources")
	return e, nil
}

// Done is the edited export. An edit that made a mistake or changed nothing is an error.
func (e *Export) Done() (apitype.UntypedDeployment, error) {
	if e.err != nil {
		return apitype.UntypedDeployment{}, e.err
	}
	if !e.changed {
		return apitype.UntypedDeployment{}, errors.New("the edit changes nothing")
	}
	// The texts are put together by hand: encoding them again would read megabytes once more for every variant.
	var text bytes.Buffer
	text.WriteString(`{"resources":[`)
	for i, one := range e.resources {
		if i > 0 {
			text.WriteByte(',')
		}
		if one.fields != nil {
			raw, err := json.Marshal(one.fields)
			if err != nil {
				return apitype.UntypedDeployment{}, fmt.Errorf("writing %s: %w", one.label, err)
			}
			one.raw = raw
		}
		text.Write(one.raw)
	}
	text.WriteByte(']')
	for _, key := range slices.Sorted(maps.Keys(e.rest)) {
		fmt.Fprintf(&text, ",%q:%s", key, e.rest[key])
	}
	text.WriteByte('}')
	return apitype.UntypedDeployment{Version: e.version, Deployment: text.Bytes()}, nil
}

// copied is an export with the same resources, to be edited by itself.
func (e *Export) copied() *Export {
	out := &Export{version: e.version, rest: e.rest}
	for _, one := range e.resources {
		out.resources = append(out.resources, &entry{raw: one.raw, label: one.label})
	}
	return out
}

func (e *Export) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}

// find is the one resource with a label (`aws:rds/instance:Instance::rds`).
func (e *Export) find(label string) *entry {
	var found *entry
	for _, one := range e.resources {
		if one.label != label {
			continue
		}
		if found != nil {
			e.fail("%s: two resources have this label", label)
		}
		found = one
	}
	if found == nil {
		e.fail("%s: the export has no such resource", label)
		return nil
	}
	if found.fields == nil {
		if err := json.Unmarshal(found.raw, &found.fields); err != nil {
			e.fail("%s: %w", label, err)
			return nil
		}
	}
	return found
}
