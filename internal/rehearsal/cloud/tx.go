package cloud

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Tx is a look at the cloud inside Do or View. The objects it returns are read-only.
type Tx struct {
	c        *Cloud
	writable bool
	lines    []record
}

func found(e *entry) *Object {
	if e == nil {
		return nil
	}
	o, err := e.view()
	if err != nil {
		// The journal's lines were checked as JSON when they were read; a map that cannot be decoded is damage.
		return nil
	}
	return o
}

// Get returns the object of that type and id, or nil.
func (tx *Tx) Get(account, region, typ, id string) *Object {
	return found(tx.c.byTypeID[typeIDKey(account, region, typ, id)])
}

// ByID returns the object with that id, of whatever type, in the region; or nil.
func (tx *Tx) ByID(account, region, id string) *Object {
	return found(newest(tx.c.byID[idKey(account, region, id)]))
}

// ByARN returns the object with that ARN, or nil.
func (tx *Tx) ByARN(arn string) *Object { return found(newest(tx.c.byARN[arn])) }

// ByKey returns the object that holds a unique name, or nil.
func (tx *Tx) ByKey(key string) *Object { return found(tx.c.byKey[key]) }

// Each visits the account's objects in the order of their creation until visit returns false.
func (tx *Tx) Each(account string, visit func(*Object) bool) {
	serials := make([]int64, 0, len(tx.c.entries))
	for serial, e := range tx.c.entries {
		if e.object.Account == account {
			serials = append(serials, serial)
		}
	}
	sort.Slice(serials, func(i, j int) bool { return serials[i] < serials[j] })
	for _, serial := range serials {
		if e, ok := tx.c.entries[serial]; ok && !visit(found(e)) {
			return
		}
	}
}

// Find returns the account's objects of one type that match (all of them when match is nil), oldest first.
func (tx *Tx) Find(account, region, typ string, match func(*Object) bool) []*Object {
	var objects []*Object
	for _, e := range tx.c.entries {
		if e.object.Account != account || e.object.Type != typ || (region != "" && e.object.Region != region) {
			continue
		}
		if o := found(e); o != nil && (match == nil || match(o)) {
			objects = append(objects, o)
		}
	}
	sort.Slice(objects, func(i, j int) bool { return objects[i].Serial < objects[j].Serial })
	return objects
}

// Put writes an object: a new one when its Serial is 0 (it gets one), else the new version of an existing one.
func (tx *Tx) Put(o *Object) error {
	if !tx.writable {
		return errors.New("writing to the pretend cloud outside of Do")
	}
	if o.Serial == 0 {
		tx.c.serial++
		o.Serial = tx.c.serial
		if o.Created.IsZero() {
			o.Created = time.Now().UTC()
		}
	}
	state, err := encode(o.State)
	if err != nil {
		return fmt.Errorf("storing the state of %s: %w", o.ID, err)
	}
	inputs, err := encode(o.Inputs)
	if err != nil {
		return fmt.Errorf("storing the inputs of %s: %w", o.ID, err)
	}
	stored := *o
	r := record{Op: "put", Object: &stored, State: state, Inputs: inputs}
	tx.lines = append(tx.lines, r)
	tx.c.apply(r)
	return nil
}

// Delete removes an object and what AWS made with it.
func (tx *Tx) Delete(o *Object) error {
	if !tx.writable {
		return errors.New("writing to the pretend cloud outside of Do")
	}
	serials := []int64{o.Serial}
	for serial, e := range tx.c.entries {
		if e.object.Owner == o.Serial {
			serials = append(serials, serial)
		}
	}
	for _, serial := range serials {
		r := record{Op: "delete", Serial: serial}
		tx.lines = append(tx.lines, r)
		tx.c.apply(r)
	}
	return nil
}

// copyOf returns an object that the caller may keep and change.
func copyOf(o *Object) Object {
	out := *o
	out.State = o.State.Copy()
	out.Inputs = o.Inputs.Copy()
	return out
}

// Objects returns copies of what exists in an account, oldest first.
func (c *Cloud) Objects(account string) ([]Object, error) {
	var objects []Object
	err := c.View(func(tx *Tx) error {
		tx.Each(account, func(o *Object) bool {
			objects = append(objects, copyOf(o))
			return true
		})
		return nil
	})
	return objects, err
}

// Mutate changes the object with that id (or ARN) behind Pulumi's back, as somebody in the console would.
func (c *Cloud) Mutate(id string, change func(state resource.PropertyMap)) error {
	return c.behind(id, func(tx *Tx, o *Object) error {
		changed := copyOf(o)
		changed.State = deepCopy(o.State)
		change(changed.State)
		return tx.Put(&changed)
	})
}

// Remove deletes the object with that id (or ARN) behind Pulumi's back, without asking AWS's rules.
func (c *Cloud) Remove(id string) error {
	return c.behind(id, func(tx *Tx, o *Object) error { return tx.Delete(o) })
}

func (c *Cloud) behind(id string, work func(tx *Tx, o *Object) error) error {
	return c.Do(func(tx *Tx) error {
		if o := tx.ByARN(id); o != nil {
			return work(tx, o)
		}
		var hits []*Object
		for _, e := range tx.c.entries {
			if e.object.ID == id {
				hits = append(hits, found(e))
			}
		}
		switch len(hits) {
		case 0:
			return fmt.Errorf("the pretend cloud has no object with the id %q", id)
		case 1:
			return work(tx, hits[0])
		default:
			return fmt.Errorf("the id %q belongs to %d objects of the pretend cloud: use the ARN", id, len(hits))
		}
	})
}

func deepCopy(m resource.PropertyMap) resource.PropertyMap {
	raw, err := encode(m)
	if err == nil {
		if out, err := decode(raw); err == nil {
			return out
		}
	}
	return m.Copy()
}
