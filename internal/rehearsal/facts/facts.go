// Package facts holds what the Terraform AWS provider's schema says of each resource type: which properties are
// required, force a replacement, are computed or sensitive. See README.md for where the file comes from.
package facts

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed aws-facts.json
var document string

// Facts are the schema's facts of one resource type. Paths are Pulumi's property paths, `a.b[].c`.
type Facts struct {
	Terraform string   `json:"terraform"`
	Required  []string `json:"required"`
	ForceNew  []string `json:"forceNew"`
	Computed  []string `json:"computed"`
	Sensitive []string `json:"sensitive"`
}

// Of returns the facts of a type token; ok is false when the schema does not have the type. Only the one line of the
// file that speaks of the type is parsed: a plugin that starts for one resource must not read 1,224 types.
func Of(token string) (facts Facts, ok bool, err error) {
	start := strings.Index(document, "\n\""+token+"\":")
	if start < 0 {
		return Facts{}, false, nil
	}
	line := document[start+len(token)+4:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	if err := json.Unmarshal([]byte(strings.TrimSuffix(line, ",")), &facts); err != nil {
		return Facts{}, false, fmt.Errorf("reading the facts of %s: %w", token, err)
	}
	return facts, true, nil
}
