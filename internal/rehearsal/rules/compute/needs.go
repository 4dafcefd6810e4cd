package compute

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func missingOption(c *catalog.Call, one container) string {
	log := one.LogConfiguration
	if log == nil || log.LogDriver != "awslogs" {
		return ""
	}
	needed := []string{"awslogs-group", "awslogs-region"}
	if onFargate(c) {
		needed = append(needed, "awslogs-stream-prefix")
	}
	for _, name := range needed {
		if log.Options[name] == "" {
			return "Log driver awslogs requires options: " + strings.Join(needed, ", ") + "; missing: " + name
		}
	}
	return ""
}

func noExecutionRole(c *catalog.Call) *rule.Finding {
	if !onFargate(c) || c.Has("executionRoleArn") {
		return nil
	}
	for _, one := range containers(c) {
		what := ""
		switch {
		case one.LogConfiguration != nil && one.LogConfiguration.LogDriver == "awslogs":
			what = "log driver awslogs"
		case privateImage.MatchString(one.Image):
			what = "ECR images"
		case len(one.Secrets) > 0:
			what = "secrets"
		}
		if what != "" {
			return rule.Find("executionRoleArn", nil, "Fargate requires task definition to have execution role ARN to support %s", what)
		}
	}
	return nil
}

// eachStarted asks every container that a service starts, with the execution role of its task.
func eachStarted(broken func(c *catalog.Call, one container, execution string) (value, message string)) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		o := taskOf(c)
		if o == nil {
			return nil
		}
		for _, one := range containersOf(catalog.Str(o.State, "containerDefinitions")) {
			if value, message := broken(c, one, catalog.Str(o.State, "executionRoleArn")); message != "" {
				return rule.Find("taskDefinition", value, "%s", message)
			}
		}
		return nil
	}
}

// awslogs are the options of a container's log driver, when it is awslogs and the group is in this region.
func awslogs(c *catalog.Call, one container) (group string, create, is bool) {
	log := one.LogConfiguration
	if log == nil || log.LogDriver != "awslogs" || log.Options["awslogs-region"] != c.Region {
		return "", false, false
	}
	return log.Options["awslogs-group"], log.Options["awslogs-create-group"] == "true", true
}

// grouped tells whether a log group exists.
func grouped(c *catalog.Call, name string) bool {
	return len(c.Tx.Find(c.Account, c.Region, logGroup, func(o *cloud.Object) bool { return o.Name == name })) > 0
}

var noLogGroup = eachStarted(func(c *catalog.Call, one container, _ string) (string, string) {
	group, create, is := awslogs(c, one)
	if !is || create || grouped(c, group) {
		return "", ""
	}
	return group,
		"ResourceInitializationError: failed to validate logger args: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist: " + group
})

var noLogRight = eachStarted(func(c *catalog.Call, one container, execution string) (string, string) {
	group, create, is := awslogs(c, one)
	if !is || !create && !grouped(c, group) {
		return "", ""
	}
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", c.Partition, c.Region, c.Account, group)
	rights := map[string]string{"logs:CreateLogStream": arn + ":log-stream:any", "logs:PutLogEvents": arn + ":log-stream:any"}
	if create {
		rights["logs:CreateLogGroup"] = arn
	}
	for action, resource := range rights {
		if !policy.RoleMay(c, execution, action, resource) {
			return execution,
				"ResourceInitializationError: failed to validate logger args: AccessDeniedException: the execution role is not authorized to perform: " + action + " on " + resource
		}
	}
	return "", ""
})

// secretsOf are the secrets of this account and region that a container reads from Secrets Manager, without JSON keys.
func secretsOf(c *catalog.Call, one container) []string {
	var found []string
	mine := fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:", c.Partition, c.Region, c.Account)
	for _, secret := range one.Secrets {
		if name, is := strings.CutPrefix(secret.ValueFrom, mine); is {
			name, _, _ = strings.Cut(name, ":")
			found = append(found, mine+name)
		}
	}
	return found
}

var noSecret = eachStarted(func(c *catalog.Call, one container, _ string) (string, string) {
	for _, arn := range secretsOf(c, one) {
		if c.Tx.ByARN(arn) == nil {
			return arn,
				"ResourceInitializationError: unable to pull secrets or registry auth: ResourceNotFoundException: Secrets Manager can't find the specified secret: " + arn
		}
	}
	return "", ""
})

var noSecretRight = eachStarted(func(c *catalog.Call, one container, execution string) (string, string) {
	for _, arn := range secretsOf(c, one) {
		if c.Tx.ByARN(arn) != nil && !policy.RoleMay(c, execution, "secretsmanager:GetSecretValue", arn) {
			return arn,
				"ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: the execution role is not authorized to perform: secretsmanager:GetSecretValue on " + arn
		}
	}
	return "", ""
})

var noKeyRight = eachStarted(func(c *catalog.Call, one container, execution string) (string, string) {
	for _, arn := range secretsOf(c, one) {
		secret := c.Tx.ByARN(arn)
		if secret == nil {
			continue
		}
		key := c.Tx.ByARN(catalog.Str(secret.State, "kmsKeyId"))
		if key != nil && !policy.RoleMay(c, execution, "kms:Decrypt", key.ARN) {
			return key.ARN,
				"ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: Access to KMS is not allowed: the execution role needs kms:Decrypt on " + key.ARN
		}
	}
	return "", ""
})

// privateImage is an image in a private registry of ECR: account, region and repository.
var privateImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)`)

// ownRepository is the repository's ARN of an image in the registry of this account and region.
func ownRepository(c *catalog.Call, image string) string {
	match := privateImage.FindStringSubmatch(image)
	if match == nil || match[1] != c.Account || match[2] != c.Region {
		return ""
	}
	return fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", c.Partition, c.Region, c.Account, match[3])
}

var noRepository = eachStarted(func(c *catalog.Call, one container, _ string) (string, string) {
	if arn := ownRepository(c, one.Image); arn != "" && c.Tx.ByARN(arn) == nil {
		return one.Image, "CannotPullContainerError: failed to resolve ref " + one.Image + ": the repository does not exist"
	}
	return "", ""
})

var noPullRight = eachStarted(func(c *catalog.Call, one container, execution string) (string, string) {
	arn := ownRepository(c, one.Image)
	if arn == "" || c.Tx.ByARN(arn) == nil {
		return "", ""
	}
	for action, resource := range map[string]string{"ecr:GetAuthorizationToken": "*", "ecr:BatchGetImage": arn, "ecr:GetDownloadUrlForLayer": arn} {
		if !policy.RoleMay(c, execution, action, resource) {
			return one.Image, "CannotPullContainerError: the execution role is not authorized to perform: " + action + " on " + resource
		}
	}
	return "", ""
})
