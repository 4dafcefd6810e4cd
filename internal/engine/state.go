package engine

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// State is what a stack consists of, read from its export.
type State struct {
	Resources []apitype.ResourceV3
	Raw       apitype.UntypedDeployment

	byURN map[resource.URN]*apitype.ResourceV3
}

// parseState reads an export.
func parseState(raw apitype.UntypedDeployment) (*State, error) {
	state := &State{Raw: raw, byURN: map[resource.URN]*apitype.ResourceV3{}}
	if len(raw.Deployment) == 0 || string(raw.Deployment) == "null" {
		return state, nil
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(raw.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("reading the exported state (version %d): %w", raw.Version, err)
	}
	state.Resources = deployment.Resources
	for i := range state.Resources {
		state.byURN[state.Resources[i].URN] = &state.Resources[i]
	}
	return state, nil
}

// isCustom reports whether a resource counts: it exists in the cloud and this stack owns it.
func isCustom(r *apitype.ResourceV3) bool {
	return r.Custom && !isProvider(r) && !r.External && !r.Delete
}

func isProvider(r *apitype.ResourceV3) bool {
	return strings.HasPrefix(string(r.Type), providerPrefix)
}

// providerPrefix begins the type token of every provider resource.
const providerPrefix = "pulumi:providers:"

// byType counts the custom resources by type token.
func (s *State) byType() (map[string]int, int) {
	counts, total := map[string]int{}, 0
	for i := range s.Resources {
		if r := &s.Resources[i]; isCustom(r) {
			counts[string(r.Type)]++
			total++
		}
	}
	return counts, total
}

// First is the first custom resource of a type, or nil.
func (s *State) First(token string) *apitype.ResourceV3 {
	for i := range s.Resources {
		if r := &s.Resources[i]; isCustom(r) && string(r.Type) == token {
			return r
		}
	}
	return nil
}

// Owned are the resources that exist in the cloud and belong to the stack: no components, no providers, nothing only looked up.
func (s *State) Owned() []*apitype.ResourceV3 {
	var owned []*apitype.ResourceV3
	for i := range s.Resources {
		if r := &s.Resources[i]; isCustom(r) {
			owned = append(owned, r)
		}
	}
	return owned
}

// outputs are the stack's outputs with secrets masked.
func (s *State) outputs() map[string]any {
	out := map[string]any{}
	for i := range s.Resources {
		if r := &s.Resources[i]; r.Type == resource.RootStackType {
			for key, value := range r.Outputs {
				out[key] = mask(value)
			}
		}
	}
	return out
}

// mask replaces every secret inside a value.
func mask(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[sig.Key] == sig.Secret {
			return Masked
		}
		out := make(map[string]any, len(v))
		for key, inner := range v {
			out[key] = mask(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = mask(inner)
		}
		return out
	}
	return value
}

// protected lists the resources that Pulumi itself refuses to delete.
func (s *State) protected() []Problem {
	var out []Problem
	for i := range s.Resources {
		if r := &s.Resources[i]; r.Protect && isCustom(r) {
			out = append(out, Problem{
				URN: string(r.URN), Type: string(r.Type), Property: "protect", Rule: "PulumiProtect",
				Message: "Pulumi refuses to delete it: the resource is protected",
			})
		}
	}
	return out
}

// componentOf is the top-level component a resource belongs to: its ancestor below the stack. A resource without
// one belongs to nothing.
func (s *State) componentOf(r *apitype.ResourceV3) *apitype.ResourceV3 {
	at := r
	for at.Parent != "" {
		parent := s.byURN[at.Parent]
		if parent == nil {
			return nil
		}
		if parent.Type == resource.RootStackType {
			if at.Custom {
				return nil
			}
			return at
		}
		at = parent
	}
	return nil
}

// components groups the custom resources by top-level component, in the order the state holds them, which is the
// order the program made the components in. Resources without a component come last, under "(stack)".
func (s *State) components() []ComponentReport {
	type group struct {
		report ComponentReport
		names  map[string][]string
	}
	var order []resource.URN
	groups := map[resource.URN]*group{}
	ensure := func(urn resource.URN, name, kind string) *group {
		if groups[urn] == nil {
			groups[urn] = &group{report: ComponentReport{Name: name, Type: kind}, names: map[string][]string{}}
			if urn != "" {
				order = append(order, urn)
			}
		}
		return groups[urn]
	}
	for i := range s.Resources {
		r := &s.Resources[i]
		if !isCustom(r) {
			continue
		}
		g := (*group)(nil)
		if c := s.componentOf(r); c != nil {
			g = ensure(c.URN, c.URN.Name(), string(c.Type))
		} else {
			g = ensure("", "(stack)", "")
		}
		g.report.Count++
		kind := shortType(string(r.Type))
		g.names[kind] = append(g.names[kind], physicalName(r))
	}
	if groups[""] != nil {
		order = append(order, "")
	}
	// The state holds resources in the order their registrations finished; components come in the order of theirs.
	rank := map[resource.URN]int{"": len(s.Resources)}
	for i := range s.Resources {
		rank[s.Resources[i].URN] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return rank[order[i]] < rank[order[j]] })
	out := make([]ComponentReport, 0, len(order))
	for _, urn := range order {
		g := groups[urn]
		for kind, names := range g.names {
			sort.Strings(names)
			g.report.Kinds = append(g.report.Kinds, KindReport{Type: kind, Count: len(names), Names: names})
		}
		sortKinds(g.report.Kinds)
		out = append(out, g.report)
	}
	return out
}

// supporting marks types that only serve another one: they are named last.
var supporting = []string{
	"Policy", "Attachment", "Rule", "Association", "Alarm", "Configuration", "Versioning", "Ownership", "Route",
	"Record", "Block", "Response", "Integration", "Permission", "Parameter", "Alias", "Validation", "Target",
	"Subscription", "LogGroup", "Grant", "Role", "Profile", "Lifecycle", "Deployment", "Method", "Settings", "Stream",
}

// sortKinds puts what a reader looks for first: the things themselves before what serves them, single ones before
// numerous ones.
func sortKinds(kinds []KindReport) {
	weight := func(k KindReport) int {
		for _, suffix := range supporting {
			if strings.Contains(k.Type, suffix) {
				return 1
			}
		}
		return 0
	}
	sort.Slice(kinds, func(i, j int) bool {
		if wi, wj := weight(kinds[i]), weight(kinds[j]); wi != wj {
			return wi < wj
		}
		if kinds[i].Count != kinds[j].Count {
			return kinds[i].Count < kinds[j].Count
		}
		return kinds[i].Type < kinds[j].Type
	})
}

// physicalName is how AWS's console would list a resource: its name where it has one, else its id.
func physicalName(r *apitype.ResourceV3) string {
	for _, key := range []string{"name", "identifier", "bucket", "functionName", "dashboardName", "family", "domainName"} {
		if name, ok := r.Outputs[key].(string); ok && name != "" {
			return name
		}
	}
	if tags, ok := r.Outputs["tags"].(map[string]any); ok {
		if name, ok := tags["Name"].(string); ok && name != "" {
			return name
		}
	}
	id := string(r.ID)
	if strings.HasPrefix(id, "arn:") {
		// What follows the account says which one; the rest is the same for all.
		return id[strings.LastIndex(id, ":")+1:]
	}
	return id
}
