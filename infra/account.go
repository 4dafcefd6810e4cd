package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountType is the type token of Account.
const AccountType = "itrack:infra:Account"

// Account is what exists once per account or region.
type Account struct {
	pulumi.ResourceState

	// ApiGatewayRole: what a stage with logs depends on; nil where another stack made it.
	ApiGatewayRole pulumi.Resource
	// GithubProviderArn: ARN of the OIDC provider.
	GithubProviderArn pulumi.StringOutput
	// AnomalyMonitorArn: ARN of the anomaly monitor; empty where it is neither made nor named.
	AnomalyMonitorArn pulumi.StringOutput
	// SessionDocument: name of the session document.
	SessionDocument pulumi.StringOutput
	// SessionLogGroup: name of the log group of sessions.
	SessionLogGroup pulumi.StringOutput
}

// AccountArgs are what Account is made from.
type AccountArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: make or use.
	Settings AccountSettings
	// Keys: encryption of session logs.
	Keys *Keys
	// LogDays: retention of session logs.
	LogDays int
	// CostTagKeys: tags to activate.
	CostTagKeys []string
}

// NewAccount makes what exists once per account or region.
func NewAccount(ctx *pulumi.Context, name string, args *AccountArgs, opts ...pulumi.ResourceOption) (*Account, error) {
	component := &Account{}
	if err := ctx.RegisterComponentResource(AccountType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating account: %w", err)
	}
	_ = args
	return component, nil
}
