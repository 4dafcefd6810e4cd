package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Problem is one thing that went wrong, taken out of the engine's walls of text.
type Problem struct {
	URN      string `json:"urn"`
	Type     string `json:"type"`
	Property string `json:"property"`
	Rule     string `json:"rule"`    // the code of the rule or the AWS error, where there is one
	Message  string `json:"message"` // what happened and why
	Next     string `json:"next,omitempty"`
}

// Error makes a Problem an error of one or two sentences.
func (p Problem) Error() string {
	text := p.Message
	if p.URN != "" {
		text = describeURN(p.URN) + ": " + text
	}
	if p.Next != "" {
		text += "; " + p.Next
	}
	return text
}

// remedy maps what an error says to its rule and to what to do next.
type remedy struct {
	pattern *regexp.Regexp
	rule    string
	next    string
}

// remedies are tried in this order; the first match wins.
var remedies = []remedy{
	{regexp.MustCompile(`(?i)no resource plugin '?pulumi-resource-(\S+?)'? found`), "PluginMissing",
		"the plugin must be on PATH or installed: `pulumi plugin install resource NAME VERSION`"},
	{regexp.MustCompile(`(?i)incorrect passphrase|passphrase must be set`), "Passphrase",
		"set PULUMI_CONFIG_PASSPHRASE to the passphrase this state was made with"},
	{regexp.MustCompile(`(?i)the stack is currently locked|conflict: another update is currently in progress`), "StackLocked",
		"another update runs, or one was killed; `itrack state repair ENVIRONMENT --dry-run` shows who holds the lock"},
	{regexp.MustCompile(`(?i)pending operations`), "PendingOperations",
		"an earlier run was killed; `itrack state repair ENVIRONMENT` adopts what exists and clears what does not"},
	{regexp.MustCompile(`(?i)cannot be deleted\s+because it is protected|is protected`), "Protected",
		"deleting it is refused on purpose; `pulumi state unprotect URN` lifts it, after a backup"},
	{regexp.MustCompile(`(?i)couldn't find resource|ResourceNotFoundException.*secret|reading Secrets Manager Secret .*couldn't find`), "NotFound",
		"make it first (for the three secrets: `itrack create-secrets ENVIRONMENT`), then run this again"},
	{regexp.MustCompile(`AlreadyExists|EntityAlreadyExists|already exists`), "AlreadyExists",
		"something of this name exists outside this stack: import it, remove it or choose another name"},
	{regexp.MustCompile(`(?i)AccessDenied|UnauthorizedOperation|not authorized to perform`), "AccessDenied",
		"the role that deploys lacks this permission; add it to the role or use the deploy role"},
	{regexp.MustCompile(`(?i)ExpiredToken|no valid credential sources|InvalidClientTokenId`), "Credentials",
		"sign in to AWS again (`aws sso login`) and check `aws sts get-caller-identity`"},
	{regexp.MustCompile(`(?i)LimitExceeded|quota`), "LimitExceeded",
		"ask AWS for a higher quota (Service Quotas) or remove what is not needed"},
	{regexp.MustCompile(`(?i)no such file or directory`), "FileMissing",
		"run `make build`, which makes the files the stack uploads"},
}

var (
	ansi     = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	markup   = regexp.MustCompile(`<\{%[^%]*%\}>`)
	property = regexp.MustCompile(`(?m)(?:Examine values at '[^.']+\.([^']+)'|property[: ]+"?([A-Za-z0-9_.\[\]]+)"?)`)
	code     = regexp.MustCompile(`\b([A-Z][A-Za-z]+(?:Exception|Fault|Exists|NotFound|Invalid|Denied|Violation|Conflict|Exceeded|InUse|Request|Error))\b`)
)

// noise are lines of the engine that say only that something failed, beside the line that says what.
var noise = []string{
	"update failed", "preview failed", "destroy failed", "refresh failed", "an unhandled error occurred",
	"resource monitor shut down", "error occurred during planning",
}

// plain removes colours and markup and the prefixes each layer adds.
func plain(text string) string {
	text = markup.ReplaceAllString(ansi.ReplaceAllString(text, ""), "")
	text = strings.TrimSpace(text)
	for {
		trimmed := text
		for _, prefix := range []string{
			"error:", "rpc error:", "code = Unknown desc =", "code = InvalidArgument desc =", "code = Internal desc =",
			"code = AlreadyExists desc =", "code = NotFound desc =", "code = FailedPrecondition desc =",
			"program failed:", "run failed:", "failed to run update:", "an unhandled error occurred:",
			"1 error occurred:", "* ", "sdk-v2/provider2.go:", "waiting for RPCs:",
		} {
			trimmed = strings.TrimSpace(strings.TrimPrefix(trimmed, prefix))
		}
		if trimmed == text {
			return text
		}
		text = trimmed
	}
}

