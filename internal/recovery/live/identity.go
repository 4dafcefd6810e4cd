package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/itrack/itrack/internal/recovery"
)

var identityLooks = map[string]look{
	"aws:iam/role:Role":                                   roles,
	"aws:iam/policy:Policy":                               policies,
	"aws:iam/instanceProfile:InstanceProfile":             profiles,
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": identityProviders,
	"aws:kms/key:Key":                                     keys,
	"aws:kms/alias:Alias":                                 keyAliases,
	"aws:kms/replicaKey:ReplicaKey":                       replicaKeys,
}

func iamTags(tags []iamtypes.Tag) map[string]string {
	out := map[string]string{}
	for _, tag := range tags {
		out[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out
}

func roles(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := iam.NewFromConfig(r.at("iam")).GetRole(ctx, &iam.GetRoleInput{RoleName: &r.id})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: iamTags(answer.Role.Tags)}}, nil
}

func policies(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := iam.NewFromConfig(r.at("iam")).GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &r.id})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: iamTags(answer.Policy.Tags)}}, nil
}

func profiles(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := iam.NewFromConfig(r.at("iam")).GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &r.id})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: iamTags(answer.InstanceProfile.Tags)}}, nil
}

func identityProviders(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := iam.NewFromConfig(r.at("iam")).GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &r.id})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: iamTags(answer.Tags)}}, nil
}

// keys reads each key of the region: no filter goes by description. A key that waits for its deletion is none.
func keys(ctx context.Context, r request) ([]recovery.Candidate, error) {
	client := kms.NewFromConfig(r.at("kms"))
	found, err := pages(ctx, kms.NewListKeysPaginator(client, &kms.ListKeysInput{}),
		func(page *kms.ListKeysOutput) []kmstypes.KeyListEntry { return page.Keys })
	if err != nil {
		return nil, err
	}
	var out []recovery.Candidate
	for _, entry := range found {
		key, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: entry.KeyId})
		if err != nil {
			return nil, err
		}
		if key.KeyMetadata.DeletionDate != nil || aws.ToString(key.KeyMetadata.Description) != r.Text("description") {
			continue
		}
		tags, err := keyTags(ctx, client, entry.KeyId)
		if err != nil {
			return nil, err
		}
		out = append(out, recovery.Candidate{ID: *entry.KeyId, Tags: tags, Attributes: attributes(map[string]*string{"description": key.KeyMetadata.Description})})
	}
	return out, nil
}

func keyTags(ctx context.Context, client *kms.Client, id *string) (map[string]string, error) {
	found, err := pages(ctx, kms.NewListResourceTagsPaginator(client, &kms.ListResourceTagsInput{KeyId: id}),
		func(page *kms.ListResourceTagsOutput) []kmstypes.Tag { return page.Tags })
	tags := map[string]string{}
	for _, tag := range found {
		tags[aws.ToString(tag.TagKey)] = aws.ToString(tag.TagValue)
	}
	return tags, err
}

func keyAliases(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, kms.NewListAliasesPaginator(kms.NewFromConfig(r.at("kms")), &kms.ListAliasesInput{}),
		func(page *kms.ListAliasesOutput) []kmstypes.AliasListEntry { return page.Aliases })
	return all(found, err, func(a kmstypes.AliasListEntry) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(a.AliasName)}
	})
}

func replicaKeys(ctx context.Context, r request) ([]recovery.Candidate, error) {
	key, err := kms.NewFromConfig(r.at("kms")).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &r.id})
	if err != nil || key.KeyMetadata.DeletionDate != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: aws.ToString(key.KeyMetadata.KeyId)}}, nil
}
