package compute

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	elbAPI      = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
	healthGuide = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"
)

// groups are the rules of target groups: their health checks and their times.
func groups() []rule.Rule {
	check := func(more inputs) rule.Case {
		return rule.Case{Inputs: inputs{"protocol": "HTTP", "port": 8080, "healthCheck": more}}
	}
	rules := []rule.Rule{{
		ID: "compute-group-health-timeout", Page: elbAPI + "API_CreateTargetGroup.html",
		Says:  "The health check of a target group takes 2 to 120 seconds and ends before the next one begins.",
		Fix:   "Lower the timeout below the interval, or raise the interval.",
		Check: healthTimes, Pass: check(inputs{"interval": 10, "timeout": 5}), Fail: check(inputs{"interval": 10, "timeout": 10}),
		Seed: with(targetGroup+"::orders-green", map[string]any{"healthCheck.timeout": 60}),
	}, {
		ID: "compute-group-health-interval", Page: elbAPI + "API_CreateTargetGroup.html",
		Says: "Health checks of a target group are 5 to 300 seconds apart.", Fix: "Choose an interval in these bounds.",
		Check: between("healthCheck.interval", 5, 300, "Health check interval '%v' must be between 5 and 300"),
		Pass:  check(inputs{"interval": 300}),
		Fail:  check(inputs{"interval": 600, "timeout": 5}),
		Seed:  with(targetGroup+"::parcels-green", map[string]any{"healthCheck.interval": 600}),
	}, {
		ID: "compute-group-health-threshold", Page: elbAPI + "API_CreateTargetGroup.html",
		Says: "A target counts as healthy or unhealthy after 2 to 10 checks.", Fix: "Choose thresholds of 2 to 10.",
		Check: func(c *catalog.Call) *rule.Finding {
			if found := between("healthCheck.healthyThreshold", 2, 10, "Health check healthy threshold '%v' must be between 2 and 10")(c); found != nil {
				return found
			}
			return between("healthCheck.unhealthyThreshold", 2, 10, "Health check unhealthy threshold '%v' must be between 2 and 10")(c)
		},
		Pass: check(inputs{"healthyThreshold": 2, "unhealthyThreshold": 10}), Fail: check(inputs{"healthyThreshold": 1}),
		Seed: with(targetGroup+"::billing-green", map[string]any{"healthCheck.healthyThreshold": 1}),
	}, {
		ID: "compute-group-health-path", Page: healthGuide,
		Says: "The path of a health check begins with a slash and has at most 1024 characters.",
		Fix:  "Write the path from its slash on, without scheme and host.",
		Check: func(c *catalog.Call) *rule.Finding {
			if path := c.Str("healthCheck.path"); path != "" && (!strings.HasPrefix(path, "/") || len(path) > 1024) {
				return rule.Find("healthCheck.path", path, "Health check path '%s' must begin with a '/' character", path)
			}
			return nil
		},
		Pass: check(inputs{"path": "/health"}),
		Fail: check(inputs{"path": "health"}),
		Seed: with(targetGroup+"::search-green", map[string]any{"healthCheck.path": "health"}),
	}, {
		ID: "compute-group-health-matcher", Page: healthGuide,
		Says: "The codes of a healthy answer are numbers from 200 to 499, alone, as a list or as a range.",
		Fix:  `Write "200", "200,204" or "200-299".`, Check: badMatcher,
		Pass: check(inputs{"matcher": "200-299,301"}),
		Fail: check(inputs{"matcher": "2xx"}),
		Seed: with(targetGroup+"::mail-green", map[string]any{"healthCheck.matcher": "200-599"}),
	}, {
		ID: "compute-group-delay", Page: elbAPI + "API_TargetGroupAttribute.html",
		Says: "A target that leaves is drained for 0 to 3600 seconds; one that comes is started slowly for 30 to 900, or not at all.",
		Fix:  "Bring deregistrationDelay or slowStart into its bounds.",
		Check: func(c *catalog.Call) *rule.Finding {
			if found := between("deregistrationDelay", 0, 3600, "'deregistration_delay.timeout_seconds' must be between 0 and 3600, got %v")(c); found != nil {
				return found
			}
			if slow, known := number(c, "slowStart"); known && slow != 0 {
				return between("slowStart", 30, 900, "'slow_start.duration_seconds' must be 0 or between 30 and 900, got %v")(c)
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"deregistrationDelay": 30, "slowStart": 30}}, Fail: rule.Case{Inputs: inputs{"deregistrationDelay": 7200}},
		Seed: with(targetGroup+"::reports-green", map[string]any{"slowStart": 10}),
	}}
	for i := range rules {
		rules[i].Types, rules[i].Code, rules[i].Foreseen = []string{targetGroup}, "ValidationError", true
	}
	return rules
}

func healthTimes(c *catalog.Call) *rule.Finding {
	if found := between("healthCheck.timeout", 2, 120, "Health check timeout '%v' must be between 2 and 120")(c); found != nil {
		return found
	}
	timeout, set := number(c, "healthCheck.timeout")
	interval, known := number(c, "healthCheck.interval")
	if set && known && timeout >= interval {
		return rule.Find("healthCheck.timeout", timeout, "Health check timeout '%v' must be smaller than the interval '%v'", timeout, interval)
	}
	return nil
}

var matcherPart = regexp.MustCompile(`^(\d{3})(?:-(\d{3}))?$`)

func badMatcher(c *catalog.Call) *rule.Finding {
	matcher := c.Str("healthCheck.matcher")
	if protocol := c.Str("protocol"); matcher == "" || c.Str("protocolVersion") == "GRPC" || protocol != "HTTP" && protocol != "HTTPS" {
		return nil
	}
	for part := range strings.SplitSeq(matcher, ",") {
		match := matcherPart.FindStringSubmatch(part)
		if match == nil {
			return rule.Find("healthCheck.matcher", matcher, "Health check matcher HTTP code '%s' must be a number, a list of numbers or a range", part)
		}
		for _, text := range match[1:] {
			if code, err := strconv.Atoi(text); err == nil && (code < 200 || code > 499) {
				return rule.Find("healthCheck.matcher", matcher, "Health check matcher HTTP code '%s' must be within '200-499'", part)
			}
		}
	}
	return nil
}
