package reviewtest

const (
	balancer   = "aws:lb/loadBalancer:LoadBalancer::balancer"
	production = "aws:lb/listener:Listener::production"
	testing    = "aws:lb/listener:Listener::test"
)

func elb() []Variant {
	const bad = "ELBSecurityPolicy-2016-08"
	plain := func(e *Export) {
		e.Add(production, "aws:lb/listener:Listener", "plain", "arn:aws:elasticloadbalancing:us-east-1:444455556666:listener/app/plain/1/2", map[string]any{
			"loadBalancerArn": e.ID(balancer), "port": 8080, "protocol": "HTTP", "defaultActions": []any{map[string]any{"type": "fixed-response"}}})
	}
	oneZone := func(e *Export) {
		for _, subnet := range []string{"network-private-2", "network-private-3"} {
			e.Set("aws:ec2/subnet:Subnet::"+subnet, "availabilityZone", "us-east-1a")
		}
	}
	return []Variant{
		{Name: "a listener that answers HTTP", Stack: Domain, Control: "ELB.1", Wants: balancer, Joins: true, Also: []string{"ELB.18"}, Edit: plain},
		{Name: "a redirection to HTTP", Stack: Domain, Control: "ELB.1", Wants: balancer, Joins: true, Also: []string{"ELB.18"},
			Edit: all(put(testing, "protocol", "HTTP"),
				put(testing, "defaultActions", []any{map[string]any{"type": "redirect", "redirect": map[string]any{"protocol": "HTTP", "statusCode": "HTTP_301"}}}))},
		{Name: "invalid headers", Stack: Production, Control: "ELB.4", Wants: balancer, Edit: put(balancer, "dropInvalidHeaderFields", false)},
		{Name: "no access logs", Stack: Staging, Control: "ELB.5", Wants: balancer, Edit: put(balancer, "accessLogs.enabled", false)},
		{Name: "a bucket that takes no logs", Stack: Production, Control: "ELB.5", Wants: balancer, Joins: true, Also: []string{"S3.5"},
			Edit: remove("aws:s3/bucketPolicy:BucketPolicy::archive")},
		{Name: "no deletion protection of the balancer", Stack: Domain, Control: "ELB.6", Wants: balancer, Edit: put(balancer, "enableDeletionProtection", false)},
		{Name: "desync mitigation by monitoring", Stack: Production, Control: "ELB.12", Wants: balancer, Edit: put(balancer, "desyncMitigationMode", "monitor")},
		{Name: "a balancer in one zone", Stack: Production, Control: "ELB.13", Wants: balancer, Joins: true,
			Also: []string{"AutoScaling.2", "AutoScaling.6", "Lambda.5", "REL13-BP05"}, Edit: oneZone},
		{Name: "a weak policy of the production listener", Stack: Domain, Control: "ELB.17", Wants: production,
			Edit: put(production, "sslPolicy", bad)},
		{Name: "no policy of the test listener", Stack: Domain, Control: "ELB.17", Wants: testing,
			Edit: unset(testing, "sslPolicy")},
		{Name: "a test listener that speaks HTTP", Stack: Domain, Control: "ELB.18", Wants: testing, Also: []string{"ELB.1"}, Edit: put(testing, "protocol", "HTTP")},
	}
}
