package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/itrack/itrack/internal/recovery"
)

// typeOf tells by the head of an ARN's resource part, per service, which Pulumi type an object is, where an orphan of that
// type is worth the look: what AWS makes by itself and tags likewise (tasks, network interfaces) is left out.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var typeOf = map[string]map[string]string{
	"ec2": {
		"vpc/": "aws:ec2/vpc:Vpc", "subnet/": "aws:ec2/subnet:Subnet", "route-table/": "aws:ec2/routeTable:RouteTable",
		"internet-gateway/": "aws:ec2/internetGateway:InternetGateway", "elastic-ip/": "aws:ec2/eip:Eip", "natgateway/": "aws:ec2/natGateway:NatGateway",
		"vpc-flow-log/": "aws:ec2/flowLog:FlowLog", "vpc-endpoint/": "aws:ec2/vpcEndpoint:VpcEndpoint",
		"security-group/": "aws:ec2/securityGroup:SecurityGroup", "launch-template/": "aws:ec2/launchTemplate:LaunchTemplate",
	},
	"elasticloadbalancing": {
		"loadbalancer/app/": "aws:lb/loadBalancer:LoadBalancer", "targetgroup/": "aws:lb/targetGroup:TargetGroup",
		"listener/": "aws:lb/listener:Listener", "listener-rule/": "aws:lb/listenerRule:ListenerRule",
	},
	"ecs":            {"cluster/": "aws:ecs/cluster:Cluster", "service/": "aws:ecs/service:Service"},
	"ecr":            {"repository/": "aws:ecr/repository:Repository"},
	"lambda":         {"function:": "aws:lambda/function:Function"},
	"rds":            {"db:": "aws:rds/instance:Instance", "subgrp:": "aws:rds/subnetGroup:SubnetGroup", "pg:": "aws:rds/parameterGroup:ParameterGroup"},
	"dynamodb":       {"table/": "aws:dynamodb/table:Table"},
	"s3":             {"": "aws:s3/bucketV2:BucketV2"},
	"sqs":            {"": "aws:sqs/queue:Queue"},
	"sns":            {"": "aws:sns/topic:Topic"},
	"kms":            {"key/": "aws:kms/key:Key"},
	"logs":           {"log-group:": "aws:cloudwatch/logGroup:LogGroup"},
	"backup":         {"backup-vault:": "aws:backup/vault:Vault", "backup-plan:": "aws:backup/plan:Plan"},
	"cloudfront":     {"distribution/": "aws:cloudfront/distribution:Distribution"},
	"apigateway":     {"/restapis/": "aws:apigateway/restApi:RestApi"},
	"wafv2":          {"regional/webacl/": "aws:wafv2/webAcl:WebAcl", "global/webacl/": "aws:wafv2/webAcl:WebAcl"},
	"acm":            {"certificate/": "aws:acm/certificate:Certificate"},
	"codedeploy":     {"application:": "aws:codedeploy/application:Application"},
	"secretsmanager": {},
}

// idIsARN are the types whose id is the whole ARN.
var idIsARN = []string{
	"aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule",
	"aws:ecs/cluster:Cluster", "aws:ecs/service:Service", "aws:sns/topic:Topic", "aws:acm/certificate:Certificate",
}

// Tagged lists the objects with the tags by the Resource Groups Tagging API. Objects of no region are listed in us-east-1, as
// that API has it; IAM's are not in it.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (l Lister) Tagged(ctx context.Context, account, region string, tags map[string]string) ([]recovery.Object, error) {
	if region == "global" {
		region = "us-east-1"
	}
	var filters []types.TagFilter
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		filters = append(filters, types.TagFilter{Key: aws.String(key), Values: []string{tags[key]}})
	}
	found, err := pages(ctx, tagging.NewGetResourcesPaginator(tagging.NewFromConfig(l.at("resourcegroupstaggingapi", region)), &tagging.GetResourcesInput{TagFilters: filters}),
		func(page *tagging.GetResourcesOutput) []types.ResourceTagMapping { return page.ResourceTagMappingList })
	if err != nil {
		return nil, fmt.Errorf("listing tagged resources: %w", err)
	}
	var objects []recovery.Object
	for _, mapping := range found {
		object, known := objectOf(aws.ToString(mapping.ResourceARN), account, region)
		if !known {
			continue
		}
		object.Tags = map[string]string{}
		for _, tag := range mapping.Tags {
			object.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// objectOf reads an ARN: arn:partition:service:region:account:resource.
func objectOf(arn, account, region string) (recovery.Object, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[4] != "" && parts[4] != account {
		return recovery.Object{}, false
	}
	service, rest := parts[2], parts[5]
	longest, token := -1, ""
	for head, kind := range typeOf[service] {
		if strings.HasPrefix(rest, head) && len(head) > longest {
			longest, token = len(head), kind
		}
	}
	if token == "" {
		return recovery.Object{}, false
	}
	object := recovery.Object{Type: token, ARN: arn, Region: region, ID: rest[longest:]}
	switch {
	case slices.Contains(idIsARN, token):
		object.ID = arn
	case token == "aws:sqs/queue:Queue":
		object.ID = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", parts[3], parts[4], rest)
	case token == "aws:wafv2/webAcl:WebAcl":
		name, id, _ := strings.Cut(object.ID, "/")
		scope := "REGIONAL"
		if strings.HasPrefix(rest, "global/") {
			scope = "CLOUDFRONT"
		}
		object.ID, object.Import = id, id+"/"+name+"/"+scope
	case token == "aws:rds/instance:Instance":
		object.Import = object.ID
	case token == "aws:lambda/function:Function" || token == "aws:apigateway/restApi:RestApi":
		if strings.ContainsAny(object.ID, ":/") {
			return recovery.Object{}, false // an alias, a version, a stage: no object of its own here
		}
	}
	return object, true
}
