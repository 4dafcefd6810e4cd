package reviewtest

// open is a statement for everybody on the objects of whichever bucket.
func open(action string, condition map[string]any) statement {
	s := statement{"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::itrack-*/*"}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

func s3Policies() []Variant {
	const stranger = "arn:aws:iam::999999999999:root"
	unblocked := put(archiveBlock, "restrictPublicBuckets", false)
	pattern := map[string]any{"StringLike": map[string]any{"aws:PrincipalAccount": "4444*"}}
	everywhere := func(effect string, principal, action any) statement {
		return statement{"Sid": "Added", "Effect": effect, "Principal": principal, "Action": action, "Resource": []any{"*"}}
	}
	return []Variant{
		{Name: "everybody reads a bucket", Stack: Staging, Control: "S3.2", Wants: archive, Joins: true, Also: []string{"S3.8"},
			Edit: all(unblocked, allow(archiveRules, "policy", open("s3:GetObject", nil)))},
		{Name: "accounts by a pattern read a bucket", Stack: Production, Control: "S3.2", Wants: archive, Joins: true, Also: []string{"S3.8"},
			Edit: all(unblocked, allow(archiveRules, "policy", open("s3:Get*", pattern)))},
		{Name: "everybody but one account reads a bucket", Stack: Staging, Control: "S3.2", Wants: archive, Joins: true, Also: []string{"S3.8"},
			Edit: all(unblocked, allow(archiveRules, "policy", statement{"Sid": "Open", "Effect": "Allow", "NotPrincipal": map[string]any{"AWS": stranger},
				"Action": "s3:ListBucket", "Resource": "*"}))},
		{Name: "an ACL lets everybody read", Stack: Staging, Control: "S3.2", Wants: siteBucket, Joins: true, Also: []string{"S3.12", "S3.8"},
			Edit: all(put(siteBlock, "ignorePublicAcls", false), withACL("public-read"))},
		{Name: "everybody writes into a bucket", Stack: Staging, Control: "S3.3", Wants: archive, Joins: true, Also: []string{"S3.8"},
			Edit: all(unblocked, allow(archiveRules, "policy", open("s3:PutObject", nil)))},
		{Name: "an ACL lets everybody write", Stack: Domain, Control: "S3.3", Wants: siteBucket, Joins: true, Also: []string{"S3.12", "S3.2", "S3.8"},
			Edit: all(put(siteBlock, "ignorePublicAcls", false), withACL("public-read-write"))},
		{Name: "nothing is denied without TLS", Stack: Staging, Control: "S3.5", Wants: archive, Joins: true, Edit: unsay(archiveRules, "policy", "TlsOnly")},
		{Name: "only objects are denied without TLS", Stack: Production, Control: "S3.5", Wants: siteBucket, Joins: true, Edit: func(e *Export) {
			restate(siteRules, "policy", "TlsOnly", statement{"Resource": e.Text(siteBucket, "arn") + "/*"})(e)
		}},
		{Name: "one account is denied without TLS", Stack: Staging, Control: "S3.5", Wants: siteBucket, Joins: true,
			Edit: restate(siteRules, "policy", "TlsOnly", statement{"Principal": map[string]any{"AWS": stranger}})},
		{Name: "reading alone is denied without TLS", Stack: Staging, Control: "S3.5", Wants: siteBucket, Joins: true,
			Edit: restate(siteRules, "policy", "TlsOnly", statement{"Action": "s3:GetObject"})},
		{Name: "what is denied has TLS", Stack: Domain, Control: "S3.5", Wants: siteBucket, Joins: true,
			Edit: restate(siteRules, "policy", "TlsOnly", statement{"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "true"}}})},
		{Name: "the policy is another bucket's", Stack: Staging, Control: "S3.5", Wants: siteBucket, Joins: true, Edit: aim(siteRules, "bucket", archive, "bucket")},
		{Name: "another account may change the policy", Stack: Staging, Control: "S3.6", Wants: siteBucket, Joins: true,
			Edit: allow(siteRules, "policy", everywhere("Allow", map[string]any{"AWS": stranger}, "s3:PutBucketPolicy"))},
		{Name: "another account may do everything", Stack: Production, Control: "S3.6", Wants: archive, Joins: true,
			Edit: allow(archiveRules, "policy", everywhere("Allow", map[string]any{"AWS": []any{"999999999999"}}, []any{"s3:*"}))},
		{Name: "everybody may change ACLs of a restricted bucket", Stack: Staging, Control: "S3.6", Wants: siteBucket, Joins: true,
			Edit: allow(siteRules, "policy", everywhere("Allow", "*", "s3:PutObjectAcl"))},
	}
}
