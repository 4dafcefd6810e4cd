// Package backup describes AWS Backup to the stand-in.
package backup

import (
	"fmt"
	"slices"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	vaultToken       = "aws:backup/vault:Vault"
	lockToken        = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	planToken        = "aws:backup/plan:Plan"
	restorePlanToken = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
	roleToken        = "aws:iam/role:Role"
	api              = "https://docs.aws.amazon.com/aws-backup/latest/devguide/"
)

// Service is what the stand-in knows of AWS Backup.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		vaultType(), lockType(), vaultPolicyType(), notificationsType(), planType(), selectionType(),
		restorePlanType(), restoreSelectionType(), regionSettingsType(),
	}}
}

func vaultRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{vaultToken}, By: catalog.ByName, Code: "ResourceNotFoundException", Message: "Backup vault {value} does not exist"}
}

func vaultType() catalog.Type {
	return catalog.Type{
		Token: vaultToken, Args: (*sdk.VaultArgs)(nil), Resource: (*sdk.Vault)(nil),
		Service: "Backup", Action: "BackupVault", Title: "Backup Vault", ARN: "arn:{partition}:backup:{region}:{account}:backup-vault:{name}",
		ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 50, Scope: catalog.InRegion, Code: "AlreadyExistsException",
			Message: "Backup vault with the same name already exists: {name}"},
		Refs: []catalog.Ref{{Path: "kmsKeyArn", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByARN, Code: "InvalidParameterValueException",
			Message: "The KMS key {value} does not exist in the vault's region"}},
		Compute: func(c *catalog.Call) error {
			c.SetNew("kmsKeyArn", fmt.Sprintf("arn:%s:kms:%s:%s:alias/aws/backup", c.Partition, c.Region, c.Account))
			c.SetNew("recoveryPoints", 0)
			return nil
		},
		RefuseDelete: func(c *catalog.Call) *catalog.Error {
			if c.Num("recoveryPoints") > 0 && !c.Bool("forceDestroy") {
				return &catalog.Error{Code: "InvalidRequestException", Property: "recoveryPoints", Value: fmt.Sprint(c.Num("recoveryPoints")), Rule: "an empty vault",
					Message: "Backup vault cannot be deleted because it contains recovery points", Source: api + "API_DeleteBackupVault.html"}
			}
			return nil
		},
	}
}

// part describes what a vault has one of.
func part(token, action, title string, args, res any) catalog.Type {
	return catalog.Type{
		Token: "aws:backup/" + token, Args: args, Resource: res, Service: "Backup", Action: action, Title: title,
		Verbs: map[string]string{"create": "Put" + action, "update": "Put" + action},
		ID:    catalog.Templated("{backupVaultName}"), Overwrites: true, Refs: []catalog.Ref{vaultRef("backupVaultName")},
		Compute: func(c *catalog.Call) error {
			if vault := c.Get(vaultToken, c.Str("backupVaultName")); vault != nil {
				c.Set("backupVaultArn", vault.ARN)
			}
			return nil
		},
		Source: api + "API_Put" + action + ".html",
	}
}

func lockType() catalog.Type {
	t := part("vaultLockConfiguration:VaultLockConfiguration", "BackupVaultLockConfiguration", "Backup Vault Lock Configuration",
		(*sdk.VaultLockConfigurationArgs)(nil), (*sdk.VaultLockConfiguration)(nil))
	t.RefuseDelete = func(c *catalog.Call) *catalog.Error {
		if !c.Has("changeableForDays") || c.Old == nil {
			return nil
		}
		if days := c.Now.Sub(c.Old.Created).Hours() / 24; days >= c.Num("changeableForDays") {
			return &catalog.Error{Code: "InvalidRequestException", Property: "changeableForDays", Rule: "compliance lock",
				Message: "The vault lock is in compliance mode and can no longer be changed or deleted", Source: api + "vault-lock.html"}
		}
		return nil
	}
	return t
}

func vaultPolicyType() catalog.Type {
	t := part("vaultPolicy:VaultPolicy", "BackupVaultAccessPolicy", "Backup Vault Policy", (*sdk.VaultPolicyArgs)(nil), (*sdk.VaultPolicy)(nil))
	t.Documents = map[string]catalog.Document{"policy": {Code: "InvalidParameterValueException"}}
	t.Refuse = func(c *catalog.Call) *catalog.Error {
		return policy.Check(c, "policy", policy.Rules{Code: "InvalidParameterValueException", Principal: true, MaxSize: 20480,
			SizeCode: "InvalidParameterValueException", SizeQuota: "the vault's policy"})
	}
	return t
}

// events are the vault events that can be told. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultNotifications.html
var events = []string{"BACKUP_JOB_STARTED", "BACKUP_JOB_COMPLETED", "BACKUP_JOB_SUCCESSFUL", "BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED",
	"RESTORE_JOB_STARTED", "RESTORE_JOB_COMPLETED", "RESTORE_JOB_SUCCESSFUL", "RESTORE_JOB_FAILED", "COPY_JOB_STARTED", "COPY_JOB_SUCCESSFUL",
	"COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED", "BACKUP_PLAN_CREATED", "BACKUP_PLAN_MODIFIED", "S3_BACKUP_OBJECT_FAILED", "S3_RESTORE_OBJECT_FAILED",
	"CONTINUOUS_BACKUP_INTERRUPTED", "RECOVERY_POINT_INDEX_COMPLETED", "RECOVERY_POINT_INDEX_DELETED", "RECOVERY_POINT_INDEXING_FAILED"}

func notificationsType() catalog.Type {
	t := part("vaultNotifications:VaultNotifications", "BackupVaultNotifications", "Backup Vault Notifications",
		(*sdk.VaultNotificationsArgs)(nil), (*sdk.VaultNotifications)(nil))
	t.Sets = []string{"backupVaultEvents"}
	t.Refs = append(t.Refs, catalog.Ref{Path: "snsTopicArn", To: []string{"aws:sns/topic:Topic"}, By: catalog.ByARN, Code: "InvalidParameterValueException",
		Message: "The topic {value} does not exist in the vault's region"})
	t.Check = func(c *catalog.Call) []catalog.Problem {
		for _, event := range catalog.Strs(c.Inputs, "backupVaultEvents") {
			if !slices.Contains(events, event) {
				return []catalog.Problem{{Property: "backupVaultEvents", Rule: "allowed values", Value: event, Message: "is no event of a vault",
					Source: api + "API_PutBackupVaultNotifications.html"}}
			}
		}
		return nil
	}
	return t
}

func regionSettingsType() catalog.Type {
	return catalog.Type{
		Token: "aws:backup/regionSettings:RegionSettings", Args: (*sdk.RegionSettingsArgs)(nil), Resource: (*sdk.RegionSettings)(nil),
		Service: "Backup", Action: "RegionSettings", Title: "Backup Region Settings", Verbs: map[string]string{"create": "UpdateRegionSettings", "delete": "UpdateRegionSettings"},
		ID: catalog.Templated("{region}"), Overwrites: true, Source: api + "API_UpdateRegionSettings.html",
	}
}
