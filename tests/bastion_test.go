package tests

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	scalingToken = "aws:autoscaling/group:Group"
	launchToken  = "aws:ec2/launchTemplate:LaunchTemplate"
)

func TestBastionGroup(t *testing.T) {
	for stack, zones := range map[string]int{"staging": 2, "production": 3} {
		run := recorded(t, stack)
		group := run.one(t, scalingToken, "bastion")
		assert.Equal(t, "itrack-bastion-"+stack, group.str(t, "name"))
		for _, size := range []string{"minSize", "maxSize", "desiredCapacity"} {
			assert.InDelta(t, 1, group.num(t, size), 0, size)
		}
		subnets := group.strs(t, "vpcZoneIdentifiers")
		assert.Len(t, subnets, zones)
		for _, subnet := range subnets {
			assert.Contains(t, subnet, "private")
		}
		assert.False(t, group.has("launchConfiguration"))
		assert.Equal(t, "1", group.str(t, "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"))
		assert.Equal(t, "t4g.nano", group.str(t, "mixedInstancesPolicy.launchTemplate.overrides[0].instanceType"))
		assert.Equal(t, "t4g.micro", group.str(t, "mixedInstancesPolicy.launchTemplate.overrides[1].instanceType"))
		assert.InDelta(t, 100, group.num(t, "mixedInstancesPolicy.instancesDistribution.onDemandPercentageAboveBaseCapacity"), 0)
		assert.Equal(t, "Rolling", group.str(t, "instanceRefresh.strategy"))
		assert.InDelta(t, 100, group.num(t, "instanceRefresh.preferences.minHealthyPercentage"), 0)
		assert.Equal(t, "EC2", group.str(t, "healthCheckType"))
		assert.InDelta(t, 30*24*3600, group.num(t, "maxInstanceLifetime"), 0)
		assert.Contains(t, group.strs(t, "enabledMetrics"), "GroupInServiceInstances")
		waits := strings.Join(group.Dependencies, " ")
		for _, name := range []string{"bastion-managed", "bastion-session"} {
			assert.Contains(t, waits, "RolePolicyAttachment::"+name, "the agent registers once, at the start: it needs its rights then")
		}
		tags := map[string]string{}
		for i := range group.value(t, "tags").ArrayValue() {
			at := "tags[" + string(rune('0'+i)) + "]"
			assert.True(t, group.flag(t, at+".propagateAtLaunch"))
			tags[group.str(t, at+".key")] = group.str(t, at+".value")
		}
		assert.Equal(t, map[string]string{"Project": "itrack", "Environment": stack, "ManagedBy": "pulumi", "Name": "itrack-bastion-" + stack}, tags)
	}
}

func TestBastionTemplate(t *testing.T) {
	for _, stack := range bothStacks {
		template := recordedWith(t, stack, map[string]any{"itrack:tags": map[string]any{"Team": "platform"}}).one(t, launchToken, "bastion")
		assert.Equal(t, "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", template.str(t, "imageId"))
		assert.Equal(t, "required", template.str(t, "metadataOptions.httpTokens"))
		assert.InDelta(t, 1, template.num(t, "metadataOptions.httpPutResponseHopLimit"), 0)
		assert.Equal(t, "true", template.str(t, "blockDeviceMappings[0].ebs.encrypted"))
		assert.Equal(t, "gp3", template.str(t, "blockDeviceMappings[0].ebs.volumeType"))
		assert.False(t, template.has("blockDeviceMappings[0].ebs.kmsKeyId"), "a key of ours would need rights for the autoscaling role")
		assert.Equal(t, "false", template.str(t, "networkInterfaces[0].associatePublicIpAddress"))
		assert.Equal(t, []string{"bastion-id"}, template.strs(t, "networkInterfaces[0].securityGroups"))
		assert.False(t, template.has("vpcSecurityGroupIds"))
		assert.False(t, template.has("keyName"), "no key pair")
		var kinds []string
		for i := range template.value(t, "tagSpecifications").ArrayValue() {
			at := "tagSpecifications[" + string(rune('0'+i)) + "]"
			kinds = append(kinds, template.str(t, at+".resourceType"))
			assert.Equal(t, stack, template.str(t, at+".tags.Environment"))
			assert.Equal(t, "platform", template.str(t, at+".tags.Team"), "the stack's own tags too")
		}
		assert.ElementsMatch(t, []string{"instance", "volume", "network-interface"}, kinds)
		script, err := base64.StdEncoding.DecodeString(template.str(t, "userData"))
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(script), "#!/bin/bash\n"))
		assert.Contains(t, string(script), "mariadb")
		assert.NotRegexp(t, `(?i)password|secret|token`, string(script))
	}
}

