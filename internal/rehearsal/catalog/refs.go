package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// RefsExist checks the declared references of a call's state, and then every string that looks like an id or an ARN of
// something the pretend cloud would hold.
func (c *Catalog) RefsExist(call *Call) *Error {
	declared := map[string]bool{}
	for _, ref := range call.Type.Refs {
		for _, leaf := range Leaves(call.State, ref.Path) {
			for _, value := range flatten(leaf) {
				declared[value.Path] = true
				text := Text(value.Value)
				if text == "" || awsOwned(text) {
					continue
				}
				if c.target(call.Tx, call.Account, call.Region, ref, text) == nil {
					return notFound(ref, value.Path, text)
				}
			}
		}
	}
	loose := pathSet(call.Type.Loose)
	var refusal *Error
	Visit(call.Inputs, func(path string, v resource.PropertyValue) {
		if refusal != nil || declared[path] || loose[Generic(path)] || !v.IsString() {
			return
		}
		refusal = c.exists(call, path, v.StringValue())
	})
	return refusal
}

// awsOwned tells whether a value names something that AWS owns and every account has: managed policies, default keys and
// service-linked roles. Types whose references may hold such names check them by their own tables.
func awsOwned(value string) bool {
	return strings.HasPrefix(value, "alias/aws/") || strings.Contains(value, ":alias/aws/") ||
		strings.Contains(value, ":iam::aws:") || strings.Contains(value, ":role/aws-service-role/")
}

func flatten(leaf Leaf) []Leaf {
	if !leaf.Value.IsArray() {
		return []Leaf{leaf}
	}
	var leaves []Leaf
	for i, element := range leaf.Value.ArrayValue() {
		leaves = append(leaves, Leaf{fmt.Sprintf("%s[%d]", leaf.Path, i), Plain(element)})
	}
	return leaves
}

func notFound(ref Ref, path, value string) *Error {
	message := ref.Message
	if message == "" {
		message = fmt.Sprintf("The %s '{value}' does not exist", shortName(ref.To[0]))
	}
	code := ref.Code
	if code == "" {
		code = "ResourceNotFoundException"
	}
	return &Error{Code: code, Message: strings.ReplaceAll(message, "{value}", value), Property: path, Value: value, Rule: "reference exists"}
}

// shortName is `Vpc` of `aws:ec2/vpc:Vpc`.
func shortName(token string) string { return token[strings.LastIndexByte(token, ':')+1:] }

// target finds what a reference's value means, or nil.
func (c *Catalog) target(tx *cloud.Tx, account, region string, ref Ref, value string) *cloud.Object {
	for _, token := range ref.To {
		if ref.By != ByName && ref.By != ByARN {
			for _, where := range []string{region, cloud.Global} {
				if o := tx.Get(account, where, token, value); o != nil {
					return o
				}
			}
		}
		if ref.By == ByARN || ref.By == ByIDOrARN || ref.By == ByNameOrARN {
			if o := tx.ByARN(strings.TrimSuffix(value, ":*")); o != nil && o.Type == token && o.Account == account &&
				(ref.AnyRegion || o.Region == region || o.Region == cloud.Global) {
				return o
			}
		}
		if ref.By == ByName || ref.By == ByNameOrARN || ref.AnyRegion {
			where := region
			if t := c.types[token]; t != nil && t.Global {
				where = cloud.Global
			}
			if ref.AnyRegion {
				where = ""
			}
			matches := tx.Find(account, where, token, func(o *cloud.Object) bool {
				return o.Name == value && ref.By != ByID || o.ID == value && ref.By != ByName
			})
			if len(matches) > 0 {
				return matches[0]
			}
		}
	}
	return nil
}

var idPattern = regexp.MustCompile(`^([a-z]+(?:-[a-z]+)*)-[0-9a-f]{17}$`)

// exists is the generic check of one string. Something that the catalog has no type for is left alone.
func (c *Catalog) exists(call *Call, path, value string) *Error {
	if match := idPattern.FindStringSubmatch(value); match != nil {
		types := c.TypesWithPrefix(match[1])
		if len(types) > 0 && call.Tx.ByID(call.Account, call.Region, value) == nil {
			return &Error{Code: "Invalid" + types[0].Action + "ID.NotFound", Property: path, Value: value, Rule: "reference exists",
				Message: fmt.Sprintf("The %s ID '%s' does not exist", shortName(types[0].Token), value)}
		}
		return nil
	}
	if !strings.HasPrefix(value, "arn:") || strings.ContainsAny(value, "*?${") && !strings.HasSuffix(value, ":*") {
		return nil
	}
	arn := strings.TrimSuffix(value, ":*")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[4] != "" && parts[4] != call.Account || strings.Contains(parts[5], "aws-service-role/") {
		return nil // another account's, AWS's own, or made by AWS on demand
	}
	types := c.TypesOfARN(parts[2], parts[5])
	if len(types) == 0 || call.Tx.ByARN(arn) != nil || c.within(call, arn) {
		return nil
	}
	return &Error{Code: "ResourceNotFoundException", Property: path, Value: value, Rule: "reference exists",
		Message: fmt.Sprintf("The %s '%s' does not exist", shortName(types[0].Token), value)}
}

// within tells whether an ARN names a part of something that exists (an object in a bucket, a stream in a log group).
func (c *Catalog) within(call *Call, arn string) bool {
	for cut := strings.LastIndexAny(arn, ":/"); cut > len("arn:aws:"); cut = strings.LastIndexAny(arn[:cut], ":/") {
		if o := call.Tx.ByARN(arn[:cut]); o != nil {
			return true
		}
	}
	return false
}

// Dependent is an object that keeps another one from being deleted.
type Dependent struct {
	Object *cloud.Object
	Path   string
	Code   string
}

// Dependents finds the objects that refer to one with a blocking reference.
func (c *Catalog) Dependents(tx *cloud.Tx, target *cloud.Object) []Dependent {
	var dependents []Dependent
	tx.Each(target.Account, func(o *cloud.Object) bool {
		t := c.types[o.Type]
		if t == nil || o.Serial == target.Serial || o.Owner == target.Serial && o.URN == "" {
			return true
		}
		for _, ref := range t.Refs {
			if !ref.Blocks || !slices.Contains(ref.To, target.Type) || (!ref.AnyRegion && o.Region != target.Region && o.Region != cloud.Global && target.Region != cloud.Global) {
				continue
			}
			for _, value := range Strs(o.State, ref.Path) {
				if refersTo(ref, value, target) {
					code := ref.BlockCode
					if code == "" {
						code = "DependencyViolation"
					}
					dependents = append(dependents, Dependent{o, ref.Path, code})
					return true
				}
			}
		}
		return true
	})
	return dependents
}

func refersTo(ref Ref, value string, o *cloud.Object) bool {
	if value == "" {
		return false
	}
	switch ref.By {
	case ByARN:
		return value == o.ARN
	case ByName:
		return value == o.Name
	case ByIDOrARN:
		return value == o.ID || value == o.ARN
	case ByNameOrARN:
		return value == o.Name || value == o.ID || value == o.ARN
	default:
		return value == o.ID
	}
}
