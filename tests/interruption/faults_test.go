package interruption

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// One life of staging in which AWS throttles, refuses, loses answers and is late, and in which somebody changes things by hand.
func TestFaultsAndDrift(t *testing.T) {
	l := newLife(t, "staging", seed(t))
	// Nothing is killed here: the state may be written once at the end of each operation, which is much faster.
	l.checkpoints = false
	l.reopen()
	l.lostAnswers()
	l.Log("first up with throttling, refusals and lost answers: repaired and equal")
	l.lateReads()
	l.Log("reads that see nothing yet: nothing lost")
	l.driftIsExact()
	l.Log("drift: found exactly and put right")
	l.orphanIsNamed()
	l.Log("an orphan: listed, deleted when named")
	l.lostUpdate()
	l.Log("lost answers to updates: put right")
	l.lostDeletes()
	l.Log("destroy with lost answers and refusals: gone whole")
}

// lostlings are types of which one create does its work and loses its answer: with a name that is unique, with tags alone,
// with a parent and attributes, with an id that AWS chooses.
// The number is about how many of the type the stack has.
var lostlings = map[string]int{
	"aws:ec2/subnet:Subnet": 4, "aws:ec2/eip:Eip": 1, "aws:ec2/securityGroup:SecurityGroup": 4, "aws:kms/key:Key": 3, "aws:iam/policy:Policy": 20,
	"aws:sqs/queue:Queue": 3, "aws:cloudwatch/logGroup:LogGroup": 10, "aws:cloudwatch/queryDefinition:QueryDefinition": 4,
	"aws:cloudfront/originAccessControl:OriginAccessControl": 1, "aws:apigateway/clientCertificate:ClientCertificate": 1, "aws:backup/plan:Plan": 1,
	"aws:codedeploy/application:Application": 1, "aws:cloudwatch/metricAlarm:MetricAlarm": 20,
}

func (l *life) lostAnswers() {
	l.Helper()
	faults := []cloud.Fault{
		{Kind: cloud.Throttle, Call: cloud.CreateCall, Attempts: cloud.MaxAttempts - 1, Nth: 3, Times: 40},
		{Kind: cloud.Throttle, Call: cloud.CreateCall, Type: "aws:sns/topic:Topic", Attempts: cloud.MaxAttempts + 1},
		{Kind: cloud.Refuse, Call: cloud.CreateCall, Type: "aws:ecr/repository:Repository", Code: "ServerException", Message: "These errors are usually caused by a server-side issue."},
	}
	for _, token := range slices.Sorted(maps.Keys(lostlings)) {
		faults = append(faults, cloud.Fault{Kind: cloud.Timeout, Call: cloud.CreateCall, Type: token, Nth: 1 + l.random.IntN(lostlings[token])})
	}
	l.faults(faults...)
	expected := map[string]bool{}
	refused := 0
	// What waits for something that failed is made by a later run: each run may lose further answers.
	for range 6 {
		outcome, err := l.stack.Up(context.Background(), engine.UpOptions{ContinueOnError: true})
		if err == nil {
			break
		}
		assert.NotEmpty(l, outcome.Problems)
		lost := l.lost()
		report := l.repair()
		l.Logf("%d answers lost; %s", len(lost), said(report))
		var found []string
		for _, d := range report.Planned {
			found = append(found, d.URN)
			expected[d.URN] = true
		}
		for _, urn := range lost {
			assert.True(l, expected[urn], "made and not found again: %s", urn)
		}
		assert.Subset(l, lost, found, "only what exists may be adopted")
		assert.Empty(l, report.Orphans)
		refused++
	}
	strikes, err := l.cloud.Strikes()
	require.NoError(l, err)
	kinds := map[cloud.FaultKind]int{}
	for _, s := range strikes {
		kinds[s.Fault.Kind]++
	}
	assert.Equal(l, len(lostlings), kinds[cloud.Timeout])
	assert.Equal(l, 41, kinds[cloud.Throttle], "40 that the provider sits out, 1 that it does not")
	assert.Equal(l, 1, kinds[cloud.Refuse])
	assert.Positive(l, refused)
	l.faults()
	l.up()
	l.equal()
}

