// Package cloudfront describes CloudFront to the stand-in.
package cloudfront

import (
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	distributionToken = "aws:cloudfront/distribution:Distribution"
	functionToken     = "aws:cloudfront/function:Function"
	controlToken      = "aws:cloudfront/originAccessControl:OriginAccessControl"
	headersToken      = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
	service           = "CloudFront"
	api               = "https://docs.aws.amazon.com/cloudfront/latest/APIReference/"
	guide             = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
	prefix            = "arn:{partition}:cloudfront::{account}:"
)

// Service is what the stand-in knows of CloudFront.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{distributionType(), functionType(), controlType(), headersType(), monitoringType()}}
}

// upperID is the form of CloudFront's ids and etags.
func upperID(*catalog.Call) string { return "E" + catalog.Letters(13, catalog.UpperDigits) }

func functionType() catalog.Type {
	return catalog.Type{
		Token: functionToken, Args: (*sdk.FunctionArgs)(nil), Resource: (*sdk.Function)(nil),
		Service: service, Action: "Function", Title: "CloudFront Function", Global: true,
		ARN: prefix + "function/{name}", ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 64, Scope: catalog.InAccount, Code: "FunctionAlreadyExists",
			Message: "A function with the same name already exists in this account: {name}"},
		Defaults: map[string]any{"publish": true}, Volatile: []string{"etag", "liveStageEtag"},
		Blank: []string{"liveStageEtag"},
		Check: checkFunction,
		Compute: func(c *catalog.Call) error {
			c.Set("etag", upperID(c))
			c.Set("status", "UNPUBLISHED")
			if c.Bool("publish") {
				c.Set("liveStageEtag", upperID(c))
				c.Set("status", "UNASSOCIATED")
			}
			return nil
		},
		Source: api + "API_CreateFunction.html",
	}
}

func checkFunction(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if runtime := c.Str("runtime"); c.Known("runtime") && runtime != "cloudfront-js-1.0" && runtime != "cloudfront-js-2.0" {
		problems = append(problems, catalog.Problem{Property: "runtime", Rule: "allowed values", Value: runtime,
			Message: "must be cloudfront-js-1.0 or cloudfront-js-2.0", Source: api + "API_FunctionConfig.html"})
	}
	code := c.Str("code")
	if c.Known("code") && !strings.Contains(code, "function handler(") {
		problems = append(problems, catalog.Problem{Property: "code", Rule: "code of a function",
			Message: "must have a function handler", Source: guide + "cloudfront-function-restrictions.html"})
	}
	return problems
}

func controlType() catalog.Type {
	return catalog.Type{
		Token: controlToken, Args: (*sdk.OriginAccessControlArgs)(nil), Resource: (*sdk.OriginAccessControl)(nil),
		Service: service, Action: "OriginAccessControl", Title: "CloudFront Origin Access Control", Global: true,
		ARN: prefix + "origin-access-control/{id}", ID: catalog.Made(upperID),
		Name: catalog.Name{Property: "name", Auto: 64, Scope: catalog.InAccount, Code: "OriginAccessControlAlreadyExists",
			Message: "An origin access control with the same name already exists: {name}"},
		Defaults: map[string]any{"description": "Managed by Pulumi"}, Volatile: []string{"etag"},
		Compute: func(c *catalog.Call) error { c.Set("etag", upperID(c)); return nil },
		Source:  api + "API_CreateOriginAccessControl.html",
	}
}

func headersType() catalog.Type {
	return catalog.Type{
		Token: headersToken, Args: (*sdk.ResponseHeadersPolicyArgs)(nil), Resource: (*sdk.ResponseHeadersPolicy)(nil),
		Service: service, Action: "ResponseHeadersPolicy", Title: "CloudFront Response Headers Policy", Global: true,
		ARN: prefix + "response-headers-policy/{id}", ID: catalog.Made(func(*catalog.Call) string { return catalog.UUID() }),
		Name: catalog.Name{Property: "name", Auto: 128, Scope: catalog.InAccount, Code: "ResponseHeadersPolicyAlreadyExists",
			Message: "A response headers policy with the same name already exists: {name}"},
		Volatile: []string{"etag"}, Sets: []string{"customHeadersConfig.items"},
		Compute: func(c *catalog.Call) error { c.Set("etag", upperID(c)); return nil },
		Source:  api + "API_CreateResponseHeadersPolicy.html",
	}
}

func monitoringType() catalog.Type {
	return catalog.Type{
		Token: "aws:cloudfront/monitoringSubscription:MonitoringSubscription", Args: (*sdk.MonitoringSubscriptionArgs)(nil),
		Resource: (*sdk.MonitoringSubscription)(nil), Service: service, Action: "MonitoringSubscription", Title: "CloudFront Monitoring Subscription", Global: true,
		ID: catalog.Templated("{distributionId}"),
		// The provider puts it again to change it.
		Verbs: map[string]string{"update": "CreateMonitoringSubscription"},
		Name:  catalog.Name{Code: "MonitoringSubscriptionAlreadyExists", Message: "A monitoring subscription already exists for the distribution {name}"},
		Refs:  []catalog.Ref{{Path: "distributionId", To: []string{distributionToken}, Code: "NoSuchDistribution", Message: "The specified distribution does not exist: {value}"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			const path = "monitoringSubscription.realtimeMetricsSubscriptionConfig.realtimeMetricsSubscriptionStatus"
			if status := c.Str(path); c.Known(path) && status != "Enabled" && status != "Disabled" {
				return []catalog.Problem{{Property: path, Rule: "allowed values", Value: status, Message: "must be Enabled or Disabled", Source: api + "API_CreateMonitoringSubscription.html"}}
			}
			return nil
		},
		Source: api + "API_CreateMonitoringSubscription.html",
	}
}
