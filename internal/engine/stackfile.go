package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// StackFile is what a stack's settings file says, for whoever acts on AWS beside the engine.
type StackFile struct {
	Access
	AllowedAccounts   []string       // aws:allowedAccountIds
	ForbiddenAccounts []string       // aws:forbiddenAccountIds
	Values            map[string]any // the project's own settings by key, decoded; encrypted ones are left out
}

// ReadStackFile reads a stack's settings file without the engine.
func ReadStackFile(project, stack string) (StackFile, error) {
	cfg, err := loadStackConfig(project, stack)
	if err != nil {
		return StackFile{}, err
	}
	access, err := cfg.access()
	if err != nil {
		return StackFile{}, err
	}
	file := StackFile{
		Access: access, AllowedAccounts: cfg.list("aws", "allowedAccountIds"), ForbiddenAccounts: cfg.list("aws", "forbiddenAccountIds"),
		Values: map[string]any{},
	}
	for key, value := range cfg.file.Config {
		if key.Namespace() != string(cfg.project.Name) {
			continue
		}
		text, err := value.Value(hiding{})
		if err != nil {
			return StackFile{}, fmt.Errorf("%w: reading %s in %s: %w", ErrSettings, key, cfg.name, err)
		}
		if text == hidden {
			continue
		}
		file.Values[key.Name()] = text
		if value.Object() {
			var decoded any
			if err := json.Unmarshal([]byte(text), &decoded); err != nil {
				return StackFile{}, fmt.Errorf("%w: reading %s in %s: %w", ErrSettings, key, cfg.name, err)
			}
			file.Values[key.Name()] = visible(decoded)
		}
	}
	return file, nil
}

// hidden stands for an encrypted value: only the owner of its key can read it, and no command outside the engine needs to.
const hidden = "\x00encrypted"

type hiding struct{}

func (hiding) DecryptValue(context.Context, string) (string, error) { return hidden, nil }

func (hiding) BatchDecrypt(_ context.Context, texts []string) ([]string, error) {
	out := make([]string, len(texts))
	for i := range out {
		out[i] = hidden
	}
	return out, nil
}

// visible leaves encrypted values out.
func visible(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if inner == hidden {
				delete(v, key)
			} else {
				v[key] = visible(inner)
			}
		}
	case []any:
		kept := []any{}
		for _, inner := range v {
			if inner != hidden {
				kept = append(kept, visible(inner))
			}
		}
		return kept
	}
	return value
}

// endpoints is aws:endpoints, a list of maps as pulumi-aws takes it, as one map.
func (s *stackConfig) endpoints() (map[string]string, error) {
	value, ok := s.file.Config[config.MustMakeKey("aws", "endpoints")]
	if !ok {
		return nil, nil
	}
	text, err := value.Value(config.NopDecrypter)
	if err != nil {
		return nil, fmt.Errorf("%w: reading aws:endpoints in %s: %w", ErrSettings, s.name, err)
	}
	var lists []map[string]string
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return nil, fmt.Errorf("%w: aws:endpoints in %s must be a list of maps from a service to its address, such as [{s3: \"http://127.0.0.1:5000\"}]: %w", ErrSettings, s.name, err)
	}
	all := map[string]string{}
	for _, entries := range lists {
		for service, address := range entries {
			all[service] = address
		}
	}
	return all, nil
}

// ErrNoStack says that a stack was never made in this backend.
var ErrNoStack = errors.New("no such stack")

// ErrNotLoggedIn says that nobody has told pulumi where the state is.
var ErrNotLoggedIn = errors.New("pulumi is not logged in to a place of states; `itrack doctor ENVIRONMENT` prints the line that does it")

// notLoggedIn tells whether the engine's words mean that: it then asks for an account of Pulumi Cloud.
func notLoggedIn(err error) bool {
	return err != nil && strings.Contains(err.Error(), "PULUMI_ACCESS_TOKEN must be set")
}

// Outputs are the stack's outputs; a secret one is masked.
func (s *Stack) Outputs(ctx context.Context) (map[string]any, error) {
	state, err := s.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of %s: %w", s.Name, err)
	}
	return state.outputs(), nil
}

// noStackWords are those of a backend of files or buckets, and of Pulumi Cloud.
var noStackWords = regexp.MustCompile(`(?i)no stack named|\bstack '?[^\s']*'? not found`)

// noStack tells whether the engine's words mean that a stack was never made.
func noStack(err error) bool {
	return err != nil && noStackWords.MatchString(err.Error())
}
