package policy

import (
	"slices"
	"strings"
)

// Matches tells whether a pattern with * and ? means a text.
func Matches(pattern, text string) bool {
	// The position after the last * in the pattern, and how far that * reaches in the text.
	p, t, star, reach := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, reach = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			reach++
			p, t = star+1, reach
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// Covers tells whether a pattern means all that another one means.
func Covers(pattern, other string) bool {
	// A * of the other pattern is a character that only a * means; so it is matched as text.
	return Matches(pattern, other)
}

// Overlap tells whether two patterns can mean the same text.
func Overlap(a, b string) bool {
	seen := map[[2]int]bool{}
	var meet func(i, j int) bool
	meet = func(i, j int) bool {
		if seen[[2]int{i, j}] {
			return false
		}
		seen[[2]int{i, j}] = true
		switch {
		case i == len(a) && j == len(b):
			return true
		case i < len(a) && a[i] == '*':
			return meet(i+1, j) || j < len(b) && meet(i, j+1)
		case j < len(b) && b[j] == '*':
			return meet(i, j+1) || i < len(a) && meet(i+1, j)
		case i == len(a) || j == len(b):
			return false
		}
		return (a[i] == '?' || b[j] == '?' || a[i] == b[j]) && meet(i+1, j+1)
	}
	return meet(0, 0)
}

// OverlapARN is Overlap for patterns of ARNs: a * of one part does not run into the next, unless a pattern has no six parts.
func OverlapARN(a, b string) bool {
	left, right := strings.SplitN(a, ":", 6), strings.SplitN(b, ":", 6)
	if len(left) < 6 || len(right) < 6 {
		return Overlap(a, b)
	}
	for i := range left {
		if !Overlap(left[i], right[i]) {
			return false
		}
	}
	return true
}

// Action tells whether the statement is about an action ("iam:PassRole"). Actions know no upper and lower case.
func (s *Statement) Action(action string) bool {
	action = strings.ToLower(action)
	means := func(pattern string) bool { return Matches(strings.ToLower(pattern), action) }
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, means)
	}
	return slices.ContainsFunc(s.Actions, means)
}

// Targets are the resource patterns that a statement is about; what is left out is for the caller to see in NotResources.
func (s *Statement) Targets() []string {
	if len(s.NotResources) > 0 || len(s.Resources) == 0 {
		return []string{"*"}
	}
	return s.Resources
}

// About tells whether the statement is about all that a resource pattern means.
func (s *Statement) About(pattern string) bool {
	if len(s.NotResources) > 0 {
		return !slices.ContainsFunc(s.NotResources, func(left string) bool { return Overlap(left, pattern) })
	}
	return slices.ContainsFunc(s.Targets(), func(target string) bool { return Covers(target, pattern) })
}

// Narrow are the parts of a resource pattern that the statement is about as well.
func (s *Statement) Narrow(pattern string) []string {
	if slices.ContainsFunc(s.NotResources, func(left string) bool { return Covers(left, pattern) }) {
		return nil
	}
	var out []string
	for _, target := range s.Targets() {
		switch {
		case Covers(target, pattern):
			return []string{pattern}
		case Covers(pattern, target):
			out = append(out, target)
		case Overlap(target, pattern):
			out = append(out, pattern)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
