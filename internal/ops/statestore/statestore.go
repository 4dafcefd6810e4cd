// Package statestore makes and repairs what keeps Pulumi's state of an environment: a bucket and a key.
package statestore

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/itrack/itrack/internal/ops"
)

// State is what was found of one property, and what came of it.
type State string

// The states. A run without changes leaves every step Kept; a dry run gives Kept, ToMake and ToRepair alone.
const (
	Kept     State = "kept"
	Made     State = "made"
	Repaired State = "repaired"
	ToMake   State = "toMake"
	ToRepair State = "toRepair"
)

// Step is one property of the bucket or the key.
type Step struct {
	What   string `json:"what"` // such as "bucket: versioning"
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// Report is the state store of an environment as it is now, or, in a dry run, as it would be.
type Report struct {
	Environment string `json:"environment"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	DryRun      bool   `json:"dryRun"`

	Bucket   string `json:"bucket"`
	KeyAlias string `json:"keyAlias"`
	KeyARN   string `json:"keyArn,omitempty"` // empty in a dry run without a key
	// Backend is what `pulumi login` takes, SecretsProvider what the stack file names.
	Backend         string `json:"backend"`
	SecretsProvider string `json:"secretsProvider,omitempty"`

	Steps []Step `json:"steps"`
}

// Differences are the steps that changed something or would.
func (r Report) Differences() []Step {
	var steps []Step
	for _, step := range r.Steps {
		if step.State != Kept {
			steps = append(steps, step)
		}
	}
	return steps
}

// BucketName is the name of an environment's state bucket: the one that itrack:github.stateBucket gives, or the default.
func BucketName(env *ops.Environment) string {
	if env.StateBucket != "" {
		return env.StateBucket
	}
	return DefaultBucketName(env)
}

// DefaultBucketName is the name that the deploy role may use unless itrack:github.stateBucket gives another.
func DefaultBucketName(env *ops.Environment) string {
	return fmt.Sprintf("itrack-pulumi-state-%s-%s", env.Account, env.Settings.Environment)
}

// KeyAlias is the name of the key of an environment's secrets in the state and the stack file.
func KeyAlias(env *ops.Environment) string { return "alias/itrack-pulumi-" + env.Settings.Environment }

// Backend is the address of the state, as `pulumi login` takes it.
func Backend(env *ops.Environment) string {
	return fmt.Sprintf("s3://%s?region=%s&awssdk=v2", BucketName(env), env.Region)
}

// bucketNames are the names that S3 takes, dots aside: a name with a dot has no certificate of its own.
var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// setup is one run.
type setup struct {
	*ops.Environment
	bucket string
	report Report
	// made: the key is this run's own. KMS does not show a new key everywhere at once.
	made bool
}

// Setup makes what is missing and repairs what differs. Each property is compared before it is set, so that a second run
// changes nothing, and a run that was killed is completed by the next one. What is stricter than asked for stays.
func Setup(ctx context.Context, env *ops.Environment) (Report, error) { return run(ctx, env, false) }

// Inspect is Setup that only looks.
func Inspect(ctx context.Context, env *ops.Environment) (Report, error) { return run(ctx, env, true) }

func run(ctx context.Context, env *ops.Environment, dry bool) (Report, error) {
	s := &setup{Environment: env, bucket: BucketName(env)}
	s.report = Report{
		Environment: env.Settings.Environment, Account: env.Account, Region: env.Region, DryRun: dry,
		Bucket: s.bucket, KeyAlias: KeyAlias(env), Backend: Backend(env), Steps: []Step{},
	}
	if !bucketNames.MatchString(s.bucket) {
		return s.report, &ops.Problem{Kind: ops.Usage, What: "naming the state bucket " + s.bucket,
			Why: "a bucket's name has 3 to 63 lower-case letters, digits and hyphens", Next: "set itrack:github.stateBucket in Pulumi." + env.Settings.Environment + ".yaml"}
	}
	// Whether the bucket can be had is known before anything is made.
	exists, err := s.findBucket(ctx)
	if err != nil {
		return s.report, err
	}
	if exists {
		if err := s.mayUseBucket(ctx); err != nil {
			return s.report, err
		}
	}
	if err := s.key(ctx); err != nil {
		return s.report, err
	}
	if s.report.KeyARN != "" {
		s.report.SecretsProvider = fmt.Sprintf("awskms:///%s?region=%s&awssdk=v2", s.report.KeyARN, env.Region)
	}
	return s.report, s.setupBucket(ctx, exists)
}

// ensure records a property, and sets it where it is not as it has to be. An absent one is made, another one repaired.
func (s *setup) ensure(ctx context.Context, what string, good, absent bool, detail string, set func() error) error {
	step := Step{What: what, State: Kept, Detail: detail}
	switch {
	case good:
	case s.report.DryRun && absent:
		step.State = ToMake
	case s.report.DryRun:
		step.State = ToRepair
	default:
		if err := s.outlast(ctx, "setting "+what, s.unsettled, set); err != nil {
			return ops.Explain("setting "+what+" of the state store", err)
		}
		step.State = Repaired
		if absent {
			step.State = Made
		}
		s.Say("%s: %s", step.What, step.State)
	}
	s.report.Steps = append(s.report.Steps, step)
	return nil
}

const (
	// settling is how long AWS may take until what was made can be used everywhere, and until another run's call is over.
	settling = 2 * time.Minute
	again    = "run this again: it goes on where it stopped"
)

// outlast repeats a call while its error is one that passes by itself.
func (s *setup) outlast(ctx context.Context, what string, passes func(error) bool, call func() error) error {
	wait := ops.Wait{For: what, Limit: settling, Every: s.Every(2 * time.Second), Say: s.Say, Next: again}
	return wait.Until(ctx, func(context.Context) (bool, string, error) {
		err := call()
		if passes(err) {
			return false, "AWS is not ready for it: " + err.Error(), nil
		}
		return err == nil, "", err
	})
}

// inConflict: another call changes the same bucket, or it was deleted a moment ago.
func inConflict(err error) bool {
	return ops.IsCode(err, "OperationAborted", "ConditionalRequestConflict")
}

// unsettled: inConflict, or the key that this run has made is not known everywhere yet.
func (s *setup) unsettled(err error) bool {
	return inConflict(err) || s.made && ops.IsCode(err, "NotFoundException")
}

// EngineEnv are variables with which the pulumi command reaches the bucket and the key as this program does, whatever profile
// or role the stack file names. They hold credentials: they are for a child's environment and nothing else.
func EngineEnv(ctx context.Context, env *ops.Environment) (map[string]string, error) {
	credentials, err := env.Primary().Config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, ops.Explain("handing the AWS credentials to pulumi", err)
	}
	variables := map[string]string{
		"AWS_ACCESS_KEY_ID": credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN": credentials.SessionToken, "AWS_REGION": env.Region, "AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "",
	}
	maps.Copy(variables, EngineEndpoints(env))
	return variables, nil
}

// EngineEndpoints are variables with which the pulumi command finds bucket and key where the stack file has other endpoints than
// AWS's own.
func EngineEndpoints(env *ops.Environment) map[string]string {
	variables := map[string]string{}
	for service, variable := range map[string]string{"s3": "AWS_ENDPOINT_URL_S3", "kms": "AWS_ENDPOINT_URL_KMS"} {
		if address := env.Endpoints[service]; address != "" {
			variables[variable] = address
		}
	}
	return variables
}

// Holds tells whether the environment's bucket has the state of its stack.
func Holds(ctx context.Context, env *ops.Environment) (bool, error) {
	bucket, key := BucketName(env), ".pulumi/stacks/itrack/"+env.Settings.Environment+".json"
	_, err := env.Primary().S3().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &env.Account})
	if ops.IsMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, ops.Explain("looking for the state of "+env.Settings.Environment+" in the bucket "+bucket, err)
	}
	return true, nil
}

// once keeps the SDK from repeating a call whose answer was lost, where a second one would make a second thing.
func once() aws.Retryer { return aws.NopRetryer{} }
