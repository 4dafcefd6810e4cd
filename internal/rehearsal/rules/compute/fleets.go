package compute

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	fleetAPI    = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/"
	createFleet = fleetAPI + "API_CreateAutoScalingGroup.html"
	volumes     = "https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"
	templateID  = "lt-0123456789abcdef0"
)

// fleets are the rules of Auto Scaling groups and of the launch templates that they start instances from. EC2 takes a
// launch template as it is and finds its faults when an instance is to start: they are judged at the group.
func fleets() []rule.Rule {
	sized := func(least, wanted, most int) rule.Case {
		return rule.Case{Inputs: inputs{"minSize": least, "maxSize": most, "desiredCapacity": wanted}}
	}
	from := func(version string, state inputs) rule.Case {
		all := inputs{"latestVersion": 1, "defaultVersion": 1}
		for key, value := range state {
			all[key] = value
		}
		return rule.Case{World: []rule.Thing{{Type: launchTemplate, ID: templateID, State: all}},
			Inputs: inputs{"launchTemplate": inputs{"id": templateID, "version": version}}}
	}
	disk := func(ebs inputs) inputs { return inputs{"blockDeviceMappings": []any{inputs{"ebs": ebs}}} }
	bastionDisk := func(ebs map[string]any) rule.Seed {
		set := map[string]any{}
		for key, value := range ebs {
			set["blockDeviceMappings[0].ebs."+key] = value
		}
		return rule.Seed{Stack: "staging", At: launchTemplate + "::bastion", Refused: fleet + "::bastion", Set: set}
	}
	rules := []rule.Rule{{
		ID: "compute-fleet-size", Page: createFleet, Foreseen: true,
		Says:  "The wanted size of an Auto Scaling group is neither below its minimum nor above its maximum.",
		Fix:   "Order minSize, desiredCapacity and maxSize.",
		Check: fleetSize,
		Pass:  sized(1, 1, 1), Fail: sized(1, 3, 2), Seed: staging(fleet+"::bastion", map[string]any{"desiredCapacity": 2}),
	}, {
		ID: "compute-fleet-source", Page: createFleet, Foreseen: true,
		Says:  "An Auto Scaling group starts instances from one source: a launch template, a launch configuration or a mixed instances policy.",
		Fix:   "Give one of the three.",
		Check: oneSource,
		Pass:  rule.Case{Inputs: inputs{"launchTemplate": inputs{"id": templateID}}}, Fail: rule.Case{Inputs: inputs{"minSize": 1}},
		Seed: production(fleet+"::bastion", map[string]any{"mixedInstancesPolicy": nil}),
	}, {
		ID: "compute-fleet-lifetime", Page: createFleet, Foreseen: true,
		Says: "Instances are replaced after one day to a year, or not for their age.", Fix: "Set maxInstanceLifetime to 0 or to 86400 to 31536000 seconds.",
		Check: func(c *catalog.Call) *rule.Finding {
			if life, known := number(c, "maxInstanceLifetime"); known && life != 0 && (life < 86400 || life > 31536000) {
				return rule.Find("maxInstanceLifetime", life, "MaxInstanceLifetime must be 0 or between 86400 and 31536000")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"maxInstanceLifetime": 86400}}, Fail: rule.Case{Inputs: inputs{"maxInstanceLifetime": 3600}},
		Seed: staging(fleet+"::bastion", map[string]any{"maxInstanceLifetime": 3600}),
	}, {
		ID: "compute-fleet-refresh", Page: fleetAPI + "API_RefreshPreferences.html", Foreseen: true,
		Says: "An instance refresh keeps at most 200 percent of the instances, and its two percentages are at most 100 apart.",
		Fix:  "Raise minHealthyPercentage or lower maxHealthyPercentage.", Check: badRefresh,
		Pass: refresh(90, 190),
		Fail: refresh(50, 200),
		Seed: production(fleet+"::bastion", map[string]any{"instanceRefresh.preferences.minHealthyPercentage": 0}),
	}, {
		ID: "compute-fleet-version", Page: fleetAPI + "API_LaunchTemplateSpecification.html",
		Says:  "The version of a launch template that a group names exists.",
		Fix:   "Take latestVersion from the launch template, or write $Latest or $Default.",
		Check: noVersion,
		Pass:  from("1", nil), Fail: from("2", nil),
		Seed: staging(fleet+"::bastion", map[string]any{"mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version": "7"}),
	}, {
		ID: "compute-fleet-architecture", Page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html",
		Says:  "The instance types of a group have the architecture of its image.",
		Fix:   "Take an image for arm64 with instance types of Graviton (t4g, m7g), and one for x86_64 with the others.",
		Check: otherArchitecture,
		Pass:  from("1", inputs{"imageId": armImage, "instanceType": "t4g.nano"}), Fail: from("1", inputs{"imageId": armImage, "instanceType": "t3.nano"}),
		Seed: staging(fleet+"::bastion", map[string]any{"mixedInstancesPolicy.launchTemplate.overrides": []any{map[string]any{"instanceType": "t3.nano"}}}),
	}, {
		ID: "compute-disk-iops", Code: "InvalidParameterCombination", Page: volumes,
		Says: "A volume has iops where its type takes them: gp3, io1 and io2; io1 and io2 need them.", Fix: "Leave iops out, or choose the type gp3.",
		Check: eachDisk(func(disk map[string]any, kind string) string {
			_, has := disk["iops"]
			switch {
			case has && kind != "gp3" && kind != "io1" && kind != "io2":
				return "The parameter iops is not supported for " + kind + " volumes."
			case !has && (kind == "io1" || kind == "io2"):
				return "The parameter iops must be specified for " + kind + " volumes."
			}
			return ""
		}),
		Pass: from("1", disk(inputs{"volumeType": "gp3", "volumeSize": 8, "iops": 3000})),
		Fail: from("1", disk(inputs{"volumeType": "gp2", "volumeSize": 8, "iops": 3000})),
		Seed: bastionDisk(map[string]any{"volumeType": "gp2", "iops": 3000}),
	}, {
		ID: "compute-disk-throughput", Code: "InvalidParameterCombination", Page: volumes,
		Says: "Only a gp3 volume has a throughput of its own.", Fix: "Leave throughput out, or choose the type gp3.",
		Check: eachDisk(func(disk map[string]any, kind string) string {
			if _, has := disk["throughput"]; has && kind != "gp3" {
				return "The parameter throughput is not supported for " + kind + " volumes."
			}
			return ""
		}),
		Pass: from("1", disk(inputs{"volumeType": "gp3", "volumeSize": 8, "throughput": 125})),
		Fail: from("1", disk(inputs{"volumeType": "io2", "iops": 100, "volumeSize": 8, "throughput": 125})),
		Seed: bastionDisk(map[string]any{"volumeType": "gp2", "throughput": 250}),
	}, {
		ID: "compute-disk-ratio", Code: "InvalidParameterValue", Page: volumes,
		Says: "A gp3 volume has at least 3000 iops, at most 500 for each GiB beyond that, and at most 0.25 MiB/s for each of them.",
		Fix:  "Make the volume larger, or ask for fewer iops or less throughput.", Check: eachDisk(badRatio),
		Pass: from("1", disk(inputs{"volumeType": "gp3", "volumeSize": 8, "iops": 4000, "throughput": 1000})),
		Fail: from("1", disk(inputs{"volumeType": "gp3", "volumeSize": 8, "iops": 5000})),
		Seed: bastionDisk(map[string]any{"iops": 3000, "throughput": 1000}),
	}}
	for i := range rules {
		if rules[i].Types = []string{fleet}; rules[i].Code == "" {
			rules[i].Code = "ValidationError"
		}
	}
	return rules
}

