package infra

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
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

// compressAbove is the size in bytes from which answers are compressed; below it that makes them longer.
const compressAbove = "1024"

// NewApi makes the REST API before the services.
func NewApi(ctx *pulumi.Context, name string, args *ApiArgs, opts ...pulumi.ResourceOption) (*Api, error) {
	component := &Api{Name: args.Placement.Of(limitGeneral, "api")}
	if err := ctx.RegisterComponentResource(ApiType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating api: %w", err)
	}
	// Before anything of the API is made, so that a mistake in a document is told first.
	all, err := mergeDocuments(args.Services, args.Documents, args.Settings)
	if err != nil {
		return nil, err
	}
	link, err := component.link(ctx, args)
	if err != nil {
		return nil, err
	}
	body := component.body(args, all, link)
	api, err := apigateway.NewRestApi(ctx, "api", &apigateway.RestApiArgs{
		Name:        pulumi.String(component.Name),
		Description: pulumi.String(fmt.Sprintf("%s %s: the services", Project, args.Placement.Environment)),
		Body:        body,
		// The document is the whole API: what it no longer names goes.
		PutRestApiMode:         pulumi.String("overwrite"),
		EndpointConfiguration:  &apigateway.RestApiEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
		MinimumCompressionSize: pulumi.String(compressAbove),
		// With a name of our own AWS's name would only be a second way in, without the TLS policy of the first.
		DisableExecuteApiEndpoint: pulumi.Bool(args.Certificates != nil),
	}, pulumi.Parent(component))
	if err != nil {
		return nil, fmt.Errorf("creating the REST API: %w", err)
	}
	component.RestApiId, component.VpcLinkId = api.ID().ToStringOutput(), link.ID().ToStringOutput()
	stage, err := component.stage(ctx, args, api, body)
	if err != nil {
		return nil, err
	}
	if err := component.methodSettings(ctx, args, api, stage, all.limits); err != nil {
		return nil, err
	}
	component.StageName, component.Url = stage.StageName, stage.InvokeUrl
	if args.Certificates != nil {
		if err := component.domain(ctx, args, api, stage); err != nil {
			return nil, err
		}
	}
	if err := component.alarms(ctx, args); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"restApiId": component.RestApiId, "name": pulumi.String(component.Name), "stageName": component.StageName, "url": component.Url,
		"vpcLinkId": component.VpcLinkId, "accessLogGroup": component.AccessLogGroup,
	}); err != nil {
		return nil, fmt.Errorf("creating api: %w", err)
	}
	return component, nil
}

