package opstest

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
)

func TestQuotasAreThoseOfTheTest(t *testing.T) {
	cloud := New(t)
	HandleQuotas(cloud, map[string]float64{"vpc L-F678F1CE": 12}, map[string]float64{"vpc L-F678F1CE": 5, "fargate L-3032A538": 6})
	client, ctx := cloud.Open(t, "staging", nil).Primary().Quotas(), context.Background()
	ask := func(service, code string) (float64, error) {
		out, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
		if err != nil {
			return 0, err
		}
		return *out.Quota.Value, nil
	}
	value, err := ask("vpc", "L-F678F1CE")
	require.NoError(t, err)
	require.EqualValues(t, 12, value)
	_, err = ask("fargate", "L-3032A538")
	require.True(t, ops.IsCode(err, "NoSuchResourceException"), "%v", err)
	usual, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("fargate"), QuotaCode: aws.String("L-3032A538")})
	require.NoError(t, err)
	require.EqualValues(t, 6, *usual.Quota.Value)
	for _, bad := range [][2]string{{"", "L-1"}, {"vpc", ""}, {"9", "L-F678F1CE"}, {"vpc", "no code"}} {
		_, err = ask(bad[0], bad[1])
		require.True(t, ops.IsCode(err, "IllegalArgumentException"), "%v: %v", bad, err)
	}
	require.Equal(t, "SerializationException", quota(Call{Body: []byte(`{"Service":"vpc"}`)}, nil).Code)
}
