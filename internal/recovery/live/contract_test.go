package live_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/recovery/live"
	"github.com/itrack/itrack/internal/recovery/pretend"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const region = "us-east-1"

// place is somewhere objects exist: the pretend cloud, and AWS as moto has it.
type place interface {
	lister() recovery.Lister
	account() string
	// create makes an object as the provider would and returns its id in a state.
	create(t *testing.T, p recovery.Pending) string
}

// pretendPlace is the pretend cloud.
type pretendPlace struct {
	cloud *cloud.Cloud
	made  int
}

func (p *pretendPlace) lister() recovery.Lister { return pretend.Lister{Cloud: p.cloud} }
func (p *pretendPlace) account() string         { return "123456789012" }

func (p *pretendPlace) create(t *testing.T, pending recovery.Pending) string {
	t.Helper()
	id, err := recovery.IDOf(pending)
	require.NoError(t, err)
	if id == "" {
		p.made++
		id = fmt.Sprintf("id-%d", p.made)
	}
	state := maps.Clone(pending.Inputs)
	tags := map[string]any{}
	for key, value := range pending.Tags() {
		tags[key] = value
	}
	if _, taggable := pending.Inputs["tags"]; taggable {
		state["tagsAll"] = tags
	}
	require.NoError(t, p.cloud.Do(func(tx *cloud.Tx) error {
		// The pretend cloud knows URNs; looking must not need them.
		return tx.Put(&cloud.Object{Account: pending.Account, Region: pending.Region, Type: pending.Type, ID: id,
			ARN: "arn:aws:test:" + pending.Region + ":" + pending.Account + ":" + id, State: resource.NewPropertyMapFromMap(state)})
	}))
	return id
}

// contract is one type as both places must treat it. Values with {name} get the ids of parents made before.
type contract struct {
	token   string
	inputs  map[string]any
	parents map[string]string // input -> name of the contract that makes it
	// twins: AWS lets two of them exist that nothing but the id tells apart.
	twins bool
	// other changes the input that identifies it.
	other string
}

func tagged(name string) map[string]any { return map[string]any{"Name": name} }

// contracts are in an order in which parents come first.
var contracts = []contract{
	{token: "aws:ec2/vpc:Vpc", inputs: map[string]any{"cidrBlock": "10.9.0.0/16", "tags": tagged("net")}, twins: true},
	{token: "aws:ec2/subnet:Subnet", inputs: map[string]any{"cidrBlock": "10.9.1.0/24", "tags": tagged("a")}, parents: map[string]string{"vpcId": "aws:ec2/vpc:Vpc"}},
	{token: "aws:ec2/routeTable:RouteTable", inputs: map[string]any{"tags": tagged("a")}, parents: map[string]string{"vpcId": "aws:ec2/vpc:Vpc"}, twins: true},
	{token: "aws:ec2/routeTableAssociation:RouteTableAssociation", inputs: map[string]any{},
		parents: map[string]string{"routeTableId": "aws:ec2/routeTable:RouteTable", "subnetId": "aws:ec2/subnet:Subnet"}},
	{token: "aws:ec2/internetGateway:InternetGateway", inputs: map[string]any{"tags": tagged("a")}, parents: map[string]string{"vpcId": "aws:ec2/vpc:Vpc"}},
	{token: "aws:ec2/eip:Eip", inputs: map[string]any{"tags": tagged("a")}, twins: true},
	{token: "aws:ec2/securityGroup:SecurityGroup", inputs: map[string]any{"name": "web", "description": "web", "tags": tagged("web")},
		parents: map[string]string{"vpcId": "aws:ec2/vpc:Vpc"}, other: "name"},
	{token: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", inputs: map[string]any{"ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0, "cidrIpv4": "10.0.0.0/8"},
		parents: map[string]string{"securityGroupId": "aws:ec2/securityGroup:SecurityGroup"}, other: "cidrIpv4"},
	{token: "aws:iam/role:Role", inputs: map[string]any{"name": "worker", "tags": map[string]any{}}, other: "name"},
	{token: "aws:iam/policy:Policy", inputs: map[string]any{"name": "read", "path": "/team/", "tags": map[string]any{}}, other: "name"},
	{token: "aws:kms/key:Key", inputs: map[string]any{"description": "data at rest", "tags": map[string]any{}}, twins: true, other: "description"},
	{token: "aws:sqs/queue:Queue", inputs: map[string]any{"name": "work", "tags": map[string]any{}}, other: "name"},
	{token: "aws:sns/topic:Topic", inputs: map[string]any{"name": "alerts", "tags": map[string]any{}}, other: "name"},
	{token: "aws:cloudwatch/logGroup:LogGroup", inputs: map[string]any{"name": "/app/web"}, other: "name"},
	{token: "aws:dynamodb/table:Table", inputs: map[string]any{"name": "items"}, other: "name"},
	{token: "aws:s3/bucketV2:BucketV2", inputs: map[string]any{"bucket": "contract-bucket"}, other: "bucket"},
	{token: "aws:ecs/cluster:Cluster", inputs: map[string]any{"name": "apps"}, other: "name"},
	{token: "aws:ecr/repository:Repository", inputs: map[string]any{"name": "web"}, other: "name"},
	{token: "aws:backup/vault:Vault", inputs: map[string]any{"name": "copies"}, other: "name"},
	{token: "aws:lb/targetGroup:TargetGroup", inputs: map[string]any{"name": "blue", "tags": map[string]any{}},
		parents: map[string]string{"vpcId": "aws:ec2/vpc:Vpc"}, other: "name"},
}

