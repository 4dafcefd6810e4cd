package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// probeTimeout: API Gateway itself gives up after 29 seconds; somebody who looks does not wait that long.
	probeTimeout = 10 * time.Second
	// probeBody is how much of an answer is read.
	probeBody = 64 << 10
)

// answer is what a URL answered.
type answer struct {
	status  int
	gateway bool   // API Gateway answered itself: it has no such path, or lets nobody in
	text    string // what went wrong, in words
	took    time.Duration
}

// ask asks a URL once.
func ask(ctx context.Context, client *http.Client, url string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{}, fmt.Errorf("asking %s: %w", url, err)
	}
	request.Header.Set("Cache-Control", "no-cache")
	request.Header.Set("User-Agent", "itrack-health")
	started := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return answer{took: time.Since(started)}, errors.New(plain(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, probeBody))
	if err != nil {
		return answer{took: time.Since(started)}, errors.New(plain(err))
	}
	kind := response.Header.Get("X-Amzn-Errortype")
	found := answer{
		status: response.StatusCode, took: time.Since(started), text: words(response.StatusCode, body),
		gateway: strings.HasPrefix(kind, "MissingAuthenticationToken") || strings.HasPrefix(kind, "AccessDenied") || strings.HasPrefix(kind, "Unauthorized"),
	}
	return found, nil
}

// plain is an error without the method and the URL, which stand beside it anyway.
func plain(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", probeTimeout)
	}
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) && inner.Unwrap() != nil {
		return inner.Unwrap().Error()
	}
	return err.Error()
}

// words says what an answer means. The services' health names what is failing.
func words(status int, body []byte) string {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	var health struct {
		State  string `json:"state"`
		Checks []struct {
			Name, State, Reason string
		} `json:"checks"`
	}
	if json.Unmarshal(body, &health) != nil || health.State == "" {
		return text
	}
	text += ", " + health.State
	for _, check := range health.Checks {
		if check.State != "ok" {
			text += fmt.Sprintf(": %s %s", check.Name, strings.TrimSpace(check.State+" "+check.Reason))
		}
	}
	return text
}
