package docgen

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConditions(t *testing.T) {
	var properties map[string]any
	require.NoError(t, json.Unmarshal([]byte(`{
		"on": true, "size": 30, "name": "itrack-items-staging", "empty": [], "nothing": null,
		"rules": [{"name": "rate", "action": {"block": {}}, "limit": 100}, {"name": "size", "limit": 5}],
		"policy": "{\"Statement\":[{\"Effect\":\"Deny\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}},{\"Effect\":\"Allow\"}]}",
		"password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
	}`), &properties))
	properties["script"] = base64.StdEncoding.EncodeToString([]byte("line\ndnf install mariadb\n"))
	cases := map[string]bool{
		"on=true": true, "on=false": false, "on!=true": false, "on!=false": true,
		"size=30": true, "size>=30": true, "size>=31": false, "name>=1": false,
		"name=itrack-*-staging": true, "name=itrack": false, "name=*items*": true,
		"name": true, "missing": false, "!missing": true, "!name": false, "!empty": true, "empty": false, "!nothing": true,
		"rules.name=size": true, "rules.name=other": false, "rules.name!=rate": false,
		"rules[name=rate].limit=100": true, "rules[name=rate].limit=5": false, "rules[name=rate].action.block": true,
		"policy.Statement.Effect=Deny": true, "policy.Statement[Effect=Deny].Condition.Bool.aws:SecureTransport=false": true,
		"policy.Statement[Effect=Allow].Condition": false, "policy.**=false": true, "policy.**.aws:SecureTransport=false": true,
		"policy.Statement.*ffect=Allow": true, "script.@text=*dnf install*": true, "script=*dnf*": false,
		// What is secret is there, and says nothing.
		"password": true, "password.ciphertext": false, "password.**=v1:x": false,
	}
	for text, want := range cases {
		assert.Equal(t, want, parseCondition(text).holds(properties), text)
	}
}

// deployment is an export with a component that holds the given buckets.
func deployment(t *testing.T, inputs map[string]map[string]any) apitype.UntypedDeployment {
	t.Helper()
	const part = "urn:pulumi:x::itrack::itrack:infra:Archive::archive"
	resources := []map[string]any{{"urn": part, "type": "itrack:infra:Archive"}}
	for name, properties := range inputs {
		resources = append(resources, map[string]any{
			"urn": "urn:pulumi:x::itrack::itrack:infra:Archive$aws:s3/bucketV2:BucketV2::" + name, "type": "aws:s3/bucketV2:BucketV2",
			"custom": true, "id": "id-" + name, "parent": part, "inputs": properties,
		})
	}
	text, err := json.Marshal(map[string]any{"resources": resources})
	require.NoError(t, err)
	return apitype.UntypedDeployment{Version: 3, Deployment: text}
}

func page(t *testing.T, rows []Row, staging, production, every map[string]map[string]any) (string, error) {
	t.Helper()
	var stacks []*stack
	for _, inputs := range []map[string]map[string]any{staging, production, every} {
		read, err := readStack(deployment(t, inputs))
		require.NoError(t, err)
		stacks = append(stacks, read)
	}
	return render([]Section{{Component: "Archive", Title: "Archive", Rows: rows}}, stacks)
}

func TestRowsSayWhere(t *testing.T) {
	closed, open := map[string]any{"tls": true}, map[string]any{"tls": false}
	text, err := page(t, []Row{
		{Phrase: "in both", Matches: []Match{has("s3.BucketV2", "a")}},
		{Phrase: "in one", Matches: []Match{has("s3.BucketV2", "b", "tls=false")}},
		{Phrase: "in the other", Matches: []Match{has("s3.BucketV2", "").exactly(1)}},
		{Phrase: "with settings", Matches: []Match{has("s3.BucketV2", "c"), no("s3.BucketV2", "z")}},
		{Phrase: "all of them", Matches: []Match{all("s3.BucketV2", "a,c", "tls=true")}},
		{Phrase: "by a test", Tests: []string{"TestIt"}},
	},
		map[string]map[string]any{"a": closed},
		map[string]map[string]any{"a": closed, "b": open},
		map[string]map[string]any{"a": closed, "b": open, "c": closed})
	require.NoError(t, err)
	for _, line := range []string{
		"| in both | `s3.BucketV2` a | both stacks |", "| in one | `s3.BucketV2` b with `tls=false` | production |",
		"| in the other | `s3.BucketV2` a | staging |", "| with settings | `s3.BucketV2` c; no `s3.BucketV2` z | with settings |",
		"| all of them | `s3.BucketV2` a with `tls=true` | both stacks |", "| by a test | the test `TestIt` | a test |",
	} {
		assert.Contains(t, text, line+"\n")
	}
}

func TestWhatNothingCarriesIsAnError(t *testing.T) {
	closed, open := map[string]any{"tls": true}, map[string]any{"tls": false}
	for name, row := range map[string]Row{
		"no deployment has s3.BucketV2 x":                             {Matches: []Match{has("s3.BucketV2", "x")}},
		"no deployment has s3.BucketV2 a with tls=false":              {Matches: []Match{has("s3.BucketV2", "a", "tls=false")}},
		"no deployment has 3 s3.BucketV2":                             {Matches: []Match{has("s3.BucketV2", "").times(3)}},
		"production: b must be (every one) s3.BucketV2 with tls=true": {Matches: []Match{all("s3.BucketV2", "", "tls=true")}},
		"production: b must be (none) s3.BucketV2 with tls=false":     {Matches: []Match{no("s3.BucketV2", "", "tls=false")}},
		"no deployment has s3.BucketV2 a":                             {Matches: []Match{has("s3.BucketV2", "a").in("Frontend")}},
		"no deployment has all of them":                               {Matches: []Match{has("s3.BucketV2", "b"), has("s3.BucketV2", "c")}},
		"names neither a resource nor a test":                         {},
	} {
		row.Phrase = "a phrase"
		_, err := page(t, []Row{row}, map[string]map[string]any{"a": closed}, map[string]map[string]any{"a": closed, "b": open},
			map[string]map[string]any{"a": closed, "c": closed})
		require.ErrorIs(t, err, errCoverage, name)
		require.ErrorContains(t, err, `Archive, "a phrase"`)
		require.ErrorContains(t, err, name)
	}
}

// A component that the design's rows know nothing of would make the page incomplete in silence.
func TestEveryComponentNeedsASection(t *testing.T) {
	read, err := readStack(deployment(t, map[string]map[string]any{"a": {}}))
	require.NoError(t, err)
	require.NoError(t, known([]Section{{Component: "Archive"}}, read))
	require.ErrorContains(t, known([]Section{{Component: "Network"}}, read), "Archive")
}
