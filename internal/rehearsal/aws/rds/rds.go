// Package rds describes RDS to the stand-in.
package rds

import (
	"fmt"
	"slices"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	instanceToken   = "aws:rds/instance:Instance"
	subnetsToken    = "aws:rds/subnetGroup:SubnetGroup"
	parametersToken = "aws:rds/parameterGroup:ParameterGroup"
	optionsToken    = "aws:rds/optionGroup:OptionGroup"
	api             = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
	guide           = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
)

var keyTokens = []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}

// Service is what the stand-in knows of RDS.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		instanceType(), subnetGroupType(), parameterGroupType(), optionGroupType(), subscriptionType(), replicationType(),
	}}
}

func arn(kind string) string { return "arn:{partition}:rds:{region}:{account}:" + kind + ":{name}" }

// name is how RDS names what it calls by a lower-case name.
func name(code, message string) catalog.Name {
	return catalog.Name{Property: "name", Auto: 255, Prefix: "namePrefix", Lower: true, Scope: catalog.InRegion, Code: code, Message: message}
}

func subnetGroupType() catalog.Type {
	return catalog.Type{
		Token: subnetsToken, Args: (*sdk.SubnetGroupArgs)(nil), Resource: (*sdk.SubnetGroup)(nil),
		Service: "RDS", Action: "DBSubnetGroup", Title: "RDS DB Subnet Group", Verbs: map[string]string{"update": "ModifyDBSubnetGroup"},
		ARN: arn("subgrp"), ID: catalog.Templated("{name}"), Name: name("DBSubnetGroupAlreadyExists", "The DB subnet group '{name}' already exists."),
		Defaults: map[string]any{"description": "Managed by Pulumi"}, Blank: []string{"namePrefix", "vpcId"}, Sets: []string{"subnetIds"},
		Refs: []catalog.Ref{{Path: "subnetIds", To: []string{"aws:ec2/subnet:Subnet"}, Code: "InvalidSubnet", Message: "The subnet '{value}' does not exist", Blocks: true}},
		Refuse: func(c *catalog.Call) *catalog.Error {
			networks := map[string]bool{}
			for _, id := range c.Strs("subnetIds") {
				if subnet := c.Get("aws:ec2/subnet:Subnet", id); subnet != nil {
					networks[catalog.Str(subnet.State, "vpcId")] = true
				}
			}
			if len(networks) > 1 {
				return catalog.Refusal("InvalidParameterValue", "subnetIds", "", "The DB subnet group has subnets of more than one VPC")
			}
			return nil
		},
		Compute: func(c *catalog.Call) error {
			for _, id := range c.Strs("subnetIds") {
				if subnet := c.Get("aws:ec2/subnet:Subnet", id); subnet != nil {
					c.Set("vpcId", catalog.Str(subnet.State, "vpcId"))
				}
			}
			c.Set("supportedNetworkTypes", []any{"IPV4"})
			return nil
		},
	}
}

func parameterGroupType() catalog.Type {
	return catalog.Type{
		Token: parametersToken, Args: (*sdk.ParameterGroupArgs)(nil), Resource: (*sdk.ParameterGroup)(nil),
		Service: "RDS", Action: "DBParameterGroup", Title: "RDS DB Parameter Group", Verbs: map[string]string{"update": "ModifyDBParameterGroup"},
		ARN: arn("pg"), ID: catalog.Templated("{name}"), Name: name("DBParameterGroupAlreadyExists", "Parameter group {name} already exists"),
		Defaults: map[string]any{"description": "Managed by Pulumi", "parameters[].applyMethod": "immediate"}, Blank: []string{"namePrefix"},
		Sets: []string{"parameters"},
		Check: func(c *catalog.Call) []catalog.Problem {
			seen := map[string]bool{}
			for _, parameter := range catalog.Strs(c.Inputs, "parameters[].name") {
				if seen[parameter] {
					return []catalog.Problem{{Property: "parameters", Rule: "each parameter once", Value: parameter, Message: "is given twice",
						Source: api + "API_ModifyDBParameterGroup.html"}}
				}
				seen[parameter] = true
			}
			return nil
		},
	}
}

