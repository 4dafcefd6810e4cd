package infra

// Every setting, its default and its bounds stand in this file: the JSON schema that editors use, the validation and
// the documentation are all made from these structs. Pointers mark optional parts: a part is present because its
// setting is, never because of the environment's name.

// Settings is one stack's configuration: the keys of the namespace `itrack` in Pulumi.<stack>.yaml.
type Settings struct {
	// Environment is the stack's name; it is not a key.
	Environment string `json:"-"`
	// Region is `aws:region`, the primary region; it is not a key of this namespace.
	Region string `json:"-"`

	Domain     string                      `json:"domain,omitempty" jsonschema:"format=hostname,pattern=^([a-z0-9-]+\\.)+[a-z]{2\\,}$" jsonschema_description:"Route 53 public zone the stack serves from: the frontend at the zone's apex, the API at api.<domain>. Without it the stack uses AWS's own names and the hop inside the VPC is HTTP."`
	Protect    bool                        `json:"protect,omitempty" jsonschema:"default=false" jsonschema_description:"Protect stateful resources in Pulumi and in AWS: deleting them is refused until this is false and deployed."`
	Tags       map[string]string           `json:"tags,omitempty" jsonschema_description:"Tags on every resource, beside Project, Environment and ManagedBy."`
	Account    AccountSettings             `json:"account,omitempty" jsonschema_description:"What exists once per account or region: made by this stack, or used as made by another."`
	Alerts     AlertsSettings              `json:"alerts,omitempty" jsonschema_description:"Who is told."`
	Archive    ArchiveSettings             `json:"archive,omitempty" jsonschema_description:"The bucket of access logs."`
	Logs       LogSettings                 `json:"logs,omitempty" jsonschema_description:"CloudWatch log groups."`
	Keys       KeySettings                 `json:"keys,omitempty" jsonschema_description:"Customer-managed KMS keys."`
	Recovery   RecoverySettings            `json:"recovery,omitempty" jsonschema_description:"The second region."`
	Secrets    SecretSettings              `json:"secrets,omitempty" jsonschema_description:"The three secrets, as create-secrets makes them."`
	Network    NetworkSettings             `json:"network,omitempty" jsonschema:"required" jsonschema_description:"The VPC."`
	Database   DatabaseSettings            `json:"database,omitempty" jsonschema_description:"MySQL on RDS."`
	Items      ItemsSettings               `json:"items,omitempty" jsonschema_description:"The DynamoDB tables."`
	Balancer   BalancerSettings            `json:"balancer,omitempty" jsonschema_description:"The internal load balancer."`
	Services   map[string]ServiceSettings  `json:"services,omitempty" jsonschema:"required" jsonschema_description:"The services on ECS Fargate, by name."`
	Functions  map[string]FunctionSettings `json:"functions,omitempty" jsonschema_description:"The Lambda functions, by name."`
	Delivery   DeliverySettings            `json:"delivery,omitempty" jsonschema_description:"How a new version takes the traffic."`
	Frontend   FrontendSettings            `json:"frontend,omitempty" jsonschema_description:"S3 and CloudFront."`
	API        APISettings                 `json:"api,omitempty" jsonschema_description:"API Gateway."`
	Waf        WafSettings                 `json:"waf,omitempty" jsonschema_description:"The web ACLs."`
	Bastion    *BastionSettings            `json:"bastion,omitempty" jsonschema_description:"The SSM-only bastion; without this key there is none."`
	Backup     *BackupSettings             `json:"backup,omitempty" jsonschema_description:"AWS Backup; without this key there is none."`
	Monitoring MonitoringSettings          `json:"monitoring,omitempty" jsonschema_description:"Dashboards, objectives, event rules."`
	Budget     *BudgetSettings             `json:"budget,omitempty" jsonschema_description:"The monthly budget and cost anomalies; without this key there is none."`
	Github     *GithubSettings             `json:"github,omitempty" jsonschema_description:"The deploy roles of GitHub Actions; without this key there are none."`
}

