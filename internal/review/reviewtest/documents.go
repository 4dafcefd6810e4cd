package reviewtest

import "slices"

// statement is a statement of a policy document, as the table of variants writes it.
type statement = map[string]any

// editPolicy edits the statements of a policy document that a property holds.
func editPolicy(e *Export, label, path string, edit func(statements []any) []any) {
	e.Document(label, path, func(document any) any {
		policy, is := document.(map[string]any)
		statements, listed := policy["Statement"].([]any)
		if !is || !listed {
			e.fail("%s: %s is no policy with a list of statements", label, path)
			return document
		}
		policy["Statement"] = edit(statements)
		return policy
	})
}

// allow adds statements to a policy document.
func allow(label, path string, added ...statement) func(*Export) {
	return func(e *Export) {
		editPolicy(e, label, path, func(statements []any) []any {
			for _, one := range added {
				statements = append(statements, one)
			}
			return statements
		})
	}
}

// restate changes the statement with a Sid; a nil value takes the element away.
func restate(label, path, sid string, changes statement) func(*Export) {
	return func(e *Export) {
		editPolicy(e, label, path, func(statements []any) []any {
			at := slices.IndexFunc(statements, func(one any) bool { s, is := one.(map[string]any); return is && s["Sid"] == sid })
			if at < 0 {
				e.fail("%s: %s has no statement %s", label, path, sid)
				return statements
			}
			for key, value := range changes {
				if value == nil {
					delete(statements[at].(map[string]any), key)
				} else {
					statements[at].(map[string]any)[key] = value
				}
			}
			return statements
		})
	}
}

// unsay takes the statement with a Sid away.
func unsay(label, path, sid string) func(*Export) {
	return func(e *Export) {
		editPolicy(e, label, path, func(statements []any) []any {
			kept := slices.DeleteFunc(slices.Clone(statements), func(one any) bool { s, is := one.(map[string]any); return is && s["Sid"] == sid })
			if len(kept) == len(statements) {
				e.fail("%s: %s has no statement %s", label, path, sid)
			}
			return kept
		})
	}
}

// put is an edit that writes one value.
func put(label, path string, value any) func(*Export) {
	return func(e *Export) { e.Set(label, path, value) }
}

// aim points a reference of one resource at a property of another.
func aim(label, path, at, property string) func(*Export) {
	return func(e *Export) { e.Set(label, path, e.Text(at, property)) }
}

// remove is an edit that takes a resource away.
func remove(label string) func(*Export) { return func(e *Export) { e.Remove(label) } }

// unset is an edit that takes properties away.
func unset(label string, paths ...string) func(*Export) {
	return func(e *Export) {
		for _, path := range paths {
			e.Unset(label, path)
		}
	}
}

// all are several edits in a row.
func all(edits ...func(*Export)) func(*Export) {
	return func(e *Export) {
		for _, edit := range edits {
			edit(e)
		}
	}
}
