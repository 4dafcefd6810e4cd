// Package deployapps is `itrack deploy-apps`.
package deployapps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/ops/site"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// Site uploads the frontend's build from a folder; tests give something else.
	Site func(ctx context.Context, env *ops.Environment, out ops.Outputs, dir string, o site.Options) (site.Result, error)

	Environment     string
	Images          []string
	Functions       string
	Frontend        string
	Skip            []string
	Timeout         time.Duration
	WaitTermination bool
	EndBake         bool
	DespiteAlarms   bool
	Restart         bool
	DryRun          bool
	JSON            bool
}

// Folders of the project that are taken unless flags name others.
const (
	functionsDir = "build/functions"
	frontendDir  = "app/frontend/dist"
)

// parts are what --skip takes.
var parts = []string{"functions", "services", "frontend"}

// NewCmdDeployApps makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDeployApps(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Site: site.Upload}
	cmd := &cobra.Command{
		Use:   "deploy-apps ENVIRONMENT",
		Short: "Deploy functions, services and the frontend, without downtime",
		Long: `Deploy functions, services and the frontend to a stack that is deployed, without downtime.

In this order:
  1. functions: publishes a version with the code of each zip and moves the alias "live" to it;
  2. each service, one after the other: refuses while an alarm that rolls back is red or another deployment runs; makes sure
     that the image exists; puts its digest into the release that the stack wants and registers that; runs the migrate
     command as a task of its own; lets CodeDeploy shift the traffic once the deployment hook has found the new version
     healthy; and verifies that the new version has the traffic;
  3. the frontend, last: the API that it calls is there by then.

A service without --image keeps the image that runs; what the stack has changed of its release takes effect. What runs
already is not deployed again, unless --restart asks for new tasks: they read the secrets when they start. A deployment that fails is rolled back, and the command says why it failed and what runs.

The command ends when the traffic has moved; the old version stays for some time, and ` + "`itrack rollback`" + ` brings it back in
seconds. Ctrl-C ends the watching, not the deployment: the same command watches it again.

It never changes the stack (` + "`itrack deploy`" + ` does), never builds or pushes, and never undoes a migration.

Exit codes: 0 everything runs as wanted, 1 failed, 2 wrong usage, settings or account, 4 refused, nothing was changed,
5 the time is over and the deployment goes on, 130 cancelled.`,
		Example: `  # what itrack push has printed
  itrack deploy-apps staging --image backend=sha256:4f5c1d0e7b8a9c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f809

  # see what would be done
  itrack deploy-apps production --dry-run

  # only what the stack has changed of the services
  itrack deploy-apps staging --skip functions --skip frontend

  # a secret was rotated: new tasks of what runs
  itrack deploy-apps production --restart --skip functions --skip frontend

  # a cure, while the broken version keeps an alarm red
  itrack deploy-apps production --image backend=sha256:4f5c1d0e7b8a9c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f809 --despite-alarms`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return deployRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.Images, "image", nil, "deploy this image: `SERVICE=DIGEST` (repeatable)")
	flags.StringVar(&o.Functions, "functions", "", "take the functions' zips from `DIR` (default "+functionsDir+", if it exists)")
	flags.StringVar(&o.Frontend, "frontend", "", "take the frontend's build from `DIR` (default "+frontendDir+", if it exists)")
	flags.StringSliceVar(&o.Skip, "skip", nil, "leave a `PART` alone: functions, services or frontend (repeatable)")
	flags.DurationVar(&o.Timeout, "timeout", release.DefaultLimit, "how long each migration and each deployment is watched")
	flags.BoolVar(&o.WaitTermination, "wait-termination", false, "wait until the old version is gone, not only until the traffic has moved")
	flags.BoolVar(&o.EndBake, "end-bake", false, "give up the old version that an earlier deployment keeps, instead of refusing")
	flags.BoolVar(&o.DespiteAlarms, "despite-alarms", false, "deploy while an alarm is red; no alarm rolls this deployment back")
	flags.BoolVar(&o.Restart, "restart", false, "deploy services also where nothing differs: new tasks read the secrets anew")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

