// Package lb describes Elastic Load Balancing to the stand-in.
package lb

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	balancerToken = "aws:lb/loadBalancer:LoadBalancer"
	listenerToken = "aws:lb/listener:Listener"
	ruleToken     = "aws:lb/listenerRule:ListenerRule"
	groupToken    = "aws:lb/targetGroup:TargetGroup"
	service       = "Elastic Load Balancing v2"
	api           = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
	prefix        = "arn:{partition}:elasticloadbalancing:{region}:{account}:"
)

// zones are the hosted zones of load balancers' own names.
// Source: https://docs.aws.amazon.com/general/latest/gr/elb.html
var zones = map[string]string{
	"us-east-1": "Z35SXDOTRQ7X7K", "us-east-2": "Z3AADJGX6KTTL2", "us-west-1": "Z368ELLRRE2KJ0", "us-west-2": "Z1H1FL5HABSF5",
	"eu-west-1": "Z32O12XQLNTSW2", "eu-west-2": "ZHURV8PSTC4K8", "eu-central-1": "Z215JYRZR1TBD5", "eu-north-1": "Z23TAZ6LKFMNIO",
	"ap-southeast-1": "Z1LMS91P8CMLE5", "ap-southeast-2": "Z1GM3OXH4ZPM65", "ap-northeast-1": "Z14GRHDCWA56QT", "ca-central-1": "ZQSVJUPU6J1EY",
}

// Service is what the stand-in knows of load balancing.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{balancerType(), listenerType(), ruleType(), groupType()}}
}

// suffixed makes an ARN that ends in 16 hexadecimal digits; the id is the ARN.
func suffixed(resource string) catalog.ID {
	return catalog.Made(func(c *catalog.Call) string {
		c.ARN = c.Fill(prefix+resource) + "/" + catalog.Hex(16)
		return c.ARN
	})
}

// below makes the ARN of a child: its parent's with another first word and 16 more digits.
func below(property, from, to string) catalog.ID {
	return catalog.Made(func(c *catalog.Call) string {
		c.ARN = strings.Replace(c.Str(property), ":"+from+"/", ":"+to+"/", 1) + "/" + catalog.Hex(16)
		return c.ARN
	})
}

func balancerType() catalog.Type {
	return catalog.Type{
		Token: balancerToken, Args: (*sdk.LoadBalancerArgs)(nil), Resource: (*sdk.LoadBalancer)(nil),
		Service: service, Action: "LoadBalancer", Title: "ELBv2 Load Balancer", Verbs: map[string]string{"update": "ModifyLoadBalancerAttributes"},
		ARN: prefix + "loadbalancer/app/{name}/{arnSuffix}", ID: suffixed("loadbalancer/app/{name}"),
		Name: catalog.Name{Property: "name", Auto: 32, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "DuplicateLoadBalancerName",
			Message: "A load balancer with the same name '{name}' exists, but with different settings"},
		Defaults: map[string]any{
			"clientKeepAlive": 3600, "desyncMitigationMode": "defensive", "dropInvalidHeaderFields": false, "enableCrossZoneLoadBalancing": true,
			"enableDeletionProtection": false, "enableHttp2": true, "enableTlsVersionAndCipherSuiteHeaders": false, "enableWafFailOpen": false,
			"enableXffClientPort": false, "idleTimeout": 60, "internal": false, "ipAddressType": "ipv4", "loadBalancerType": "application",
			"preserveHostHeader": false, "xffHeaderProcessingMode": "append", "enableZonalShift": false,
			"accessLogs.enabled": false, "connectionLogs.enabled": false,
		},
		Blank: []string{"namePrefix", "customerOwnedIpv4Pool", "dnsRecordClientRoutingPolicy", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"},
		Sets:  []string{"subnets", "securityGroups"},
		Refs: []catalog.Ref{
			{Path: "subnets", To: []string{"aws:ec2/subnet:Subnet"}, By: catalog.ByID, Code: "SubnetNotFound", Message: "The subnet ID '{value}' is not valid", Blocks: true},
			{Path: "securityGroups", To: []string{"aws:ec2/securityGroup:SecurityGroup"}, By: catalog.ByID, Code: "InvalidSecurityGroup",
				Message: "One or more security groups are invalid: {value}", Blocks: true},
			{Path: "accessLogs.bucket", To: []string{"aws:s3/bucketV2:BucketV2"}, By: catalog.ByID, Code: "InvalidConfigurationRequest",
				Message: "Access Denied for bucket: {value}. Please check S3bucket permission"},
			{Path: "connectionLogs.bucket", To: []string{"aws:s3/bucketV2:BucketV2"}, By: catalog.ByID, Code: "InvalidConfigurationRequest",
				Message: "Access Denied for bucket: {value}. Please check S3bucket permission"},
		},
		Refuse: refuseBalancer, RefuseDelete: protected,
		Compute: func(c *catalog.Call) error {
			c.SetNew("arnSuffix", c.ARN[strings.Index(c.ARN, "loadbalancer/")+len("loadbalancer/"):])
			scheme := ""
			if c.Bool("internal") {
				scheme = "internal-"
			}
			c.SetNew("dnsName", fmt.Sprintf("%s%s-%s.%s.elb.amazonaws.com", scheme, c.Name(), catalog.Letters(10, "0123456789"), c.Region))
			c.SetNew("zoneId", zones[c.Region])
			if subnets := c.Strs("subnets"); len(subnets) > 0 {
				if subnet := c.Get("aws:ec2/subnet:Subnet", subnets[0]); subnet != nil {
					c.SetNew("vpcId", catalog.Str(subnet.State, "vpcId"))
				}
			}
			return nil
		},
	}
}

// refuseBalancer keeps load balancers out of regions whose hosted zone we do not know.
func refuseBalancer(c *catalog.Call) *catalog.Error {
	if zones[c.Region] == "" {
		return &catalog.Error{Code: "UnknownRegion", Property: "name", Value: c.Region, Message: "the stand-in has no hosted zone of load balancers in " + c.Region + ": add it to internal/rehearsal/aws/lb"}
	}
	return nil
}

func protected(c *catalog.Call) *catalog.Error {
	if !c.Bool("enableDeletionProtection") {
		return nil
	}
	return &catalog.Error{Code: "OperationNotPermitted", Property: "enableDeletionProtection", Value: "true", Source: api + "API_DeleteLoadBalancer.html",
		Message: fmt.Sprintf("Load balancer '%s' cannot be deleted because deletion protection is enabled", c.ARN)}
}

func groupRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{groupToken}, By: catalog.ByARN, Code: "TargetGroupNotFound", Message: "Target groups '{value}' not found",
		Blocks: true, BlockCode: "ResourceInUse"}
}

