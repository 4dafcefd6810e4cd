package secrets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/itrack/itrack/internal/ops"
)

// run is one run.
type run struct {
	*ops.Environment
	Request
	client *secretsmanager.Client
	used   map[string]bool // given values that were written
}

// Run makes what is missing: a secret, its tags, its replica. Existing values stay unless Rotate or Finish name them.
//
// The order is: the value, the tags, the replica. A run that is killed leaves a secret without tags or replica, which the next
// run completes; a value is written in one call, so that there is never half a rotation.
func Run(ctx context.Context, env *ops.Environment, request Request) (Report, error) {
	report := Report{Environment: env.Settings.Environment, Region: env.Region, DryRun: request.DryRun, Secrets: []Result{}}
	if err := request.check(); err != nil {
		return report, err
	}
	r := &run{Environment: env, Request: request, client: env.Primary().Secrets(), used: map[string]bool{}}
	found := map[string]*secretsmanager.DescribeSecretOutput{}
	for _, kind := range Kinds {
		described, err := r.describe(ctx, r.full(kind))
		if err != nil {
			return report, err
		}
		found[kind.Name] = described
	}
	if err := r.overlapping(ctx, found); err != nil {
		return report, err
	}
	if err := r.ask(ctx, found); err != nil {
		return report, err
	}
	for _, kind := range Kinds {
		result, err := r.one(ctx, kind, found[kind.Name])
		if err != nil {
			return report, err
		}
		report.Secrets = append(report.Secrets, result)
	}
	report.Next = next(env, report)
	for _, kind := range Kinds {
		if _, given := request.Values[kind.Name]; given && !r.used[kind.Name] {
			report.Ignored = append(report.Ignored, kind.Variable)
		}
	}
	return report, nil
}

func (r *run) full(kind Kind) string { return "itrack/" + r.Settings.Environment + "/" + kind.Name }

// describe is a secret's description, nil where there is none.
func (r *run) describe(ctx context.Context, name string) (*secretsmanager.DescribeSecretOutput, error) {
	described, err := r.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if ops.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, ops.Explain("looking for the secret "+name, err)
	}
	return described, nil
}

// current is the id of the version that is in use, "" for none.
func current(described *secretsmanager.DescribeSecretOutput) string {
	return version(described, "AWSCURRENT")
}

func version(described *secretsmanager.DescribeSecretOutput, stage string) string {
	for id, stages := range described.VersionIdsToStages {
		if slices.Contains(stages, stage) {
			return id
		}
	}
	return ""
}

// writes tells whether a secret gets a new value.
func (r *run) writes(kind Kind, found *secretsmanager.DescribeSecretOutput) bool {
	return found == nil || current(found) == "" && found.DeletedDate == nil || slices.Contains(r.Rotate, kind.Name)
}

// ask asks for the values of what is written; every answer is known before the first secret is.
func (r *run) ask(ctx context.Context, found map[string]*secretsmanager.DescribeSecretOutput) error {
	values := map[string]string{}
	for name, value := range r.Values {
		values[name] = value
	}
	for _, kind := range Kinds {
		if _, given := values[kind.Name]; given || r.Ask == nil || r.DryRun || !r.writes(kind, found[kind.Name]) {
			continue
		}
		value, err := r.Ask(ctx, kind)
		if err != nil {
			return err
		}
		if value == "" {
			continue
		}
		if err := kind.checkValue(value); err != nil {
			return err
		}
		values[kind.Name] = value
	}
	r.Values = values
	return unlike(values)
}

// value is what a secret gets: the given value, or a new one.
func (r *run) value(kind Kind) string {
	if value, given := r.Values[kind.Name]; given {
		r.used[kind.Name] = true
		return value
	}
	return kind.made()
}

