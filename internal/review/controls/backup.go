package controls

import (
	"fmt"
	"slices"

	"github.com/itrack/itrack/internal/review"
)

// backup are the controls on AWS Backup.
func backup() []review.Control {
	return []review.Control{
		hub("Backup.1", "AWS Backup recovery points should be encrypted at rest", review.Medium, review.Security, "the stack declares no backup vault",
			review.Each(tokenVault, pointsEncrypted)),
	}
}

// sources are the types whose recovery points take the encryption of their source, and the property that says it. DynamoDB's
// tables are always encrypted. https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
var sources = []struct{ token, property string }{
	{tokenDatabase, "storageEncrypted"}, {"aws:ebs/volume:Volume", "encrypted"}, {"aws:efs/fileSystem:FileSystem", "encrypted"},
}

// pointsEncrypted follows the vault's plans to what they back up: the recovery point of an unencrypted source is not encrypted,
// whatever the vault's key.
func pointsEncrypted(m *review.Model, vault *review.Resource) review.Answer {
	for _, kind := range sources {
		for _, source := range m.All(kind.token) {
			into := func(plan *review.Resource) bool { return keptIn(plan, vault) }
			if !source.Bool(kind.property) && slices.ContainsFunc(plansOf(m, source), into) {
				return review.Fail(vault, fmt.Sprintf("%s is backed up into it and is not encrypted", source.Label()), "set its "+kind.property)
			}
		}
	}
	return review.When(vault.Str("kmsKeyArn") != "", vault, "it has a key, and what is backed up into it is encrypted", "it names no key", "set kmsKeyArn")
}

// keptIn tells whether a plan stores or copies recovery points into a vault. Two vaults of different regions may share a name.
func keptIn(plan, vault *review.Resource) bool {
	stored := slices.Contains(plan.Strs("rules.targetVaultName"), vault.Str("name")) && plan.Region == vault.Region
	return stored || slices.Contains(plan.Strs("rules.copyActions.destinationVaultArn"), vault.Str("arn"))
}
