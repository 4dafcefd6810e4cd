package statestore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/itrack/itrack/internal/ops"
)

const (
	// versionDays is how long a replaced version of the state can be gone back to.
	versionDays = 90
	// uploadDays is how long the parts of an upload that never ended are kept, and paid for.
	uploadDays  = 7
	oldVersions = "itrack-old-versions"
)

// document is a bucket's policy; what is not ours is written back as it was.
type document struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// policy denies what comes without TLS. Statements that are there stay.
func (s *setup) policy(ctx context.Context, client *s3.Client) error {
	out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	absent := ops.IsMissing(err)
	if err != nil && !absent {
		return ops.Explain("reading the policy of the bucket "+s.bucket, err)
	}
	has := document{Version: "2012-10-17"}
	if !absent {
		if has, err = readDocument(aws.ToString(out.Policy)); err != nil {
			return &ops.Problem{What: "reading the policy of the bucket " + s.bucket, Why: err.Error(), Err: err}
		}
	}
	arn := fmt.Sprintf("arn:%s:s3:::%s", s.Partition, s.bucket)
	good := slices.ContainsFunc(has.Statement, func(text json.RawMessage) bool { return deniesClearText(text, arn) })
	return s.ensure(ctx, "bucket: TLS only", good, absent, "", func() error {
		text, err := json.Marshal(map[string]any{
			"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []string{arn, arn + "/*"},
			"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		})
		if err != nil {
			return fmt.Errorf("writing the bucket's policy: %w", err)
		}
		// A statement of this name that denies less is replaced: names are unique in a policy.
		has.Statement = slices.DeleteFunc(has.Statement, func(text json.RawMessage) bool { return sid(text) == "TLSOnly" })
		has.Statement = append(has.Statement, text)
		whole, err := json.Marshal(has)
		if err != nil {
			return fmt.Errorf("writing the bucket's policy: %w", err)
		}
		_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account, Policy: aws.String(string(whole))})
		return err
	})
}

// readDocument reads a policy, whose Statement may be one statement instead of a list.
func readDocument(text string) (document, error) {
	var loose struct {
		Version   string          `json:"Version"`
		ID        string          `json:"Id"`
		Statement json.RawMessage `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(text), &loose); err != nil {
		return document{}, err
	}
	read := document{Version: loose.Version, ID: loose.ID}
	if strings.HasPrefix(strings.TrimSpace(string(loose.Statement)), "{") {
		read.Statement = []json.RawMessage{loose.Statement}
		return read, nil
	}
	return read, json.Unmarshal(loose.Statement, &read.Statement)
}

func sid(text json.RawMessage) string {
	var statement struct{ Sid string }
	_ = json.Unmarshal(text, &statement)
	return statement.Sid
}

// deniesClearText tells whether a statement denies everybody everything on the bucket that comes without TLS.
func deniesClearText(text json.RawMessage, arn string) bool {
	var statement struct {
		Effect                      string
		Principal, Action, Resource any
		Condition                   map[string]map[string]any
	}
	if json.Unmarshal(text, &statement) != nil || statement.Effect != "Deny" || len(statement.Condition) != 1 || len(statement.Condition["Bool"]) != 1 {
		return false
	}
	everybody := slices.Contains(list(statement.Principal), "*")
	if byKind, ok := statement.Principal.(map[string]any); ok {
		everybody = slices.Contains(list(byKind["AWS"]), "*")
	}
	all := slices.Contains(list(statement.Action), "s3:*") || slices.Contains(list(statement.Action), "*")
	resources := list(statement.Resource)
	everywhere := slices.Contains(resources, "*") || slices.Contains(resources, arn) && slices.Contains(resources, arn+"/*")
	return everybody && all && everywhere && fmt.Sprint(statement.Condition["Bool"]["aws:SecureTransport"]) == "false"
}

// list is a value of a policy that may be one text or several.
func list(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, fmt.Sprint(item))
		}
		return out
	}
	return nil
}

func (s *setup) readLifecycle(ctx context.Context, client *s3.Client) (*s3.GetBucketLifecycleConfigurationOutput, error) {
	out, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	if ops.IsMissing(err) {
		return &s3.GetBucketLifecycleConfigurationOutput{}, nil
	}
	if err != nil {
		return nil, ops.Explain("reading the lifecycle of the bucket "+s.bucket, err)
	}
	return out, nil
}

// expires tells whether a rule deletes objects that are current.
func expires(rule types.LifecycleRule) bool {
	return rule.Status == types.ExpirationStatusEnabled && rule.Expiration != nil && (aws.ToInt32(rule.Expiration.Days) > 0 || rule.Expiration.Date != nil)
}

// lifecycle ends replaced versions and uploads that never ended. Rules of others stay: S3 replaces all at once, so that they
// are written again. Our own rule may keep longer than we ask for.
func (s *setup) lifecycle(ctx context.Context, client *s3.Client) error {
	found, err := s.readLifecycle(ctx, client)
	if err != nil {
		return err
	}
	rules := found.Rules
	good := slices.ContainsFunc(rules, func(rule types.LifecycleRule) bool {
		ends, parts := rule.NoncurrentVersionExpiration, rule.AbortIncompleteMultipartUpload
		return aws.ToString(rule.ID) == oldVersions && rule.Status == types.ExpirationStatusEnabled &&
			ends != nil && aws.ToInt32(ends.NoncurrentDays) >= versionDays && parts != nil && aws.ToInt32(parts.DaysAfterInitiation) > 0
	})
	return s.ensure(ctx, "bucket: lifecycle", good, len(rules) == 0, fmt.Sprintf("replaced versions are kept for %d days", versionDays), func() error {
		return s.writeLifecycle(ctx, client, found)
	})
}

// writeLifecycle writes what was found, with our rule in its present form.
func (s *setup) writeLifecycle(ctx context.Context, client *s3.Client, found *s3.GetBucketLifecycleConfigurationOutput) error {
	rules := slices.DeleteFunc(slices.Clone(found.Rules), func(rule types.LifecycleRule) bool { return aws.ToString(rule.ID) == oldVersions })
	rules = append(rules, types.LifecycleRule{
		ID: aws.String(oldVersions), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
		NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(versionDays)},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(uploadDays)},
		// Released locks leave markers behind, one for every run.
		Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
	})
	_, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &s.bucket, ExpectedBucketOwner: &s.Account, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
		// What is left out goes back to S3's default, for the rules of others too.
		TransitionDefaultMinimumObjectSize: found.TransitionDefaultMinimumObjectSize,
	})
	return err
}
