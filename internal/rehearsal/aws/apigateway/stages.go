package apigateway

import (
	"slices"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

func deploymentType() catalog.Type {
	return catalog.Type{
		Token: deploymentToken, Args: (*sdk.DeploymentArgs)(nil), Resource: (*sdk.Deployment)(nil),
		Service: service, Action: "Deployment", Title: "API Gateway Deployment", ID: lower(6), Refs: []catalog.Ref{apiRef()},
		Refuse: func(c *catalog.Call) *catalog.Error {
			if o := c.Get(apiToken, c.Str("restApi")); o != nil && catalog.Str(o.State, "body") == "" {
				return &catalog.Error{Code: "BadRequestException", Property: "restApi", Value: o.ID, Rule: "an API with methods",
					Message: "The REST API doesn't contain any methods", Source: api + "API_CreateDeployment.html"}
			}
			return nil
		},
		Compute: func(c *catalog.Call) error {
			c.SetNew("createdDate", c.Timestamp())
			c.SetNew("executionArn", c.Fill("arn:{partition}:execute-api:{region}:{account}:{restApi}/{stageName}"))
			c.SetNew("invokeUrl", c.Fill("https://{restApi}.execute-api.{region}.amazonaws.com/{stageName}"))
			return nil
		},
		Source: api + "API_CreateDeployment.html",
	}
}

func stageType() catalog.Type {
	return catalog.Type{
		Token: stageToken, Args: (*sdk.StageArgs)(nil), Resource: (*sdk.Stage)(nil),
		Service: service, Action: "Stage", Title: "API Gateway Stage",
		ARN: "arn:{partition}:apigateway:{region}::/restapis/{restApi}/stages/{stageName}", ID: catalog.Templated("ags-{restApi}-{stageName}"),
		Name:  catalog.Name{Property: "stageName", Code: "ConflictException", Message: "Stage already exists"},
		Blank: []string{"webAclArn"},
		Refs: []catalog.Ref{
			apiRef(),
			{Path: "deployment", To: []string{deploymentToken}, Code: "BadRequestException", Message: "Deployment id does not exist: {value}", Blocks: true, BlockCode: "BadRequestException"},
			{Path: "clientCertificateId", To: []string{certificateToken}, Code: "BadRequestException", Message: "Invalid client certificate id: {value}", Blocks: true, BlockCode: "BadRequestException"},
			{Path: "accessLogSettings.destinationArn", To: []string{"aws:cloudwatch/logGroup:LogGroup"}, By: catalog.ByARN, Code: "BadRequestException",
				Message: "Invalid ARN specified in the request. ARNs must start with 'arn:' and include a region: {value}"},
		},
		Compute: func(c *catalog.Call) error {
			c.Set("executionArn", c.Fill("arn:{partition}:execute-api:{region}:{account}:{restApi}/{stageName}"))
			c.Set("invokeUrl", c.Fill("https://{restApi}.execute-api.{region}.amazonaws.com/{stageName}"))
			return nil
		},
		Source: api + "API_CreateStage.html",
	}
}

func settingsType() catalog.Type {
	return catalog.Type{
		Token: "aws:apigateway/methodSettings:MethodSettings", Args: (*sdk.MethodSettingsArgs)(nil), Resource: (*sdk.MethodSettings)(nil),
		Service: service, Title: "API Gateway Method Settings", Verbs: map[string]string{"create": "UpdateStage", "update": "UpdateStage", "delete": "UpdateStage"},
		ID: catalog.Templated("{restApi}-{stageName}-{methodPath}"), Overwrites: true, Refs: []catalog.Ref{apiRef()},
		Check: func(c *catalog.Call) []catalog.Problem {
			if level := c.Str("settings.loggingLevel"); c.Known("settings.loggingLevel") && !slices.Contains([]string{"OFF", "ERROR", "INFO"}, level) {
				return []catalog.Problem{{Property: "settings.loggingLevel", Rule: "allowed values", Value: level, Message: "must be OFF, ERROR or INFO", Source: api + "API_MethodSetting.html"}}
			}
			return nil
		},
		Refuse: func(c *catalog.Call) *catalog.Error {
			if c.Get(stageToken, c.Fill("ags-{restApi}-{stageName}")) == nil {
				return &catalog.Error{Code: "NotFoundException", Property: "stageName", Value: c.Str("stageName"), Rule: "reference exists",
					Message: "Invalid stage identifier specified", Source: api + "API_UpdateStage.html"}
			}
			return nil
		},
		Source: api + "API_MethodSetting.html",
	}
}

func certificateType() catalog.Type {
	return catalog.Type{
		Token: certificateToken, Args: (*sdk.ClientCertificateArgs)(nil), Resource: (*sdk.ClientCertificate)(nil),
		Service: service, Action: "ClientCertificate", Title: "API Gateway Client Certificate", Verbs: map[string]string{"create": "GenerateClientCertificate"},
		ARN: "arn:{partition}:apigateway:{region}::/clientcertificates/{id}", ID: lower(6),
		Compute: func(c *catalog.Call) error {
			c.SetNew("createdDate", c.Timestamp())
			c.SetNew("expirationDate", c.Now.UTC().AddDate(1, 0, 0).Format("2006-01-02T15:04:05Z07:00"))
			c.SetNew("pemEncodedCertificate", "-----BEGIN CERTIFICATE-----\n"+catalog.Letters(64, catalog.MixedDigits)+"\n-----END CERTIFICATE-----")
			return nil
		},
		Source: api + "API_GenerateClientCertificate.html",
	}
}
