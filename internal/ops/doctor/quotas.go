package doctor

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"

	"github.com/itrack/itrack/internal/ops"
)

// Needs are what the environment's settings ask of the account.
type Needs struct {
	ElasticIPs float64 // one for each NAT gateway
	// Fargate are vCPUs of the tasks at a first deployment, FargatePeak those of a deployment while every service is at its
	// most: blue/green runs all twice.
	Fargate, FargatePeak float64
	GithubProvider       string // make or use; "" where there is no pipeline
}

// ReadNeeds reads the project's settings as the stack file has them; what is left out has its default.
func ReadNeeds(values map[string]any) Needs {
	network, services := object(values["network"]), object(values["services"])
	needs := Needs{ElasticIPs: 1}
	switch text(network["nat"], "single") {
	case "none":
		needs.ElasticIPs = 0
	case "perZone":
		needs.ElasticIPs = number(network["zones"], 2)
	}
	for _, one := range services {
		service := object(one)
		each := number(service["cpu"], 256) / 1024
		onDemand := 1 - number(service["spotShare"], 0)/100
		needs.Fargate += number(service["desired"], 1) * each * onDemand
		needs.FargatePeak += 2 * number(service["max"], 4) * each * onDemand
	}
	if object(values["github"]) != nil {
		needs.GithubProvider = text(object(values["account"])["githubProvider"], "make")
	}
	return needs
}

func object(value any) map[string]any {
	values, _ := value.(map[string]any)
	return values
}

func text(value any, usual string) string {
	if given, ok := value.(string); ok && given != "" {
		return given
	}
	return usual
}

func number(value any, usual float64) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case string:
		if parsed, err := strconv.ParseFloat(v, 64); err == nil {
			return parsed
		}
	}
	return usual
}

// quota is one quota that a deployment draws on; docs/quotas.md has all of them, here are those that are low, or lower in a new
// account. Need is what the stack cannot do without, peak what it may grow to.
type quota struct {
	name, service, code string
	need, peak          float64
	// others counts what the account has already and is not this environment's; nil where that is not counted.
	others func(ctx context.Context, env *ops.Environment) (float64, error)
}

func quotas(needs Needs) []quota {
	return []quota{
		{name: "VPCs", service: "vpc", code: "L-F678F1CE", need: 1, others: otherVpcs},
		{name: "internet gateways", service: "vpc", code: "L-A4707A72", need: 1, others: otherGateways},
		{name: "Elastic IP addresses", service: "ec2", code: "L-0263D0A3", need: needs.ElasticIPs, others: otherAddresses},
		{name: "NAT gateways in a zone", service: "vpc", code: "L-FE5A380F", need: min(1, needs.ElasticIPs)},
		{name: "vCPUs on Fargate", service: "fargate", code: "L-3032A538", need: needs.Fargate, peak: needs.FargatePeak},
		// A new account may have ten, of which nothing may be reserved and which one busy function uses up.
		{name: "concurrent Lambda executions", service: "lambda", code: "L-B99A9384", need: 10, peak: 100},
		{name: "DB instances", service: "rds", code: "L-7B6409FD", need: 1, others: otherDatabases},
		{name: "Application Load Balancers", service: "elasticloadbalancing", code: "L-53DA6B97", need: 1},
		{name: "VPC links", service: "apigateway", code: "L-608BDCD4", need: 1},
	}
}

func (q quota) look(ctx context.Context, env *ops.Environment) Check {
	limit, err := q.limit(ctx, env)
	if ops.IsCode(err, "NoSuchResourceException") {
		return Check{State: Unknown, Detail: "Service Quotas does not know " + q.service + " " + q.code + " in " + env.Region, Next: "look it up in the console of Service Quotas; docs/quotas.md says what is needed"}
	}
	if err != nil {
		return fromError(err)
	}
	others, counted := 0.0, ""
	if q.others != nil {
		if others, err = q.others(ctx, env); err != nil {
			return fromError(err)
		}
		counted = fmt.Sprintf(", %s in use by others", short(others))
	}
	raise := func(to float64) string {
		return fmt.Sprintf("`aws service-quotas request-service-quota-increase --region %s --service-code %s --quota-code %s --desired-value %s`", env.Region, q.service, q.code, short(math.Ceil(to)))
	}
	switch {
	case limit < others+q.need:
		return Check{State: Fail, Detail: fmt.Sprintf("%s%s, and %s needs %s", short(limit), counted, env.Settings.Environment, short(q.need)), Next: raise(others + q.need)}
	case limit < others+q.peak:
		return Check{State: Warn, Detail: fmt.Sprintf("%s%s, and %s may need %s: what goes beyond waits", short(limit), counted, env.Settings.Environment, short(q.peak)), Next: raise(others + q.peak)}
	}
	return Check{State: OK, Detail: fmt.Sprintf("%s%s, %s needs %s", short(limit), counted, env.Settings.Environment, short(max(q.need, q.peak)))}
}

// limit is the account's quota: what it was raised to, or the default.
func (q quota) limit(ctx context.Context, env *ops.Environment) (float64, error) {
	client := env.Primary().Quotas()
	applied, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if err == nil && applied.Quota != nil && applied.Quota.Value != nil {
		return *applied.Quota.Value, nil
	}
	if err != nil && !ops.IsCode(err, "NoSuchResourceException") {
		return 0, err
	}
	usual, err := client.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if err != nil {
		return 0, err
	}
	return aws.ToFloat64(usual.Quota.Value), nil
}

// short is a number without a needless fraction.
func short(n float64) string { return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64) }

// ours tells whether something carries the environment's tag.
func ours(env *ops.Environment, tags []types.Tag) bool {
	for _, tag := range tags {
		if aws.ToString(tag.Key) == "Environment" && aws.ToString(tag.Value) == env.Settings.Environment {
			return true
		}
	}
	return false
}

func otherVpcs(ctx context.Context, env *ops.Environment) (float64, error) {
	n := 0.0
	pages := ec2.NewDescribeVpcsPaginator(env.Primary().EC2(), &ec2.DescribeVpcsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, vpc := range page.Vpcs {
			if !ours(env, vpc.Tags) {
				n++
			}
		}
	}
	return n, nil
}

func otherGateways(ctx context.Context, env *ops.Environment) (float64, error) {
	n := 0.0
	pages := ec2.NewDescribeInternetGatewaysPaginator(env.Primary().EC2(), &ec2.DescribeInternetGatewaysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, gateway := range page.InternetGateways {
			if !ours(env, gateway.Tags) {
				n++
			}
		}
	}
	return n, nil
}

func otherAddresses(ctx context.Context, env *ops.Environment) (float64, error) {
	n := 0.0
	out, err := env.Primary().EC2().DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return 0, err
	}
	for _, address := range out.Addresses {
		if !ours(env, address.Tags) {
			n++
		}
	}
	return n, nil
}

func otherDatabases(ctx context.Context, env *ops.Environment) (float64, error) {
	n := 0.0
	pages := rds.NewDescribeDBInstancesPaginator(env.Primary().RDS(), &rds.DescribeDBInstancesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, instance := range page.DBInstances {
			if aws.ToString(instance.DBInstanceIdentifier) != env.Name("") {
				n++
			}
		}
	}
	return n, nil
}
