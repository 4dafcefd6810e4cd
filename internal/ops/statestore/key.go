package statestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/itrack/itrack/internal/ops"
)

// The tag that tells this key from the stack's own, which carry the same three tags.
const (
	purposeTag = "Purpose"
	purpose    = "pulumi-secrets"
)

// key finds or makes the key of Pulumi's secrets.
//
// A run that is killed after CreateKey leaves a key without an alias. It carries its tags from its first moment, so that
// the next run finds it by them and makes no second one.
func (s *setup) key(ctx context.Context) error {
	client := s.Primary().KMS()
	alias := s.report.KeyAlias
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	switch {
	case err == nil:
		if err := s.usable(described.KeyMetadata); err != nil {
			return err
		}
		s.report.KeyARN = aws.ToString(described.KeyMetadata.Arn)
	case !ops.IsMissing(err):
		return ops.Explain("looking for the key "+alias, err)
	default:
		if err := s.aliasedKey(ctx, client); err != nil {
			return err
		}
		if s.report.KeyARN == "" {
			return nil // a dry run, and there is none
		}
	}
	return s.keyProperties(ctx, client)
}

// aliasedKey makes the alias, and the key unless a run before left one.
func (s *setup) aliasedKey(ctx context.Context, client *kms.Client) error {
	alias := s.report.KeyAlias
	found, err := s.strayKey(ctx, client)
	if err != nil {
		return err
	}
	if found == nil && s.report.DryRun {
		s.report.Steps = append(s.report.Steps, Step{What: "key " + alias, State: ToMake, Detail: "symmetric, rotated every year, tagged for " + s.Settings.Environment})
		return nil
	}
	step := Step{What: "key " + alias, State: Kept}
	if found == nil {
		if found, err = s.createKey(ctx, client); err != nil {
			return err
		}
		step.State, s.made = Made, true
	} else {
		step.Detail = "made by a run that did not end; it had no alias yet"
	}
	s.report.KeyARN = aws.ToString(found.Arn)
	s.report.Steps = append(s.report.Steps, step)
	if step.State == Made {
		s.Say("%s: made (%s)", step.What, s.report.KeyARN)
	}
	return s.ensure(ctx, "key: alias", false, true, alias, func() error {
		_, err := client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: found.KeyId})
		if ops.IsCode(err, "AlreadyExistsException") {
			return s.takeAlias(ctx, client, found)
		}
		return err
	})
}

// takeAlias goes on with the key that the alias has meanwhile: our own answer was lost, or another run was quicker.
func (s *setup) takeAlias(ctx context.Context, client *kms.Client, made *types.KeyMetadata) error {
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &s.report.KeyAlias})
	if err != nil {
		return err // one that is not found yet is asked for again, with CreateAlias
	}
	if err := s.usable(described.KeyMetadata); err != nil {
		return err
	}
	s.report.KeyARN = aws.ToString(described.KeyMetadata.Arn)
	if s.report.KeyARN != aws.ToString(made.Arn) {
		s.Say("another run made %s at the same time; the key %s of this run is not used: `aws kms schedule-key-deletion --region %s --key-id %s` removes it",
			s.report.KeyAlias, aws.ToString(made.KeyId), s.Region, aws.ToString(made.KeyId))
	}
	return nil
}

