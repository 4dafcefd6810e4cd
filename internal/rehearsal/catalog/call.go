package catalog

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// ID is the form of a type's ids. The zero value is a random UUID.
type ID struct {
	// Prefix makes `prefix-` plus 17 hexadecimal digits.
	Prefix string
	// Template makes ids from properties: "{name}", "{arn}", "{routeTableId}_{destinationCidrBlock}".
	Template string
	// Make makes them by a function.
	Make func(*Call) string
}

// Prefixed is `prefix-` plus 17 hexadecimal digits, as EC2 makes them.
func Prefixed(prefix string) ID { return ID{Prefix: prefix} }

// Templated makes ids from properties.
func Templated(template string) ID { return ID{Template: template} }

// Made makes ids by a function.
func Made(make func(*Call) string) ID { return ID{Make: make} }

// Call is one create, update or delete of an object, as the functions of its type see it.
type Call struct {
	Type *Type
	// Tx is the cloud under its lock; nil in Check and in previews.
	Tx                         *cloud.Tx
	Account, Region, Partition string
	// URN and Logical are the resource's URN and logical name.
	URN, Logical string
	ID, ARN      string
	// Inputs are the checked inputs. State is what AWS will return; it starts as the old state, the inputs and the defaults.
	Inputs, State resource.PropertyMap
	// Old is the object as it was; nil on create.
	Old *cloud.Object
	// IgnoreChanges are the properties that the program leaves to others; an update does not touch them.
	IgnoreChanges []string
	Now           time.Time

	pending []*cloud.Object
}

// Creating tells a create from an update.
func (c *Call) Creating() bool { return c.Old == nil }

// Known tells whether an input is there and entirely known.
func (c *Call) Known(path string) bool {
	leaves := Leaves(c.Inputs, path)
	for _, leaf := range leaves {
		if leaf.Value.ContainsUnknowns() {
			return false
		}
	}
	return len(leaves) > 0
}

// Has tells whether an input is set to something other than null, known or not.
func (c *Call) Has(path string) bool { return len(Leaves(c.Inputs, path)) > 0 }

// Str is the string at a path of the state (of the inputs while there is no state), "" when there is none.
func (c *Call) Str(path string) string { return Str(c.props(), path) }

// Bool is the bool at a path, false when there is none.
func (c *Call) Bool(path string) bool {
	for _, leaf := range Leaves(c.props(), path) {
		if leaf.Value.IsBool() {
			return leaf.Value.BoolValue()
		}
	}
	return false
}

// Num is the number at a path, 0 when there is none.
func (c *Call) Num(path string) float64 {
	for _, leaf := range Leaves(c.props(), path) {
		if leaf.Value.IsNumber() {
			return leaf.Value.NumberValue()
		}
	}
	return 0
}

// Strs are the strings at a path, lists flattened.
func (c *Call) Strs(path string) []string { return Strs(c.props(), path) }

func (c *Call) props() resource.PropertyMap {
	if c.State != nil {
		return c.State
	}
	return c.Inputs
}

// Set sets an output.
func (c *Call) Set(property string, value any) {
	c.State[resource.PropertyKey(property)] = resource.NewPropertyValue(value)
}

// SetNew sets an output that has no value yet: what AWS makes once and keeps.
func (c *Call) SetNew(property string, value any) {
	if old, ok := c.State[resource.PropertyKey(property)]; !ok || old.IsNull() || (old.IsString() && old.StringValue() == "") {
		c.Set(property, value)
	}
}

// Get returns an object of the same account and region (or a global one), or nil.
func (c *Call) Get(token, id string) *cloud.Object {
	if c.Tx == nil || id == "" {
		return nil
	}
	if o := c.Tx.Get(c.Account, c.Region, token, id); o != nil {
		return o
	}
	return c.Tx.Get(c.Account, cloud.Global, token, id)
}

// Hidden makes an object that AWS makes together with this one (a VPC's default security group). It goes with its owner.
func (c *Call) Hidden(token, id, arn string, state map[string]any) {
	c.pending = append(c.pending, &cloud.Object{
		Account: c.Account, Region: c.Region, Type: token, ID: id, ARN: arn,
		State: resource.NewPropertyMapFromMap(state),
	})
}

// Pending are the hidden objects asked for so far.
func (c *Call) Pending() []*cloud.Object { return c.pending }

// Fill expands a template.
func (c *Call) Fill(template string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	var out strings.Builder
	for {
		open := strings.IndexByte(template, '{')
		end := strings.IndexByte(template, '}')
		if open < 0 || end < open {
			out.WriteString(template)
			return out.String()
		}
		out.WriteString(template[:open])
		out.WriteString(c.word(template[open+1 : end]))
		template = template[end+1:]
	}
}

func (c *Call) word(name string) string {
	switch name {
	case "account":
		return c.Account
	case "region":
		return c.Region
	case "partition":
		return c.Partition
	case "id":
		return c.ID
	case "arn":
		if c.ARN != "" {
			return c.ARN
		}
	case "name":
		if c.Type != nil && c.Type.Name.Property != "" {
			return c.Str(c.Type.Name.Property)
		}
	}
	for _, leaf := range Leaves(c.props(), name) {
		return Text(leaf.Value)
	}
	return ""
}

// Name is the object's name.
func (c *Call) Name() string {
	if c.Type.Name.Property == "" {
		return ""
	}
	return c.Str(c.Type.Name.Property)
}

// NewID makes the object's id and ARN, in the order in which one needs the other.
func (c *Call) NewID() {
	needsID := strings.Contains(c.Type.ARN, "{id}")
	if !needsID && c.Type.ARN != "" {
		c.ARN = c.Fill(c.Type.ARN)
	}
	switch id := c.Type.ID; {
	case id.Make != nil:
		c.ID = id.Make(c)
	case id.Template != "":
		c.ID = c.Fill(id.Template)
	case id.Prefix != "":
		c.ID = id.Prefix + "-" + Hex(17)
	default:
		c.ID = UUID()
	}
	if needsID {
		c.ARN = c.Fill(c.Type.ARN)
	}
}

// Hex is n random hexadecimal digits.
func Hex(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)[:n]
}

// UUID is a random UUID.
func UUID() string {
	h := Hex(32)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}

// Letters is n random characters of an alphabet.
func Letters(n int, alphabet string) string {
	b := make([]byte, n)
	size := big.NewInt(int64(len(alphabet)))
	for i := range b {
		k, _ := rand.Int(rand.Reader, size)
		b[i] = alphabet[k.Int64()]
	}
	return string(b)
}

// Alphabets of AWS's generated ids.
const (
	UpperDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	LowerDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
	MixedDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Timestamp is the time as AWS's provider writes it.
func (c *Call) Timestamp() string { return c.Now.UTC().Format(time.RFC3339) }

// Invoke is one call of a function.
type Invoke struct {
	Tx                         *cloud.Tx
	Account, Region, Partition string
	Args                       resource.PropertyMap
}

// Str is a string argument, "" when it is not given.
func (i *Invoke) Str(path string) string { return Str(i.Args, path) }

// Strs are string arguments, lists flattened.
func (i *Invoke) Strs(path string) []string { return Strs(i.Args, path) }
