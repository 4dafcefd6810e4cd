package cmdutil

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/engine"
)

// Overlays reads the values of --set, KEY=VALUE each. It refuses keys that no setting has: the program cannot see them, as the
// engine hands it only what it asks for.
func (f *Factory) Overlays(sets []string) ([]engine.Overlay, error) {
	overlays := make([]engine.Overlay, 0, len(sets))
	var keys []string
	for _, set := range sets {
		overlay, err := engine.ParseOverlay(set)
		if err != nil {
			return nil, err
		}
		overlays = append(overlays, overlay)
		key := overlay.Key
		if i := strings.IndexAny(key, ".["); i >= 0 {
			key = key[:i]
		}
		keys = append(keys, key)
	}
	if f.UnknownKeys == nil {
		return overlays, nil
	}
	if problems := f.UnknownKeys(keys); len(problems) > 0 {
		return nil, fmt.Errorf("%w: --set: %s", engine.ErrSettings, strings.Join(problems, "; "))
	}
	return overlays, nil
}