// lost are the URNs whose create was done and not answered.
func (l *life) lost() []string {
	l.Helper()
	strikes, err := l.cloud.Strikes()
	require.NoError(l, err)
	var urns []string
	for _, s := range strikes {
		if s.Fault.Kind == cloud.Timeout && s.Call == cloud.CreateCall {
			urns = append(urns, s.URN)
		}
	}
	return urns
}

// lateReads: a refresh that does not see what exists must not lose it.
func (l *life) lateReads() {
	l.Helper()
	l.faults(
		cloud.Fault{Kind: cloud.Unseen, Call: cloud.ReadCall, Type: "aws:ec2/vpc:Vpc", Times: 2},
		cloud.Fault{Kind: cloud.Unseen, Call: cloud.ReadCall, Type: "aws:iam/role:Role", Nth: 2},
		cloud.Fault{Kind: cloud.Throttle, Call: cloud.ReadCall, Attempts: 3, Times: 20},
	)
	report := l.repair()
	assert.Empty(l, report.Drift, "nothing changed in the cloud")
	strikes, err := l.cloud.Strikes()
	require.NoError(l, err)
	assert.GreaterOrEqual(l, len(strikes), 3, "the faults must have struck")
	l.faults()
	outcome := l.up()
	assert.Empty(l, outcome.Changes)
	l.equal()
}

// object is what the cloud has of a type under a logical name.
func (l *life) object(token, name string) cloud.Object {
	l.Helper()
	objects, err := l.cloud.Objects(l.account)
	require.NoError(l, err)
	for _, o := range objects {
		if o.Type == token && strings.HasSuffix(o.URN, "::"+name) {
			return o
		}
	}
	require.Failf(l, "nothing of that name", "%s %s", token, name)
	return cloud.Object{}
}

// drift is one change by hand and the property path that a refresh must report for it, empty for a removal.
type drift struct {
	token, name, path string
	change            func(state resource.PropertyMap)
}

func set(key string, value any) func(resource.PropertyMap) {
	return func(state resource.PropertyMap) { state[resource.PropertyKey(key)] = resource.NewPropertyValue(value) }
}

var drifts = []drift{
	{"aws:cloudwatch/logGroup:LogGroup", "service-backend", "retentionInDays", set("retentionInDays", 3)},
	{"aws:sqs/queue:Queue", "item-events-dead-letters", "messageRetentionSeconds", set("messageRetentionSeconds", 60)},
	{"aws:ecs/cluster:Cluster", "ecs", "tags", set("tags", map[string]any{"Owner": "somebody"})},
	{"aws:rds/instance:Instance", "rds", "backupWindow", set("backupWindow", "05:00-06:00")},
	{"aws:cloudwatch/metricAlarm:MetricAlarm", "rds-cpu", "", nil},
	{"aws:cloudwatch/dashboard:Dashboard", "api", "", nil},
}

// driftIsExact: a refresh reports what was changed by hand, and nothing else; the next up puts it right.
func (l *life) driftIsExact() {
	l.Helper()
	expected := map[string][]string{}
	for _, d := range drifts {
		o := l.object(d.token, d.name)
		if d.change == nil {
			require.NoError(l, l.cloud.Remove(o.ARN))
			expected[o.URN] = nil
			continue
		}
		require.NoError(l, l.cloud.Mutate(o.ARN, d.change))
		expected[o.URN] = []string{d.path}
	}
	report := l.repair()
	found := map[string][]string{}
	for _, change := range report.Drift {
		if change.Op == "delete" {
			found[change.URN] = nil
			continue
		}
		for _, path := range change.Paths {
			top := path
			if i := strings.IndexAny(path, ".["); i > 0 {
				top = path[:i]
			}
			if !slices.Contains(found[change.URN], top) {
				found[change.URN] = append(found[change.URN], top)
			}
		}
	}
	assert.Equal(l, expected, found)
	l.up()
	l.equal()
	outcome, err := l.stack.Up(context.Background(), engine.UpOptions{Refresh: true})
	require.NoError(l, err)
	assert.Empty(l, outcome.Changes)
}

