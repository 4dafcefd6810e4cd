package quotas

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// File is the file of the folder docs/ with the quotas.
const File = "quotas.md"

// Page renders docs/quotas.md: what staging, production and both in one account take of each quota, from what exists in
// the account after a rehearsal of each. It names no ids: the same stacks give the same page.
func Page(staging, production, both []cloud.Object) string {
	columns := [][]Use{Usage(staging), Usage(production), Usage(both)}
	var out strings.Builder
	out.WriteString("# Quotas\n\n<!-- Made by `bin/itrack docs`; change the code, not this file. -->\n\n")
	out.WriteString("What the stacks take of AWS's default quotas, counted from a rehearsal: where they take most of each, in the busiest region, VPC,\n")
	out.WriteString("role or bus. *Both* is staging and production in one account. A new account may start lower: look at Service Quotas first\n")
	out.WriteString("(`aws service-quotas get-service-quota --service-code CODE --quota-code L-...`).\n\n")
	out.WriteString("| quota | default | staging | production | both | Service Quotas |\n|---|---:|---:|---:|---:|---|\n")
	for i, use := range columns[0] {
		q := use.Quota
		fmt.Fprintf(&out, "| [%s](%s) | %s |", q.Unit, q.Page, number(q.Default))
		for _, column := range columns {
			fmt.Fprintf(&out, " %s |", cell(column[i]))
		}
		code := q.Service + " " + q.Name
		if q.Code != "" {
			code = fmt.Sprintf("%s `%s` %s", q.Service, q.Code, q.Name)
		}
		fmt.Fprintf(&out, " %s |\n", code)
	}
	writePeaks(&out, columns)
	return out.String()
}

// cell is an amount, marked where it does not fit.
func cell(u Use) string {
	if u.Within() {
		return number(round(u.Amount))
	}
	return "**" + number(round(u.Amount)) + "**"
}

func round(n float64) float64 { return float64(int(n*100+0.5)) / 100 }

// writePeaks lists what grows without a deployment and then does not fit.
func writePeaks(out *strings.Builder, columns [][]Use) {
	var lines []string
	for i, use := range columns[0] {
		q := use.Quota
		var peaks []string
		for n, name := range []string{"staging", "production", "both"} {
			if u := columns[n][i]; u.Peak > q.Default {
				peaks = append(peaks, fmt.Sprintf("%s %s", number(round(u.Peak)), name))
			}
		}
		if len(peaks) > 0 {
			lines = append(lines, fmt.Sprintf("- %s: %s, and the default is %s. Ask for more of `%s` before the first release.", q.Unit, strings.Join(peaks, ", "),
				number(q.Default), q.Code))
		}
	}
	if len(lines) == 0 {
		return
	}
	out.WriteString("\n## What outgrows its quota\n\n")
	out.WriteString("Services scale up to their maximum, and a blue/green deployment runs everything twice for a while. AWS then refuses no deployment:\n")
	out.WriteString("tasks wait for capacity that does not come.\n\n")
	out.WriteString(strings.Join(lines, "\n") + "\n")
}
