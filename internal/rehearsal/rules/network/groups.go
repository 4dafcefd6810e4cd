package network

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const groupPage = api + "API_CreateSecurityGroup.html"

func groups() []rule.Rule {
	return []rule.Rule{{
		ID: "network-group-text", Types: []string{groupToken}, Code: "InvalidParameterValue", Page: groupPage,
		Says:     "A security group's name and description have at most 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*.",
		Fix:      "Leave out other characters, such as quotes, apostrophes and letters with accents.",
		Foreseen: true, Check: groupTexts("name", "description"),
		Pass: rule.Case{Inputs: in{"name": "bastion", "description": "No way in, sessions come through Systems Manager"}},
		Fail: rule.Case{Inputs: in{"name": "bastion", "description": "The bastion's own group"}},
		Seed: rule.Seed{Stack: "staging", At: groupToken + "::bastion", Set: in{"description": "The bastion's own group"}},
	}, {
		ID: "network-group-name", Types: []string{groupToken}, Code: "InvalidParameterValue", Page: groupPage,
		Says:     "A security group's name does not begin with sg- and is not default.",
		Fix:      "Choose another name: sg- begins ids, and default is the VPC's own group.",
		Foreseen: true, Check: groupName,
		Pass: rule.Case{Inputs: in{"name": "itrack-rds"}},
		Fail: rule.Case{Inputs: in{"name": "sg-itrack-rds"}},
		Seed: rule.Seed{Stack: "staging", At: groupToken + "::rds", Set: in{"name": "sg-itrack-rds"}},
	}, {
		ID: "network-rule-text", Types: []string{ingressToken, egressToken}, Code: "InvalidParameterValue", Page: api + "API_IpRange.html",
		Says:     "A rule's description has at most 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*.",
		Fix:      "Leave out other characters, such as quotes, apostrophes, arrows and letters with accents.",
		Foreseen: true, Check: groupTexts("description"),
		Pass: rule.Case{Inputs: in{"description": "API Gateway to the production listener"}},
		Fail: rule.Case{Inputs: in{"description": "API Gateway → the production listener"}},
		Seed: rule.Seed{Stack: "staging", At: ingressToken + "::api-balancer-in", Set: in{"description": "API Gateway → the production listener"}},
	}}
}

// groupText is what names and descriptions of security groups and their rules may hold.
var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)

func groupTexts(paths ...string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, path := range paths {
			if text := c.Str(path); !groupText.MatchString(text) {
				return rule.Find(path, text, "Invalid %s. Valid are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", path)
			}
		}
		return nil
	}
}

func groupName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if !strings.HasPrefix(name, "sg-") && name != "default" {
		return nil
	}
	return rule.Find("name", name, "invalid value for parameter GroupName: %s. Group names may not be 'default' or start with 'sg-'", name)
}
