package apigateway

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/itrack/itrack/internal/rehearsal/aws/acm"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// zones are the hosted zones of regional domain names.
// Source: https://docs.aws.amazon.com/general/latest/gr/apigateway.html
var zones = map[string]string{
	"us-east-1": "Z1UJRXOUMOOFQ8", "us-east-2": "ZOJJZC49E0EPZ", "us-west-1": "Z2MUQ32089INYE", "us-west-2": "Z2OJLYMUO9EFXC",
	"eu-west-1": "ZLY8HYME6SFDD", "eu-central-1": "Z1U9ULNL0V5AJ3",
}

func domainType() catalog.Type {
	return catalog.Type{
		Token: domainToken, Args: (*sdk.DomainNameArgs)(nil), Resource: (*sdk.DomainName)(nil),
		Service: service, Action: "DomainName", Title: "API Gateway Domain Name",
		ARN: "arn:{partition}:apigateway:{region}::/domainnames/{domainName}", ID: catalog.Templated("{domainName}"),
		Name: catalog.Name{Property: "domainName", Scope: catalog.InWorld, Code: "BadRequestException",
			Message: "The domain name you provided already exists: {name}"},
		Blank: []string{"certificateUploadDate", "cloudfrontDomainName", "domainNameId", "ownershipVerificationCertificateArn"},
		Refs: []catalog.Ref{{Path: "regionalCertificateArn", To: []string{acm.CertificateToken}, By: catalog.ByARN, Code: "BadRequestException",
			Message: "Invalid certificate ARN: {value}. Certificate must be in the region of the API", Blocks: true, BlockCode: "ResourceInUseException"}},
		Compute: func(c *catalog.Call) error {
			c.SetNew("regionalDomainName", "d-"+catalog.Letters(10, catalog.LowerDigits)+".execute-api."+c.Region+".amazonaws.com")
			c.Set("regionalZoneId", zones[c.Region])
			// The provider answers with the zone of distributions for every domain name.
			c.Set("cloudfrontZoneId", "Z2FDTNDATAQYW2")
			c.SetNew("securityPolicy", "TLS_1_2")
			return nil
		},
		Source: api + "API_CreateDomainName.html",
	}
}

func mappingType() catalog.Type {
	return catalog.Type{
		Token: "aws:apigateway/basePathMapping:BasePathMapping", Args: (*sdk.BasePathMappingArgs)(nil), Resource: (*sdk.BasePathMapping)(nil),
		Service: service, Action: "BasePathMapping", Title: "API Gateway Base Path Mapping", ID: catalog.Templated("{domainName}/{basePath}"),
		Name: catalog.Name{Code: "ConflictException", Message: "Base path already exists for this domain name"},
		Refs: []catalog.Ref{
			apiRef(),
			{Path: "domainName", To: []string{domainToken}, Code: "NotFoundException", Message: "Invalid domain name identifier specified: {value}", Blocks: true, BlockCode: "ConflictException"},
		},
		Refuse: func(c *catalog.Call) *catalog.Error {
			if stage := c.Str("stageName"); stage != "" && c.Get(stageToken, c.Fill("ags-{restApi}-{stageName}")) == nil {
				return &catalog.Error{Code: "BadRequestException", Property: "stageName", Value: stage, Rule: "reference exists",
					Message: "Invalid stage identifier specified", Source: api + "API_CreateBasePathMapping.html"}
			}
			return nil
		},
		Source: api + "API_CreateBasePathMapping.html",
	}
}
