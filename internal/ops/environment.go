package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// EdgeRegion is where CloudFront's certificates, web ACLs and alarms live.
const EdgeRegion = "us-east-1"

// Settings are what the commands need of a stack file.
type Settings struct {
	Environment    string
	Region         string // aws:region
	RecoveryRegion string // itrack:recovery.region

	Profile           string            // aws:profile
	Roles             []Role            // aws:assumeRole, aws:assumeRoles
	Endpoints         map[string]string // aws:endpoints: address by service, as pulumi-aws names them
	AllowedAccounts   []string          // aws:allowedAccountIds
	ForbiddenAccounts []string          // aws:forbiddenAccountIds

	Domain         string          // itrack:domain
	Services       []string        // names, sorted
	Functions      []string        // names, sorted
	SecretReplica  bool            // itrack:secrets.replica
	SecretRecovery int             // itrack:secrets.recoveryDays
	StateBucket    string          // itrack:github.stateBucket; empty for the default name
	Protections    []string        // settings that are on and keep data from being deleted, as paths
	Migrates       map[string]bool // by service: there is a migrate command
	// Ready is, by service, the path below the API's URL that tells whether the service can work.
	Ready map[string]string
}

// Role is a role to assume.
type Role struct{ ARN, Session, ExternalID string }

// Options shape how AWS is talked to; tests make it quick.
type Options struct {
	Say        Say
	Attempts   int           // of one call, at most; default 6
	MaxBackoff time.Duration // between two attempts, at most; default 20 s
	Pace       time.Duration // if set, the time between two looks of every wait
	Version    string        // of this program, for AWS's logs
}

// Environment is one environment on AWS: signed in, in the right account.
type Environment struct {
	Settings
	Account   string // 12 digits
	Partition string // aws, aws-cn, aws-us-gov
	Caller    string // ARN of who is signed in

	Options
	base aws.Config
}

// Open signs in to AWS as the stack's providers do, and makes sure that it is an account the stack file allows. Nothing is
// asked of AWS before that is known.
func Open(ctx context.Context, settings Settings, options Options) (*Environment, error) {
	env, err := SignIn(ctx, settings, options)
	if err != nil {
		return env, err
	}
	return env, env.CheckAccount()
}

// SignIn is Open for who has to look at the account first: whoever calls it asks CheckAccount before anything else is asked of
// AWS.
func SignIn(ctx context.Context, settings Settings, options Options) (*Environment, error) {
	if options.Attempts == 0 {
		options.Attempts = 6
	}
	if options.MaxBackoff == 0 {
		options.MaxBackoff = retry.DefaultMaxBackoff
	}
	if options.Say == nil {
		options.Say = func(string, ...any) {}
	}
	if settings.Region == "" {
		return nil, &Problem{Kind: Usage, What: "reading Pulumi." + settings.Environment + ".yaml", Why: "it does not set aws:region", Next: "set it, for example aws:region: us-east-1"}
	}
	load := []func(*config.LoadOptions) error{
		config.WithRegion(settings.Region), config.WithAppID("itrack"),
		// What the SDK says by itself (that it falls back to IMDSv1, say) would stand on stderr beside the command's own words,
		// and help nobody; what fails comes back as an error.
		config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = options.Attempts, options.MaxBackoff })
		}),
	}
	if settings.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(settings.Profile))
	}
	base, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, Explain("finding AWS credentials", err)
	}
	env := &Environment{Settings: settings, Options: options, base: base}
	for _, role := range settings.Roles {
		provider := stscreds.NewAssumeRoleProvider(env.Primary().STS(), role.ARN, func(o *stscreds.AssumeRoleOptions) {
			if role.Session != "" {
				o.RoleSessionName = role.Session
			}
			if role.ExternalID != "" {
				o.ExternalID = aws.String(role.ExternalID)
			}
		})
		env.base.Credentials = aws.NewCredentialsCache(provider)
	}
	return env, env.identify(ctx)
}

// identify asks who is signed in.
func (e *Environment) identify(ctx context.Context) error {
	who, err := e.Primary().STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Explain("asking AWS which account this is", err)
	}
	e.Account, e.Caller = aws.ToString(who.Account), aws.ToString(who.Arn)
	e.Partition = "aws"
	if parts := strings.Split(e.Caller, ":"); len(parts) > 1 && parts[1] != "" {
		e.Partition = parts[1]
	}
	return nil
}

// CheckAccount refuses another account than the stack file allows.
func (e *Environment) CheckAccount() error {
	file := "Pulumi." + e.Settings.Environment + ".yaml"
	wrong := &Problem{Kind: Usage, What: "checking the account", Next: "sign in to the right account (AWS_PROFILE, aws:profile, aws:assumeRole), or mend " + file}
	if allowed := e.AllowedAccounts; len(allowed) > 0 && !slices.Contains(allowed, e.Account) {
		wrong.Why = fmt.Sprintf("signed in to %s as %s, but %s allows only aws:allowedAccountIds %s", e.Account, e.Caller, file, strings.Join(allowed, ", "))
		return wrong
	}
	if slices.Contains(e.ForbiddenAccounts, e.Account) {
		wrong.Why = fmt.Sprintf("signed in to %s as %s, which %s forbids (aws:forbiddenAccountIds)", e.Account, e.Caller, file)
		return wrong
	}
	return nil
}

// Every is the time between two looks of a wait.
func (e *Environment) Every(usual time.Duration) time.Duration {
	if e.Pace > 0 {
		return e.Pace
	}
	return usual
}

// Name is itrack-<part>-<environment>, as the stack names things; without a part itrack-<environment>.
func (e *Environment) Name(part string) string {
	if part == "" {
		return "itrack-" + e.Settings.Environment
	}
	return "itrack-" + part + "-" + e.Settings.Environment
}

// Tags are those of everything that the commands make, beside what the stack makes.
func (e *Environment) Tags() map[string]string {
	return map[string]string{"Project": "itrack", "Environment": e.Settings.Environment, "ManagedBy": "itrack"}
}

// Primary, Recovery and Edge are the environment's regions.
func (e *Environment) Primary() Place  { return e.In(e.Region) }
func (e *Environment) Recovery() Place { return e.In(e.RecoveryRegion) }
func (e *Environment) Edge() Place     { return e.In(EdgeRegion) }

// In is AWS in one region.
func (e *Environment) In(region string) Place {
	place := Place{Region: region, Config: e.base.Copy(), endpoints: e.Endpoints}
	place.Config.Region = region
	return place
}