// AccountSettings says of each thing that exists once per account or region whether this stack makes it or uses the
// one that is there already (two stacks in one account: the first makes, the second uses).
type AccountSettings struct {
	ApiGatewayRole    string `json:"apiGatewayRole,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"API Gateway's CloudWatch role of the region."`
	GithubProvider    string `json:"githubProvider,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"GitHub's OIDC identity provider."`
	Registry          string `json:"registry,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"ECR replication and scanning."`
	BackupRegion      string `json:"backupRegion,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"AWS Backup's region settings, in both regions."`
	SessionDocument   string `json:"sessionDocument,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"Session Manager's preferences document SSM-SessionManagerRunShell."`
	AnomalyMonitor    string `json:"anomalyMonitor,omitempty" jsonschema:"enum=make,enum=use,default=make" jsonschema_description:"The account's cost anomaly monitor by service (AWS allows one)."`
	AnomalyMonitorArn string `json:"anomalyMonitorArn,omitempty" jsonschema:"pattern=^arn:aws[a-z-]*:ce::[0-9]{12}:anomalymonitor/.+$" jsonschema_description:"The monitor to use; needed where anomalyMonitor is use."`
	CostTags          bool   `json:"costTags,omitempty" jsonschema:"default=false" jsonschema_description:"Activate the cost-allocation tags. AWS does this only in the payer account, a day after a tag first appears."`
	RegistryReplicas  bool   `json:"registryReplicas,omitempty" jsonschema:"default=false" jsonschema_description:"Replicate images to the recovery region."`
}

// AlertsSettings says who is told of an alarm.
type AlertsSettings struct {
	Emails    []string       `json:"emails,omitempty" jsonschema:"maxItems=20,uniqueItems=true,pattern=^[^@ ]+@[^@ ]+\\.[^@ ]+$" jsonschema_description:"Addresses that get every alarm; each confirms by a link in a mail."`
	Slack     *SlackSettings `json:"slack,omitempty" jsonschema_description:"The Slack channel, by AWS Chatbot; the workspace is authorised once by hand."`
	PagerDuty string         `json:"pagerDuty,omitempty" jsonschema:"pattern=^https://events\\.(eu\\.)?pagerduty\\.com/integration/[A-Za-z0-9]+/enqueue$" jsonschema_description:"PagerDuty's CloudWatch integration URL for critical alarms. Set it with pulumi config set --secret --path."`
}

// SlackSettings names a channel.
type SlackSettings struct {
	Workspace string `json:"workspace" jsonschema:"required,pattern=^T[0-9A-Z]{8\\,}$" jsonschema_description:"Slack workspace id, T…"`
	Channel   string `json:"channel" jsonschema:"required,pattern=^[CG][0-9A-Z]{8\\,}$" jsonschema_description:"Slack channel id, C… or G…"`
}

// ArchiveSettings is the log bucket.
type ArchiveSettings struct {
	RetentionDays int `json:"retentionDays,omitempty" jsonschema:"minimum=30,maximum=3650,default=400" jsonschema_description:"Days until an access log is deleted."`
	ColdAfterDays int `json:"coldAfterDays,omitempty" jsonschema:"minimum=30,maximum=3650,default=90" jsonschema_description:"Days until an access log moves to the infrequent-access class."`
}

// LogSettings is the retention of log groups.
type LogSettings struct {
	RetentionDays int `json:"retentionDays,omitempty" jsonschema:"enum=1,enum=3,enum=5,enum=7,enum=14,enum=30,enum=60,enum=90,enum=120,enum=150,enum=180,enum=365,enum=400,enum=545,enum=731,enum=1096,enum=1827,enum=2192,enum=2557,enum=2922,enum=3288,enum=3653,default=30" jsonschema_description:"Days until a log event is deleted; CloudWatch takes only these numbers."`
}

