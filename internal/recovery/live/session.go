package live

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/recovery"
)

// Finder signs in to AWS as the stack's providers do and looks there. It also tells the account it is signed in to.
func Finder(ctx context.Context, access engine.Access) (recovery.Finder, string, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(access.Region),
		// What the SDK says by itself (that it falls back to IMDSv1) helps nobody here; what fails comes back as an error.
		config.WithLogger(logging.Nop{}),
	}
	if access.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(access.Profile))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, "", fmt.Errorf("finding AWS credentials: %w", err)
	}
	lister := Lister{Settings: settings, Endpoints: access.Endpoints}
	for _, role := range access.Roles {
		provider := stscreds.NewAssumeRoleProvider(lister.signIn(), role.ARN, func(o *stscreds.AssumeRoleOptions) {
			if role.Session != "" {
				o.RoleSessionName = role.Session
			}
			o.ExternalID = optional(role.ExternalID)
		})
		lister.Settings.Credentials = aws.NewCredentialsCache(provider)
	}
	who, err := lister.signIn().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, "", fmt.Errorf("asking AWS which account this is (`aws sts get-caller-identity` does the same): %w", err)
	}
	return recovery.New(lister), aws.ToString(who.Account), nil
}

// signIn is the client that tells who is signed in, and assumes roles.
func (l Lister) signIn() *sts.Client { return sts.NewFromConfig(l.at("sts", "")) }
