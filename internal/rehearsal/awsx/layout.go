package awsx

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kinds of subnets.
const (
	public   = "Public"
	private  = "Private"
	isolated = "Isolated"
	unused   = "Unused"
)

// spec is one kind of subnet that every zone gets.
type spec struct {
	Type       string
	Name       string
	Mask       int // 0: an even share of the zone
	CIDRBlocks []string
	Tags       pulumi.StringMapInput
}

// subnet is one subnet of the layout.
type subnet struct {
	Name, Zone, Type, CIDR string
	Tags                   pulumi.StringMapInput
}

// layout places the subnets of strategy Auto: the address space is halved until every zone has a part of its own, and in
// each zone the subnets follow one another in the order of the specs, each aligned to its own size.
func layout(vpc, cidr string, zones []string, specs []spec, zoneMask int) ([]subnet, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() {
		return nil, fmt.Errorf("cidrBlock %q is no IPv4 range", cidr)
	}
	if len(zones) == 0 {
		return nil, errors.New("there is no availability zone to put subnets in")
	}
	if zoneMask == 0 {
		zoneMask = prefix.Bits() + halvings(len(zones))
	}
	if specs == nil {
		if zoneMask > 26 {
			return nil, fmt.Errorf("a zone of /%d is too small for the subnets of awsx; give subnetSpecs", zoneMask)
		}
		share := max(zoneMask, 16)
		specs = []spec{{Type: private, Mask: share + 1}, {Type: public, Mask: share + 2}}
	}
	if len(specs) == 0 {
		return nil, errors.New("subnetSpecs is empty")
	}
	if explicit, err := explicitLayout(vpc, zones, specs); explicit != nil || err != nil {
		return explicit, err
	}
	even := zoneMask + halvings(len(specs))
	var needed uint64
	for _, s := range specs {
		needed += size(s.mask(even))
	}
	if needed > size(zoneMask) {
		return nil, fmt.Errorf("the subnets of one zone need %d addresses, a zone of %s has %d", needed, cidr, size(zoneMask))
	}
	var subnets []subnet
	base := uint64(number(prefix.Masked().Addr()))
	for i, zone := range zones {
		next := base + uint64(i)*size(zoneMask)
		for _, s := range specs {
			mask := s.mask(even)
			// A block starts at a multiple of its size: a wider one after a narrow one leaves a gap.
			if over := next % size(mask); over != 0 {
				next += size(mask) - over
			}
			subnets = append(subnets, s.subnet(vpc, zone, i, netip.PrefixFrom(address(next), mask).String()))
			next += size(mask)
		}
	}
	return subnets, validate(prefix, subnets)
}

// explicitLayout takes over CIDR blocks that the program lists itself; nil when it lists none.
func explicitLayout(vpc string, zones []string, specs []spec) ([]subnet, error) {
	if !slices.ContainsFunc(specs, func(s spec) bool { return s.CIDRBlocks != nil }) {
		return nil, nil
	}
	var subnets []subnet
	for i, zone := range zones {
		for n, s := range specs {
			if len(s.CIDRBlocks) != len(zones) {
				return nil, fmt.Errorf("subnetSpecs[%d].cidrBlocks must have one block for each of the %d zones, as all specs or none", n, len(zones))
			}
			subnets = append(subnets, s.subnet(vpc, zone, i, s.CIDRBlocks[i]))
		}
	}
	return subnets, nil
}

func (s spec) mask(even int) int {
	if s.Mask > 0 {
		return s.Mask
	}
	return even
}

func (s spec) subnet(vpc, zone string, index int, cidr string) subnet {
	name := s.Name
	if name == "" {
		name = strings.ToLower(s.Type)
	}
	return subnet{Name: fmt.Sprintf("%s-%s-%d", vpc, name, index+1), Zone: zone, Type: s.Type, CIDR: cidr, Tags: s.Tags}
}

// validate finds subnets that overlap, are outside of the VPC or have a size that AWS does not allow (/16 to /28).
func validate(vpc netip.Prefix, subnets []subnet) error {
	for i, s := range subnets {
		p, err := netip.ParsePrefix(s.CIDR)
		if err != nil {
			return fmt.Errorf("the range %q of subnet %s is no IPv4 range", s.CIDR, s.Name)
		}
		if !vpc.Contains(p.Addr()) || p.Bits() < vpc.Bits() {
			return fmt.Errorf("subnet %s (%s) is outside of the VPC %s", s.Name, s.CIDR, vpc)
		}
		for _, other := range subnets[:i] {
			if q, err := netip.ParsePrefix(other.CIDR); err == nil && p.Overlaps(q) {
				return fmt.Errorf("the subnets %s (%s) and %s (%s) overlap", other.Name, other.CIDR, s.Name, s.CIDR)
			}
		}
	}
	return nil
}

// halvings is how often a range must be halved to have n parts.
func halvings(n int) int {
	if n <= 1 {
		return 0
	}
	return bits.Len(uint(n - 1))
}

func size(mask int) uint64 { return 1 << (32 - mask) }

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func address(n uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
