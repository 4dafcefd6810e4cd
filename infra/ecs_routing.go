package infra

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Health checks and draining of target groups.
const (
	healthSeconds        = 15
	healthTimeoutSeconds = 5
	healthyAfter         = 2
	unhealthyAfter       = 3
	// A task gets no new requests for this long before it is stopped; API Gateway gives up after 29 seconds.
	drainSeconds = 60
)

// targetGroups makes the pair between which a deployment shifts the traffic.
func (b *serviceBuilder) targetGroups(ctx *pulumi.Context) error {
	for _, colour := range []struct {
		name string
		into *TargetGroup
	}{{"blue", &b.blue}, {"green", &b.green}} {
		logical := b.name + "-" + colour.name
		group, err := lb.NewTargetGroup(ctx, logical, &lb.TargetGroupArgs{
			Name:       pulumi.String(b.args.Placement.Of(limitTargetGroup, b.name, colour.name)),
			TargetType: pulumi.String("ip"),
			Protocol:   pulumi.String("HTTP"),
			// ECS registers every task with the container's own port. This one is only a default, and changing it
			// would replace a group that listener rules hold on to: it stays the same whatever the service listens on.
			Port:                pulumi.Int(80),
			VpcId:               b.args.Network.VpcId.ToStringPtrOutput(),
			DeregistrationDelay: pulumi.Int(drainSeconds),
			HealthCheck: &lb.TargetGroupHealthCheckArgs{
				Enabled: pulumi.Bool(true), Path: pulumi.String(b.settings.HealthPath), Port: pulumi.String("traffic-port"),
				Protocol: pulumi.String("HTTP"), Matcher: pulumi.String("200"),
				Interval: pulumi.Int(healthSeconds), Timeout: pulumi.Int(healthTimeoutSeconds),
				HealthyThreshold: pulumi.Int(healthyAfter), UnhealthyThreshold: pulumi.Int(unhealthyAfter),
			},
		}, b.parent)
		if err != nil {
			return fmt.Errorf("creating the target group %s: %w", logical, err)
		}
		*colour.into = TargetGroup{Name: group.Name, Arn: group.Arn, ArnSuffix: group.ArnSuffix}
	}
	return nil
}

// listenerRules routes the service's path on both listeners to blue; deployments decide afterwards.
func (b *serviceBuilder) listenerRules(ctx *pulumi.Context) error {
	for _, listener := range []struct {
		name string
		arn  pulumi.StringOutput
	}{{"production", b.args.Balancer.ProductionListenerArn}, {"test", b.args.Balancer.TestListenerArn}} {
		logical := b.name + "-" + listener.name
		rule, err := lb.NewListenerRule(ctx, logical, &lb.ListenerRuleArgs{
			ListenerArn: listener.arn,
			Priority:    pulumi.Int(b.priority),
			Conditions: lb.ListenerRuleConditionArray{&lb.ListenerRuleConditionArgs{
				PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.ToStringArray(pathPatterns(b.settings.Path))},
			}},
			Actions: lb.ListenerRuleActionArray{&lb.ListenerRuleActionArgs{
				Type: pulumi.String("forward"), TargetGroupArn: b.blue.Arn.ToStringPtrOutput(),
			}},
			// A deployment writes the group that has the traffic: without this line the next `up` would send users back to
			// blue, which may be the old version or empty.
		}, b.parent, pulumi.IgnoreChanges([]string{"actions"}))
		if err != nil {
			return fmt.Errorf("creating the listener rule %s: %w", logical, err)
		}
		b.rules = append(b.rules, rule)
	}
	return nil
}

// pathPatterns is the path itself and everything below it. A plain /api* would take /apiary too.
func pathPatterns(path string) []string {
	if path == "/" {
		return []string{"/*"}
	}
	return []string{path, path + "/*"}
}

// RoutedReadyPath is what the deployment hook asks of a service, as the balancer's listeners route it: below the service's
// own path, since that is all the rules take. The target groups ask HealthPath on the task itself.
func RoutedReadyPath(service ServiceSettings) string {
	ready := service.ReadyPath
	if ready == "" {
		ready = service.HealthPath
	}
	if service.Path == "/" || ready == service.Path || strings.HasPrefix(ready, service.Path+"/") {
		return ready
	}
	return service.Path + ready
}

// Priorities of listener rules: AWS takes 1 to 50,000 and asks the lowest first. Paths of each length have a band of
// their own, and longest means first, so that /api/audit comes before /api and / last.
const (
	priorityBand      = 380
	longestPath       = 128 // AWS's limit for a path pattern
	lastPriority      = 50000
	_            uint = lastPriority - longestPath*priorityBand // does not compile where the bands do not fit
)

// rulePriorities is each service's priority on the listeners. It comes from the path alone, so that a further service
// leaves the priorities of the others as they are: exchanging two in use is refused by AWS (PriorityInUse). Two paths of
// the same length that fall on the same number are told apart in the order of their names.
func rulePriorities(services map[string]ServiceSettings) map[string]int {
	priorities, taken := map[string]int{}, map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		path := services[name].Path
		band := longestPath - min(len(path), longestPath)
		hash := fnv.New32a()
		hash.Write([]byte(path)) // never fails
		slot := int(hash.Sum32() % priorityBand)
		for taken[band*priorityBand+slot+1] {
			slot = (slot + 1) % priorityBand
		}
		priorities[name] = band*priorityBand + slot + 1
		taken[priorities[name]] = true
	}
	return priorities
}
