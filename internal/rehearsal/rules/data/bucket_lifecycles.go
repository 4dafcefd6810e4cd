package data

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func bucketLifecycles() []rule.Rule {
	life := func(more map[string]any) rule.Case {
		r := map[string]any{"id": "age", "status": "Enabled", "filter": map[string]any{"prefix": ""}}
		for k, v := range more {
			r[k] = v
		}
		return rule.Case{Inputs: map[string]any{"rules": []any{r}}}
	}
	to := func(days int, class string) map[string]any {
		return map[string]any{"days": days, "storageClass": class}
	}
	two := func(first, second string) rule.Case {
		expiry := map[string]any{"days": 30}
		return rule.Case{Inputs: map[string]any{"rules": []any{
			map[string]any{"id": first, "status": "Enabled", "expiration": expiry}, map[string]any{"id": second, "status": "Enabled", "expiration": expiry}}}}
	}
	at := func(name string) string { return bucketLife + "::" + name }
	page := s3Guide + "lifecycle-transition-general-considerations.html"
	return []rule.Rule{{
		ID: "data-lifecycle-infrequent-access", Types: []string{bucketLife}, Code: "InvalidArgument", Page: page,
		Says:     "Objects go to STANDARD_IA and ONEZONE_IA after 30 days at the earliest.",
		Fix:      "Set the transition's days to 30 or more, or choose INTELLIGENT_TIERING or a Glacier class.",
		Foreseen: true, Check: infrequentAccess,
		Pass: life(map[string]any{"transitions": []any{to(30, "STANDARD_IA")}}),
		Fail: life(map[string]any{"transitions": []any{to(29, "STANDARD_IA")}}),
		Seed: rule.Seed{Stack: "staging", At: at("archive"), Set: map[string]any{"rules[0].transitions[0].days": 7}},
	}, {
		ID: "data-lifecycle-expires-last", Types: []string{bucketLife}, Code: "InvalidArgument", Page: s3Guide + "intro-lifecycle-rules.html",
		Says:     "Objects expire later than they change their storage class.",
		Fix:      "Set expiration.days above the days of every transition of the rule.",
		Foreseen: true, Check: expiresLast,
		Pass: life(map[string]any{"transitions": []any{to(30, "STANDARD_IA")}, "expiration": map[string]any{"days": 31}}),
		Fail: life(map[string]any{"transitions": []any{to(30, "STANDARD_IA")}, "expiration": map[string]any{"days": 30}}),
		Seed: rule.Seed{Stack: "production", At: at("archive"), Set: map[string]any{"rules[0].expiration.days": 30}},
	}, {
		ID: "data-lifecycle-colder-later", Types: []string{bucketLife}, Code: "InvalidArgument", Page: page,
		Says:     "A rule moves objects to a colder class later than to a warmer one, and to each class once.",
		Fix:      "Give the colder storage class more days than the warmer one.",
		Foreseen: true, Check: colderLater,
		Pass: life(map[string]any{"transitions": []any{to(30, "STANDARD_IA"), to(90, "GLACIER")}}),
		Fail: life(map[string]any{"transitions": []any{to(90, "STANDARD_IA"), to(60, "GLACIER")}}),
		Seed: rule.Seed{Stack: "staging", At: at("archive"), Set: map[string]any{"rules[0].transitions[1]": to(20, "DEEP_ARCHIVE")}},
	}, {
		ID: "data-lifecycle-rule-ids", Types: []string{bucketLife}, Code: "InvalidArgument", Page: s3API + "API_LifecycleRule.html",
		Says:     "The rules of a lifecycle have ids of their own, of at most 255 characters.",
		Fix:      "Give each rule another id.",
		Foreseen: true, Check: ruleIDs,
		Pass: two("age", "aborted"),
		Fail: two("age", "age"),
		Seed: rule.Seed{Stack: "staging", At: at("site"), Set: map[string]any{"rules[1]": map[string]any{"id": "replaced", "status": "Enabled",
			"filter": map[string]any{"prefix": "old/"}, "expiration": map[string]any{"days": 60}}}},
	}, {
		ID: "data-lifecycle-action", Types: []string{bucketLife}, Code: "InvalidRequest", Page: s3API + "API_LifecycleRule.html",
		Says:     "Every rule of a lifecycle has an action.",
		Fix:      "Give the rule a transition, an expiration or the end of unfinished uploads, or take it out.",
		Foreseen: true, Check: lifecycleAction,
		Pass: life(map[string]any{"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7}}),
		Fail: life(nil),
		Seed: rule.Seed{Stack: "production", At: at("site"), Set: map[string]any{"rules[0].expiration": nil, "rules[0].noncurrentVersionExpiration": nil,
			"rules[0].abortIncompleteMultipartUpload": nil}},
	}, {
		ID: "data-lifecycle-positive-days", Types: []string{bucketLife}, Code: "InvalidArgument", Page: s3API + "API_PutBucketLifecycleConfiguration.html",
		Says:     "Expirations and the end of unfinished uploads are a day or more away.",
		Fix:      "Set the days to 1 or more; leave the action out to switch it off.",
		Foreseen: true, Check: positiveDays,
		Pass: life(map[string]any{"noncurrentVersionExpiration": map[string]any{"noncurrentDays": 1}}),
		Fail: life(map[string]any{"noncurrentVersionExpiration": map[string]any{"noncurrentDays": 0}}),
		Seed: rule.Seed{Stack: "staging", At: at("site"), Set: map[string]any{"rules[0].noncurrentVersionExpiration.noncurrentDays": 0}},
	}, {
		ID: "data-lifecycle-delete-marker", Types: []string{bucketLife}, Code: "MalformedXML", Page: s3API + "API_LifecycleExpiration.html",
		Says:     "A rule that removes expired delete markers does not expire objects by age as well.",
		Fix:      "Put expiredObjectDeleteMarker and days into two rules.",
		Foreseen: true, Check: deleteMarker,
		Pass: life(map[string]any{"expiration": map[string]any{"expiredObjectDeleteMarker": true}}),
		Fail: life(map[string]any{"expiration": map[string]any{"expiredObjectDeleteMarker": true, "days": 60}}),
		Seed: rule.Seed{Stack: "production", At: at("site"), Set: map[string]any{"rules[0].expiration.days": 90}},
	}, {
		ID: "data-lifecycle-no-tags", Types: []string{bucketLife}, Code: "InvalidRequest", Page: s3API + "API_LifecycleRule.html",
		Says:     "A rule for unfinished uploads or delete markers selects by prefix, not by tag: neither has tags.",
		Fix:      "Put such actions into a rule whose filter has no tags.",
		Foreseen: true, Check: actionsWithoutTags,
		Pass: life(map[string]any{"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7}}),
		Fail: life(map[string]any{"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7},
			"filter": map[string]any{"tag": map[string]any{"key": "Temporary", "value": "yes"}}}),
		Seed: rule.Seed{Stack: "staging", At: at("site"), Set: map[string]any{"rules[0].filter": map[string]any{"tag": map[string]any{"key": "Temporary",
			"value": "yes"}}}},
	}}
}

// eachRule calls find for the rules of a lifecycle until it finds something.
func eachRule(c *catalog.Call, find func(at string, r resource.PropertyMap) *rule.Finding) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		if found := find(r.at, r.props); found != nil {
			return found
		}
	}
	return nil
}

func infrequentAccess(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		for _, transition := range blocksIn(r, "transitions") {
			class := catalog.Str(transition.props, "storageClass")
			if days, known := numIn(transition.props, "days"); known && days < 30 && strings.HasSuffix(class, "_IA") {
				return rule.Find(at+"."+transition.at+".days", days, "'Days' in Transition action must be greater than or equal to 30 for storageClass '%s'", class)
			}
		}
		return nil
	})
}

