// Command network-and-rds is a program of its own that uses two of iTrack's components: a VPC, and MySQL in its
// isolated subnets. Nothing may reach the database yet; whoever should gets a security group rule on SecurityGroupId.
package main

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/itrack/itrack/infra"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) error {
	network, networkErr := infra.Defaults[infra.NetworkSettings]()
	database, databaseErr := infra.Defaults[infra.DatabaseSettings]()
	recovery, recoveryErr := infra.Defaults[infra.RecoverySettings]()
	if err := errors.Join(networkErr, databaseErr, recoveryErr); err != nil {
		return err
	}
	network.Cidr, network.Nat = "10.9.0.0/16", "none"
	database.Insights = "off" // the default class, db.t4g.micro, has none
	place, err := infra.NewPlacement(ctx, &infra.Settings{
		Environment: ctx.Stack(), Region: config.Require(ctx, "aws:region"), Recovery: recovery,
	})
	if err != nil {
		return err
	}
	providers := pulumi.Providers(place.Primary.Provider)
	vpc, err := infra.NewNetwork(ctx, "network", &infra.NetworkArgs{Placement: place, Settings: network}, providers)
	if err != nil {
		return err
	}
	rds, err := infra.NewRds(ctx, "rds", &infra.RdsArgs{Placement: place, Settings: database, Network: vpc, LogDays: 14}, providers)
	if err != nil {
		return err
	}
	ctx.Export("vpcId", vpc.VpcId)
	ctx.Export("databaseAddress", rds.Address)
	ctx.Export("masterSecretArn", rds.MasterSecretArn)
	return nil
}