// keeps runs every contract in one place.
func keeps(t *testing.T, at place) {
	ids := map[string]string{}
	for _, c := range contracts {
		t.Run(c.token, func(t *testing.T) { ids[c.token] = c.run(t, at, ids) })
	}
}

func (c contract) run(t *testing.T, at place, parents map[string]string) string {
	finder := recovery.New(at.lister())
	p := recovery.Pending{URN: "urn:pulumi:s::p::" + c.token + "::x", Type: c.token, Name: "x", Inputs: maps.Clone(c.inputs),
		Account: at.account(), Region: region, DefaultTags: map[string]string{"Project": "contract"}}
	for input, parent := range c.parents {
		require.NotEmpty(t, parents[parent], "%s must be made before", parent)
		p.Inputs[input] = parents[parent]
	}
	find := func(p recovery.Pending) []string {
		t.Helper()
		found, err := finder.Find(context.Background(), p)
		require.NoError(t, err)
		var ids []string
		for _, f := range found {
			assert.NotEmpty(t, f.How)
			ids = append(ids, f.ID)
		}
		return ids
	}
	assert.Empty(t, find(p), "nothing of it exists")
	id := at.create(t, p)
	assert.Equal(t, []string{id}, find(p), "what was made is found")

	if _, taggable := c.inputs["tags"]; taggable {
		foreign := p
		foreign.DefaultTags = map[string]string{"Project": "another"}
		key, _ := recovery.KeyOf(c.token)
		if key.Tags || c.token == "aws:sqs/queue:Queue" || c.token == "aws:iam/role:Role" || c.token == "aws:sns/topic:Topic" {
			assert.Empty(t, find(foreign), "another stack's is not taken")
		}
	}
	if c.other != "" {
		different := p
		different.Inputs = maps.Clone(p.Inputs)
		different.Inputs[c.other] = map[string]any{"cidrIpv4": "192.168.0.0/16"}[c.other]
		if different.Inputs[c.other] == nil {
			different.Inputs[c.other] = p.Text(c.other) + "-other"
		}
		assert.Empty(t, find(different), "%s tells two apart", c.other)
	}
	if c.twins {
		second := at.create(t, p)
		both := []string{id, second}
		slices.Sort(both)
		assert.Equal(t, both, find(p), "two alike are both told")
	}
	for _, property := range keyInputs(c.token) {
		if _, set := p.Inputs[property]; set {
			unknown := p
			unknown.Inputs = maps.Clone(p.Inputs)
			unknown.Inputs[property] = recovery.Unknown
			_, err := finder.Find(context.Background(), unknown)
			assert.ErrorIs(t, err, recovery.ErrNotKnown, property)
		}
	}
	return id
}

func keyInputs(token string) []string {
	key, _ := recovery.KeyOf(token)
	return key.Match
}

func TestThePretendCloudKeepsTheContract(t *testing.T) {
	pretendCloud, err := cloud.Open(filepath.Join(t.TempDir(), "cloud"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = pretendCloud.Close() })
	keeps(t, &pretendPlace{cloud: pretendCloud})
}

// A type without a search on AWS says so, with the way by hand, unless making it again does no harm.
func TestWhatIsNotCoveredSaysSo(t *testing.T) {
	for _, token := range recovery.Types() {
		if live.Covers(token) {
			continue
		}
		_, err := live.Lister{}.Candidates(context.Background(), recovery.Pending{URN: "urn:x", Type: token}, "")
		require.ErrorIs(t, err, recovery.ErrNotCovered, token)
		assert.ErrorContains(t, err, "--adopt 'urn:x=ID'")
	}
}
