package policy

import (
	"encoding/json"
	"slices"
)

// TrustsService tells whether some statement of a trust policy lets a service assume the role, conditions aside.
func TrustsService(text, service string) bool {
	var doc Document
	if json.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Principal["Service"], service) && slices.Contains(s.Action, "sts:AssumeRole") {
			return true
		}
	}
	return false
}
