package watch_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
)

// place is a deployed environment that is well.
type place struct {
	cloud       *opstest.Cloud
	env         *ops.Environment
	out         ops.Outputs
	delivery    *opstest.Delivery
	maintenance *opstest.Maintenance
	api         *site
	group       string // target group that has the users
}

// site answers as the API or the site do.
type site struct {
	status atomic.Int64
	body   atomic.Value
	kind   atomic.Value // API Gateway's error type
	asked  atomic.Int64
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if kind, _ := s.kind.Load().(string); kind != "" {
		w.Header().Set("X-Amzn-Errortype", kind)
	}
	if r.URL.Path == "/v1/api/health" {
		w.WriteHeader(int(s.status.Load()))
		body, _ := s.body.Load().(string)
		_, _ = w.Write([]byte(body))
	} else if r.URL.Path != "/" && r.URL.Path != "" {
		w.WriteHeader(http.StatusNotFound)
	}
}

const well = `{"state":"ok","checks":[{"name":"mysql","state":"ok"}]}`

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{cloud: opstest.New(t), api: &site{}}
	p.env = p.cloud.Open(t, "staging", nil)
	p.delivery, p.maintenance = opstest.NewDelivery(p.cloud), opstest.NewMaintenance(p.cloud)
	p.out = opstest.Stack(t, p.cloud, p.env)
	p.api.status.Store(200)
	p.api.body.Store(well)
	server := httptest.NewServer(p.api)
	t.Cleanup(server.Close)
	p.out.SiteURL, p.out.APIURL = server.URL, server.URL+"/v1"
	services, err := watch.Services(context.Background(), p.env, p.out)
	require.NoError(t, err)
	p.group = services[0].TargetGroups[0]
	p.register(t, "10.0.0.10", "10.0.0.11")
	p.cloud.Forget()
	return p
}

func (p *place) targets(addresses []string) []balancingtypes.TargetDescription {
	var all []balancingtypes.TargetDescription
	for _, address := range addresses {
		all = append(all, balancingtypes.TargetDescription{Id: aws.String(address), Port: aws.Int32(8080)})
	}
	return all
}

func (p *place) register(t *testing.T, addresses ...string) {
	t.Helper()
	_, err := p.env.Primary().LoadBalancers().RegisterTargets(context.Background(), &balancing.RegisterTargetsInput{TargetGroupArn: aws.String(p.group), Targets: p.targets(addresses)})
	require.NoError(t, err)
}

func (p *place) deregister(t *testing.T, addresses ...string) {
	t.Helper()
	_, err := p.env.Primary().LoadBalancers().DeregisterTargets(context.Background(), &balancing.DeregisterTargetsInput{TargetGroupArn: aws.String(p.group), Targets: p.targets(addresses)})
	require.NoError(t, err)
}

// scale sets the wanted number of tasks; moto starts them at once.
func (p *place) scale(t *testing.T, desired int32) {
	t.Helper()
	_, err := p.env.Primary().ECS().UpdateService(context.Background(), &ecs.UpdateServiceInput{Cluster: aws.String(p.out.Cluster), Service: aws.String(p.out.Services["backend"]), DesiredCount: aws.Int32(desired)})
	require.NoError(t, err)
}

// alarm makes an alarm in a region and sets it off.
func alarm(t *testing.T, place ops.Place, name string) {
	t.Helper()
	ctx, client := context.Background(), place.CloudWatch()
	_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: types.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	require.NoError(t, err)
	setAlarm(t, place, name, types.StateValueAlarm)
}

func setAlarm(t *testing.T, place ops.Place, name string, state types.StateValue) {
	t.Helper()
	_, err := place.CloudWatch().SetAlarmState(context.Background(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(name), StateValue: state, StateReason: aws.String("Threshold Crossed")})
	require.NoError(t, err)
}
