package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"

	"github.com/itrack/itrack/internal/recovery"
)

var backupLooks = map[string]look{
	"aws:backup/vault:Vault":                                     vaults,
	"aws:backup/plan:Plan":                                       plans,
	"aws:backup/selection:Selection":                             selections,
	"aws:backup/restoreTestingPlan:RestoreTestingPlan":           testingPlans,
	"aws:backup/restoreTestingSelection:RestoreTestingSelection": testingSelections,
}

func vaults(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, backup.NewListBackupVaultsPaginator(backup.NewFromConfig(r.at("backup")), &backup.ListBackupVaultsInput{}),
		func(page *backup.ListBackupVaultsOutput) []types.BackupVaultListMember { return page.BackupVaultList })
	return all(found, err, func(v types.BackupVaultListMember) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(v.BackupVaultName)}
	})
}

func plans(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, backup.NewListBackupPlansPaginator(backup.NewFromConfig(r.at("backup")), &backup.ListBackupPlansInput{}),
		func(page *backup.ListBackupPlansOutput) []types.BackupPlansListMember { return page.BackupPlansList })
	return all(found, err, func(p types.BackupPlansListMember) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(p.BackupPlanId), Attributes: attributes(map[string]*string{"name": p.BackupPlanName})}
	})
}

func selections(ctx context.Context, r request) ([]recovery.Candidate, error) {
	plan := r.Text("planId")
	found, err := pages(ctx, backup.NewListBackupSelectionsPaginator(backup.NewFromConfig(r.at("backup")), &backup.ListBackupSelectionsInput{BackupPlanId: &plan}),
		func(page *backup.ListBackupSelectionsOutput) []types.BackupSelectionsListMember {
			return page.BackupSelectionsList
		})
	return all(found, err, func(s types.BackupSelectionsListMember) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(s.SelectionId), Attributes: attributes(map[string]*string{"planId": s.BackupPlanId, "name": s.SelectionName})}
	})
}

func testingPlans(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := backup.NewFromConfig(r.at("backup")).GetRestoreTestingPlan(ctx, &backup.GetRestoreTestingPlanInput{RestoreTestingPlanName: &r.id})
	return byID(r, err)
}

func testingSelections(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := backup.NewFromConfig(r.at("backup")).GetRestoreTestingSelection(ctx, &backup.GetRestoreTestingSelectionInput{
		RestoreTestingPlanName: aws.String(r.Text("restoreTestingPlanName")), RestoreTestingSelectionName: aws.String(r.Text("name"))})
	return byID(r, err)
}
