package edge

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// The types that the area's rules speak of.
const (
	aclToken          = "aws:wafv2/webAcl:WebAcl"
	aclLoggingToken   = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
	associationToken  = "aws:wafv2/webAclAssociation:WebAclAssociation"
	distributionToken = "aws:cloudfront/distribution:Distribution"
	functionToken     = "aws:cloudfront/function:Function"
	headersToken      = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
	certificateToken  = "aws:acm/certificate:Certificate"
	validationToken   = "aws:acm/certificateValidation:CertificateValidation"
	recordToken       = "aws:route53/record:Record"
	apiToken          = "aws:apigateway/restApi:RestApi"
	deploymentToken   = "aws:apigateway/deployment:Deployment"
	stageToken        = "aws:apigateway/stage:Stage"
	settingsToken     = "aws:apigateway/methodSettings:MethodSettings"
	accountToken      = "aws:apigateway/account:Account"
	domainToken       = "aws:apigateway/domainName:DomainName"
	mappingToken      = "aws:apigateway/basePathMapping:BasePathMapping"
	linkToken         = "aws:apigatewayv2/vpcLink:VpcLink"
	balancerToken     = "aws:lb/loadBalancer:LoadBalancer"
	listenerToken     = "aws:lb/listener:Listener"
	listenerRuleToken = "aws:lb/listenerRule:ListenerRule"
	logSourceToken    = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
)

// edgeRegion is where everything lives that CloudFront uses.
const edgeRegion = "us-east-1"

// props are the properties of a case.
type props = map[string]any

// domain are the settings of a stack that has its own names.
var domain = []string{"itrack:domain=itrack.example.com"}

// objects are the blocks at a path that are known entirely.
func objects(c *catalog.Call, path string) []catalog.Leaf {
	var found []catalog.Leaf
	for _, leaf := range catalog.Leaves(c.State, path) {
		if leaf.Value.IsObject() && !leaf.Value.ContainsUnknowns() {
			found = append(found, leaf)
		}
	}
	return found
}

// texts are the strings at a path with the place of each; a list's elements one by one.
func texts(props resource.PropertyMap, path string) []catalog.Leaf {
	var found []catalog.Leaf
	for _, leaf := range catalog.Leaves(props, strings.TrimSuffix(path, "[]")+"[]") {
		if leaf.Value.IsString() {
			found = append(found, leaf)
		}
	}
	return found
}

// allowed makes the check that every text at a path is one of some values.
func allowed(path string, values ...string) func(*catalog.Call) *rule.Finding {
	known := map[string]bool{}
	for _, value := range values {
		known[value] = true
	}
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range texts(c.State, path) {
			if value := leaf.Value.StringValue(); !known[value] {
				return rule.Find(leaf.Path, value, "%s is not one of %s", value, strings.Join(values, ", "))
			}
		}
		return nil
	}
}

// within makes the check that every number at a path lies between two bounds.
func within(path string, least, most float64) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range catalog.Leaves(c.State, path) {
			if leaf.Value.IsNumber() && (leaf.Value.NumberValue() < least || leaf.Value.NumberValue() > most) {
				return rule.Find(leaf.Path, catalog.Text(leaf.Value), "The value must be between %.0f and %.0f", least, most)
			}
		}
		return nil
	}
}

// part is the nth field of an ARN, counted from 0; "" where there is none.
func part(arn string, n int) string {
	if fields := strings.SplitN(arn, ":", 6); len(fields) == 6 {
		return fields[n]
	}
	return ""
}

// certificateCovers tells whether a certificate has a name or the wildcard that stands for it.
func certificateCovers(certificate *cloud.Object, name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	for _, covered := range append(catalog.Strs(certificate.State, "subjectAlternativeNames"), catalog.Str(certificate.State, "domainName")) {
		if covered == name || covered == "*."+parent {
			return true
		}
	}
	return false
}

// certificateThing is a certificate of a case's world.
func certificateThing(arn, name string) rule.Thing {
	return rule.Thing{Type: certificateToken, ID: arn, ARN: arn, State: props{"arn": arn, "domainName": name, "subjectAlternativeNames": []any{name}}}
}

// farAway moves an ARN to another region. In a run with other faults the ARN's resource may have been refused itself: then
// there is no text, and the edited resource isn't made either.
func farAway(arn string) string {
	if arn == "" {
		return ""
	}
	return rule.Replace(":us-east-1:", ":us-west-2:")(arn)
}
