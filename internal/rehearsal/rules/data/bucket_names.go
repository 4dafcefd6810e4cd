package data

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func bucketNames() []rule.Rule {
	return []rule.Rule{{
		ID: "data-bucket-name", Types: []string{bucket}, Code: "InvalidBucketName", Page: s3Guide + "bucketnamingrules.html",
		Says:     "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit first and last, and is no IP address.",
		Fix:      "Give the bucket such a name: no underscores, capitals or double dots.",
		Foreseen: true, Check: bucketName,
		Pass: rule.Case{Inputs: map[string]any{"bucket": "itrack-orders-111122223333"}},
		Fail: rule.Case{Inputs: map[string]any{"bucket": "itrack_orders"}},
		Seed: rule.Seed{Stack: "staging", At: bucket + "::site", Set: map[string]any{"bucket": "iTrack-site"}},
	}, {
		ID: "data-bucket-name-reserved", Types: []string{bucket}, Code: "InvalidBucketName", Page: s3Guide + "bucketnamingrules.html",
		Says:     "A bucket's name does not begin or end as the names that S3 keeps for itself.",
		Fix:      "Avoid xn--, sthree- and amzn-s3-demo- in front, and -s3alias, --ol-s3, .mrap, --x-s3 and --table-s3 at the end.",
		Foreseen: true, Check: bucketNameReserved,
		Pass: rule.Case{Inputs: map[string]any{"bucket": "itrack-s3"}},
		Fail: rule.Case{Inputs: map[string]any{"bucket": "itrack--x-s3"}},
		Seed: rule.Seed{Stack: "production", At: bucket + "::site-recovery", Set: map[string]any{"bucket": "sthree-itrack-site"}},
	}}
}

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func bucketName(c *catalog.Call) *rule.Finding {
	name := c.Str("bucket")
	_, err := netip.ParseAddr(name)
	if !c.Known("bucket") || bucketForm.MatchString(name) && !strings.Contains(name, "..") && err != nil {
		return nil
	}
	return rule.Find("bucket", name, "The specified bucket is not valid")
}

func bucketNameReserved(c *catalog.Call) *rule.Finding {
	name, reserved := c.Str("bucket"), false
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		reserved = reserved || strings.HasPrefix(name, prefix)
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		reserved = reserved || strings.HasSuffix(name, suffix)
	}
	if !reserved {
		return nil
	}
	return rule.Find("bucket", name, "The specified bucket is not valid")
}
