package scan

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"net"
	"regexp"
	"slices"
	"strings"
)

// secretRule knows one kind of secret.
type secretRule struct {
	id, title, severity string
	pattern             *regexp.Regexp
	// words: without one of them the pattern cannot match; they spare most files the pattern. Lower case where fold is set.
	words []string
	fold  bool
	// prefix is how many characters of the match belong to the format and may be shown, at most 4.
	prefix int
	// real, if set, tells a secret from an example; it gets the match and its groups.
	real func(match []string) bool
}

func (r *secretRule) mayMatch(text []byte) bool {
	if r.fold {
		text = bytes.ToLower(text)
	}
	return slices.ContainsFunc(r.words, func(word string) bool { return bytes.Contains(text, []byte(word)) })
}

// token is a rule for a format with a prefix of its own.
func token(id, title, pattern string, words ...string) secretRule {
	return secretRule{id: id, title: title, severity: "critical", pattern: regexp.MustCompile(pattern), words: words, prefix: 4, real: varied}
}

// secretRules are the kinds that are known, the surest first. Formats: docs.aws.amazon.com/IAM (unique ids of keys), docs.github.com
// (token formats), api.slack.com (token types), docs.npmjs.com, pypi.org, pulumi.com, developer.pagerduty.com, RFC 7468, RFC 7519.
var secretRules = []secretRule{
	{id: "private-key", title: "a private key", severity: "critical", words: []string{"PRIVATE KEY"},
		// Between the first line and the key stand line ends, also as written in source code, and headers of old formats.
		pattern: regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s"'` + "`" + `+,]|\\[nr]|(?:Proc-Type|DEK-Info|Comment|Version): [^\n\\]*)*([A-Za-z0-9+/=]{32,})`)},
	{id: "aws-access-key-id", title: "an AWS access key", severity: "critical", prefix: 4, words: []string{"AKIA", "ASIA"},
		pattern: regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`), real: func(m []string) bool { return !strings.HasSuffix(m[0], "EXAMPLE") && varied(m) }},
	{id: "aws-secret-access-key", title: "an AWS secret access key", severity: "critical", fold: true, words: []string{"secret"},
		pattern: regexp.MustCompile(`(?i)\b(?:aws_?)?secret_?(?:access_?)?key["']?\s*(?::=|[:=,])\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`),
		real:    func(m []string) bool { return !strings.Contains(m[1], "EXAMPLE") && entropy(m[1]) > 4 }},
	{id: "aws-session-token", title: "a session token of AWS", severity: "high", fold: true, words: []string{"session"},
		pattern: regexp.MustCompile(`(?i)\baws_?session_?token["']?\s*(?::=|[:=])\s*["']?([A-Za-z0-9/+=]{100,})`), real: func(m []string) bool { return entropy(m[1]) > 4 }},
	token("github-token", "a token of GitHub", `\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b`, "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
	token("gitlab-token", "a token of GitLab", `\bglpat-[A-Za-z0-9_-]{20,}`, "glpat-"),
	token("slack-token", "a token of Slack", `\b(?:xox[abeoprs]-[A-Za-z0-9-]{20,}|xapp-[0-9]-[A-Za-z0-9-]{20,})`, "xox", "xapp-"),
	{id: "slack-webhook", title: "a webhook of Slack, which anybody can write to", severity: "high", words: []string{"hooks.slack.com"},
		pattern: regexp.MustCompile(`https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{8,}/[A-Za-z0-9]{8,}/([A-Za-z0-9/]{20,})`), real: func(m []string) bool { return entropy(m[1]) > 3 }},
	{id: "pagerduty-integration", title: "an integration key of PagerDuty", severity: "high", words: []string{"pagerduty.com"},
		pattern: regexp.MustCompile(`events\.(?:eu\.)?pagerduty\.com/(?:integration|x-ere)/([A-Za-z0-9]{20,})`), real: func(m []string) bool { return entropy(m[1]) > 3 }},
	token("npm-token", "a token of npm", `\bnpm_[A-Za-z0-9]{36}\b`, "npm_"),
	token("pypi-token", "a token of PyPI", `\bpypi-Ag[A-Za-z0-9_-]{60,}`, "pypi-Ag"),
	token("pulumi-token", "an access token of Pulumi", `\bpul-[0-9a-f]{40}\b`, "pul-"),
	token("docker-token", "a token of Docker Hub", `\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}`, "dckr_"),
	token("google-api-key", "an API key of Google", `\bAIza[A-Za-z0-9_-]{35}\b`, "AIza"),
	token("stripe-key", "a live key of Stripe", `\b(?:sk|rk)_live_[A-Za-z0-9]{20,}`, "_live_"),
	token("age-key", "a private key of age", `\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b`, "AGE-SECRET-KEY-1"),
	{id: "jwt", title: "a signed token (JWT)", severity: "high", words: []string{"eyJ"}, real: isJWT,
		pattern: regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{10,})\.(eyJ[A-Za-z0-9_-]{5,})\.([A-Za-z0-9_-]{20,})`)},
	{id: "connection-string", title: "a password in an address", severity: "high", words: []string{"://"}, real: isPassword,
		pattern: regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s:/?#@"'<>` + "`" + `]*):([^\s@/"'<>` + "`" + `]+)@(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)`)},
	{id: "connection-string", title: "a password in a data source name", severity: "high", words: []string{"@tcp"}, real: isPassword,
		pattern: regexp.MustCompile(`([A-Za-z0-9_.%+-]+):([^\s@/"'<>()` + "`" + `]+)@tcp6?\((\[[0-9a-fA-F:]+\]|[^):\s]*)`)},
	{id: "assigned-secret", title: "a value that looks like a secret, given to a name that says so", severity: "medium", fold: true,
		words:   []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "access_key", "accesskey", "auth_key", "authkey", "credential"},
		pattern: regexp.MustCompile(`(?i)[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|credential)s?["']?\s*(?::=|=>|[:=])\s*["'` + "`" + `]([A-Za-z0-9+/_=.~!@#%^&*-]{20,})["'` + "`" + `]`),
		real:    func(m []string) bool { return looksRandom(m[1]) }},
}