// KeySettings is the life of KMS keys.
type KeySettings struct {
	DeletionWindowDays int `json:"deletionWindowDays,omitempty" jsonschema:"minimum=7,maximum=30,default=30" jsonschema_description:"Days between asking for a key's deletion and its end."`
}

// RecoverySettings is the second region.
type RecoverySettings struct {
	Region string `json:"region,omitempty" jsonschema:"pattern=^[a-z]{2}(-[a-z]+)+-[0-9]$,default=us-west-2" jsonschema_description:"Region of copies and replicas; must differ from aws:region."`
}

// SecretSettings is how `itrack create-secrets` makes the three secrets; the program itself only looks them up.
type SecretSettings struct {
	Replica      bool `json:"replica,omitempty" jsonschema:"default=false" jsonschema_description:"Replicate the secrets to the recovery region; create-secrets does it."`
	RecoveryDays int  `json:"recoveryDays,omitempty" jsonschema:"minimum=7,maximum=30,default=30" jsonschema_description:"Days in which a deleted secret can be restored; its name is taken until then."`
}

// NetworkSettings is the VPC.
type NetworkSettings struct {
	Cidr               string   `json:"cidr" jsonschema:"required,pattern=^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+/[0-9]+$" jsonschema_description:"The VPC's IPv4 range, a private one from /16 to /22."`
	Zones              int      `json:"zones,omitempty" jsonschema:"minimum=2,maximum=4,default=2" jsonschema_description:"Availability zones, each with a public, a private and an isolated subnet."`
	Nat                string   `json:"nat,omitempty" jsonschema:"enum=none,enum=single,enum=perZone,default=single" jsonschema_description:"NAT gateways."`
	InterfaceEndpoints []string `json:"interfaceEndpoints,omitempty" jsonschema:"uniqueItems=true,maxItems=30,pattern=^[a-z0-9.-]+$" jsonschema_description:"Services reached inside the VPC, such as ecr.api; S3 and DynamoDB have their gateway endpoints always."`
	FlowLogDays        int      `json:"flowLogDays,omitempty" jsonschema:"enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=365,enum=400,default=90" jsonschema_description:"Days that flow logs are kept."`
	AllowEgress        []string `json:"allowEgress,omitempty" jsonschema:"maxItems=20,uniqueItems=true,pattern=^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+/[0-9]+$" jsonschema_description:"IPv4 ranges that services and functions may reach by HTTPS through NAT. Empty means every address where there is NAT."`
}

