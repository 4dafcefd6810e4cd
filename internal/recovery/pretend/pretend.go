// Package pretend lists what exists in the pretend cloud of a rehearsal. It looks at what AWS would show: types, ids, names,
// attributes and tags. The cloud also keeps each object's URN, for reports; AWS knows no such thing, so it is not used here.
package pretend

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Lister is a recovery.Lister of a pretend cloud.
type Lister struct{ Cloud *cloud.Cloud }

// Candidates lists the objects of the type in the region of the resource's provider; global types are in no region.
func (l Lister) Candidates(_ context.Context, p recovery.Pending, id string) ([]recovery.Candidate, error) {
	var candidates []recovery.Candidate
	err := l.Cloud.View(func(tx *cloud.Tx) error {
		add := func(o *cloud.Object) {
			candidates = append(candidates, recovery.Candidate{ID: o.ID, Attributes: attributes(o), Tags: tagsOf(o.State)})
		}
		for _, region := range []string{p.Region, cloud.Global} {
			if id == "" {
				for _, o := range tx.Find(p.Account, region, p.Type, nil) {
					add(o)
				}
			} else if o := tx.Get(p.Account, region, p.Type, id); o != nil {
				add(o)
			}
		}
		return nil
	})
	return candidates, err
}

// attributes are what AWS returns; a few things AWS knows are only among what was asked for.
func attributes(o *cloud.Object) map[string]any {
	out := o.Inputs.Mappable()
	for key, value := range o.State.Mappable() {
		out[key] = value
	}
	return out
}

// Tagged lists the objects that carry all of tags.
func (l Lister) Tagged(_ context.Context, account, region string, tags map[string]string) ([]recovery.Object, error) {
	var objects []recovery.Object
	err := l.Cloud.View(func(tx *cloud.Tx) error {
		tx.Each(account, func(o *cloud.Object) bool {
			has := tagsOf(o.State)
			if o.Owner == 0 && o.Region == region && carries(has, tags) {
				objects = append(objects, recovery.Object{Type: o.Type, ID: o.ID, ARN: o.ARN, Region: o.Region, Tags: has})
			}
			return true
		})
		return nil
	})
	return objects, err
}

func carries(has, tags map[string]string) bool {
	for key, value := range tags {
		if has[key] != value {
			return false
		}
	}
	return len(tags) > 0
}

// tagsOf is nil for types without tags.
func tagsOf(state resource.PropertyMap) map[string]string {
	if !state["tagsAll"].IsObject() {
		return nil
	}
	tags := map[string]string{}
	for _, property := range []resource.PropertyKey{"tags", "tagsAll"} {
		if !state[property].IsObject() {
			continue
		}
		for key, value := range state[property].ObjectValue() {
			if value.IsString() {
				tags[string(key)] = value.StringValue()
			}
		}
	}
	return tags
}
