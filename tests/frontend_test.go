package tests

import (
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	distributionToken = "aws:cloudfront/distribution:Distribution"
	objectToken       = "aws:s3/bucketObjectv2:BucketObjectv2"
)

func TestFrontendBucket(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		buckets := map[string]string{"site": "us-east-1"}
		if stack == "production" {
			buckets["site-recovery"] = "us-west-2"
		}
		for name, region := range buckets {
			bucket := result.one(t, bucketToken, name)
			assert.Equal(t, "itrack-site-"+stack+"-"+mockAccount+"-"+region, bucket.str(t, "bucket"))
			assert.Equal(t, stack == "staging", bucket.flag(t, "forceDestroy"))
			assert.Equal(t, stack == "production", bucket.Protect)
			block := result.one(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name)
			for _, flag := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
				assert.True(t, block.flag(t, flag), "%s: %s", name, flag)
			}
			assert.Equal(t, "Enabled", result.one(t, "aws:s3/bucketVersioningV2:BucketVersioningV2", name).str(t, "versioningConfiguration.status"))
			assert.Equal(t, "AES256", result.one(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", name).
				str(t, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))
			lifecycle := result.one(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", name)
			assert.InDelta(t, map[string]float64{"staging": 30, "production": 90}[stack], lifecycle.num(t, "rules[0].noncurrentVersionExpiration.noncurrentDays"), 0)
			assert.Contains(t, result.one(t, "aws:s3/bucketLoggingV2:BucketLoggingV2", name).str(t, "targetPrefix"), "s3/itrack-site-")

			policy := statements(t, result.one(t, "aws:s3/bucketPolicy:BucketPolicy", name), "policy")
			assert.Len(t, policy, 3)
			assert.Equal(t, "Deny", policy["TlsOnly"]["Effect"])
			for sid, action := range map[string]string{"DistributionReads": "s3:GetObject", "DistributionSeesWhatIsMissing": "s3:ListBucket"} {
				assert.Equal(t, map[string]any{"Service": "cloudfront.amazonaws.com"}, policy[sid]["Principal"])
				assert.Equal(t, action, policy[sid]["Action"])
				assert.Contains(t, policy[sid]["Condition"].(map[string]any)["StringEquals"], "aws:SourceArn")
			}
		}
	}
}

func TestDistribution(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		distribution := result.one(t, distributionToken, "site")
		assert.Equal(t, "http2and3", distribution.str(t, "httpVersion"))
		assert.True(t, distribution.flag(t, "isIpv6Enabled"))
		assert.Equal(t, "index.html", distribution.str(t, "defaultRootObject"))
		assert.Equal(t, "redirect-to-https", distribution.str(t, "defaultCacheBehavior.viewerProtocolPolicy"))
		assert.Equal(t, "658327ea-f89d-4fab-a63d-7e88639e58f6", distribution.str(t, "defaultCacheBehavior.cachePolicyId"))
		assert.Equal(t, []string{"GET", "HEAD", "OPTIONS"}, distribution.strs(t, "defaultCacheBehavior.allowedMethods"))
		assert.Equal(t, "viewer-request", distribution.str(t, "defaultCacheBehavior.functionAssociations[0].eventType"))
		assert.Equal(t, "site-id", distribution.str(t, "origins[0].originAccessControlId"))
		assert.False(t, distribution.has("loggingConfig"), "the older logs need ACLs on the bucket")
		assert.InDelta(t, 404, distribution.num(t, "customErrorResponses[0].responseCode"), 0, "an error stays one")
		assert.True(t, distribution.flag(t, "viewerCertificate.cloudfrontDefaultCertificate"))
		assert.Equal(t, map[string]string{"staging": "PriceClass_100", "production": "PriceClass_All"}[stack], distribution.str(t, "priceClass"))
		assert.Equal(t, stack == "production", distribution.has("webAclId"))
		assert.Equal(t, stack == "production", distribution.has("originGroups"))
		control := result.one(t, "aws:cloudfront/originAccessControl:OriginAccessControl", "site")
		assert.Equal(t, "always", control.str(t, "signingBehavior"))
		assert.Equal(t, "sigv4", control.str(t, "signingProtocol"))
		assert.Equal(t, "Enabled", result.one(t, "aws:cloudfront/monitoringSubscription:MonitoringSubscription", "site").
			str(t, "monitoringSubscription.realtimeMetricsSubscriptionConfig.realtimeMetricsSubscriptionStatus"))
	}
}