// newProblem classifies one message about one resource (urn may be empty).
func newProblem(urn, text string) Problem {
	problem := Problem{URN: urn, Message: plain(text)}
	if u := resource.URN(urn); u.IsValid() {
		problem.Type = string(u.Type())
	}
	if match := property.FindStringSubmatch(problem.Message); match != nil {
		problem.Property = match[1] + match[2]
	}
	if match := code.FindStringSubmatch(problem.Message); match != nil {
		problem.Rule = match[1]
	}
	for _, r := range remedies {
		if r.pattern.MatchString(problem.Message) {
			problem.Next = r.next
			if problem.Rule == "" {
				problem.Rule = r.rule
			}
			break
		}
	}
	return problem
}

// collectProblems turns the diagnostics and failed steps of one operation, and its error, into problems: each
// once, the ones that name a resource first, the engine's own "update failed" only when nothing says more.
func collectProblems(diags []apitype.DiagnosticEvent, failed []apitype.StepEventMetadata, opErr error) []Problem {
	var problems []Problem
	seen := map[string]bool{}
	add := func(p Problem) {
		key := p.URN + "\x00" + p.Message
		if p.Message != "" && !seen[key] {
			seen[key] = true
			problems = append(problems, p)
		}
	}
	var general []Problem
	explained := map[string]bool{}
	for _, diag := range diags {
		if diag.Severity != "error" || diag.Ephemeral {
			continue
		}
		p := newProblem(diag.URN, diag.Message)
		if isNoise(p.Message) {
			continue
		}
		if p.Type == "" || p.Type == string(resource.RootStackType) {
			general = append(general, p)
			continue
		}
		explained[diag.URN] = true
		add(p)
	}
	for _, step := range failed {
		if !explained[step.URN] {
			p := newProblem(step.URN, fmt.Sprintf("%s failed without a message from the provider", step.Op))
			add(p)
		}
	}
	for _, p := range general {
		// The program reports again what failed inside a resource it waited for.
		if !repeats(p, problems) {
			add(p)
		}
	}
	if len(problems) == 0 && opErr != nil {
		add(explainError(opErr))
	}
	return problems
}

func isNoise(message string) bool {
	lower := strings.ToLower(message)
	for _, n := range noise {
		if lower == n || strings.HasPrefix(lower, n) && !strings.Contains(lower, ":") {
			return true
		}
	}
	return false
}

// repeats reports whether a message about the program as a whole contains one about a resource.
func repeats(general Problem, specific []Problem) bool {
	for _, p := range specific {
		if strings.Contains(general.Message, firstLine(p.Message)) {
			return true
		}
	}
	return false
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Explain turns an error of the Automation API into a Problem; any other error passes unchanged.
func Explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrSettings) || errors.Is(err, ErrNoPulumi) {
		return err
	}
	var problem Problem
	if errors.As(err, &problem) {
		return err
	}
	return explainError(err)
}

// explainError finds the sentence that matters in an error that carries a command's whole output.
func explainError(err error) Problem {
	text := err.Error()
	if auto.IsConcurrentUpdateError(err) {
		return newProblem("", "the stack is currently locked by another update")
	}
	if _, stderr, ok := strings.Cut(text, "\nstderr: "); ok {
		if said := errorLines(stderr); said != "" {
			return newProblem("", said)
		}
	}
	if said := errorLines(text); said != "" {
		return newProblem("", said)
	}
	return newProblem("", firstLine(text))
}

// errorLines keeps the lines that begin with "error:" and what is indented below them.
func errorLines(text string) string {
	var kept []string
	inside := false
	for _, line := range strings.Split(ansi.ReplaceAllString(text, ""), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "error:"):
			message := plain(trimmed)
			inside = message != "" && !isNoise(message)
			if inside {
				kept = append(kept, message)
			}
		case inside && trimmed != "" && line != trimmed:
			kept = append(kept, "  "+trimmed)
		default:
			inside = false
		}
	}
	return strings.Join(kept, "\n")
}
