package engine

import "context"

// OpenKept opens the stack of an environment inside the rehearsal that is kept in o.Keep, and makes both where they are not there
// yet. What exists before a first deployment is in the pretend cloud then. The caller calls the returned function at the end.
// The state is written at every step, as for a real stack.
func OpenKept(ctx context.Context, o Options, environment string) (*Stack, func(), error) {
	dir, _, err := rehearsalDir(o.Keep)
	if err != nil {
		return nil, nil, err
	}
	kept, done, err := begin(o, dir)
	if err != nil {
		return nil, nil, err
	}
	stack, _, err := kept.open(ctx, environment)
	if err != nil {
		done()
		return nil, nil, err
	}
	return stack, done, nil
}
