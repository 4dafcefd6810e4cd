package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// KeysType is the type token of Keys.
const KeysType = "itrack:infra:Keys"

// Keys is two multi-region KMS keys (data, logs) with replicas in every other region in use, and the key that signs images.
type Keys struct {
	pulumi.ResourceState

	// Data: key of data at rest, by region.
	Data RegionalKeys
	// Logs: key of log groups and topics, by region.
	Logs RegionalKeys
	// SigningArn: ARN of the ECC_NIST_P256 signing key.
	SigningArn pulumi.StringOutput
}

// KeysArgs are what Keys is made from.
type KeysArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: life.
	Settings KeySettings
	// Protect: refuse deletion.
	Protect bool
}

// keyWindow is the longest of AWS's waiting periods; the signing key gets it whatever the settings say, since images
// signed with it can't be verified once it is gone.
const keyWindow = 30

// NewKeys makes two multi-region KMS keys (data, logs) with replicas in every other region in use, and the asymmetric
// key that signs images.
func NewKeys(ctx *pulumi.Context, name string, args *KeysArgs, opts ...pulumi.ResourceOption) (*Keys, error) {
	component := &Keys{}
	if err := ctx.RegisterComponentResource(KeysType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the keys: %w", err)
	}
	var err error
	if component.Data, err = newRegionalKey(ctx, component, args, "data", "data at rest", dataKeyStatements); err != nil {
		return nil, err
	}
	if component.Logs, err = newRegionalKey(ctx, component, args, "logs", "log groups and topics", logsKeyStatements); err != nil {
		return nil, err
	}
	if component.SigningArn, err = newSigningKey(ctx, component, args); err != nil {
		return nil, err
	}
	err = ctx.RegisterResourceOutputs(component, pulumi.Map{
		"dataArn":    component.Data.In(args.Placement.Primary).Arn,
		"logsArn":    component.Logs.In(args.Placement.Primary).Arn,
		"signingArn": component.SigningArn,
	})
	if err != nil {
		return nil, fmt.Errorf("registering the outputs of the keys: %w", err)
	}
	return component, nil
}

// serviceGrants are a key's grants to AWS services in one region, beside the account's own.
type serviceGrants func(placement *Placement, region string) []Statement

// newRegionalKey makes the primary in the primary region and a replica in each other one. Key material is the same
// everywhere, so a copy encrypted in one region opens in the other; policies are per region.
func newRegionalKey(ctx *pulumi.Context, component *Keys, args *KeysArgs, subject, use string, grants serviceGrants) (RegionalKeys, error) {
	place := args.Placement
	keys := RegionalKeys{}
	var primary *kms.Key
	for _, region := range place.Regions() {
		policy, err := Policy(append([]Statement{accountOwnsKey(place)}, grants(place, region.Name)...)...)
		if err != nil {
			return nil, fmt.Errorf("creating the key %s: %w", subject, err)
		}
		description := pulumi.String(fmt.Sprintf("%s %s: %s", Project, place.Environment, use))
		logical := subject
		options := in(component, region, pulumi.Protect(args.Protect))
		var made Key
		if region == place.Primary {
			primary, err = kms.NewKey(ctx, logical, &kms.KeyArgs{
				Description:          description,
				MultiRegion:          pulumi.Bool(true),
				EnableKeyRotation:    pulumi.Bool(true),
				DeletionWindowInDays: pulumi.Int(args.Settings.DeletionWindowDays),
				Policy:               pulumi.String(policy),
			}, options...)
			if err != nil {
				return nil, fmt.Errorf("creating the key %s: %w", subject, err)
			}
			made = Key{Arn: primary.Arn, ID: primary.KeyId}
		} else {
			logical = subject + "-" + region.Name
			replica, err := kms.NewReplicaKey(ctx, logical, &kms.ReplicaKeyArgs{
				Description:          description,
				PrimaryKeyArn:        primary.Arn,
				DeletionWindowInDays: pulumi.Int(args.Settings.DeletionWindowDays),
				Policy:               pulumi.String(policy),
			}, options...)
			if err != nil {
				return nil, fmt.Errorf("creating the replica of key %s in %s: %w", subject, region.Name, err)
			}
			made = Key{Arn: replica.Arn, ID: replica.KeyId}
		}
		if err := newKeyAlias(ctx, component, region, logical, place.Of(limitGeneral, subject), made.ID); err != nil {
			return nil, err
		}
		keys[region.Name] = made
	}
	return keys, nil
}

