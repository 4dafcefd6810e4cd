package beyond

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// bucket is an S3 bucket. Every new object is encrypted, with S3's key when nothing else is said:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
func (in *inventory) bucket(r *review.Resource) {
	s := in.open(r, "S3")
	s.Encrypted, s.Key = true, "S3's own keys (SSE-S3)"
	for _, c := range in.Referring("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "bucket", r) {
		if strings.HasPrefix(c.Str("rules.applyServerSideEncryptionByDefault.sseAlgorithm"), "aws:kms") {
			s.Key = in.key(r, c.Str("rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"), "the AWS managed key alias/aws/s3")
		}
	}
	versioned := false
	for _, v := range in.Referring("aws:s3/bucketVersioningV2:BucketVersioningV2", "bucket", r) {
		versioned = v.Str("versioningConfiguration.status") == "Enabled"
	}
	if versioned {
		s.Backups = append(s.Backups, "versions: what is overwritten or deleted stays"+in.oldVersions(r))
		s.RecoveryPoint = append(s.RecoveryPoint, "in its region: nothing, while the old version is kept")
		s.RecoveryTime = append(s.RecoveryTime, "in its region: as long as taking the old version back takes")
	}
	for _, c := range in.All("aws:s3/bucketReplicationConfig:BucketReplicationConfig") {
		for _, rule := range c.Maps("rules") {
			to := in.anyBucket(rule.Str("destination.bucket"))
			switch {
			case rule.Str("status") != "Enabled":
			case in.anyBucket(c.Str("bucket")) == r:
				in.replicated(&s, rule, to)
			case to == r:
				s.Notes = append(s.Notes, "holds the replicas of "+c.Str("bucket"))
			}
		}
	}
	in.protect(r, &s, "S3")
	in.add(s)
}

func (in *inventory) anyBucket(ref string) *review.Resource {
	for _, token := range bucketTypes {
		if found := in.Find(token, ref); found != nil && ref != "" {
			return found
		}
	}
	return nil
}

// replicated says what a replication rule does. Replication Time Control promises 15 minutes; without it most objects are as
// fast, and nothing is promised: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html
func (in *inventory) replicated(s *Store, rule, to *review.Resource) {
	where, region := rule.Str("destination.bucket"), ""
	if to != nil {
		where, region = short(to), regionOf(to)
	}
	text := "objects replicated to " + where
	if region != "" {
		text += " in " + region
	}
	if region == s.Region {
		s.Backups = append(s.Backups, text)
		return
	}
	s.SecondRegion = append(s.SecondRegion, text)
	if rule.Str("destination.replicationTime.status") == "Enabled" {
		s.RecoveryPoint = append(s.RecoveryPoint, "region lost: 15 minutes (S3 Replication Time Control)")
	} else {
		s.RecoveryPoint = append(s.RecoveryPoint, "region lost: most objects are copied within 15 minutes; nothing promises it")
	}
}

// oldVersions says how long a bucket keeps old versions.
func (in *inventory) oldVersions(r *review.Resource) string {
	for _, c := range in.Referring("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "bucket", r) {
		if kept := c.Num("rules.noncurrentVersionExpiration.noncurrentDays"); kept > 0 {
			return " " + days(kept)
		}
	}
	return ""
}

// repository is an ECR repository: https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
func (in *inventory) repository(r *review.Resource) {
	s := in.open(r, "ECR")
	s.Encrypted, s.Key = true, "ECR's own keys (AES256)"
	if strings.HasPrefix(r.Str("encryptionConfigurations.encryptionType"), "KMS") {
		s.Key = in.key(r, r.Str("encryptionConfigurations.kmsKey"), "the AWS managed key alias/aws/ecr")
	}
	name := r.Str("name")
	for _, c := range in.All("aws:ecr/replicationConfiguration:ReplicationConfiguration") {
		for _, rule := range c.Maps("replicationConfiguration.rules") {
			filters := rule.Strs("repositoryFilters.filter")
			if len(filters) > 0 && !slices.ContainsFunc(filters, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				continue
			}
			for _, region := range rule.Strs("destinations.region") {
				s.SecondRegion = append(s.SecondRegion, "images pushed from now on replicated to "+region)
			}
		}
	}
	s.RecoveryTime = append(s.RecoveryTime, "images are built again from the source")
	in.add(s)
}