// orphanIsNamed: what carries the stack's tags and belongs to nothing is listed, and deleted only when it is named.
func (l *life) orphanIsNamed() {
	l.Helper()
	queue := l.object("aws:sqs/queue:Queue", "item-events-dead-letters")
	second := queue
	second.Serial, second.ID, second.ARN, second.Keys = 0, queue.ID+"-again", queue.ARN+"-again", nil
	second.State = queue.State.Copy()
	second.State["arn"] = resource.NewStringProperty(second.ARN)
	second.Name += "-again"
	second.State["name"] = resource.NewStringProperty(second.Name)
	require.NoError(l, l.cloud.Do(func(tx *cloud.Tx) error { return tx.Put(&second) }))
	report := l.repair()
	require.Len(l, report.Orphans, 1)
	assert.Equal(l, second.ID, report.Orphans[0].ID)
	assert.NotEmpty(l, l.differences(), "it was not named, so it must still be there")
	_, err := l.stack.Repair(context.Background(), l.options(func(o *engine.RepairOptions) { o.DeleteOrphan = []string{queue.ID} }))
	require.ErrorContains(l, err, "there is no orphan of that id", "what the stack owns is no orphan")
	report = l.repair(func(o *engine.RepairOptions) { o.DeleteOrphan = []string{second.ID} })
	assert.Len(l, report.Deleted, 1)
	assert.Empty(l, report.Orphans)
	l.equal()
}

// lostUpdate: an update that was done and not answered fails the run, and the next one sees how far it came.
func (l *life) lostUpdate() {
	l.Helper()
	l.faults(
		cloud.Fault{Kind: cloud.Timeout, Call: cloud.UpdateCall, Type: "aws:cloudwatch/logGroup:LogGroup"},
		cloud.Fault{Kind: cloud.Refuse, Call: cloud.UpdateCall, Type: "aws:cloudwatch/logGroup:LogGroup", Nth: 2, Code: "OperationAbortedException", Message: "A conflicting operation is in progress."},
	)
	l.reopen("itrack:logs.retentionDays=30")
	_, err := l.stack.Up(context.Background(), engine.UpOptions{ContinueOnError: true})
	require.Error(l, err)
	l.faults()
	report := l.repair()
	assert.Len(l, report.Drift, 1, "the update whose answer was lost")
	l.up()
	l.equal()
}

// lostDeletes: a destroy in which deletes lose their answers or are refused goes on where it stopped.
func (l *life) lostDeletes() {
	l.Helper()
	l.faults(
		cloud.Fault{Kind: cloud.Timeout, Call: cloud.DeleteCall, Nth: 1 + l.random.IntN(50)},
		cloud.Fault{Kind: cloud.Refuse, Call: cloud.DeleteCall, Type: "aws:ec2/natGateway:NatGateway", Code: "InternalError", Message: "An internal error has occurred."},
	)
	_, err := l.stack.Destroy(context.Background(), nil)
	require.Error(l, err)
	l.faults()
	l.destroy()
}

// destroy tears the stack down; only what was there before it stays.
func (l *life) destroy() {
	l.Helper()
	_, err := l.stack.Destroy(context.Background(), nil)
	require.NoError(l, err)
	objects, err := l.cloud.Objects(l.account)
	require.NoError(l, err)
	for _, o := range objects {
		if keptAlways(o) {
			continue
		}
		assert.Empty(l, o.URN, "left behind: %s %s", o.Type, o.ID)
	}
}

// keptAlways tells whether the program wants an object to stay in AWS: a destroy takes it out of the state alone.
func keptAlways(o cloud.Object) bool {
	keeps := o.State["skipDestroy"]
	return keeps.IsBool() && keeps.BoolValue()
}

// keptByDestroy tells whether what a repair adopted is there because a destroy leaves it.
func (l *life) keptByDestroy(d engine.Decision) bool {
	l.Helper()
	objects, err := l.cloud.Objects(l.account)
	require.NoError(l, err)
	return slices.ContainsFunc(objects, func(o cloud.Object) bool { return o.URN == d.URN && keptAlways(o) })
}
