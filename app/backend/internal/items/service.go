package items

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// People tells whether an account exists.
type People interface {
	ByID(ctx context.Context, id string) (accounts.Account, error)
}

// Service is what may be done with items, and by whom: managers and machines see and change all of them; a member sees
// what they hold, says where it is and gives it back. What a member may not see does not exist for them.
type Service struct {
	Store   Store
	Claims  Claims
	People  People
	Cursors Cursors
	Now     func() time.Time
}

// New is what somebody says about a new item.
type New struct {
	Type   string `json:"type"`
	Serial string `json:"serial"`
	Place  string `json:"place"`
}

// Bounds of a page.
const (
	DefaultLimit = 50
	MostLimit    = 200
)

// Create makes an item. With a key of the asker's, the same request may be sent again: it makes no second item and gives
// back the first, as it is by then, with again set.
func (s *Service) Create(ctx context.Context, by auth.Principal, wanted New, key string) (item Item, again bool, err error) {
	if err := fault.Fields(check(wanted.Type, wanted.Serial, wanted.Place)...); err != nil {
		return Item{}, false, err
	}
	item = s.fresh(by, wanted)
	if key != "" {
		digest := sha256.Sum256([]byte(by.ID + "\x00" + key))
		request := sha256.Sum256([]byte(wanted.Type + "\x00" + wanted.Serial + "\x00" + wanted.Place))
		if err := s.Claims.Claim(ctx, by.ID, digest, request, s.Now()); err != nil {
			return Item{}, false, err
		}
		item.Creation = hex.EncodeToString(digest[:16])
	}
	found, made, err := s.Store.Create(ctx, item)
	if err != nil {
		return Item{}, false, err
	}
	if !made && (key == "" || found.Creation != item.Creation) {
		return Item{}, false, Exists(item.Type, item.Serial)
	}
	return found, !made, nil
}

func (s *Service) fresh(by auth.Principal, wanted New) Item {
	now := s.Now().UTC().Truncate(time.Millisecond)
	return Item{
		ID: IDOf(wanted.Type, wanted.Serial), Type: wanted.Type, Serial: wanted.Serial, Place: wanted.Place, Status: Available,
		Version: 1, Created: now, Updated: now, ChangedBy: by.ID, Change: newChange(),
	}
}

// Exists is the fault for a serial number that the type has already.
func Exists(typ, serial string) error {
	return fault.New(fault.Conflict, "item-exists", "there is an item of type %s with serial number %s", typ, serial)
}

// Get gives an item that the asker may see.
func (s *Service) Get(ctx context.Context, by auth.Principal, id string) (Item, error) {
	if !ValidID(id) {
		return Item{}, NotFound()
	}
	item, err := s.Store.Get(ctx, id)
	if err != nil {
		return Item{}, err
	}
	if !by.Everything() && item.Holder != by.ID {
		return Item{}, NotFound()
	}
	return item, nil
}

// Match is the version that a change is made from: a number, or any.
type Match struct {
	Version int64
	Any     bool
}

// Change carries out an operation on the version that the asker has seen.
func (s *Service) Change(ctx context.Context, by auth.Principal, id string, match Match, operation Operation, holder string) (Item, error) {
	if !by.Everything() && operation != Return {
		if _, err := s.Get(ctx, by, id); err != nil {
			return Item{}, err
		}
		return Item{}, fault.New(fault.Forbidden, "managers-only", "%s is for managers; a member may return what they hold", operation)
	}
	if operation == Assign {
		if err := s.person(ctx, holder); err != nil {
			return Item{}, err
		}
	}
	return s.update(ctx, by, id, match, func(item Item) (Item, error) { return item.Apply(operation, holder) })
}

