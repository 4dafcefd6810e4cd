package release_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

func (p *place) rollback(to string) (subject.RollbackResult, error) {
	return subject.Rollback(context.Background(), p.env, p.out, "backend", to, time.Minute)
}

func TestRollback(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"earlier": func(t *testing.T, p *place) {
			one := p.deployed(t, "one")
			two := p.deployed(t, "two")
			p.deployed(t, "three")
			p.cloud.Forget()
			plan, err := subject.PlanRollback(context.Background(), p.env, p.out, "backend", "")
			require.NoError(t, err)
			assert.Equal(t, subject.RollbackResult{Service: "backend", Action: subject.WouldRollBack, Before: p.revision("4"), After: two.After, Image: two.Image}, plan)
			assert.Empty(t, p.cloud.Changes())

			migrations := len(p.delivery.TasksRun())
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.RolledBack, done.Action)
			assert.Equal(t, two.After, p.runs(t))
			assert.Equal(t, []string{"codedeploy CreateDeployment"}, p.cloud.Changes())
			assert.Len(t, p.delivery.TasksRun(), migrations, "migrations only go forward")

			// Again: nobody goes back twice by accident.
			p.cloud.Forget()
			again, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, again.Action)
			assert.Contains(t, again.Note, "was a rollback itself")
			assert.Empty(t, p.cloud.Changes())

			// Further back by name, and by ARN's short form.
			done, err = p.rollback("2")
			require.NoError(t, err)
			assert.Equal(t, one.After, done.After)
			assert.Equal(t, one.After, p.runs(t))
			same, err := p.rollback(p.revision("2"))
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, same.Action)

			candidates, err := subject.Candidates(context.Background(), p.env, p.out, "backend")
			require.NoError(t, err)
			require.Len(t, candidates, 4)
			var current, ran []int
			for _, candidate := range candidates {
				if candidate.Current {
					current = append(current, candidate.Revision)
				}
				if candidate.Ran {
					ran = append(ran, candidate.Revision)
				}
				assert.False(t, candidate.Gone)
				assert.Equal(t, candidate.Revision == 1, candidate.Bootstrap)
			}
			assert.Equal(t, []int{2}, current)
			assert.Equal(t, []int{4, 3, 2}, ran)
		},
		"never ran": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{FailAt: "Install"})
			_, err := p.deploy(p.image(t, "two"), nil)
			require.Error(t, err)
			// The failed one never had the traffic, and what has it was not asked to go.
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, done.Action)
			p.deployed(t, "three")
			done, err = p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, p.revision("2"), done.After, "revision 3 is passed over")
		},
		"nothing": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			_, err := p.rollback("")
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "no revision before "+p.revision("2")+" ever had the traffic")
			for _, to := range []string{"9", "x", "0"} {
				_, err = p.rollback(to)
				require.Equal(t, ops.Usage, ops.KindOf(err), to)
			}
		},
		"gone": func(t *testing.T, p *place) {
			one := p.deployed(t, "one")
			p.deployed(t, "two")
			digest := one.Image[len(p.wanted().Repository)+1:]
			_, err := p.env.Primary().ECR().BatchDeleteImage(context.Background(), &ecr.BatchDeleteImageInput{
				RepositoryName: aws.String("itrack-backend-gone"), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
			})
			require.NoError(t, err)
			_, err = p.rollback("")
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "the image of revision 2")
			assert.Equal(t, p.revision("3"), p.runs(t))
		},
		"under way": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{HangAt: "AllowTraffic"})
			_, err := p.deploy(p.image(t, "two"), func(r *subject.Request) { r.Limit = 100 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			_, err = p.rollback("1")
			require.Equal(t, ops.Refused, ops.KindOf(err))
			p.cloud.Forget()
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.RolledBack, done.Action)
			assert.Equal(t, "d-000000002", done.Stopped)
			assert.Equal(t, p.revision("2"), done.After)
			assert.Equal(t, p.revision("2"), p.runs(t))
			assert.Equal(t, []string{"codedeploy StopDeployment"}, p.cloud.Changes())
			assert.Equal(t, []string{"d-000000001 Succeeded", "d-000000002 Stopped", "d-000000003 Succeeded"}, p.delivery.Deployments())
			p.cloud.Forget()
			again, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, again.Action)
			assert.Empty(t, p.cloud.Changes())
		},
		"moved": func(t *testing.T, p *place) {
			// The traffic has moved, the old version is kept: back in seconds.
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{BakeLooks: -1})
			p.deployed(t, "two")
			require.Equal(t, p.revision("3"), p.runs(t))
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, "d-000000002", done.Stopped)
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
		"red": func(t *testing.T, p *place) {
			// The alarm that asks for the way back must not stop it.
			p.deployed(t, "one")
			p.deployed(t, "two")
			opstest.SetAlarm(t, p.env, p.wanted().AlarmNames[1], "ALARM")
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.True(t, done.DespiteAlarms)
			assert.False(t, p.delivery.AlarmsWatched(done.Deployment))
			assert.True(t, p.delivery.AlarmsWatched("d-000000002"))
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
		"stuck": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{HangAt: "AfterAllowTraffic", KeepsTraffic: true})
			_, err := p.deploy(p.image(t, "two"), func(r *subject.Request) { r.Limit = 100 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			_, err = subject.Rollback(context.Background(), p.env, p.out, "backend", "", 100*time.Millisecond)
			require.Error(t, err)
			require.ErrorContains(t, err, "the deployment d-000000002 is stopped, but "+p.revision("3")+" has the traffic")
			require.ErrorContains(t, err, "--to 2")
		},
		"interrupted": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.deployed(t, "two")
			p.delivery.Next(opstest.Outcome{HangAt: "Install"})
			_, err := subject.Rollback(context.Background(), p.env, p.out, "backend", "", 100*time.Millisecond)
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			p.delivery.Release()
			p.cloud.Forget()
			done, err := p.rollback("")
			require.NoError(t, err)
			assert.Equal(t, subject.RolledBack, done.Action)
			assert.Equal(t, p.revision("2"), p.runs(t))
			assert.Empty(t, p.cloud.Changes(), "it was watched to its end")
		},
		"denied": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.deployed(t, "two")
			p.cloud.Fail(opstest.Fault{Service: "codedeploy", Action: "CreateDeployment", Status: 400, Code: "AccessDeniedException"})
			_, err := p.rollback("")
			require.ErrorContains(t, err, "lacks this right")
			assert.Equal(t, p.revision("3"), p.runs(t))
		},
	})
}
