package rehearsal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/aws"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

const region = "us-east-1"

// world is a cloud without an engine: creates and deletes go to the catalogue directly.
type world struct {
	t     *testing.T
	cloud *cloud.Cloud
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := cloud.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &world{t, c}
}

func specOf(t *testing.T, token string) *catalog.Spec {
	t.Helper()
	s, err := aws.Catalog().Spec(token)
	require.NoError(t, err)
	return s
}

func call(s *catalog.Spec, name string, inputs map[string]any) *catalog.Call {
	where := region
	if s.Global {
		where = cloud.Global
	}
	return &catalog.Call{Type: s.Type, Account: enginetest.Account, Region: where, Partition: "aws", Logical: name,
		URN: "urn:pulumi:test::rehearsal::" + s.Token + "::" + name, Inputs: resource.NewPropertyMapFromMap(inputs), Now: time.Now()}
}

func (w *world) create(token, name string, inputs map[string]any) (o *cloud.Object, err error) {
	w.t.Helper()
	s := specOf(w.t, token)
	c := call(s, name, inputs)
	err = w.cloud.Do(func(tx *cloud.Tx) error {
		c.Tx = tx
		o, err = aws.Catalog().Create(s, c, nil)
		return err
	})
	return o, err
}

func (w *world) must(token, name string, inputs map[string]any) *cloud.Object {
	w.t.Helper()
	o, err := w.create(token, name, inputs)
	require.NoError(w.t, err)
	return o
}

func (w *world) delete(o *cloud.Object) error {
	w.t.Helper()
	s := specOf(w.t, o.Type)
	c := call(s, "x", nil)
	return w.cloud.Do(func(tx *cloud.Tx) error {
		c.Tx, c.Old = tx, tx.Get(o.Account, o.Region, o.Type, o.ID)
		return aws.Catalog().Delete(s, c)
	})
}

// refusal asserts that an error is AWS's with that code, about that property.
func refusal(t *testing.T, err error, code, property string) {
	t.Helper()
	var refused *catalog.Error
	require.Truef(t, errors.As(err, &refused), "want a refusal, got %v", err)
	assert.Equal(t, code, refused.Code)
	assert.Equal(t, property, refused.Property)
}

func paths(changes []catalog.Change) map[string]bool {
	out := map[string]bool{}
	for _, c := range changes {
		out[c.Path] = c.Replace
	}
	return out
}

func (w *world) diff(o *cloud.Object, inputs map[string]any) map[string]bool {
	w.t.Helper()
	return paths(specOf(w.t, o.Type).Diff(resource.NewPropertyMapFromMap(inputs), o.State, nil))
}

func alarm(extra map[string]any) map[string]any {
	inputs := map[string]any{"name": "cpu", "namespace": "AWS/ECS", "metricName": "CPUUtilization", "period": 60, "evaluationPeriods": 3,
		"statistic": "Average", "threshold": 80, "comparisonOperator": "GreaterThanThreshold"}
	for key, value := range extra {
		inputs[key] = value
	}
	return inputs
}

