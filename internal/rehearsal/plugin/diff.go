package plugin

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Diff compares new inputs with the state that the cloud returned.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	spec, err := p.spec(req.GetUrn())
	if err != nil {
		return nil, err
	}
	state, err := unmarshal("state", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("inputs", req.GetNews())
	if err != nil {
		return nil, err
	}
	resp := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{}}
	replace := false
	for _, change := range spec.Diff(news, state, p.settings.defaultTags) {
		if ignored(req.GetIgnoreChanges(), change.Path) {
			continue
		}
		resp.Changes = pulumirpc.DiffResponse_DIFF_SOME
		replace = replace || change.Replace
		top := topLevel(change.Path)
		if !slices.Contains(resp.Diffs, top) {
			resp.Diffs = append(resp.Diffs, top)
		}
		if change.Replace && !slices.Contains(resp.Replaces, top) {
			resp.Replaces = append(resp.Replaces, top)
		}
		resp.DetailedDiff[change.Path] = &pulumirpc.PropertyDiff{Kind: diffKind(change)}
	}
	resp.DeleteBeforeReplace = replace && keepsName(spec, resource.URN(req.GetUrn()).Name(), news, state)
	return resp, nil
}

// ignored tells whether the program ignores changes of a path. The engine itself takes ignored inputs from the last run;
// what only the cloud's state has (a table's replicas, made by a resource of their own) is left to the provider.
func ignored(paths []string, changed string) bool {
	at, err := resource.ParsePropertyPath(changed)
	if err != nil {
		return false
	}
	for _, text := range paths {
		if path, err := resource.ParsePropertyPath(text); err == nil && path.Contains(at) {
			return true
		}
	}
	return false
}

// keepsName tells whether a replacement would collide with what it replaces: its name was given by the program and stays.
func keepsName(spec *catalog.Spec, logical string, news, state resource.PropertyMap) bool {
	if spec.Name.Auto == 0 {
		return false
	}
	name := catalog.Str(news, spec.Name.Property)
	return name != "" && name == catalog.Str(state, spec.Name.Property) && !generated(logical, name)
}

func diffKind(change catalog.Change) pulumirpc.PropertyDiff_Kind {
	kind := map[catalog.ChangeKind]pulumirpc.PropertyDiff_Kind{
		catalog.Add:    pulumirpc.PropertyDiff_ADD,
		catalog.Delete: pulumirpc.PropertyDiff_DELETE,
		catalog.Update: pulumirpc.PropertyDiff_UPDATE,
	}[change.Kind]
	if change.Replace {
		kind++ // each kind is followed by its replacing one
	}
	return kind
}

func topLevel(path string) string {
	for i, r := range path {
		if r == '.' || r == '[' {
			return path[:i]
		}
	}
	return path
}
