package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/secrets"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// onAWS are the checks in an account that is the right one.
func (in *Input) onAWS(env *ops.Environment) []probe {
	probes := []probe{
		{"region " + env.Region, func(ctx context.Context) Check { return region(ctx, env, env.Region, "aws:region") }},
		{"region " + env.RecoveryRegion, func(ctx context.Context) Check { return region(ctx, env, env.RecoveryRegion, "itrack:recovery.region") }},
		{"state bucket and key", func(ctx context.Context) Check { return state(ctx, env) }},
	}
	if in.Pulumi != nil {
		probes = append(probes, probe{"pulumi login", func(ctx context.Context) Check { return in.login(ctx, env) }})
	}
	for _, kind := range secrets.Kinds {
		probes = append(probes, probe{"secret " + kind.Name, func(ctx context.Context) Check { return secret(ctx, env, kind.Name) }})
	}
	if env.Domain != "" {
		probes = append(probes, probe{"hosted zone " + env.Domain, func(ctx context.Context) Check { return in.zone(ctx, env) }})
	}
	if in.Needs.GithubProvider != "" {
		probes = append(probes, probe{"GitHub's identity provider", func(ctx context.Context) Check { return in.provider(ctx, env) }})
	}
	for _, one := range quotas(in.Needs) {
		probes = append(probes, probe{"quota: " + one.name, func(ctx context.Context) Check { return one.look(ctx, env) }})
	}
	return probes
}

// region checks that a region is enabled in the account.
func region(ctx context.Context, env *ops.Environment, name, setting string) Check {
	out, err := env.Primary().EC2().DescribeRegions(ctx, &ec2.DescribeRegionsInput{RegionNames: []string{name}, AllRegions: aws.Bool(true)})
	if ops.IsCode(err, "InvalidParameterValue") || err == nil && len(out.Regions) == 0 {
		return Check{State: Fail, Detail: "AWS has no such region", Next: "correct " + setting}
	}
	if err != nil {
		return fromError(err)
	}
	if status := aws.ToString(out.Regions[0].OptInStatus); status == "not-opted-in" {
		return Check{State: Fail, Detail: "not enabled in this account", Next: fmt.Sprintf("`aws account enable-region --region-name %s` (it takes minutes to hours), or choose another: %s", name, setting)}
	}
	return Check{State: OK, Detail: "enabled"}
}

// state compares bucket and key with what setup-state makes.
func state(ctx context.Context, env *ops.Environment) Check {
	again := "`itrack setup-state " + env.Settings.Environment + "`"
	report, err := statestore.Inspect(ctx, env)
	if err != nil {
		return fromError(err)
	}
	var differs []string
	for _, step := range report.Differences() {
		if step.State == statestore.ToMake && step.What == "bucket "+report.Bucket {
			return Check{State: Fail, Detail: "there is no bucket " + report.Bucket, Next: again + " makes it"}
		}
		differs = append(differs, step.What)
	}
	if len(differs) > 0 {
		return Check{State: Warn, Detail: report.Bucket + ": missing or different: " + strings.Join(differs, ", "), Next: again + " repairs it"}
	}
	return Check{State: OK, Detail: report.Bucket + ", " + report.KeyAlias}
}

// secret checks that one of the three secrets has a value, and its replica.
func secret(ctx context.Context, env *ops.Environment, name string) Check {
	full := "itrack/" + env.Settings.Environment + "/" + name
	next := "`itrack create-secrets " + env.Settings.Environment + "`"
	found, err := env.Primary().Secrets().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &full})
	if ops.IsMissing(err) {
		return Check{State: Fail, Detail: full + " does not exist in " + env.Region, Next: next + " makes it"}
	}
	if err != nil {
		return fromError(err)
	}
	if found.DeletedDate != nil {
		return Check{State: Fail, Detail: full + " is waiting for its deletion since " + found.DeletedDate.Format("2006-01-02"), Next: next + " restores it"}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(found.VersionIdsToStages)), func(stages []string) bool { return slices.Contains(stages, "AWSCURRENT") }) {
		return Check{State: Fail, Detail: full + " has no value", Next: next + " gives it one"}
	}
	if !env.SecretReplica {
		return Check{State: OK, Detail: full}
	}
	for _, replica := range found.ReplicationStatus {
		if aws.ToString(replica.Region) != env.RecoveryRegion {
			continue
		}
		if replica.Status == types.StatusTypeInSync {
			return Check{State: OK, Detail: full + ", replicated to " + env.RecoveryRegion}
		}
		return Check{State: Warn, Detail: fmt.Sprintf("%s: the replica in %s is %s: %s", full, env.RecoveryRegion, replica.Status, aws.ToString(replica.StatusMessage)), Next: next + " repairs it"}
	}
	return Check{State: Warn, Detail: full + " has no replica in " + env.RecoveryRegion + ", which itrack:secrets.replica asks for", Next: next + " makes it"}
}

