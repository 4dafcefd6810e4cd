package watch

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// State is what a look found.
type State string

// The states. Private counts as well: nothing can be asked from outside, and other checks say how it stands.
const (
	Healthy   State = "healthy"
	Unhealthy State = "unhealthy"
	Unknown   State = "unknown" // it could not be asked; that is not well
	Private   State = "private"
)

// Kinds of checks.
const (
	KindAPI     = "api"
	KindSite    = "site"
	KindService = "service"
	KindTargets = "targets"
	KindAlarm   = "alarm"
)

// Check is one thing that was looked at.
type Check struct {
	Kind          string  `json:"kind"`
	Name          string  `json:"name"`
	State         State   `json:"state"`
	Detail        string  `json:"detail"`
	LatencyMillis float64 `json:"latencyMillis"`
}

// Report is the health of an environment.
type Report struct {
	Environment string    `json:"environment"`
	At          time.Time `json:"at"`
	Healthy     bool      `json:"healthy"`
	Checks      []Check   `json:"checks"`
}

// Problems are the checks that are not well, in words.
func (r Report) Problems() []string {
	var all []string
	for _, check := range r.Checks {
		if check.bad() {
			all = append(all, fmt.Sprintf("%s %s: %s", check.Kind, check.Name, check.Detail))
		}
	}
	return all
}

func (c Check) bad() bool { return c.State == Unhealthy || c.State == Unknown }

// lookTimeout bounds one look: the calls and the probes run at once.
const lookTimeout = 45 * time.Second

// Health looks once, within 45 seconds: the API and the site by their URLs as users reach them (client; nil means
// http.DefaultClient), each service's tasks and targets, and the alarms of all regions. What cannot be asked is a check in
// state unknown. The error is the caller's own wish to stop.
func Health(ctx context.Context, env *ops.Environment, out ops.Outputs, client *http.Client) (Report, error) {
	if client == nil {
		client = http.DefaultClient
	}
	bounded, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	look := &look{env: env, out: out, client: client}
	together(
		func() { look.site(bounded) },
		func() { look.api(bounded) },
		func() { look.services(bounded) },
		func() { look.alarms(bounded) },
	)
	if err := ctx.Err(); err != nil {
		return Report{}, fmt.Errorf("looking at the health of %s: %w", env.Settings.Environment, err)
	}
	order := []string{KindSite, KindAPI, KindService, KindTargets, KindAlarm}
	slices.SortStableFunc(look.checks, func(a, b Check) int {
		if a.Kind != b.Kind {
			return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
		}
		return strings.Compare(a.Name, b.Name)
	})
	report := Report{Environment: env.Settings.Environment, At: time.Now().UTC().Truncate(time.Second), Checks: look.checks}
	report.Healthy = !slices.ContainsFunc(look.checks, Check.bad)
	return report, nil
}

// WaitHealthy looks until the environment is healthy, for limit at most. The report is the last one, also with an error.
func WaitHealthy(ctx context.Context, env *ops.Environment, out ops.Outputs, client *http.Client, limit time.Duration) (Report, error) {
	var last Report
	wait := ops.Wait{
		For: "the health of " + env.Settings.Environment, Limit: limit, Every: env.Every(10 * time.Second), Say: env.Say,
		Next: "`itrack status " + env.Settings.Environment + "` shows what runs, `itrack logs " + env.Settings.Environment + "` what it says",
	}
	err := wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		report, err := Health(ctx, env, out, client)
		if err != nil {
			return false, "", err
		}
		last = report
		if report.Healthy {
			return true, "healthy", nil
		}
		return false, strings.Join(report.Problems(), "; "), nil
	})
	return last, err
}

// look collects the checks.
type look struct {
	env    *ops.Environment
	out    ops.Outputs
	client *http.Client

	mutex  sync.Mutex
	checks []Check
}

func (l *look) add(check Check, took time.Duration) {
	check.LatencyMillis = float64(took.Microseconds()) / 1000
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.checks = append(l.checks, check)
}

// unknown is a check that could not be made.
func (l *look) unknown(kind, name string, err error, took time.Duration) {
	l.add(Check{Kind: kind, Name: name, State: Unknown, Detail: strings.ReplaceAll(inTime(err).Error(), "\n  what to do: ", "; what to do: ")}, took)
}

