package recovery

import (
	"fmt"
	"strconv"
	"strings"
)

// Key says how an object of a type is recognised.
type Key struct {
	// ID is the id as a template of inputs, such as "{bucket}"; {account}, {region} and {partition} are those of the
	// provider. Empty when AWS chooses the id.
	ID string
	// Made makes ids that no template can.
	Made func(p Pending) string
	// Match lists the inputs that identify an object whose id AWS chooses: whatever of them the resource sets must be equal.
	Match []string
	// Tags: an object must also carry the resource's own tags and those of its provider.
	Tags bool
	// Import is what the provider takes when it reads the object for the first time, a template with {id} too; the id if empty.
	Import string
	// Put marks types whose creation overwrites: made again, there is still one.
	Put bool
}

// idOf is the id that follows from the inputs, or empty.
func (k Key) idOf(p Pending) (string, error) {
	if k.Made != nil {
		id := k.Made(p)
		if id == "" {
			return "", fmt.Errorf("%w: an input of %s", ErrNotKnown, p.URN)
		}
		return id, nil
	}
	return expand(k.ID, p)
}

// ImportID is what the provider takes to read the object with that id for the first time.
func (k Key) ImportID(p Pending, id string) string {
	if k.Import == "" {
		return id
	}
	out, err := expand(strings.ReplaceAll(k.Import, "{id}", id), p)
	if err != nil {
		return id
	}
	return out
}

// expand fills a template.
func expand(template string, p Pending) (string, error) {
	var out strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", fmt.Errorf("the template %q lacks a closing brace", template)
		}
		rest = tail
		switch name {
		case "account":
			out.WriteString(p.Account)
		case "region":
			out.WriteString(p.Region)
		case "partition":
			out.WriteString(Partition(p.Region))
		default:
			if p.Inputs[name] == Unknown {
				return "", fmt.Errorf("%w: %s", ErrNotKnown, name)
			}
			out.WriteString(p.Text(name))
		}
	}
	return out.String(), nil
}

// Partition is the partition of a region, as ARNs name it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// matches tells whether a candidate is the pending resource.
func (k Key) matches(p Pending, id string, c Candidate) bool {
	if id != "" && c.ID != id {
		return false
	}
	compared := id != ""
	for _, property := range k.Match {
		want, set := p.Inputs[property]
		if !set || want == nil {
			continue
		}
		if !same(want, c.Attributes[property]) {
			return false
		}
		compared = true
	}
	if c.Tags == nil {
		return compared && !k.Tags
	}
	for key, value := range p.Tags() {
		if c.Tags[key] != value {
			return false
		}
		compared = compared || k.Tags
	}
	// Nothing to compare identifies nothing.
	return compared
}

func (k Key) how(id string) string {
	switch {
	case id != "" && k.Tags:
		return "by name and tags"
	case id != "":
		return "by name"
	case len(k.Match) == 0:
		return "by tags"
	}
	how := "by " + strings.Join(k.Match, ", ")
	if k.Tags {
		how += " and tags"
	}
	return how
}

// same compares two JSON values as AWS and Pulumi write them: numbers and booleans may be text.
func same(a, b any) bool {
	left, leftList := a.([]any)
	right, rightList := b.([]any)
	if leftList && rightList {
		if len(left) != len(right) {
			return false
		}
		for i := range left {
			if !same(left[i], right[i]) {
				return false
			}
		}
		return true
	}
	return text(a) == text(b)
}

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}
