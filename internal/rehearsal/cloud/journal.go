package cloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// refresh reads what was appended since the last look. Under the lock nobody is writing, so an incomplete last line
// was left by a process that was killed: it is cut off. Without the lock it may still be growing: it is left alone.
func (c *Cloud) refresh(locked bool) error {
	info, err := c.journal.Stat()
	if err != nil {
		return fmt.Errorf("reading the pretend cloud: %w", err)
	}
	if info.Size() < c.offset {
		c.reset()
	}
	if info.Size() == c.offset {
		return nil
	}
	data := make([]byte, info.Size()-c.offset)
	n, err := c.journal.ReadAt(data, c.offset)
	if err != nil && err != io.EOF {
		return fmt.Errorf("reading the pretend cloud: %w", err)
	}
	data = data[:n]
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			break
		}
		var r record
		if err := json.Unmarshal(data[:end], &r); err != nil {
			return fmt.Errorf("reading the pretend cloud in %s: the journal is damaged at byte %d: %w; start with an empty folder",
				c.dir, c.offset, err)
		}
		c.apply(r)
		c.offset += int64(end) + 1
		data = data[end+1:]
	}
	if len(data) > 0 && locked {
		if err := c.journal.Truncate(c.offset); err != nil {
			return fmt.Errorf("dropping a torn line of the pretend cloud: %w", err)
		}
	}
	return nil
}

// append writes the lines of one transaction with one write: either a reader sees a line whole or it waits for the rest.
func (c *Cloud) append(lines []record) error {
	if len(lines) == 0 {
		return nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("writing to the pretend cloud: %w", err)
		}
	}
	if _, err := c.journal.WriteAt(out.Bytes(), c.offset); err != nil {
		return fmt.Errorf("writing to the pretend cloud: %w", err)
	}
	c.offset += int64(out.Len())
	return nil
}

func (c *Cloud) apply(r record) {
	switch r.Op {
	case "put":
		c.unlink(r.Object.Serial)
		c.link(&entry{object: *r.Object, state: r.State, inputs: r.Inputs})
	case "delete":
		c.unlink(r.Serial)
	}
}

func typeIDKey(account, region, typ, id string) string {
	return account + "|" + region + "|" + typ + "|" + id
}

func idKey(account, region, id string) string { return account + "|" + region + "|" + id }

func (c *Cloud) link(e *entry) {
	o := &e.object
	c.entries[o.Serial] = e
	c.serial = max(c.serial, o.Serial)
	c.byTypeID[typeIDKey(o.Account, o.Region, o.Type, o.ID)] = e
	id := idKey(o.Account, o.Region, o.ID)
	c.byID[id] = append(c.byID[id], e)
	if o.ARN != "" {
		c.byARN[o.ARN] = append(c.byARN[o.ARN], e)
	}
	for _, key := range o.Keys {
		c.byKey[key] = e
	}
}

func (c *Cloud) unlink(serial int64) {
	e, ok := c.entries[serial]
	if !ok {
		return
	}
	delete(c.entries, serial)
	o := &e.object
	drop := func(index map[string]*entry, key string) {
		if index[key] == e {
			delete(index, key)
		}
	}
	drop(c.byTypeID, typeIDKey(o.Account, o.Region, o.Type, o.ID))
	dropOne(c.byID, idKey(o.Account, o.Region, o.ID), e)
	dropOne(c.byARN, o.ARN, e)
	for _, key := range o.Keys {
		drop(c.byKey, key)
	}
}

// dropOne takes one entry out of an index in which several objects may share a key: a VPC's default security group and the
// resource that adopted it have one id.
func dropOne(index map[string][]*entry, key string, e *entry) {
	index[key] = slices.DeleteFunc(index[key], func(other *entry) bool { return other == e })
	if len(index[key]) == 0 {
		delete(index, key)
	}
}

func newest(entries []*entry) *entry {
	if len(entries) == 0 {
		return nil
	}
	return entries[len(entries)-1]
}

// view decodes the entry's properties once and returns the object.
func (e *entry) view() (*Object, error) {
	if !e.decoded {
		var err error
		if e.object.State, err = decode(e.state); err != nil {
			return nil, fmt.Errorf("reading %s: %w", e.object.ID, err)
		}
		if e.object.Inputs, err = decode(e.inputs); err != nil {
			return nil, fmt.Errorf("reading %s: %w", e.object.ID, err)
		}
		e.decoded = true
	}
	return &e.object, nil
}
