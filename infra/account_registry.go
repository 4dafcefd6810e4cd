package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// registry sets how the account's registry scans and replicates: one configuration per account and region, over the
// repositories of every stack of this project.
func (a *Account) registry(ctx *pulumi.Context, args *AccountArgs) error {
	if args.Settings.Registry != settingMake {
		return nil
	}
	place := args.Placement
	scanned := map[string]*Region{"primary": place.Primary}
	if args.Settings.RegistryReplicas {
		scanned["recovery"] = place.Recovery
	}
	for role, region := range scanned {
		// Basic scanning costs nothing; enhanced scanning is Amazon Inspector's, which the account owns.
		if _, err := ecr.NewRegistryScanningConfiguration(ctx, "scanning-"+role, &ecr.RegistryScanningConfigurationArgs{
			ScanType: pulumi.String("BASIC"),
			Rules: ecr.RegistryScanningConfigurationRuleArray{&ecr.RegistryScanningConfigurationRuleArgs{
				ScanFrequency: pulumi.String("SCAN_ON_PUSH"),
				RepositoryFilters: ecr.RegistryScanningConfigurationRuleRepositoryFilterArray{
					&ecr.RegistryScanningConfigurationRuleRepositoryFilterArgs{
						Filter: pulumi.String(Project + "*"), FilterType: pulumi.String("WILDCARD"),
					},
				},
			}},
		}, in(a, region)...); err != nil {
			return fmt.Errorf("creating the registry's scanning in %s: %w", region.Name, err)
		}
	}
	if !args.Settings.RegistryReplicas {
		return nil
	}
	template, err := a.replicaTemplate(ctx, args)
	if err != nil {
		return err
	}
	// Replication starts with the first push after this, and makes the repositories there by the template: the template
	// comes first, else the first copies lie in repositories with AWS's own key.
	if _, err := ecr.NewReplicationConfiguration(ctx, "replication", &ecr.ReplicationConfigurationArgs{
		ReplicationConfiguration: &ecr.ReplicationConfigurationReplicationConfigurationArgs{
			Rules: ecr.ReplicationConfigurationReplicationConfigurationRuleArray{&ecr.ReplicationConfigurationReplicationConfigurationRuleArgs{
				Destinations: ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArray{
					&ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs{
						Region: pulumi.String(place.Recovery.Name), RegistryId: pulumi.String(place.Account),
					},
				},
				RepositoryFilters: ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArray{
					&ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs{
						Filter: pulumi.String(Project), FilterType: pulumi.String("PREFIX_MATCH"),
					},
				},
			}},
		},
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{template})); err != nil {
		return fmt.Errorf("creating the registry's replication: %w", err)
	}
	return nil
}

// replicaTemplate says how ECR makes repositories for replicas in the recovery region: immutable tags and our key,
// where ECR's own defaults are mutable tags and AES-256.
func (a *Account) replicaTemplate(ctx *pulumi.Context, args *AccountArgs) (pulumi.Resource, error) {
	place := args.Placement
	trust, err := TrustServices(place.FromAccount(), place.Principal("ecr"))
	if err != nil {
		return nil, fmt.Errorf("creating the role of image replicas: %w", err)
	}
	key := args.Keys.Data.In(place.Recovery).Arn
	role, err := newRole(ctx, "registry-replicas", place, RoleArgs{
		Parts: []string{"registry-replicas"}, Description: "ECR makes repositories for replicated images", Trust: pulumi.String(trust),
		Policies: []RolePolicy{{Name: "create", Document: PolicyFrom([]pulumi.StringInput{key}, func(known []string) []Statement {
			return []Statement{
				{
					Sid: "Repositories", Actions: []string{"ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"},
					Resources: []string{place.Arn("ecr", place.Recovery.Name, "repository/"+Project+"*")},
				},
				{Sid: "Key", Actions: []string{"kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"}, Resources: []string{known[0]}},
			}
		})}},
	}, pulumi.Parent(a))
	if err != nil {
		return nil, err
	}
	// ECR copies images, not the lifecycle of their repository: without one of their own they would stay for ever.
	lifecycle, err := canonicalJSON(registryLifecycle())
	if err != nil {
		return nil, fmt.Errorf("creating the template of replicated repositories: %w", err)
	}
	template, err := ecr.NewRepositoryCreationTemplate(ctx, "replicas", &ecr.RepositoryCreationTemplateArgs{
		// ROOT is every repository that no other template has: a prefix would have to end at a slash, which our names lack.
		Prefix:             pulumi.String("ROOT"),
		Description:        pulumi.String("Repositories of replicated images"),
		AppliedFors:        pulumi.StringArray{pulumi.String("REPLICATION")},
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		CustomRoleArn:      role.Arn,
		LifecyclePolicy:    pulumi.String(lifecycle),
		EncryptionConfigurations: ecr.RepositoryCreationTemplateEncryptionConfigurationArray{
			&ecr.RepositoryCreationTemplateEncryptionConfigurationArgs{EncryptionType: pulumi.String("KMS"), KmsKey: key.ToStringPtrOutput()},
		},
	}, in(a, place.Recovery, pulumi.DependsOn(role.Ready))...)
	if err != nil {
		return nil, fmt.Errorf("creating the template of replicated repositories: %w", err)
	}
	return template, nil
}
