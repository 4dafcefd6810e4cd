package opstest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/itrack/itrack/internal/ops"
)

// outputsJSON are the outputs of a rehearsal of staging, without those that no command reads.
//
//go:embed testdata/outputs.json
var outputsJSON string

// Bootstrap is the image that a service's first task definition runs.
const Bootstrap = "public.ecr.aws/docker/library/busybox:1.37"

// must gives back the value of a call that a test's preparation needs.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("preparing the stack: %v", err)
		}
		return value
	}
}

// Stack makes in moto what a deployed stack has before its first release, and gives back its outputs: the service runs the
// bootstrap image, the functions' alias `live` is at version 1, every alarm is OK.
func Stack(t testing.TB, _ *Cloud, env *ops.Environment) ops.Outputs {
	t.Helper()
	text := strings.NewReplacer("111122223333", env.Account, "staging", env.Settings.Environment).Replace(outputsJSON)
	var values map[string]any
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return Mirror(t, env, must(ops.ReadOutputs(env.Settings.Environment, values))(t))
}

// Mirror makes in moto what the outputs of a deployed stack name, and gives the outputs back with the ids that moto chose:
// network, signing key, distribution, the database's address.
func Mirror(t testing.TB, env *ops.Environment, out ops.Outputs) ops.Outputs {
	t.Helper()
	ctx := context.Background()
	stackData(ctx, t, env, &out)
	stackFunctions(ctx, t, env, out)
	network := stackNetwork(ctx, t, env)
	for _, service := range slices.Sorted(maps.Keys(out.Releases)) {
		stackService(ctx, t, env, &out, service, network)
	}
	return out
}

// stackData makes the signing key, the database, the tables, the site and the logs.
func stackData(ctx context.Context, t testing.TB, env *ops.Environment, out *ops.Outputs) {
	t.Helper()
	place := env.Primary()
	key := must(place.KMS().CreateKey(ctx, &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify}))(t)
	out.SigningKeyArn = aws.ToString(key.KeyMetadata.Arn)
	database := must(place.RDS().CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(out.DatabaseIdentifier), DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("mysql"),
		EngineVersion: aws.String("8.4.5"), DBName: aws.String(out.DatabaseName), MasterUsername: aws.String("itrackadmin"),
		ManageMasterUserPassword: aws.Bool(true), AllocatedStorage: aws.Int32(20), Port: aws.Int32(int32(out.DatabasePort)),
	}))(t)
	out.DatabaseAddress = aws.ToString(database.DBInstance.Endpoint.Address)
	for _, table := range []string{out.ItemsTable, out.ItemHistoryTable} {
		must(dynamodb.NewFromConfig(place.Config).CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: aws.String(table), BillingMode: dynamodbtypes.BillingModePayPerRequest,
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		}))(t)
	}
	must(place.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(out.SiteBucket)}))(t)
	distribution := must(env.Edge().CloudFront().CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: &cloudfronttypes.DistributionConfig{
		CallerReference: aws.String(out.SiteBucket), Comment: aws.String("the site"), Enabled: aws.Bool(true),
		Origins: &cloudfronttypes.Origins{Quantity: aws.Int32(1), Items: []cloudfronttypes.Origin{{
			Id: aws.String("site"), DomainName: aws.String(out.SiteBucket + ".s3." + out.Region + ".amazonaws.com"),
			S3OriginConfig: &cloudfronttypes.S3OriginConfig{OriginAccessIdentity: aws.String("")},
		}}},
		DefaultCacheBehavior: &cloudfronttypes.DefaultCacheBehavior{TargetOriginId: aws.String("site"), ViewerProtocolPolicy: cloudfronttypes.ViewerProtocolPolicyRedirectToHttps},
	}}))(t)
	out.DistributionID = aws.ToString(distribution.Distribution.Id)
	out.SiteURL = "https://" + aws.ToString(distribution.Distribution.DomainName)
	groups := append(slices.Sorted(maps.Values(out.ServiceLogGroups)), out.APIAccessLogGroup)
	for _, function := range slices.Sorted(maps.Values(out.Functions)) {
		groups = append(groups, "/aws/lambda/"+function)
	}
	for _, group := range groups {
		must(place.Logs().CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}))(t)
	}
}

