package policy

import "slices"

// TrustsService tells whether some statement of a trust policy lets a service assume the role, conditions aside.
func TrustsService(text, service string) bool {
	doc, err := Parse(text)
	if err != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Principal["Service"], service) && slices.Contains(s.Action, "sts:AssumeRole") {
			return true
		}
	}
	return false
}
