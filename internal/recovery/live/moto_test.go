package live_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	lb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	lbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/recovery/live"
)

// motoPlace is AWS as moto has it.
type motoPlace struct{ aws.Config }

func (m motoPlace) lister() recovery.Lister { return live.Lister{Settings: m.Config} }
func (m motoPlace) account() string         { return "123456789012" }

// moto starts a server for one test.
func moto(t *testing.T) motoPlace {
	t.Helper()
	return motoPlace{aws.Config{
		Region: region, BaseEndpoint: aws.String(emulators.Moto(t)),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}}
}

func TestAWSKeepsTheContract(t *testing.T) { keeps(t, moto(t)) }

func TestTaggedObjectsOnAWS(t *testing.T) {
	place := moto(t)
	p := recovery.Pending{Type: "aws:ec2/vpc:Vpc", Inputs: map[string]any{"cidrBlock": "10.1.0.0/16", "tags": tagged("x")},
		DefaultTags: map[string]string{"Project": "tagged"}, Account: place.account(), Region: region}
	id := place.create(t, p)
	p.DefaultTags = map[string]string{"Project": "another"}
	place.create(t, p)
	objects, err := place.lister().Tagged(context.Background(), place.account(), region, map[string]string{"Project": "tagged"})
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "aws:ec2/vpc:Vpc", objects[0].Type)
	assert.Equal(t, id, objects[0].ID)
	assert.Equal(t, "tagged", objects[0].Tags["Project"])
}

func ec2Tags(p recovery.Pending, kind ec2types.ResourceType) []ec2types.TagSpecification {
	var tags []ec2types.Tag
	for key, value := range p.Tags() {
		tags = append(tags, ec2types.Tag{Key: &key, Value: &value})
	}
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: tags}}
}

// create calls AWS as the provider does.
func (m motoPlace) create(t *testing.T, p recovery.Pending) string {
	t.Helper()
	makers := map[string]func(context.Context, recovery.Pending) (string, error){
		"aws:ec2/vpc:Vpc": m.vpc, "aws:ec2/subnet:Subnet": m.subnet, "aws:ec2/routeTable:RouteTable": m.routeTable,
		"aws:ec2/routeTableAssociation:RouteTableAssociation": m.association, "aws:ec2/internetGateway:InternetGateway": m.gateway,
		"aws:ec2/eip:Eip": m.address, "aws:ec2/securityGroup:SecurityGroup": m.group,
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": m.rule, "aws:iam/role:Role": m.role, "aws:iam/policy:Policy": m.policy,
		"aws:kms/key:Key": m.key, "aws:lb/targetGroup:TargetGroup": m.targetGroup,
	}
	if maker := makers[p.Type]; maker != nil {
		id, err := maker(context.Background(), p)
		require.NoError(t, err)
		return id
	}
	require.NoError(t, m.named(context.Background(), p))
	id, err := recovery.IDOf(p)
	require.NoError(t, err)
	return id
}

// named makes what is known by its name.
func (m motoPlace) named(ctx context.Context, p recovery.Pending) error {
	name := p.Text("name")
	var err error
	switch p.Type {
	case "aws:sqs/queue:Queue":
		_, err = sqs.NewFromConfig(m.Config).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Tags: p.Tags()})
	case "aws:sns/topic:Topic":
		var tags []snstypes.Tag
		for key, value := range p.Tags() {
			tags = append(tags, snstypes.Tag{Key: &key, Value: &value})
		}
		_, err = sns.NewFromConfig(m.Config).CreateTopic(ctx, &sns.CreateTopicInput{Name: &name, Tags: tags})
	case "aws:cloudwatch/logGroup:LogGroup":
		_, err = logs.NewFromConfig(m.Config).CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: &name})
	case "aws:dynamodb/table:Table":
		_, err = dynamodb.NewFromConfig(m.Config).CreateTable(ctx, &dynamodb.CreateTableInput{TableName: &name, BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
			KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}}})
	case "aws:s3/bucketV2:BucketV2":
		client := s3.NewFromConfig(m.Config, func(o *s3.Options) { o.UsePathStyle = true })
		_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(p.Text("bucket"))})
	case "aws:ecs/cluster:Cluster":
		_, err = ecs.NewFromConfig(m.Config).CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: &name})
	case "aws:ecr/repository:Repository":
		_, err = ecr.NewFromConfig(m.Config).CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &name})
	case "aws:backup/vault:Vault":
		_, err = backup.NewFromConfig(m.Config).CreateBackupVault(ctx, &backup.CreateBackupVaultInput{BackupVaultName: &name})
	}
	return err
}

