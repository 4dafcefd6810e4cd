// Package live lists what exists on AWS. One small function per type asks AWS for the objects that a resource may be and
// names their attributes as Pulumi does; whether one of them is the resource is decided in package recovery.
package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/itrack/itrack/internal/recovery"
)

// Lister is a recovery.Lister on AWS. Settings are those of the account; each call goes to its resource's region, and to the
// address that Endpoints has for its service, if any.
type Lister struct {
	Settings  aws.Config
	Endpoints map[string]string // address by service, as pulumi-aws names them
}

// request is one search: the lister and the region of the resource, the resource, and its id where that is known.
type request struct {
	Lister
	recovery.Pending
	in string
	id string
}

// at is the settings of a service's client.
func (r request) at(service string) aws.Config { return r.Lister.at(service, r.in) }

// look lists the objects that a resource may be.
type look func(ctx context.Context, r request) ([]recovery.Candidate, error)

var looks = func() map[string]look {
	all := map[string]look{}
	for _, part := range []map[string]look{
		networkLooks, groupLooks, balancerLooks, computeLooks, dataLooks, messageLooks, backupLooks, identityLooks, watchLooks,
	} {
		maps.Copy(all, part)
	}
	return all
}()

// Covers tells whether objects of a type can be looked for.
func Covers(token string) bool { return looks[token] != nil }

// Candidates lists the objects that a pending resource may be.
func (l Lister) Candidates(ctx context.Context, p recovery.Pending, id string) ([]recovery.Candidate, error) {
	search := looks[p.Type]
	if search == nil {
		return nil, fmt.Errorf("%w on AWS: if it exists, `--adopt '%s=ID'` takes the id that `pulumi import %s` would", recovery.ErrNotCovered, p.URN, p.Type)
	}
	candidates, err := search(ctx, request{l, p, l.region(p.Region), id})
	if err != nil && missing(err) {
		return nil, nil // the parent does not exist, and so neither does what it would hold
	}
	if err != nil {
		return nil, err
	}
	key, _ := recovery.KeyOf(p.Type)
	for i := range candidates {
		if candidates[i].Import == "" {
			candidates[i].Import = key.ImportID(p, candidates[i].ID)
		}
	}
	return candidates, nil
}

// region is the one that is named, or the account's own.
func (l Lister) region(named string) string {
	if named == "" {
		return l.Settings.Region
	}
	return named
}

// at is the settings of a service's client in a region.
func (l Lister) at(service, region string) aws.Config {
	settings := l.Settings.Copy()
	settings.Region = l.region(region)
	if address := l.Endpoints[service]; address != "" {
		// The stack file's word counts for the stack's providers, whatever the environment or the user's profile names: the
		// sources are where a client would look for an address of its own.
		settings.BaseEndpoint, settings.ConfigSources = &address, nil
	}
	return settings
}

// missing tells whether AWS says that something does not exist. Each service has its own code for it.
func missing(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	code := answer.ErrorCode()
	return slices.ContainsFunc([]string{"NotFound", "NoSuch", "DoesNotExist", "NonExistent"}, func(part string) bool { return strings.Contains(code, part) })
}

// byID is the one object whose id follows from its name, when asking for it found it.
func byID(r request, err error) ([]recovery.Candidate, error) {
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id}}, nil
}

// all makes candidates of what a call returned.
func all[T any](items []T, err error, candidate func(T) recovery.Candidate) ([]recovery.Candidate, error) {
	if err != nil {
		return nil, err
	}
	out := make([]recovery.Candidate, 0, len(items))
	for _, item := range items {
		if c := candidate(item); c.ID != "" {
			out = append(out, c)
		}
	}
	return out, nil
}

// pager is one of the SDK's paginators.
type pager[Output, Option any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Option)) (*Output, error)
}

// pages collects the items of all pages.
func pages[Item, Output, Option any](ctx context.Context, p pager[Output, Option], items func(*Output) []Item) ([]Item, error) {
	var out []Item
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, items(page)...)
	}
	return out, nil
}

// attributes drops what AWS left empty.
func attributes(pairs map[string]*string) map[string]any {
	out := map[string]any{}
	for key, value := range pairs {
		if value != nil {
			out[key] = *value
		}
	}
	return out
}
