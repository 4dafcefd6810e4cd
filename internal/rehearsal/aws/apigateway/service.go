// Package apigateway describes API Gateway's REST APIs to the stand-in.
package apigateway

import "github.com/itrack/itrack/internal/rehearsal/catalog"

const (
	apiToken         = "aws:apigateway/restApi:RestApi"
	deploymentToken  = "aws:apigateway/deployment:Deployment"
	stageToken       = "aws:apigateway/stage:Stage"
	domainToken      = "aws:apigateway/domainName:DomainName"
	certificateToken = "aws:apigateway/clientCertificate:ClientCertificate"
	service          = "API Gateway"
	api              = "https://docs.aws.amazon.com/apigateway/latest/api/"
	guide            = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
)

// Service is what the stand-in knows of API Gateway.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		accountType(), restAPIType(), deploymentType(), stageType(), settingsType(), certificateType(), domainType(), mappingType(),
	}}
}

// lower makes ids of n lower-case letters and digits.
func lower(n int) catalog.ID {
	return catalog.Made(func(*catalog.Call) string { return catalog.Letters(n, catalog.LowerDigits) })
}

func apiRef() catalog.Ref {
	return catalog.Ref{Path: "restApi", To: []string{apiToken}, Code: "NotFoundException", Message: "Invalid API identifier specified {value}"}
}
