package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BastionType is the type token of Bastion.
const BastionType = "itrack:infra:Bastion"

// Bastion is the SSM-only instance.
type Bastion struct {
	pulumi.ResourceState

	// GroupName: autoscaling group.
	GroupName pulumi.StringOutput
	// SecurityGroupId: no inbound rule.
	SecurityGroupId pulumi.StringOutput
	// RoleArn: instance role.
	RoleArn pulumi.StringOutput
}

// BastionArgs are what Bastion is made from.
type BastionArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: size.
	Settings BastionSettings
	// Network: private subnets.
	Network *Network
	// Rds: the database it reaches.
	Rds *Rds
	// Account: session logs.
	Account *Account
	// Keys: session encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
}

const (
	// bastionImage is Amazon Linux 2023 for ARM by the parameter that AWS keeps current. It is resolved when an instance
	// starts: an image id looked up here would be a difference at every image that AWS releases.
	bastionImage = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
	// bastionDays is how long an instance lives. A new one starts from the newest image, which is how the kernel is patched.
	bastionDays = 30
	// bastionWarmupSeconds is the time from start until user data is through.
	bastionWarmupSeconds = 180
	mysqlPort            = 3306
)

// NewBastion makes the SSM-only instance.
func NewBastion(ctx *pulumi.Context, name string, args *BastionArgs, opts ...pulumi.ResourceOption) (*Bastion, error) {
	component := &Bastion{}
	if err := ctx.RegisterComponentResource(BastionType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the bastion: %w", err)
	}
	parent := pulumi.Parent(component)
	group, err := component.doors(ctx, args, parent)
	if err != nil {
		return nil, err
	}
	role, profile, err := bastionIdentity(ctx, args, parent)
	if err != nil {
		return nil, err
	}
	template, err := bastionTemplate(ctx, args, group, profile, parent)
	if err != nil {
		return nil, err
	}
	scaling, err := bastionGroup(ctx, args, template, role, parent)
	if err != nil {
		return nil, err
	}
	component.GroupName, component.SecurityGroupId, component.RoleArn = scaling.Name, group.ID().ToStringOutput(), role.Arn
	if err := component.upkeep(ctx, args, parent); err != nil {
		return nil, err
	}
	if err := component.alarms(ctx, args, parent); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"groupName": component.GroupName, "securityGroupId": component.SecurityGroupId, "roleArn": component.RoleArn,
	}); err != nil {
		return nil, fmt.Errorf("creating the bastion: %w", err)
	}
	return component, nil
}

// doors makes the security group: nothing comes in; out go the database and HTTPS to where Session Manager and the
// package repository answer.
func (b *Bastion) doors(ctx *pulumi.Context, args *BastionArgs, parent pulumi.ResourceOption) (*ec2.SecurityGroup, error) {
	group, err := newSecurityGroup(ctx, "bastion", args.Placement, args.Network.VpcId, "The bastion: no way in, sessions come through Systems Manager", parent)
	if err != nil {
		return nil, err
	}
	id := group.ID().ToStringOutput()
	if err := flow(ctx, "bastion-rds", "MySQL from the bastion", id, args.Rds.SecurityGroupId, mysqlPort, parent); err != nil {
		return nil, err
	}
	if err := args.Network.AllowHTTPS(ctx, "bastion", id, parent); err != nil {
		return nil, err
	}
	return group, nil
}

// bastionTags are what default tags do not bring to the instance, its disk and its network interface: those are made by
// the autoscaling group, not by Pulumi.
func bastionTags(p *Placement) map[string]string {
	tags := map[string]string{"Project": Project, "Environment": p.Environment, "ManagedBy": "pulumi"}
	for key, value := range p.Tags {
		tags[key] = value
	}
	tags["Name"] = p.Of(limitGeneral, "bastion")
	return tags
}

func bastionTemplate(ctx *pulumi.Context, args *BastionArgs, group *ec2.SecurityGroup, profile *iam.InstanceProfile, parent pulumi.ResourceOption) (*ec2.LaunchTemplate, error) {
	tags := pulumi.ToStringMap(bastionTags(args.Placement))
	var specifications ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range []string{"instance", "network-interface", "volume"} {
		specifications = append(specifications, &ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: tags})
	}
	template, err := ec2.NewLaunchTemplate(ctx, "bastion", &ec2.LaunchTemplateArgs{
		Name:         pulumi.String(args.Placement.Of(limitGeneral, "bastion")),
		Description:  pulumi.String("The bastion: reached by Session Manager alone"),
		ImageId:      pulumi.String(bastionImage),
		InstanceType: pulumi.String(args.Settings.InstanceType),
		UserData:     pulumi.String(bastionUserData()),
		IamInstanceProfile: &ec2.LaunchTemplateIamInstanceProfileArgs{
			Arn: profile.Arn.ToStringPtrOutput(),
		},
		// Tokens are required, and one hop: what runs in a container on the instance can't reach its credentials.
		MetadataOptions: &ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint: pulumi.String("enabled"), HttpTokens: pulumi.String("required"), HttpPutResponseHopLimit: pulumi.Int(1),
			InstanceMetadataTags: pulumi.String("disabled"),
		},
		NetworkInterfaces: ec2.LaunchTemplateNetworkInterfaceArray{&ec2.LaunchTemplateNetworkInterfaceArgs{
			DeviceIndex: pulumi.Int(0), AssociatePublicIpAddress: pulumi.String("false"), DeleteOnTermination: pulumi.String("true"),
			SecurityGroups: pulumi.StringArray{group.ID().ToStringOutput()},
		}},
		// No key is named, which means aws/ebs: with a key of ours the autoscaling service's role would need rights on it, and
		// without them instances end at once with Client.InternalError. Nothing worth keeping lies on this disk.
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{&ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String("/dev/xvda"),
			Ebs: &ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(args.Settings.DiskGb), Encrypted: pulumi.String("true"),
				DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications:    specifications,
		UpdateDefaultVersion: pulumi.Bool(true),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the bastion's launch template: %w", err)
	}
	return template, nil
}

