// Package logdelivery describes CloudWatch's delivery of other services' logs to the stand-in. The facts' schema is older
// than these types: everything stands here, from the provider's schema and the API reference.
package logdelivery

import (
	"regexp"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	sourceToken      = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
	destinationToken = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"
	bucketToken      = "aws:s3/bucketV2:BucketV2"
	api              = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
	guide            = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html"
	edgeRegion       = "us-east-1"
	service          = "CloudWatch Logs"
)

// Service is what the stand-in knows of log delivery.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{sourceType(), destinationType(), deliveryType()}}
}

func sourceType() catalog.Type {
	return catalog.Type{
		Token: sourceToken, Args: (*sdk.LogDeliverySourceArgs)(nil), Resource: (*sdk.LogDeliverySource)(nil),
		Service: service, Title: "CloudWatch Logs Delivery Source", Verbs: map[string]string{"create": "PutDeliverySource", "update": "TagResource", "delete": "DeleteDeliverySource"},
		ARN: "arn:{partition}:logs:{region}:{account}:delivery-source:{name}", ID: catalog.Templated("{name}"),
		Name:     catalog.Name{Property: "name", Auto: 60, Code: "ConflictException", Message: "A delivery source with the name {name} already exists"},
		Required: []string{"logType", "resourceArn"}, ForceNew: []string{"logType", "name", "resourceArn"},
		Refs: []catalog.Ref{{Path: "resourceArn", To: []string{"aws:cloudfront/distribution:Distribution"}, By: catalog.ByARN, AnyRegion: true,
			Code: "ResourceNotFoundException", Message: "The resource {value} does not exist"}},
		// A resource has one source of each kind of log.
		Unique: []catalog.Unique{{Properties: []string{"resourceArn", "logType"}, Scope: catalog.InRegion, Code: "ConflictException",
			Message: "This ResourceId has already been used in another Delivery Source in this account: {name}"}},
		Check: checkName, Refuse: refuseSource,
		Compute: func(c *catalog.Call) error {
			c.Set("service", strings.Split(c.Str("resourceArn"), ":")[2])
			return nil
		},
		Source: api + "API_PutDeliverySource.html",
	}
}

func refuseSource(c *catalog.Call) *catalog.Error {
	if c.Region != edgeRegion && strings.Contains(c.Str("resourceArn"), ":cloudfront::") {
		return &catalog.Error{Code: "ValidationException", Property: "resourceArn", Value: c.Region, Rule: "region of a distribution's log source",
			Message: "CloudFront delivery sources must be created in us-east-1", Source: guide}
	}
	return nil
}

func destinationType() catalog.Type {
	return catalog.Type{
		Token: destinationToken, Args: (*sdk.LogDeliveryDestinationArgs)(nil), Resource: (*sdk.LogDeliveryDestination)(nil),
		Service: service, Title: "CloudWatch Logs Delivery Destination",
		Verbs: map[string]string{"create": "PutDeliveryDestination", "update": "PutDeliveryDestination", "delete": "DeleteDeliveryDestination"},
		ARN:   "arn:{partition}:logs:{region}:{account}:delivery-destination:{name}", ID: catalog.Templated("{name}"),
		Name:     catalog.Name{Property: "name", Auto: 60, Code: "ConflictException", Message: "A delivery destination with the name {name} already exists"},
		Required: []string{"deliveryDestinationConfiguration"}, ForceNew: []string{"name", "outputFormat"},
		Check: checkDestination, Refuse: refuseDestination,
		Compute: func(c *catalog.Call) error {
			kind := map[string]string{"s3": "S3", "logs": "CWL", "firehose": "FH"}[strings.Split(c.Str("deliveryDestinationConfiguration.destinationResourceArn"), ":")[2]]
			c.Set("deliveryDestinationType", kind)
			return nil
		},
		Source: api + "API_PutDeliveryDestination.html",
	}
}

