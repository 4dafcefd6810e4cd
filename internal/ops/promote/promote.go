// Package promote brings what runs in one environment to another: the very digests, copied between the registries, after the
// tests passed, with their signatures checked on both sides, and the target's health at the end.
package promote

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/registry"
	"github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/ops/site"
	"github.com/itrack/itrack/internal/ops/watch"
)

// Promotion says what to bring where.
type Promotion struct {
	From, To registry.Stack
	// Functions is the folder with the functions' zips. They are built the same bit by bit, so they are what the source runs or
	// the wrong ones: that is checked. Empty leaves the functions alone.
	Functions string
	// Test runs the whole test suite; an error ends the promotion before anything was changed.
	Test func(ctx context.Context) error
	// Confirm shows the plan and asks; an error ends the promotion before anything was changed.
	Confirm func(Plan) error
	// Frontend is the folder with the frontend's build, which is uploaded after the services. Empty leaves the site alone.
	Frontend string

	Client      *http.Client  // for the health of both; nil is http.DefaultClient
	Limit       time.Duration // of each migration and deployment
	HealthLimit time.Duration // until the target is healthy afterwards
	DryRun      bool
}

// Plan is what a promotion changes.
type Plan struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Services  []ServicePlan  `json:"services"`
	Functions []FunctionPlan `json:"functions"`
	// Frontend is what the upload of the frontend's build would change in the target; nil leaves the site alone.
	Frontend *site.Result `json:"frontend,omitempty"`
}

// ServicePlan is one service: the digest that the source runs, what the target runs, and what else the target's deployment
// brings (fields of its wanted release).
type ServicePlan struct {
	Service     string   `json:"service"`
	Digest      string   `json:"digest"`
	Running     string   `json:"running"`
	Differences []string `json:"differences,omitempty"`
}

// Changes tells whether the target's service is to be deployed.
func (s ServicePlan) Changes() bool { return s.Digest != s.Running || len(s.Differences) > 0 }

// FunctionPlan is one function: the hash of the code in the zip, which the source runs, and of the code that the target runs, and
// the settings that the target's stack has changed and its deployment brings.
type FunctionPlan struct {
	Function    string   `json:"function"`
	Code        string   `json:"code"`
	Running     string   `json:"running"`
	Differences []string `json:"differences,omitempty"`
	path        string
}

// Changes tells whether the target's function is to be deployed.
func (f FunctionPlan) Changes() bool { return f.Code != f.Running || len(f.Differences) > 0 }

// Empty tells whether the target already runs everything.
func (p Plan) Empty() bool {
	return !slices.ContainsFunc(p.Services, ServicePlan.Changes) &&
		!slices.ContainsFunc(p.Functions, FunctionPlan.Changes) && (p.Frontend == nil || !p.Frontend.Changed())
}

// Result is what was done.
type Result struct {
	Plan   Plan              `json:"plan"`
	DryRun bool              `json:"dryRun"`
	Tested bool              `json:"tested"`
	Copied []registry.Pushed `json:"copied"`
	Deploy release.Result    `json:"deploy"`
	Site   *site.Result      `json:"site,omitempty"`
	Health *watch.Report     `json:"health,omitempty"`
}

// Run promotes. Whatever ends it, a second run goes on where it ended: images that are there are not copied again, a running
// deployment is watched, and what the target already runs is left alone.
func Run(ctx context.Context, p Promotion) (Result, error) {
	result := Result{DryRun: p.DryRun, Copied: []registry.Pushed{}}
	plan, err := p.plan(ctx)
	result.Plan = plan
	if err != nil {
		return result, err
	}
	if err := p.sourceIsWell(ctx); err != nil {
		return result, err
	}
	if p.DryRun {
		return result, p.copy(ctx, &result)
	}
	if p.Confirm != nil {
		if err := p.Confirm(plan); err != nil {
			return result, err
		}
	}
	if p.Test != nil {
		p.To.Env.Say("running the test suite")
		if err := p.Test(ctx); ctx.Err() != nil {
			return result, ops.Explain("running the test suite", ctx.Err()) // what the end of it broke says nothing about the tests
		} else if err != nil {
			return result, &ops.Problem{What: "promoting to " + plan.To, Why: "the test suite failed: " + err.Error(), Err: err,
				Next: "mend what failed; nothing was changed in " + plan.To}
		}
		result.Tested = true
	}
	if err := p.copy(ctx, &result); err != nil {
		return result, err
	}
	return result, p.deploy(ctx, &result)
}