func TestDiffComparesInputsWithWhatTheCloudReturned(t *testing.T) {
	w := newWorld(t)
	role := map[string]any{"name": "task", "assumeRolePolicy": trust}
	made := w.must("aws:iam/role:Role", "task", role)
	assert.Empty(t, w.diff(made, role), "defaults and computed outputs are no difference")

	t.Run("a document in another order is a difference", func(t *testing.T) {
		require.NoError(t, w.cloud.Mutate("task", func(state resource.PropertyMap) {
			state["assumeRolePolicy"] = resource.NewStringProperty(`{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}],"Version":"2012-10-17"}`)
		}))
		objects, err := w.cloud.Objects(enginetest.Account)
		require.NoError(t, err)
		assert.Equal(t, map[string]bool{"assumeRolePolicy": false}, w.diff(&objects[0], role))
	})
	t.Run("a default that the cloud adds is a difference", func(t *testing.T) {
		added := *made
		added.State = made.State.Copy()
		added.State["description"] = resource.NewStringProperty("made by somebody")
		assert.Equal(t, map[string]bool{"description": false}, w.diff(&added, role))
	})
	t.Run("what forces a replacement", func(t *testing.T) {
		assert.Equal(t, map[string]bool{"name": true}, w.diff(made, map[string]any{"name": "other", "assumeRolePolicy": trust}))
		assert.Equal(t, map[string]bool{"maxSessionDuration": false}, w.diff(made, map[string]any{"name": "task", "assumeRolePolicy": trust, "maxSessionDuration": 7200}))
	})
	t.Run("removing what was set", func(t *testing.T) {
		with := w.must("aws:cloudwatch/metricAlarm:MetricAlarm", "cpu", alarm(map[string]any{"alarmDescription": "hot", "dimensions": map[string]any{"Cluster": "a"}}))
		assert.Equal(t, map[string]bool{"alarmDescription": false, "dimensions": false}, w.diff(with, alarm(nil)))
	})
	t.Run("lists in order, sets without", func(t *testing.T) {
		topic := w.must("aws:sns/topic:Topic", "a", map[string]any{"name": "a"})
		other := w.must("aws:sns/topic:Topic", "b", map[string]any{"name": "b"})
		with := w.must("aws:cloudwatch/metricAlarm:MetricAlarm", "set", alarm(map[string]any{"name": "set", "alarmActions": []any{topic.ARN, other.ARN}}))
		assert.Empty(t, w.diff(with, alarm(map[string]any{"name": "set", "alarmActions": []any{other.ARN, topic.ARN}})))
		assert.Equal(t, map[string]bool{"alarmActions[1]": false}, w.diff(with, alarm(map[string]any{"name": "set", "alarmActions": []any{topic.ARN}})))
	})
	t.Run("default tags", func(t *testing.T) {
		s := specOf(t, "aws:iam/role:Role")
		changes := s.Diff(resource.NewPropertyMapFromMap(role), made.State, map[string]string{"Project": "itrack"})
		assert.Equal(t, map[string]bool{"tagsAll.Project": false}, paths(changes))
	})
}

func TestNamesCollideAsOnAWS(t *testing.T) {
	w := newWorld(t)
	w.must("aws:iam/role:Role", "a", map[string]any{"name": "task", "assumeRolePolicy": trust})
	_, err := w.create("aws:iam/role:Role", "b", map[string]any{"name": "task", "assumeRolePolicy": trust})
	refusal(t, err, "EntityAlreadyExists", "name")
	assert.Contains(t, err.Error(), "creating IAM Role: operation error IAM: CreateRole")

	vpc := w.must("aws:ec2/vpc:Vpc", "vpc", map[string]any{"cidrBlock": "10.0.0.0/16"})
	second := w.must("aws:ec2/vpc:Vpc", "vpc2", map[string]any{"cidrBlock": "10.0.0.0/16"})
	assert.NotEqual(t, vpc.ID, second.ID, "without a name, two creations make two objects")
	w.must("aws:ec2/securityGroup:SecurityGroup", "one", map[string]any{"name": "web", "vpcId": vpc.ID})
	w.must("aws:ec2/securityGroup:SecurityGroup", "two", map[string]any{"name": "web", "vpcId": second.ID})
	_, err = w.create("aws:ec2/securityGroup:SecurityGroup", "three", map[string]any{"name": "web", "vpcId": vpc.ID})
	refusal(t, err, "InvalidGroup.Duplicate", "name")

	w.must("aws:ec2/subnet:Subnet", "a", map[string]any{"vpcId": vpc.ID, "cidrBlock": "10.0.0.0/20"})
	_, err = w.create("aws:ec2/subnet:Subnet", "b", map[string]any{"vpcId": vpc.ID, "cidrBlock": "10.0.8.0/24"})
	refusal(t, err, "InvalidSubnet.Conflict", "cidrBlock")

	w.must("aws:cloudwatch/metricAlarm:MetricAlarm", "one", alarm(nil))
	_, err = w.create("aws:cloudwatch/metricAlarm:MetricAlarm", "two", alarm(nil))
	refusal(t, err, "Conflict", "name")
}

