// Package release makes the stack's wanted release run: "the stack says what should run, a deployment makes it run". It puts the
// image's digest into the wanted task definition, registers that, runs the service's migration, lets CodeDeploy shift the traffic,
// and believes in success only when the requested task definition has the traffic.
//
// A process that is killed leaves nothing behind that the next run does not take up: a registered revision is found again, a
// running migration is waited for, a deployment of the same task definition is watched.
package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// DefaultLimit is how long one deployment is watched at most unless the request says.
const DefaultLimit = time.Hour

// Request is what to deploy.
type Request struct {
	// Images by service: "sha256:…", or the repository's URL with it. A missing service keeps the image that runs.
	Images map[string]string
	// Services to deploy; nil is all of them, empty none.
	Services []string
	// Functions by function: path of the zip with the code. An empty path keeps the code that runs, and lets callers have what the
	// stack has changed of the function's settings. An empty map is no function.
	Functions map[string]string
	// Limit is how long one migration or deployment is watched at most; DefaultLimit unless set.
	Limit time.Duration
	// DryRun looks and says what would be done.
	DryRun bool
	// WaitTermination waits until the old version is gone, not only until the traffic has moved.
	WaitTermination bool
	// EndBake ends the time for which an earlier deployment keeps its old version, instead of refusing to begin before it is over.
	EndBake bool
	// DespiteAlarms deploys while a rollback alarm is red, and lets no alarm roll this deployment back.
	DespiteAlarms bool
	// Restart deploys also what runs already: new tasks read the secrets anew.
	Restart bool
}

// restart is the difference of a service that only gets new tasks.
const restart = "new tasks were asked for"

func (r Request) limit() time.Duration {
	if r.Limit > 0 {
		return r.Limit
	}
	return DefaultLimit
}

// Actions of a result.
const (
	Deployed      = "deployed"        // a deployment moved the traffic, and that was verified
	WouldDeploy   = "would deploy"    // under DryRun
	Unchanged     = "unchanged"       // what is wanted runs: no deployment was begun
	Bootstrap     = "bootstrap"       // the bootstrap image runs and no image was given: left as it is
	RolledBack    = "rolled back"     // the traffic is back at the earlier version, and that was verified
	WouldRollBack = "would roll back" // under a plan
)

// Result is what was done.
type Result struct {
	Environment string           `json:"environment"`
	DryRun      bool             `json:"dryRun"`
	Functions   []FunctionResult `json:"functions"`
	Services    []ServiceResult  `json:"services"`
}

// ServiceResult is what was done with one service.
type ServiceResult struct {
	Service string `json:"service"`
	Action  string `json:"action"`
	// Image is what runs now, or would; Before and After are task definitions as family:revision.
	Image  string `json:"image"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Differences say why there is a deployment: fields of the release, and the image.
	Differences []string `json:"differences,omitempty"`
	// Registered: a revision was registered, not found. Migration is the task that ran the migrate command, Deployment the
	// deployment's id; Resumed, if an earlier run had begun it.
	Registered bool   `json:"registered"`
	Migration  string `json:"migration,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	Resumed    bool   `json:"resumed,omitempty"`
	// KeptUntil is when the old version goes: until then a rollback takes seconds.
	KeptUntil *time.Time `json:"keptUntil,omitempty"`
}