// plan compares what runs in both.
func (p Promotion) plan(ctx context.Context) (Plan, error) {
	plan := Plan{From: p.From.Out.Environment, To: p.To.Out.Environment, Services: []ServicePlan{}, Functions: []FunctionPlan{}}
	if plan.From == plan.To {
		return plan, &ops.Problem{Kind: ops.Usage, What: "promoting to " + plan.To, Why: "it is the source itself", Next: "name two environments, such as staging production"}
	}
	differences, err := release.Differences(ctx, p.To.Env, p.To.Out)
	if err != nil {
		return plan, err
	}
	for _, service := range p.To.Env.Services {
		running, err := p.source(ctx, service)
		if err != nil {
			return plan, err
		}
		if err := registry.Verify(ctx, p.From.Env, p.From.Out, service, running.Digest); err != nil {
			return plan, err
		}
		target, err := release.Running(ctx, p.To.Env, p.To.Out, service)
		if err != nil {
			return plan, err
		}
		plan.Services = append(plan.Services, ServicePlan{Service: service, Digest: running.Digest, Running: target.Digest, Differences: differences[service]})
	}
	if p.Functions != "" {
		if plan.Functions, err = p.functions(ctx); err != nil {
			return plan, err
		}
	}
	if p.Frontend != "" {
		uploaded, err := site.Upload(ctx, p.To.Env, p.To.Out, p.Frontend, site.Options{DryRun: true})
		if err != nil {
			return plan, err
		}
		plan.Frontend = &uploaded
	}
	return plan, nil
}

// source is what runs of a service in the source, when that is something to promote.
func (p Promotion) source(ctx context.Context, service string) (release.Run, error) {
	from := p.From.Out.Environment
	if _, ok := p.From.Out.Releases[service]; !ok {
		return release.Run{}, &ops.Problem{Kind: ops.Usage, What: "promoting the service " + service, Why: from + " has no such service: nothing of it was ever tried there",
			Next: "add it to Pulumi." + from + ".yaml and deploy it there first"}
	}
	running, err := release.Running(ctx, p.From.Env, p.From.Out, service)
	if err != nil {
		return running, err
	}
	if running.Digest == "" || running.Bootstrap {
		return running, ops.Refuse("promoting the service "+service, fmt.Sprintf("%s runs %s, which is no image of its repository by digest", from, running.Image),
			fmt.Sprintf("`itrack push %s`, then `itrack deploy-apps %s --image %s=sha256:...`", from, from, service))
	}
	if under := running.Deployment; under != nil && (!under.Moved || under.Rollback) {
		return running, ops.Refuse("promoting the service "+service, fmt.Sprintf("the deployment %s of it is under way in %s, so nobody knows yet what will run", under.ID, from),
			fmt.Sprintf("wait for its end: `itrack status %s --watch`", from))
	}
	return running, nil
}

// sourceIsWell refuses to promote what is ill where it comes from.
func (p Promotion) sourceIsWell(ctx context.Context) error {
	from := p.From.Out.Environment
	report, err := watch.Health(ctx, p.From.Env, p.From.Out, p.Client)
	if err != nil {
		return err
	}
	if report.Healthy {
		return nil
	}
	return ops.Refuse("promoting from "+from, from+" is not healthy: "+strings.Join(report.Problems(), "; "), "`itrack health "+from+"` shows it; promote when it is well")
}

// copy brings the images to the target's repositories and checks their signatures there.
func (p Promotion) copy(ctx context.Context, result *Result) error {
	for _, service := range result.Plan.Services {
		copied, err := registry.Copy(ctx, p.From, p.To, service.Service, service.Digest, registry.CopyOptions{DryRun: p.DryRun})
		if err != nil {
			return err
		}
		result.Copied = append(result.Copied, copied)
		if p.DryRun {
			continue
		}
		if err := registry.Verify(ctx, p.To.Env, p.To.Out, service.Service, service.Digest); err != nil {
			return err
		}
		p.To.Env.Say("%s: %s is in %s, with its signature", service.Service, service.Digest, copied.Repository)
	}
	return nil
}

// deploy makes the images and the functions run in the target and waits until it is healthy.
func (p Promotion) deploy(ctx context.Context, result *Result) error {
	request := release.Request{Images: map[string]string{}, Functions: map[string]string{}, Limit: p.Limit}
	for _, service := range result.Plan.Services {
		request.Images[service.Service] = service.Digest
		request.Services = append(request.Services, service.Service)
	}
	for _, function := range result.Plan.Functions {
		request.Functions[function.Function] = function.path
	}
	var err error
	if result.Deploy, err = release.Deploy(ctx, p.To.Env, p.To.Out, request); err != nil {
		return err
	}
	if p.Frontend != "" {
		uploaded, err := site.Upload(ctx, p.To.Env, p.To.Out, p.Frontend, site.Options{})
		result.Site = &uploaded
		if err != nil {
			return err
		}
	}
	report, err := watch.WaitHealthy(ctx, p.To.Env, p.To.Out, p.Client, p.HealthLimit)
	result.Health = &report
	if err != nil && ops.KindOf(err) == ops.TimedOut {
		to := p.To.Out.Environment
		return &ops.Problem{What: "promoting to " + to, Err: err,
			Why:  "it was deployed, and is not healthy: " + strings.Join(report.Problems(), "; "),
			Next: fmt.Sprintf("`itrack rollback %s` goes back to what ran before; `itrack status %s` and `itrack logs %s` show more", to, to, to)}
	}
	return err
}