func TestReferencesMustExist(t *testing.T) {
	w := newWorld(t)
	gone := "vpc-0123456789abcdef0"
	_, err := w.create("aws:ec2/subnet:Subnet", "a", map[string]any{"vpcId": gone, "cidrBlock": "10.0.0.0/20"})
	refusal(t, err, "InvalidVpcID.NotFound", "vpcId")
	assert.Contains(t, err.Error(), gone)

	_, err = w.create("aws:cloudwatch/metricAlarm:MetricAlarm", "cpu", alarm(map[string]any{"alarmActions": []any{"arn:aws:sns:us-east-1:" + enginetest.Account + ":nobody"}}))
	refusal(t, err, "ResourceNotFoundException", "alarmActions[0]")

	role := w.must("aws:iam/role:Role", "task", map[string]any{"name": "task", "assumeRolePolicy": trust})
	_, err = w.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "typo", map[string]any{"role": role.Name, "policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCor"})
	refusal(t, err, "NoSuchEntity", "policyArn")
	_, err = w.create("aws:kms/key:Key", "key", map[string]any{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + enginetest.Account + `:role/nobody"},"Action":"kms:*","Resource":"*"}]}`})
	refusal(t, err, "MalformedPolicyDocumentException", "policy")
	_, err = w.create("aws:kms/key:Key", "key", map[string]any{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + role.ARN + `"},"Action":"kms:Encrypt","Resource":"*"}]}`})
	refusal(t, err, "MalformedPolicyDocumentException", "policy")
	assert.Contains(t, err.Error(), "will not allow you to update the key policy")
}

func TestDeletesAreRefusedWhileDependentsExist(t *testing.T) {
	w := newWorld(t)
	vpc := w.must("aws:ec2/vpc:Vpc", "vpc", map[string]any{"cidrBlock": "10.0.0.0/16"})
	subnet := w.must("aws:ec2/subnet:Subnet", "a", map[string]any{"vpcId": vpc.ID, "cidrBlock": "10.0.0.0/20"})
	refusal(t, w.delete(vpc), "DependencyViolation", "vpcId")

	refusals, err := w.cloud.Refusals(enginetest.Account)
	require.NoError(t, err)
	assert.Empty(t, refusals, "destroy deletes the subnet first")

	// Somebody made a security group by hand: it keeps the VPC, and only the VPC.
	hand := w.must("aws:ec2/securityGroup:SecurityGroup", "hand", map[string]any{"name": "hand", "vpcId": vpc.ID})
	require.NoError(t, w.cloud.Do(func(tx *cloud.Tx) error {
		o := *tx.Get(enginetest.Account, region, hand.Type, hand.ID)
		o.URN = ""
		return tx.Put(&o)
	}))
	refusals, err = w.cloud.Refusals(enginetest.Account)
	require.NoError(t, err)
	require.Len(t, refusals, 1)
	assert.Equal(t, vpc.URN, refusals[0].URN)
	assert.Equal(t, "dependents", refusals[0].Rule)
	require.NoError(t, w.delete(hand))

	require.NoError(t, w.delete(subnet))
	require.NoError(t, w.delete(vpc))
	objects, err := w.cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	assert.Empty(t, objects, "what AWS made with the VPC goes with it")
}