// one does all that one secret needs.
func (r *run) one(ctx context.Context, kind Kind, found *secretsmanager.DescribeSecretOutput) (Result, error) {
	result := Result{Name: r.full(kind), Action: Kept, kind: kind}
	if found == nil {
		result.Action = Created
		value := r.value(kind)
		if r.DryRun {
			return r.planned(result), nil
		}
		var err error
		if found, err = r.create(ctx, &result, value); err != nil {
			return result, err
		}
	}
	result.ARN = aws.ToString(found.ARN)
	if found.DeletedDate != nil {
		result.Restore = true
		if !r.DryRun {
			if _, err := r.client.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &result.Name}); err != nil {
				return result, ops.Explain("restoring the secret "+result.Name, err)
			}
			r.Say("%s: restored, it was waiting for its deletion", result.Name)
			restored, err := r.describe(ctx, result.Name)
			if err != nil {
				return result, err
			}
			if restored != nil {
				found = restored
			}
			found.DeletedDate = nil // also where the description is older than the call
		}
	}
	if err := r.newValue(ctx, &result, found); err != nil {
		return result, err
	}
	if result.Action == Kept && result.Restore {
		result.Action = Restored
	}
	if err := r.tag(ctx, &result, found); err != nil {
		return result, err
	}
	return result, r.replicate(ctx, &result, found)
}

// planned is what a dry run says of a secret that does not exist.
func (r *run) planned(result Result) Result {
	if r.SecretReplica {
		result.Replica, result.ReplicaMade = r.RecoveryRegion, true
	}
	return result
}

// create makes a secret. Where somebody made it meanwhile, theirs stays; our own, whose answer was lost, is known by its token.
func (r *run) create(ctx context.Context, result *Result, value string) (*secretsmanager.DescribeSecretOutput, error) {
	token := newToken()
	made, err := r.client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &result.Name, SecretString: &value, ClientRequestToken: &token, Tags: tagList(r.Tags()),
		Description: aws.String("iTrack " + r.Settings.Environment + ": " + result.kind.About),
	})
	if err != nil && !ops.IsCode(err, "ResourceExistsException") {
		return nil, ops.Explain("making the secret "+result.Name, err)
	}
	if err == nil {
		r.Say("%s: created", result.Name)
		// Not asked for again: a secret that was made a moment ago is not known everywhere yet.
		return &secretsmanager.DescribeSecretOutput{
			ARN: made.ARN, Name: made.Name, Tags: tagList(r.Tags()), VersionIdsToStages: map[string][]string{token: {"AWSCURRENT"}},
		}, nil
	}
	described, failed := r.describe(ctx, result.Name)
	if failed != nil {
		return nil, failed
	}
	if described == nil {
		return nil, ops.Explain("making the secret "+result.Name, err)
	}
	if current(described) != token {
		result.Action = Kept
		r.used[result.kind.Name] = false
		return described, nil
	}
	r.Say("%s: created", result.Name)
	return described, nil
}

// newValue rotates a secret, ends its rotation, or gives a value to one that has none.
func (r *run) newValue(ctx context.Context, result *Result, found *secretsmanager.DescribeSecretOutput) error {
	kind := result.kind
	empty := current(found) == "" && found.DeletedDate == nil
	rotate, finish := slices.Contains(r.Rotate, kind.Name), slices.Contains(r.Finish, kind.Name)
	if result.Action == Created || !empty && !rotate && !finish {
		return nil
	}
	if empty {
		result.Action = Created
		return r.put(ctx, result, r.value(kind), "")
	}
	var had pair
	var readVersion string
	var err error
	// A password has no overlap: what it was matters only where a given one might be the same.
	if _, given := r.Values[kind.Name]; kind.Overlap || given {
		if had, readVersion, err = r.read(ctx, result, found); err != nil {
			return err
		}
	}
	var wanted pair
	if finish {
		if had.Previous == "" {
			return nil // it is over already
		}
		wanted, result.Action = pair{Current: had.Current}, Finished
		if expired, known := had.expired(kind); known && r.now().Before(expired) {
			result.CutOff = &expired // not refused: a key that is known to others is dropped at once
		}
	} else {
		if had.Previous != "" && !r.DropOldest {
			return r.underWay(kind, had) // it was restored, and could not be read before
		}
		wanted, result.Action = pair{Current: r.value(kind)}, Rotated
		if wanted.Current == had.Current || wanted.Current == had.Previous && had.Previous != "" {
			return &ops.Problem{Kind: ops.Usage, What: "rotating " + result.Name, Why: "the value of " + kind.Variable + " is one that the secret has", Next: "give a new value, or none, and one is made"}
		}
		r.overlap(result, &wanted, had, found)
	}
	text, err := wanted.text()
	if err != nil {
		return err
	}
	return r.put(ctx, result, text, readVersion)
}

