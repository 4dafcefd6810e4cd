// Package s3 describes S3 to the stand-in.
package s3

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	bucketToken = "aws:s3/bucketV2:BucketV2"
	blockToken  = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	objectToken = "aws:s3/bucketObjectv2:BucketObjectv2"
	api         = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide       = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
)

// Service is what the stand-in knows of S3.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		bucketType(), policyType(), objectType(), loggingType(),
		part("bucketPublicAccessBlock:BucketPublicAccessBlock", "PublicAccessBlock", (*sdk.BucketPublicAccessBlockArgs)(nil), (*sdk.BucketPublicAccessBlock)(nil)),
		part("bucketOwnershipControls:BucketOwnershipControls", "BucketOwnershipControls", (*sdk.BucketOwnershipControlsArgs)(nil), (*sdk.BucketOwnershipControls)(nil)),
		part("bucketVersioningV2:BucketVersioningV2", "BucketVersioning", (*sdk.BucketVersioningV2Args)(nil), (*sdk.BucketVersioningV2)(nil)),
		part("bucketCorsConfigurationV2:BucketCorsConfigurationV2", "BucketCors", (*sdk.BucketCorsConfigurationV2Args)(nil), (*sdk.BucketCorsConfigurationV2)(nil)),
		encryptionType(), lifecycleType(), replicationType(),
	}}
}

func bucketRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{bucketToken}, Code: "NoSuchBucket", Message: "The specified bucket does not exist: {value}"}
}

// hostedZones are the Route 53 zones of S3's website endpoints, by region; BucketV2 returns them.
// https://docs.aws.amazon.com/general/latest/gr/s3.html
var hostedZones = map[string]string{"us-east-1": "Z3AQBSTGFYJSTF", "us-east-2": "Z2O1EMRO9K5GLX", "us-west-1": "Z2F56UZL2M1ACD",
	"us-west-2": "Z3BJ6K6RIION7M", "eu-west-1": "Z1BKCTXD74EZPE", "eu-central-1": "Z21DNDUVLTQW6Q"}