func TestCheckNamesPropertyRuleAndValue(t *testing.T) {
	problems := func(token string, inputs map[string]any) map[string]string {
		out := map[string]string{}
		s := specOf(t, token)
		for _, p := range s.CheckInputs(call(s, "x", inputs)) {
			out[p.Property] = p.Rule
		}
		return out
	}
	assert.Empty(t, problems("aws:cloudwatch/metricAlarm:MetricAlarm", alarm(nil)))
	assert.Equal(t, map[string]string{"cidrBlok": "unknown property"}, problems("aws:ec2/vpc:Vpc", map[string]any{"cidrBlok": "10.0.0.0/16"}))
	assert.Equal(t, map[string]string{"vpcId": "required"}, problems("aws:ec2/subnet:Subnet", map[string]any{"cidrBlock": "10.0.0.0/20"}))
	assert.Equal(t, map[string]string{"enableDnsSupport": "type"}, problems("aws:ec2/vpc:Vpc", map[string]any{"enableDnsSupport": "yes"}))
	assert.Equal(t, map[string]string{"instanceTenancy": "allowed values"}, problems("aws:ec2/vpc:Vpc", map[string]any{"instanceTenancy": "host"}))
	assert.Equal(t, map[string]string{"tags": "reserved tag"}, problems("aws:ec2/vpc:Vpc", map[string]any{"tags": map[string]any{"aws:x": "y"}}))
	assert.Equal(t, map[string]string{"ingress[0].protocl": "unknown property", "ingress[0].protocol": "required"},
		problems("aws:ec2/securityGroup:SecurityGroup", map[string]any{"ingress": []any{map[string]any{"fromPort": 1, "toPort": 2, "protocl": "tcp"}}}))
}

func TestEveryTypeIsDescribedWhole(t *testing.T) {
	for _, token := range aws.Catalog().Tokens() {
		s := specOf(t, token)
		assert.NotEmpty(t, s.Title, token)
		assert.NotEmpty(t, s.Service, token)
		for _, ref := range s.Refs {
			for _, to := range ref.To {
				// AWS makes the first with a VPC, and the second exists before a first up: no program here has one of its own.
				if to == "aws:ec2/networkAcl:NetworkAcl" || to == "aws:route53/zone:Zone" {
					continue
				}
				_, err := aws.Catalog().Type(to)
				assert.NoError(t, err, "%s refers to it", token)
			}
		}
		for _, name := range append(append([]string{s.Name.Property, s.Name.Prefix}, s.Blank...), s.Volatile...) {
			if name != "" {
				_, ok := s.Outputs[name]
				assert.True(t, ok, "%s has no output %s", token, name)
			}
		}
	}
}

func TestWhatAWSMakesWithAVpcCanBeAdopted(t *testing.T) {
	w := newWorld(t)
	vpc := w.must("aws:ec2/vpc:Vpc", "vpc", map[string]any{"cidrBlock": "10.0.0.0/16"})
	group := w.must("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "closed", map[string]any{"vpcId": vpc.ID})
	assert.Equal(t, vpc.State["defaultSecurityGroupId"].StringValue(), group.ID)
	acl := w.must("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", "closed", map[string]any{"defaultNetworkAclId": vpc.State["defaultNetworkAclId"].StringValue()})
	assert.Equal(t, vpc.ID, acl.State["vpcId"].StringValue())
	_, err := w.create("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", "none", map[string]any{"defaultNetworkAclId": "acl-0123456789abcdef0"})
	refusal(t, err, "InvalidNetworkAclID.NotFound", "defaultNetworkAclId")
}

func TestAnIdentityProviderIsThereOnce(t *testing.T) {
	w := newWorld(t)
	github := map[string]any{"url": "https://token.actions.githubusercontent.com", "clientIdLists": []any{"sts.amazonaws.com"}}
	provider := w.must("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github", github)
	assert.Equal(t, "arn:aws:iam::"+enginetest.Account+":oidc-provider/token.actions.githubusercontent.com", provider.ARN)
	assert.Empty(t, w.diff(provider, github))
	_, err := w.create("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "again", github)
	refusal(t, err, "EntityAlreadyExists", "id")
	found, err := w.invoke("aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", map[string]any{"url": github["url"]})
	require.NoError(t, err)
	assert.Equal(t, provider.ARN, found["arn"])
}
