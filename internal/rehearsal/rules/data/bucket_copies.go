package data

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func bucketReplication() []rule.Rule {
	versioned := func(from, to string) []rule.Thing {
		return []rule.Thing{
			{Type: bucketVersion, ID: "orders", State: map[string]any{"versioningConfiguration": map[string]any{"status": from}}},
			{Type: bucket, ID: "orders-copy", ARN: "arn:aws:s3:::orders-copy", Region: "us-west-2"},
			{Type: bucketVersion, ID: "orders-copy", Region: "us-west-2", State: map[string]any{"versioningConfiguration": map[string]any{"status": to}}},
		}
	}
	copies := map[string]any{"bucket": "orders", "rules": []any{map[string]any{"status": "Enabled",
		"destination": map[string]any{"bucket": "arn:aws:s3:::orders-copy"}}}}
	filtered := func(more map[string]any) rule.Case {
		r := map[string]any{"status": "Enabled", "filter": map[string]any{"prefix": ""}, "destination": map[string]any{"bucket": "arn:aws:s3:::orders-copy"}}
		for k, v := range more {
			r[k] = v
		}
		return rule.Case{Inputs: map[string]any{"bucket": "orders", "rules": []any{r}}}
	}
	at := bucketCopies + "::site"
	return []rule.Rule{{
		ID: "data-replication-source-versions", Types: []string{bucketCopies}, Code: "InvalidRequest", Page: s3Guide + "replication-requirements.html",
		Says:  "A bucket that is replicated keeps versions.",
		Fix:   "Enable versioning on the bucket, and make the replication depend on it.",
		Check: sourceVersions,
		Pass:  rule.Case{World: versioned("Enabled", "Enabled"), Inputs: copies},
		Fail:  rule.Case{World: versioned("Suspended", "Enabled"), Inputs: copies},
		Seed:  rule.Seed{Stack: "production", At: bucketVersion + "::site", Refused: at, Set: map[string]any{"versioningConfiguration.status": "Suspended"}},
	}, {
		ID: "data-replication-target-versions", Types: []string{bucketCopies}, Code: "InvalidRequest", Page: s3Guide + "replication-requirements.html",
		Says:  "The bucket that replicas go to keeps versions.",
		Fix:   "Enable versioning on the destination, and make the replication depend on it.",
		Check: targetVersions,
		Pass:  rule.Case{World: versioned("Enabled", "Enabled"), Inputs: copies},
		Fail:  rule.Case{World: versioned("Enabled", "Suspended"), Inputs: copies},
		Seed:  rule.Seed{Stack: "production", At: bucketVersion + "::site-recovery", Refused: at, Set: map[string]any{"versioningConfiguration.status": "Suspended"}},
	}, {
		ID: "data-replication-delete-markers", Types: []string{bucketCopies}, Code: "InvalidRequest", Page: s3API + "API_ReplicationRule.html",
		Says:     "A replication rule with a filter says whether delete markers are replicated.",
		Fix:      "Set deleteMarkerReplication.status to Enabled or Disabled in the rule.",
		Foreseen: true, Check: replicatedMarkers,
		Pass: filtered(map[string]any{"deleteMarkerReplication": map[string]any{"status": "Disabled"}}),
		Fail: filtered(nil),
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"rules[0].deleteMarkerReplication": nil}},
	}}
}

func keepsVersions(c *catalog.Call, name string) bool {
	return len(c.Tx.Find(c.Account, "", bucketVersion, func(o *cloud.Object) bool {
		return o.ID == name && catalog.Str(o.State, "versioningConfiguration.status") == "Enabled"
	})) > 0
}

func sourceVersions(c *catalog.Call) *rule.Finding {
	if name := c.Str("bucket"); !keepsVersions(c, name) {
		return rule.Find("bucket", name, "Versioning must be 'Enabled' on the bucket to apply a replication configuration")
	}
	return nil
}

func targetVersions(c *catalog.Call) *rule.Finding {
	for _, arn := range c.Strs("rules.destination.bucket") {
		if target := c.Tx.ByARN(arn); target != nil && !keepsVersions(c, target.ID) {
			return rule.Find("rules", arn, "Destination bucket must have versioning enabled")
		}
	}
	return nil
}

func replicatedMarkers(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		if has(r.props, "filter") && !has(r.props, "deleteMarkerReplication") {
			return rule.Find(r.at+".deleteMarkerReplication", nil,
				"DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema")
		}
	}
	return nil
}

func bucketObjects() []rule.Rule {
	owned := func(by string) []rule.Thing {
		return []rule.Thing{{Type: bucketOwner, ID: "orders", State: map[string]any{"rule": map[string]any{"objectOwnership": by}}}}
	}
	public := map[string]any{"bucket": "orders", "key": "index.html", "acl": "public-read"}
	encrypted := func(algorithm string) rule.Case {
		return rule.Case{Inputs: map[string]any{"rules": []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{
			"sseAlgorithm": algorithm, "kmsMasterKeyId": "alias/orders"}}}}}
	}
	return []rule.Rule{{
		ID: "data-object-acl", Types: []string{bucketObject}, Code: "AccessControlListNotSupported", Page: s3Guide + "about-object-ownership.html",
		Says:  "Objects get no access control list in a bucket that owns its objects, as every new bucket does.",
		Fix:   "Leave acl out and allow reading by the bucket's policy.",
		Check: objectACL,
		Pass:  rule.Case{World: owned("BucketOwnerPreferred"), Inputs: public},
		Fail:  rule.Case{World: owned("BucketOwnerEnforced"), Inputs: public},
		Seed:  rule.Seed{Stack: "staging", At: bucketObject + "::site-index", Set: map[string]any{"acl": "public-read"}},
	}, {
		ID: "data-bucket-encryption-key", Types: []string{bucketCrypt}, Code: "InvalidArgument", Page: s3API + "API_ServerSideEncryptionByDefault.html",
		Says:     "A bucket's default encryption names a KMS key only with aws:kms or aws:kms:dsse.",
		Fix:      "Set sseAlgorithm to aws:kms, or leave kmsMasterKeyId out.",
		Foreseen: true, Check: encryptionKey,
		Pass: encrypted("aws:kms"),
		Fail: encrypted("AES256"),
		Seed: rule.Seed{Stack: "staging", At: bucketCrypt + "::site",
			Set: map[string]any{"rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId": "alias/itrack-data-staging"}},
	}}
}

func objectACL(c *catalog.Call) *rule.Finding {
	list := catalog.Str(c.Inputs, "acl")
	if list == "" || list == "bucket-owner-full-control" {
		return nil
	}
	if owner := c.Get(bucketOwner, c.Str("bucket")); owner != nil && catalog.Str(owner.State, "rule.objectOwnership") != "BucketOwnerEnforced" {
		return nil
	}
	return rule.Find("acl", list, "The bucket does not allow ACLs")
}

func encryptionKey(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		algorithm := catalog.Str(r.props, "applyServerSideEncryptionByDefault.sseAlgorithm")
		if algorithm == "AES256" && has(r.props, "applyServerSideEncryptionByDefault.kmsMasterKeyId") {
			return rule.Find(r.at+".applyServerSideEncryptionByDefault.kmsMasterKeyId", nil,
				"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
		}
	}
	return nil
}
