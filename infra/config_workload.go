package infra

// ServiceSettings is one service on ECS Fargate. A second entry of the map gives the second service everything the
// first one has: repository, roles, security group, target groups, traffic canary, alarms, dashboard row.
type ServiceSettings struct {
	Path               string            `json:"path" jsonschema:"required,pattern=^(/|(/[a-z0-9_-]+)+/?)$" jsonschema_description:"Path prefix that the API and the balancer route to this service, such as /api; / takes what no other service has."`
	Port               int               `json:"port,omitempty" jsonschema:"minimum=1024,maximum=65535,default=8080" jsonschema_description:"TCP port of the container; above 1023, since it does not run as root."`
	HealthPath         string            `json:"healthPath,omitempty" jsonschema:"pattern=^/[A-Za-z0-9/._-]*$,default=/health" jsonschema_description:"Path the target groups ask; answers 200."`
	ReadyPath          string            `json:"readyPath,omitempty" jsonschema:"pattern=^/[A-Za-z0-9/._-]*$" jsonschema_description:"Path that the deployment hook asks before traffic moves, such as one that asks the service's dependencies too; healthPath where left out."`
	HealthCommand      []string          `json:"healthCommand,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Command inside the container that ends with 0 while it is healthy; without it only the target groups ask."`
	Cpu                int               `json:"cpu,omitempty" jsonschema:"enum=256,enum=512,enum=1024,enum=2048,enum=4096,enum=8192,enum=16384,default=256" jsonschema_description:"CPU units; 1024 are one vCPU."`
	Memory             int               `json:"memory,omitempty" jsonschema:"minimum=512,maximum=122880,default=512" jsonschema_description:"Memory in MiB; must go with cpu."`
	Desired            int               `json:"desired,omitempty" jsonschema:"minimum=0,maximum=1000,default=1" jsonschema_description:"Tasks at the first deployment; autoscaling owns the count afterwards."`
	Min                int               `json:"min,omitempty" jsonschema:"minimum=0,maximum=1000,default=1" jsonschema_description:"Fewest tasks."`
	Max                int               `json:"max,omitempty" jsonschema:"minimum=1,maximum=1000,default=4" jsonschema_description:"Most tasks."`
	SpotShare          int               `json:"spotShare,omitempty" jsonschema:"minimum=0,maximum=100,default=0" jsonschema_description:"Percent of tasks on Fargate Spot beyond the first."`
	Secrets            []string          `json:"secrets,omitempty" jsonschema:"uniqueItems=true,maxItems=20,enum=db_password,enum=jwt_secret,enum=api_key" jsonschema_description:"Secrets handed to the task as DB_PASSWORD, JWT_SECRET, API_KEY."`
	Environment        map[string]string `json:"environment,omitempty" jsonschema_description:"Plain environment variables; never a secret."`
	MigrateCommand     []string          `json:"migrateCommand,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Arguments of the image for a one-off task before a deployment; the task has the service's secrets and, where it may reach MySQL, the master secret."`
	Data               DataSettings      `json:"data,omitempty" jsonschema_description:"Which data the service may use."`
	OpenAPI            string            `json:"openapi,omitempty" jsonschema:"pattern=\\.(json|yaml|yml)$" jsonschema_description:"The service's OpenAPI 3.0 document, from the repository's root; without it the API has one proxy route for the path."`
	BootstrapImage     BootstrapSettings `json:"bootstrapImage,omitempty" jsonschema_description:"What runs until the first deployment."`
	CpuTarget          int               `json:"cpuTarget,omitempty" jsonschema:"minimum=10,maximum=90,default=60" jsonschema_description:"Percent of CPU that scaling aims at."`
	MemoryTarget       int               `json:"memoryTarget,omitempty" jsonschema:"minimum=10,maximum=90,default=70" jsonschema_description:"Percent of memory that scaling aims at."`
	RequestsTarget     int               `json:"requestsTarget,omitempty" jsonschema:"minimum=1,maximum=100000,default=600" jsonschema_description:"Requests per task and minute that scaling aims at."`
	GraceSeconds       int               `json:"graceSeconds,omitempty" jsonschema:"minimum=0,maximum=3600,default=60" jsonschema_description:"Seconds after a task's start in which failing health checks do not count."`
	LatencyAlarmMillis int               `json:"latencyAlarmMillis,omitempty" jsonschema:"minimum=10,maximum=29000,default=1000" jsonschema_description:"p99 response time at which the alarm goes off."`
}

