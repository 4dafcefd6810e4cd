package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// rawState is a stack's state as the backend holds it: secrets stay encrypted, and what this program does not know of stays
// as it is.
type rawState struct {
	whole      map[string]json.RawMessage
	deployment map[string]json.RawMessage

	Resources []rawResource
	Pending   []rawOperation
}

// rawResource is one resource of the state.
type rawResource struct {
	apitype.ResourceV3
	raw map[string]json.RawMessage
}

// rawOperation is one operation that was begun and not recorded as finished.
type rawOperation struct {
	Type     apitype.OperationType
	Resource rawResource
}

// UnmarshalJSON reads what is known and keeps the rest.
func (r *rawResource) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &r.ResourceV3); err != nil {
		return err
	}
	return json.Unmarshal(text, &r.raw)
}

// MarshalJSON writes what was read; set is the only way to change it.
func (r rawResource) MarshalJSON() ([]byte, error) { return json.Marshal(r.raw) }

// set changes one field of a resource.
func (r *rawResource) set(field string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	changed := make(map[string]json.RawMessage, len(r.raw)+1)
	for key, old := range r.raw {
		changed[key] = old
	}
	changed[field] = text
	whole, err := json.Marshal(changed)
	if err != nil {
		return err
	}
	*r = rawResource{}
	return json.Unmarshal(whole, r)
}

// readRaw reads the state without decrypting its secrets.
func (s *Stack) readRaw(ctx context.Context) (*rawState, error) {
	out, err := s.pulumi(ctx, nil, "stack", "export", "--stack", s.Name)
	if err != nil {
		return nil, fmt.Errorf("exporting %s: %w", s.Name, Explain(err))
	}
	return parseRaw([]byte(out))
}

func parseRaw(text []byte) (*rawState, error) {
	state := &rawState{}
	if err := json.Unmarshal(text, &state.whole); err != nil {
		return nil, fmt.Errorf("reading the exported state: %w", err)
	}
	raw := state.whole["deployment"]
	if len(raw) == 0 || string(raw) == "null" {
		state.deployment = map[string]json.RawMessage{}
		return state, nil
	}
	var known struct {
		Resources []rawResource `json:"resources"`
		Pending   []struct {
			Type     apitype.OperationType `json:"type"`
			Resource rawResource           `json:"resource"`
		} `json:"pending_operations"`
	}
	if err := errors.Join(json.Unmarshal(raw, &state.deployment), json.Unmarshal(raw, &known)); err != nil {
		return nil, fmt.Errorf("reading the exported state: %w", err)
	}
	state.Resources = known.Resources
	for _, operation := range known.Pending {
		state.Pending = append(state.Pending, rawOperation(operation))
	}
	return state, nil
}

// writeRaw replaces the stack's state. The pulumi command checks that it is sound and drops pending operations.
func (s *Stack) writeRaw(ctx context.Context, state *rawState) error {
	resources, err := json.Marshal(state.Resources)
	if err != nil {
		return fmt.Errorf("writing the state of %s: %w", s.Name, err)
	}
	state.deployment["resources"] = resources
	delete(state.deployment, "pending_operations")
	if state.whole["deployment"], err = json.Marshal(state.deployment); err != nil {
		return fmt.Errorf("writing the state of %s: %w", s.Name, err)
	}
	text, err := json.Marshal(state.whole)
	if err != nil {
		return fmt.Errorf("writing the state of %s: %w", s.Name, err)
	}
	if _, err := s.pulumi(ctx, text, "stack", "import", "--stack", s.Name); err != nil {
		return fmt.Errorf("writing the state of %s: %w", s.Name, Explain(err))
	}
	return nil
}

// pulumi runs one pulumi command in the stack's workspace and returns what it printed on stdout.
func (s *Stack) pulumi(ctx context.Context, stdin []byte, args ...string) (string, error) {
	workspace := s.auto.Workspace()
	var env []string
	for key, value := range workspace.GetEnvVars() {
		env = append(env, key+"="+value)
	}
	if home := workspace.PulumiHome(); home != "" {
		env = append(env, "PULUMI_HOME="+home)
	}
	slices.Sort(env)
	out, stderr, _, err := s.cli.Run(ctx, workspace.WorkDir(), bytes.NewReader(stdin), nil, nil, env, args...)
	if err != nil {
		return out, fmt.Errorf("pulumi %s: %w\nstderr: %s", args[0], err, stderr)
	}
	return out, nil
}

// index is the place of the live resource of a URN, or -1.
func (s *rawState) index(urn resource.URN) int {
	return slices.IndexFunc(s.Resources, func(r rawResource) bool { return r.URN == urn && !r.Delete })
}

// adopt puts a resource whose create was begun into the state, under the id it was found with. Its outputs are empty, so that
// the next refresh reads them, as an import does. What it replaces stays behind it, to be deleted by the next up.
func (s *rawState) adopt(r rawResource, id string) error {
	if err := r.set("id", id); err != nil {
		return err
	}
	if err := r.set("outputs", map[string]any{}); err != nil {
		return err
	}
	at := s.index(r.URN)
	if at < 0 {
		s.Resources = append(s.Resources, r)
		return nil
	}
	old := s.Resources[at]
	switch {
	case old.PendingReplacement || string(old.ID) == id:
		// The old one is gone already, or is the same object.
		s.Resources[at] = r
		return nil
	default:
		if err := old.set("delete", true); err != nil {
			return err
		}
		s.Resources[at] = old
		s.Resources = slices.Insert(s.Resources, at, r)
		return nil
	}
}
