package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BackupType is the type token of Backup.
const BackupType = "itrack:infra:Backup"

// Backup is AWS Backup in both regions.
type Backup struct {
	pulumi.ResourceState

	// VaultName: vault.
	VaultName pulumi.StringOutput
	// VaultArn: ARN.
	VaultArn pulumi.StringOutput
	// RecoveryVaultName: vault in the recovery region; nil without copies.
	RecoveryVaultName pulumi.StringPtrOutput
	// PlanId: plan.
	PlanId pulumi.StringOutput
	// RestoreTestPlan: restore testing plan; nil without.
	RestoreTestPlan pulumi.StringPtrOutput
}

// BackupArgs are what Backup is made from.
type BackupArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: plan.
	Settings BackupSettings
	// Protect: refuse deletion.
	Protect bool
	// Keys: encryption of vaults.
	Keys *Keys
	// Rds: subnet group of restore tests.
	Rds *Rds
	// Network: restore tests.
	Network *Network
	// Functions: restore hook.
	Functions *Functions
	// Account: region settings first.
	Account *Account
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBackup makes AWS Backup in both regions.
func NewBackup(ctx *pulumi.Context, name string, args *BackupArgs, opts ...pulumi.ResourceOption) (*Backup, error) {
	component := &Backup{}
	if err := ctx.RegisterComponentResource(BackupType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating backup: %w", err)
	}
	_ = args
	return component, nil
}