// secrets are those that the stack declares, those that RDS keeps, and those that only a task definition names.
func (in *inventory) secrets() {
	for _, r := range in.All(secretType) {
		s := in.open(r, "secret")
		s.Encrypted, s.Key = true, in.key(r, r.Str("kmsKeyId"), "the AWS managed key alias/aws/secretsmanager")
		for _, region := range r.Strs("replicas.region") {
			s.SecondRegion = append(s.SecondRegion, "a replica in "+region)
		}
		if window := r.Num("recoveryWindowInDays"); window > 0 {
			s.Backups = append(s.Backups, "a deleted secret can be restored for "+days(window))
		}
		in.add(s)
	}
	for _, r := range in.All(instanceType, clusterType) {
		for _, arn := range r.Strs("masterUserSecrets.secretArn") {
			s := in.open(r, "secret")
			s.Resource = r.Label() + " master user's secret"
			s.Encrypted, s.Key = true, in.key(r, r.Str("masterUserSecretKmsKeyId"), "the AWS managed key alias/aws/secretsmanager")
			s.Notes = append(s.Notes, "made and rotated by RDS: "+arn)
			in.add(s)
		}
	}
	seen := map[string]bool{}
	for _, definition := range in.All(taskDefinitionType) {
		var containers []struct{ Secrets []struct{ ValueFrom string } }
		definition.JSON("containerDefinitions", &containers)
		for _, container := range containers {
			for _, secret := range container.Secrets {
				in.foreignSecret(definition, secret.ValueFrom, seen)
			}
		}
	}
}

// foreignSecret is one that a task reads and the stack does not declare: a command tells what is done for it.
func (in *inventory) foreignSecret(definition *review.Resource, ref string, seen map[string]bool) {
	if parts := strings.Split(ref, ":"); len(parts) > 7 {
		// What follows the name picks a key of the secret, a stage, a version.
		ref = strings.Join(parts[:7], ":")
	}
	if !strings.Contains(ref, ":secretsmanager:") || seen[ref] || in.Find(secretType, ref) != nil {
		return
	}
	seen[ref] = true
	s := in.open(definition, "secret")
	s.Resource = ref
	s.Encrypted, s.Key = true, "a key that the stack does not declare"
	s.Notes = append(s.Notes, fmt.Sprintf("read by %s and not declared; key, replicas and rotation: aws secretsmanager describe-secret --secret-id %s",
		short(definition), ref))
	in.add(s)
}

// queue is an SQS queue: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
func (in *inventory) queue(r *review.Resource) {
	s := in.open(r, "SQS")
	switch {
	case r.Str("kmsMasterKeyId") != "":
		s.Encrypted, s.Key = true, in.key(r, r.Str("kmsMasterKeyId"), "")
	case r.Bool("sqsManagedSseEnabled"):
		s.Encrypted, s.Key = true, "SQS's own keys (SSE-SQS)"
	}
	s.Notes = append(s.Notes, "messages stay "+days(r.Num("messageRetentionSeconds")/86400)+"; SQS copies none to another region")
	in.add(s)
}

// logGroup is a log group, encrypted always: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html
func (in *inventory) logGroup(r *review.Resource) {
	s := in.open(r, "logs")
	s.Encrypted, s.Key = true, in.key(r, r.Str("kmsKeyId"), "CloudWatch Logs' own keys")
	kept := "for ever"
	if n := r.Num("retentionInDays"); n > 0 {
		kept = days(n)
	}
	s.Notes = append(s.Notes, "events are kept "+kept)
	for _, filter := range in.Referring("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", "logGroup", r) {
		s.Backups = append(s.Backups, "events go on to "+filter.Str("destinationArn"))
	}
	in.add(s)
}

// disks are EBS volumes, and those that launch templates and instances make.
func (in *inventory) disks() {
	for _, r := range in.All("aws:ebs/volume:Volume") {
		s := in.open(r, "EBS")
		s.Encrypted, s.Key = r.Bool("encrypted"), in.key(r, r.Str("kmsKeyId"), "the AWS managed key alias/aws/ebs")
		in.protect(r, &s, "EBS")
		in.add(s)
	}
	for _, r := range in.All(templateType) {
		for _, disk := range r.Maps("blockDeviceMappings") {
			in.disk(r, disk.Str("deviceName"), disk.Str("ebs.encrypted") == "true" || disk.Bool("ebs.encrypted"), disk.Str("ebs.kmsKeyId"))
		}
	}
	for _, r := range in.All(machineType) {
		for _, path := range []string{"rootBlockDevice", "ebsBlockDevices"} {
			for _, disk := range r.Maps(path) {
				in.disk(r, disk.Str("deviceName"), disk.Bool("encrypted"), disk.Str("kmsKeyId"))
			}
		}
	}
}

func (in *inventory) disk(r *review.Resource, device string, encrypted bool, key string) {
	s := in.open(r, "EBS")
	s.Resource = strings.TrimSpace(r.Label() + " " + device)
	s.Encrypted, s.Key = encrypted, in.key(r, key, "the AWS managed key alias/aws/ebs")
	if r.Type == templateType {
		s.Notes = append(s.Notes, "made with each instance, and gone with it")
	}
	in.add(s)
}

// declaredTags are a resource's tags, those of its provider among them.
func declaredTags(r *review.Resource) map[string]string {
	out := map[string]string{}
	for _, path := range []string{"tags", "tagsAll"} {
		for _, block := range r.Maps(path) {
			for key, value := range block.Props {
				if text, is := value.(string); is {
					out[key] = text
				}
			}
		}
	}
	return out
}