// DataSettings says which data a service or function may use.
type DataSettings struct {
	Database bool   `json:"database,omitempty" jsonschema:"default=false" jsonschema_description:"May reach MySQL."`
	Items    string `json:"items,omitempty" jsonschema:"enum=none,enum=read,enum=write,default=none" jsonschema_description:"Right on the items table."`
	History  string `json:"history,omitempty" jsonschema:"enum=none,enum=read,enum=write,default=none" jsonschema_description:"Right on the item history table."`
}

// BootstrapSettings is a small public image that answers the health path until the first deployment.
type BootstrapSettings struct {
	Image   string   `json:"image,omitempty" jsonschema:"pattern=^[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$,default=public.ecr.aws/docker/library/python:3.13-alpine" jsonschema_description:"Image reference with its registry."`
	Command []string `json:"command,omitempty" jsonschema:"maxItems=20" jsonschema_description:"Command that answers 200 on the health path; the default one is a line of Python."`
}

// FunctionSettings is one Lambda function: arm64, provided.al2023, its zip at build/functions/<name>.zip.
type FunctionSettings struct {
	Memory              int               `json:"memory,omitempty" jsonschema:"minimum=128,maximum=10240,default=128" jsonschema_description:"Memory in MiB."`
	Timeout             int               `json:"timeout,omitempty" jsonschema:"minimum=1,maximum=900,default=30" jsonschema_description:"Seconds until Lambda ends an invocation."`
	Vpc                 bool              `json:"vpc,omitempty" jsonschema:"default=false" jsonschema_description:"Run inside the VPC; only where it must, deleting such a function takes up to 45 minutes."`
	Stream              string            `json:"stream,omitempty" jsonschema:"enum=items" jsonschema_description:"The DynamoDB stream that feeds it."`
	Hook                string            `json:"hook,omitempty" jsonschema:"enum=deployment,enum=restore" jsonschema_description:"Called by CodeDeploy when the test listener serves the new version (deployment), or when AWS Backup finished a restore test (restore)."`
	Concurrency         int               `json:"concurrency,omitempty" jsonschema:"minimum=0,maximum=1000,default=0" jsonschema_description:"Reserved concurrency; 0 reserves none."`
	BatchSize           int               `json:"batchSize,omitempty" jsonschema:"minimum=1,maximum=10000,default=100" jsonschema_description:"Records of the stream in one call."`
	Data                DataSettings      `json:"data,omitempty" jsonschema_description:"Which data the function may use."`
	Environment         map[string]string `json:"environment,omitempty" jsonschema_description:"Plain environment variables; never a secret."`
	DurationMillisAlarm int               `json:"durationMillisAlarm,omitempty" jsonschema:"minimum=0,maximum=900000,default=0" jsonschema_description:"p99 duration at which the alarm goes off; 0 means four fifths of timeout."`
}

// FrontendSettings is CloudFront.
type FrontendSettings struct {
	PriceClass   string `json:"priceClass,omitempty" jsonschema:"enum=PriceClass_100,enum=PriceClass_200,enum=PriceClass_All,default=PriceClass_100" jsonschema_description:"Which edge locations serve."`
	Failover     bool   `json:"failover,omitempty" jsonschema:"default=false" jsonschema_description:"Replicate the site to a bucket in the recovery region and fail over to it."`
	KeepDays     int    `json:"keepDays,omitempty" jsonschema:"minimum=1,maximum=3650,default=30" jsonschema_description:"Days that replaced versions of files are kept."`
	ForceDestroy bool   `json:"forceDestroy,omitempty" jsonschema:"default=false" jsonschema_description:"Delete the bucket with what is in it."`
}

