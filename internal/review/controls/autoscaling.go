package controls

import (
	"fmt"
	"slices"

	"github.com/itrack/itrack/internal/review"
)

const noFleet = "the stack declares no Auto Scaling group"

// autoscaling reads "launch configurations" in AWS's titles as what a group launches its instances from, be it a template.
func autoscaling() []review.Control {
	const s, r = review.Security, review.Reliability
	return []review.Control{
		hub("AutoScaling.2", "Groups should cover multiple Availability Zones", review.Medium, r, noFleet, review.Each(tokenFleet, fleetZones)),
		hub("AutoScaling.3", "Groups should launch instances that require IMDSv2", review.High, s, noFleet,
			fleets(func(m *review.Model, from *review.Resource) review.Answer {
				return metadataV2(m, from)
			})),
		hub("AutoScaling.5", "Groups should launch instances without public IP addresses", review.High, s, noFleet,
			fleets(func(_ *review.Model, from *review.Resource) review.Answer {
				public := truth(from, "networkInterfaces.associatePublicIpAddress") || truth(from, "associatePublicIpAddress")
				return review.When(!public, from, "instances ask for no public address", "associatePublicIpAddress is true in "+from.Name,
					"set associatePublicIpAddress to false")
			})),
		hub("AutoScaling.6", "Groups should use multiple instance types in multiple Availability Zones", review.Medium, r, noFleet,
			review.Each(tokenFleet, fleetTypes)),
		hub("AutoScaling.9", "Groups should use launch templates", review.Medium, s, noFleet, review.Each(tokenFleet, fleetTemplate)),
	}
}

// fleets answers for every group by what it launches instances from.
func fleets(answer func(*review.Model, *review.Resource) review.Answer) func(*review.Model) []review.Answer {
	return review.Each(tokenFleet, func(m *review.Model, group *review.Resource) review.Answer {
		from := launchedFrom(m, group)
		if from == nil {
			return review.Fail(group, "what it launches instances from is not declared here", "declare its launch template in the stack")
		}
		out := answer(m, from)
		out.Resource = group
		return out
	})
}

// fleetSpread are the zones of a group's subnets, or those that it names itself.
func fleetSpread(m *review.Model, group *review.Resource) []string {
	if in := zones(m, group.Strs("vpcZoneIdentifiers")); len(in) > 0 {
		return in
	}
	return group.Strs("availabilityZones")
}

func fleetZones(m *review.Model, group *review.Resource) review.Answer {
	in := fleetSpread(m, group)
	return review.When(len(in) >= 2, group, "it covers "+list(in), fmt.Sprintf("it covers %d zone: %s", len(in), list(in)), "give it subnets in two zones or more")
}

func fleetTypes(m *review.Model, group *review.Resource) review.Answer {
	overrides := group.Maps("mixedInstancesPolicy.launchTemplate.overrides")
	types := group.Strs("mixedInstancesPolicy.launchTemplate.overrides.instanceType")
	slices.Sort(types)
	types = slices.Compact(types)
	requirements := slices.ContainsFunc(overrides, func(o *review.Resource) bool { return o.Has("instanceRequirements") })
	return review.When((len(types) >= 2 || requirements) && len(fleetSpread(m, group)) >= 2, group, "it can launch "+list(types),
		"it can launch one instance type only, or in one zone only",
		"list two instance types or more in the mixed instances policy's overrides, and subnets in two zones")
}

func fleetTemplate(m *review.Model, group *review.Resource) review.Answer {
	from := launchedFrom(m, group)
	return review.When(from != nil && from.Type == tokenTemplate, group, "it launches from a launch template", "it launches from no launch template of the stack",
		"replace the launch configuration by a launch template")
}
