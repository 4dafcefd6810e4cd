package watching

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Taggable types by what their service answers to too many or ill-formed tags.
var (
	limited = []string{
		topicToken, "aws:ec2/eip:Eip", "aws:ec2/flowLog:FlowLog", "aws:ec2/internetGateway:InternetGateway", "aws:ec2/launchTemplate:LaunchTemplate",
		"aws:ec2/natGateway:NatGateway", "aws:ec2/routeTable:RouteTable", "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc",
		"aws:ec2/vpcEndpoint:VpcEndpoint", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	}
	counted   = []string{logGroupToken, "aws:acm/certificate:Certificate", "aws:ecr/repository:Repository", eventRuleToken}
	patterned = []string{
		"aws:iam/role:Role", "aws:iam/policy:Policy", "aws:iam/instanceProfile:InstanceProfile", "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
		"aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener", "aws:lb/listenerRule:ListenerRule", "aws:lb/targetGroup:TargetGroup",
	}
)

// tags are the rules on tags, the stack's default tags among them.
func tags() []rule.Rule {
	const page = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
	many := func(n int) props {
		set := props{}
		for i := range n {
			set[fmt.Sprintf("Tag%d", i)] = "x"
		}
		return set
	}
	all := func(set props) rule.Case { return rule.Case{Inputs: props{"tagsAll": set}} }
	says := "A resource has at most 50 tags, the provider's default tags among them."
	fix := "Leave tags out: default tags count too."
	return []rule.Rule{{
		ID: "watching-tags-limit", Types: limited, Code: "TagLimitExceeded", Page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html",
		Says: says, Fix: fix, Check: tagCount,
		Pass: all(many(50)), Fail: all(many(51)),
		Seed: staging(topicToken, "critical-us-west-2", props{"tags": many(49)}),
	}, {
		ID: "watching-tags-count", Types: counted, Code: "TooManyTagsException", Page: page,
		Says: says, Fix: fix, Check: tagCount,
		Pass: all(many(50)), Fail: all(many(51)),
		Seed: staging(logGroupToken, "ecs-insights", props{"tags": many(49)}),
	}, {
		ID: "watching-tags-characters", Types: patterned, Code: invalid, Page: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html",
		Says:  "Tags have letters, digits, blanks and _ . : / = + - @ in their keys and values.",
		Fix:   "Leave brackets, commas, ampersands and other characters out of tags.",
		Check: tagCharacters,
		Pass:  all(props{"CostCentre": "4711 / platform"}), Fail: all(props{"CostCentre": "platform & data"}),
		Seed: staging("aws:lb/targetGroup:TargetGroup", "backend-green", props{"tags": props{"Purpose": "blue/green (second half)"}}),
	}, {
		ID: "watching-tags-case", Types: patterned[:4], Code: "InvalidInput", Page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html",
		Says:  "IAM takes two tags whose keys differ in case alone for one.",
		Fix:   "Write the key as the default tag does, or choose another.",
		Check: tagCase,
		Pass:  all(props{"Environment": "staging", "Owner": "platform"}), Fail: all(props{"Environment": "staging", "environment": "staging"}),
		Seed: staging("aws:iam/role:Role", "rds-monitoring", props{"tags": props{"project": "itrack"}}),
	}}
}

// allTags are a resource's tags together with the provider's default tags.
func allTags(c *catalog.Call) resource.PropertyMap {
	for _, path := range []string{"tagsAll", "tags"} {
		for _, leaf := range blocks(c.State, path) {
			return leaf.Value.ObjectValue()
		}
	}
	return nil
}

func tagCount(c *catalog.Call) *rule.Finding {
	if count := len(allTags(c)); count > 50 {
		return rule.Find("tags", count, "A resource can have at most 50 tags, this one has %d", count)
	}
	return nil
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func tagCharacters(c *catalog.Call) *rule.Finding {
	set := allTags(c)
	for _, key := range set.StableKeys() {
		value := catalog.Text(set[key])
		if !tagText.MatchString(string(key)) || catalog.Plain(set[key]).IsString() && !tagText.MatchString(value) {
			return rule.Find("tags."+string(key), value, "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*")
		}
	}
	return nil
}

func tagCase(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	for _, key := range allTags(c).StableKeys() {
		folded := strings.ToLower(string(key))
		if seen[folded] {
			return rule.Find("tags", string(key), "Duplicate tag keys found. Please note that Tag keys are case insensitive")
		}
		seen[folded] = true
	}
	return nil
}