func bucketType() catalog.Type {
	return catalog.Type{
		Token: bucketToken, Args: (*sdk.BucketV2Args)(nil), Resource: (*sdk.BucketV2)(nil),
		Service: "S3", Action: "Bucket", Title: "S3 Bucket", Verbs: map[string]string{"update": "PutBucketTagging"},
		ARN: "arn:{partition}:s3:::{bucket}", ID: catalog.Templated("{bucket}"),
		Name: catalog.Name{Property: "bucket", Auto: 63, Prefix: "bucketPrefix", Lower: true, Scope: catalog.InWorld, Code: "BucketAlreadyExists",
			Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system: {name}"},
		Defaults: map[string]any{"requestPayer": "BucketOwner"},
		Blank:    []string{"bucketPrefix", "accelerationStatus", "policy", "websiteDomain", "websiteEndpoint", "acl"},
		Check:    checkBucket,
		Compute: func(c *catalog.Call) error {
			c.Set("bucketDomainName", c.Str("bucket")+".s3.amazonaws.com")
			c.Set("bucketRegionalDomainName", c.Str("bucket")+".s3."+c.Region+".amazonaws.com")
			c.Set("region", c.Region)
			c.Set("hostedZoneId", hostedZones[c.Region])
			return nil
		},
	}
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	badPrefix  = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	badSuffix  = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// checkBucket applies the rules for names, and refuses the inline settings that fight with the resources of their own.
func checkBucket(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	name := c.Str("bucket")
	wrong := !bucketName.MatchString(name) || strings.Contains(name, "..")
	if _, err := netip.ParseAddr(name); err == nil {
		wrong = true
	}
	for _, prefix := range badPrefix {
		wrong = wrong || strings.HasPrefix(name, prefix)
	}
	for _, suffix := range badSuffix {
		wrong = wrong || strings.HasSuffix(name, suffix)
	}
	if c.Known("bucket") && wrong {
		problems = append(problems, catalog.Problem{Property: "bucket", Rule: "name of a bucket", Value: name, Source: guide + "bucketnamingrules.html",
			Message: "must have 3 to 63 lower-case letters, digits, dots and hyphens, begin and end with a letter or digit, and use none of S3's reserved forms"})
	}
	for _, inline := range []string{"versionings", "serverSideEncryptionConfigurations", "lifecycleRules", "loggings", "policy", "grants", "acl", "corsRules", "replicationConfigurations", "websites"} {
		if c.Has(inline) {
			problems = append(problems, catalog.Problem{Property: inline, Rule: "a resource of its own", Message: "is deprecated on BucketV2: use the resource of its own",
				Source: "https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketv2/"})
		}
	}
	return problems
}

// part describes a resource that is a part of a bucket: one of each kind per bucket, put over whatever was there.
func part(kind, action string, args, res any) catalog.Type {
	return catalog.Type{
		Token: "aws:s3/" + kind, Args: args, Resource: res, Service: "S3", Action: action, Title: "S3 " + action,
		Verbs: map[string]string{"create": "Put" + action, "update": "Put" + action}, ID: catalog.Templated("{bucket}"), Overwrites: true,
		Refs: []catalog.Ref{bucketRef("bucket")}, Source: api + "API_Put" + action + ".html",
	}
}

func encryptionType() catalog.Type {
	t := part("bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "BucketEncryption",
		(*sdk.BucketServerSideEncryptionConfigurationV2Args)(nil), (*sdk.BucketServerSideEncryptionConfigurationV2)(nil))
	t.Sets = []string{"rules"}
	t.Refs = append(t.Refs, catalog.Ref{Path: "rules[].applyServerSideEncryptionByDefault.kmsMasterKeyId",
		To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/alias:Alias"}, By: catalog.ByIDOrARN,
		Code: "KMS.NotFoundException", Message: "Key '{value}' does not exist in the bucket's region"})
	return t
}

func lifecycleType() catalog.Type {
	t := part("bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "BucketLifecycleConfiguration",
		(*sdk.BucketLifecycleConfigurationV2Args)(nil), (*sdk.BucketLifecycleConfigurationV2)(nil))
	// Younger than the facts' schema; S3 answers it always.
	t.Computed = []string{"transitionDefaultMinimumObjectSize"}
	t.Blank = []string{"expectedBucketOwner"}
	t.Compute = func(c *catalog.Call) error {
		c.SetNew("transitionDefaultMinimumObjectSize", "all_storage_classes_128K")
		return nil
	}
	t.Check = checkLifecycle
	return t
}

// checkLifecycle applies S3's rules on the days of a rule.
func checkLifecycle(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	ids := map[string]bool{}
	for _, leaf := range catalog.Leaves(c.Inputs, "rules[]") {
		if !leaf.Value.IsObject() || leaf.Value.ContainsUnknowns() {
			continue
		}
		rule := leaf.Value.ObjectValue()
		add := func(property, name, value, message string) {
			problems = append(problems, catalog.Problem{Property: leaf.Path + property, Rule: name, Value: value, Message: "InvalidRequest: " + message,
				Source: guide + "lifecycle-transition-general-considerations.html"})
		}
		id := catalog.Str(rule, "id")
		if ids[id] {
			add(".id", "unique id", id, "Rule ID must be unique")
		}
		ids[id] = true
		actions := 0
		for _, action := range []string{"transitions", "expiration", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "abortIncompleteMultipartUpload"} {
			if len(catalog.Leaves(rule, action)) > 0 {
				actions++
			}
		}
		if actions == 0 {
			add("", "an action", id, "At least one action needs to be specified in a rule")
		}
		expires := number(catalog.Leaves(rule, "expiration.days"))
		for _, transition := range catalog.Leaves(rule, "transitions[]") {
			if !transition.Value.IsObject() {
				continue
			}
			at := transition.Value.ObjectValue()
			days, class := number(catalog.Leaves(at, "days")), catalog.Str(at, "storageClass")
			if strings.HasSuffix(class, "_IA") && days < 30 {
				add(".transitions", "30 days before infrequent access", fmt.Sprint(days), "'Days' in Transition action must be greater than or equal to 30 for storageClass '"+class+"'")
			}
			if expires > 0 && days >= expires {
				add(".expiration.days", "expires after its transitions", fmt.Sprint(expires), "'Days' in the Expiration action must be greater than 'Days' in the Transition action")
			}
		}
	}
	return problems
}

func number(leaves []catalog.Leaf) float64 {
	if len(leaves) == 0 || !leaves[0].Value.IsNumber() {
		return 0
	}
	return leaves[0].Value.NumberValue()
}

func policyType() catalog.Type {
	t := part("bucketPolicy:BucketPolicy", "BucketPolicy", (*sdk.BucketPolicyArgs)(nil), (*sdk.BucketPolicy)(nil))
	t.Documents = map[string]catalog.Document{"policy": {Code: "MalformedPolicy"}}
	t.Refuse = refuseBucketPolicy
	return t
}

// refuseBucketPolicy applies what S3 checks of a policy: its grammar, that it speaks of this bucket, and that it opens
// nothing to the public while that is blocked.
func refuseBucketPolicy(c *catalog.Call) *catalog.Error {
	if err := policy.Check(c, "policy", policy.Rules{Code: "MalformedPolicy", Principal: true, MaxSize: 20480, SizeCode: "PolicyTooLarge", SizeQuota: "the bucket's policy"}); err != nil {
		return err
	}
	var document policy.Document
	if err := json.Unmarshal([]byte(c.Str("policy")), &document); err != nil {
		return catalog.Refusal("MalformedPolicy", "policy", "", err.Error())
	}
	arn := "arn:" + c.Partition + ":s3:::" + c.Str("bucket")
	blocked := false
	if block := c.Get(blockToken, c.Str("bucket")); block != nil {
		value := block.State["blockPublicPolicy"]
		blocked = value.IsBool() && value.BoolValue()
	}
	for _, statement := range document.Statement {
		for _, target := range append(append([]string{}, statement.Resource...), statement.NotResource...) {
			if target != arn && !strings.HasPrefix(target, arn+"/") {
				return &catalog.Error{Code: "MalformedPolicy", Property: "policy", Value: target, Rule: "resources of a bucket policy",
					Message: "Policy has invalid resource", Source: guide + "example-bucket-policies.html"}
			}
		}
		for _, who := range statement.Principal["AWS"] {
			if who == "*" && statement.Effect == "Allow" && len(statement.Condition) == 0 && blocked {
				return &catalog.Error{Code: "AccessDenied", Property: "policy", Rule: "public access is blocked", Source: guide + "access-control-block-public-access.html",
					Message: "User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the BlockPublicPolicy block public access setting."}
			}
		}
	}
	return nil
}

func loggingType() catalog.Type {
	t := part("bucketLoggingV2:BucketLoggingV2", "BucketLogging", (*sdk.BucketLoggingV2Args)(nil), (*sdk.BucketLoggingV2)(nil))
	// The reference looks in the bucket's own region only, as S3 does.
	t.Refs = append(t.Refs, catalog.Ref{Path: "targetBucket", To: []string{bucketToken}, Code: "InvalidTargetBucketForLogging",
		Message: "The target bucket for logging does not exist, or is not in the region of the bucket: {value}"})
	return t
}

func objectType() catalog.Type {
	return catalog.Type{
		Token: objectToken, Args: (*sdk.BucketObjectv2Args)(nil), Resource: (*sdk.BucketObjectv2)(nil),
		Service: "S3", Action: "Object", Title: "S3 Object", Verbs: map[string]string{"create": "PutObject", "update": "PutObject"},
		ARN: "arn:{partition}:s3:::{bucket}/{key}",
		// The provider's id is the key alone; two buckets may hold the same key, and ids are unique in the pretend cloud.
		ID: catalog.Templated("{bucket}/{key}"), Overwrites: true,
		Name:     catalog.Name{Property: "key"},
		Defaults: map[string]any{"storageClass": "STANDARD", "forceDestroy": false},
		Blank:    []string{"acl", "checksumCrc32", "checksumCrc32c", "checksumCrc64nvme", "checksumSha1", "checksumSha256", "kmsKeyId", "contentType", "versionId"},
		Computed: []string{"contentType", "checksumCrc64nvme"},
		Volatile: []string{"etag", "versionId"},
		Refs: []catalog.Ref{{Path: "bucket", To: []string{bucketToken}, Code: "NoSuchBucket", Message: "The specified bucket does not exist: {value}",
			Blocks: true, BlockCode: "BucketNotEmpty"}},
		Compute: func(c *catalog.Call) error {
			c.Set("etag", catalog.Hex(32))
			c.Set("versionId", catalog.Letters(32, catalog.MixedDigits))
			c.SetNew("contentType", "binary/octet-stream")
			c.SetNew("serverSideEncryption", "AES256")
			return nil
		},
		Source: api + "API_PutObject.html",
	}
}