// varied tells a token from a row of x that stands for one.
func varied(m []string) bool { return entropy(m[0][4:]) > 3 }

// isJWT tells whether the first part is the header of a signed token.
func isJWT(m []string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(m[1])
	var header struct {
		Algorithm string `json:"alg"`
	}
	return err == nil && json.Unmarshal(raw, &header) == nil && header.Algorithm != "" && !strings.EqualFold(header.Algorithm, "none")
}

// isPassword tells a password from what stands for one, and a host from one that has none to protect: this machine, and the names
// that RFC 2606 keeps for examples.
func isPassword(m []string) bool {
	password, host := m[2], strings.ToLower(strings.Trim(m[3], "[]"))
	if strings.ContainsAny(password, "${}%*…") || strings.Contains(password, "...") {
		return false
	}
	if slices.Contains([]string{"password", "passwd", "pass", "pw", "pwd", "secret", "token", "xxx"}, strings.ToLower(password)) {
		return false
	}
	if address := net.ParseIP(host); address != nil && (address.IsLoopback() || address.IsUnspecified()) {
		return false
	}
	for _, name := range []string{"localhost", "example", "test", "invalid", "example.com", "example.org", "example.net"} {
		if host == name || strings.HasSuffix(host, "."+name) {
			return false
		}
	}
	return host != "" && host != "host"
}

// looksRandom tells a made value from words, names, paths and addresses.
func looksRandom(value string) bool {
	if strings.ContainsAny(value, "./") && !strings.ContainsAny(value, "+=!#^&*~") && strings.Count(value, "/")+strings.Count(value, ".") > 1 {
		return false
	}
	if parts := strings.FieldsFunc(value, func(r rune) bool { return r == '-' || r == '_' }); len(parts) > 2 && !slices.ContainsFunc(parts, mixed) {
		return false
	}
	var lower, upper, digit bool
	for _, r := range value {
		lower, upper, digit = lower || r >= 'a' && r <= 'z', upper || r >= 'A' && r <= 'Z', digit || r >= '0' && r <= '9'
	}
	return digit && (lower || upper) && entropy(value) > 3.7
}

// mixed tells whether a part of a value is neither a word nor a number.
func mixed(part string) bool {
	return strings.Trim(part, "0123456789") != "" && strings.Trim(strings.ToLower(part), "abcdefghijklmnopqrstuvwxyz") != ""
}

// entropy is Shannon's, in bits for each character.
func entropy(text string) float64 {
	counts := map[rune]float64{}
	total := 0.0
	for _, r := range text {
		counts[r]++
		total++
	}
	bits := 0.0
	for _, count := range counts {
		bits -= count / total * math.Log2(count/total)
	}
	return bits
}
