package network

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const endpointPage = api + "API_CreateVpcEndpoint.html"

// endpoints are the rules about an endpoint's own inputs.
func endpoints() []rule.Rule {
	return []rule.Rule{{
		ID: "network-endpoint-service-region", Types: []string{endpointToken}, Code: "InvalidServiceName", Page: endpointPage,
		Says:     "An endpoint's service is one of the endpoint's region.",
		Fix:      "Put the provider's region into the service name, or give serviceRegion where the service is offered across regions.",
		Foreseen: true, Check: endpointRegion,
		Pass: rule.Case{Inputs: in{"serviceName": "com.amazonaws.us-east-1.ecr.api"}},
		Fail: rule.Case{Inputs: in{"serviceName": "com.amazonaws.eu-west-1.ecr.api"}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ecr.api", Set: in{"serviceName": "com.amazonaws.eu-west-1.ecr.api"}},
	}, {
		ID: "network-endpoint-gateway-service", Types: []string{endpointToken}, Code: "InvalidParameter", Page: link + "gateway-endpoints.html",
		Says:     "Gateway endpoints exist for S3 and DynamoDB alone.",
		Fix:      "Make the endpoint an Interface endpoint.",
		Foreseen: true, Check: gatewayService,
		Pass: rule.Case{Inputs: in{"serviceName": s3Service, "vpcEndpointType": "Gateway"}},
		Fail: rule.Case{Inputs: in{"serviceName": ssmService, "vpcEndpointType": "Gateway"}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-dynamodb", Set: in{"serviceName": ssmService}},
	}, {
		ID: "network-endpoint-gateway-subnets", Types: []string{endpointToken}, Code: "InvalidParameter", Page: endpointPage,
		Says:     "A gateway endpoint takes route tables: no subnets, security groups or private DNS.",
		Fix:      "Drop subnetIds, securityGroupIds and privateDnsEnabled, or make it an Interface endpoint.",
		Foreseen: true, Check: gatewayInterfaces,
		Pass: rule.Case{Inputs: in{"vpcEndpointType": "Gateway", "routeTableIds": []any{tableB}}},
		Fail: rule.Case{Inputs: in{"vpcEndpointType": "Gateway", "subnetIds": []any{subnetB1}}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-s3", Set: in{"privateDnsEnabled": true}},
	}, {
		ID: "network-endpoint-interface-tables", Types: []string{endpointToken}, Code: "InvalidParameter", Page: endpointPage,
		Says:     "An interface endpoint takes subnets, not route tables.",
		Fix:      "Drop routeTableIds and give subnetIds, one subnet per zone.",
		Foreseen: true, Check: interfaceTables,
		Pass: rule.Case{Inputs: in{"vpcEndpointType": "Interface", "subnetIds": []any{subnetB1}}},
		Fail: rule.Case{Inputs: in{"vpcEndpointType": "Interface", "routeTableIds": []any{tableB}}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ssm", Set: in{"routeTableIds": []any{tableB}}},
	}}
}

func endpointRegion(c *catalog.Call) *rule.Finding {
	name := c.Str("serviceName")
	if !strings.HasPrefix(name, "com.amazonaws.") || strings.HasPrefix(name, "com.amazonaws.vpce.") || c.Has("serviceRegion") ||
		strings.HasPrefix(name, "com.amazonaws."+c.Region+".") || strings.HasPrefix(name, "com.amazonaws.s3-global.") {
		return nil
	}
	return rule.Find("serviceName", name, "The Vpc Endpoint Service '%s' does not exist", name)
}

func gatewayService(c *catalog.Call) *rule.Finding {
	name := c.Str("serviceName")
	short, ours := strings.CutPrefix(name, "com.amazonaws."+c.Region+".")
	if c.Str("vpcEndpointType") != "Gateway" || !ours || slices.Contains([]string{"s3", "dynamodb", "s3express"}, short) {
		return nil
	}
	return rule.Find("vpcEndpointType", "Gateway", "Endpoint type (Gateway) does not match available service types ([Interface]) of %s", name)
}

func gatewayInterfaces(c *catalog.Call) *rule.Finding {
	if c.Str("vpcEndpointType") != "Gateway" {
		return nil
	}
	switch {
	case len(c.Strs("subnetIds")) > 0:
		return rule.Find("subnetIds", strings.Join(c.Strs("subnetIds"), ", "), "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
	case len(c.Strs("securityGroupIds")) > 0:
		return rule.Find("securityGroupIds", strings.Join(c.Strs("securityGroupIds"), ", "), "Security groups are only supported for Interface type VPC Endpoints.")
	case c.Bool("privateDnsEnabled"):
		return rule.Find("privateDnsEnabled", "true", "Private DNS can only be enabled for Interface type VPC Endpoints.")
	}
	return nil
}

func interfaceTables(c *catalog.Call) *rule.Finding {
	if c.Str("vpcEndpointType") != "Interface" || len(c.Strs("routeTableIds")) == 0 {
		return nil
	}
	return rule.Find("routeTableIds", strings.Join(c.Strs("routeTableIds"), ", "), "Route table IDs are only supported for Gateway type VPC Endpoints.")
}
