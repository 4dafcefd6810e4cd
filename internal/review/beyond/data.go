package beyond

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Types that hold data.
const (
	tableType      = "aws:dynamodb/table:Table"
	repositoryType = "aws:ecr/repository:Repository"
	secretType     = "aws:secretsmanager/secret:Secret"
	queueType      = "aws:sqs/queue:Queue"
	logGroupType   = "aws:cloudwatch/logGroup:LogGroup"
	vaultType      = "aws:backup/vault:Vault"
)

// Store is where data lies, and what is declared for the day it is lost. An empty list means: nothing.
type Store struct {
	Resource  string `json:"resource"`
	Kind      string `json:"kind"` // RDS, DynamoDB, S3, ECR, secret, SQS, logs, EBS
	Region    string `json:"region"`
	Encrypted bool   `json:"encrypted"`
	Key       string `json:"key"`
	// Backups say by what, how often and how long; SecondRegion what of it lies in another region.
	Backups      []string `json:"backups"`
	SecondRegion []string `json:"secondRegion"`
	// RestoreTested says what restores it and how often.
	RestoreTested []string `json:"restoreTested"`
	// RecoveryPoint is how much can be lost, RecoveryTime how long it is away, as far as declarations tell.
	RecoveryPoint []string `json:"recoveryPoint"`
	RecoveryTime  []string `json:"recoveryTime"`
	Notes         []string `json:"notes"`
}

// inventory collects the stores of a stack.
type inventory struct {
	*review.Model
	stores []Store
}

// storesOf finds everything that holds data.
func storesOf(m *review.Model) []Store {
	in := &inventory{Model: m, stores: []Store{}}
	for _, r := range m.All(instanceType, clusterType) {
		in.database(r)
	}
	for _, r := range m.All(tableType) {
		in.table(r)
	}
	for _, r := range m.All(bucketTypes...) {
		in.bucket(r)
	}
	for _, r := range m.All(repositoryType) {
		in.repository(r)
	}
	in.secrets()
	for _, r := range m.All(queueType) {
		in.queue(r)
	}
	for _, r := range m.All(logGroupType) {
		in.logGroup(r)
	}
	in.disks()
	return in.stores
}

// open begins a store; add ends it.
func (in *inventory) open(r *review.Resource, kind string) Store {
	return Store{
		Resource: r.Label(), Kind: kind, Region: regionOf(r), Backups: []string{}, SecondRegion: []string{}, RestoreTested: []string{},
		RecoveryPoint: []string{}, RecoveryTime: []string{}, Notes: []string{},
	}
}

func (in *inventory) add(s Store) { in.stores = append(in.stores, s) }

// regionOf is a resource's region: its ARN's, else its provider's.
func regionOf(r *review.Resource) string {
	if parts := strings.Split(r.Str("arn"), ":"); len(parts) > 3 && parts[3] != "" {
		return parts[3]
	}
	if region := r.Str("region"); region != "" {
		return region
	}
	return r.Region
}

// key names an encryption key as the resource refers to it; other is what is used when it names none.
func (in *inventory) key(r *review.Resource, ref, other string) string {
	if ref == "" {
		return other
	}
	if alias := in.FindFrom(r, "aws:kms/alias:Alias", ref); alias != nil {
		ref = alias.Str("targetKeyId")
	}
	if strings.Contains(ref, "alias/aws/") {
		return "the AWS managed key " + ref[strings.Index(ref, "alias/"):]
	}
	for _, token := range []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"} {
		if key := in.FindFrom(r, token, ref); key != nil && (key.Str("arn") == ref || key.Region == r.Region) {
			return "the customer managed key " + short(key)
		}
	}
	return "the key " + ref + ", which the stack does not declare"
}

const awsOwned = "a key that AWS owns"

// days is a number of days in words.
func days(n float64) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%.0f days", n)
}

// database is an RDS instance or cluster. Point-in-time recovery goes to about the last five minutes, a standby takes over in
// one to two minutes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html,
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZ.Failover.html
func (in *inventory) database(r *review.Resource) {
	s := in.open(r, "RDS")
	s.Encrypted = r.Bool("storageEncrypted")
	s.Key = in.key(r, r.Str("kmsKeyId"), "the AWS managed key alias/aws/rds")
	kept := r.Num("backupRetentionPeriod")
	if kept > 0 {
		s.Backups = append(s.Backups, "RDS's automated backups: any point in time of the last "+days(kept))
		s.RecoveryPoint = append(s.RecoveryPoint, "in its region: about 5 minutes (RDS's point-in-time recovery)")
	}
	for _, copied := range in.Referring("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "sourceDbInstanceArn", r) {
		if region := regionOf(copied); region != s.Region {
			s.SecondRegion = append(s.SecondRegion, fmt.Sprintf("automated backups replicated to %s, kept %s, under %s", region,
				days(copied.Num("retentionPeriod")), in.key(copied, copied.Str("kmsKeyId"), "the AWS managed key alias/aws/rds")))
			s.RecoveryPoint = append(s.RecoveryPoint, "region lost: any point in time that was copied to "+region+"; how far that lags is measured, not declared")
		}
	}
	s.RecoveryTime = append(s.RecoveryTime, in.zoneLost(r))
	in.protect(r, &s, "RDS")
	if len(s.Backups) > 0 {
		s.RecoveryTime = append(s.RecoveryTime, "restore: a new instance by hand or command; how long, a restore test tells")
	}
	if r.Bool("deletionProtection") {
		s.Notes = append(s.Notes, "deletion protection on")
	}
	in.add(s)
}

