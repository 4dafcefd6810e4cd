// Package infra is iTrack's platform on AWS as one Pulumi program: typed components, composed by Stack.
package infra

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Stack declares one environment. Data flows one way: settings, then the components in the order in which a request
// meets them, then outputs. Nothing is registered before the whole configuration has been checked.
func Stack(ctx *pulumi.Context) error {
	settings, err := LoadSettings(ctx)
	if err != nil {
		return err
	}
	root := ctx.RootDirectory()
	documents, err := readDocuments(root, settings)
	if err != nil {
		return err
	}
	placement, err := NewPlacement(ctx, settings)
	if err != nil {
		return err
	}
	platform := &platform{settings: settings, placement: placement, root: root, documents: documents}
	for _, step := range []func(*pulumi.Context) error{
		platform.foundation, platform.data, platform.site, platform.workload, platform.edge, platform.operations,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return platform.export(ctx)
}

// platform holds the components while the stack is composed.
type platform struct {
	settings  *Settings
	placement *Placement
	root      string
	documents map[string][]byte

	boundary     *Boundary
	keys         *Keys
	alerts       *Alerts
	account      *Account
	archive      *Archive
	network      *Network
	certificates *Certificates
	secrets      *Secrets
	rds          *Rds
	items        *Items
	registry     *Registry
	balancer     *Balancer
	functions    *Functions
	ecs          *Ecs
	delivery     *Delivery
	waf          *Waf
	frontend     *Frontend
	api          *Api
	bastion      *Bastion
	backup       *Backup
	monitoring   *Monitoring
	budget       *Budget
	github       *Github
}

func (p *platform) foundation(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	if p.boundary, err = NewBoundary(ctx, "boundary", &BoundaryArgs{Placement: place}, opts...); err != nil {
		return err
	}
	place.Boundary = &p.boundary.Arn
	if p.keys, err = NewKeys(ctx, "keys", &KeysArgs{Placement: place, Settings: s.Keys, Protect: s.Protect}, opts...); err != nil {
		return err
	}
	if p.alerts, err = NewAlerts(ctx, "alerts", &AlertsArgs{Placement: place, Settings: s.Alerts, Keys: p.keys}, opts...); err != nil {
		return err
	}
	costTags := slices.Sorted(maps.Keys(s.Tags))
	if p.account, err = NewAccount(ctx, "account", &AccountArgs{
		Placement: place, Settings: s.Account, Keys: p.keys, LogDays: s.Logs.RetentionDays,
		CostTagKeys: append([]string{"Project", "Environment"}, costTags...),
	}, opts...); err != nil {
		return err
	}
	logRegions := []*Region{place.Primary}
	if s.Frontend.Failover {
		logRegions = append(logRegions, place.Recovery)
	}
	if p.archive, err = NewArchive(ctx, "archive", &ArchiveArgs{
		Placement: place, Settings: s.Archive, Regions: logRegions, Protect: s.Protect,
	}, opts...); err != nil {
		return err
	}
	if p.network, err = NewNetwork(ctx, "network", &NetworkArgs{Placement: place, Settings: s.Network, Keys: p.keys}, opts...); err != nil {
		return err
	}
	if s.Domain == "" {
		return nil
	}
	p.certificates, err = NewCertificates(ctx, "certificates", &CertificatesArgs{Placement: place, Domain: s.Domain, Alerts: p.alerts}, opts...)
	return err
}

func (p *platform) data(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	if p.secrets, err = NewSecrets(ctx, "secrets", &SecretsArgs{Placement: place}, opts...); err != nil {
		return err
	}
	if p.rds, err = NewRds(ctx, "rds", &RdsArgs{
		Placement: place, Settings: s.Database, Protect: s.Protect, Network: p.network, Keys: p.keys, Alerts: p.alerts,
		LogDays: s.Logs.RetentionDays,
	}, opts...); err != nil {
		return err
	}
	p.items, err = NewItems(ctx, "items", &ItemsArgs{
		Placement: place, Settings: s.Items, Protect: s.Protect, Keys: p.keys, Alerts: p.alerts,
	}, opts...)
	return err
}

func (p *platform) workload(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	if p.registry, err = NewRegistry(ctx, "registry", &RegistryArgs{
		Placement: place, Services: slices.Sorted(maps.Keys(s.Services)), Keys: p.keys, ForceDestroy: !s.Protect, Protect: s.Protect,
	}, opts...); err != nil {
		return err
	}
	if p.balancer, err = NewBalancer(ctx, "balancer", &BalancerArgs{
		Placement: place, Settings: s.Balancer, Protect: s.Protect, Network: p.network, Archive: p.archive,
		Certificates: p.certificates, Alerts: p.alerts,
	}, opts...); err != nil {
		return err
	}
	ready := map[string]string{}
	for name, service := range s.Services {
		ready[name] = RoutedReadyPath(service)
	}
	if p.functions, err = NewFunctions(ctx, "functions", &FunctionsArgs{
		Placement: place, Settings: s.Functions, Packages: filepath.Join(p.root, "build", "functions"), LogDays: s.Logs.RetentionDays,
		Network: p.network, Keys: p.keys, Alerts: p.alerts, Items: p.items, Rds: p.rds, Balancer: p.balancer, ServicePaths: ready,
	}, opts...); err != nil {
		return err
	}
	if p.ecs, err = NewEcs(ctx, "ecs", &EcsArgs{
		Placement: place, Services: s.Services, LogDays: s.Logs.RetentionDays, Network: p.network, Balancer: p.balancer,
		Secrets: p.secrets, Rds: p.rds, Items: p.items, Registry: p.registry, Keys: p.keys, Alerts: p.alerts,
		FrontendOrigin: p.frontend.Origin, AllowedOrigins: s.API.CorsOrigins,
	}, opts...); err != nil {
		return err
	}
	p.delivery, err = NewDelivery(ctx, "delivery", &DeliveryArgs{
		Placement: place, Settings: s.Delivery, Services: s.Services, Ecs: p.ecs, Balancer: p.balancer, Functions: p.functions,
		Alerts: p.alerts, Keys: p.keys,
	}, opts...)
	return err
}

// site stands before the services: they answer browsers, and have to know the origin of the pages that call them.
func (p *platform) site(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	if p.waf, err = NewWaf(ctx, "waf", &WafArgs{Placement: place, Settings: s.Waf, Stage: s.API.Stage, Keys: p.keys, Alerts: p.alerts}, opts...); err != nil {
		return err
	}
	p.frontend, err = NewFrontend(ctx, "frontend", &FrontendArgs{
		Placement: place, Settings: s.Frontend, Protect: s.Protect, Archive: p.archive, Certificates: p.certificates,
		Domain: s.Domain, Waf: p.waf, Alerts: p.alerts,
	}, opts...)
	return err
}

func (p *platform) edge(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	p.api, err = NewApi(ctx, "api", &ApiArgs{
		Placement: place, Settings: s.API, Services: s.Services, Documents: p.documents, Network: p.network,
		Balancer: p.balancer, Certificates: p.certificates, Waf: p.waf, Account: p.account,
		FrontendOrigin: p.frontend.Origin, Keys: p.keys, LogDays: s.Logs.RetentionDays, Alerts: p.alerts,
	}, opts...)
	return err
}

func (p *platform) operations(ctx *pulumi.Context) (err error) {
	s, place, opts := p.settings, p.placement, p.placement.Options()
	if s.Bastion != nil {
		if p.bastion, err = NewBastion(ctx, "bastion", &BastionArgs{
			Placement: place, Settings: *s.Bastion, Network: p.network, Rds: p.rds, Account: p.account, Keys: p.keys, Alerts: p.alerts,
		}, opts...); err != nil {
			return err
		}
	}
	if s.Backup != nil {
		if p.backup, err = NewBackup(ctx, "backup", &BackupArgs{
			Placement: place, Settings: *s.Backup, Protect: s.Protect, Keys: p.keys, Rds: p.rds, Network: p.network,
			Functions: p.functions, Account: p.account, Alerts: p.alerts,
		}, opts...); err != nil {
			return err
		}
	}
	if p.monitoring, err = NewMonitoring(ctx, "monitoring", &MonitoringArgs{
		Placement: place, Settings: s.Monitoring, Keys: p.keys, Alerts: p.alerts, LogDays: s.Logs.RetentionDays, Account: p.account, Ecs: p.ecs,
		Rds: p.rds, Items: p.items, Functions: p.functions, Balancer: p.balancer, Api: p.api, Frontend: p.frontend,
		Delivery: p.delivery, Waf: p.waf, Backup: p.backup,
	}, opts...); err != nil {
		return err
	}
	if s.Budget != nil {
		if p.budget, err = NewBudget(ctx, "budget", &BudgetArgs{
			Placement: place, Settings: *s.Budget, Account: p.account, Alerts: p.alerts,
		}, opts...); err != nil {
			return err
		}
	}
	if s.Github == nil {
		return nil
	}
	p.github, err = NewGithub(ctx, "github", &GithubArgs{
		Placement: place, Settings: *s.Github, Account: p.account, Boundary: p.boundary, Keys: p.keys, Registry: p.registry, Frontend: p.frontend,
	}, opts...)
	return err
}

// readDocuments reads the services' OpenAPI documents; paths go from the project's root.
func readDocuments(root string, settings *Settings) (map[string][]byte, error) {
	documents := map[string][]byte{}
	for name, service := range settings.Services {
		if service.OpenAPI == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, service.OpenAPI))
		if err != nil {
			return nil, &ConfigError{Stack: settings.Environment, Problems: []Problem{{
				Path: "itrack:services." + name + ".openapi", Value: service.OpenAPI,
				Rule: fmt.Sprintf("must be a file, from the repository's root: %v", err),
			}}}
		}
		documents[name] = text
	}
	return documents, nil
}
