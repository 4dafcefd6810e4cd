// Package general describes the functions that belong to no resource, and lookups of what exists before a stack.
package general

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"

	"github.com/itrack/itrack/internal/rehearsal/aws/ec2"
	"github.com/itrack/itrack/internal/rehearsal/aws/regions"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Service is what the stand-in knows besides resources.
func Service() catalog.Service {
	return catalog.Service{Functions: []catalog.Function{
		{Token: "aws:index/getCallerIdentity:getCallerIdentity", Args: (*aws.GetCallerIdentityArgs)(nil), Result: (*aws.GetCallerIdentityResult)(nil), Run: callerIdentity},
		{Token: "aws:index/getRegion:getRegion", Args: (*aws.GetRegionArgs)(nil), Result: (*aws.GetRegionResult)(nil), Run: region},
		{Token: "aws:index/getPartition:getPartition", Args: (*aws.GetPartitionArgs)(nil), Result: (*aws.GetPartitionResult)(nil), Run: partition},
		{Token: "aws:index/getAvailabilityZones:getAvailabilityZones", Args: (*aws.GetAvailabilityZonesArgs)(nil), Result: (*aws.GetAvailabilityZonesResult)(nil), Run: zones},
		{Token: "aws:route53/getZone:getZone", Args: (*route53.LookupZoneArgs)(nil), Result: (*route53.LookupZoneResult)(nil), Run: zone},
		{Token: "aws:ssm/getParameter:getParameter", Args: (*ssm.LookupParameterArgs)(nil), Result: (*ssm.LookupParameterResult)(nil), Run: parameter},
		{Token: "aws:elb/getServiceAccount:getServiceAccount", Args: (*elb.GetServiceAccountArgs)(nil), Result: (*elb.GetServiceAccountResult)(nil), Run: balancerAccount},
	}}
}

func callerIdentity(i *catalog.Invoke) (map[string]any, error) {
	return map[string]any{"id": i.Account, "accountId": i.Account, "arn": fmt.Sprintf("arn:%s:sts::%s:assumed-role/rehearsal/pulumi", i.Partition, i.Account),
		"userId": "AROAREHEARSAL00000000:pulumi"}, nil
}

func region(i *catalog.Invoke) (map[string]any, error) {
	name := i.Str("name")
	if name == "" {
		name = i.Region
	}
	return map[string]any{"id": name, "name": name, "description": name, "endpoint": "ec2." + name + ".amazonaws.com"}, nil
}

func partition(i *catalog.Invoke) (map[string]any, error) {
	return map[string]any{"id": i.Partition, "partition": i.Partition, "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}, nil
}

func zones(i *catalog.Invoke) (map[string]any, error) {
	excluded := i.Strs("excludeNames")
	var names, ids []any
	for _, z := range regions.Zones(i.Region) {
		if !slices.Contains(excluded, z.Name) && !slices.Contains(i.Strs("excludeZoneIds"), z.ID) {
			names, ids = append(names, z.Name), append(ids, z.ID)
		}
	}
	return map[string]any{"id": i.Region, "names": names, "zoneIds": ids, "groupNames": []any{i.Region + "-zg-1"}, "state": i.Str("state")}, nil
}

func zone(i *catalog.Invoke) (map[string]any, error) {
	name, id := strings.TrimSuffix(i.Str("name"), "."), i.Str("zoneId")
	found := i.Tx.Find(i.Account, cloud.Global, cloud.ZoneToken, func(o *cloud.Object) bool { return name != "" && o.Name == name || id != "" && o.ID == id })
	if len(found) == 0 {
		return nil, &catalog.Error{Code: "NoSuchHostedZone", Property: "name", Value: name + id, Service: "Route 53", Operation: "ListHostedZones",
			Message: fmt.Sprintf("no matching Route 53 Hosted Zone found: %s", name+id)}
	}
	o := found[0]
	var servers []any
	for _, server := range catalog.Strs(o.State, "nameServers") {
		servers = append(servers, server)
	}
	return map[string]any{"id": o.ID, "zoneId": o.ID, "arn": o.ARN, "name": o.Name, "callerReference": "rehearsal", "comment": catalog.Str(o.State, "comment"),
		"nameServers": servers, "primaryNameServer": catalog.Str(o.State, "primaryNameServer"), "privateZone": false, "resourceRecordSetCount": 2,
		"linkedServicePrincipal": "", "linkedServiceDescription": "", "tags": map[string]any{}, "vpcId": ""}, nil
}

// parameter knows AWS's public parameters of Amazon Linux 2023, and the account's own.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html
func parameter(i *catalog.Invoke) (map[string]any, error) {
	name := i.Str("name")
	result := map[string]any{"id": name, "name": name, "type": "String", "version": 1, "withDecryption": true}
	if rest, ok := strings.CutPrefix(name, "/aws/service/ami-amazon-linux-latest/al2023-ami-"); ok {
		for _, architecture := range []string{"arm64", "x86_64"} {
			if strings.HasSuffix(rest, "-"+architecture) {
				image := ec2.AMI(i.Region, architecture)
				result["arn"] = fmt.Sprintf("arn:%s:ssm:%s::parameter%s", i.Partition, i.Region, name)
				result["value"], result["insecureValue"] = image, image
				return result, nil
			}
		}
	}
	if o := i.Tx.Get(i.Account, i.Region, "aws:ssm/parameter:Parameter", name); o != nil {
		value := catalog.Str(o.State, "value")
		result["arn"], result["type"], result["value"], result["insecureValue"] = o.ARN, catalog.Str(o.State, "type"), value, value
		return result, nil
	}
	return nil, &catalog.Error{Code: "ParameterNotFound", Property: "name", Value: name, Service: "SSM", Operation: "GetParameter",
		Message: fmt.Sprintf("Parameter %s not found", name)}
}

// balancerAccounts are the accounts from which load balancers write their logs in older regions.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
var balancerAccounts = map[string]string{
	"us-east-1": "127311923021", "us-east-2": "033677994240", "us-west-1": "027434742980", "us-west-2": "797873946194", "ca-central-1": "985666609251",
	"eu-central-1": "054676820928", "eu-west-1": "156460612806", "eu-west-2": "652711504416", "eu-west-3": "009996457667", "eu-north-1": "897822967062",
	"ap-southeast-1": "114774131450", "ap-southeast-2": "783225319266", "ap-northeast-1": "582318560864", "ap-northeast-2": "600734575887",
	"ap-south-1": "718504428378", "sa-east-1": "507241528517",
}

func balancerAccount(i *catalog.Invoke) (map[string]any, error) {
	where := i.Str("region")
	if where == "" {
		where = i.Region
	}
	account, ok := balancerAccounts[where]
	if !ok {
		return nil, fmt.Errorf("load balancers of %s have no account of their own: grant logdelivery.elasticloadbalancing.amazonaws.com", where)
	}
	return map[string]any{"id": account, "arn": fmt.Sprintf("arn:%s:iam::%s:root", i.Partition, account), "region": where}, nil
}
