package awsx

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// vpcArgs are the arguments of awsx's Vpc. What shapes the network must be known when it is declared; the rest may be outputs.
type vpcArgs struct {
	AssignGeneratedIpv6CidrBlock     pulumi.BoolPtrInput   `pulumi:"assignGeneratedIpv6CidrBlock"`
	AvailabilityZoneCidrMask         *int                  `pulumi:"availabilityZoneCidrMask"`
	AvailabilityZoneNames            []string              `pulumi:"availabilityZoneNames"`
	CidrBlock                        *string               `pulumi:"cidrBlock"`
	EnableDnsHostnames               pulumi.BoolPtrInput   `pulumi:"enableDnsHostnames"`
	EnableDnsSupport                 pulumi.BoolPtrInput   `pulumi:"enableDnsSupport"`
	EnableNetworkAddressUsageMetrics pulumi.BoolPtrInput   `pulumi:"enableNetworkAddressUsageMetrics"`
	InstanceTenancy                  pulumi.StringPtrInput `pulumi:"instanceTenancy"`
	Ipv4IpamPoolId                   pulumi.StringPtrInput `pulumi:"ipv4IpamPoolId"`
	Ipv4NetmaskLength                pulumi.IntPtrInput    `pulumi:"ipv4NetmaskLength"`
	Ipv6CidrBlock                    pulumi.StringPtrInput `pulumi:"ipv6CidrBlock"`
	Ipv6CidrBlockNetworkBorderGroup  pulumi.StringPtrInput `pulumi:"ipv6CidrBlockNetworkBorderGroup"`
	Ipv6IpamPoolId                   pulumi.StringPtrInput `pulumi:"ipv6IpamPoolId"`
	Ipv6NetmaskLength                pulumi.IntPtrInput    `pulumi:"ipv6NetmaskLength"`
	NatGateways                      *natArgs              `pulumi:"natGateways"`
	NumberOfAvailabilityZones        *int                  `pulumi:"numberOfAvailabilityZones"`
	SubnetSpecs                      []specArgs            `pulumi:"subnetSpecs"`
	SubnetStrategy                   *string               `pulumi:"subnetStrategy"`
	Tags                             pulumi.StringMapInput `pulumi:"tags"`
	VpcEndpointSpecs                 []endpointArgs        `pulumi:"vpcEndpointSpecs"`
}

type natArgs struct {
	ElasticIpAllocationIds []pulumi.StringInput `pulumi:"elasticIpAllocationIds"`
	Strategy               string               `pulumi:"strategy"`
}

type specArgs struct {
	CidrBlocks []string              `pulumi:"cidrBlocks"`
	CidrMask   *int                  `pulumi:"cidrMask"`
	Name       *string               `pulumi:"name"`
	Size       *int                  `pulumi:"size"`
	Tags       pulumi.StringMapInput `pulumi:"tags"`
	Type       string                `pulumi:"type"`
}

type endpointArgs struct {
	AutoAccept        pulumi.BoolPtrInput     `pulumi:"autoAccept"`
	Policy            pulumi.StringPtrInput   `pulumi:"policy"`
	PrivateDnsEnabled pulumi.BoolPtrInput     `pulumi:"privateDnsEnabled"`
	RouteTableIds     pulumi.StringArrayInput `pulumi:"routeTableIds"`
	SecurityGroupIds  pulumi.StringArrayInput `pulumi:"securityGroupIds"`
	ServiceName       string                  `pulumi:"serviceName"`
	SubnetIds         pulumi.StringArrayInput `pulumi:"subnetIds"`
	Tags              pulumi.StringMapInput   `pulumi:"tags"`
	VpcEndpointType   pulumi.StringPtrInput   `pulumi:"vpcEndpointType"`
}

// readArgs takes over the inputs; one that the component does not have is an error, not silence.
func readArgs(inputs provider.ConstructInputs) (*vpcArgs, error) {
	given, err := inputs.Map()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for field := range reflect.TypeFor[vpcArgs]().Fields() {
		known[field.Tag.Get("pulumi")] = true
	}
	for name := range given {
		if !known[name] {
			return nil, fmt.Errorf("unknown property %s", name)
		}
	}
	args := &vpcArgs{}
	if err := inputs.CopyTo(args); err != nil {
		return nil, err
	}
	return args, args.check()
}

func (a *vpcArgs) natStrategy() string {
	if a.NatGateways == nil || a.NatGateways.Strategy == "" {
		return "OnePerAz"
	}
	return a.NatGateways.Strategy
}

func (a *vpcArgs) check() error {
	if a.SubnetStrategy == nil || *a.SubnetStrategy != "Auto" {
		return errors.New("the stand-in AWS lays out subnets by the strategy Auto alone: set subnetStrategy to Auto (awsx takes Legacy when it is left out)")
	}
	if len(a.AvailabilityZoneNames) > 0 && a.NumberOfAvailabilityZones != nil {
		return errors.New("only one of availabilityZoneNames and numberOfAvailabilityZones can be given")
	}
	if a.Ipv4IpamPoolId != nil || a.Ipv4NetmaskLength != nil {
		return errors.New("the stand-in AWS has no IPAM pools: give cidrBlock")
	}
	for i, s := range a.SubnetSpecs {
		if !slices.Contains([]string{public, private, isolated, unused}, s.Type) {
			return fmt.Errorf("subnetSpecs[%d].type must be Public, Private, Isolated or Unused, got %q", i, s.Type)
		}
	}
	if !slices.Contains([]string{"None", "Single", "OnePerAz"}, a.natStrategy()) {
		return fmt.Errorf("natGateways.strategy must be None, Single or OnePerAz, got %q", a.natStrategy())
	}
	return nil
}
