package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ApiType is the type token of Api.
const ApiType = "itrack:infra:Api"

// Api is the REST API before the services.
type Api struct {
	pulumi.ResourceState

	// RestApiId: id.
	RestApiId pulumi.StringOutput
	// Name: metric dimension ApiName.
	Name string
	// StageName: stage.
	StageName pulumi.StringOutput
	// Url: where clients call, without a slash at the end.
	Url pulumi.StringOutput
	// VpcLinkId: id.
	VpcLinkId pulumi.StringOutput
	// AccessLogGroup: log group.
	AccessLogGroup pulumi.StringOutput
}

// ApiArgs are what Api is made from.
type ApiArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: stage and throttling.
	Settings APISettings
	// Services: the services.
	Services map[string]ServiceSettings
	// Documents: OpenAPI 3.0 document by service, JSON or YAML; missing where a service has none.
	Documents map[string][]byte
	// Network: subnets of the VPC link.
	Network *Network
	// Balancer: where requests go.
	Balancer *Balancer
	// Certificates: own name; nil means AWS's.
	Certificates *Certificates
	// Waf: regional ACL.
	Waf *Waf
	// Account: CloudWatch role.
	Account *Account
	// FrontendOrigin: CORS.
	FrontendOrigin pulumi.StringOutput
	// Keys: encryption of logs.
	Keys *Keys
	// LogDays: retention.
	LogDays int
	// Alerts: who is told.
	Alerts *Alerts
}

// NewApi makes the REST API before the services.
func NewApi(ctx *pulumi.Context, name string, args *ApiArgs, opts ...pulumi.ResourceOption) (*Api, error) {
	component := &Api{}
	if err := ctx.RegisterComponentResource(ApiType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating api: %w", err)
	}
	_ = args
	return component, nil
}
