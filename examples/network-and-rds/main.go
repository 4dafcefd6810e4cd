// Command network-and-rds is a program of its own that uses two of iTrack's components: a VPC, and MySQL in its
// isolated subnets. Nothing may reach the database yet; whoever should gets a security group rule on SecurityGroupId.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/itrack/itrack/infra"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings, err := infra.DefaultSettings(ctx)
		if err != nil {
			return err
		}
		settings.Network.Cidr, settings.Network.Nat = "10.9.0.0/16", "none"
		settings.Database.Insights = "off" // the default class, db.t4g.micro, has none
		place, err := infra.NewPlacement(ctx, settings)
		if err != nil {
			return err
		}
		network, err := infra.NewNetwork(ctx, "network", &infra.NetworkArgs{Placement: place, Settings: settings.Network}, place.Options()...)
		if err != nil {
			return err
		}
		rds, err := infra.NewRds(ctx, "rds", &infra.RdsArgs{Placement: place, Settings: settings.Database, Network: network, LogDays: 14}, place.Options()...)
		if err != nil {
			return err
		}
		ctx.Export("databaseAddress", rds.Address)
		return nil
	})
}