func (m motoPlace) ec2() *ec2.Client { return ec2.NewFromConfig(m.Config) }

func (m motoPlace) vpc(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String(p.Text("cidrBlock")), TagSpecifications: ec2Tags(p, "vpc")})
	if err != nil {
		return "", err
	}
	return *answer.Vpc.VpcId, nil
}

func (m motoPlace) subnet(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: aws.String(p.Text("vpcId")), CidrBlock: aws.String(p.Text("cidrBlock")),
		TagSpecifications: ec2Tags(p, "subnet")})
	if err != nil {
		return "", err
	}
	return *answer.Subnet.SubnetId, nil
}

func (m motoPlace) routeTable(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: aws.String(p.Text("vpcId")), TagSpecifications: ec2Tags(p, "route-table")})
	if err != nil {
		return "", err
	}
	return *answer.RouteTable.RouteTableId, nil
}

func (m motoPlace) association(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: aws.String(p.Text("routeTableId")),
		SubnetId: aws.String(p.Text("subnetId"))})
	if err != nil {
		return "", err
	}
	return *answer.AssociationId, nil
}

func (m motoPlace) gateway(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: ec2Tags(p, "internet-gateway")})
	if err != nil {
		return "", err
	}
	id := answer.InternetGateway.InternetGatewayId
	_, err = m.ec2().AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: id, VpcId: aws.String(p.Text("vpcId"))})
	return *id, err
}

func (m motoPlace) address(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: "vpc", TagSpecifications: ec2Tags(p, "elastic-ip")})
	if err != nil {
		return "", err
	}
	return *answer.AllocationId, nil
}

func (m motoPlace) group(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: aws.String(p.Text("vpcId")), GroupName: aws.String(p.Text("name")),
		Description: aws.String(p.Text("description")), TagSpecifications: ec2Tags(p, "security-group")})
	if err != nil {
		return "", err
	}
	return *answer.GroupId, nil
}

func (m motoPlace) rule(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := m.ec2().AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(p.Text("securityGroupId")),
		IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String(p.Text("ipProtocol")), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
			IpRanges: []ec2types.IpRange{{CidrIp: aws.String(p.Text("cidrIpv4"))}}}}})
	if err != nil {
		return "", err
	}
	return *answer.SecurityGroupRules[0].SecurityGroupRuleId, nil
}

func iamTags(p recovery.Pending) []iamtypes.Tag {
	var tags []iamtypes.Tag
	for key, value := range p.Tags() {
		tags = append(tags, iamtypes.Tag{Key: &key, Value: &value})
	}
	return tags
}

func (m motoPlace) role(ctx context.Context, p recovery.Pending) (string, error) {
	_, err := iam.NewFromConfig(m.Config).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(p.Text("name")),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`), Tags: iamTags(p)})
	return p.Text("name"), err
}

func (m motoPlace) policy(ctx context.Context, p recovery.Pending) (string, error) {
	answer, err := iam.NewFromConfig(m.Config).CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(p.Text("name")), Path: aws.String(p.Text("path")),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`), Tags: iamTags(p)})
	if err != nil {
		return "", err
	}
	return *answer.Policy.Arn, nil
}

func (m motoPlace) key(ctx context.Context, p recovery.Pending) (string, error) {
	var tags []kmstypes.Tag
	for key, value := range p.Tags() {
		tags = append(tags, kmstypes.Tag{TagKey: &key, TagValue: &value})
	}
	answer, err := kms.NewFromConfig(m.Config).CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String(p.Text("description")), Tags: tags})
	if err != nil {
		return "", err
	}
	return *answer.KeyMetadata.KeyId, nil
}

func (m motoPlace) targetGroup(ctx context.Context, p recovery.Pending) (string, error) {
	var tags []lbtypes.Tag
	for key, value := range p.Tags() {
		tags = append(tags, lbtypes.Tag{Key: &key, Value: &value})
	}
	answer, err := lb.NewFromConfig(m.Config).CreateTargetGroup(ctx, &lb.CreateTargetGroupInput{Name: aws.String(p.Text("name")), Protocol: "HTTP",
		Port: aws.Int32(80), VpcId: aws.String(p.Text("vpcId")), TargetType: "ip", Tags: tags})
	if err != nil {
		return "", err
	}
	return *answer.TargetGroups[0].TargetGroupArn, nil
}
