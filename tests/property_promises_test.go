package tests

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// promise says what is broken at a resource, or "".
type promise func(r *recording, d *declared) string

// must demands a value at a path.
func must(path string, want any) promise {
	return func(_ *recording, d *declared) string {
		value, has := d.find(path)
		if !has || fmt.Sprint(value.Mappable()) != fmt.Sprint(want) {
			return fmt.Sprintf("%s must be %v", path, want)
		}
		return ""
	}
}

// mustHave demands some value at a path.
func mustHave(path string) promise {
	return func(_ *recording, d *declared) string {
		if !d.has(path) {
			return path + " must be set"
		}
		return ""
	}
}

// never forbids a value at a path.
func never(path string, value any) promise {
	return func(_ *recording, d *declared) string {
		if found, has := d.find(path); has && fmt.Sprint(found.Mappable()) == fmt.Sprint(value) {
			return fmt.Sprintf("%s must not be %v", path, value)
		}
		return ""
	}
}

// beside demands a resource of another type whose input at a path is this one's id or output.
func beside(token, path string, more ...promise) promise {
	return func(r *recording, d *declared) string {
		for _, other := range r.all(token) {
			value, has := other.find(path)
			if !has || !value.IsString() || !strings.HasPrefix(value.StringValue(), d.Name+"-id") && !named(d, value) {
				continue
			}
			for _, each := range more {
				if text := each(r, other); text != "" {
					return token + "::" + other.Name + ": " + text
				}
			}
			return ""
		}
		return "has no " + token + " beside it"
	}
}

func named(d *declared, value resource.PropertyValue) bool {
	for _, key := range []string{"bucket", "name"} {
		if own, has := d.find(key); has && own.IsString() && own.StringValue() == value.StringValue() {
			return true
		}
	}
	return false
}

// everywhere holds for every resource of every type.
var everywhere = []promise{
	never("publiclyAccessible", true), never("assignPublicIp", true), never("networkConfiguration.assignPublicIp", true),
	never("mapPublicIpOnLaunch", true), never("associatePublicIpAddress", true), never("acl", "public-read"),
	never("networkInterfaces[0].associatePublicIpAddress", true),
}

// promises are what holds for resources of a type, whatever the configuration says.
var promises = map[string][]promise{
	"aws:rds/instance:Instance": {must("storageEncrypted", true), mustHave("kmsKeyId"), must("iamDatabaseAuthenticationEnabled", true), must("manageMasterUserPassword", true)},
	"aws:dynamodb/table:Table":  {must("serverSideEncryption.enabled", true), mustHave("serverSideEncryption.kmsKeyArn"), must("pointInTimeRecovery.enabled", true)},
	"aws:s3/bucketV2:BucketV2": {
		beside("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket",
			must("blockPublicAcls", true), must("blockPublicPolicy", true), must("ignorePublicAcls", true), must("restrictPublicBuckets", true)),
		beside("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "bucket"),
		beside("aws:s3/bucketPolicy:BucketPolicy", "bucket"),
	},
	"aws:sns/topic:Topic":              {mustHave("kmsMasterKeyId")},
	"aws:sqs/queue:Queue":              {mustHave("kmsMasterKeyId")},
	"aws:cloudwatch/logGroup:LogGroup": {mustHave("kmsKeyId"), mustHave("retentionInDays")},
	"aws:ecr/repository:Repository":    {must("imageTagMutability", "IMMUTABLE"), must("imageScanningConfiguration.scanOnPush", true), mustHave("encryptionConfigurations[0].encryptionType")},
	"aws:backup/vault:Vault":           {mustHave("kmsKeyArn")},
	"aws:lb/loadBalancer:LoadBalancer": {must("internal", true), must("dropInvalidHeaderFields", true)},
	"aws:ec2/launchTemplate:LaunchTemplate": {
		must("blockDeviceMappings[0].ebs.encrypted", "true"), must("metadataOptions.httpTokens", "required"), mustHave("tagSpecifications[0].tags"),
	},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {never("cidrIpv4", "0.0.0.0/0"), never("cidrIpv6", "::/0")},
	"aws:cloudfront/distribution:Distribution":                  {mustHave("origins[0].originAccessControlId")},
	"aws:kms/key:Key": {mustHave("policy")},
}
