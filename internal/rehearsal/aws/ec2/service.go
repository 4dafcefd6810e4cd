// Package ec2 describes EC2's networks to the stand-in: VPCs and what is in them.
package ec2

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Tokens that references name.
const (
	vpcToken           = "aws:ec2/vpc:Vpc"
	subnetToken        = "aws:ec2/subnet:Subnet"
	routeTableToken    = "aws:ec2/routeTable:RouteTable"
	gatewayToken       = "aws:ec2/internetGateway:InternetGateway"
	eipToken           = "aws:ec2/eip:Eip"
	natToken           = "aws:ec2/natGateway:NatGateway"
	endpointToken      = "aws:ec2/vpcEndpoint:VpcEndpoint"
	securityGroupToken = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupToken  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	api                = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
)

// Service is what the stand-in knows of EC2's networks.
func Service() catalog.Service {
	return catalog.Service{
		Types:     append(append(append(networkTypes(), routingTypes()...), groupTypes()...), launchTemplateTypes()...),
		Functions: functions(),
	}
}

// arn is the template of an EC2 ARN.
func arn(kind string) string { return "arn:{partition}:ec2:{region}:{account}:" + kind + "/{id}" }

// vpcRef is the reference that almost everything has: the VPC must exist, and cannot go before what is in it.
func vpcRef() catalog.Ref {
	return catalog.Ref{Path: "vpcId", To: []string{vpcToken}, Code: "InvalidVpcID.NotFound",
		Message: "The vpc ID '{value}' does not exist", Blocks: true}
}

func subnetRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{subnetToken}, Code: "InvalidSubnetID.NotFound",
		Message: "The subnet ID '{value}' does not exist", Blocks: true}
}

func groupRef(path string, blocks bool) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{securityGroupToken, defaultGroupToken}, Code: "InvalidGroup.NotFound",
		Message: "The security group '{value}' does not exist", Blocks: blocks}
}

func tableRef(path string, blocks bool) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{routeTableToken}, Code: "InvalidRouteTableID.NotFound",
		Message: "The routeTable ID '{value}' does not exist", Blocks: blocks}
}

// addressIn is some address of a range, past those that AWS reserves.
func addressIn(cidr string) string {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || !p.Addr().Is4() {
		return "10.0.0.4"
	}
	b := p.Masked().Addr().As4()
	base := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := base + 4 + rand.Uint32N(uint32(1)<<(32-p.Bits())-6)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

// publicAddress is an address of Amazon's.
func publicAddress() string {
	return fmt.Sprintf("%d.%d.%d.%d", []int{3, 18, 34, 44, 52, 54}[rand.IntN(6)], 200+rand.IntN(50), rand.IntN(256), 1+rand.IntN(254))
}
