package plugin_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	rpc "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/itrack/itrack/internal/rehearsal/aws"
	"github.com/itrack/itrack/internal/rehearsal/plugin"
)

func properties(tb testing.TB, plain map[string]any) *structpb.Struct {
	tb.Helper()
	out, err := rpc.MarshalProperties(resource.NewPropertyMapFromMap(plain), rpc.MarshalOptions{KeepUnknowns: true})
	require.NoError(tb, err)
	return out
}

// BenchmarkCreate is what the stand-in itself costs per resource: a check and a create, the cloud's journal included.
func BenchmarkCreate(b *testing.B) {
	ctx := context.Background()
	p, err := plugin.NewProvider(aws.Catalog(), b.TempDir(), "111122223333")
	require.NoError(b, err)
	_, err = p.Configure(ctx, &pulumirpc.ConfigureRequest{Args: properties(b, map[string]any{"region": "us-east-1"})})
	require.NoError(b, err)
	for i := 0; b.Loop(); i++ {
		urn := fmt.Sprintf("urn:pulumi:test::bench::aws:cloudwatch/metricAlarm:MetricAlarm::alarm-%d", i)
		checked, err := p.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: properties(b, map[string]any{
			"namespace": "AWS/ECS", "metricName": "CPUUtilization", "period": 60, "evaluationPeriods": 3, "statistic": "Average", "threshold": 80,
			"comparisonOperator": "GreaterThanThreshold", "dimensions": map[string]any{"ClusterName": "a"}, "tags": map[string]any{"Name": "x"}})})
		require.NoError(b, err)
		require.Empty(b, checked.GetFailures())
		_, err = p.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.GetInputs()})
		require.NoError(b, err)
	}
}
