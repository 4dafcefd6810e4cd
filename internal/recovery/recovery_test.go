package recovery

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever the table says of a type must be able to tell one object from another.
func TestEveryKeyIdentifies(t *testing.T) {
	require.Greater(t, len(keys), 115)
	for token, key := range keys {
		derived := key.ID != "" || key.Made != nil
		assert.Truef(t, derived || len(key.Match) > 0 || key.Tags, "%s: nothing identifies it", token)
		assert.Falsef(t, key.ID != "" && key.Made != nil, "%s: two ways to its id", token)
	}
}

func TestIDsThatFollowFromInputs(t *testing.T) {
	account, region := "111122223333", "us-west-2"
	for _, test := range []struct {
		token  string
		inputs map[string]any
		want   string
	}{
		{"aws:s3/bucketV2:BucketV2", map[string]any{"bucket": "b"}, "b"},
		{"aws:iam/policy:Policy", map[string]any{"path": "/itrack/", "name": "p"}, "arn:aws:iam::111122223333:policy/itrack/p"},
		{"aws:sqs/queue:Queue", map[string]any{"name": "q"}, "https://sqs.us-west-2.amazonaws.com/111122223333/q"},
		{"aws:ecs/service:Service", map[string]any{"cluster": "arn:aws:ecs:us-west-2:111122223333:cluster/c", "name": "s"},
			"arn:aws:ecs:us-west-2:111122223333:service/c/s"},
		{"aws:lambda/alias:Alias", map[string]any{"functionName": "f", "name": "live"}, "arn:aws:lambda:us-west-2:111122223333:function:f:live"},
		{"aws:lambda/alias:Alias", map[string]any{"functionName": "arn:aws:lambda:us-west-2:1:function:f", "name": "live"}, "arn:aws:lambda:us-west-2:1:function:f:live"},
		{"aws:dynamodb/tableReplica:TableReplica", map[string]any{"globalTableArn": "arn:aws:dynamodb:us-east-1:1:table/items"}, "items:us-east-1"},
		{"aws:kms/replicaKey:ReplicaKey", map[string]any{"primaryKeyArn": "arn:aws:kms:us-east-1:1:key/mrk-1"}, "mrk-1"},
		{"aws:iam/openIdConnectProvider:OpenIdConnectProvider", map[string]any{"url": "https://token.example.com"},
			"arn:aws:iam::111122223333:oidc-provider/token.example.com"},
		{"aws:ec2/route:Route", map[string]any{"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}, "r-rtb-11080289494"},
		{"aws:ec2/vpc:Vpc", map[string]any{"cidrBlock": "10.0.0.0/16"}, ""},
	} {
		id, err := IDOf(Pending{Type: test.token, Inputs: test.inputs, Account: account, Region: region})
		require.NoError(t, err, test.token)
		assert.Equal(t, test.want, id, test.token)
	}
	for token, input := range map[string]string{
		"aws:s3/bucketV2:BucketV2": "bucket", "aws:ec2/route:Route": "routeTableId", "aws:kms/replicaKey:ReplicaKey": "primaryKeyArn",
	} {
		_, err := IDOf(Pending{Type: token, Inputs: map[string]any{input: Unknown}})
		require.ErrorIs(t, err, ErrNotKnown, token)
	}
	assert.Equal(t, "arn:aws-cn:sns:cn-north-1:1:t", must(IDOf(Pending{Type: "aws:sns/topic:Topic", Account: "1", Region: "cn-north-1",
		Inputs: map[string]any{"name": "t"}})))
}

func must(id string, err error) string {
	if err != nil {
		return err.Error()
	}
	return id
}

// list is a Lister of fixed candidates.
type list []Candidate

func (l list) Candidates(context.Context, Pending, string) ([]Candidate, error) { return l, nil }
func (l list) Tagged(context.Context, string, string, map[string]string) ([]Object, error) {
	return nil, nil
}

func TestWhatMatches(t *testing.T) {
	ours := map[string]string{"Project": "p", "Name": "a"}
	subnet := Pending{Type: "aws:ec2/subnet:Subnet", DefaultTags: map[string]string{"Project": "p"},
		Inputs: map[string]any{"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24", "tags": map[string]any{"Name": "a"}}}
	address := Pending{Type: "aws:ec2/eip:Eip"}
	rule := Pending{Type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", Inputs: map[string]any{"securityGroupId": "sg-1", "fromPort": 443.0}}
	at := func(vpc, cidr string) map[string]any { return map[string]any{"vpcId": vpc, "cidrBlock": cidr} }
	for name, test := range map[string]struct {
		pending   Pending
		candidate Candidate
		want      bool
	}{
		"the same":                     {subnet, Candidate{ID: "s", Attributes: at("vpc-1", "10.0.0.0/24"), Tags: ours}, true},
		"more tags":                    {subnet, Candidate{ID: "s", Attributes: at("vpc-1", "10.0.0.0/24"), Tags: map[string]string{"Project": "p", "Name": "a", "X": "y"}}, true},
		"another parent":               {subnet, Candidate{ID: "s", Attributes: at("vpc-2", "10.0.0.0/24"), Tags: ours}, false},
		"another attribute":            {subnet, Candidate{ID: "s", Attributes: at("vpc-1", "10.0.1.0/24"), Tags: ours}, false},
		"another's tags":               {subnet, Candidate{ID: "s", Attributes: at("vpc-1", "10.0.0.0/24"), Tags: map[string]string{"Project": "q", "Name": "a"}}, false},
		"no tags where tags decide":    {subnet, Candidate{ID: "s", Attributes: at("vpc-1", "10.0.0.0/24")}, false},
		"nothing to go by":             {address, Candidate{ID: "e", Tags: map[string]string{}}, false},
		"a number written as text":     {rule, Candidate{ID: "r", Attributes: map[string]any{"securityGroupId": "sg-1", "fromPort": "443"}}, true},
		"a number written as a number": {rule, Candidate{ID: "r", Attributes: map[string]any{"securityGroupId": "sg-1", "fromPort": 443}}, true},
		"another number":               {rule, Candidate{ID: "r", Attributes: map[string]any{"securityGroupId": "sg-1", "fromPort": 80}}, false},
	} {
		found, err := New(list{test.candidate}).Find(context.Background(), test.pending)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, len(found) == 1, name)
	}
	_, err := New(list{}).Find(context.Background(), Pending{Type: "aws:new/thing:Thing"})
	require.ErrorIs(t, err, ErrNotCovered)
}

// A name that is taken by another stack's object is not ours: by name alone it would be adopted, and deleted one day.
func TestANameOfSomebodyElseIsNotTaken(t *testing.T) {
	role := Pending{Type: "aws:iam/role:Role", Inputs: map[string]any{"name": "r"}, DefaultTags: map[string]string{"Environment": "staging"}}
	found, err := New(list{{ID: "r", Tags: map[string]string{"Environment": "production"}}}).Find(context.Background(), role)
	require.NoError(t, err)
	assert.Empty(t, found)
	found, err = New(list{{ID: "r", Tags: map[string]string{"Environment": "staging"}}}).Find(context.Background(), role)
	require.NoError(t, err)
	assert.Equal(t, []Found{{ID: "r", How: "by name"}}, found)
}