func checkDestination(c *catalog.Call) []catalog.Problem {
	problems := checkName(c)
	formats := []string{"json", "plain", "w3c", "raw", "parquet"}
	if format := c.Str("outputFormat"); c.Known("outputFormat") && !slices.Contains(formats, format) {
		problems = append(problems, catalog.Problem{Property: "outputFormat", Rule: "allowed values", Value: format,
			Message: "must be one of " + strings.Join(formats, ", "), Source: api + "API_PutDeliveryDestination.html"})
	}
	return problems
}

// refuseDestination wants the bucket, with or without a prefix behind it, to exist.
func refuseDestination(c *catalog.Call) *catalog.Error {
	arn := c.Str("deliveryDestinationConfiguration.destinationResourceArn")
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[2] == "s3" {
		bucket, _, _ := strings.Cut(parts[5], "/")
		if len(c.Tx.Find(c.Account, "", bucketToken, nameIs(bucket))) == 0 {
			return &catalog.Error{Code: "ResourceNotFoundException", Property: "deliveryDestinationConfiguration.destinationResourceArn", Value: arn, Rule: "reference exists",
				Message: "The specified bucket does not exist", Source: api + "API_PutDeliveryDestination.html"}
		}
	}
	return nil
}

func deliveryType() catalog.Type {
	return catalog.Type{
		Token: "aws:cloudwatch/logDelivery:LogDelivery", Args: (*sdk.LogDeliveryArgs)(nil), Resource: (*sdk.LogDelivery)(nil),
		Service: service, Title: "CloudWatch Logs Delivery", Verbs: map[string]string{"create": "CreateDelivery", "update": "UpdateDeliveryConfiguration", "delete": "DeleteDelivery"},
		ARN: "arn:{partition}:logs:{region}:{account}:delivery:{id}",
		ID:  catalog.Made(func(*catalog.Call) string { return catalog.Letters(16, catalog.MixedDigits) }),
		Unique: []catalog.Unique{{Properties: []string{"deliverySourceName", "deliveryDestinationArn"}, Scope: catalog.InRegion, Code: "ConflictException",
			Message: "A delivery from this source to this destination already exists: {name}"}},
		Required: []string{"deliveryDestinationArn", "deliverySourceName"}, ForceNew: []string{"deliveryDestinationArn", "deliverySourceName"},
		Computed: []string{"fieldDelimiter", "recordFields", "s3DeliveryConfigurations"}, Blank: []string{"fieldDelimiter"},
		Refs: []catalog.Ref{
			{Path: "deliverySourceName", To: []string{sourceToken}, By: catalog.ByName, Code: "ResourceNotFoundException",
				Message: "Delivery source {value} does not exist", Blocks: true, BlockCode: "ConflictException"},
			{Path: "deliveryDestinationArn", To: []string{destinationToken}, By: catalog.ByARN, Code: "ResourceNotFoundException",
				Message: "Delivery destination {value} does not exist", Blocks: true, BlockCode: "ConflictException"},
		},
		Compute: func(c *catalog.Call) error {
			c.SetNew("recordFields", defaultFields())
			c.SetNew("s3DeliveryConfigurations", []any{map[string]any{
				"enableHiveCompatiblePath": false, "suffixPath": "AWSLogs/" + c.Account + "/CloudFront/",
			}})
			return nil
		},
		Source: api + "API_CreateDelivery.html",
	}
}

// defaultFields are the fields of a distribution's access log where none are named.
// Source: CloudFront developer guide, "Log file fields".
func defaultFields() []any {
	var fields []any
	for field := range strings.FieldsSeq(`date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)
		cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken
		x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port
		time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end`) {
		fields = append(fields, field)
	}
	return fields
}

var deliveryName = regexp.MustCompile(`^[\w-]{1,60}$`)

func checkName(c *catalog.Call) []catalog.Problem {
	if name := c.Str("name"); c.Known("name") && !deliveryName.MatchString(name) {
		return []catalog.Problem{{Property: "name", Rule: "name of a delivery", Value: name,
			Message: "must have 1 to 60 letters, digits, hyphens and underscores", Source: api + "API_PutDeliverySource.html"}}
	}
	return nil
}

func nameIs(name string) func(*cloud.Object) bool {
	return func(o *cloud.Object) bool { return o.Name == name }
}