// zone checks that the domain's hosted zone exists, and that the DNS leads to it: certificates wait for it else.
func (in *Input) zone(ctx context.Context, env *ops.Environment) Check {
	client := env.Primary().Route53()
	found, err := client.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: &env.Domain})
	if err != nil {
		return fromError(err)
	}
	var zones []route53types.HostedZone
	for _, zone := range found.HostedZones {
		if strings.TrimSuffix(aws.ToString(zone.Name), ".") == env.Domain && (zone.Config == nil || !zone.Config.PrivateZone) {
			zones = append(zones, zone)
		}
	}
	switch len(zones) {
	case 0:
		return Check{State: Fail, Detail: "there is no public hosted zone of this name in Route 53", Next: "`aws route53 create-hosted-zone --name " + env.Domain + " --caller-reference itrack`, or correct itrack:domain"}
	case 1:
	default:
		return Check{State: Fail, Detail: fmt.Sprintf("there are %d public hosted zones of this name, and the stack cannot tell which is meant", len(zones)), Next: "remove the ones that are not used"}
	}
	zone, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: zones[0].Id})
	if err != nil {
		return fromError(err)
	}
	var own []string
	if zone.DelegationSet != nil {
		own = zone.DelegationSet.NameServers
	}
	return in.delegation(ctx, env.Domain, own)
}

// delegation compares the name servers that the world is told with the zone's own.
func (in *Input) delegation(ctx context.Context, domain string, own []string) Check {
	next := "name these servers where the domain is registered: " + strings.Join(own, ", ")
	told, err := in.Resolver.LookupNS(ctx, domain)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return Check{State: Fail, Detail: "the zone exists and the DNS does not lead to it: certificates would wait until they give up", Next: next}
	case err != nil:
		return Check{State: Unknown, Detail: "the DNS could not be asked: " + err.Error(), Next: "run this again where the DNS can be reached"}
	}
	for _, server := range told {
		if !slices.ContainsFunc(own, func(name string) bool {
			return strings.EqualFold(strings.TrimSuffix(name, "."), strings.TrimSuffix(server.Host, "."))
		}) {
			return Check{State: Fail, Detail: "the DNS leads to " + server.Host + ", which is no server of this zone", Next: next}
		}
	}
	return Check{State: OK, Detail: fmt.Sprintf("delegated to its %d name servers", len(told))}
}

// provider checks that GitHub's identity provider, of which an account has one, is made by one stack alone.
func (in *Input) provider(ctx context.Context, env *ops.Environment) Check {
	const issuer = "token.actions.githubusercontent.com"
	out, err := env.Primary().IAM().ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		return fromError(err)
	}
	arn := ""
	for _, entry := range out.OpenIDConnectProviderList {
		if strings.HasSuffix(aws.ToString(entry.Arn), "/"+issuer) {
			arn = aws.ToString(entry.Arn)
		}
	}
	makes := in.Needs.GithubProvider != "use"
	switch {
	case arn == "" && makes:
		return Check{State: OK, Detail: "there is none yet, and this stack makes it"}
	case arn == "":
		return Check{State: Fail, Detail: "there is none, and itrack:account.githubProvider is use", Next: "set it to make, or deploy the stack first that makes it"}
	case !makes:
		return Check{State: OK, Detail: arn}
	}
	has, err := env.Primary().IAM().GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if err != nil {
		return fromError(err)
	}
	for _, tag := range has.Tags {
		if aws.ToString(tag.Key) == "Environment" && aws.ToString(tag.Value) == env.Settings.Environment {
			return Check{State: OK, Detail: arn + ", made by this stack"}
		}
	}
	return Check{State: Fail, Detail: arn + " exists and is not this stack's: an account has one, and the deployment would stop at it",
		Next: "set itrack:account.githubProvider: use in Pulumi." + env.Settings.Environment + ".yaml"}
}
