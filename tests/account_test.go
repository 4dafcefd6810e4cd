package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// accountTypes are what exists once per account or region, by the setting that makes it.
var accountTypes = map[string][]string{
	"itrack:account.apiGatewayRole": {"aws:apigateway/account:Account"},
	"itrack:account.githubProvider": {"aws:iam/openIdConnectProvider:OpenIdConnectProvider"},
	"itrack:account.registry": {
		"aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", "aws:ecr/replicationConfiguration:ReplicationConfiguration",
		"aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
	},
	"itrack:account.backupRegion":    {"aws:backup/regionSettings:RegionSettings"},
	"itrack:account.sessionDocument": {"aws:ssm/document:Document"},
	"itrack:account.anomalyMonitor":  {"aws:costexplorer/anomalyMonitor:AnomalyMonitor"},
}

const namedMonitor = "arn:aws:ce::123456789012:anomalymonitor/11111111-2222-3333-4444-555555555555"

// Each thing is made by one setting and taken over by it, independently of the others.
func TestAccountMakesOrUses(t *testing.T) {
	made := recorded(t, "production")
	for setting := range accountTypes {
		used := recordedWith(t, "production", map[string]any{setting: "use", "itrack:account.anomalyMonitorArn": namedMonitor})
		for other, tokens := range accountTypes {
			for _, token := range tokens {
				require.NotEmptyf(t, made.all(token), "%s is made by default", token)
				if other == setting {
					assert.Emptyf(t, used.all(token), "%s with %s: use", token, setting)
				} else {
					assert.Lenf(t, used.all(token), len(made.all(token)), "%s with %s: use", token, setting)
				}
			}
		}
	}
}

