package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/itrack/itrack/internal/ops"
)

// Status is how an environment stands. A part that could not be read is nil, and a gap; one that has nothing is empty.
type Status struct {
	Environment string       `json:"environment"`
	Account     string       `json:"account"`
	Region      string       `json:"region"`
	At          time.Time    `json:"at"`
	Services    []Service    `json:"services"`
	Deployments []Deployment `json:"deployments"`
	Database    *Database    `json:"database"`
	Queues      []Queue      `json:"queues"`
	Alarms      []Alarm      `json:"alarms"`
	Gaps        []Gap        `json:"gaps,omitempty"`
}

// Gap is a part that could not be read.
type Gap struct {
	Part string `json:"part"`
	Why  string `json:"why"`
}

// Database is how the MySQL instance stands.
type Database struct {
	Identifier string        `json:"identifier"`
	State      string        `json:"state"` // RDS's word
	Class      string        `json:"class"`
	Engine     string        `json:"engine"`
	MultiAZ    bool          `json:"multiAz"`
	StorageGB  int           `json:"storageGb"`
	MaxGB      int           `json:"maxStorageGb,omitempty"`
	Storage    string        `json:"storage"`
	Modified   []string      `json:"pendingChanges,omitempty"` // changes that wait for the maintenance window
	Pending    []Maintenance `json:"pendingMaintenance,omitempty"`
}

// Maintenance is an action of RDS that waits.
type Maintenance struct {
	Action      string     `json:"action"`
	Description string     `json:"description,omitempty"`
	Applies     *time.Time `json:"applies,omitempty"`
}

// Queue is a function's dead-letter queue.
type Queue struct {
	Function string `json:"function"`
	Name     string `json:"name"`
	Messages int    `json:"messages"`
}

// Look reads how the environment stands, all parts at once and within 45 seconds. A part that cannot be read is a gap; the
// error is that nothing could be read at all, or the caller's own wish to stop.
func Look(ctx context.Context, env *ops.Environment, out ops.Outputs) (Status, error) {
	status := Status{Environment: env.Settings.Environment, Account: env.Account, Region: env.Region, At: time.Now().UTC().Truncate(time.Second)}
	bounded, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	parts := []struct {
		name string
		read func() error
		err  error
	}{
		{name: "services", read: func() (err error) {
			if status.Services, err = Services(bounded, env, out); err == nil {
				err = withImages(bounded, env, status.Services)
			}
			return err
		}},
		{name: "deployments", read: func() (err error) { status.Deployments, err = Deployments(bounded, env, out); return err }},
		{name: "database", read: func() (err error) { status.Database, err = readDatabase(bounded, env, out); return err }},
		{name: "queues", read: func() (err error) { status.Queues, err = deadLetters(bounded, env, out); return err }},
		{name: "alarms", read: func() (err error) { status.Alarms, err = Alarms(bounded, env); return err }},
	}
	var jobs []func()
	for i := range parts {
		jobs = append(jobs, func() { parts[i].err = parts[i].read() })
	}
	together(jobs...)
	if err := ctx.Err(); err != nil {
		return status, fmt.Errorf("looking at %s: %w", env.Settings.Environment, err)
	}
	for _, part := range parts {
		if part.err != nil {
			status.Gaps = append(status.Gaps, Gap{Part: part.name, Why: inTime(part.err).Error()})
		}
	}
	if len(status.Gaps) == len(parts) {
		return status, inTime(parts[0].err)
	}
	return status, nil
}

// inTime words an error of a look whose own time is over: no flag gives it longer.
func inTime(err error) error {
	var problem *ops.Problem
	if errors.As(err, &problem) && problem.Kind == ops.TimedOut {
		return &ops.Problem{What: problem.What, Why: fmt.Sprintf("no answer within %s", lookTimeout), Err: err,
			Next: "see https://health.aws.amazon.com and the network, and run this again"}
	}
	return err
}

func readDatabase(ctx context.Context, env *ops.Environment, out ops.Outputs) (*Database, error) {
	client := env.Primary().RDS()
	answer, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(out.DatabaseIdentifier)})
	if err != nil {
		return nil, ops.Explain("asking for the database "+out.DatabaseIdentifier, err)
	}
	if len(answer.DBInstances) == 0 {
		return nil, &ops.Problem{What: "asking for the database " + out.DatabaseIdentifier, Why: "RDS knows no such instance"}
	}
	there := answer.DBInstances[0]
	found := &Database{
		Identifier: out.DatabaseIdentifier, State: aws.ToString(there.DBInstanceStatus), Class: aws.ToString(there.DBInstanceClass),
		Engine: aws.ToString(there.Engine) + " " + aws.ToString(there.EngineVersion), MultiAZ: aws.ToBool(there.MultiAZ),
		StorageGB: int(aws.ToInt32(there.AllocatedStorage)), MaxGB: int(aws.ToInt32(there.MaxAllocatedStorage)), Storage: aws.ToString(there.StorageType),
		Modified: changes(there.PendingModifiedValues),
	}
	pending, err := client.DescribePendingMaintenanceActions(ctx, &rds.DescribePendingMaintenanceActionsInput{ResourceIdentifier: there.DBInstanceArn})
	if err != nil {
		return nil, ops.Explain("asking for the maintenance that waits for "+out.DatabaseIdentifier, err)
	}
	for _, resource := range pending.PendingMaintenanceActions {
		for _, action := range resource.PendingMaintenanceActionDetails {
			applies := action.CurrentApplyDate
			if applies == nil {
				applies = action.ForcedApplyDate
			}
			found.Pending = append(found.Pending, Maintenance{Action: aws.ToString(action.Action), Description: aws.ToString(action.Description), Applies: applies})
		}
	}
	return found, nil
}

// changes are those that wait for the next window. A password's value is never told.
func changes(values *rdstypes.PendingModifiedValues) []string {
	if values == nil {
		return nil
	}
	var all []string
	add := func(name string, value *string) {
		if value != nil && *value != "" {
			all = append(all, name+" "+*value)
		}
	}
	number := func(value *int32) *string {
		if value == nil {
			return nil
		}
		return aws.String(strconv.Itoa(int(*value)))
	}
	add("class", values.DBInstanceClass)
	add("engine", values.EngineVersion)
	add("storage (GB)", number(values.AllocatedStorage))
	add("storage type", values.StorageType)
	add("iops", number(values.Iops))
	add("backup days", number(values.BackupRetentionPeriod))
	add("certificate authority", values.CACertificateIdentifier)
	if values.MultiAZ != nil {
		all = append(all, "multi-AZ "+strconv.FormatBool(*values.MultiAZ))
	}
	if values.MasterUserPassword != nil {
		all = append(all, "master password")
	}
	return all
}

// deadLetters are the functions' queues of what they could not handle, as the stack names them.
func deadLetters(ctx context.Context, env *ops.Environment, out ops.Outputs) ([]Queue, error) {
	client := env.Primary().SQS()
	all := []Queue{}
	for _, function := range slices.Sorted(maps.Keys(out.Functions)) {
		name := env.Name(function + "-dead-letters")
		there, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
		if err != nil {
			return nil, ops.Explain("looking for the queue "+name, err)
		}
		answer, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: there.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
		})
		if err != nil {
			return nil, ops.Explain("asking how many messages wait in "+name, err)
		}
		count, err := strconv.Atoi(answer.Attributes[string(sqstypes.QueueAttributeNameApproximateNumberOfMessages)])
		if err != nil {
			return nil, fmt.Errorf("asking how many messages wait in %s: %w", name, err)
		}
		all = append(all, Queue{Function: function, Name: name, Messages: count})
	}
	return all, nil
}