func newKeyAlias(ctx *pulumi.Context, component *Keys, region *Region, logical, physical string, keyID pulumi.StringOutput) error {
	_, err := kms.NewAlias(ctx, logical, &kms.AliasArgs{
		Name: pulumi.String("alias/" + physical), TargetKeyId: keyID,
	}, in(component, region)...)
	if err != nil {
		return fmt.Errorf("creating the alias of key %s: %w", logical, err)
	}
	return nil
}

func newSigningKey(ctx *pulumi.Context, component *Keys, args *KeysArgs) (pulumi.StringOutput, error) {
	place := args.Placement
	policy, err := Policy(accountOwnsKey(place))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the signing key: %w", err)
	}
	// Asymmetric keys have no automatic rotation in KMS: EnableKeyRotation would be refused.
	key, err := kms.NewKey(ctx, "signing", &kms.KeyArgs{
		Description:           pulumi.String(fmt.Sprintf("%s %s: signatures of images", Project, place.Environment)),
		KeyUsage:              pulumi.String("SIGN_VERIFY"),
		CustomerMasterKeySpec: pulumi.String("ECC_NIST_P256"),
		DeletionWindowInDays:  pulumi.Int(keyWindow),
		Policy:                pulumi.String(policy),
	}, in(component, place.Primary, pulumi.Protect(args.Protect))...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the signing key: %w", err)
	}
	return key.Arn, newKeyAlias(ctx, component, place.Primary, "signing", place.Of(limitGeneral, "signing"), key.KeyId)
}

// accountOwnsKey hands the key's administration and use to the account's IAM policies. Role ARNs never stand in a key
// policy: a role that is made again gets another id, and the policy would name a ghost.
func accountOwnsKey(place *Placement) Statement {
	return Statement{
		Sid:        "AccountDecidesByIam",
		Principals: Principals{AWS: []string{place.Arn("iam", "", "root")}},
		Actions:    []string{"kms:*"},
		Resources:  []string{"*"}, // in a key policy "*" is the key itself
	}
}

var useOfKey = []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}

// dataKeyStatements: RDS, DynamoDB, ECR, Secrets Manager, Lambda and AWS Backup use the key with the caller's own
// rights or by grants. They need the caller to be of this account and to come through the service.
func dataKeyStatements(place *Placement, region string) []Statement {
	var via []string
	for _, service := range []string{"backup", "dynamodb", "ecr", "lambda", "rds", "secretsmanager", "sqs"} {
		via = append(via, service+"."+region+".amazonaws.com")
	}
	return []Statement{
		{
			Sid:        "UseThroughServices",
			Principals: Principals{AWS: []string{"*"}},
			Actions:    useOfKey,
			Resources:  []string{"*"},
			Conditions: map[string]map[string][]string{"StringEquals": {
				"kms:CallerAccount": {place.Account}, "kms:ViaService": via,
			}},
		},
		{
			Sid:        "GrantsForServices",
			Principals: Principals{AWS: []string{"*"}},
			Actions:    []string{"kms:CreateGrant"},
			Resources:  []string{"*"},
			Conditions: map[string]map[string][]string{
				"StringEquals": {"kms:CallerAccount": {place.Account}, "kms:ViaService": via},
				"Bool":         {"kms:GrantIsForAWSResource": {"true"}},
			},
		},
	}
}

// publishers are the services that send to the encrypted topics: without the key their messages are dropped silently.
var publishers = []string{
	"backup.amazonaws.com", "budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com",
	"events.amazonaws.com", "events.rds.amazonaws.com",
}

func logsKeyStatements(place *Placement, region string) []Statement {
	return []Statement{
		{
			Sid:        "LogGroups",
			Principals: Principals{Services: []string{"logs." + region + ".amazonaws.com"}},
			Actions:    useOfKey,
			Resources:  []string{"*"},
			Conditions: map[string]map[string][]string{"ArnLike": {
				"kms:EncryptionContext:aws:logs:arn": {place.Arn("logs", region, "*")},
			}},
		},
		{
			Sid:        "Publishers",
			Principals: Principals{Services: publishers},
			Actions:    []string{"kms:Decrypt", "kms:GenerateDataKey*"},
			Resources:  []string{"*"},
			Conditions: place.FromAccount(),
		},
	}
}