// What another stack made can be used all the same: names and ARNs follow from the account.
func TestAccountUsed(t *testing.T) {
	overlay := map[string]any{"itrack:account.anomalyMonitorArn": namedMonitor}
	for setting := range accountTypes {
		overlay[setting] = "use"
	}
	run := recordedWith(t, "staging", overlay)
	trust := statementsOf(t, run.one(t, roleToken, "github-deploy"), "assumeRolePolicy")
	assert.Equal(t, map[string]any{"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}, trust[0].Principal)
	assert.Equal(t, []string{namedMonitor}, run.one(t, "aws:costexplorer/anomalySubscription:AnomalySubscription", "anomalies").strs(t, "monitorArnLists"))
	assert.Equal(t, "/itrack/sessions", run.one(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter", "session-lines").str(t, "logGroupName"))
	// The key of the other stack's sessions is known by its alias alone.
	for _, one := range statementsOf(t, run.one(t, policyToken, "bastion-session"), "policy") {
		if one.Sid == "Key" {
			assert.Equal(t, []string{"arn:aws:kms:us-east-1:123456789012:key/*"}, one.Resources)
			assert.Equal(t, map[string]any{"ForAnyValue:StringLike": map[string]any{"kms:ResourceAliases": "alias/itrack*"}}, one.Condition)
		}
	}
}

func TestApiGatewayAccount(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		account := run.one(t, "aws:apigateway/account:Account", "api-gateway")
		assert.True(t, account.flag(t, "resetOnDelete"))
		assert.Contains(t, account.str(t, "cloudwatchRoleArn"), "api-gateway-logs")
		role := run.one(t, roleToken, "api-gateway-logs")
		assert.Equal(t, map[string]any{"Service": "apigateway.amazonaws.com"}, statementsOf(t, role, "assumeRolePolicy")[0].Principal)
		attachment := run.one(t, attachmentToken, "api-gateway-logs-managed-0")
		assert.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs", attachment.str(t, "policyArn"))
		assert.Contains(t, strings.Join(account.Dependencies, " "), "RolePolicyAttachment::"+attachment.Name, "settings before the role's rights are refused")
	}
}

func TestGithubProvider(t *testing.T) {
	provider := recorded(t, "production").one(t, "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github")
	assert.Equal(t, "https://token.actions.githubusercontent.com", provider.str(t, "url"))
	assert.Equal(t, []string{"sts.amazonaws.com"}, provider.strs(t, "clientIdLists"))
	assert.False(t, provider.has("thumbprintLists"))
}

func TestRegistrySettings(t *testing.T) {
	const scanning, replication = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", "aws:ecr/replicationConfiguration:ReplicationConfiguration"
	staging, production := recorded(t, "staging"), recorded(t, "production")
	assert.Equal(t, []string{"scanning-primary"}, staging.names(scanning))
	assert.Empty(t, staging.all(replication))
	assert.Equal(t, []string{"scanning-primary", "scanning-recovery"}, production.names(scanning))
	assert.Contains(t, production.one(t, scanning, "scanning-recovery").Provider, "::recovery::")
	for _, one := range production.all(scanning) {
		assert.Equal(t, "SCAN_ON_PUSH", one.str(t, "rules[0].scanFrequency"))
		assert.Equal(t, "itrack*", one.str(t, "rules[0].repositoryFilters[0].filter"))
	}
	rule := production.one(t, replication, "replication")
	assert.Equal(t, "us-west-2", rule.str(t, "replicationConfiguration.rules[0].destinations[0].region"))
	assert.Equal(t, mockAccount, rule.str(t, "replicationConfiguration.rules[0].destinations[0].registryId"))
	assert.Equal(t, "itrack", rule.str(t, "replicationConfiguration.rules[0].repositoryFilters[0].filter"))
	template := production.one(t, "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", "replicas")
	assert.Contains(t, template.Provider, "::recovery::")
	assert.Equal(t, "IMMUTABLE", template.str(t, "imageTagMutability"))
	assert.Equal(t, "KMS", template.str(t, "encryptionConfigurations[0].encryptionType"))
	assert.Contains(t, template.str(t, "encryptionConfigurations[0].kmsKey"), "data-us-west-2")
	assert.Contains(t, strings.Join(rule.Dependencies, " "), "RepositoryCreationTemplate::"+template.Name, "the first copies would lie in repositories with AWS's own key")
}

func TestBackupRegions(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		for name, provider := range map[string]string{"backup-primary": "::primary::", "backup-recovery": "::recovery::"} {
			settings := run.one(t, "aws:backup/regionSettings:RegionSettings", name)
			assert.Contains(t, settings.Provider, provider)
			assert.True(t, settings.flag(t, "resourceTypeOptInPreference.RDS"))
			assert.True(t, settings.flag(t, "resourceTypeOptInPreference.DynamoDB"))
			assert.True(t, settings.flag(t, "resourceTypeManagementPreference.DynamoDB"))
		}
	}
}

func TestSessionDocument(t *testing.T) {
	for stack, days := range map[string]float64{"staging": 14, "production": 90} {
		run := recorded(t, stack)
		document := run.one(t, "aws:ssm/document:Document", "sessions")
		assert.Equal(t, "SSM-SessionManagerRunShell", document.str(t, "name"))
		assert.Equal(t, "Session", document.str(t, "documentType"))
		assert.False(t, document.has("permissions"), "the document is private")
		inputs := document.document(t, "content")["inputs"].(map[string]any)
		assert.Equal(t, "/itrack/sessions", inputs["cloudWatchLogGroupName"])
		assert.Equal(t, true, inputs["cloudWatchEncryptionEnabled"])
		assert.Equal(t, true, inputs["cloudWatchStreamingEnabled"])
		assert.Equal(t, true, inputs["runAsEnabled"])
		assert.Equal(t, "ec2-user", inputs["runAsDefaultUser"])
		assert.Equal(t, "20", inputs["idleSessionTimeout"])
		assert.Contains(t, inputs["kmsKeyId"], ":data")
		group := run.one(t, "aws:cloudwatch/logGroup:LogGroup", "sessions")
		assert.Equal(t, "/itrack/sessions", group.str(t, "name"))
		assert.InDelta(t, days, group.num(t, "retentionInDays"), 0)
		assert.Contains(t, group.str(t, "kmsKeyId"), ":logs")
	}
}

func TestAnomalyMonitorAndCostTags(t *testing.T) {
	run := recorded(t, "production")
	monitor := run.one(t, "aws:costexplorer/anomalyMonitor:AnomalyMonitor", "anomalies")
	assert.Equal(t, "DIMENSIONAL", monitor.str(t, "monitorType"))
	assert.Equal(t, "SERVICE", monitor.str(t, "monitorDimension"))
	const tag = "aws:costexplorer/costAllocationTag:CostAllocationTag"
	assert.Empty(t, run.all(tag), "off by default: AWS takes it in the payer account alone")
	with := recordedWith(t, "production", map[string]any{"itrack:account.costTags": true, "itrack:tags": map[string]any{"Team": "platform"}})
	var keys []string
	for _, one := range with.all(tag) {
		assert.Equal(t, "Active", one.str(t, "status"))
		keys = append(keys, one.str(t, "tagKey"))
	}
	assert.ElementsMatch(t, []string{"Project", "Environment", "Team"}, keys)
}