func (s *Service) person(ctx context.Context, id string) error {
	if ValidID(id) { // ids of accounts have the same form
		_, err := s.People.ByID(ctx, id)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return fault.Fields(fault.Field{Field: "holder", Rule: "is the id of an account", Hint: "GET /accounts?email=… finds it"})
}

// Move says where an item is; "" for nowhere in particular.
func (s *Service) Move(ctx context.Context, by auth.Principal, id string, match Match, place string) (Item, error) {
	if err := fault.Fields(checkPlace(place)...); err != nil {
		return Item{}, err
	}
	return s.update(ctx, by, id, match, func(item Item) (Item, error) {
		if item.Status == Retired {
			return Item{}, fault.New(fault.Conflict, "status-not-allowed", "the item is retired; nothing about it changes any more")
		}
		item.Place = place
		return item, nil
	})
}

func (s *Service) update(ctx context.Context, by auth.Principal, id string, match Match, change func(Item) (Item, error)) (Item, error) {
	item, err := s.Get(ctx, by, id)
	if err != nil {
		return Item{}, err
	}
	if !match.Any && match.Version != item.Version {
		return Item{}, Stale()
	}
	changed, err := change(item)
	if err != nil {
		return Item{}, err
	}
	changed.Version++
	changed.Updated, changed.ChangedBy, changed.Change = s.Now().UTC().Truncate(time.Millisecond), by.ID, newChange()
	if err := s.Store.Update(ctx, changed); err != nil {
		return Item{}, err
	}
	return changed, nil
}

// Listing is what somebody asks of a list, as it stands in the request.
type Listing struct{ Holder, Type, Status, Limit, Cursor string }

// List gives a page and the cursor of the next one. A member's list is what they hold.
func (s *Service) List(ctx context.Context, by auth.Principal, asked Listing) ([]Item, string, error) {
	query, name, err := s.listing(by, asked, DefaultLimit, MostLimit)
	if err != nil {
		return nil, "", err
	}
	page, err := s.Store.List(ctx, query)
	if err != nil {
		return nil, "", err
	}
	next, err := s.Cursors.Make(name, page.Next)
	return page.Items, next, err
}

// listing checks a list's questions; name is the list that its cursors belong to.
func (s *Service) listing(by auth.Principal, asked Listing, usual, most int) (query Query, name string, err error) {
	if !by.Everything() {
		if asked.Holder != "" && asked.Holder != by.ID || asked.Type != "" || asked.Status != "" {
			return Query{}, "", fault.New(fault.Forbidden, "own-items-only", "a member lists what they hold; leave holder, type and status out")
		}
		asked.Holder = by.ID
	}
	query = Query{Holder: asked.Holder, Type: asked.Type, Status: Status(asked.Status)}
	var broken []fault.Field
	if query.Holder != "" && !ValidID(query.Holder) {
		broken = append(broken, fault.Field{Field: "holder", Rule: "is the id of an account"})
	}
	if query.Holder != "" && query.Type != "" {
		broken = append(broken, fault.Field{Field: "holder", Rule: "does not go together with type", Hint: "ask for one of them"})
	}
	if query.Type != "" {
		broken = append(broken, CheckType("type", query.Type)...)
	}
	if query.Status != "" && (query.Type == "" || !slices.Contains(Statuses, query.Status)) {
		broken = append(broken, fault.Field{Field: "status", Rule: "is available, assigned, inRepair or retired, and goes with type"})
	}
	limit, bad := Limit(asked.Limit, usual, most)
	query.Limit = limit
	if err := fault.Fields(append(broken, bad...)...); err != nil {
		return Query{}, "", err
	}
	name = "items\x00" + query.Holder + "\x00" + query.Type + "\x00" + asked.Status
	query.After, err = s.Cursors.Read(name, asked.Cursor)
	return query, name, err
}

// Limit reads a page's size.
func Limit(text string, usual, most int) (int, []fault.Field) {
	if text == "" {
		return usual, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most || strconv.Itoa(limit) != text {
		return 0, []fault.Field{{Field: "limit", Rule: fmt.Sprintf("is a whole number from 1 to %d", most)}}
	}
	return limit, nil
}
