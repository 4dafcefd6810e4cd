package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// s3 are the controls on buckets.
func s3() []review.Control {
	control := func(id, title string, severity review.Severity, pillar review.Pillar, answer func(*review.Model, *review.Resource) review.Answer) review.Control {
		return hub(id, title, severity, pillar, "the stack declares no bucket", func(m *review.Model) []review.Answer {
			var out []review.Answer
			for _, b := range buckets(m) {
				out = append(out, answer(m, b))
			}
			return out
		})
	}
	// AWS asks S3.1 of the account's setting and not of buckets, which have S3.8.
	block := decided("S3.1", "The account should block public access to S3", review.Medium, review.Security,
		`aws s3control get-public-access-block --account-id "$(aws sts get-caller-identity --query Account --output text)"`)
	block.Outside = true
	return []review.Control{
		block,
		control("S3.8", "Buckets should block public access", review.High, review.Security, blocksPublic),
		control("S3.2", "Buckets should block public read access", review.Critical, review.Security, noPublic("read", reads)),
		control("S3.3", "Buckets should block public write access", review.Critical, review.Security, noPublic("write", writes)),
		control("S3.5", "Buckets should require requests to use SSL", review.Medium, review.Security, demandsTLS),
		control("S3.6", "Bucket policies should restrict access to other AWS accounts", review.High, review.Security, noStrangers),
		control("S3.9", "Buckets should have server access logging enabled", review.Medium, review.Operations, accessLogs),
		control("S3.12", "ACLs should not be used to manage access to buckets", review.Medium, review.Security, aclsOff),
		control("S3.13", "Buckets should have lifecycle configurations", review.Low, review.Cost, lifecycle),
	}
}

// buckets are the stack's, by both names that pulumi-aws gives the type.
func buckets(m *review.Model) []*review.Resource {
	return m.All(tokenBucket, "aws:s3/bucket:Bucket")
}

// partsOf are the resources of a kind ("BucketLogging") that belong to a bucket, by both names of their type.
func partsOf(m *review.Model, kind string, bucket *review.Resource) []*review.Resource {
	var out []*review.Resource
	for _, suffix := range []string{"", "V2"} {
		name := kind + suffix
		for _, part := range m.All("aws:s3/" + strings.ToLower(name[:1]) + name[1:] + ":" + name) {
			if part.Str("bucket") == bucket.Str("bucket") {
				out = append(out, part)
			}
		}
	}
	return out
}

// blocks are the four settings that keep the public out.
var blocks = []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}

func blocksPublic(m *review.Model, b *review.Resource) review.Answer {
	const fix = "make an s3.BucketPublicAccessBlock for this bucket with all four settings true"
	parts := partsOf(m, "BucketPublicAccessBlock", b)
	if len(parts) == 0 {
		return review.Fail(b, "no public access block is for this bucket", fix)
	}
	for _, setting := range blocks {
		if !parts[0].Bool(setting) {
			return review.Fail(b, setting+" is false in "+parts[0].Label(), fix)
		}
	}
	return review.Pass(b, "all four settings are on")
}

// reads and writes are calls that a public bucket would answer.
var (
	reads  = []string{"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"}
	writes = []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutObject", "s3:PutObjectAcl"}
)

// noPublic looks at the three things that together let the public in: the block, the policy and the ACL. A restricted bucket
// is not public whatever its policy says.
func noPublic(what string, actions []string) func(*review.Model, *review.Resource) review.Answer {
	return func(m *review.Model, b *review.Resource) review.Answer {
		restricted, ignored := false, false
		for _, block := range partsOf(m, "BucketPublicAccessBlock", b) {
			restricted, ignored = restricted || block.Bool("restrictPublicBuckets"), ignored || block.Bool("ignorePublicAcls")
		}
		for _, document := range policiesOf(m, b) {
			if s := publicStatement(document, b, actions); s != nil && !restricted {
				return review.Fail(b, fmt.Sprintf("its policy lets everybody %s (statement %s)", what, s.Sid),
					"take the statement away or hold it to callers, and set restrictPublicBuckets")
			}
		}
		for _, acl := range partsOf(m, "BucketAcl", b) {
			if name := acl.Str("acl"); !ignored && (name == "public-read-write" || name == "public-read" && what == "read") {
				return review.Fail(b, acl.Label()+" grants "+name, "take the ACL away and set ignorePublicAcls")
			}
		}
		return review.Pass(b, "nothing lets the public "+what)
	}
}

// policiesOf are a bucket's policy documents: those of the stack for it, else what AWS reported of the bucket.
func policiesOf(m *review.Model, b *review.Resource) []*policy.Document {
	var out []*policy.Document
	for _, part := range partsOf(m, "BucketPolicy", b) {
		out = append(out, documents(part, "policy")...)
	}
	if len(out) == 0 {
		out = documents(b, "policy")
	}
	return out
}

// asked are the bucket and an object in it.
func asked(b *review.Resource) []string { return []string{b.Str("arn"), b.Str("arn") + "/any"} }

