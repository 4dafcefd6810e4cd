package ec2

import (
	"fmt"
	"hash/fnv"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// hexOf makes digits that are always the same for the same text: what AWS owns has the same id in every rehearsal.
func hexOf(text string, digits int) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(text))
	return fmt.Sprintf("%x", h.Sum(nil))[:digits]
}

// prefixLists are the lists of addresses that AWS manages in a region, by name.
// https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
func prefixLists(region string) map[string]string {
	lists := map[string]string{}
	for _, name := range []string{"com.amazonaws." + region + ".s3", "com.amazonaws." + region + ".dynamodb",
		"com.amazonaws.global.cloudfront.origin-facing"} {
		lists[name] = "pl-" + hexOf(region+name, 8)
	}
	return lists
}

func prefixList(i *catalog.Invoke, id string) (string, string, error) {
	name := i.Str("name")
	for _, filter := range catalog.Leaves(i.Args, "filters[]") {
		if object := filter.Value; object.IsObject() && (catalog.Str(object.ObjectValue(), "name") == "prefix-list-name") {
			name = strings.Join(catalog.Strs(object.ObjectValue(), "values"), ",")
		}
	}
	for known, knownID := range prefixLists(i.Region) {
		if name == known || id != "" && id == knownID {
			return known, knownID, nil
		}
	}
	return "", "", &catalog.Error{Code: "InvalidPrefixListId.NotFound", Property: "name", Value: name + id, Service: "EC2", Operation: "DescribePrefixLists",
		Message: fmt.Sprintf("no matching prefix list in %s: AWS manages com.amazonaws.%s.s3, com.amazonaws.%s.dynamodb and com.amazonaws.global.cloudfront.origin-facing", i.Region, i.Region, i.Region)}
}

// endpointServices are the services that have interface endpoints in every region.
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
var endpointServices = []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages", "ec2messages", "ec2", "kms", "sts", "monitoring",
	"events", "sns", "sqs", "ecs", "ecs-agent", "ecs-telemetry", "execute-api", "lambda", "rds", "backup", "elasticloadbalancing", "autoscaling",
	"codedeploy", "codedeploy-commands-secure", "xray", "guardduty-data", "inspector2", "athena", "glue", "states"}

func functions() []catalog.Function {
	return []catalog.Function{
		{
			Token: "aws:ec2/getPrefixList:getPrefixList", Args: (*sdk.GetPrefixListArgs)(nil), Result: (*sdk.GetPrefixListResult)(nil),
			Run: func(i *catalog.Invoke) (map[string]any, error) {
				name, id, err := prefixList(i, i.Str("prefixListId"))
				return map[string]any{"id": id, "name": name, "prefixListId": id, "cidrBlocks": []any{"52.216.0.0/15", "3.5.0.0/19"}}, err
			},
		},
		{
			Token: "aws:ec2/getManagedPrefixList:getManagedPrefixList", Args: (*sdk.LookupManagedPrefixListArgs)(nil), Result: (*sdk.LookupManagedPrefixListResult)(nil),
			Run: func(i *catalog.Invoke) (map[string]any, error) {
				name, id, err := prefixList(i, i.Str("id"))
				return map[string]any{"id": id, "name": name, "arn": fmt.Sprintf("arn:aws:ec2:%s:aws:prefix-list/%s", i.Region, id), "ownerId": "AWS",
					"addressFamily": "IPv4", "maxEntries": 55, "version": 1, "tags": map[string]any{},
					"entries": []any{map[string]any{"cidr": "120.52.22.96/27", "description": ""}}}, err
			},
		},
		{
			Token: "aws:ec2/getAmi:getAmi", Args: (*sdk.LookupAmiArgs)(nil), Result: (*sdk.LookupAmiResult)(nil),
			Run: getAMI,
		},
		{
			Token: "aws:ec2/getVpcEndpointService:getVpcEndpointService", Args: (*sdk.LookupVpcEndpointServiceArgs)(nil), Result: (*sdk.LookupVpcEndpointServiceResult)(nil),
			Run: getEndpointService,
		},
	}
}

// AMI is the id of the Amazon Linux 2023 image of a region and architecture (arm64 or x86_64).
func AMI(region, architecture string) string { return "ami-" + hexOf("al2023"+region+architecture, 17) }

