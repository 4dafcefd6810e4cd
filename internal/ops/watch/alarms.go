package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/itrack/itrack/internal/ops"
)

// Alarm is an alarm of the stack in state ALARM.
type Alarm struct {
	Name   string    `json:"name"`
	Region string    `json:"region"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	// Part: it is one window of a burn rate. Alone it says nothing; the composite alarm over both windows speaks.
	Part bool `json:"part,omitempty"`
}

// regions are the regions in use, each once, the primary first.
func regions(env *ops.Environment) []string {
	var all []string
	for _, region := range []string{env.Region, env.RecoveryRegion, ops.EdgeRegion} {
		if region != "" && !slices.Contains(all, region) {
			all = append(all, region)
		}
	}
	return all
}

// Alarms are the stack's alarms in state ALARM, of every region in use, by name. They are known by their names,
// itrack-...-ENVIRONMENT: an environment's name has no hyphen, so that none is taken for another's.
func Alarms(ctx context.Context, env *ops.Environment) ([]Alarm, error) {
	all := []Alarm{}
	for _, region := range regions(env) {
		found, err := alarmsIn(ctx, env, region)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Alarm) int { return strings.Compare(a.Name+a.Region, b.Name+b.Region) })
	return all, nil
}

func alarmsIn(ctx context.Context, env *ops.Environment, region string) ([]Alarm, error) {
	const prefix = "itrack-"
	var all []Alarm
	add := func(name, reason *string, since *time.Time, composite bool) {
		text := aws.ToString(name)
		if strings.HasSuffix(text, "-"+env.Settings.Environment) {
			all = append(all, Alarm{
				Name: text, Region: region, Since: aws.ToTime(since), Reason: aws.ToString(reason),
				Part: !composite && strings.HasPrefix(text, prefix+"burn-"),
			})
		}
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(env.In(region).CloudWatch(), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(prefix), StateValue: types.StateValueAlarm,
		// Without types CloudWatch leaves composite alarms out.
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("asking for the alarms in "+region, err)
		}
		for _, alarm := range page.MetricAlarms {
			add(alarm.AlarmName, alarm.StateReason, since(alarm.StateTransitionedTimestamp, alarm.StateUpdatedTimestamp), false)
		}
		for _, alarm := range page.CompositeAlarms {
			add(alarm.AlarmName, alarm.StateReason, since(alarm.StateTransitionedTimestamp, alarm.StateUpdatedTimestamp), true)
		}
	}
	return all, nil
}

// since is when the state began: the update's time moves on with every new reason.
func since(transitioned, updated *time.Time) *time.Time {
	if transitioned != nil {
		return transitioned
	}
	return updated
}

// together runs jobs at once and waits for all.
func together(jobs ...func()) {
	var wait sync.WaitGroup
	for _, job := range jobs {
		wait.Go(job)
	}
	wait.Wait()
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