func optionGroupType() catalog.Type {
	return catalog.Type{
		Token: optionsToken, Args: (*sdk.OptionGroupArgs)(nil), Resource: (*sdk.OptionGroup)(nil),
		Service: "RDS", Action: "OptionGroup", Title: "RDS DB Option Group", Verbs: map[string]string{"update": "ModifyOptionGroup"},
		ARN: arn("og"), ID: catalog.Templated("{name}"), Name: name("OptionGroupAlreadyExistsFault", "An option group named {name} already exists."),
		Defaults: map[string]any{"optionGroupDescription": "Managed by Pulumi"}, Blank: []string{"namePrefix"},
		Sets: []string{"options", "options[].optionSettings"},
	}
}

// sources are what RDS tells events of.
var sources = []string{"db-instance", "db-parameter-group", "db-security-group", "db-snapshot", "db-cluster", "db-cluster-snapshot", "db-proxy",
	"blue-green-deployment"}

func subscriptionType() catalog.Type {
	return catalog.Type{
		Token: "aws:rds/eventSubscription:EventSubscription", Args: (*sdk.EventSubscriptionArgs)(nil), Resource: (*sdk.EventSubscription)(nil),
		Service: "RDS", Action: "EventSubscription", Title: "RDS Event Subscription", Verbs: map[string]string{"update": "ModifyEventSubscription"},
		ARN: arn("es"), ID: catalog.Templated("{name}"), Name: name("SubscriptionAlreadyExist", "Subscription {name} already exists."),
		Defaults: map[string]any{"enabled": true}, Blank: []string{"namePrefix"}, Sets: []string{"eventCategories", "sourceIds"},
		Refs: []catalog.Ref{{Path: "snsTopic", To: []string{"aws:sns/topic:Topic"}, By: catalog.ByARN, Code: "SNSTopicArnNotFound", Message: "The SNS topic {value} does not exist"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			if source := c.Str("sourceType"); c.Known("sourceType") && !slices.Contains(sources, source) {
				return []catalog.Problem{{Property: "sourceType", Rule: "allowed values", Value: source, Message: "is no source of events", Source: api + "API_CreateEventSubscription.html"}}
			}
			if c.Has("sourceIds") && !c.Has("sourceType") {
				return []catalog.Problem{{Property: "sourceType", Rule: "required", Message: "must be given with sourceIds", Source: api + "API_CreateEventSubscription.html"}}
			}
			return nil
		},
		Compute: func(c *catalog.Call) error { c.Set("customerAwsId", c.Account); return nil },
	}
}

func replicationType() catalog.Type {
	return catalog.Type{
		Token: "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
		Args:  (*sdk.InstanceAutomatedBackupsReplicationArgs)(nil), Resource: (*sdk.InstanceAutomatedBackupsReplication)(nil),
		Service: "RDS", Title: "RDS Automated Backup Replication",
		Verbs: map[string]string{"create": "StartDBInstanceAutomatedBackupsReplication", "delete": "StopDBInstanceAutomatedBackupsReplication"},
		ID: catalog.Made(func(c *catalog.Call) string {
			c.ARN = fmt.Sprintf("arn:%s:rds:%s:%s:auto-backup:ab-%s", c.Partition, c.Region, c.Account, catalog.Letters(39, catalog.LowerDigits))
			return c.ARN
		}),
		Defaults: map[string]any{"retentionPeriod": 7}, Blank: []string{"kmsKeyId", "preSignedUrl"},
		Unique: []catalog.Unique{{Properties: []string{"sourceDbInstanceArn"}, Scope: catalog.InRegion, Code: "InvalidDBInstanceAutomatedBackupState",
			Message: "Replication of the automated backups of {name} is already started"}},
		Refs: []catalog.Ref{
			{Path: "sourceDbInstanceArn", To: []string{instanceToken}, By: catalog.ByARN, AnyRegion: true, Code: "DBInstanceNotFound", Message: "DBInstance {value} not found."},
			{Path: "kmsKeyId", To: keyTokens, By: catalog.ByARN, Code: "KMSKeyNotAccessibleFault", Message: "The KMS key {value} does not exist in this region"},
		},
		Source: guide + "USER_ReplicateBackups.html",
	}
}
