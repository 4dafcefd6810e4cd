package release_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

// place is one environment of a test, with a stack of its own, in a cloud that several tests share.
type place struct {
	cloud    *opstest.Cloud
	delivery *opstest.Delivery
	env      *ops.Environment
	out      ops.Outputs
	said     *strings.Builder
}

// each runs the tests one after the other, each in an environment of its own.
func each(t *testing.T, tests map[string]func(*testing.T, *place)) {
	t.Helper()
	cloud := opstest.New(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cloud.Heal()
			p := &place{cloud: cloud, delivery: opstest.NewDelivery(cloud), said: &strings.Builder{}}
			environment := strings.ToLower(strings.ReplaceAll(name, " ", "-"))
			p.env = cloud.Open(t, environment[:min(len(environment), 11)], nil)
			say := p.env.Say
			p.env.Say = func(format string, a ...any) {
				say(format, a...)
				line(p.said, format, a...)
			}
			p.out = opstest.Stack(t, cloud, p.env)
			cloud.Forget()
			test(t, p)
		})
	}
}

func (p *place) wanted() release.Release { return p.out.Releases["backend"] }

// image pushes an image and gives its digest.
func (p *place) image(t *testing.T, tag string) string {
	t.Helper()
	return opstest.Image(t, p.env, p.wanted().Repository, tag)
}

func (p *place) deploy(digest string, change func(*subject.Request)) (subject.Result, error) {
	request := subject.Request{}
	if digest != "" {
		request.Images = map[string]string{"backend": digest}
	}
	if change != nil {
		change(&request)
	}
	return subject.Deploy(context.Background(), p.env, p.out, request)
}

// deployed deploys an image that must go well.
func (p *place) deployed(t *testing.T, tag string) subject.ServiceResult {
	t.Helper()
	result, err := p.deploy(p.image(t, tag), nil)
	require.NoError(t, err)
	require.Len(t, result.Services, 1)
	require.Equal(t, subject.Deployed, result.Services[0].Action)
	return result.Services[0]
}

func (p *place) running(t *testing.T) subject.Run {
	t.Helper()
	run, err := subject.Running(context.Background(), p.env, p.out, "backend")
	require.NoError(t, err)
	return run
}

// runs is family:revision of what has the traffic.
func (p *place) runs(t *testing.T) string {
	t.Helper()
	arn := p.running(t).TaskDefinition
	return arn[strings.LastIndex(arn, "/")+1:]
}

// revision is a revision of the backend's family.
func (p *place) revision(number string) string {
	return p.wanted().TaskDefinition["family"].(string) + ":" + number
}