// APISettings is API Gateway.
type APISettings struct {
	Stage       string   `json:"stage,omitempty" jsonschema:"pattern=^[a-z][a-z0-9]{0\\,15}$,default=v1" jsonschema_description:"The stage's name, the first path element on AWS's own name."`
	RateLimit   int      `json:"rateLimit,omitempty" jsonschema:"minimum=1,maximum=10000,default=500" jsonschema_description:"Requests per second over all clients."`
	BurstLimit  int      `json:"burstLimit,omitempty" jsonschema:"minimum=1,maximum=5000,default=1000" jsonschema_description:"Requests at once over all clients."`
	CorsOrigins []string `json:"corsOrigins,omitempty" jsonschema:"uniqueItems=true,maxItems=10,pattern=^https?://[^/ ]+$" jsonschema_description:"Further origins that browsers may call from, beside the frontend's."`
	Latency     int      `json:"latencyMillis,omitempty" jsonschema:"minimum=10,maximum=29000,default=1500" jsonschema_description:"p95 latency at which the alarm goes off."`
}

// WafSettings is the two web ACLs.
type WafSettings struct {
	Edge         bool            `json:"edge,omitempty" jsonschema:"default=false" jsonschema_description:"Also an ACL of CloudFront's scope before the frontend."`
	RateLimit    int             `json:"rateLimit,omitempty" jsonschema:"minimum=10,maximum=2000000000,default=10000" jsonschema_description:"Requests per address in 5 minutes."`
	SignInPath   string          `json:"signInPath,omitempty" jsonschema:"pattern=^/[A-Za-z0-9/._-]*$,default=/api/auth/login" jsonschema_description:"Path with a rate limit of its own."`
	SignInLimit  int             `json:"signInLimit,omitempty" jsonschema:"minimum=10,maximum=2000000000,default=100" jsonschema_description:"Requests per address in 5 minutes on that path."`
	MaxBodyBytes int             `json:"maxBodyBytes,omitempty" jsonschema:"minimum=1,maximum=65536,default=65536" jsonschema_description:"Largest body; AWS inspects up to 64 KiB on REST stages."`
	LargePaths   []string        `json:"largePaths,omitempty" jsonschema:"uniqueItems=true,maxItems=5,pattern=^/[A-Za-z0-9/._-]*$" jsonschema_description:"Path prefixes without the size rule, such as uploads."`
	Methods      []string        `json:"methods,omitempty" jsonschema:"uniqueItems=true,maxItems=7,enum=GET,enum=HEAD,enum=POST,enum=PUT,enum=PATCH,enum=DELETE,enum=OPTIONS" jsonschema_description:"Methods let through; all seven by default."`
	Countries    CountrySettings `json:"countries,omitempty" jsonschema_description:"Allow or block by country."`
	Count        []string        `json:"count,omitempty" jsonschema:"uniqueItems=true,maxItems=10,enum=rate,enum=ip-reputation,enum=common,enum=bad-inputs,enum=sql-injection,enum=countries,enum=body-size,enum=methods,enum=sign-in-rate" jsonschema_description:"Rules that only count, to try them before they block."`
	LogDays      int             `json:"logDays,omitempty" jsonschema:"enum=7,enum=14,enum=30,enum=60,enum=90,enum=180,enum=365,enum=400,default=90" jsonschema_description:"Days that WAF logs are kept."`
}

// CountrySettings is the geo rule; an empty list means no rule.
type CountrySettings struct {
	Mode  string   `json:"mode,omitempty" jsonschema:"enum=allow,enum=block,default=block" jsonschema_description:"Let only these through, or keep these out."`
	Codes []string `json:"codes,omitempty" jsonschema:"uniqueItems=true,maxItems=50,pattern=^[A-Z]{2}$" jsonschema_description:"ISO 3166-1 alpha-2 codes."`
}

// BastionSettings is the SSM-only instance.
type BastionSettings struct {
	InstanceType string `json:"instanceType,omitempty" jsonschema:"pattern=^[a-z0-9]+g[a-z]*\\.[a-z0-9]+$,default=t4g.nano" jsonschema_description:"An ARM instance type."`
	DiskGb       int    `json:"diskGb,omitempty" jsonschema:"minimum=8,maximum=100,default=8" jsonschema_description:"Encrypted gp3 disk in GiB."`
}

