package tests

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mocks answer as AWS would, as far as the program looks.
type mocks struct{ *recording }

func (m mocks) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	record := &declared{Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs, RPC: args.RegisterRPC}
	if rpc := args.RegisterRPC; rpc != nil {
		record.Protect = rpc.GetProtect()
		record.IgnoreChanges = rpc.GetIgnoreChanges()
		record.Provider, record.Parent = rpc.GetProvider(), rpc.GetParent()
		record.Dependencies = rpc.GetDependencies()
	}
	record.ID = args.Name + "-id"
	m.mutex.Lock()
	m.Resources = append(m.Resources, record)
	m.mutex.Unlock()
	return record.ID, mockState(args), nil
}

// mockState is the inputs with what AWS computes added.
func mockState(args pulumi.MockResourceArgs) resource.PropertyMap {
	state := args.Inputs.Copy()
	if args.TypeToken == "awsx:ec2:Vpc" {
		zones := int(plain(args.Inputs["numberOfAvailabilityZones"]).NumberValue())
		for _, kind := range []string{"public", "private", "isolated"} {
			var ids []resource.PropertyValue
			for zone := range zones {
				ids = append(ids, resource.NewStringProperty(fmt.Sprintf("subnet-%s-%d", kind, zone+1)))
			}
			state[resource.PropertyKey(kind+"SubnetIds")] = resource.NewArrayProperty(ids)
		}
		state["vpcId"] = resource.NewStringProperty("vpc-0123456789abcdef0")
		return state
	}
	module, _, _ := strings.Cut(strings.TrimPrefix(args.TypeToken, "aws:"), "/")
	computed := map[resource.PropertyKey]string{
		"arn":  fmt.Sprintf("arn:aws:%s:us-east-1:%s:%s", module, mockAccount, args.Name),
		"name": args.Name,
	}
	for _, key := range []resource.PropertyKey{
		"arnSuffix", "dnsName", "zoneId", "address", "endpoint", "domainName", "invokeUrl", "executionArn", "streamArn", "keyId",
		"hostedZoneId", "repositoryUrl", "bucketRegionalDomainName", "bucketDomainName", "resourceId", "identifier", "prefixListId",
		"regionalDomainName", "regionalZoneId", "cloudfrontDomainName", "rootResourceId", "url", "version", "etag", "invokeArn",
		"qualifiedArn", "ownerId", "uniqueId", "dashboardArn", "defaultNetworkAclId", "defaultSecurityGroupId", "stageName", "webAclArn", "targetKeyId", "schemaVersion",
	} {
		computed[key] = args.Name + "." + string(key)
	}
	for key, value := range computed {
		if _, given := state[key]; !given {
			state[key] = resource.NewStringProperty(value)
		}
	}
	for key, value := range mockComputed[args.TypeToken] {
		if _, given := state[key]; !given {
			state[key] = resource.NewPropertyValue(value)
		}
	}
	return state
}

// mockComputed holds what AWS computes in another shape than a string, by type.
var mockComputed = map[string]map[resource.PropertyKey]any{
	"aws:rds/instance:Instance": {
		"masterUserSecrets": []any{map[string]any{
			"kmsKeyId": "arn:aws:kms:us-east-1:" + mockAccount + ":key/data", "secretStatus": "active",
			"secretArn": "arn:aws:secretsmanager:us-east-1:" + mockAccount + ":secret:rds!db-1",
		}},
		"port": 3306,
	},
	"aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1, "defaultVersion": 1},
	"aws:acm/certificate:Certificate": {
		"domainValidationOptions": []any{map[string]any{
			"domainName": "example.com", "resourceRecordName": "_a.example.com.", "resourceRecordType": "CNAME", "resourceRecordValue": "_b.acm-validations.aws.",
		}},
	},
}

func (m mocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	text := func(pairs ...string) (resource.PropertyMap, error) {
		result := args.Args.Copy()
		for i := 0; i < len(pairs); i += 2 {
			result[resource.PropertyKey(pairs[i])] = resource.NewStringProperty(pairs[i+1])
		}
		return result, nil
	}
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return text("accountId", mockAccount, "arn", "arn:aws:sts::"+mockAccount+":assumed-role/deploy/session", "userId", "AROA:session", "id", mockAccount)
	case "aws:index/getPartition:getPartition":
		return text("partition", "aws", "dnsSuffix", "amazonaws.com", "id", "aws", "reverseDnsPrefix", "com.amazonaws")
	case "aws:secretsmanager/getSecret:getSecret":
		name := args.Args["name"].StringValue()
		return text("arn", "arn:aws:secretsmanager:us-east-1:"+mockAccount+":secret:"+name+"-AbCdEf", "id", name, "kmsKeyId", "")
	case "aws:route53/getZone:getZone":
		return text("zoneId", "Z0123456789ABCDEFGHIJ", "id", "Z0123456789ABCDEFGHIJ", "arn", "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ")
	}
	// An invoke that nothing answers would decode into zero values and let a test pass on emptiness.
	return nil, fmt.Errorf("the mocks know no function %s: add it to tests/harness_test.go", args.Token)
}