func publicStatement(d *policy.Document, b *review.Resource, actions []string) *policy.Statement {
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, action := range actions {
			about := func(resource string) bool { return s.Speaks(policy.Request{Action: action, Resource: resource}) }
			if s.Public() && slices.ContainsFunc(asked(b), about) {
				return s
			}
		}
	}
	return nil
}

// demandsTLS wants everybody denied every call without TLS, on the bucket and on its objects.
func demandsTLS(m *review.Model, b *review.Resource) review.Answer {
	const fix = "deny s3:* to everybody on the bucket and its objects in the bucket's policy where aws:SecureTransport is false"
	documents := policiesOf(m, b)
	for _, resource := range asked(b) {
		denied := slices.ContainsFunc(documents, func(d *policy.Document) bool {
			return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
				return !s.Allow && s.Everybody() && !s.NotPrincipal && s.Demands("Bool", "aws:SecureTransport", "false") && len(s.Conditions) == 1 &&
					slices.ContainsFunc(s.Actions, func(a string) bool { return a == "*" || strings.EqualFold(a, "s3:*") }) && s.About(resource)
			})
		})
		if !denied {
			return review.Fail(b, "nothing denies calls without TLS to "+after(resource, ":::"), fix)
		}
	}
	return review.Pass(b, "calls without TLS are denied")
}

// dangerous are the actions that AWS's control wants no other account to have.
var dangerous = []string{"s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration", "s3:PutObjectAcl"}

func noStrangers(m *review.Model, b *review.Resource) review.Answer {
	own := accountOf(m)
	for _, d := range policiesOf(m, b) {
		for i := range d.Statements {
			s := &d.Statements[i]
			stranger := strangerIn(s, own)
			for _, action := range dangerous {
				if stranger != "" && slices.ContainsFunc(asked(b), func(r string) bool { return s.Speaks(policy.Request{Action: action, Resource: r}) }) {
					return review.Fail(b, fmt.Sprintf("its policy allows %s to %s", action, stranger), "take the action or the principal out of the statement "+s.Sid)
				}
			}
		}
	}
	return review.Pass(b, "no other account may change its policy, its encryption or ACLs")
}

// strangerIn is a principal of another account that a statement allows something to, "" for none.
func strangerIn(s *policy.Statement, own string) string {
	if s.Public() {
		return "everybody"
	}
	for _, p := range s.Principals {
		other := p.Kind == "CanonicalUser" || p.Kind == "AWS" && policy.Account(p.Value) != own
		if s.Allow && !s.NotPrincipal && other && p.Value != "*" {
			return p.Value
		}
	}
	return ""
}

// accountOf is the account of the stack: that of the first ARN with one.
func accountOf(m *review.Model) string {
	for _, r := range m.Resources {
		if account := policy.Account(r.Str("arn")); account != "" {
			return account
		}
	}
	return ""
}

// accessLogs excuses the buckets that receive the logs, as AWS's text does: logging them to themselves would never end.
func accessLogs(m *review.Model, b *review.Resource) review.Answer {
	for _, logging := range partsOf(m, "BucketLogging", b) {
		target := logging.Str("targetBucket")
		for _, other := range buckets(m) {
			if other.Str("bucket") == target && other.Str("region") != b.Str("region") {
				return review.Fail(b, "its log bucket "+target+" is in another region", "log to a bucket of its own region")
			}
		}
		if target != "" {
			return review.Pass(b, "logged to "+target)
		}
	}
	for _, other := range buckets(m) {
		for _, logging := range partsOf(m, "BucketLogging", other) {
			if logging.Str("targetBucket") == b.Str("bucket") && other != b {
				return review.Pass(b, "it receives the access logs of "+other.Label()+", which AWS's text excuses from being logged itself")
			}
		}
	}
	return review.Fail(b, "its access is not logged", "make an s3.BucketLoggingV2 for it")
}

// aclsOff wants ACLs off. That is what S3 does itself where nothing is said, since April 2023.
func aclsOff(m *review.Model, b *review.Resource) review.Answer {
	const fix = "set the bucket's object ownership to BucketOwnerEnforced"
	for _, ownership := range partsOf(m, "BucketOwnershipControls", b) {
		if owner := ownership.Str("rule.objectOwnership"); owner != "BucketOwnerEnforced" {
			return review.Fail(b, ownership.Label()+" sets the ownership "+owner+", which keeps ACLs on", fix)
		}
	}
	for _, acl := range partsOf(m, "BucketAcl", b) {
		return review.Fail(b, acl.Label()+" sets an ACL", fix+" and take the ACL away")
	}
	return review.Pass(b, "ACLs are off")
}

func lifecycle(m *review.Model, b *review.Resource) review.Answer {
	for _, configuration := range partsOf(m, "BucketLifecycleConfiguration", b) {
		if slices.Contains(configuration.Strs("rules.status"), "Enabled") {
			return review.Pass(b, "old objects go")
		}
	}
	return review.Fail(b, "no lifecycle rule is on: everything is kept and paid for ever", "make an s3.BucketLifecycleConfigurationV2 with a rule that is on")
}
