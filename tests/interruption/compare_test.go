package interruption

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// equal compares the state with the cloud, resource by resource: each is there once, under its id, with the same properties,
// and nothing else is there.
func (l *life) equal() {
	l.Helper()
	differences := l.differences()
	for i, difference := range differences {
		if i == 20 {
			l.Errorf("and %d more", len(differences)-i)
			break
		}
		l.Error(difference)
	}
	if len(differences) > 0 {
		l.FailNow()
	}
}

func (l *life) differences() []string {
	l.Helper()
	state, err := l.stack.Export(context.Background())
	require.NoError(l, err)
	var deployment struct {
		Pending []apitype.OperationV2 `json:"pending_operations"`
	}
	require.NoError(l, json.Unmarshal(state.Raw.Deployment, &deployment))
	var out []string
	for _, operation := range deployment.Pending {
		out = append(out, fmt.Sprintf("still pending: %s %s", operation.Type, operation.Resource.URN))
	}
	objects, err := l.cloud.Objects(l.account)
	require.NoError(l, err)
	exists := map[string][]cloud.Object{}
	for _, o := range objects {
		key := o.Region + "|" + o.Type + "|" + o.ID
		exists[key] = append(exists[key], o)
	}
	regions := map[string]string{}
	for _, r := range state.Resources {
		if region, ok := r.Inputs["region"].(string); ok && strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			regions[string(r.URN)+"::"+string(r.ID)] = region
		}
	}
	owned := map[int64]bool{}
	for _, r := range state.Resources {
		if !r.Custom || r.External || strings.HasPrefix(string(r.Type), "pulumi:") {
			continue
		}
		if r.Delete {
			out = append(out, "still to be deleted: "+string(r.URN))
			continue
		}
		there := append(exists[regions[r.Provider]+"|"+string(r.Type)+"|"+string(r.ID)], exists[cloud.Global+"|"+string(r.Type)+"|"+string(r.ID)]...)
		if len(there) != 1 {
			out = append(out, fmt.Sprintf("%s (%s) exists %d times", r.URN, r.ID, len(there)))
			continue
		}
		owned[there[0].Serial] = true
		out = append(out, unequal(r, there[0])...)
	}
	for _, o := range objects {
		// What AWS made along belongs to its maker; what has no URN was there before the stack.
		if o.Owner == 0 && o.URN != "" && !owned[o.Serial] {
			out = append(out, fmt.Sprintf("in the cloud and not in the state: %s %s (made as %s)", o.Type, o.ID, o.URN))
		}
	}
	sort.Strings(out)
	return out
}

// unequal compares the outputs in the state with what the cloud has.
func unequal(r apitype.ResourceV3, o cloud.Object) []string {
	state, has := plain(r.Outputs).(map[string]any), plain(o.State.Mappable()).(map[string]any)
	delete(state, "id")
	delete(has, "id")
	var out []string
	for key := range union(state, has) {
		if strings.HasPrefix(key, "__") || reflect.DeepEqual(state[key], has[key]) {
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s is %s in the state and %s in the cloud", r.URN, key, brief(state[key]), brief(has[key])))
	}
	return out
}

func union(a, b map[string]any) map[string]bool {
	keys := map[string]bool{}
	for _, m := range []map[string]any{a, b} {
		for key := range m {
			keys[key] = true
		}
	}
	return keys
}

func brief(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if len(text) > 120 {
		return string(text[:120]) + "..."
	}
	return string(text)
}

// plain is a value as JSON has it, without the wrappers of secrets and without nulls; an asset is its hash.
func plain(value any) any {
	switch v := value.(type) {
	case *resource.Asset:
		return v.Hash
	case *resource.Archive:
		return v.Hash
	case map[string]any:
		if text, ok := v["plaintext"].(string); ok && v[sig.Key] == sig.Secret {
			var inner any
			if json.Unmarshal([]byte(text), &inner) == nil {
				return plain(inner)
			}
		}
		if hash, ok := v["hash"].(string); ok && (v[sig.Key] == sig.AssetSig || v[sig.Key] == sig.ArchiveSig) {
			return hash
		}
		out := map[string]any{}
		for key, inner := range v {
			if inner != nil {
				out[key] = plain(inner)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = plain(inner)
		}
		return out
	case int:
		return float64(v)
	}
	return value
}
