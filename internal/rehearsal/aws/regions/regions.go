// Package regions knows AWS's regions and their availability zones.
package regions

import (
	"fmt"
	"strings"
)

// Zone is an availability zone: its name in an account and its id, which is the same in all accounts.
type Zone struct{ Name, ID string }

// known are the zones that an account without opt-ins sees.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
var known = map[string]struct{ short, letters string }{
	"us-east-1": {"use1", "abcdef"}, "us-east-2": {"use2", "abc"}, "us-west-1": {"usw1", "ac"}, "us-west-2": {"usw2", "abcd"},
	"eu-west-1": {"euw1", "abc"}, "eu-west-2": {"euw2", "abc"}, "eu-west-3": {"euw3", "abc"}, "eu-central-1": {"euc1", "abc"},
	"eu-north-1": {"eun1", "abc"}, "ca-central-1": {"cac1", "abd"}, "ap-southeast-1": {"apse1", "abc"}, "ap-southeast-2": {"apse2", "abc"},
	"ap-northeast-1": {"apne1", "acd"}, "ap-northeast-2": {"apne2", "abcd"}, "ap-south-1": {"aps1", "abc"}, "sa-east-1": {"sae1", "abc"},
}

// firstZone is the number of the zone id that the first zone has. Each account maps names to ids its own way; this is one
// such mapping.
var firstZone = map[string]int{"us-east-1": 4, "us-west-2": 1, "eu-west-1": 3}

// Zones are a region's availability zones. A region that is not listed has three, a to c.
func Zones(region string) []Zone {
	r, ok := known[region]
	if !ok {
		r.letters, r.short = "abc", Short(region)
	}
	zones := make([]Zone, len(r.letters))
	first := max(firstZone[region], 1)
	for i, letter := range r.letters {
		zones[i] = Zone{Name: region + string(letter), ID: fmt.Sprintf("%s-az%d", r.short, (first-1+i)%len(r.letters)+1)}
	}
	return zones
}

// HasZone tells whether a region has a zone of that name, and its id.
func HasZone(region, name string) (id string, ok bool) {
	for _, zone := range Zones(region) {
		if zone.Name == name {
			return zone.ID, true
		}
	}
	return "", false
}

// Short is the abbreviation in zone ids: `apse2` of ap-southeast-2.
func Short(region string) string {
	words := map[string]string{"southeast": "se", "southwest": "sw", "northeast": "ne", "northwest": "nw", "east": "e", "west": "w",
		"north": "n", "south": "s", "central": "c", "gov": "g"}
	var out strings.Builder
	for part := range strings.SplitSeq(region, "-") {
		if short, ok := words[part]; ok {
			part = short
		}
		out.WriteString(part)
	}
	return out.String()
}