// DatabaseSettings is RDS MySQL.
type DatabaseSettings struct {
	Class               string `json:"class,omitempty" jsonschema:"pattern=^db\\.[a-z0-9]+\\.[a-z0-9]+$,default=db.t4g.micro" jsonschema_description:"Instance class."`
	EngineVersion       string `json:"engineVersion,omitempty" jsonschema:"pattern=^8\\.4(\\.[0-9]+)?$,default=8.4" jsonschema_description:"MySQL version; a major one such as 8.4 follows minor upgrades."`
	Name                string `json:"name,omitempty" jsonschema:"pattern=^[a-z][a-z0-9_]{0\\,62}$,default=itrack" jsonschema_description:"The first schema's name."`
	StorageGb           int    `json:"storageGb,omitempty" jsonschema:"minimum=20,maximum=65536,default=20" jsonschema_description:"gp3 storage in GiB."`
	MaxStorageGb        int    `json:"maxStorageGb,omitempty" jsonschema:"minimum=22,maximum=65536,default=100" jsonschema_description:"GiB up to which storage grows by itself; at least a tenth above storageGb."`
	MultiAz             bool   `json:"multiAz,omitempty" jsonschema:"default=false" jsonschema_description:"A standby in a second zone."`
	BackupDays          int    `json:"backupDays,omitempty" jsonschema:"minimum=1,maximum=35,default=7" jsonschema_description:"Days of automated backups and point-in-time recovery."`
	ReplicateBackups    bool   `json:"replicateBackups,omitempty" jsonschema:"default=false" jsonschema_description:"Replicate automated backups to the recovery region."`
	BackupWindow        string `json:"backupWindow,omitempty" jsonschema:"pattern=^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$,default=03:00-04:00" jsonschema_description:"Daily window in UTC; must not overlap the maintenance window."`
	MaintenanceWindow   string `json:"maintenanceWindow,omitempty" jsonschema:"pattern=^[a-z]{3}:[0-2][0-9]:[0-5][0-9]-[a-z]{3}:[0-2][0-9]:[0-5][0-9]$,default=sun:05:00-sun:06:00" jsonschema_description:"Weekly window in UTC."`
	DeletionProtection  bool   `json:"deletionProtection,omitempty" jsonschema:"default=true" jsonschema_description:"AWS refuses to delete the instance."`
	FinalSnapshot       bool   `json:"finalSnapshot,omitempty" jsonschema:"default=true" jsonschema_description:"Take a snapshot when the instance is deleted."`
	Insights            string `json:"insights,omitempty" jsonschema:"enum=off,enum=standard,enum=advanced,default=standard" jsonschema_description:"Database Insights. advanced keeps 465 days and costs by vCPU; db.t4g.micro and db.t4g.small have none."`
	MonitoringSeconds   int    `json:"monitoringSeconds,omitempty" jsonschema:"enum=1,enum=5,enum=10,enum=15,enum=30,enum=60,default=60" jsonschema_description:"Seconds between two figures of enhanced monitoring."`
	ApplyImmediately    bool   `json:"applyImmediately,omitempty" jsonschema:"default=false" jsonschema_description:"Apply changes at once instead of in the maintenance window."`
	MaxConnectionsAlarm int    `json:"maxConnectionsAlarm,omitempty" jsonschema:"minimum=10,maximum=16000,default=60" jsonschema_description:"Connections at which the warning alarm goes off."`
}

// ItemsSettings is DynamoDB.
type ItemsSettings struct {
	DeletionProtection bool `json:"deletionProtection,omitempty" jsonschema:"default=true" jsonschema_description:"AWS refuses to delete the tables."`
	RecoveryDays       int  `json:"recoveryDays,omitempty" jsonschema:"minimum=1,maximum=35,default=35" jsonschema_description:"Days of point-in-time recovery."`
	Replica            bool `json:"replica,omitempty" jsonschema:"default=false" jsonschema_description:"A replica of both tables in the recovery region."`
}

// BalancerSettings is the internal ALB.
type BalancerSettings struct {
	DeletionProtection bool `json:"deletionProtection,omitempty" jsonschema:"default=true" jsonschema_description:"AWS refuses to delete the load balancer."`
	IdleSeconds        int  `json:"idleSeconds,omitempty" jsonschema:"minimum=1,maximum=4000,default=60" jsonschema_description:"Idle timeout. API Gateway gives up after 29 seconds."`
}

// DeliverySettings is CodeDeploy's traffic shifting.
type DeliverySettings struct {
	Traffic        string `json:"traffic,omitempty" jsonschema:"enum=allAtOnce,enum=canary,enum=linear,default=allAtOnce" jsonschema_description:"How traffic moves to the new version."`
	CanaryPercent  int    `json:"canaryPercent,omitempty" jsonschema:"minimum=1,maximum=99,default=10" jsonschema_description:"Share that moves first (canary) or at every step (linear)."`
	CanaryMinutes  int    `json:"canaryMinutes,omitempty" jsonschema:"minimum=1,maximum=2880,default=10" jsonschema_description:"Minutes between two steps."`
	KeepOldMinutes int    `json:"keepOldMinutes,omitempty" jsonschema:"minimum=0,maximum=2880,default=30" jsonschema_description:"Bake time: minutes that the old version stays after the shift, ready to take the traffic back."`
}
