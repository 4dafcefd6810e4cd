package controls

import (
	"slices"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenInstance = "aws:ec2/instance:Instance"
	tokenFleet    = "aws:autoscaling/group:Group"
	tokenTemplate = "aws:ec2/launchTemplate:LaunchTemplate"
	tokenLaunch   = "aws:ec2/launchConfiguration:LaunchConfiguration"

	noMachines = "the stack declares no EC2 instance and no Auto Scaling group"
)

// machine is an instance, or a group together with what it launches instances from (nil when the stack does not declare it).
type machine struct {
	by, from *review.Resource
}

// machines are the instances and groups of a stack.
func machines(m *review.Model) []machine {
	var out []machine
	for _, instance := range m.All(tokenInstance) {
		one := machine{instance, instance}
		if template := m.Find(tokenTemplate, instance.Str("launchTemplate.id")); template != nil {
			one.from = template
		}
		out = append(out, one)
	}
	for _, group := range m.All(tokenFleet) {
		out = append(out, machine{group, launchedFrom(m, group)})
	}
	return out
}

// launchedFrom is the launch template or launch configuration of an Auto Scaling group.
func launchedFrom(m *review.Model, group *review.Resource) *review.Resource {
	const mixed = "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification."
	for _, path := range []string{"launchTemplate.id", "launchTemplate.name", mixed + "launchTemplateId", mixed + "launchTemplateName"} {
		if template := m.Find(tokenTemplate, group.Str(path)); template != nil {
			return template
		}
	}
	return m.Find(tokenLaunch, group.Str("launchConfiguration"))
}

// eachMachine answers for every instance and group by what it is launched from.
func eachMachine(m *review.Model, answer func(machine) review.Answer) []review.Answer {
	var out []review.Answer
	for _, one := range machines(m) {
		if one.from == nil {
			out = append(out, review.Fail(one.by, "what it launches instances from is not declared here", "declare its launch template in the stack"))
			continue
		}
		out = append(out, answer(one))
	}
	return out
}

// metadataV2 answers for IMDSv2: AWS lets IMDSv1 in where nothing is said.
func metadataV2(_ *review.Model, r *review.Resource) review.Answer {
	return review.When(r.Str("metadataOptions.httpTokens") == "required", r, "tokens are required",
		"metadataOptions.httpTokens is not required: IMDSv1 works as well",
		"set metadataOptions.httpTokens to required")
}

func ec2Metadata(m *review.Model) []review.Answer {
	return eachMachine(m, func(one machine) review.Answer {
		answer := metadataV2(m, one.from)
		answer.Resource = one.by
		return answer
	})
}

// ec2Volumes wants every volume of a machine encrypted; AWS's default, where none is described, is not to encrypt.
func ec2Volumes(m *review.Model) []review.Answer {
	byDefault := slices.ContainsFunc(m.All("aws:ebs/encryptionByDefault:EncryptionByDefault"),
		func(r *review.Resource) bool { return r.Bool("enabled") || !r.Has("enabled") })
	return eachMachine(m, func(one machine) review.Answer {
		bad := slices.ContainsFunc(volumes(one.from), func(v *review.Resource) bool { return !truth(v, "encrypted") })
		return review.When(byDefault || !bad && len(volumes(one.from)) > 0, one.by, "its volumes are encrypted", "it has a volume that is not encrypted",
			"set encrypted for every volume of "+one.from.Name)
	})
}

// volumes are the volumes that an instance, a launch template or a launch configuration describes.
func volumes(r *review.Resource) []*review.Resource {
	return slices.Concat(r.Maps("blockDeviceMappings.ebs"), r.Maps("rootBlockDevice"), r.Maps("ebsBlockDevices"))
}

func ec2TemplateEncrypts(_ *review.Model, template *review.Resource) review.Answer {
	bad := slices.ContainsFunc(volumes(template), func(v *review.Resource) bool { return !truth(v, "encrypted") })
	return review.When(!bad, template, "every volume it describes is encrypted", "it describes a volume without encryption",
		"set blockDeviceMappings.ebs.encrypted to true")
}

func ec2TemplatePublic(_ *review.Model, template *review.Resource) review.Answer {
	return review.When(!truth(template, "networkInterfaces.associatePublicIpAddress"), template, "no network interface gets a public address",
		"associatePublicIpAddress is true", "set networkInterfaces.associatePublicIpAddress to false")
}

func ec2PublicAddress(m *review.Model) []review.Answer {
	return eachMachine(m, func(one machine) review.Answer {
		return review.When(!publicMachine(m, one), one.by, "it gets no public address", "its instances get a public address",
			"set associatePublicIpAddress to false in "+one.from.Name+", and mapPublicIpOnLaunch to false in its subnets")
	})
}

// publicMachine tells whether instances get a public address: by what they are launched from, by an elastic address, or,
// where that says nothing, by their subnets.
func publicMachine(m *review.Model, one machine) bool {
	for _, path := range []string{"networkInterfaces.associatePublicIpAddress", "associatePublicIpAddress"} {
		if one.from.Has(path) {
			return truth(one.from, path)
		}
	}
	if one.by.Type == tokenInstance && (one.by.Str("publicIp") != "" || len(m.Referring("aws:ec2/eip:Eip", "instance", one.by)) > 0) {
		return true
	}
	subnets := found(m, tokenSubnet, append(one.by.Strs("vpcZoneIdentifiers"), one.by.Strs("subnetId")...))
	return slices.ContainsFunc(subnets, func(subnet *review.Resource) bool { return subnet.Bool("mapPublicIpOnLaunch") })
}