// link makes the VPC link: network interfaces of API Gateway in the private subnets, whose only way out is the
// balancer's production listener.
func (a *Api) link(ctx *pulumi.Context, args *ApiArgs) (*apigatewayv2.VpcLink, error) {
	parent := pulumi.Parent(a)
	group, err := newSecurityGroup(ctx, "api-link", args.Placement, args.Network.VpcId, "VPC link of API Gateway", parent)
	if err != nil {
		return nil, err
	}
	if err := flow(ctx, "api-balancer", "API Gateway to the production listener", group.ID().ToStringOutput(),
		args.Balancer.SecurityGroupId, args.Balancer.ProductionPort, parent); err != nil {
		return nil, err
	}
	link, err := apigatewayv2.NewVpcLink(ctx, "api", &apigatewayv2.VpcLinkArgs{
		Name:             pulumi.String(a.Name),
		SubnetIds:        args.Network.PrivateSubnetIds,
		SecurityGroupIds: pulumi.StringArray{group.ID()},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the VPC link: %w", err)
	}
	return link, nil
}

// body is the API's document.
func (a *Api) body(args *ApiArgs, all *merged, link *apigatewayv2.VpcLink) pulumi.StringOutput {
	title, balancer, further := a.Name, args.Balancer, args.Settings.CorsOrigins
	return DocumentFrom([]pulumi.StringInput{link.ID().ToStringOutput(), balancer.Arn, balancer.Host, args.FrontendOrigin}, func(known []string) (string, error) {
		return apiBody(title, all, apiBackend{
			linkID: known[0], balancerArn: known[1], host: known[2], scheme: balancer.Scheme, port: balancer.ProductionPort,
			cors: cors{origins: corsOrigins(known[3], further), sent: all.sent.list(), shown: all.answered.list()},
		})
	})
}

// stage deploys the document and makes the stage that serves it, with logs, tracing and the web ACL.
func (a *Api) stage(ctx *pulumi.Context, args *ApiArgs, api *apigateway.RestApi, body pulumi.StringOutput) (*apigateway.Stage, error) {
	parent := pulumi.Parent(a)
	deployment, err := apigateway.NewDeployment(ctx, "api", &apigateway.DeploymentArgs{
		RestApi: api.ID(),
		// A deployment is a snapshot: without the trigger a changed document would never be served. It has no StageName:
		// the deployment would make the stage itself, and delete it when the next one replaces it.
		Triggers: pulumi.StringMap{"body": body.ApplyT(func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		}).(pulumi.StringOutput)},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the deployment of the API: %w", err)
	}
	access, execution, err := a.logGroups(ctx, args, api)
	if err != nil {
		return nil, err
	}
	certificate, err := apigateway.NewClientCertificate(ctx, "api", &apigateway.ClientCertificateArgs{
		Description: pulumi.String(a.Name + ": what API Gateway shows to the balancer"),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the API's client certificate: %w", err)
	}
	format, err := accessFormat()
	if err != nil {
		return nil, err
	}
	// AWS makes the execution log group by itself, unencrypted and for ever, if the stage is there first; and it refuses
	// logs where the region has no role for them.
	needs := []pulumi.Resource{execution}
	if args.Account.ApiGatewayRole != nil {
		needs = append(needs, args.Account.ApiGatewayRole)
	}
	stage, err := apigateway.NewStage(ctx, "api", &apigateway.StageArgs{
		RestApi: api.ID(), Deployment: deployment.ID(), StageName: pulumi.String(args.Settings.Stage),
		AccessLogSettings:   &apigateway.StageAccessLogSettingsArgs{DestinationArn: access.Arn, Format: pulumi.String(format)},
		ClientCertificateId: certificate.ID(),
		XrayTracingEnabled:  pulumi.Bool(true),
	}, parent, pulumi.DependsOn(needs))
	if err != nil {
		return nil, fmt.Errorf("creating the stage %s: %w", args.Settings.Stage, err)
	}
	if _, err := wafv2.NewWebAclAssociation(ctx, "api", &wafv2.WebAclAssociationArgs{
		ResourceArn: stage.Arn, WebAclArn: args.Waf.RegionalArn,
	}, parent); err != nil {
		return nil, fmt.Errorf("putting the web ACL before the stage: %w", err)
	}
	return stage, nil
}

// logGroups makes the access log and the execution log, whose name is API Gateway's choice.
func (a *Api) logGroups(ctx *pulumi.Context, args *ApiArgs, api *apigateway.RestApi) (access, execution *cloudwatch.LogGroup, err error) {
	make := func(logical string, physical pulumi.StringInput) (*cloudwatch.LogGroup, error) {
		group, err := cloudwatch.NewLogGroup(ctx, logical, &cloudwatch.LogGroupArgs{
			Name: physical, RetentionInDays: pulumi.Int(args.LogDays), KmsKeyId: args.Keys.Logs.In(args.Placement.Primary).Arn,
		}, pulumi.Parent(a))
		if err != nil {
			return nil, fmt.Errorf("creating the log group %s: %w", logical, err)
		}
		return group, nil
	}
	if access, err = make("api-access", pulumi.String("/aws/apigateway/"+a.Name+"/access")); err != nil {
		return nil, nil, err
	}
	a.AccessLogGroup = access.Name
	execution, err = make("api-execution", pulumi.Sprintf("API-Gateway-Execution-Logs_%s/%s", api.ID(), args.Settings.Stage))
	return access, execution, err
}

// accessFormat is one line of the access log. Neither headers nor query strings: tokens may stand in both. Nor what
// validation found: that quotes values of the body.
func accessFormat() (string, error) {
	fields := map[string]string{}
	for name, variable := range map[string]string{
		"requestId": "requestId", "extendedRequestId": "extendedRequestId", "traceId": "xrayTraceId", "time": "requestTime",
		"epoch": "requestTimeEpoch", "ip": "identity.sourceIp", "userAgent": "identity.userAgent", "method": "httpMethod",
		"path": "path", "route": "resourcePath", "protocol": "protocol", "status": "status", "bytes": "responseLength",
		"latency": "responseLatency", "integrationLatency": "integration.latency", "integrationStatus": "integration.status",
		"integrationError": "integration.error", "error": "error.message", "errorType": "error.responseType",
		"waf": "waf.status", "wafError": "waf.error", "domain": "domainName",
	} {
		fields[name] = "$context." + variable
	}
	return canonicalJSON(fields)
}

// domain serves the stage at api.<domain>.
func (a *Api) domain(ctx *pulumi.Context, args *ApiArgs, api *apigateway.RestApi, stage *apigateway.Stage) error {
	parent, host := pulumi.Parent(a), args.Certificates.ApiHost
	name, err := apigateway.NewDomainName(ctx, "api", &apigateway.DomainNameArgs{
		DomainName: pulumi.String(host), RegionalCertificateArn: args.Certificates.ApiArn, SecurityPolicy: pulumi.String("TLS_1_2"),
		EndpointConfiguration: &apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
	}, parent)
	if err != nil {
		return fmt.Errorf("creating the domain name %s: %w", host, err)
	}
	if _, err := apigateway.NewBasePathMapping(ctx, "api", &apigateway.BasePathMappingArgs{
		DomainName: name.DomainName, RestApi: api.ID(), StageName: stage.StageName,
	}, parent); err != nil {
		return fmt.Errorf("creating the mapping of %s: %w", host, err)
	}
	if _, err := route53.NewRecord(ctx, "api", &route53.RecordArgs{
		ZoneId: args.Certificates.ZoneId, Name: pulumi.String(host), Type: pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name: name.RegionalDomainName, ZoneId: name.RegionalZoneId,
			// One endpoint is behind the name: an empty answer would only hide what is wrong with it.
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, parent); err != nil {
		return fmt.Errorf("creating the record %s: %w", host, err)
	}
	a.Url = pulumi.Sprintf("https://%s", name.DomainName)
	return nil
}
