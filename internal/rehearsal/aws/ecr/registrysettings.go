package ecr

import (
	"fmt"
	"regexp"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const registryAPI = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"

// registrySettings are what a registry has once per region: scanning, replication, and the templates of repositories
// that replication makes.
func registrySettings() []catalog.Type {
	registry := func(c *catalog.Call) error { c.SetNew("registryId", c.Account); return nil }
	return []catalog.Type{
		{
			Token: "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", Args: (*sdk.RegistryScanningConfigurationArgs)(nil),
			Resource: (*sdk.RegistryScanningConfiguration)(nil), Service: "ECR", Title: "ECR Registry Scanning Configuration",
			Verbs: map[string]string{"create": "PutRegistryScanningConfiguration", "update": "PutRegistryScanningConfiguration", "delete": "PutRegistryScanningConfiguration"},
			ID:    catalog.Templated("{account}"), Overwrites: true, Sets: []string{"rules", "rules[].repositoryFilters"}, Check: checkScanning, Compute: registry,
			Source: registryAPI + "API_PutRegistryScanningConfiguration.html",
		},
		{
			Token: "aws:ecr/replicationConfiguration:ReplicationConfiguration", Args: (*sdk.ReplicationConfigurationArgs)(nil), Resource: (*sdk.ReplicationConfiguration)(nil),
			Service: "ECR", Title: "ECR Replication Configuration",
			Verbs: map[string]string{"create": "PutReplicationConfiguration", "update": "PutReplicationConfiguration", "delete": "PutReplicationConfiguration"},
			ID:    catalog.Templated("{account}"), Overwrites: true, Compute: registry, Source: registryAPI + "API_PutReplicationConfiguration.html",
			Refuse: func(c *catalog.Call) *catalog.Error {
				for i, region := range c.Strs("replicationConfiguration.rules[].destinations[].region") {
					account := c.Strs("replicationConfiguration.rules[].destinations[].registryId")
					if region == c.Region && i < len(account) && account[i] == c.Account {
						return &catalog.Error{Code: "InvalidParameterException", Property: "replicationConfiguration.rules[].destinations[].region", Value: region,
							Rule: "another region or account", Message: "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: the destination is the source",
							Source: registryAPI + "API_ReplicationDestination.html"}
					}
				}
				return nil
			},
		},
		creationTemplate(registry),
	}
}

var prefixForm = regexp.MustCompile(`^((?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*/?|ROOT)$`)

// creationTemplate is newer than aws-facts.json.
func creationTemplate(registry func(*catalog.Call) error) catalog.Type {
	return catalog.Type{
		Token: "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", Args: (*sdk.RepositoryCreationTemplateArgs)(nil),
		Resource: (*sdk.RepositoryCreationTemplate)(nil), Service: "ECR", Action: "RepositoryCreationTemplate", Title: "ECR Repository Creation Template",
		ID: catalog.Templated("{prefix}"), Required: []string{"appliedFors", "prefix"}, ForceNew: []string{"prefix"}, Computed: []string{"registryId"},
		Unique: []catalog.Unique{{Properties: []string{"prefix"}, Scope: catalog.InRegion, Code: "TemplateAlreadyExistsException",
			Message: "A repository creation template with the prefix {prefix} already exists"}},
		Defaults:  map[string]any{"imageTagMutability": "MUTABLE"},
		Documents: map[string]catalog.Document{"repositoryPolicy": {Code: "InvalidParameterException"}, "lifecyclePolicy": {Code: "InvalidParameterException"}},
		Sets:      []string{"appliedFors"},
		Refs: []catalog.Ref{
			{Path: "customRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidParameterException", Message: "The role {value} does not exist"},
			{Path: "encryptionConfigurations[].kmsKey", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByIDOrARN, Code: "KmsException",
				Message: "The key {value} does not exist"},
		},
		Check: func(c *catalog.Call) []catalog.Problem {
			var problems []catalog.Problem
			if prefix := c.Str("prefix"); c.Known("prefix") && !prefixForm.MatchString(prefix) {
				problems = append(problems, catalog.Problem{Property: "prefix", Rule: "prefix of repositories", Value: prefix, Message: "must be a repository prefix or ROOT",
					Source: registryAPI + "API_CreateRepositoryCreationTemplate.html"})
			}
			// ECR makes the repository under this role; with its own key or tags it needs one.
			kms := false
			for _, kind := range catalog.Strs(c.Inputs, "encryptionConfigurations[].encryptionType") {
				kms = kms || kind == "KMS"
			}
			if (kms || c.Has("resourceTags")) && !c.Has("customRoleArn") {
				problems = append(problems, catalog.Problem{Property: "customRoleArn", Rule: "a role for keys and tags", Message: "is needed with a KMS key or resource tags",
					Source: registryAPI + "API_CreateRepositoryCreationTemplate.html"})
			}
			return problems
		},
		Refuse: func(c *catalog.Call) *catalog.Error {
			role := c.Tx.ByARN(c.Str("customRoleArn"))
			if role == nil || policy.TrustsService(catalog.Str(role.State, "assumeRolePolicy"), "ecr.amazonaws.com") {
				return nil
			}
			return &catalog.Error{Code: "InvalidParameterException", Property: "customRoleArn", Value: role.ARN, Rule: "role that ECR can assume",
				Message: "ECR can't assume the role " + role.ARN, Source: registryAPI + "API_CreateRepositoryCreationTemplate.html"}
		},
		Compute: registry, Source: registryAPI + "API_CreateRepositoryCreationTemplate.html",
	}
}

func checkScanning(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	for i, frequency := range catalog.Strs(c.Inputs, "rules[].scanFrequency") {
		if frequency == "CONTINUOUS_SCAN" && c.Str("scanType") == "BASIC" {
			problems = append(problems, catalog.Problem{Property: fmt.Sprintf("rules[%d].scanFrequency", i), Rule: "frequencies of basic scanning", Value: frequency,
				Message: "basic scanning knows SCAN_ON_PUSH and MANUAL", Source: registryAPI + "API_PutRegistryScanningConfiguration.html"})
		}
	}
	return problems
}