// zoneLost says who takes over when a zone is lost: the standby of an instance, another instance of a cluster. A cluster with an
// instance class of its own is a Multi-AZ DB cluster, whose readers RDS makes itself:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts-failover.html
func (in *inventory) zoneLost(r *review.Resource) string {
	instances := len(in.Referring("aws:rds/clusterInstance:ClusterInstance", "clusterIdentifier", r))
	switch {
	case r.Type == clusterType && r.Str("dbClusterInstanceClass") != "":
		return "zone lost: one of its readers takes over by itself, typically in less than 35 seconds"
	case r.Type == clusterType && instances > 1:
		return fmt.Sprintf("zone lost: another of its %d instances takes over by itself", instances)
	case r.Type == clusterType:
		return "zone lost: no second instance to take over"
	case r.Bool("multiAz"):
		return "zone lost: the standby takes over by itself, typically in 60 to 120 seconds"
	}
	return "zone lost: no standby; a restore into another zone"
}

// table is a DynamoDB table. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoveryDescription.html,
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
func (in *inventory) table(r *review.Resource) {
	s := in.open(r, "DynamoDB")
	// DynamoDB encrypts always; the setting decides with whose key.
	s.Encrypted, s.Key = true, awsOwned
	if r.Bool("serverSideEncryption.enabled") {
		s.Key = in.key(r, r.Str("serverSideEncryption.kmsKeyArn"), "the AWS managed key alias/aws/dynamodb")
	}
	if r.Bool("pointInTimeRecovery.enabled") {
		kept := r.Num("pointInTimeRecovery.recoveryPeriodInDays")
		if kept == 0 {
			kept = 35
		}
		s.Backups = append(s.Backups, "point-in-time recovery: any second of the last "+days(kept))
		s.RecoveryPoint = append(s.RecoveryPoint, "in its region: about 5 minutes (point-in-time recovery)")
	}
	regions := []string{}
	for _, replica := range in.Referring("aws:dynamodb/tableReplica:TableReplica", "globalTableArn", r) {
		regions = appendNew(regions, regionOf(replica))
	}
	for _, region := range appendNew(regions, r.Strs("replicas.regionName")...) {
		if region != s.Region {
			s.SecondRegion = append(s.SecondRegion, "a replica in "+region)
			s.RecoveryPoint = append(s.RecoveryPoint, "region lost: what the replica in "+region+" did not get yet, typically a second or less")
			s.RecoveryTime = append(s.RecoveryTime, "region lost: the replica in "+region+" serves at once; pointing the service to it is not declared")
		}
	}
	in.protect(r, &s, "DynamoDB")
	if len(s.Backups) > 0 {
		s.RecoveryTime = append(s.RecoveryTime, "restore: into a new table; how long, a restore test tells")
	}
	if r.Bool("deletionProtectionEnabled") {
		s.Notes = append(s.Notes, "deletion protection on")
	}
	in.add(s)
}

// protect adds what AWS Backup does for a store.
func (in *inventory) protect(r *review.Resource, s *Store, service string) {
	jobs := in.backups(r, service)
	var often, copied *backupJob
	for i := range jobs {
		job := &jobs[i]
		s.Backups = append(s.Backups, job.text)
		often = oftener(often, job)
		for _, region := range job.copies {
			if region != s.Region {
				s.SecondRegion = append(s.SecondRegion, fmt.Sprintf("AWS Backup copies the recovery points of the rule %s to %s", job.rule, region))
				copied = oftener(copied, job)
			}
		}
	}
	if often != nil {
		s.RecoveryPoint = append(s.RecoveryPoint, "from the vault "+often.vaultName+": what changed since the last backup, "+often.every)
	}
	if copied != nil {
		s.RecoveryPoint = append(s.RecoveryPoint, "region lost, from the copied vault: what changed since the last copied backup, "+copied.every)
	}
	s.RestoreTested = append(s.RestoreTested, in.restoreTests(r, service, jobs)...)
}

// oftener is the job that runs more often; a schedule that is not understood is taken for the rarest.
func oftener(a, b *backupJob) *backupJob {
	if a == nil || b.known && (!a.known || b.gap < a.gap) {
		return b
	}
	return a
}