func (r *run) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// read reads the keys of a secret that a rotation goes on with, and the version that they are of. What waits for its deletion
// cannot be read, and a dry run does not restore it.
func (r *run) read(ctx context.Context, result *Result, found *secretsmanager.DescribeSecretOutput) (pair, string, error) {
	if r.DryRun && found.DeletedDate != nil {
		return pair{}, "", nil
	}
	out, err := r.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &result.Name})
	if ops.IsMissing(err) {
		return pair{}, "", nil // restored without a value
	}
	if err != nil {
		return pair{}, "", ops.Explain("reading the secret "+result.Name+", whose keys the rotation goes on with", err)
	}
	if !result.kind.Overlap {
		return pair{Current: aws.ToString(out.SecretString)}, aws.ToString(out.VersionId), nil
	}
	keys, err := readPair(result.Name, aws.ToString(out.SecretString))
	return keys, aws.ToString(out.VersionId), err
}

// put writes a new version. Another run may have written one since ours was read: then its keys would be lost, and the error
// says so.
func (r *run) put(ctx context.Context, result *Result, text, after string) error {
	if r.DryRun {
		return nil
	}
	token := newToken()
	if _, err := r.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &result.Name, SecretString: &text, ClientRequestToken: &token}); err != nil {
		return ops.Explain("writing the secret "+result.Name, err)
	}
	r.Say("%s: %s", result.Name, result.Action)
	if after == "" {
		return nil
	}
	described, err := r.written(ctx, result, token, after)
	if err != nil {
		return err
	}
	if current(described) != token || version(described, "AWSPREVIOUS") != after {
		return &ops.Problem{What: "rotating " + result.Name, Why: "another run wrote it at the same time: a key of the one may be missing in the other",
			Next: fmt.Sprintf("make sure that one person rotates it. What was written last counts: go on with it by `itrack deploy-apps %s --restart`, and tell nobody the other key", r.Settings.Environment)}
	}
	return nil
}

// written is the secret's description as soon as it is one of after the write: for a moment it may be the one of before.
func (r *run) written(ctx context.Context, result *Result, token, before string) (described *secretsmanager.DescribeSecretOutput, err error) {
	wait := ops.Wait{For: "the new version of " + result.Name, Limit: time.Minute, Every: r.Every(time.Second), Say: r.Say,
		Next: fmt.Sprintf("it is written; `aws secretsmanager describe-secret --region %s --secret-id %s` tells whether its version %s is AWSCURRENT", r.Region, result.Name, token)}
	err = wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		if described, err = r.describe(ctx, result.Name); err != nil {
			return false, "", err
		}
		return described != nil && current(described) != before, "Secrets Manager does not show it yet", nil
	})
	return described, err
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, name := range []string{"Project", "Environment", "ManagedBy"} {
		if value, has := tags[name]; has {
			list = append(list, types.Tag{Key: aws.String(name), Value: aws.String(value)})
		}
	}
	return list
}

// tag adds the tags that are missing.
func (r *run) tag(ctx context.Context, result *Result, found *secretsmanager.DescribeSecretOutput) error {
	missing := r.Tags()
	for _, tag := range found.Tags {
		if missing[aws.ToString(tag.Key)] == aws.ToString(tag.Value) {
			delete(missing, aws.ToString(tag.Key))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	result.Tagged = true
	if r.DryRun {
		return nil
	}
	if _, err := r.client.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: &result.Name, Tags: tagList(missing)}); err != nil {
		return ops.Explain("tagging the secret "+result.Name, err)
	}
	return nil
}