// Nothing comes in, and out go the database and HTTPS alone.
func TestBastionDoors(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		for _, rule := range run.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
			assert.NotEqual(t, "bastion-id", rule.str(t, "securityGroupId"), "%s lets something into the bastion", rule.Name)
		}
		ports := map[float64]int{}
		for _, rule := range run.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
			if rule.str(t, "securityGroupId") != "bastion-id" {
				continue
			}
			ports[rule.num(t, "toPort")]++
			assert.InDelta(t, rule.num(t, "fromPort"), rule.num(t, "toPort"), 0)
			if rule.num(t, "toPort") == 3306 {
				assert.Equal(t, "rds-id", rule.str(t, "referencedSecurityGroupId"))
			}
		}
		assert.Equal(t, 1, ports[3306])
		assert.Positive(t, ports[443])
		assert.Len(t, ports, 2)
	}
}

func TestBastionRights(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		trust := statementsOf(t, run.one(t, roleToken, "bastion"), "assumeRolePolicy")
		assert.Equal(t, map[string]any{"Service": "ec2.amazonaws.com"}, trust[0].Principal)
		managed := statementsOf(t, run.one(t, policyToken, "bastion-managed"), "policy")
		session := statementsOf(t, run.one(t, policyToken, "bastion-session"), "policy")
		all := append(append([]statement{}, managed...), session...)
		for _, action := range []string{"ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel", "ec2messages:GetMessages", "ssm:PutInventory", "rds-db:connect", "logs:PutLogEvents", "kms:GenerateDataKey"} {
			assert.Truef(t, allowed(all, action), action)
		}
		for _, action := range []string{"ssm:GetParameter", "ssm:SendCommand", "ssm:StartSession", "secretsmanager:GetSecretValue", "s3:PutObject", "iam:PassRole", "dynamodb:GetItem", "kms:CreateGrant"} {
			assert.Falsef(t, allowed(all, action), action)
		}
		for _, one := range session {
			switch one.Sid {
			case "Database":
				require.Len(t, one.Resources, 1)
				assert.Regexp(t, `^arn:aws:rds-db:us-east-1:123456789012:dbuser:[^/*]+/itrack_readonly$`, one.Resources[0])
			case "Key":
				assert.Len(t, one.Resources, 1)
				assert.NotContains(t, one.Resources[0], "*")
			case "Log":
				assert.Equal(t, []string{"arn:aws:logs:us-east-1:123456789012:log-group:/itrack/sessions", "arn:aws:logs:us-east-1:123456789012:log-group:/itrack/sessions:*"}, one.Resources)
			}
		}
	}
}

func TestBastionUpkeepAndAlarms(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		for name, document := range map[string]string{"bastion-patches": "AWS-RunPatchBaseline", "bastion-inventory": "AWS-GatherSoftwareInventory", "bastion-agent": "AWS-UpdateSSMAgent"} {
			association := run.one(t, "aws:ssm/association:Association", name)
			assert.Equal(t, document, association.str(t, "name"))
			assert.Equal(t, "tag:aws:autoscaling:groupName", association.str(t, "targets[0].key"))
			assert.Equal(t, []string{"itrack-bastion-" + stack}, association.strs(t, "targets[0].values"))
		}
		assert.Equal(t, "Install", run.one(t, "aws:ssm/association:Association", "bastion-patches").str(t, "parameters.Operation"))
		alarm := run.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "bastion-in-service")
		assert.Equal(t, "GroupInServiceInstances", alarm.str(t, "metricName"))
		assert.Equal(t, "LessThanThreshold", alarm.str(t, "comparisonOperator"))
		assert.InDelta(t, 1, alarm.num(t, "threshold"), 0)
		assert.Equal(t, "breaching", alarm.str(t, "treatMissingData"))
		assert.Equal(t, "StatusCheckFailed", run.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "bastion-status").str(t, "metricName"))
	}
}

func TestNoBastion(t *testing.T) {
	run := recordedWith(t, "production", map[string]any{"itrack:bastion": nil})
	for _, resource := range run.Resources {
		assert.NotContains(t, resource.Name, "bastion", resource.Type)
	}
}