// usable refuses a key that cannot guard secrets.
func (s *setup) usable(key *types.KeyMetadata) error {
	what, region, id := "using the key "+s.report.KeyAlias, s.Region, aws.ToString(key.KeyId)
	switch {
	case key.KeyState == types.KeyStatePendingDeletion || key.KeyState == types.KeyStatePendingReplicaDeletion:
		return ops.Refuse(what, "it is waiting for its deletion: with it every secret in the state would be lost",
			fmt.Sprintf("`aws kms cancel-key-deletion --region %s --key-id %s`, then `aws kms enable-key --region %s --key-id %s`", region, id, region, id))
	case key.KeyState == types.KeyStateDisabled:
		return ops.Refuse(what, "it is disabled", fmt.Sprintf("find out why, then `aws kms enable-key --region %s --key-id %s`", region, id))
	case key.KeyState != types.KeyStateEnabled && key.KeyState != types.KeyStateCreating && key.KeyState != types.KeyStateUpdating:
		return ops.Refuse(what, fmt.Sprintf("its state is %s: nothing can be encrypted with it", key.KeyState), "point the alias to another key, or delete the alias and run this again")
	case key.KeySpec != types.KeySpecSymmetricDefault || key.KeyUsage != types.KeyUsageTypeEncryptDecrypt:
		return ops.Refuse(what, fmt.Sprintf("it is a key for %s (%s), and has to be symmetric and for encryption", key.KeyUsage, key.KeySpec),
			"point the alias to another key, or delete the alias and run this again")
	}
	return nil
}

// strayKey looks for our key among those without an alias; the oldest, should there be several.
func (s *setup) strayKey(ctx context.Context, client *kms.Client) (*types.KeyMetadata, error) {
	named := map[string]bool{}
	aliases := kms.NewListAliasesPaginator(client, &kms.ListAliasesInput{})
	for aliases.HasMorePages() {
		page, err := aliases.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("listing the aliases of keys", err)
		}
		for _, alias := range page.Aliases {
			named[aws.ToString(alias.TargetKeyId)] = true
		}
	}
	var found *types.KeyMetadata
	keys := kms.NewListKeysPaginator(client, &kms.ListKeysInput{})
	for keys.HasMorePages() {
		page, err := keys.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("listing keys", err)
		}
		for _, entry := range page.Keys {
			if named[aws.ToString(entry.KeyId)] {
				continue
			}
			key, err := s.oursAndAlive(ctx, client, entry.KeyId)
			if err != nil {
				return nil, err
			}
			if key != nil && (found == nil || key.CreationDate.Before(aws.ToTime(found.CreationDate))) {
				found = key
			}
		}
	}
	return found, nil
}

// oursAndAlive gives a key's description if it carries our tags and is not about to be deleted.
func (s *setup) oursAndAlive(ctx context.Context, client *kms.Client, id *string) (*types.KeyMetadata, error) {
	tags, err := keyTags(ctx, client, id)
	if ops.IsCode(err, "AccessDeniedException") || ops.IsMissing(err) {
		return nil, nil // somebody else's, by its key policy; or gone meanwhile
	}
	if err != nil {
		return nil, ops.Explain("reading the tags of the key "+aws.ToString(id), err)
	}
	for name, value := range s.keyTags() {
		if tags[name] != value {
			return nil, nil
		}
	}
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
	if err != nil {
		return nil, ops.Explain("reading the key "+aws.ToString(id), err)
	}
	if described.KeyMetadata.KeyState == types.KeyStatePendingDeletion {
		return nil, nil
	}
	return described.KeyMetadata, s.usable(described.KeyMetadata)
}

// createKey makes the key, once: CreateKey knows no token that makes a repeated call harmless, so that after a lost answer
// the key is looked for before it is asked for again.
func (s *setup) createKey(ctx context.Context, client *kms.Client) (*types.KeyMetadata, error) {
	policy, err := keyPolicy(s.Partition, s.Account)
	if err != nil {
		return nil, err
	}
	input := &kms.CreateKeyInput{
		Description: aws.String("Guards the secrets in Pulumi's state of iTrack " + s.Settings.Environment), Policy: &policy,
		KeySpec: types.KeySpecSymmetricDefault, KeyUsage: types.KeyUsageTypeEncryptDecrypt, Tags: kmsTags(s.keyTags()),
	}
	for attempt := 1; ; attempt++ {
		made, err := client.CreateKey(ctx, input, func(o *kms.Options) { o.Retryer = once() })
		if err == nil {
			return made.KeyMetadata, nil
		}
		if attempt >= s.Attempts || ctx.Err() != nil || !mayRepeat(err) {
			return nil, ops.Explain("making the key "+s.report.KeyAlias, err)
		}
		s.Say("making the key %s: no answer, looking whether it was made", s.report.KeyAlias)
		if err := sleep(ctx, s.Every(time.Duration(attempt)*time.Second)); err != nil {
			return nil, ops.Explain("making the key "+s.report.KeyAlias, err)
		}
		if found, err := s.strayKey(ctx, client); err != nil || found != nil {
			return found, err
		}
	}
}

