package stack

import (
	"maps"
	"slices"
)

// stateful are the types whose objects hold what nobody can make again, each with what is lost when one is deleted. A
// replacement makes a new, empty object and deletes the old one, so it loses the same.
//
// What is left out on purpose: objects that a deployment or a stack makes again as they were (services, functions, roles,
// networks, alarms), and configuration of a bucket or a table that does not touch what is in it.
var stateful = map[string]string{
	"aws:rds/instance:Instance": "the database and every row in it; what a final snapshot and the backups hold has to be restored by hand",
	"aws:rds/cluster:Cluster":   "the database cluster and every row in it",
	"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "the database's backups in the recovery region; a new replication starts without the days before",
	"aws:dynamodb/table:Table":                                 "the table with its items; its point-in-time recovery ends with it",
	"aws:dynamodb/tableReplica:TableReplica":                   "the copy of the table in the recovery region; until a new one is filled there is none",
	"aws:s3/bucketV2:BucketV2":                                 "the bucket with every object and version in it",
	"aws:s3/bucket:Bucket":                                     "the bucket with every object and version in it",
	"aws:s3/bucketVersioningV2:BucketVersioningV2":             "the versions of objects to come: without versioning an overwritten object is gone",
	"aws:kms/key:Key":                                          "the key, and with it everything that is encrypted under it, after its waiting period",
	"aws:kms/replicaKey:ReplicaKey":                            "the key's replica: what is encrypted under it in its region cannot be read there",
	"aws:secretsmanager/secret:Secret":                         "the secret's value, after its waiting period",
	"aws:secretsmanager/secretVersion:SecretVersion":           "the secret's value",
	"aws:ssm/parameter:Parameter":                              "the parameter's value",
	"aws:backup/vault:Vault":                                   "the vault with its recovery points",
	"aws:backup/vaultLockConfiguration:VaultLockConfiguration": "the lock that keeps recovery points from being deleted",
	"aws:ecr/repository:Repository":                            "the repository with its images, running ones among them: tasks that start later cannot pull theirs",
	"aws:cloudwatch/logGroup:LogGroup":                         "the logs in it, audit and access logs among them",
	"aws:sqs/queue:Queue":                                      "the messages in it; a dead-letter queue holds what has to be looked at",
	"aws:route53/zone:Zone":                                    "the zone with its records; a new one has other name servers",
	"aws:ebs/volume:Volume":                                    "the disk with what is on it",
	"aws:efs/fileSystem:FileSystem":                            "the files",
	"aws:cognito/userPool:UserPool":                            "the accounts of all users",
	"aws:opensearch/domain:Domain":                             "the indexes",
	"aws:elasticache/replicationGroup:ReplicationGroup":        "what is in memory",
	"aws:kinesis/stream:Stream":                                "the records that nobody has read yet",
}

// StatefulReason is what is lost when an object of a type is deleted, and whether anything is.
func StatefulReason(kind string) (string, bool) {
	reason, ok := stateful[kind]
	return reason, ok
}

// StatefulTypes are the types whose objects hold data, sorted.
func StatefulTypes() []string { return slices.Sorted(maps.Keys(stateful)) }
