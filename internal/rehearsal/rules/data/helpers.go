package data

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// The types that the area's rules look at.
const (
	instance      = "aws:rds/instance:Instance"
	subnetGroup   = "aws:rds/subnetGroup:SubnetGroup"
	parameters    = "aws:rds/parameterGroup:ParameterGroup"
	options       = "aws:rds/optionGroup:OptionGroup"
	events        = "aws:rds/eventSubscription:EventSubscription"
	replication   = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
	table         = "aws:dynamodb/table:Table"
	tableReplica  = "aws:dynamodb/tableReplica:TableReplica"
	bucket        = "aws:s3/bucketV2:BucketV2"
	bucketPolicy  = "aws:s3/bucketPolicy:BucketPolicy"
	bucketBlock   = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketOwner   = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	bucketLife    = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	bucketCrypt   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	bucketVersion = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	bucketCopies  = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
	bucketObject  = "aws:s3/bucketObjectv2:BucketObjectv2"
	key           = "aws:kms/key:Key"
	replicaKey    = "aws:kms/replicaKey:ReplicaKey"
	alias         = "aws:kms/alias:Alias"
	vault         = "aws:backup/vault:Vault"
	vaultLock     = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	plan          = "aws:backup/plan:Plan"
	selection     = "aws:backup/selection:Selection"
	restorePlan   = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
	restoreChoice = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
	role          = "aws:iam/role:Role"
	attachment    = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	subnet        = "aws:ec2/subnet:Subnet"
	logGroup      = "aws:cloudwatch/logGroup:LogGroup"
	balancer      = "aws:lb/loadBalancer:LoadBalancer"
)

// The documentation that the pages are from.
const (
	rdsAPI      = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
	rdsGuide    = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
	dynamoAPI   = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
	dynamoGuide = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
	s3API       = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	s3Guide     = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	kmsAPI      = "https://docs.aws.amazon.com/kms/latest/APIReference/"
	backupGuide = "https://docs.aws.amazon.com/aws-backup/latest/devguide/"
)

// num is a number that the program gives, and whether it gives one that is known.
func num(c *catalog.Call, path string) (float64, bool) { return numIn(c.Inputs, path) }

func numIn(props resource.PropertyMap, path string) (float64, bool) {
	for _, leaf := range catalog.Leaves(props, path) {
		if leaf.Value.IsNumber() {
			return leaf.Value.NumberValue(), true
		}
	}
	return 0, false
}

// boolIn is a bool at a path, false when there is none.
func boolIn(props resource.PropertyMap, path string) bool {
	for _, leaf := range catalog.Leaves(props, path) {
		if leaf.Value.IsBool() {
			return leaf.Value.BoolValue()
		}
	}
	return false
}

// has tells whether something is there at a path, known or not.
func has(props resource.PropertyMap, path string) bool { return len(catalog.Leaves(props, path)) > 0 }

// block is one object of a list in the inputs.
type block struct {
	at    string
	props resource.PropertyMap
}

// blocks are the objects of a list in the inputs, those that are known to be there; a block that is no list is the only one.
func blocks(c *catalog.Call, path string) []block { return blocksIn(c.Inputs, path) }

func blocksIn(props resource.PropertyMap, path string) []block {
	var out []block
	for _, leaf := range catalog.Leaves(props, path) {
		if leaf.Value.IsObject() {
			out = append(out, block{leaf.Path, leaf.Value.ObjectValue()})
		}
		if !leaf.Value.IsArray() {
			continue
		}
		for i, element := range leaf.Value.ArrayValue() {
			if element = catalog.Plain(element); element.IsObject() {
				out = append(out, block{fmt.Sprintf("%s[%d]", leaf.Path, i), element.ObjectValue()})
			}
		}
	}
	return out
}

// within finds a number outside of its bounds.
func within(path string, least, most float64, message string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		if value, known := num(c, path); known && (value < least || value > most) {
			return rule.Find(path, value, "%s", message)
		}
		return nil
	}
}

// form finds a known text that a pattern does not match.
func form(path, pattern, message string) func(*catalog.Call) *rule.Finding {
	compiled := regexp.MustCompile(pattern)
	return func(c *catalog.Call) *rule.Finding {
		if value := c.Str(path); c.Known(path) && !compiled.MatchString(value) {
			return rule.Find(path, value, "%s", message)
		}
		return nil
	}
}

// regionOf is the region in an ARN, "" when it is none.
func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[3]
}

// keyOfRegion finds a key's ARN of another region than the resource's.
func keyOfRegion(message string, paths ...string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, path := range paths {
			arn := c.Str(path)
			if region := regionOf(arn); strings.Contains(arn, ":kms:") && region != "" && region != c.Region {
				return rule.Find(path, arn, message, region, c.Region)
			}
		}
		return nil
	}
}
