package controls

import (
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenTableReplica  = "aws:dynamodb/tableReplica:TableReplica"
	tokenScalingTarget = "aws:appautoscaling/target:Target"
	tokenScalingPolicy = "aws:appautoscaling/policy:Policy"
)

// dynamodb are the controls on tables and on their replicas in other regions, which are tables of their own there.
func dynamodb() []review.Control {
	const absent = "the stack declares no table"
	return []review.Control{
		hub("DynamoDB.1", "Tables should automatically scale capacity with demand", review.Medium, review.Reliability, absent, review.Each(tokenTable, scales)),
		hub("DynamoDB.2", "Tables should have point-in-time recovery enabled", review.Medium, review.Reliability, absent, tables(restorable)),
		hub("DynamoDB.6", "Tables should have deletion protection enabled", review.Medium, review.Reliability, absent, tables(undeletable)),
	}
}

func restorable(t *review.Resource) review.Answer {
	on := t.Bool("pointInTimeRecovery.enabled") || t.Bool("pointInTimeRecovery")
	return review.When(on, t, "point-in-time recovery is on", "it cannot be put back to a point in time", "turn pointInTimeRecovery on")
}

func undeletable(t *review.Resource) review.Answer {
	return review.When(t.Bool("deletionProtectionEnabled"), t, "deletion protection is on", "anyone with the right can delete it in one call",
		"set deletionProtectionEnabled")
}

func tables(answer func(*review.Resource) review.Answer) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, t := range m.All(tokenTable, tokenTableReplica) {
			out = append(out, answer(t))
		}
		return out
	}
}

// scales passes tables on demand, and provisioned ones whose reads and writes both have a scaling policy.
func scales(m *review.Model, t *review.Resource) review.Answer {
	if t.Str("billingMode") == "PAY_PER_REQUEST" {
		return review.Pass(t, "it is on demand")
	}
	for _, dimension := range []string{"dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"} {
		if !scaled(m, "table/"+t.Str("name"), dimension) {
			return review.Fail(t, "its capacity is provisioned and nothing scales "+after(dimension, ":"),
				"set billingMode to PAY_PER_REQUEST, or give reads and writes a scaling target and policy")
		}
	}
	return review.Pass(t, "its reads and writes are scaled")
}

func scaled(m *review.Model, resource, dimension string) bool {
	same := func(r *review.Resource) bool {
		return r.Str("resourceId") == resource && strings.EqualFold(r.Str("scalableDimension"), dimension)
	}
	target, policy := false, false
	for _, r := range m.All(tokenScalingTarget) {
		target = target || same(r)
	}
	for _, r := range m.All(tokenScalingPolicy) {
		policy = policy || same(r)
	}
	return target && policy
}
