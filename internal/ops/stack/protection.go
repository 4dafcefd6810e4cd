package stack

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/itrack/itrack/internal/engine"
)

// Protection is something that keeps a stack from being destroyed, with what lifts it.
type Protection struct {
	Where string `json:"where"` // a setting, or a resource
	What  string `json:"what"`
	Lift  string `json:"lift"`
}

// settingLifts say, for each setting that protects, what it does and what to write instead.
var settingLifts = map[string][2]string{
	"itrack:protect":                     {"the engine refuses to delete what holds data", "itrack:protect: false"},
	"itrack:database.deletionProtection": {"RDS refuses to delete the database", "deletionProtection: false under itrack:database"},
	"itrack:items.deletionProtection":    {"DynamoDB refuses to delete the tables", "deletionProtection: false under itrack:items"},
	"itrack:balancer.deletionProtection": {"the load balancer refuses to be deleted", "deletionProtection: false under itrack:balancer"},
	"itrack:backup.lock":                 {"recovery points cannot be deleted before their time", "no lock under itrack:backup; a lock in compliance mode stays until its recovery points have expired"},
	"itrack:backup.forceDestroy":         {"a vault with recovery points is not deleted", "forceDestroy: true under itrack:backup"},
	"itrack:frontend.forceDestroy":       {"the site's bucket is not deleted while something is in it", "forceDestroy: true under itrack:frontend"},
}

// guardsInAWS are the properties with which AWS itself refuses a deletion.
var guardsInAWS = map[string]struct{ property, what string }{
	"aws:rds/instance:Instance":              {"deletionProtection", "RDS refuses to delete it"},
	"aws:rds/cluster:Cluster":                {"deletionProtection", "RDS refuses to delete it"},
	"aws:dynamodb/table:Table":               {"deletionProtectionEnabled", "DynamoDB refuses to delete it"},
	"aws:dynamodb/tableReplica:TableReplica": {"deletionProtectionEnabled", "DynamoDB refuses to delete it"},
	"aws:lb/loadBalancer:LoadBalancer":       {"enableDeletionProtection", "the load balancer refuses to be deleted"},
	"aws:cognito/userPool:UserPool":          {"deletionProtection", "Cognito refuses to delete it"},
}

// Protections are what keeps a stack from being destroyed: the settings that are on, and what the state says of each resource.
func Protections(environment string, settings []string, state *engine.State) []Protection {
	out := []Protection{}
	file := "Pulumi." + environment + ".yaml"
	for _, path := range settings {
		known, ok := settingLifts[path]
		if !ok {
			known = [2]string{"it keeps data from being deleted", "the opposite of " + path}
		}
		out = append(out, Protection{Where: path, What: known[0],
			Lift: fmt.Sprintf("write %s in %s, and run `itrack deploy %s`", known[1], file, environment)})
	}
	for _, r := range state.Owned() {
		name := kind(string(r.Type)) + " " + r.URN.Name()
		if r.Protect {
			lift := "`itrack deploy " + environment + "` applies the setting once itrack:protect is false in " + file
			out = append(out, Protection{Where: name, What: "protected in the state: the engine refuses to delete it", Lift: lift})
		}
		if guard, known := guardsInAWS[string(r.Type)]; known && on(r.Outputs[guard.property]) {
			out = append(out, Protection{Where: name, What: guard.property + " is on: " + guard.what,
				Lift: "`itrack deploy " + environment + "` switches it off once its setting is false in " + file})
		}
	}
	return out
}

func on(value any) bool { return value == true || value == "ACTIVE" }

// stays lists what a destroyed stack leaves, as far as the state tells before.
func stays(environment string, state *engine.State) []string {
	var out []string
	definitions := 0
	for _, r := range state.Owned() {
		name := r.URN.Name()
		switch string(r.Type) {
		case "aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey":
			days := "30"
			if n, ok := r.Inputs["deletionWindowInDays"].(float64); ok {
				days = fmt.Sprintf("%.0f", n)
			}
			out = append(out, fmt.Sprintf("the key %s (%s) waits %s days before AWS deletes it: `aws kms cancel-key-deletion` keeps it", name, r.ID, days))
		case "aws:rds/instance:Instance":
			out = append(out, database(r)...)
		case "aws:dynamodb/table:Table":
			if recovery, ok := r.Inputs["pointInTimeRecovery"].(map[string]any); ok && recovery["enabled"] == true {
				out = append(out, fmt.Sprintf("a system backup of the table %s stays for 35 days: DynamoDB makes it because point-in-time recovery was on", r.ID))
			}
		case "aws:ecs/taskDefinition:TaskDefinition":
			definitions++
			continue
		}
		if r.RetainOnDelete || on(r.Inputs["skipDestroy"]) {
			out = append(out, fmt.Sprintf("the %s %s (%s) stays, as the program says", kind(string(r.Type)), name, r.ID))
		}
	}
	if definitions > 0 {
		out = append(out, "task definitions stay registered; they cost nothing")
	}
	return append(out,
		"the secrets below itrack/"+environment+"/ stay: `aws secretsmanager delete-secret` deletes one, after its waiting period",
		"the bucket of Pulumi's state stays, with the empty stack in it: `pulumi stack rm "+environment+"` removes the stack")
}

func database(r *apitype.ResourceV3) []string {
	var out []string
	if !on(r.Inputs["skipFinalSnapshot"]) {
		name, _ := r.Inputs["finalSnapshotIdentifier"].(string)
		out = append(out, strings.TrimSpace(fmt.Sprintf("the final snapshot %s of the database %s stays until somebody deletes it", name, r.ID)))
	}
	if keep, ok := r.Inputs["deleteAutomatedBackups"].(bool); ok && !keep {
		out = append(out, fmt.Sprintf("the automated backups of the database %s stay until their time is over", r.ID))
	}
	return out
}