// Document is what --json prints.
type Document struct {
	release.Result
	// Frontend is the folder that was uploaded, or would be; empty where none was. Site is what that changed, or would.
	Frontend string       `json:"frontend"`
	Site     *site.Result `json:"site,omitempty"`
}

func deployRun(ctx context.Context, o *Options) error {
	if err := o.absolute(); err != nil {
		return err
	}
	f := o.Factory
	env, out, err := f.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	request, frontend, err := o.request(out)
	if err != nil {
		return err
	}
	if frontend != "" && !o.DryRun {
		// A build that can't be uploaded is refused before functions and services are deployed.
		if _, err := o.Site(ctx, env, out, frontend, site.Options{DryRun: true}); err != nil {
			return err
		}
	}
	document := Document{}
	document.Result, err = release.Deploy(ctx, env, out, request)
	if err == nil && frontend != "" {
		var uploaded site.Result
		if uploaded, err = o.Site(ctx, env, out, frontend, site.Options{DryRun: o.DryRun}); err == nil {
			document.Frontend, document.Site = frontend, &uploaded
		}
	}
	if o.JSON {
		return errors.Join(err, f.PrintJSON(document))
	}
	for _, line := range document.lines() {
		fmt.Fprintln(f.IO.Out, line)
	}
	return err
}

// absolute makes folders that a person named absolute before the project becomes the working folder, and checks the flags.
func (o *Options) absolute() error {
	if err := cmdutil.CheckTime("--timeout", o.Timeout); err != nil {
		return err
	}
	if _, err := o.images(); err != nil {
		return err
	}
	for _, part := range o.Skip {
		if !slices.Contains(parts, part) {
			return cmdutil.UsageError{Err: fmt.Errorf("--skip %s: it takes %s", part, strings.Join(parts, ", "))}
		}
	}
	for _, dir := range []*string{&o.Functions, &o.Frontend} {
		if *dir == "" {
			continue
		}
		if !cmdutil.IsFolder(*dir) {
			return cmdutil.UsageError{Err: fmt.Errorf("%s is no folder", *dir)}
		}
		path, err := filepath.Abs(*dir)
		if err != nil {
			return fmt.Errorf("resolving %s: %w", *dir, err)
		}
		*dir = path
	}
	return nil
}

// images are the digests, or references with one, by service.
func (o *Options) images() (map[string]string, error) {
	images := map[string]string{}
	for _, image := range o.Images {
		service, digest, ok := strings.Cut(image, "=")
		if !ok || service == "" || digest == "" {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("--image %s: it takes SERVICE=DIGEST", image)}
		}
		if err := release.CheckImage(digest); err != nil {
			return nil, err
		}
		if _, twice := images[service]; twice {
			return nil, cmdutil.UsageError{Err: fmt.Errorf("--image %s: %s has one already", image, service)}
		}
		images[service] = digest
	}
	return images, nil
}

// request is what the flags and the folders ask for.
func (o *Options) request(out ops.Outputs) (request release.Request, frontend string, err error) {
	request = release.Request{
		Functions: map[string]string{}, Limit: o.Timeout, DryRun: o.DryRun,
		WaitTermination: o.WaitTermination, EndBake: o.EndBake, DespiteAlarms: o.DespiteAlarms, Restart: o.Restart,
	}
	if request.Images, err = o.images(); err != nil {
		return request, "", err
	}
	if slices.Contains(o.Skip, "services") {
		if o.Restart {
			return request, "", cmdutil.UsageError{Err: errors.New("--restart deploys services, and --skip services leaves them alone")}
		}
		if len(request.Images) > 0 {
			return request, "", cmdutil.UsageError{Err: errors.New("--image deploys a service, and --skip services leaves them alone")}
		}
		request.Services = []string{}
	}
	if !slices.Contains(o.Skip, "functions") {
		if request.Functions, err = o.packages(out); err != nil {
			return request, "", err
		}
	}
	if frontend = o.Frontend; frontend == "" && cmdutil.IsFolder(frontendDir) {
		frontend = frontendDir
	}
	if slices.Contains(o.Skip, "frontend") {
		frontend = ""
	}
	return request, frontend, nil
}

