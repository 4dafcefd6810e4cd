package securityscan

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/itrack/itrack/internal/ops/scan"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/output"
)

// seenBy is what a review found, in the words of the scan. What it accepts and what it passes stays in `itrack review`.
func seenBy(document *output.Document) scan.Seen {
	var seen scan.Seen
	var stacks []string
	accepted := 0
	for _, one := range document.Reviews {
		stacks = append(stacks, one.Stack)
		accepted += one.Totals.Accepted
		for _, control := range one.Controls {
			for _, finding := range control.Findings {
				if finding.Verdict != review.Failed && finding.Verdict != review.NeedsDomain {
					continue
				}
				out := scan.Finding{Rule: control.ID, Title: control.Title, Severity: string(control.Severity), Path: "Pulumi." + one.Stack + ".yaml",
					Resource: finding.Resource, Detail: finding.Why, Fix: finding.Fix, URL: control.Source}
				if finding.Verdict == review.NeedsDomain {
					out.Detail += " (only for want of a domain)"
				}
				seen.Findings = append(seen.Findings, out)
			}
		}
	}
	seen.Looked = fmt.Sprintf("rehearsals of %s; %d controls accepted in %s", strings.Join(stacks, " and "), accepted, review.AcceptanceFile)
	return seen
}

// writeSARIF writes one document; the review's runs are those that `itrack review --sarif` writes.
func (o *Options) writeSARIF(report *scan.Report, reviewed *output.Document) error {
	more := map[string][]byte{}
	if reviewed != nil {
		var text bytes.Buffer
		if err := output.SARIF(&text, reviewed, o.Factory.Version); err != nil {
			return err
		}
		more[scan.Review] = text.Bytes()
	}
	file, err := os.Create(o.SARIF)
	if err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	return errors.Join(scan.SARIF(file, report, more), file.Close())
}
