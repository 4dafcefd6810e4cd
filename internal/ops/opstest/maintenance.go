package opstest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Maintenance is RDS's maintenance that waits, which moto lacks.
type Maintenance struct {
	cloud   *Cloud
	mutex   sync.Mutex
	actions map[string][]string // as XML, by ARN
}

// NewMaintenance lets the fake answer.
func NewMaintenance(cloud *Cloud) *Maintenance {
	m := &Maintenance{cloud: cloud, actions: map[string][]string{}}
	cloud.Handle("rds", "DescribePendingMaintenanceActions", m.describe)
	return m
}

// Add lets an action wait for an instance, by its ARN.
func (m *Maintenance) Add(arn, action, description string, applies time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.actions[arn] = append(m.actions[arn], fmt.Sprintf(
		"<PendingMaintenanceAction><Action>%s</Action><Description>%s</Description><CurrentApplyDate>%s</CurrentApplyDate></PendingMaintenanceAction>",
		action, description, applies.UTC().Format(time.RFC3339)))
}

func (m *Maintenance) describe(call Call) Answer {
	form, err := url.ParseQuery(string(call.Body))
	if err != nil {
		return *refused("InvalidParameterValue", "the form cannot be read: %v", err)
	}
	for key := range form {
		if key != "Action" && key != "Version" && key != "ResourceIdentifier" {
			return *refused("InvalidParameterValue", "the fake knows ResourceIdentifier, not %s", key)
		}
	}
	arn := form.Get("ResourceIdentifier")
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[2] != "rds" || parts[5] != "db" {
		return *refused("InvalidParameterValue", "%q is not the ARN of an instance", arn)
	}
	known := m.cloud.askQuery(call, "rds", url.Values{"Action": {"DescribeDBInstances"}, "Version": {"2014-10-31"}, "DBInstanceIdentifier": {parts[6]}})
	if !strings.Contains(known, arn) {
		return Answer{Status: http.StatusNotFound, Code: "ResourceNotFoundFault", Body: []byte("there is no " + arn)}
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	list := ""
	if actions := m.actions[arn]; len(actions) > 0 {
		list = "<ResourcePendingMaintenanceActions><ResourceIdentifier>" + arn + "</ResourceIdentifier><PendingMaintenanceActionDetails>" +
			strings.Join(actions, "") + "</PendingMaintenanceActionDetails></ResourcePendingMaintenanceActions>"
	}
	return Answer{Type: "text/xml", Body: []byte(`<DescribePendingMaintenanceActionsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribePendingMaintenanceActionsResult>` +
		"<PendingMaintenanceActions>" + list + "</PendingMaintenanceActions></DescribePendingMaintenanceActionsResult></DescribePendingMaintenanceActionsResponse>")}
}
