// Package output writes reviews: as text for people, as JSON, and as SARIF for what shows findings of many tools.
package output

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/beyond"
)

// Review is one stack's review: the list, and what is beyond it.
type Review struct {
	*review.Report
	Beyond *beyond.Findings `json:"beyond"`
}

// Document is what `itrack review --json` prints.
type Document struct {
	Reviews []Review `json:"reviews"`
}

// OK tells whether nothing fails in any stack.
func (d *Document) OK() bool {
	for _, one := range d.Reviews {
		if !one.OK() {
			return false
		}
	}
	return len(d.Reviews) > 0
}

// JSON writes the document.
func JSON(out io.Writer, d *Document) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("writing the review as JSON: %w", err)
	}
	return nil
}
