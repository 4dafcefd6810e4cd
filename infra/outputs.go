package infra

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func (p *platform) export(ctx *pulumi.Context) error {
	ctx.Export("environment", pulumi.String(p.settings.Environment))
	return nil
}
