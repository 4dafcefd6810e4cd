package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/itrack/itrack/internal/ops"
)

// rollbackMark begins the description of a deployment that a rollback made.
const rollbackMark = "rollback to "

// RollbackResult is what a rollback did, or would do.
type RollbackResult struct {
	Service string `json:"service"`
	Action  string `json:"action"`
	// Before and After are task definitions as family:revision; Image is that of After, where it is known.
	Before string `json:"before"`
	After  string `json:"after"`
	Image  string `json:"image,omitempty"`
	// Stopped is the deployment that was under way and was stopped, Deployment the one that brought the traffic back.
	Stopped    string `json:"stopped,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	// DespiteAlarms: an alarm was red, and would have stopped the way back: this deployment goes without the alarms' watch.
	DespiteAlarms bool   `json:"despiteAlarms,omitempty"`
	Note          string `json:"note,omitempty"`
}

// Rollback brings the traffic of a service back. A deployment that is under way is stopped, and the traffic goes back to the version
// that it would have replaced. Otherwise an earlier revision is deployed: the newest one before the current that ran, or the one that
// `to` names by number. Migrations are not undone: they only go forward. The result is believed only when the traffic is there.
//
// Right after a rollback one without `to` changes nothing: whoever repeats an interrupted command does not go back twice.
func Rollback(ctx context.Context, env *ops.Environment, out ops.Outputs, service, to string, limit time.Duration) (RollbackResult, error) {
	return rollback(ctx, env, out, service, to, limit, false)
}

// PlanRollback says what Rollback would do, and changes nothing.
func PlanRollback(ctx context.Context, env *ops.Environment, out ops.Outputs, service, to string) (RollbackResult, error) {
	return rollback(ctx, env, out, service, to, 0, true)
}

func rollback(ctx context.Context, env *ops.Environment, out ops.Outputs, service, to string, limit time.Duration, dry bool) (RollbackResult, error) {
	wanted, err := out.Release(service)
	if err != nil {
		return RollbackResult{}, err
	}
	number := 0
	if to != "" {
		if number, err = strconv.Atoi(strings.TrimPrefix(to, fmt.Sprint(wanted.TaskDefinition["family"], ":"))); err != nil || number < 1 {
			return RollbackResult{}, &ops.Problem{Kind: ops.Usage, What: "reading the revision " + to, Why: "it is no number of a revision",
				Next: "`itrack rollback " + env.Settings.Environment + " --list` shows the revisions"}
		}
	}
	d := &deployer{env: env, out: out, req: Request{Limit: limit, DryRun: dry}, service: service, wanted: wanted}
	now, err := inspect(ctx, env, wanted, service)
	if err != nil {
		return RollbackResult{}, err
	}
	done := RollbackResult{Service: service, Before: short(now.run.TaskDefinition), After: short(now.run.TaskDefinition)}
	under := now.run.Deployment
	switch {
	case under != nil && under.Rollback:
		return d.awaitRollback(ctx, now, under, done)
	case under != nil && resumes(under, number, now):
		return d.resumeRollback(ctx, under, now, done)
	case under != nil:
		return d.stop(ctx, now, under, number, done)
	}
	past, err := history(ctx, env, wanted)
	if err != nil {
		return done, err
	}
	if number == 0 && undone(past, now.run.TaskDefinition) {
		done.Action = Unchanged
		done.Note = fmt.Sprintf("the latest deployment (%s, %s) was rolled back, or was a rollback itself: %s has the traffic. To go further back name the revision",
			aws.ToString(past[0].DeploymentId), aws.ToTime(past[0].CreateTime).Format(time.DateTime), done.Before)
		return done, nil
	}
	target, err := d.target(ctx, now, past, number)
	if err != nil {
		return done, err
	}
	return d.redeploy(ctx, now, target, done)
}

// undone tells whether the group's latest deployment brought an earlier version back, or failed before it changed anything: then
// the version that has the traffic is not the one that somebody wants to leave.
func undone(past []deploytypes.DeploymentInfo, running string) bool {
	if len(past) == 0 {
		return false
	}
	latest := past[0]
	if latest.Status == deploytypes.DeploymentStatusSucceeded && latest.Creator != deploytypes.DeploymentCreatorCodeDeployRollback {
		return strings.HasPrefix(aws.ToString(latest.Description), rollbackMark) && specOf(&latest).definition() == running
	}
	for _, info := range past {
		if info.Creator != deploytypes.DeploymentCreatorCodeDeployRollback {
			return specOf(&info).definition() != running
		}
	}
	return false
}

// resumes tells whether the deployment under way is a rollback that this very command has begun before.
func resumes(under *Deployment, number int, now *live) bool {
	if !under.ours {
		return false
	}
	return number == 0 || revisionOf(under.TaskDefinition) == number
}

// resumeRollback watches a rollback that an interrupted run has begun.
func (d *deployer) resumeRollback(ctx context.Context, under *Deployment, now *live, done RollbackResult) (RollbackResult, error) {
	done.Deployment, done.After = under.ID, short(under.TaskDefinition)
	if d.req.DryRun {
		done.Action, done.Note = WouldRollBack, "a rollback is under way already: it would be watched"
		return done, nil
	}
	d.env.Say("%s: the rollback %s is under way: watching it", d.service, under.ID)
	before := now.run.TaskDefinition
	if before == under.TaskDefinition {
		before = now.other(under.TaskDefinition)
	}
	if _, err := d.watch(ctx, under.ID, under.TaskDefinition, before); err != nil {
		return done, err
	}
	done.Action = RolledBack
	return done, nil
}

// awaitRollback watches CodeDeploy bringing the traffic back by itself.
func (d *deployer) awaitRollback(ctx context.Context, now *live, under *Deployment, done RollbackResult) (RollbackResult, error) {
	done.Deployment = under.ID
	if d.req.DryRun {
		done.Action, done.Note = WouldRollBack, "CodeDeploy is bringing the traffic back already: it would be watched"
		return done, nil
	}
	info, err := d.untilOver(ctx, under.ID, "CodeDeploy bringing the traffic back")
	if err != nil {
		return done, d.onward(under.ID, err)
	}
	after, err := traffic(ctx, d.env, d.wanted, d.service)
	if err != nil {
		return done, err
	}
	done.After = short(after.run.TaskDefinition)
	if info.Status != deploytypes.DeploymentStatusSucceeded {
		return done, &ops.Problem{What: "watching the rollback " + under.ID, Why: fmt.Sprintf("it has ended as %s, and %s has the traffic", info.Status, done.After),
			Next: fmt.Sprintf("`itrack rollback %s --to REVISION` deploys an earlier revision", d.env.Settings.Environment)}
	}
	done.Action = RolledBack
	return done, nil
}

// stop stops the deployment under way and waits until the traffic is at the version that it would have replaced.
func (d *deployer) stop(ctx context.Context, now *live, under *Deployment, number int, done RollbackResult) (RollbackResult, error) {
	before := now.other(under.TaskDefinition)
	if before == "" {
		before = now.run.TaskDefinition
	}
	done.Stopped, done.After = under.ID, short(before)
	if number != 0 && number != revisionOf(before) {
		return done, ops.Refuse(fmt.Sprintf("rolling %s back to revision %d", d.service, number),
			fmt.Sprintf("the deployment %s is under way, and stopping it brings %s back", under.ID, done.After),
			fmt.Sprintf("`itrack rollback %s` without --to stops it; afterwards --to %d goes further back", d.env.Settings.Environment, number))
	}
	if d.req.DryRun {
		done.Action, done.Note = WouldRollBack, "the deployment under way would be stopped"
		return done, nil
	}
	d.env.Say("%s: stopping the deployment %s of %s; the traffic goes back to %s", d.service, under.ID, short(under.TaskDefinition), done.After)
	_, err := d.env.Primary().CodeDeploy().StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &under.ID, AutoRollbackEnabled: aws.Bool(true)})
	if err != nil && !ops.IsCode(err, "DeploymentAlreadyCompletedException") {
		return done, ops.Explain("stopping the deployment "+under.ID, err)
	}
	info, err := d.untilOver(ctx, under.ID, "the stop of the deployment "+under.ID)
	if err != nil {
		return done, d.onward(under.ID, err)
	}
	if info.Status == deploytypes.DeploymentStatusSucceeded {
		return done, &ops.Problem{What: "stopping the deployment " + under.ID, Why: "it ended as Succeeded before it could be stopped: " + short(under.TaskDefinition) + " has the traffic",
			Next: fmt.Sprintf("run `itrack rollback %s` again: it deploys the version before", d.env.Settings.Environment)}
	}
	runs, back, err := d.backAt(ctx, info, under.TaskDefinition, before)
	if errors.Is(err, context.Canceled) {
		return done, d.onward(under.ID, err)
	}
	done.After = short(runs)
	if err != nil || !back {
		return done, errors.Join(&ops.Problem{What: "bringing the traffic of " + d.service + " back", Why: fmt.Sprintf("the deployment %s is stopped, but %s has the traffic", under.ID, short(runs)),
			Next: fmt.Sprintf("`itrack rollback %s --to %d` deploys the version before", d.env.Settings.Environment, revisionOf(before))}, err)
	}
	if info.RollbackInfo != nil {
		done.Deployment = aws.ToString(info.RollbackInfo.RollbackDeploymentId)
	}
	done.Action = RolledBack
	return done, nil
}

// target is the revision to go back to.
func (d *deployer) target(ctx context.Context, now *live, past []deploytypes.DeploymentInfo, number int) (Candidate, error) {
	what := "rolling " + d.service + " back"
	show := fmt.Sprintf("`itrack rollback %s --list` shows the revisions", d.env.Settings.Environment)
	all, err := candidates(ctx, d.env, d.wanted, now, past)
	if err != nil {
		return Candidate{}, err
	}
	at := slices.IndexFunc(all, func(c Candidate) bool { return c.Revision == number })
	if number == 0 {
		at = slices.IndexFunc(all, func(c Candidate) bool { return c.Revision < now.run.Revision && c.Ran && !c.Bootstrap })
		if at < 0 {
			return Candidate{}, ops.Refuse(what, fmt.Sprintf("no revision before %s ever had the traffic", short(now.run.TaskDefinition)), show+"; --to names one")
		}
	}
	if at < 0 {
		return Candidate{}, &ops.Problem{Kind: ops.Usage, What: what, Why: fmt.Sprintf("there is no active revision %d among the newest %d", number, candidateLimit), Next: show}
	}
	if all[at].Gone {
		return Candidate{}, ops.Refuse(what, fmt.Sprintf("the image of revision %d (%s) is in the repository no more", all[at].Revision, all[at].Digest),
			show+"; push the image again (`itrack push`) or name another revision with --to")
	}
	return all[at], nil
}

// redeploy deploys an earlier revision. The alarms that ask for the way back must not stop it: while one is red they do not watch.
func (d *deployer) redeploy(ctx context.Context, now *live, target Candidate, done RollbackResult) (RollbackResult, error) {
	done.After, done.Image = short(target.TaskDefinition), target.Image
	if target.Current {
		done.Action, done.Note = Unchanged, "it has the traffic already"
		return done, nil
	}
	red, err := redAlarms(ctx, d.env, d.wanted.AlarmNames)
	if err != nil {
		return done, err
	}
	done.DespiteAlarms = len(red) > 0
	if d.req.DryRun {
		done.Action = WouldRollBack
		return done, nil
	}
	if done.DespiteAlarms {
		d.env.Say("%s: going back without the alarms' watch, since they are red: %s", d.service, listed(red))
	}
	id, _, err := d.begin(ctx, target.TaskDefinition, rollbackMark+short(target.TaskDefinition), done.DespiteAlarms)
	if err != nil {
		return done, err
	}
	done.Deployment = id
	if _, err := d.watch(ctx, id, target.TaskDefinition, now.run.TaskDefinition); err != nil {
		return done, err
	}
	done.Action = RolledBack
	return done, nil
}

// RollbackFunction moves a function's alias back: to the version before, or to the one that `to` names. Where the alias is not at
// the newest version the one before is no safe guess, and `to` is needed.
//
// A newer version with other code was deployed and has no callers: it was rolled back, or its deployment never ended. Then, as
// for a service, one without `to` changes nothing. Where the newer versions differ in settings alone nothing tells a version that
// was rolled back from one that the stack has published and nobody has deployed yet, whose callers may have the bad code: that
// is refused.
func RollbackFunction(ctx context.Context, env *ops.Environment, out ops.Outputs, key, to string, dry bool) (FunctionResult, error) {
	what := "rolling the function " + key + " back"
	if err := (Request{Functions: map[string]string{key: ""}}).checkFunctions(out); err != nil {
		return FunctionResult{}, err
	}
	f, err := inspectFunction(ctx, env, out, key)
	if err != nil {
		return FunctionResult{}, err
	}
	done := FunctionResult{Function: key, Name: f.name, Before: f.version, After: to, Action: WouldRollBack}
	versions, err := f.versions(ctx)
	if err != nil {
		return done, err
	}
	names := make([]string, len(versions))
	for i, version := range versions {
		names[i] = aws.ToString(version.Version)
	}
	at := slices.Index(names, f.version)
	switch {
	case to != "" && !slices.Contains(names, to):
		return done, &ops.Problem{Kind: ops.Usage, What: what, Why: "there is no version " + to, Next: "name one of " + strings.Join(names, ", ")}
	case to == "" && at != len(names)-1:
		if i := f.otherCode(versions[at+1:]); i >= 0 {
			done.Action, done.After = Unchanged, f.version
			done.Note = fmt.Sprintf("version %s has other code and no callers: it was rolled back, or its deployment has not ended. To go further back name the version with --to", names[at+1+i])
			return done, nil
		}
		return done, ops.Refuse(what, fmt.Sprintf("the alias is at version %s, and there are newer ones with the same code: it was rolled back already, or its settings were changed since", f.version),
			"name the version with --to: one of "+strings.Join(names, ", "))
	case to == "" && at < 1:
		return done, ops.Refuse(what, "version "+f.version+" is the only one", "deploy another one: `itrack deploy-apps "+env.Settings.Environment+"`")
	case to == "":
		done.After = names[at-1]
	}
	if done.After == f.version {
		done.Action = Unchanged
		return done, nil
	}
	if dry {
		return done, nil
	}
	if err := f.point(ctx, done.After); err != nil {
		return done, err
	}
	done.Action = RolledBack
	return done, nil
}

// otherCode finds the newest of some versions whose code is not the one that callers have. Only a deployment brings other code:
// what the stack publishes has the newest code there is.
func (f *function) otherCode(versions []lambdatypes.FunctionConfiguration) int {
	for i, version := range slices.Backward(versions) {
		if aws.ToString(version.CodeSha256) != aws.ToString(f.live.CodeSha256) {
			return i
		}
	}
	return -1
}

// versions are the published versions, the oldest first.
func (f *function) versions(ctx context.Context) ([]lambdatypes.FunctionConfiguration, error) {
	var versions []lambdatypes.FunctionConfiguration
	pages := lambda.NewListVersionsByFunctionPaginator(f.env.Primary().Lambda(), &lambda.ListVersionsByFunctionInput{FunctionName: &f.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("listing the versions of "+f.name, err)
		}
		for _, version := range page.Versions {
			if aws.ToString(version.Version) != "$LATEST" {
				versions = append(versions, version)
			}
		}
	}
	slices.SortFunc(versions, func(a, b lambdatypes.FunctionConfiguration) int {
		return revisionOf(aws.ToString(a.Version)) - revisionOf(aws.ToString(b.Version))
	})
	return versions, nil
}
