package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BalancerType is the type token of Balancer.
const BalancerType = "itrack:infra:Balancer"

// balancerTLSPolicy takes TLS 1.3, and TLS 1.2 with forward secrecy and authenticated encryption alone. AWS's own control
// (ELB.17) takes no policy with older ciphers. That the API's VPC link speaks one of these is to be watched on the first
// deployment (docs/first-deployment.md).
const balancerTLSPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

// Ports of the listeners with and without certificates.
const (
	productionPortTLS   = 443
	testPortTLS         = 8443
	productionPortPlain = 80
	testPortPlain       = 8080
)

// Balancer is the internal load balancer with its production and test listeners.
type Balancer struct {
	pulumi.ResourceState

	// Arn: load balancer ARN.
	Arn pulumi.StringOutput
	// ArnSuffix: app/…, the metric dimension.
	ArnSuffix pulumi.StringOutput
	// DnsName: AWS's own name.
	DnsName pulumi.StringOutput
	// Host: name that clients use: internal.<domain>, or DnsName.
	Host pulumi.StringOutput
	// Scheme: https or http.
	Scheme string
	// ProductionPort: 443 or 80.
	ProductionPort int
	// TestPort: 8443 or 8080.
	TestPort int
	// ProductionListenerArn: listener that users reach.
	ProductionListenerArn pulumi.StringOutput
	// TestListenerArn: listener that the deployment hook reaches.
	TestListenerArn pulumi.StringOutput
	// SecurityGroupId: the balancer's group.
	SecurityGroupId pulumi.StringOutput
}

// BalancerArgs are what Balancer is made from.
type BalancerArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: timeouts and protection.
	Settings BalancerSettings
	// Protect: refuse deletion.
	Protect bool
	// Network: private subnets.
	Network *Network
	// Archive: access logs.
	Archive *Archive
	// Certificates: TLS; nil means HTTP inside the VPC.
	Certificates *Certificates
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBalancer makes the internal load balancer with its production and test listeners. With certificates both speak
// TLS and internal.<domain> names the balancer; without, the hop inside the VPC is HTTP.
func NewBalancer(ctx *pulumi.Context, name string, args *BalancerArgs, opts ...pulumi.ResourceOption) (*Balancer, error) {
	component := &Balancer{Scheme: "http", ProductionPort: productionPortPlain, TestPort: testPortPlain}
	if err := ctx.RegisterComponentResource(BalancerType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating balancer: %w", err)
	}
	if args.Certificates != nil {
		component.Scheme, component.ProductionPort, component.TestPort = "https", productionPortTLS, testPortTLS
	}
	parent := pulumi.Parent(component)
	group, err := newSecurityGroup(ctx, "balancer", args.Placement, args.Network.VpcId, "The internal load balancer", parent)
	if err != nil {
		return nil, err
	}
	balancer, err := component.balancer(ctx, args, group)
	if err != nil {
		return nil, err
	}
	component.Arn, component.ArnSuffix, component.DnsName = balancer.Arn, balancer.ArnSuffix, balancer.DnsName
	component.Host, component.SecurityGroupId = balancer.DnsName, group.ID().ToStringOutput()
	if err := component.listeners(ctx, args, balancer); err != nil {
		return nil, err
	}
	if args.Certificates != nil {
		if err := component.name(ctx, args.Certificates, balancer); err != nil {
			return nil, err
		}
	}
	if err := component.alarms(ctx, args); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"arn": component.Arn, "arnSuffix": component.ArnSuffix, "dnsName": component.DnsName, "host": component.Host,
		"scheme": pulumi.String(component.Scheme), "productionPort": pulumi.Int(component.ProductionPort), "testPort": pulumi.Int(component.TestPort),
		"productionListenerArn": component.ProductionListenerArn, "testListenerArn": component.TestListenerArn,
		"securityGroupId": component.SecurityGroupId,
	}); err != nil {
		return nil, fmt.Errorf("creating balancer: %w", err)
	}
	return component, nil
}