func TestFrontendFailover(t *testing.T) {
	result := recorded(t, "production")
	distribution := result.one(t, distributionToken, "site")
	assert.Equal(t, "site-failover", distribution.str(t, "defaultCacheBehavior.targetOriginId"))
	assert.Equal(t, "site", distribution.str(t, "originGroups[0].members[0].originId"))
	assert.Equal(t, "site-recovery", distribution.str(t, "originGroups[0].members[1].originId"))
	assert.Len(t, distribution.value(t, "originGroups[0].failoverCriteria.statusCodes").ArrayValue(), 4)
	assert.Contains(t, result.one(t, bucketToken, "site-recovery").Provider, "::recovery::")
	replication := result.one(t, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "site")
	assert.Equal(t, "Enabled", replication.str(t, "rules[0].deleteMarkerReplication.status"))
	assert.Equal(t, 2, strings.Count(strings.Join(replication.Dependencies, " "), "bucketVersioningV2"), "S3 refuses replication between buckets without versions")
	policy := statements(t, result.one(t, "aws:iam/policy:Policy", "site-replication-copy"), "policy")
	source, target := "arn:aws:s3:::itrack-site-production-"+mockAccount+"-us-east-1", "arn:aws:s3:::itrack-site-production-"+mockAccount+"-us-west-2"
	assert.Equal(t, map[string]map[string]any{
		"ReadRule":    {"Sid": "ReadRule", "Effect": "Allow", "Action": []any{"s3:GetReplicationConfiguration", "s3:ListBucket"}, "Resource": source},
		"ReadFiles":   {"Sid": "ReadFiles", "Effect": "Allow", "Action": []any{"s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"}, "Resource": source + "/*"},
		"WriteCopies": {"Sid": "WriteCopies", "Effect": "Allow", "Action": []any{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"}, "Resource": target + "/*"},
	}, policy)
	assert.Equal(t, "OperationsFailedReplication", result.one(t, alarmToken, "site-replication").str(t, "metricName"))

	staging := recorded(t, "staging")
	assert.Empty(t, staging.all("aws:s3/bucketReplicationConfig:BucketReplicationConfig"))
	assert.Equal(t, "site", staging.one(t, distributionToken, "site").str(t, "defaultCacheBehavior.targetOriginId"))
}

func TestFrontendWithDomain(t *testing.T) {
	result := recordedWith(t, "production", domainFarFromEdge)
	distribution := result.one(t, distributionToken, "site")
	assert.Equal(t, []string{"itrack.example.com"}, distribution.strs(t, "aliases"))
	assert.Equal(t, "sni-only", distribution.str(t, "viewerCertificate.sslSupportMethod"))
	assert.Equal(t, "TLSv1.2_2021", distribution.str(t, "viewerCertificate.minimumProtocolVersion"))
	assert.False(t, distribution.has("viewerCertificate.cloudfrontDefaultCertificate"))
	for name, kind := range map[string]string{"site": "A", "site-ipv6": "AAAA"} {
		record := result.one(t, recordToken, name)
		assert.Equal(t, kind, record.str(t, "type"))
		assert.Equal(t, "itrack.example.com", record.str(t, "name"))
		assert.Equal(t, "site.domainName", record.str(t, "aliases[0].name"))
		assert.False(t, record.flag(t, "aliases[0].evaluateTargetHealth"))
	}
}

// Without a domain the API's name is known only after the distribution: the policy lets the region's APIs through.
func TestContentSecurityPolicy(t *testing.T) {
	const path = "securityHeadersConfig.contentSecurityPolicy.contentSecurityPolicy"
	headers := func(result *recording) *declared {
		return result.one(t, "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "site")
	}
	plainly := headers(recorded(t, "staging"))
	assert.Contains(t, plainly.str(t, path), "connect-src 'self' https://*.execute-api.us-east-1.amazonaws.com;")
	assert.NotContains(t, plainly.str(t, path), "unsafe")
	assert.GreaterOrEqual(t, plainly.num(t, "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec"), 31536000.0)
	assert.Equal(t, "DENY", plainly.str(t, "securityHeadersConfig.frameOptions.frameOption"))
	assert.True(t, plainly.flag(t, "securityHeadersConfig.contentTypeOptions.override"))
	assert.Contains(t, headers(recordedWith(t, "production", domainFarFromEdge)).str(t, path), "connect-src 'self' https://api.itrack.example.com;")
}

// Everything of CloudFront's that is regional lives in us-east-1, wherever the stack is.
func TestFrontendFarFromTheEdge(t *testing.T) {
	result := recordedWith(t, "production", domainFarFromEdge)
	for _, token := range []string{
		"aws:cloudwatch/logDelivery:LogDelivery", "aws:cloudwatch/logDeliverySource:LogDeliverySource", "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
	} {
		assert.Contains(t, result.one(t, token, "site").Provider, "::edge::", "%s", token)
	}
	for _, name := range []string{"site-5xx", "site-latency", "site-pages"} {
		alarm := result.one(t, alarmToken, name)
		assert.Contains(t, alarm.Provider, "::edge::", "%s", name)
		assert.Equal(t, "Global", alarm.str(t, "dimensions.Region"))
		assert.Contains(t, alarm.value(t, "alarmActions").String(), "us-east-1", "an alarm notifies topics of its own region")
	}
	assert.Equal(t, "ACCESS_LOGS", result.one(t, "aws:cloudwatch/logDeliverySource:LogDeliverySource", "site").str(t, "logType"))
	destination := result.one(t, "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", "site")
	assert.True(t, strings.HasSuffix(destination.str(t, "deliveryDestinationConfiguration.destinationResourceArn"), "/cloudfront"), "the prefix that the bucket's policy opens")
}

// Deployments own the objects: an `up` must not put the first page back.
func TestFirstContentIsLeftToDeployments(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		assert.Equal(t, []string{"site-404", "site-index"}, result.names(objectToken))
		for _, object := range result.all(objectToken) {
			assert.ElementsMatch(t, []string{
				"content", "contentType", "contentEncoding", "contentLanguage", "contentDisposition", "cacheControl", "metadata",
				"etag", "source", "sourceHash", "storageClass", "tags", "tagsAll", "websiteRedirect", "checksumAlgorithm",
			}, object.IgnoreChanges)
			assert.Contains(t, object.str(t, "content"), "<title>")
			assert.Equal(t, "no-cache", object.str(t, "cacheControl"))
		}
	}
}

// The function as it is deployed, run by node where there is one: page routes become the entry page, files and the API
// stay what they are.
func TestPageRouting(t *testing.T) {
	code := recorded(t, "staging").one(t, "aws:cloudfront/function:Function", "pages").str(t, "code")
	require.Less(t, len(code), 10*1024, "CloudFront takes 10 KB")
	for _, newer := range []string{"?.", "??", "=>", "`"} {
		assert.NotContains(t, code, newer, "kept to what every runtime of CloudFront reads")
	}
	engine := goja.New()
	_, err := engine.RunString(code)
	require.NoError(t, err)
	handler, ok := goja.AssertFunction(engine.Get("handler"))
	require.True(t, ok, "CloudFront calls handler(event)")
	for path, want := range map[string]string{
		"/": "/index.html", "/items": "/index.html", "/items/42": "/index.html", "/items/": "/index.html", "/apiary": "/index.html", "/v1.2/items": "/index.html",
		"/api": "/api", "/api/items": "/api/items", "/app.3f2a.js": "/app.3f2a.js", "/img/logo.svg": "/img/logo.svg", "/missing.css": "/missing.css",
	} {
		event := map[string]any{"request": map[string]any{"uri": path}}
		request, err := handler(goja.Undefined(), engine.ToValue(event))
		require.NoError(t, err)
		assert.Equal(t, want, request.ToObject(engine).Get("uri").String(), "%s", path)
	}
}