func expiresLast(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		expires, set := numIn(r, "expiration.days")
		for _, transition := range blocksIn(r, "transitions") {
			if days, known := numIn(transition.props, "days"); set && known && days >= expires {
				return rule.Find(at+".expiration.days", expires, "'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action")
			}
		}
		return nil
	})
}

// warmth orders the storage classes of transitions; those of one kind have no order that S3 insists on.
var warmth = map[string]int{"STANDARD_IA": 1, "ONEZONE_IA": 1, "INTELLIGENT_TIERING": 1, "GLACIER_IR": 2, "GLACIER": 3, "DEEP_ARCHIVE": 4}

func colderLater(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		transitions := blocksIn(r, "transitions")
		for _, warm := range transitions {
			for _, cold := range transitions {
				first, second := catalog.Str(warm.props, "storageClass"), catalog.Str(cold.props, "storageClass")
				early, known := numIn(warm.props, "days")
				late, also := numIn(cold.props, "days")
				if known && also && warmth[first] > 0 && warmth[first] < warmth[second] && late <= early {
					return rule.Find(at+"."+cold.at+".days", late, "'Days' in the Transition action for StorageClass '%s' must be greater than 'Days' for StorageClass '%s'",
						second, first)
				}
				if warm.at != cold.at && first != "" && first == second {
					return rule.Find(at+"."+cold.at+".storageClass", second, "'StorageClass' must be different for 'Transition' actions in same 'Rule'")
				}
			}
		}
		return nil
	})
}