func (b *Balancer) balancer(ctx *pulumi.Context, args *BalancerArgs, group *ec2.SecurityGroup) (*lb.LoadBalancer, error) {
	logs := pulumi.String(ArchiveBalancerPrefix)
	balancer, err := lb.NewLoadBalancer(ctx, "balancer", &lb.LoadBalancerArgs{
		Name:             pulumi.String(args.Placement.Of(limitBalancer, "internal")),
		LoadBalancerType: pulumi.String("application"),
		Internal:         pulumi.Bool(true),
		IpAddressType:    pulumi.String("ipv4"),
		Subnets:          args.Network.PrivateSubnetIds,
		SecurityGroups:   pulumi.StringArray{group.ID()},
		IdleTimeout:      pulumi.Int(args.Settings.IdleSeconds),
		// A header that HTTP does not allow is how requests are smuggled past the balancer: it is dropped, and requests
		// that two servers could read in two ways are refused.
		DropInvalidHeaderFields:  pulumi.Bool(true),
		DesyncMitigationMode:     pulumi.String("strictest"),
		EnableHttp2:              pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(args.Settings.DeletionProtection),
		AccessLogs: &lb.LoadBalancerAccessLogsArgs{
			Bucket: args.Archive.Bucket, Prefix: logs, Enabled: pulumi.Bool(true),
		},
		// The files of connection logs begin with conn_log: both kinds can share a prefix, which the bucket policy opens.
		ConnectionLogs: &lb.LoadBalancerConnectionLogsArgs{
			Bucket: args.Archive.Bucket, Prefix: logs, Enabled: pulumi.Bool(true),
		},
		// AWS writes a test object when logs are switched on: the bucket's policy has to be there first.
	}, pulumi.Parent(b), pulumi.Protect(args.Protect), pulumi.DependsOn(args.Archive.Ready))
	if err != nil {
		return nil, fmt.Errorf("creating the load balancer: %w", err)
	}
	return balancer, nil
}

// listeners makes the production and the test listener; both answer 404 to what no service's rule takes. With TLS there is
// none that answers plain HTTP, not even by a redirect: only the API's VPC link and the tests call, and they speak TLS.
func (b *Balancer) listeners(ctx *pulumi.Context, args *BalancerArgs, balancer *lb.LoadBalancer) error {
	listen := func(name string, listener *lb.ListenerArgs) (*lb.Listener, error) {
		listener.LoadBalancerArn = balancer.Arn
		made, err := lb.NewListener(ctx, name, listener, pulumi.Parent(b))
		if err != nil {
			return nil, fmt.Errorf("creating the listener %s: %w", name, err)
		}
		return made, nil
	}
	speaking := func(port int) *lb.ListenerArgs {
		listener := &lb.ListenerArgs{Port: pulumi.Int(port), Protocol: pulumi.String("HTTP"), DefaultActions: nothingHere()}
		if args.Certificates != nil {
			listener.Protocol, listener.SslPolicy = pulumi.String("HTTPS"), pulumi.String(balancerTLSPolicy)
			listener.CertificateArn = args.Certificates.InternalArn.ToStringPtrOutput()
		}
		return listener
	}
	production, err := listen("production", speaking(b.ProductionPort))
	if err != nil {
		return err
	}
	test, err := listen("test", speaking(b.TestPort))
	if err != nil {
		return err
	}
	b.ProductionListenerArn, b.TestListenerArn = production.Arn, test.Arn
	return nil
}

// nothingHere is what a listener answers where no service's rule takes the path.
func nothingHere() lb.ListenerDefaultActionArray {
	return lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
		Type: pulumi.String("fixed-response"),
		FixedResponse: &lb.ListenerDefaultActionFixedResponseArgs{
			StatusCode: pulumi.String("404"), ContentType: pulumi.String("application/json"), MessageBody: pulumi.String(`{"message":"Not Found"}`),
		},
	}}
}

// name points internal.<domain>, the name on the certificate, to the balancer.
func (b *Balancer) name(ctx *pulumi.Context, certificates *Certificates, balancer *lb.LoadBalancer) error {
	record, err := route53.NewRecord(ctx, "balancer", &route53.RecordArgs{
		ZoneId: certificates.ZoneId, Name: pulumi.String(certificates.InternalHost), Type: pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name: balancer.DnsName, ZoneId: balancer.ZoneId,
			// One balancer is behind the name: where its targets fail, an empty answer would only hide why.
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("creating the record %s: %w", certificates.InternalHost, err)
	}
	b.Host = record.Name
	return nil
}