func listenerType() catalog.Type {
	return catalog.Type{
		Token: listenerToken, Args: (*sdk.ListenerArgs)(nil), Resource: (*sdk.Listener)(nil),
		Service: service, Action: "Listener", Title: "ELBv2 Listener",
		ARN: prefix + "listener/app/{loadBalancerArn}/{id}", ID: below("loadBalancerArn", "loadbalancer", "listener"),
		Unique: []catalog.Unique{{Properties: []string{"loadBalancerArn", "port"}, Scope: catalog.InRegion, Code: "DuplicateListener",
			Message: "A listener already exists on this port for this load balancer '{loadBalancerArn}'"}},
		Defaults: map[string]any{"routingHttpResponseServerEnabled": true},
		Computed: []string{"routingHttpResponseServerEnabled", "tcpIdleTimeoutSeconds"},
		Blank: []string{"alpnPolicy", "certificateArn", "sslPolicy",
			"routingHttpRequestXAmznMtlsClientcertHeaderName", "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName", "routingHttpRequestXAmznMtlsClientcertLeafHeaderName",
			"routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName", "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName",
			"routingHttpRequestXAmznMtlsClientcertValidityHeaderName", "routingHttpRequestXAmznTlsCipherSuiteHeaderName", "routingHttpRequestXAmznTlsVersionHeaderName",
			"routingHttpResponseAccessControlAllowCredentialsHeaderValue", "routingHttpResponseAccessControlAllowHeadersHeaderValue",
			"routingHttpResponseAccessControlAllowMethodsHeaderValue", "routingHttpResponseAccessControlAllowOriginHeaderValue",
			"routingHttpResponseAccessControlExposeHeadersHeaderValue", "routingHttpResponseAccessControlMaxAgeHeaderValue",
			"routingHttpResponseContentSecurityPolicyHeaderValue", "routingHttpResponseStrictTransportSecurityHeaderValue",
			"routingHttpResponseXContentTypeOptionsHeaderValue", "routingHttpResponseXFrameOptionsHeaderValue"},
		Refs: []catalog.Ref{
			{Path: "loadBalancerArn", To: []string{balancerToken}, By: catalog.ByARN, Code: "LoadBalancerNotFound", Message: "Load balancer '{value}' not found"},
			{Path: "certificateArn", To: []string{"aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation"}, By: catalog.ByARN,
				Code: "CertificateNotFound", Message: "Certificate '{value}' not found", Blocks: true, BlockCode: "ResourceInUseException"},
			groupRef("defaultActions[].targetGroupArn"),
		},
		Check: checkListener,
	}
}

func checkListener(c *catalog.Call) []catalog.Problem {
	if !c.Known("protocol") {
		return nil
	}
	secure := c.Str("protocol") == "HTTPS"
	if secure != c.Has("certificateArn") {
		return []catalog.Problem{{Property: "certificateArn", Rule: "certificate of a listener", Value: c.Str("protocol"),
			Message: "a certificate must be given for HTTPS and only for it", Source: api + "API_CreateListener.html"}}
	}
	if !secure && c.Has("sslPolicy") {
		return []catalog.Problem{{Property: "sslPolicy", Rule: "TLS policy of a listener", Message: "goes only with HTTPS", Source: api + "API_CreateListener.html"}}
	}
	return nil
}

func ruleType() catalog.Type {
	return catalog.Type{
		Token: ruleToken, Args: (*sdk.ListenerRuleArgs)(nil), Resource: (*sdk.ListenerRule)(nil),
		Service: service, Action: "Rule", Title: "ELBv2 Listener Rule",
		ARN: prefix + "listener-rule/app/{listenerArn}/{id}", ID: below("listenerArn", "listener", "listener-rule"),
		Unique: []catalog.Unique{{Properties: []string{"listenerArn", "priority"}, Scope: catalog.InRegion, Code: "PriorityInUse",
			Message: "Priority '{priority}' is currently in use"}},
		Refs: []catalog.Ref{
			{Path: "listenerArn", To: []string{listenerToken}, By: catalog.ByARN, Code: "ListenerNotFound", Message: "Listener '{value}' not found"},
			groupRef("actions[].targetGroupArn"),
		},
		Sets: []string{"conditions", "conditions[].pathPattern.values"},
		Check: func(c *catalog.Call) []catalog.Problem {
			if value := c.Num("priority"); c.Known("priority") && (value < 1 || value > 50000) {
				return []catalog.Problem{{Property: "priority", Rule: "1 to 50000", Value: fmt.Sprint(value), Message: "must be 1 to 50000", Source: api + "API_CreateRule.html"}}
			}
			return nil
		},
	}
}