func ruleIDs(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		id := catalog.Str(r, "id")
		switch {
		case seen[id]:
			return rule.Find(at+".id", id, "Rule ID must be unique. Found same ID for more than one rule")
		case len(id) > 255:
			return rule.Find(at+".id", id[:20], "ID length should not exceed allowed limit of 255")
		}
		seen[id] = id != ""
		return nil
	})
}

var lifecycleActions = []string{"transitions", "expiration", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "abortIncompleteMultipartUpload"}

func lifecycleAction(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		for _, action := range lifecycleActions {
			if has(r, action) {
				return nil
			}
		}
		return rule.Find(at, catalog.Str(r, "id"), "At least one action needs to be specified in a rule")
	})
}

func positiveDays(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		marker := boolIn(r, "expiration.expiredObjectDeleteMarker")
		for _, path := range []string{"expiration.days", "noncurrentVersionExpiration.noncurrentDays", "abortIncompleteMultipartUpload.daysAfterInitiation"} {
			// The provider writes 0 days beside a delete marker and leaves them out of the call.
			if days, known := numIn(r, path); known && days < 1 && !(marker && path == "expiration.days") {
				return rule.Find(at+"."+path, days, "'%s' must be a positive integer", path)
			}
		}
		return nil
	})
}

func deleteMarker(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		days, _ := numIn(r, "expiration.days")
		if !boolIn(r, "expiration.expiredObjectDeleteMarker") || days == 0 && catalog.Str(r, "expiration.date") == "" {
			return nil
		}
		return rule.Find(at+".expiration.expiredObjectDeleteMarker", "true", "The XML you provided was not well-formed or did not validate against our published schema")
	})
}

func actionsWithoutTags(c *catalog.Call) *rule.Finding {
	return eachRule(c, func(at string, r resource.PropertyMap) *rule.Finding {
		tagged := has(r, "filter.tag") || has(r, "filter.and.tags")
		switch {
		case tagged && has(r, "abortIncompleteMultipartUpload"):
			return rule.Find(at+".abortIncompleteMultipartUpload", nil, "AbortIncompleteMultipartUpload cannot be specified with Tags")
		case tagged && boolIn(r, "expiration.expiredObjectDeleteMarker"):
			return rule.Find(at+".expiration.expiredObjectDeleteMarker", nil, "ExpiredObjectDeleteMarker cannot be specified with Tags")
		}
		return nil
	})
}
