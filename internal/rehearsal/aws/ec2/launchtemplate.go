package ec2

import (
	"encoding/base64"
	"fmt"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// launchTemplateTypes are launch templates: what Auto Scaling starts instances from.
func launchTemplateTypes() []catalog.Type {
	return []catalog.Type{{
		Token: "aws:ec2/launchTemplate:LaunchTemplate", Args: (*sdk.LaunchTemplateArgs)(nil), Resource: (*sdk.LaunchTemplate)(nil),
		Service: "EC2", Action: "LaunchTemplate", Title: "EC2 Launch Template", Verbs: map[string]string{"update": "CreateLaunchTemplateVersion"},
		ID: catalog.Prefixed("lt"), ARN: arn("launch-template"),
		Name: catalog.Name{Property: "name", Auto: 128, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "InvalidLaunchTemplateName.AlreadyExistsException",
			Message: "Launch template name already in use."},
		Blank: []string{"namePrefix"}, Volatile: []string{"latestVersion", "defaultVersion"},
		Computed: []string{"metadataOptions.httpEndpoint", "metadataOptions.httpTokens", "metadataOptions.httpPutResponseHopLimit", "metadataOptions.httpProtocolIpv6",
			"metadataOptions.instanceMetadataTags"},
		Refs: []catalog.Ref{
			groupRef("networkInterfaces[].securityGroups", false), groupRef("vpcSecurityGroupIds", false),
			{Path: "iamInstanceProfile.arn", To: []string{"aws:iam/instanceProfile:InstanceProfile"}, By: catalog.ByARN, Code: "InvalidIamInstanceProfileArn.NotFound",
				Message: "Invalid IAM Instance Profile ARN: {value}"},
		},
		Sets: []string{"networkInterfaces[].securityGroups", "vpcSecurityGroupIds"}, Check: checkLaunchTemplate,
		Compute: func(c *catalog.Call) error {
			version := 1.0
			if !c.Creating() {
				version = c.Num("latestVersion") + 1
			}
			c.Set("latestVersion", version)
			c.SetNew("defaultVersion", 1)
			if c.Bool("updateDefaultVersion") {
				c.Set("defaultVersion", version)
			}
			return nil
		},
		Source: api + "API_CreateLaunchTemplate.html",
	}}
}

func checkLaunchTemplate(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: api + "API_RequestLaunchTemplateData.html"})
	}
	if data := c.Str("userData"); c.Known("userData") {
		decoded, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			add("userData", "base64", "", "must be encoded in base64")
		} else if len(decoded) > 16384 {
			add("userData", "at most 16 KB", fmt.Sprint(len(decoded)), "must be at most 16384 bytes before it is encoded")
		}
	}
	if hops := c.Num("metadataOptions.httpPutResponseHopLimit"); c.Known("metadataOptions.httpPutResponseHopLimit") && (hops < 1 || hops > 64) {
		add("metadataOptions.httpPutResponseHopLimit", "1 to 64", fmt.Sprint(hops), "must be 1 to 64")
	}
	return problems
}
