package page

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/stretchr/testify/require"
)

const urn = "urn:pulumi:staging::itrack::itrack:infra:Rds$aws:rds/instance:Instance::"

func sample() engine.StackReport {
	return engine.StackReport{
		Stack: "staging", OK: true, Account: "111122223333", Resources: 12,
		Components: []engine.ComponentReport{
			{Name: "network", Type: "itrack:infra:Network", Count: 10, Kinds: []engine.KindReport{
				{Type: "Vpc", Count: 1, Names: []string{"itrack-staging"}},
				{Type: "NatGateway", Count: 2, Names: []string{"a", "b"}},
				{Type: "VpcEndpointPolicy", Count: 7, Names: make([]string, 7)},
			}},
			{Name: "rds", Type: "itrack:infra:Rds", Count: 2, Kinds: []engine.KindReport{{Type: "Instance", Count: 1, Names: []string{"itrack-staging"}}}},
		},
		Outputs: map[string]any{"apiUrl": "https://api.example.com", "names": []any{"a&b"}, "token": engine.Masked},
		Refusals: []engine.Problem{
			{URN: urn + "db", Type: "aws:rds/instance:Instance", Rule: "DeletionProtection", Message: "deletion protection is on"},
			{URN: urn + "copy", Type: "aws:rds/instance:Instance", Rule: "DeletionProtection", Message: "deletion protection is on"},
		},
		WallSeconds: 12.34, EngineSeconds: 11, SecondWallSeconds: 5.05, Total: 21 * time.Second,
	}
}

func render(t *testing.T, stacks ...engine.StackReport) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Rehearsal(cmdutil.IOStreams{Out: &out}, engine.Report{Stacks: stacks}))
	return out.String()
}

func TestThePageSaysEverything(t *testing.T) {
	text := render(t, sample())
	for _, wanted := range []string{
		"STAGING  12 resources in pretend account 111122223333",
		"Network   10  VPC itrack-staging, 2 NAT gateways, 7 VPC endpoint policies",
		"Rds        2  instance itrack-staging",
		"apiUrl  https://api.example.com",
		`names   ["a&b"]`,
		"token   [secret]",
		"A second run would change\n    nothing\n",
		"2 because: deletion protection is on (DeletionProtection)\n      instance db, instance copy\n",
		"first up 12s (engine 11s), second up with refresh 5.1s, all together 21s",
		"staging holds: 12 resources, no changes in a second run, 2 deletions refused, no failures",
	} {
		require.Contains(t, text, wanted)
	}
	require.NotContains(t, text, "\x1b", "no colours in a file")
	require.NotContains(t, text, "failures\n    ")
}

func TestThePageShowsWhatDoesNotHold(t *testing.T) {
	s := sample()
	s.OK = false
	s.SecondRunChanges = []engine.Change{{URN: urn + "db", Type: "aws:rds/instance:Instance", Op: "update", Paths: []string{"tags.a", "port"}}}
	s.Failures = []engine.Problem{{
		URN: urn + "db", Type: "aws:rds/instance:Instance", Property: "instanceClass", Rule: "enum",
		Message: "db.t4g.tiny is no class\nof RDS", Next: "choose another",
	}}
	s.Destroy = &engine.DestroyReport{Deleted: 3, Remaining: 9, Refused: []engine.Problem{{Message: "it is protected", Rule: "Protected"}}}
	s.Refusals = nil
	text := render(t, s)
	for _, wanted := range []string{
		"update instance db: tags.a, port\n",
		"1 failure\n",
		"instance db instanceClass [enum]\n      db.t4g.tiny is no class\n      of RDS\n      next: choose another\n",
		"refused: 3 resources deleted, 9 remain\n    [Protected]\n      it is protected\n",
		"for nothing: the stack can be torn down",
		"staging does not hold",
	} {
		require.Contains(t, text, wanted)
	}
}

func TestAFailedUpClaimsNothingAboutASecondOne(t *testing.T) {
	s := sample()
	s.OK, s.SecondWallSeconds = false, 0
	require.NotContains(t, render(t, s), "second run would change\n")
}

func TestLinesStayWithinTheWidth(t *testing.T) {
	s := sample()
	for i := range s.Components {
		for range 5 {
			s.Components[i].Kinds = append(s.Components[i].Kinds, engine.KindReport{Type: "TargetGroup", Count: 1, Names: []string{strings.Repeat("n", 60)}})
		}
	}
	s.Outputs["long"] = strings.Repeat("x", 500)
	for _, line := range strings.Split(render(t, s), "\n") {
		require.LessOrEqual(t, len([]rune(line)), maxWidth, line)
	}
}

func TestProgressInALog(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(cmdutil.IOStreams{Err: &out})
	at := engine.Progress{Stack: "staging", Phase: engine.PhaseUp, Done: 1, Total: 9, Current: []string{"Vpc main", "Key data"}}
	for range 50 {
		p.Observe(at)
	}
	at.Done, at.Ended, at.Elapsed = 9, true, 3*time.Second
	p.Observe(at)
	p.Close()
	require.Equal(t, "staging: first up\nstaging: first up done, 9 of 9 resources in 3s\n", out.String())
}

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(cmdutil.IOStreams{Err: &out, ErrWidth: 44})
	p.Observe(engine.Progress{Stack: "staging", Phase: engine.PhaseUp, Done: 1, Total: 9, Current: []string{"Vpc main", "Key data"}})
	require.Contains(t, out.String(), "staging: first up, 1 of 9: Vpc main and …")
	require.NotContains(t, out.String(), "\n")
	p.Observe(engine.Progress{Stack: "staging", Phase: engine.PhaseUp, Done: 9, Total: 9, Ended: true, Failed: true, Elapsed: time.Second})
	require.True(t, strings.HasSuffix(out.String(), "\r\x1b[K✗ staging: first up failed, 9 of 9 resources in 1s\n"), out.String())
}

func TestWords(t *testing.T) {
	for kind, wanted := range map[string]string{
		"NatGateway": "NAT gateway", "BucketV2": "bucket", "Vpc": "VPC", "VpcEndpoint": "VPC endpoint", "RestApi": "REST API",
		"TargetGroup": "target group", "OpenIdConnectProvider": "Open ID connect provider", "Role": "role",
	} {
		require.Equal(t, wanted, words(kind))
	}
	for noun, wanted := range map[string]string{
		"policy": "policies", "key": "keys", "alias": "aliases", "address": "addresses", "NAT gateway": "NAT gateways", "VPC": "VPCs",
	} {
		require.Equal(t, wanted, plural(noun, 2))
		require.Equal(t, noun, plural(noun, 1))
	}
}