// packages are the zips of the stack's functions. Without a folder their code stays, and what the stack has changed of their
// settings takes effect.
func (o *Options) packages(out ops.Outputs) (map[string]string, error) {
	dir := o.Functions
	if dir == "" && cmdutil.IsFolder(functionsDir) {
		dir = functionsDir
	}
	paths := map[string]string{}
	for function := range out.Functions {
		paths[function] = ""
		if dir == "" {
			continue
		}
		paths[function] = filepath.Join(dir, function+".zip")
		if _, err := os.Stat(paths[function]); err != nil {
			return nil, &ops.Problem{Kind: ops.Usage, What: "looking for the code of the function " + function, Why: err.Error(), Err: err,
				Next: "`make build` builds it, or add --skip functions"}
		}
	}
	return paths, nil
}

// lines are the page that a person reads.
func (d Document) lines() []string {
	var lines []string
	for _, function := range d.Functions {
		text := fmt.Sprintf("function %s: %s, version %s", function.Function, function.Action, function.Before)
		if function.Action != release.Unchanged {
			text = fmt.Sprintf("function %s: %s (%s)", function.Function, function.Action, strings.Join(function.Differences, ", "))
			if function.After != "" {
				text += fmt.Sprintf(", version %s after %s", function.After, function.Before)
			}
		}
		lines = append(lines, text)
	}
	for _, service := range d.Services {
		lines = append(lines, serviceLines(service)...)
	}
	switch {
	case d.Site != nil && !d.Site.Changed():
		lines = append(lines, "frontend: unchanged, release "+d.Site.Release+" is live")
	case d.Frontend != "" && d.DryRun:
		lines = append(lines, "frontend: would be uploaded from "+d.Frontend)
	case d.Frontend != "":
		lines = append(lines, "frontend: uploaded from "+d.Frontend)
	}
	return lines
}

func serviceLines(s release.ServiceResult) []string {
	action := s.Action
	if action == "" {
		action = "not deployed"
	}
	lines := []string{fmt.Sprintf("service %s: %s", s.Service, action)}
	if s.Before == s.After {
		lines = append(lines, "    runs       "+s.After)
	} else {
		lines = append(lines, fmt.Sprintf("    runs       %s, before it was %s", s.After, s.Before))
		if s.Action == release.WouldDeploy || s.Action == "" {
			lines[1] = fmt.Sprintf("    runs       %s; wanted is %s", s.Before, s.After)
		}
	}
	lines = append(lines, "    image      "+s.Image)
	for i, difference := range s.Differences {
		if i == 0 {
			lines = append(lines, "    because    "+difference)
			continue
		}
		lines = append(lines, "               "+difference)
	}
	if s.Deployment != "" {
		lines = append(lines, "    deployment "+s.Deployment)
	}
	if s.KeptUntil != nil {
		lines = append(lines, "    old version kept until "+s.KeptUntil.Format(time.DateTime))
	}
	return lines
}

// Converge is the step of `itrack deploy` after the stack: services and functions get what the stack wants, with the images and
// the code that run.
func Converge(f *cmdutil.Factory, limit time.Duration) func(ctx context.Context, environment string) error {
	return func(ctx context.Context, environment string) error {
		env, out, err := f.Deployed(ctx, environment)
		if err != nil {
			return err
		}
		functions := map[string]string{}
		for function := range out.Functions {
			functions[function] = ""
		}
		_, err = release.Deploy(ctx, env, out, release.Request{Functions: functions, Limit: limit})
		return err
	}
}
