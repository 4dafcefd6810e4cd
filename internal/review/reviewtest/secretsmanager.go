package reviewtest

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	secretRotation = "aws:secretsmanager/secretRotation:SecretRotation"
	backendTask    = "aws:ecs/taskDefinition:TaskDefinition::backend"
)

// rotating gives every secret that the backend's tasks use a rotation: rotation-0, rotation-1 and so on.
func rotating(e *Export) {
	var containers []struct{ Secrets []struct{ ValueFrom string } }
	if err := json.Unmarshal([]byte(e.Text(backendTask, "containerDefinitions")), &containers); err != nil {
		e.fail("%s: reading its containers: %w", backendTask, err)
		return
	}
	n := 0
	for _, container := range containers {
		for _, secret := range container.Secrets {
			e.Add(backendTask, secretRotation, fmt.Sprint("rotation-", n), secret.ValueFrom, map[string]any{"secretId": secret.ValueFrom})
			n++
		}
	}
}

func secretsmanager() []Variant {
	const (
		token  = "aws:secretsmanager/secret:Secret"
		beside = "aws:rds/instance:Instance::rds"
		arn    = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
	)
	add := func(name string) func(*Export) {
		return func(e *Export) {
			e.Add(beside, token, name, arn+name+"-AbCdEf", map[string]any{"name": name, "arn": arn + name + "-AbCdEf"})
		}
	}
	return []Variant{
		{Name: "a secret without rotation", Stack: Staging, Control: "SecretsManager.1", Wants: token + "::extra", Edit: add("extra")},
		{Name: "the rotation is another secret's", Stack: Production, Control: "SecretsManager.1", Wants: token + "::extra", Joins: true,
			Edit: all(add("extra"), add("other"), func(e *Export) {
				e.Add(beside, secretRotation, "other", "other", map[string]any{"secretId": arn + "other-AbCdEf"})
			})},
		{Name: "the backend's secret loses its rotation", Stack: Staging, Control: "SecretsManager.1", Wants: backendTask, Joins: true,
			Mend: rotating, Edit: remove(secretRotation + "::rotation-1")},
		{Name: "the rotation is for a secret of another environment", Stack: Production, Control: "SecretsManager.1", Wants: backendTask, Joins: true,
			Mend: rotating, Edit: func(e *Export) {
				label := secretRotation + "::rotation-2"
				e.Set(label, "secretId", strings.ReplaceAll(e.Text(label, "secretId"), "/production/", "/staging/"))
			}},
	}
}