const armImage = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

func refresh(least, most int) rule.Case {
	return rule.Case{Inputs: inputs{"instanceRefresh": inputs{"preferences": inputs{"minHealthyPercentage": least, "maxHealthyPercentage": most}}}}
}

func fleetSize(c *catalog.Call) *rule.Finding {
	least, some := number(c, "minSize")
	most, too := number(c, "maxSize")
	if some && too && least > most {
		return rule.Find("minSize", least, "Max bound, %v, must be greater than or equal to min bound, %v", most, least)
	}
	if wanted, known := number(c, "desiredCapacity"); known && (some && wanted < least || too && wanted > most) {
		return rule.Find("desiredCapacity", wanted, "Desired capacity:%v must be between the specified min size:%v and max size:%v", wanted, least, most)
	}
	return nil
}

func oneSource(c *catalog.Call) *rule.Finding {
	if c.Has("minSize") && !c.Known("minSize") {
		return nil
	}
	sources := 0
	for _, property := range []string{"launchTemplate", "launchConfiguration", "mixedInstancesPolicy"} {
		if c.Has(property) {
			sources++
		}
	}
	if sources != 1 {
		return rule.Find("launchTemplate", sources,
			"Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	}
	return nil
}

func badRefresh(c *catalog.Call) *rule.Finding {
	least, _ := number(c, "instanceRefresh.preferences.minHealthyPercentage")
	most, known := number(c, "instanceRefresh.preferences.maxHealthyPercentage")
	if known && (most < 100 || most > 200 || most-least > 100) {
		return rule.Find("instanceRefresh.preferences.maxHealthyPercentage", most,
			"MaxHealthyPercentage must be 100 to 200 and at most 100 above MinHealthyPercentage, got %v and %v", most, least)
	}
	return nil
}

// templateOf is the launch template of a group and the version that it names.
func templateOf(c *catalog.Call) (*cloud.Object, string, string) {
	for _, path := range []string{"launchTemplate", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification"} {
		id := c.Str(path + ".id")
		if id == "" {
			id = c.Str(path + ".launchTemplateId")
		}
		if o := c.Get(launchTemplate, id); o != nil {
			return o, c.Str(path + ".version"), path
		}
	}
	return nil, "", ""
}

func noVersion(c *catalog.Call) *rule.Finding {
	o, version, path := templateOf(c)
	if o == nil || version == "" || strings.HasPrefix(version, "$") {
		return nil
	}
	newest := 0.0
	for _, leaf := range catalog.Leaves(o.State, "latestVersion") {
		if leaf.Value.IsNumber() {
			newest = leaf.Value.NumberValue()
		}
	}
	if wanted, err := strconv.ParseFloat(version, 64); err != nil || wanted < 1 || wanted > newest {
		return rule.Find(path+".version", version,
			"You must use a valid fully-formed launch template. The specified launch template version %s does not exist.", version)
	}
	return nil
}

// graviton is the family of an instance type with AWS's own processors: a letter or more, a generation, and a g.
var graviton = regexp.MustCompile(`^(a1|[a-z]+\d+g[a-z]*|im4gn|is4gen|x2gd|hpc7g)(-\w+)?\.`)

// architecture is that of an image, as far as its public parameter says.
func architecture(image string) string {
	for _, name := range []string{"arm64", "x86_64"} {
		if strings.HasPrefix(image, "resolve:ssm:/aws/service/") && strings.HasSuffix(image, name) {
			return name
		}
	}
	return ""
}

func otherArchitecture(c *catalog.Call) *rule.Finding {
	o, _, path := templateOf(c)
	if o == nil {
		return nil
	}
	image := architecture(catalog.Str(o.State, "imageId"))
	types := c.Strs("mixedInstancesPolicy.launchTemplate.overrides[].instanceType")
	if len(types) == 0 {
		types = catalog.Strs(o.State, "instanceType")
	}
	for _, one := range types {
		own := map[bool]string{true: "arm64", false: "x86_64"}[graviton.MatchString(one)]
		if image != "" && own != image {
			return rule.Find(path, one,
				"You must use a valid fully-formed launch template. The architecture '%s' of the specified instance type '%s' does not match the architecture '%s' "+
					"of the specified AMI.", own, one, image)
		}
	}
	return nil
}

// eachDisk asks the disks of a group's launch template.
func eachDisk(broken func(disk map[string]any, kind string) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		o, _, path := templateOf(c)
		if o == nil {
			return nil
		}
		for _, leaf := range catalog.Leaves(o.State, "blockDeviceMappings.ebs") {
			if !leaf.Value.IsObject() {
				continue
			}
			disk := leaf.Value.ObjectValue().Mappable()
			kind, _ := disk["volumeType"].(string)
			if kind == "" {
				kind = "gp2" // EC2's default
			}
			if message := broken(disk, kind); message != "" {
				return rule.Find(path, fmt.Sprintf("%s: %s", o.Name, leaf.Path), "%s", message)
			}
		}
		return nil
	}
}

func badRatio(disk map[string]any, kind string) string {
	iops, asked := disk["iops"].(float64)
	throughput, _ := disk["throughput"].(float64)
	size, _ := disk["volumeSize"].(float64)
	if kind != "gp3" {
		return ""
	}
	if !asked {
		iops = 3000
	}
	switch {
	case iops < 3000:
		return fmt.Sprintf("Volume iops of %v is too low; minimum is 3000.", iops)
	case size > 0 && iops > max(3000, 500*size):
		return fmt.Sprintf("Iops to volume size ratio of %.1f is too high; maximum is 500 per GiB.", iops/size)
	case throughput > iops/4:
		return fmt.Sprintf("Throughput (MiBps) to iops ratio of %f is too high; maximum is 0.250000 MiBps per iops.", throughput/iops)
	}
	return ""
}