// Zip is a function's package: a zip with one file of this content.
func Zip(t testing.TB, content string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	file := must(archive.Create("bootstrap"))(t)
	must(file.Write([]byte(content)))(t)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// stackFunctions makes the functions with the code "first", version 1 and the alias live on it, and their queues of dead letters.
func stackFunctions(ctx context.Context, t testing.TB, env *ops.Environment, out ops.Outputs) {
	t.Helper()
	place := env.Primary()
	role := must(iam.NewFromConfig(place.Config).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(env.Name("functions")), Path: aws.String("/itrack/" + env.Settings.Environment + "/"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	}))(t)
	for name, function := range out.Functions {
		must(place.SQS().CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(env.Name(name + "-dead-letters"))}))(t)
		must(place.Lambda().CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: aws.String(function), Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}, Publish: true,
			Code: &lambdatypes.FunctionCode{ZipFile: Zip(t, "first")},
		}))(t)
		must(place.Lambda().CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String(function), FunctionVersion: aws.String("1"), Name: aws.String("live")}))(t)
	}
}

// network is the part of the VPC that services need.
type network struct {
	vpc            string
	subnets        []string
	securityGroups []string
}

// stackNetwork takes two subnets of moto's default VPC and makes a security group.
func stackNetwork(ctx context.Context, t testing.TB, env *ops.Environment) network {
	t.Helper()
	client := ec2.NewFromConfig(env.Primary().Config)
	found := must(client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{}))(t)
	slices.SortFunc(found.Subnets, func(a, b ec2types.Subnet) int {
		return strings.Compare(aws.ToString(a.AvailabilityZone), aws.ToString(b.AvailabilityZone))
	})
	made := network{vpc: aws.ToString(found.Subnets[0].VpcId)}
	for _, subnet := range found.Subnets[:2] {
		made.subnets = append(made.subnets, aws.ToString(subnet.SubnetId))
	}
	group := must(client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(env.Name("service")), Description: aws.String("services"), VpcId: aws.String(made.vpc),
	}))(t)
	made.securityGroups = []string{aws.ToString(group.GroupId)}
	return made
}

// stackRepository makes a service's repository.
func stackRepository(ctx context.Context, t testing.TB, env *ops.Environment, url string) {
	t.Helper()
	_, name, _ := strings.Cut(url, "/")
	must(env.Primary().ECR().CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(name), ImageTagMutability: ecrtypes.ImageTagMutabilityImmutable,
	}))(t)
}

// Image pushes an image into a repository of the environment's account, different for each tag, and gives back its digest.
func Image(t testing.TB, env *ops.Environment, url, tag string) string {
	t.Helper()
	_, name, _ := strings.Cut(url, "/")
	const mediaType, layer = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
	hash := sha256.Sum256([]byte(tag))
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%x","size":1},`+
		`"layers":[{"mediaType":%q,"digest":"sha256:%x","size":1}]}`, mediaType, hash, layer, hash)
	put := must(env.Primary().ECR().PutImage(context.Background(), &ecr.PutImageInput{
		RepositoryName: aws.String(name), ImageManifest: aws.String(manifest), ImageManifestMediaType: aws.String(mediaType), ImageTag: aws.String(tag),
	}))(t)
	return aws.ToString(put.Image.ImageId.ImageDigest)
}

// SetAlarm sets an alarm's state: OK, ALARM or INSUFFICIENT_DATA.
func SetAlarm(t testing.TB, env *ops.Environment, name, state string) {
	t.Helper()
	must(env.Primary().CloudWatch().SetAlarmState(context.Background(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(name), StateValue: cloudwatchtypes.StateValue(state), StateReason: aws.String("set by the test"),
	}))(t)
}
