package reviewtest

const (
	fleet    = "aws:autoscaling/group:Group::bastion"
	template = "aws:ec2/launchTemplate:LaunchTemplate::bastion"
	profile  = "aws:iam/instanceProfile:InstanceProfile::bastion"

	firstVolume    = "blockDeviceMappings.0.ebs.encrypted"
	firstInterface = "networkInterfaces.0.associatePublicIpAddress"
	overrides      = "mixedInstancesPolicy.launchTemplate.overrides"
)

// machines have their faults in the bastion's group and what it launches instances from.
func machines() []Variant {
	managed := "aws:iam/policy:Policy::bastion-managed"
	session := "aws:ssm/document:Document::sessions"
	return []Variant{
		{Name: "a volume without encryption", Stack: Production, Control: "EC2.181", Wants: template, Also: []string{"EC2.3"},
			Edit: put(template, firstVolume, "false")},
		{Name: "instances with a volume without encryption", Stack: Staging, Control: "EC2.3", Wants: fleet, Joins: true, Also: []string{"EC2.181"},
			Edit: put(template, firstVolume, "false")},
		{Name: "volumes left to the account's default", Stack: Domain, Control: "EC2.3", Wants: fleet, Joins: true, Edit: unset(template, "blockDeviceMappings")},
		{Name: "a template that lets IMDSv1 in", Stack: Production, Control: "EC2.170", Wants: template, Also: []string{"EC2.8", "AutoScaling.3"},
			Edit: put(template, "metadataOptions.httpTokens", "optional")},
		{Name: "instances that let IMDSv1 in", Stack: Staging, Control: "EC2.8", Wants: fleet, Joins: true, Also: []string{"EC2.170", "AutoScaling.3"},
			Edit: unset(template, "metadataOptions")},
		{Name: "a group that lets IMDSv1 in", Stack: Domain, Control: "AutoScaling.3", Wants: fleet, Joins: true, Also: []string{"EC2.170", "EC2.8"},
			Edit: put(template, "metadataOptions.httpTokens", "optional")},
		{Name: "a template with public addresses", Stack: Production, Control: "EC2.25", Wants: template, Also: []string{"EC2.9", "AutoScaling.5"},
			Edit: put(template, firstInterface, "true")},
		{Name: "instances with public addresses", Stack: Staging, Control: "EC2.9", Wants: fleet, Joins: true, Also: []string{"EC2.25", "AutoScaling.5"},
			Edit: put(template, firstInterface, "true")},
		{Name: "instances that take their subnet's public address", Stack: Domain, Control: "EC2.9", Wants: fleet, Joins: true, Also: []string{"EC2.15"},
			Edit: all(unset(template, firstInterface), put("aws:ec2/subnet:Subnet::network-private-2", "mapPublicIpOnLaunch", true))},
		{Name: "a group with public addresses", Stack: Production, Control: "AutoScaling.5", Wants: fleet, Joins: true, Also: []string{"EC2.25", "EC2.9"},
			Edit: put(template, firstInterface, "true")},
		{Name: "a group in one subnet", Stack: Staging, Control: "AutoScaling.2", Wants: fleet, Also: []string{"AutoScaling.6", "REL13-BP05"},
			Edit: func(e *Export) { e.Set(fleet, "vpcZoneIdentifiers", []any{e.Get(fleet, "vpcZoneIdentifiers.0")}) }},
		{Name: "two subnets in one zone", Stack: Staging, Control: "AutoScaling.2", Wants: fleet, Joins: true,
			Also: []string{"AutoScaling.6", "ELB.13", "Lambda.5", "REL13-BP05"},
			Edit: put("aws:ec2/subnet:Subnet::network-private-2", "availabilityZone", "us-east-1a")},
		{Name: "one instance type", Stack: Production, Control: "AutoScaling.6", Wants: fleet,
			Edit: func(e *Export) { e.Set(fleet, overrides, []any{e.Get(fleet, overrides+".0")}) }},
		{Name: "a launch configuration", Stack: Production, Control: "AutoScaling.9", Wants: fleet, Also: []string{"AutoScaling.6"},
			Edit: all(unset(fleet, "mixedInstancesPolicy"), func(e *Export) {
				e.Add(fleet, "aws:ec2/launchConfiguration:LaunchConfiguration", "old", "itrack-old", map[string]any{
					"name": "itrack-old", "iamInstanceProfile": e.ID(profile), "associatePublicIpAddress": false,
					"metadataOptions": map[string]any{"httpTokens": "required"}, "rootBlockDevice": map[string]any{"encrypted": true}})
				e.Set(fleet, "launchConfiguration", "itrack-old")
			})},
		{Name: "no instance profile", Stack: Production, Control: "SSM.1", Wants: fleet, Joins: true, Edit: unset(template, "iamInstanceProfile")},
		{Name: "a profile with another role", Stack: Staging, Control: "SSM.1", Wants: fleet, Joins: true, Edit: put(profile, "role", "another")},
		{Name: "a role without the agent's policy", Stack: Domain, Control: "SSM.1", Wants: fleet, Joins: true,
			Edit: remove("aws:iam/rolePolicyAttachment:RolePolicyAttachment::bastion-managed")},
		{Name: "a policy without the agent's rights", Stack: Production, Control: "SSM.1", Wants: fleet, Joins: true, Edit: unsay(managed, "policy", "Agent")},
		{Name: "a policy that denies sessions", Stack: Staging, Control: "SSM.1", Wants: fleet, Joins: true,
			Edit: allow(managed, "policy", statement{"Effect": "Deny", "Action": "ssmmessages:*", "Resource": "*"})},
		{Name: "a public document", Stack: Domain, Control: "SSM.4", Wants: session,
			Edit: put(session, "permissions", map[string]any{"type": "Share", "accountIds": "All"})},
	}
}