// Deploy brings functions and then services to the wanted release. What was done before an error is in the result. The services
// come one after the other: they share a listener.
func Deploy(ctx context.Context, env *ops.Environment, out ops.Outputs, req Request) (Result, error) {
	result := Result{Environment: env.Settings.Environment, DryRun: req.DryRun, Functions: []FunctionResult{}, Services: []ServiceResult{}}
	services, err := req.check(out)
	if err != nil {
		return result, err
	}
	if err := rehearse(ctx, env, out, req, services); err != nil {
		return result, err
	}
	for _, name := range slices.Sorted(maps.Keys(req.Functions)) {
		done, err := deployFunction(ctx, env, out, name, req.Functions[name], req.DryRun)
		if err != nil {
			return result, err
		}
		result.Functions = append(result.Functions, done)
	}
	for _, service := range services {
		d := &deployer{env: env, out: out, req: req, service: service, wanted: out.Releases[service]}
		done, err := d.deploy(ctx)
		if done.Service != "" {
			result.Services = append(result.Services, done)
		}
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

// rehearse looks at everything before anything is changed: a red alarm or a missing image of the last service must not be found
// when the functions and the other services are deployed already.
func rehearse(ctx context.Context, env *ops.Environment, out ops.Outputs, req Request, services []string) error {
	if req.DryRun || len(req.Functions)+len(services) < 2 {
		return nil // one alone is looked at before it is changed
	}
	quiet := *env
	quiet.Say = func(string, ...any) {}
	req.DryRun = true
	for _, name := range slices.Sorted(maps.Keys(req.Functions)) {
		if _, err := deployFunction(ctx, &quiet, out, name, req.Functions[name], true); err != nil {
			return err
		}
	}
	for _, service := range services {
		d := &deployer{env: &quiet, out: out, req: req, service: service, wanted: out.Releases[service]}
		if _, err := d.deploy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// check refuses names that the stack does not have, before anything is done.
func (r Request) check(out ops.Outputs) ([]string, error) {
	services := slices.Sorted(maps.Keys(out.Releases))
	if r.Services != nil {
		services = slices.Compact(slices.Sorted(slices.Values(r.Services)))
	}
	for _, service := range services {
		if _, err := out.Release(service); err != nil {
			return nil, err
		}
	}
	for _, service := range slices.Sorted(maps.Keys(r.Images)) {
		wanted, err := out.Release(service)
		if err != nil {
			return nil, err
		}
		if _, err := imageReference(wanted, r.Images[service]); err != nil {
			return nil, err
		}
	}
	return services, r.checkFunctions(out)
}

func (r Request) checkFunctions(out ops.Outputs) error {
	for _, function := range slices.Sorted(maps.Keys(r.Functions)) {
		if out.Functions[function] == "" {
			return &ops.Problem{Kind: ops.Usage, What: "looking for the function " + function, Why: "the stack has no such function",
				Next: fmt.Sprintf("name one of %v", slices.Sorted(maps.Keys(out.Functions)))}
		}
	}
	return nil
}

// deployer deploys one service.
type deployer struct {
	env     *ops.Environment
	out     ops.Outputs
	req     Request
	service string
	wanted  release.Release
}

// deploy begins with what only looks; the order of what follows is that of the package's comment.
func (d *deployer) deploy(ctx context.Context) (ServiceResult, error) {
	done := ServiceResult{Service: d.service}
	now, err := inspect(ctx, d.env, d.wanted, d.service)
	if err != nil {
		return ServiceResult{}, err
	}
	done.Before, done.After, done.Image = short(now.run.TaskDefinition), short(now.run.TaskDefinition), now.run.Image
	image, err := d.image(ctx, now.run)
	if err != nil {
		return ServiceResult{}, err
	}
	if image == "" {
		done.Action = Bootstrap
		d.env.Say("%s: the bootstrap image %s runs, and no image was given: it stays. `itrack push %s` pushes an image, `itrack deploy-apps %s --image %s=sha256:…` deploys it",
			d.service, now.run.Image, d.env.Settings.Environment, d.env.Settings.Environment, d.service)
		return done, nil
	}
	wanted, err := taskDefinition(d.wanted.TaskDefinition, image, d.service)
	if err != nil {
		return ServiceResult{}, err
	}
	if done.Differences, err = now.differences(d.wanted, wanted); err != nil {
		return ServiceResult{}, err
	}
	if resumed, err := d.resume(ctx, now, wanted, &done); resumed || err != nil {
		return done, err
	}
	if len(done.Differences) == 0 && d.req.Restart {
		done.Differences = []string{restart}
	}
	if len(done.Differences) == 0 {
		done.Action = Unchanged
		d.env.Say("%s: %s runs already, with everything as the stack wants it: no deployment is needed", d.service, done.Before)
		return done, nil
	}
	done.Image = image
	if err := d.guard(ctx, now); err != nil {
		return ServiceResult{}, err
	}
	if d.req.DryRun {
		done.Action, done.After = WouldDeploy, "a revision with "+image
		return done, nil
	}
	err = d.change(ctx, image, wanted, now, &done)
	return done, err
}

// change does what changes AWS: register, migrate, shift.
func (d *deployer) change(ctx context.Context, image string, wanted *definition, now *live, done *ServiceResult) error {
	arn, registered, err := register(ctx, d.env, wanted, now.definition, d.req.Restart)
	if err != nil {
		return err
	}
	done.Registered = registered
	d.env.Say("%s: %s has the image %s and the wanted release (%d differences to %s)", d.service, short(arn), image, len(done.Differences), done.Before)
	if done.Migration, err = d.migrate(ctx, image); err != nil {
		return err
	}
	if under := now.run.Deployment; under != nil && d.req.EndBake {
		// As late as can be: until here a failure leaves the way back in seconds.
		if err := d.endBake(ctx, under); err != nil {
			return err
		}
	}
	id, resumed, err := d.begin(ctx, arn, "deploy "+short(arn), d.req.DespiteAlarms)
	if err != nil {
		return err
	}
	done.Deployment, done.Resumed = id, resumed
	return d.finish(ctx, id, arn, now.run.TaskDefinition, done)
}

// finish watches the deployment to its end and fills in the result.
func (d *deployer) finish(ctx context.Context, id, arn, before string, done *ServiceResult) error {
	watched, err := d.watch(ctx, id, arn, before)
	if err != nil {
		return err
	}
	done.Action, done.After = Deployed, short(arn)
	if !watched.ended {
		until := watched.until
		done.KeptUntil = &until
		d.env.Say("%s: the traffic has moved to %s, and that was verified. The old version stays until %s: until then `itrack rollback %s` brings the traffic back in seconds",
			d.service, short(arn), until.Format(time.TimeOnly), d.env.Settings.Environment)
	}
	return nil
}

// resume takes up what an earlier run began: a deployment that is under way for exactly what is wanted.
func (d *deployer) resume(ctx context.Context, now *live, wanted *definition, done *ServiceResult) (bool, error) {
	under := now.run.Deployment
	if under == nil || under.TaskDefinition == "" || under.Rollback {
		return false, nil
	}
	found, err := describeDefinition(ctx, d.env, under.TaskDefinition)
	if err != nil {
		return false, err
	}
	if len(definitionDifferences(found, wanted.input)) > 0 || !under.carries(d.wanted) {
		return false, nil
	}
	if under.Moved && len(done.Differences) == 0 && !d.req.WaitTermination {
		return false, nil // it runs: the traffic has moved, only the old version is still kept
	}
	done.Deployment, done.Resumed, done.Image = under.ID, true, wanted.image
	if d.req.DryRun {
		done.Action, done.After = WouldDeploy, short(under.TaskDefinition)
		return true, nil
	}
	d.env.Say("%s: the deployment %s of exactly this is under way: watching it", d.service, under.ID)
	before := now.run.TaskDefinition
	if before == under.TaskDefinition {
		before = now.other(under.TaskDefinition)
	}
	return true, d.finish(ctx, under.ID, under.TaskDefinition, before, done)
}

// guard refuses to begin while an alarm would roll back at once, or another deployment of the group runs.
func (d *deployer) guard(ctx context.Context, now *live) error {
	what := "deploying " + d.service
	if err := d.guardDeployment(now, what); err != nil {
		return err
	}
	red, err := redAlarms(ctx, d.env, d.wanted.AlarmNames)
	if err != nil || len(red) == 0 || d.req.DespiteAlarms {
		return err
	}
	return ops.Refuse(what, "an alarm that rolls deployments back is red: "+listed(red),
		fmt.Sprintf("look at it first; if the version that runs is the cause, `itrack rollback %s` brings the one before back, and `itrack deploy-apps %s --despite-alarms` deploys the cure without the alarms' watch",
			d.env.Settings.Environment, d.env.Settings.Environment))
}

func (d *deployer) guardDeployment(now *live, what string) error {
	under := now.run.Deployment
	environment := d.env.Settings.Environment
	switch {
	case under == nil:
		return nil
	case under.Rollback:
		return ops.Refuse(what, fmt.Sprintf("CodeDeploy is bringing the traffic back after a deployment that failed (%s)", under.ID),
			"wait for its end, some minutes, and run this again")
	case under.Moved && d.req.EndBake:
		return nil // ended when the new version is about to be deployed
	case under.Moved:
		return ops.Refuse(what, fmt.Sprintf("the deployment %s has moved its traffic and keeps its old version, so that a rollback takes seconds", under.ID),
			fmt.Sprintf("wait for its end, or add --end-bake, which gives the old version up; `itrack rollback %s` goes back to it", environment))
	}
	return ops.Refuse(what, fmt.Sprintf("the deployment %s of another version (%s) is under way", under.ID, short(under.TaskDefinition)),
		fmt.Sprintf("wait for its end, or stop it: `itrack rollback %s`", environment))
}

// onward tells whoever can't watch any longer what goes on without them: after Ctrl-C, and when AWS does not answer any more. The end
// of the time says it itself.
func (d *deployer) onward(id string, err error) error {
	if err == nil || ops.KindOf(err) == ops.TimedOut {
		return err
	}
	environment := d.env.Settings.Environment
	return fmt.Errorf("%w\n  the deployment %s of %s goes on: the same command watches it again, `itrack rollback %s` stops it, `aws deploy get-deployment --region %s --deployment-id %s` shows it",
		err, id, d.service, environment, d.env.Region, id)
}
