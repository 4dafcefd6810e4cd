// Package release looks at a new version of a service behind the test listener, before any user meets it, and tells
// CodeDeploy whether the traffic may move.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/itrack/itrack/app/functions/internal/intime"
)

// Event is what CodeDeploy tells a hook.
type Event struct {
	DeploymentID string `json:"DeploymentId"`
	ExecutionID  string `json:"LifecycleEventHookExecutionId"`
}

// CodeDeploy is the two calls that are used.
type CodeDeploy interface {
	GetDeployment(ctx context.Context, input *codedeploy.GetDeploymentInput, options ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
	PutLifecycleEventHookExecutionStatus(ctx context.Context, input *codedeploy.PutLifecycleEventHookExecutionStatusInput, options ...func(*codedeploy.Options)) (*codedeploy.PutLifecycleEventHookExecutionStatusOutput, error)
}

// Client asks by HTTP.
type Client interface {
	Do(request *http.Request) (*http.Response, error)
}

// NewClient asks with patience for each answer, and follows no redirect: it may lead to another listener, whose 200 says
// nothing about the new version.
func NewClient(patience time.Duration) *http.Client {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Checker asks the new version for its health.
type Checker struct {
	CodeDeploy CodeDeploy
	HTTP       Client
	// TestURL is the test listener, Checks the health path by deployment group.
	TestURL string
	Checks  map[string]string
	// Attempts is how often is asked at most, Wanted how many answers in a row must be good, Pause the time between two.
	Attempts, Wanted int
	Pause            time.Duration
	Log              *slog.Logger
}

// ReadChecks reads the variable CHECKS: health paths by deployment group.
func ReadChecks(text string) (map[string]string, error) {
	checks := map[string]string{}
	if err := json.Unmarshal([]byte(text), &checks); err != nil {
		return nil, fmt.Errorf(`reading CHECKS: it must be a JSON object of deployment group to health path, such as {"group": "/health"}; deploy the stack, which sets it: %w`, err)
	}
	for group, path := range checks {
		// The path stands behind the listener's address, and must not become a part of its host.
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("reading CHECKS: the path %q of %q must begin with a slash; correct healthPath of the service and deploy", path, group)
		}
	}
	return checks, nil
}

// reserve is what stays of the function's time to report a failure.
const reserve = 15 * time.Second

// Handle checks the service that the deployment is about and reports. An error means that CodeDeploy could not be told:
// Lambda then calls again.
func (c *Checker) Handle(ctx context.Context, event Event) error {
	if event.DeploymentID == "" || event.ExecutionID == "" {
		return errors.New("reading the event: it names no deployment or no hook execution; was it sent by CodeDeploy?")
	}
	status := types.LifecycleEventStatusSucceeded
	if err := c.check(ctx, event.DeploymentID); err != nil {
		c.Log.ErrorContext(ctx, "the new version does not pass", "deployment", event.DeploymentID, "error", err)
		status = types.LifecycleEventStatusFailed
	}
	var told *types.LifecycleEventAlreadyCompletedException
	if _, err := c.CodeDeploy.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: aws.String(event.DeploymentID), LifecycleEventHookExecutionId: aws.String(event.ExecutionID), Status: status,
	}); errors.As(err, &told) {
		// The answer to an earlier telling was lost, or Lambda calls a second time: what was said first counts.
		c.Log.WarnContext(ctx, "CodeDeploy was told before", "deployment", event.DeploymentID, "status", string(status))
		return nil
	} else if err != nil {
		return fmt.Errorf("telling CodeDeploy %s about deployment %s: %w", status, event.DeploymentID, err)
	}
	c.Log.InfoContext(ctx, "told CodeDeploy", "deployment", event.DeploymentID, "status", string(status))
	return nil
}

func (c *Checker) check(ctx context.Context, deployment string) error {
	ctx, cancel := intime.Before(ctx, reserve)
	defer cancel()
	found, err := c.CodeDeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String(deployment)})
	if err != nil {
		return fmt.Errorf("reading the deployment %s: %w", deployment, err)
	}
	if found.DeploymentInfo == nil {
		return fmt.Errorf("reading the deployment %s: CodeDeploy's answer is empty", deployment)
	}
	group := aws.ToString(found.DeploymentInfo.DeploymentGroupName)
	path, known := c.Checks[group]
	if !known {
		return fmt.Errorf("no health path is known for the deployment group %s: deploy the stack, which sets CHECKS", group)
	}
	return c.healthy(ctx, c.TestURL+path)
}

// healthy asks until Wanted answers in a row are good: just shifted, a listener may still answer from both groups.
func (c *Checker) healthy(ctx context.Context, url string) error {
	var last error
	good := 0
	for attempt := range c.Attempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("asking %s: the time is over: %w", url, ctx.Err()), last)
			case <-time.After(c.Pause):
			}
		}
		if last = c.ask(ctx, url); last != nil {
			c.Log.WarnContext(ctx, "not healthy", "attempt", attempt+1, "error", last)
			good = 0
			continue
		}
		if good++; good == c.Wanted {
			return nil
		}
	}
	if last == nil {
		last = fmt.Errorf("%d good answers in a row were not reached", c.Wanted)
	}
	return fmt.Errorf("asking %s %d times: %w", url, c.Attempts, last)
}

func (c *Checker) ask(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 500))
	if err != nil {
		return fmt.Errorf("asking %s: status %d, and its text can't be read: %w", url, response.StatusCode, err)
	}
	return fmt.Errorf("asking %s: status %d: %s", url, response.StatusCode, text)
}
