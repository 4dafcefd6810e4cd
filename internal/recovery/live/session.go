package live

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/recovery"
)

// Finder signs in to AWS as the stack's providers do and looks there. It also tells the account it is signed in to.
func Finder(ctx context.Context, access engine.Access) (recovery.Finder, string, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(access.Region)}
	if access.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(access.Profile))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, "", fmt.Errorf("finding AWS credentials: %w", err)
	}
	for _, role := range access.Roles {
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(settings), role.ARN, func(o *stscreds.AssumeRoleOptions) {
			if role.Session != "" {
				o.RoleSessionName = role.Session
			}
			o.ExternalID = optional(role.ExternalID)
		})
		settings.Credentials = aws.NewCredentialsCache(provider)
	}
	who, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, "", fmt.Errorf("asking AWS which account this is (`aws sts get-caller-identity` does the same): %w", err)
	}
	return recovery.New(Lister{settings}), aws.ToString(who.Account), nil
}