// mayRepeat tells whether a call may go well when it is repeated: it never arrived, its answer was lost, AWS was busy.
func mayRepeat(err error) bool {
	var status *awshttp.ResponseError
	if errors.As(err, &status) && status.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	var answer smithy.APIError
	return !errors.As(err, &answer) || ops.IsCode(err, "ThrottlingException", "RequestLimitExceeded")
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// keyPolicy leaves the rights on the key to the account's IAM policies.
func keyPolicy(partition, account string) (string, error) {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Sid": "Account", "Effect": "Allow", "Principal": map[string]any{"AWS": fmt.Sprintf("arn:%s:iam::%s:root", partition, account)},
		"Action": "kms:*", "Resource": "*",
	}}})
	if err != nil {
		return "", fmt.Errorf("writing the key's policy: %w", err)
	}
	return string(text), nil
}

// keyProperties compares rotation and tags. The policy of an existing key is its owner's: it may be narrower than ours.
func (s *setup) keyProperties(ctx context.Context, client *kms.Client) error {
	id := aws.String(s.report.KeyARN)
	if len(s.report.Steps) == 0 {
		s.report.Steps = append(s.report.Steps, Step{What: "key " + s.report.KeyAlias, State: Kept})
	}
	var rotation *kms.GetKeyRotationStatusOutput
	if err := s.outlast(ctx, "reading the rotation of the key", s.unsettled, func() (err error) {
		rotation, err = client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
		return err
	}); err != nil {
		return ops.Explain("reading the rotation of the key "+s.report.KeyAlias, err)
	}
	if err := s.ensure(ctx, "key: rotation", rotation.KeyRotationEnabled, false, "", func() error {
		_, err := client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: id})
		return err
	}); err != nil {
		return err
	}
	var found map[string]string
	if err := s.outlast(ctx, "reading the tags of the key", s.unsettled, func() (err error) {
		found, err = keyTags(ctx, client, id)
		return err
	}); err != nil {
		return ops.Explain("reading the tags of the key "+s.report.KeyAlias, err)
	}
	missing := differing(s.keyTags(), found)
	return s.ensure(ctx, "key: tags", len(missing) == 0, false, "", func() error {
		_, err := client.TagResource(ctx, &kms.TagResourceInput{KeyId: id, Tags: kmsTags(missing)})
		return err
	})
}

func (s *setup) keyTags() map[string]string {
	tags := s.Tags()
	tags[purposeTag] = purpose
	return tags
}

func keyTags(ctx context.Context, client *kms.Client, id *string) (map[string]string, error) {
	tags := map[string]string{}
	pages := kms.NewListResourceTagsPaginator(client, &kms.ListResourceTagsInput{KeyId: id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
		}
	}
	return tags, nil
}

func kmsTags(tags map[string]string) []types.Tag {
	out := make([]types.Tag, 0, len(tags))
	for _, name := range sorted(tags) {
		out = append(out, types.Tag{TagKey: aws.String(name), TagValue: aws.String(tags[name])})
	}
	return out
}

// differing are the wanted tags that are missing or have another value.
func differing(wanted, found map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range wanted {
		if found[name] != value {
			out[name] = value
		}
	}
	return out
}

func sorted(tags map[string]string) []string {
	names := make([]string, 0, len(tags))
	for name := range tags {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
