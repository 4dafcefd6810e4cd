// Package items is the equipment: what an item is, which changes it allows, how it is kept, listed, imported and exported.
package items

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Status is where an item is in its life.
type Status string

// The statuses.
const (
	Available Status = "available"
	Assigned  Status = "assigned"
	InRepair  Status = "inRepair"
	Retired   Status = "retired"
)

// Statuses are all of them.
var Statuses = []Status{Available, Assigned, InRepair, Retired}

// Item is one piece of equipment. Type and Serial identify it and never change; ID follows from them, so that a type has a
// serial number once, and a repeated creation finds what the first one made.
type Item struct {
	ID     string
	Type   string
	Serial string
	Status Status
	// Holder is the account that has the item; "" unless it is assigned.
	Holder string
	Place  string
	// Version counts the changes, from 1.
	Version int64
	Created time.Time
	Updated time.Time
	// ChangedBy is the principal who made this version.
	ChangedBy string
	// Change is random for each version: it tells a write that was sent twice from somebody else's.
	Change string
	// Creation is a digest of owner and Idempotency-Key of the creation; "" without one.
	Creation string
}

var (
	typeForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	serialForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$`)
	idForm     = regexp.MustCompile(`^[a-z2-7]{26}$`)
)

const mostPlace = 100

// IDOf is the item's id: 130 bits of a digest of type and serial number, in base32.
func IDOf(typ, serial string) string {
	sum := sha256.Sum256([]byte("item\x00" + typ + "\x00" + serial))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// ValidID says whether id may be one: others need not be looked up.
func ValidID(id string) bool { return idForm.MatchString(id) }

func newChange() string { return strings.ToLower(rand.Text()) }

// check gives the broken rules of what somebody says about a new item.
func check(typ, serial, place string) []fault.Field {
	broken := CheckType("type", typ)
	if !serialForm.MatchString(serial) {
		broken = append(broken, fault.Field{Field: "serial", Rule: "has 1 to 64 letters, digits, dots, hyphens, underscores or slashes and begins with a letter or digit", Hint: "such as C02-XL/7"})
	}
	return append(broken, checkPlace(place)...)
}

// CheckType gives the broken rule of a type, which stands in field.
func CheckType(field, typ string) []fault.Field {
	if typeForm.MatchString(typ) {
		return nil
	}
	return []fault.Field{{Field: field, Rule: "has 1 to 40 lower-case letters, digits and hyphens and begins with a letter", Hint: "such as laptop"}}
}

func checkPlace(place string) []fault.Field {
	if place == "" || accounts.PlainText(place, 1, mostPlace) {
		return nil
	}
	return []fault.Field{{Field: "place", Rule: "is one line of at most 100 characters without spaces around it"}}
}

// Operation is a change of the status.
type Operation string

// The operations.
const (
	// Assign gives an available item to somebody.
	Assign Operation = "assign"
	// Return takes an item back, from its holder or from repair.
	Return Operation = "return"
	// Repair sends an item to repair; it has no holder then.
	Repair Operation = "repair"
	// Retire ends an item's use, for good. An assigned one is taken back first.
	Retire Operation = "retire"
)

// transitions are the allowed changes of the status.
var transitions = map[Operation]struct {
	from []Status
	to   Status
}{
	Assign: {[]Status{Available}, Assigned},
	Return: {[]Status{Assigned, InRepair}, Available},
	Repair: {[]Status{Available, Assigned}, InRepair},
	Retire: {[]Status{Available, InRepair}, Retired},
}

// Apply gives the item after the operation, or a Conflict where its status does not allow it. The holder is for Assign.
func (i Item) Apply(operation Operation, holder string) (Item, error) {
	allowed := transitions[operation]
	var names []string
	for _, from := range allowed.from {
		if i.Status == from {
			i.Status, i.Holder = allowed.to, ""
			if operation == Assign {
				i.Holder = holder
			}
			return i, nil
		}
		names = append(names, string(from))
	}
	return Item{}, fault.New(fault.Conflict, "status-not-allowed", "the item is %s; %s takes one that is %s", i.Status, operation, strings.Join(names, " or "))
}

// Query is a list: of a holder, of a type with or without a status, or of everything. After goes on behind a key.
type Query struct {
	Holder string
	Type   string
	Status Status
	Limit  int
	After  map[string]string
}

// Page is a part of a list. Next is where the next part begins; nil where there is none.
type Page struct {
	Items []Item
	Next  map[string]string
}

// Store keeps items. Get reads what was written last; List may lag behind by moments, as DynamoDB's indexes do.
type Store interface {
	// Get fails with NotFound.
	Get(ctx context.Context, id string) (Item, error)
	// Create writes a new item; where there is one with the id, it gives that one back and made is false.
	Create(ctx context.Context, item Item) (found Item, made bool, err error)
	// Update writes the next version; where the stored version is not item.Version-1 it fails with Stale.
	Update(ctx context.Context, item Item) error
	List(ctx context.Context, query Query) (Page, error)
	// CountAvailable counts available items of a type, up to enough.
	CountAvailable(ctx context.Context, typ string, enough int) (int, error)
}

// NotFound is the fault for an item that does not exist, or that the asker may not know of.
func NotFound() error { return fault.New(fault.NotFound, "no-item", "there is no such item") }

// Stale is the fault for a change made from an older version.
func Stale() error {
	return fault.New(fault.Stale, "item-changed", "the item has changed since it was read; read it again and decide again")
}