// bastionTypes are the instance types the group may start, by preference: the one that is set, and the next size of the
// same family where the zone is out of it.
func bastionTypes(wanted string) []string {
	family, size, _ := cutInstanceType(wanted)
	for i, known := range instanceSizes {
		if known == size && i+1 < len(instanceSizes) {
			return []string{wanted, family + "." + instanceSizes[i+1]}
		}
	}
	return []string{wanted}
}

func bastionGroup(ctx *pulumi.Context, args *BastionArgs, template *ec2.LaunchTemplate, role *Role, parent pulumi.ResourceOption) (*autoscaling.Group, error) {
	tags := bastionTags(args.Placement)
	var propagated autoscaling.GroupTagArray
	for _, key := range sortedKeys(tags) {
		propagated = append(propagated, &autoscaling.GroupTagArgs{
			Key: pulumi.String(key), Value: pulumi.String(tags[key]), PropagateAtLaunch: pulumi.Bool(true),
		})
	}
	var types autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArray
	for _, kind := range bastionTypes(args.Settings.InstanceType) {
		types = append(types, &autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs{InstanceType: pulumi.String(kind)})
	}
	group, err := autoscaling.NewGroup(ctx, "bastion", &autoscaling.GroupArgs{
		Name: pulumi.String(args.Placement.Of(limitAlarm, "bastion")),
		// One instance, in whichever zone has room: the group replaces it when it fails, which a lone instance has nobody for.
		MinSize: pulumi.Int(1), MaxSize: pulumi.Int(1), DesiredCapacity: pulumi.Int(1),
		VpcZoneIdentifiers:     args.Network.PrivateSubnetIds,
		HealthCheckType:        pulumi.String("EC2"),
		HealthCheckGracePeriod: pulumi.Int(bastionWarmupSeconds),
		DefaultInstanceWarmup:  pulumi.Int(bastionWarmupSeconds),
		MaxInstanceLifetime:    pulumi.Int(bastionDays * 24 * 60 * 60),
		// An `up` waits for the instance at most this long; it fails then and names the group, instead of hanging.
		WaitForCapacityTimeout: pulumi.String("10m"),
		EnabledMetrics:         pulumi.ToStringArray([]string{"GroupDesiredCapacity", "GroupInServiceInstances", "GroupTotalInstances"}),
		MixedInstancesPolicy: &autoscaling.GroupMixedInstancesPolicyArgs{
			InstancesDistribution: &autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs{
				OnDemandAllocationStrategy: pulumi.String("prioritized"), OnDemandBaseCapacity: pulumi.Int(1),
				OnDemandPercentageAboveBaseCapacity: pulumi.Int(100), SpotAllocationStrategy: pulumi.String("price-capacity-optimized"),
			},
			LaunchTemplate: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs{
				LaunchTemplateSpecification: &autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs{
					LaunchTemplateId: template.ID().ToStringOutput().ToStringPtrOutput(),
					// The number, not $Latest: only a change that the group sees starts an instance refresh.
					Version: template.LatestVersion.ApplyT(func(version int) *string { text := fmt.Sprint(version); return &text }).(pulumi.StringPtrOutput),
				},
				Overrides: types,
			},
		},
		// The new instance starts before the old one ends, above the group's size for as long as that takes: an open session
		// is not cut off by a change that fails.
		InstanceRefresh: &autoscaling.GroupInstanceRefreshArgs{
			Strategy: pulumi.String("Rolling"),
			Preferences: &autoscaling.GroupInstanceRefreshPreferencesArgs{
				MinHealthyPercentage: pulumi.Int(100), MaxHealthyPercentage: pulumi.Int(200),
				InstanceWarmup: pulumi.String(fmt.Sprint(bastionWarmupSeconds)), SkipMatching: pulumi.Bool(true),
			},
		},
		Tags: propagated,
	}, parent, pulumi.DependsOn(role.Ready))
	if err != nil {
		return nil, fmt.Errorf("creating the bastion's autoscaling group: %w", err)
	}
	return group, nil
}
