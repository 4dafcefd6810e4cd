// Package catalog is the contract by which AWS resource types and functions are described to the stand-in provider.
//
// A type is a small table: what the SDK and aws-facts.json say of it is read from there, and only what they do not say
// (the form of ids and ARNs, defaults, references, uniqueness, refusals) stands in the table.
package catalog

// Type describes one resource type.
//
// Paths are property paths as `a.b[].c`; `[]` may be left out. Templates are strings with {account}, {region},
// {partition}, {id}, {arn}, {name} or {anyTopLevelProperty}.
type Type struct {
	// Token is the Pulumi type token, `aws:ec2/vpc:Vpc`.
	Token string
	// Args and Resource are nil pointers of the SDK's types, `(*ec2.VpcArgs)(nil)` and `(*ec2.Vpc)(nil)`: the inputs and
	// outputs that exist, their types and which scalars are required.
	Args, Resource any

	// Service and Action are AWS's names in errors: "EC2" and "Vpc" for "operation error EC2: CreateVpc".
	// Title is what the provider calls it: "EC2 VPC". Verbs replaces the operations' names where they are not
	// Create/Modify/Delete + Action: {"create": "RunInstances"}.
	Service, Action, Title string
	Verbs                  map[string]string
	// Global types belong to no region (IAM).
	Global bool

	// ID is the form of ids. ARN is the ARN's template; it is stored under the property `arn` where the type has one,
	// else under ARNProperty if that is set.
	ID          ID
	ARN         string
	ARNProperty string
	// Name says which property names the object and where the name must be unique.
	Name Name
	// Unique lists further combinations that must be unique.
	Unique []Unique
	// Overwrites marks types whose creation replaces an object with the same id silently, as AWS's Put operations do.
	Overwrites bool

	// Defaults are what AWS or the provider fills in when an input is missing, by path. A default that the state shows and
	// the program does not set is no difference.
	Defaults map[string]any
	// Blank are string outputs that AWS leaves empty unless Compute sets them.
	Blank []string
	// Compute fills the computed outputs; it also runs on update and must then keep what AWS keeps (see Call.SetNew).
	Compute func(*Call) error
	// Volatile are computed outputs that change with every update (versions, etags): unknown in a preview.
	Volatile []string
	// After runs when the object is stored: it makes what AWS makes with it (see Call.Hidden).
	After func(*Call) error

	// Documents are properties that hold JSON documents, by path.
	Documents map[string]Document
	// Refs are references to other objects.
	Refs []Ref
	// Loose are paths that the generic check of ids and ARNs leaves alone.
	Loose []string
	// Sets are lists whose order AWS ignores.
	Sets []string

	// Required, ForceNew, Updates, Computed and Sensitive correct aws-facts.json: Updates lists paths that the facts say
	// force a replacement and that do not, Optional those that it says are required and that are not any more. A type that the facts lack lists everything here, with its Source.
	Required, Optional, ForceNew, Updates, Computed, Sensitive []string

	// Check finds problems in the inputs alone; values may be unknown (Call.Known tells).
	Check func(*Call) []Problem
	// Refuse finds what AWS refuses at create and update, with the cloud at hand.
	Refuse func(*Call) *Error
	// RefuseDelete finds what AWS refuses to delete; Call.State is the object's state.
	RefuseDelete func(*Call) *Error
	// InUse finds what AWS refuses to delete for as long as something else uses it, where no Ref with Blocks can say so.
	// Unlike RefuseDelete it is no protection: deleting the whole stack in order meets no refusal.
	InUse func(*Call) *Error
	// Survives tells that the object stays in the cloud when its resource goes (skipDestroy); Call.State is its state.
	Survives func(*Call) bool

	// Source is the page that what stands here comes from.
	Source string
}

// Scope is where a name must be unique: one of the constants, or the comma-separated properties of the parent
// ("vpcId"), within the account and region.
type Scope string

// The scopes.
const (
	Nowhere    Scope = ""
	InWorld    Scope = "world"
	InAccount  Scope = "account"
	InRegion   Scope = "region"
	nameMarker       = "{name}"
)

// Name is how objects of a type are named.
type Name struct {
	// Property holds the name.
	Property string
	// Auto is the longest name that pulumi-aws generates when the program gives none (logicalName-7hex); 0 when it does not.
	Auto int
	// Prefix is the property from which AWS's provider makes a name (prefix plus 26 digits), where there is one.
	Prefix string
	// Lower makes generated names lower case.
	Lower bool
	Scope Scope
	// Code and Message are AWS's answer to a second one; Message is a template. Space is shared by types that share names.
	Code, Message, Space string
}

// Unique is a combination of properties that must be unique within the scope.
type Unique struct {
	Properties    []string
	Scope         Scope
	Code, Message string
	// Space is shared by types that share the names; the type's token when empty.
	Space string
}

// Document is a property that holds a JSON document.
type Document struct {
	// Code is AWS's error for text that is no JSON (MalformedPolicyDocument).
	Code string
	// Returns is the document as AWS gives it back; nil when AWS keeps the text.
	Returns func(string) (string, error)
	// Same says that the provider takes two texts for equal; nil compares the texts, so that another order is a difference.
	Same func(old, new string) bool
}

// Ref is a reference: the value at Path must be the id, ARN or name of an object of one of the types To.
type Ref struct {
	Path string
	To   []string
	By   By
	// Code and Message are AWS's error when it does not exist; Message is a template with {value}. A general text when empty.
	Code, Message string
	// Blocks: the target cannot be deleted while this object exists (DependencyViolation, or BlockCode).
	Blocks    bool
	BlockCode string
	// AnyRegion: the target may be in another region of the account.
	AnyRegion bool
}

// Loosely is the reference without its hold on the target: the target may go first.
func (r Ref) Loosely() Ref {
	r.Blocks = false
	return r
}

// By says what a reference holds.
type By int

// The ways to refer.
const (
	ByID By = iota
	ByARN
	ByName
	// ByIDOrARN and the like accept either.
	ByIDOrARN
	ByNameOrARN
)

// Problem is an input that does not pass.
type Problem struct {
	Property, Rule, Value, Message, Source string
}

// Function describes one data source.
type Function struct {
	Token string
	// Args and Result are nil pointers of the SDK's plain structs, `(*ec2.LookupVpcArgs)(nil)`; Args is nil for none.
	Args, Result any
	Run          func(*Invoke) (map[string]any, error)
	Source       string
}

// Service is what one folder under aws describes.
type Service struct {
	Types     []Type
	Functions []Function
}