// BackupSettings is AWS Backup.
type BackupSettings struct {
	DailyDays    int              `json:"dailyDays,omitempty" jsonschema:"minimum=1,maximum=3650,default=7" jsonschema_description:"Days that daily recovery points are kept."`
	WeeklyDays   int              `json:"weeklyDays,omitempty" jsonschema:"minimum=1,maximum=3650,default=35" jsonschema_description:"Days that weekly recovery points are kept."`
	CopyDays     int              `json:"copyDays,omitempty" jsonschema:"minimum=0,maximum=3650,default=0" jsonschema_description:"Days that copies in the recovery region are kept; 0 makes none."`
	Lock         *LockSettings    `json:"lock,omitempty" jsonschema_description:"Vault lock; without this key there is none."`
	RestoreTest  *RestoreSettings `json:"restoreTest,omitempty" jsonschema_description:"AWS Backup restore testing; without this key there is none."`
	ForceDestroy bool             `json:"forceDestroy,omitempty" jsonschema:"default=false" jsonschema_description:"Delete the vaults with their recovery points."`
}

// LockSettings is the vault lock. In governance mode a principal with the right may lift it; in compliance mode nobody
// can, AWS included, once graceDays are over.
type LockSettings struct {
	Mode      string `json:"mode,omitempty" jsonschema:"enum=governance,enum=compliance,default=governance" jsonschema_description:"compliance can never be lifted again after graceDays."`
	MinDays   int    `json:"minDays,omitempty" jsonschema:"minimum=1,maximum=3650,default=7" jsonschema_description:"Fewest days a recovery point must be kept."`
	MaxDays   int    `json:"maxDays,omitempty" jsonschema:"minimum=1,maximum=36500,default=365" jsonschema_description:"Most days a recovery point may be kept."`
	GraceDays int    `json:"graceDays,omitempty" jsonschema:"minimum=3,maximum=36500,default=7" jsonschema_description:"Days until a compliance lock becomes final."`
}

// RestoreSettings is restore testing.
type RestoreSettings struct {
	Schedule string `json:"schedule,omitempty" jsonschema:"pattern=^cron\\(.+\\)$,default=cron(0 6 ? * SUN *)" jsonschema_description:"When a recovery point is restored and queried (UTC)."`
	Hours    int    `json:"hours,omitempty" jsonschema:"minimum=1,maximum=168,default=4" jsonschema_description:"Hours that the restored copy is kept for validation."`
}

// MonitoringSettings is the objective and the dashboards.
type MonitoringSettings struct {
	Availability  float64 `json:"availability,omitempty" jsonschema:"minimum=90,maximum=99.99,default=99.5" jsonschema_description:"Objective: percent of API requests answered without a server error, over 30 days."`
	FloorRequests int     `json:"floorRequests,omitempty" jsonschema:"minimum=1,maximum=1000000,default=100" jsonschema_description:"Requests in a window below which a burn rate says nothing."`
	StoppedTasks  bool    `json:"stoppedTasks,omitempty" jsonschema:"default=true" jsonschema_description:"Tell of tasks that stop for another reason than scaling or deployment."`
}

// BudgetSettings is the money.
type BudgetSettings struct {
	MonthlyUsd      int `json:"monthlyUsd" jsonschema:"required,minimum=1,maximum=10000000" jsonschema_description:"Budget a month in US dollars."`
	ForecastPercent int `json:"forecastPercent,omitempty" jsonschema:"minimum=1,maximum=1000,default=100" jsonschema_description:"Percent of the budget at which a forecast warns."`
	AnomalyUsd      int `json:"anomalyUsd,omitempty" jsonschema:"minimum=1,maximum=1000000,default=50" jsonschema_description:"Unexpected cost in US dollars that is told."`
}

// GithubSettings is the pipeline's identity.
type GithubSettings struct {
	Repository  string `json:"repository" jsonschema:"required,pattern=^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$" jsonschema_description:"owner/name on GitHub."`
	StateBucket string `json:"stateBucket,omitempty" jsonschema:"pattern=^[a-z0-9][a-z0-9.-]{1\\,61}[a-z0-9]$" jsonschema_description:"The Pulumi state bucket; by default itrack-pulumi-state-<account>-<environment>, as setup-state makes it."`
}