// getAMI knows Amazon Linux 2023 alone.
func getAMI(i *catalog.Invoke) (map[string]any, error) {
	architecture := "x86_64"
	var name string
	for _, filter := range catalog.Leaves(i.Args, "filters[]") {
		if !filter.Value.IsObject() {
			continue
		}
		values := catalog.Strs(filter.Value.ObjectValue(), "values")
		switch key := catalog.Str(filter.Value.ObjectValue(), "name"); {
		case key == "architecture" && len(values) > 0:
			architecture = values[0]
		case key == "name" && len(values) > 0:
			name = values[0]
			if strings.Contains(name, "arm64") {
				architecture = "arm64"
			}
		}
	}
	if !strings.HasPrefix(name, "al2023-ami") {
		return nil, &catalog.Error{Code: "InvalidAMIID.NotFound", Property: "filters", Value: name, Service: "EC2", Operation: "DescribeImages",
			Message: "Your query returned no results: the stand-in has the images al2023-ami-* alone"}
	}
	id := AMI(i.Region, architecture)
	return map[string]any{"id": id, "imageId": id, "architecture": architecture, "name": "al2023-ami-2023.6.20250303.0-kernel-6.1-" + architecture,
		"arn": fmt.Sprintf("arn:aws:ec2:%s::image/%s", i.Region, id), "ownerId": "137112412989", "imageOwnerAlias": "amazon", "state": "available",
		"rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs", "virtualizationType": "hvm", "creationDate": "2025-03-03T22:09:44.000Z",
		"deprecationTime": "2025-06-01T22:09:00.000Z", "description": "Amazon Linux 2023 AMI", "enaSupport": true, "hypervisor": "xen",
		"imageLocation": "amazon/al2023-ami", "imageType": "machine", "bootMode": "uefi-preferred", "imdsSupport": "v2.0", "platformDetails": "Linux/UNIX",
		"public": true, "usageOperation": "RunInstances", "blockDeviceMappings": []any{}, "productCodes": []any{}, "stateReason": map[string]any{},
		"tags": map[string]any{}, "owners": toAny(i.Strs("owners")), "platform": "", "kernelId": "", "ramdiskId": "", "rootSnapshotId": "snap-" + hexOf(id, 17),
		"sriovNetSupport": "simple", "tpmSupport": "", "lastLaunchedTime": "", "includeDeprecated": false}, nil
}

func toAny(list []string) []any {
	out := make([]any, len(list))
	for n, s := range list {
		out[n] = s
	}
	return out
}

func getEndpointService(i *catalog.Invoke) (map[string]any, error) {
	short := i.Str("service")
	name := i.Str("serviceName")
	if name == "" {
		name = "com.amazonaws." + i.Region + "." + short
	}
	short = strings.TrimPrefix(name, "com.amazonaws."+i.Region+".")
	kind := "Interface"
	if i.Str("serviceType") == "Gateway" && (short == "s3" || short == "dynamodb") {
		kind = "Gateway"
	} else if !contains(endpointServices, short) && short != "s3" && short != "dynamodb" {
		return nil, &catalog.Error{Code: "InvalidServiceName", Property: "service", Value: short, Service: "EC2", Operation: "DescribeVpcEndpointServices",
			Message: fmt.Sprintf("The Vpc Endpoint Service '%s' does not exist", name)}
	}
	return map[string]any{"id": hexOf(name, 10), "serviceName": name, "service": short, "serviceType": kind, "serviceId": "vpce-svc-" + hexOf(name, 17),
		"arn": fmt.Sprintf("arn:aws:ec2:%s:aws:vpc-endpoint-service/vpce-svc-%s", i.Region, hexOf(name, 17)), "owner": "amazon", "acceptanceRequired": false,
		"managesVpcEndpoints": false, "vpcEndpointPolicySupported": true, "availabilityZones": []any{}, "baseEndpointDnsNames": []any{},
		"privateDnsName": short + "." + i.Region + ".amazonaws.com", "privateDnsNames": []any{}, "region": i.Region, "supportedIpAddressTypes": []any{"ipv4"},
		"tags": map[string]any{}}, nil
}

func contains(list []string, value string) bool {
	for _, one := range list {
		if one == value {
			return true
		}
	}
	return false
}
