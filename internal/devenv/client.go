package devenv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// basePath is where the backend's API lives.
const basePath = "/api"

// client asks the backend as a machine does.
type client struct {
	address, key string
	http         http.Client
}

func newClient(address, key string) *client {
	return &client{address: address, key: key, http: http.Client{Timeout: 10 * time.Second}}
}

// refusal is an answer that is no success.
type refusal struct {
	what   string
	status int
	code   string
	text   string
}

// Error tells the request and what the backend said to it.
func (r *refusal) Error() string {
	return fmt.Sprintf("%s: the backend answered %d: %s", r.what, r.status, r.text)
}

// ask sends body as JSON, reads the answer into into where it is not nil, and gives the answer's header.
func (c *client) ask(ctx context.Context, method, path string, body, into any, headers ...string) (http.Header, error) {
	what := method + " " + path
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s: writing the request: %w", what, err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, sent)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		request.Header.Set("X-Api-Key", c.key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the backend: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: reading the answer: %w", what, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		var problem struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(text, &problem) // whatever it is, it is told
		return nil, &refusal{what, response.StatusCode, problem.Type[strings.LastIndex(problem.Type, ":")+1:], strings.TrimSpace(string(text))}
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			return nil, fmt.Errorf("%s: reading the answer: %w", what, err)
		}
	}
	return response.Header, nil
}
