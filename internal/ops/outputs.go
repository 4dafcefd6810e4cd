package ops

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/itrack/itrack/infra/release"
)

// Outputs are the stack's outputs, as docs/outputs.md lists them.
type Outputs struct {
	Environment    string `json:"environment"`
	Account        string `json:"account"`
	Region         string `json:"region"`
	RecoveryRegion string `json:"recoveryRegion"`

	SigningKeyArn string `json:"signingKeyArn"`

	DatabaseIdentifier string `json:"databaseIdentifier"`
	DatabaseAddress    string `json:"databaseAddress"`
	DatabasePort       int    `json:"databasePort"`
	DatabaseName       string `json:"databaseName"`

	DatabaseMasterSecretArn string `json:"databaseMasterSecretArn"`

	ItemsTable       string `json:"itemsTable"`
	ItemHistoryTable string `json:"itemHistoryTable"`

	Repositories     map[string]string `json:"repositories"` // URL by service
	Cluster          string            `json:"cluster"`
	Services         map[string]string `json:"services"`         // ECS service by service
	ServiceLogGroups map[string]string `json:"serviceLogGroups"` // by service
	Functions        map[string]string `json:"functions"`        // Lambda function by function

	DeploymentApplication string                     `json:"deploymentApplication"`
	DeploymentGroups      map[string]string          `json:"deploymentGroups"` // by service
	Releases              map[string]release.Release `json:"releases"`         // by service

	SiteURL           string `json:"siteUrl"`
	SiteBucket        string `json:"siteBucket"`
	DistributionID    string `json:"distributionId"`
	APIURL            string `json:"apiUrl"`
	APIID             string `json:"apiId"`
	APIStage          string `json:"apiStage"`
	APIAccessLogGroup string `json:"apiAccessLogGroup"`

	BastionGroup      string `json:"bastionGroup"`
	AvailabilityAlarm string `json:"availabilityAlarm"`
}

// ReadOutputs decodes what the engine gives as a stack's outputs.
func ReadOutputs(environment string, values map[string]any) (Outputs, error) {
	var out Outputs
	if len(values) == 0 {
		return out, &Problem{Kind: Usage, What: "reading the outputs of " + environment, Why: "the stack has none: it was never deployed",
			Next: "`itrack deploy " + environment + "` deploys it"}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return out, fmt.Errorf("reading the outputs of %s: %w", environment, err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, &Problem{What: "reading the outputs of " + environment, Why: err.Error(), Err: err,
			Next: "the stack was deployed by another version of this program: `itrack deploy " + environment + "` brings its outputs up to date"}
	}
	if out.Environment != environment || out.Region == "" || out.Cluster == "" {
		return out, &Problem{What: "reading the outputs of " + environment, Why: "the outputs environment, region or cluster are missing or of another environment: a first deployment did not end",
			Next: "`itrack deploy " + environment + "` completes it"}
	}
	return out, nil
}

// Release is the wanted release of one service.
func (o Outputs) Release(service string) (release.Release, error) {
	wanted, ok := o.Releases[service]
	if !ok {
		return wanted, &Problem{Kind: Usage, What: "looking for the service " + service, Why: "the stack has no such service",
			Next: fmt.Sprintf("name one of %v", slices.Sorted(maps.Keys(o.Releases)))}
	}
	return wanted, nil
}
