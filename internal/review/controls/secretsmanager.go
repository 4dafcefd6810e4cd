package controls

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenSecret         = "aws:secretsmanager/secret:Secret"
	tokenSecretRotation = "aws:secretsmanager/secretRotation:SecretRotation"
)

// secretsmanager are the controls on secrets.
func secretsmanager() []review.Control {
	const secrets = "aws secretsmanager list-secrets --query 'SecretList[]."
	return []review.Control{
		hub("SecretsManager.1", "Secrets should have automatic rotation enabled", review.Medium, review.Security,
			"the stack makes and uses no secret", secretsRotate),
		decided("SecretsManager.2", "Secrets configured with automatic rotation should rotate successfully", review.Medium, review.Security,
			secrets+"[Name,RotationEnabled,LastRotatedDate,NextRotationDate]'"),
		decided("SecretsManager.3", "Secrets unused for 90 days should be removed", review.Medium, review.Security, secrets+"[Name,LastAccessedDate]'"),
		decided("SecretsManager.4", "Secrets should be rotated every 90 days", review.Medium, review.Security, secrets+"[Name,CreatedDate,LastRotatedDate]'"),
	}
}

// secretsRotate answers for the secrets that the stack makes, for those that RDS makes and rotates for it, and for the
// tasks that use secrets made elsewhere: those rotate only if somebody says so, and the stack is where that would stand.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func secretsRotate(m *review.Model) []review.Answer {
	const fix = "make a secretsmanager.SecretRotation with a rotation function, or accept it with the way to rotate by hand"
	var out []review.Answer
	for _, s := range m.All(tokenSecret) {
		out = append(out, review.When(len(m.Referring(tokenSecretRotation, "secretId", s)) > 0, s, "it has a rotation", "nothing rotates it", fix))
	}
	for _, db := range m.All(tokenDatabase) {
		if db.Bool("manageMasterUserPassword") {
			out = append(out, review.Pass(db, "RDS keeps its master password in a secret and rotates it every seven days"))
		}
	}
	for _, task := range m.All(tokenTask) {
		used := secretsOf(task)
		if len(used) == 0 {
			continue
		}
		still := slices.DeleteFunc(slices.Clone(used), func(arn string) bool { return rotates(m, arn) })
		out = append(out, review.When(len(still) == 0, task, "the secrets that it uses rotate",
			fmt.Sprintf("no rotation is declared for %d of the %d secrets that it uses: %s", len(still), len(used), strings.Join(secretNames(still), ", ")), fix))
	}
	return out
}

// secretsOf are the ARNs of the secrets that a task definition's containers get, without the field of the value.
func secretsOf(task *review.Resource) []string {
	var containers []struct{ Secrets []struct{ ValueFrom string } }
	if json.Unmarshal([]byte(task.Str("containerDefinitions")), &containers) != nil {
		return nil
	}
	var out []string
	for _, container := range containers {
		for _, one := range container.Secrets {
			if parts := strings.Split(one.ValueFrom, ":"); len(parts) >= 7 && parts[2] == "secretsmanager" {
				out = append(out, strings.Join(parts[:7], ":"))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rotates tells whether a secret has a rotation in the stack, or is one that RDS rotates.
func rotates(m *review.Model, arn string) bool {
	for _, rotation := range m.All(tokenSecretRotation) {
		if rotation.Str("secretId") == arn || m.Find(tokenSecret, arn) != nil && m.Find(tokenSecret, rotation.Str("secretId")) == m.Find(tokenSecret, arn) {
			return true
		}
	}
	return slices.ContainsFunc(m.All(tokenDatabase), func(db *review.Resource) bool { return slices.Contains(db.Strs("masterUserSecrets.secretArn"), arn) })
}

// secretNames are what is behind "secret:" in ARNs.
func secretNames(arns []string) []string {
	out := make([]string, len(arns))
	for i, arn := range arns {
		out[i] = after(arn, ":secret:")
	}
	return out
}
