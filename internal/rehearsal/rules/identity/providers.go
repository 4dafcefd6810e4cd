package identity

import (
	"net/url"
	"regexp"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const createProvider = api + "API_CreateOpenIDConnectProvider.html"

// providers are the rules of identity providers.
func providers() []rule.Rule {
	types := []string{providerToken}
	return []rule.Rule{{
		ID: "identity-provider-url", Types: types, Code: "ValidationError", Page: createProvider, Foreseen: true,
		Says: "An identity provider's URL begins with https:// and has neither a port nor query parameters.",
		Fix:  "Write the issuer as its tokens name it, for example https://token.actions.githubusercontent.com.", Check: badURL,
		Pass: rule.Case{Inputs: inputs{"url": "https://" + githubHost}}, Fail: rule.Case{Inputs: inputs{"url": "http://" + githubHost}},
		Seed: rule.Seed{Stack: "staging", At: providerToken + "::github", Set: map[string]any{"url": githubHost}},
	}, {
		ID: "identity-provider-thumbprint", Types: types, Code: "ValidationError", Page: createProvider, Foreseen: true,
		Says: "A thumbprint of an identity provider's certificate authority has 40 hexadecimal digits: SHA-1, without colons.",
		Fix:  "Take the colons out of the fingerprint, or leave thumbprintLists out: IAM finds it by itself.", Check: badThumbprint,
		Pass: rule.Case{Inputs: inputs{"thumbprintLists": []any{"990f4193972f2becf12ddeda5237f9c952f20d9e"}}},
		Fail: rule.Case{Inputs: inputs{"thumbprintLists": []any{"99:0f:41:93:97:2f:2b:ec:f1:2d:de:da:52:37:f9:c9:52:f2:0d:9e"}}},
		Seed: rule.Seed{Stack: "production", At: providerToken + "::github", Set: map[string]any{"thumbprintLists": []any{"990f4193972f2becf12d"}}},
	}}
}

func badURL(c *catalog.Call) *rule.Finding {
	text := c.Str("url")
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.Port() != "" || parsed.RawQuery != "" || len(text) > 255 {
		return rule.Find("url", text, "Invalid Open ID Connect Provider URL")
	}
	return nil
}

var thumbprint = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)

func badThumbprint(c *catalog.Call) *rule.Finding {
	for _, value := range c.Strs("thumbprintLists") {
		if !thumbprint.MatchString(value) {
			return rule.Find("thumbprintLists", value, "Thumbprint must be exactly 40 hexadecimal digits")
		}
	}
	return nil
}