func (l *look) site(ctx context.Context) {
	if l.out.SiteURL == "" {
		return
	}
	found, err := ask(ctx, l.client, l.out.SiteURL)
	switch {
	case err != nil:
		l.add(Check{Kind: KindSite, Name: l.out.SiteURL, State: Unhealthy, Detail: err.Error()}, found.took)
	case found.status != http.StatusOK:
		l.add(Check{Kind: KindSite, Name: l.out.SiteURL, State: Unhealthy, Detail: found.text}, found.took)
	default:
		l.add(Check{Kind: KindSite, Name: l.out.SiteURL, State: Healthy, Detail: found.text}, found.took)
	}
}

// api asks each service through the API for the path that tells whether it can work.
func (l *look) api(ctx context.Context) {
	if l.out.APIURL == "" {
		return
	}
	var jobs []func()
	for _, service := range slices.Sorted(maps.Keys(l.out.Services)) {
		if path := l.env.Ready[service]; path != "" {
			jobs = append(jobs, func() { l.ready(ctx, service, l.out.APIURL+path) })
			continue
		}
		l.add(Check{Kind: KindAPI, Name: service, State: Private, Detail: "no path is known that tells whether it can work"}, 0)
	}
	together(jobs...)
}

// ready asks one path. Where the gateway itself refuses, the path is not for the public: the service's targets, which the
// balancer asks, tell how it stands.
func (l *look) ready(ctx context.Context, service, url string) {
	found, err := ask(ctx, l.client, url)
	check := Check{Kind: KindAPI, Name: service + " " + url, State: Healthy, Detail: found.text}
	switch {
	case err != nil:
		check.State, check.Detail = Unhealthy, err.Error()
	case found.gateway:
		check.State, check.Detail = Private, "the API does not let the public ask this path; the service's targets tell"
	case found.status != http.StatusOK:
		check.State = Unhealthy
	}
	l.add(check, found.took)
}

func (l *look) services(ctx context.Context) {
	started := time.Now()
	services, err := Services(ctx, l.env, l.out)
	took := time.Since(started)
	if err != nil {
		l.unknown(KindService, l.out.Cluster, err, took)
		return
	}
	var jobs []func()
	for _, service := range services {
		check := Check{Kind: KindService, Name: service.Name, State: Healthy, Detail: fmt.Sprintf("%d of %s running, %s", service.Running, counted(service.Desired, "task"), service.TaskDefinition)}
		if problem := service.Problem(); problem != "" {
			check.State, check.Detail = Unhealthy, problem
		}
		l.add(check, took)
		for _, group := range service.TargetGroups {
			jobs = append(jobs, func() { l.targets(ctx, service.Name, group) })
		}
	}
	together(jobs...)
}

func (l *look) targets(ctx context.Context, service, group string) {
	started := time.Now()
	name := service + " " + groupName(group)
	well, text, err := targets(ctx, l.env, group)
	if err != nil {
		l.unknown(KindTargets, name, err, time.Since(started))
		return
	}
	check := Check{Kind: KindTargets, Name: name, State: Healthy, Detail: text}
	if !well {
		check.State = Unhealthy
	}
	l.add(check, time.Since(started))
}

// alarms asks each region apart, so that one that does not answer hides no other.
func (l *look) alarms(ctx context.Context) {
	var jobs []func()
	for _, region := range regions(l.env) {
		jobs = append(jobs, func() {
			started := time.Now()
			found, err := alarmsIn(ctx, l.env, region)
			took := time.Since(started)
			if err != nil {
				l.unknown(KindAlarm, region, err, took)
				return
			}
			red := 0
			for _, alarm := range found {
				if alarm.Part {
					continue
				}
				red++
				l.add(Check{Kind: KindAlarm, Name: alarm.Name, State: Unhealthy,
					Detail: fmt.Sprintf("in ALARM in %s since %s: %s", region, alarm.Since.UTC().Format(time.RFC3339), alarm.Reason)}, took)
			}
			if red == 0 {
				l.add(Check{Kind: KindAlarm, Name: region, State: Healthy, Detail: "no alarm is in ALARM"}, took)
			}
		})
	}
	together(jobs...)
}
