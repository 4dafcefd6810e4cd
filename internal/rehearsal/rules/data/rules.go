// Package data holds the rules of the area data: databases, tables, buckets, keys and backups.
package data

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(
		databaseBackups(), databaseClasses(), databaseStorage(), databaseNames(), databaseGroups(), databaseParameters(), databaseEvents(), databaseReplication(),
		tableKeys(), tableSettings(), tableReplicas(),
		bucketNames(), bucketLifecycles(), bucketPolicies(), bucketReplication(), bucketObjects(),
		keys(), keyPolicies(),
		backupPlans(), backupVaults(), backupRoles(), restoreTests(),
	)
}
