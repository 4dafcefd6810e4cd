package infra

import "fmt"

// tagged narrows a statement to what carries this environment's tag: which default tags put on everything that can
// have tags.
func tagged(p *Placement) map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"aws:ResourceTag/Environment": {p.Environment}}}
}

// requested narrows a creation to one that sets this environment's tag.
func requested(p *Placement) map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"aws:RequestTag/Environment": {p.Environment}}}
}

// everywhere are an ARN's forms in the stack's regions.
func everywhere(p *Placement, service string, resources ...string) []string {
	var arns []string
	for _, region := range p.Regions() {
		for _, resource := range resources {
			arns = append(arns, p.Arn(service, region.Name, resource))
		}
	}
	return arns
}

// deployPolicies are the rights of the deploy role, one policy by subject, each below IAM's 6,144 characters and fewer
// than the ten that a role can carry. Resources are named where the action knows any: by our names, by the tag, or by
// the account.
func deployPolicies(p *Placement, stateBucket string) []namedStatements {
	return []namedStatements{
		{"identity", identityStatements(p)},
		{"state", append(stateStatements(p, stateBucket, true), pipelineKeyStatements(p)...)},
		{"network", networkStatements(p)},
		{"workload", workloadStatements(p)},
		{"data", dataStatements(p)},
		{"edge", edgeStatements(p)},
		{"operations", operationsStatements(p)},
	}
}

// stateStatements are the rights on the bucket that holds Pulumi's state and its locks.
func stateStatements(p *Placement, bucket string, write bool) []Statement {
	arn := fmt.Sprintf("arn:%s:s3:::%s", p.Partition, bucket)
	objects := []string{"s3:GetObject"}
	if write {
		objects = append(objects, "s3:DeleteObject", "s3:PutObject")
	}
	return []Statement{
		{Sid: "StateBucket", Actions: []string{"s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"}, Resources: []string{arn}},
		{Sid: "State", Actions: objects, Resources: []string{arn + "/*"}},
	}
}

// identityStatements let the pipeline keep the stack's roles and policies, below the stack's path, and hand roles only
// to the services that the stack uses. A role must carry the workload's boundary from its first moment, and nobody can
// take it off: that is what makes writing roles harmless.
func identityStatements(p *Placement) []Statement {
	roles, policies := p.Arn("iam", "", "role"+p.RolePath()+"*"), p.Arn("iam", "", "policy"+p.RolePath()+"*")
	profiles := p.Arn("iam", "", "instance-profile"+p.RolePath()+"*")
	bounded := map[string]map[string][]string{"StringEquals": {"iam:PermissionsBoundary": {p.boundaryArn(boundaryName)}}}
	var passed []string
	for _, service := range []string{
		"apigateway", "backup", "chatbot", "codedeploy", "ec2", "ecr", "ecs-tasks", "lambda", "monitoring.rds", "s3", "vpc-flow-logs",
	} {
		passed = append(passed, p.Principal(service))
	}
	return []Statement{
		{
			Sid: "MakeBounded", Resources: []string{roles}, Conditions: bounded,
			Actions: []string{"iam:AttachRolePolicy", "iam:CreateRole", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary"},
		},
		{
			Sid: "Roles", Resources: []string{roles},
			Actions: []string{
				"iam:DeleteRole", "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
				"iam:ListRoleTags", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
			},
		},
		{
			Sid: "Policies", Resources: []string{policies},
			Actions: []string{
				"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicy",
				"iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyTags", "iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy",
			},
		},
		{
			Sid: "ReadAwsPolicies", Actions: []string{"iam:GetPolicy", "iam:GetPolicyVersion"},
			Resources: []string{"arn:" + p.Partition + ":iam::aws:policy/*"},
		},
		{
			Sid: "Profiles", Resources: []string{profiles, roles},
			Actions: []string{
				"iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:GetInstanceProfile",
				"iam:ListInstanceProfileTags", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile", "iam:UntagInstanceProfile",
			},
		},
		{
			Sid: "Github", Resources: []string{p.Arn("iam", "", "oidc-provider/"+githubIssuer)},
			Actions: []string{
				"iam:CreateOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviderTags",
				"iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider",
			},
		},
		{
			Sid: "Pass", Actions: []string{"iam:PassRole"}, Resources: []string{roles},
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": passed}},
		},
		{
			// Roles that AWS makes for its own services on first use.
			Sid: "ServiceLinked", Actions: []string{"iam:CreateServiceLinkedRole"}, Resources: []string{p.Arn("iam", "", "role/aws-service-role/*")},
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {
				p.Principal("autoscaling"), p.Principal("backup"), p.Principal("ecs"), p.Principal("elasticloadbalancing"),
				p.Principal("ops.apigateway"), p.Principal("rds"), p.Principal("replication.dynamodb"), p.Principal("replication.ecr"),
				"ecs.application-autoscaling.amazonaws.com", "restore-testing.backup.amazonaws.com", "wafv2.amazonaws.com",
				"vpc-lattice.amazonaws.com", "management.chatbot.amazonaws.com",
			}}},
		},
	}
}

// pipelineKeyStatements let the pipeline keep the stack's KMS keys, and sign images with the signing key. Scheduling a key's
// deletion is among them for destroying a deletable stack; the key policy and Pulumi's protection stand before that.
func pipelineKeyStatements(p *Placement) []Statement {
	return []Statement{
		{Sid: "MakeKeys", Actions: []string{"kms:CreateKey"}, Resources: []string{"*"}, Conditions: requested(p)},
		{
			Sid: "Keys", Conditions: tagged(p), Resources: everywhere(p, "kms", "key/*"),
			Actions: []string{
				"kms:CreateAlias", "kms:CreateGrant", "kms:DeleteAlias", "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
				"kms:GetKeyRotationStatus", "kms:GetPublicKey", "kms:ListGrants", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey",
				"kms:ScheduleKeyDeletion", "kms:Sign", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
				"kms:UpdatePrimaryRegion", "kms:Verify",
			},
		},
		{
			Sid: "Aliases", Actions: []string{"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"},
			Resources: everywhere(p, "kms", "alias/"+Project+"*"),
		},
		{
			// What AWS encrypts for us while the pipeline makes it (a log group, a topic, a table) is encrypted in its name.
			Sid: "UseKeys", Actions: []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}, Resources: everywhere(p, "kms", "key/*"),
			Conditions: tagged(p),
		},
		{Sid: "ListKeys", Actions: []string{"kms:ListAliases", "kms:ListKeys"}, Resources: []string{"*"}},
	}
}

// pipelineDenials hold for both roles: the boundaries and the two roles' own trust and boundary are an administrator's,
// values of secrets are nobody's in the pipeline, and the account's own things are out of reach.
func pipelineDenials(p *Placement) []Statement {
	own := []string{
		p.Arn("iam", "", "role"+p.RolePath()+p.Of(limitRole, deployName)), p.Arn("iam", "", "role"+p.RolePath()+p.Of(limitRole, previewName)),
	}
	return []Statement{
		{
			Sid: "BoundariesStay", Effect: "Deny",
			Resources: []string{p.boundaryArn(boundaryName), p.boundaryArn(pipelineBoundaryName)},
			Actions:   []string{"iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"},
		},
		{
			Sid: "OwnRolesStay", Effect: "Deny", Resources: own,
			Actions: []string{"iam:DeleteRole", "iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy"},
		},
		{Sid: "Never", Effect: "Deny", Resources: []string{"*"}, Actions: []string{
			"account:*", "iam:CreateAccessKey", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "organizations:*",
			"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "sts:AssumeRole",
		}},
	}
}
