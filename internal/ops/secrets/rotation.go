package secrets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/itrack/itrack/internal/ops"
)

// overlapping refuses to rotate a key while two are in use: the older one would be dropped, and who repeats a rotation whose
// answer was lost, or that was killed after its write, would lock out whoever still has the first key.
func (r *run) overlapping(ctx context.Context, found map[string]*secretsmanager.DescribeSecretOutput) error {
	for _, kind := range Kinds {
		described := found[kind.Name]
		if r.DropOldest || !kind.Overlap || !slices.Contains(r.Rotate, kind.Name) || described == nil || described.DeletedDate != nil || current(described) == "" {
			continue
		}
		keys, _, err := r.read(ctx, &Result{Name: r.full(kind), kind: kind}, described)
		if err != nil {
			return err
		}
		if keys.Previous != "" {
			return r.underWay(kind, keys)
		}
	}
	return nil
}

func (r *run) underWay(kind Kind, keys pair) error {
	environment, why, then := r.Settings.Environment, "", "then"
	if keys.From != nil {
		why = ", and signs until " + stamp(*keys.From)
	}
	if expired, known := keys.expired(kind); known {
		then = "then, after " + stamp(expired) + ","
	}
	return ops.Refuse("rotating "+r.full(kind), "a rotation of it is under way: its new key is written, and the old one is accepted beside it"+why,
		fmt.Sprintf("`itrack deploy-apps %s --restart` makes the new key effective, %s `itrack create-secrets %s --rotate %s --finish` ends the rotation; --drop-oldest rotates now, and whoever has the oldest key is refused after the next deployment",
			environment, then, environment, kind.Name))
}

// overlap keeps the key that was in use beside the new one. One that no task can have started with is not kept: the backend
// refuses it as the previous key, too. A dry run may not know the key, and says what is usual.
func (r *run) overlap(result *Result, wanted *pair, had pair, found *secretsmanager.DescribeSecretOutput) {
	kind := result.kind
	unknown := r.DryRun && found.DeletedDate != nil
	if !kind.Overlap || len(had.Current) < kind.Least && !unknown {
		return
	}
	wanted.Previous, result.Overlap = had.Current, true
	if kind.SignsAfter > 0 {
		from := r.now().Add(kind.SignsAfter).UTC().Truncate(time.Second)
		wanted.From, result.SignsFrom = &from, &from
	}
}
