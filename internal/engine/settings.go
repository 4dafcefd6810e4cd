package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// ErrSettings marks what is wrong with the project, a stack file or an overlay: nothing was run yet.
var ErrSettings = errors.New("settings")

// Overlay is one setting that replaces the stack file's, as `pulumi config set --path` would.
type Overlay struct{ Key, Value string }

// ParseOverlay reads key=value, where key is a path such as itrack:network.natGateways or itrack:services["backend"].cpu.
func ParseOverlay(text string) (Overlay, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return Overlay{}, fmt.Errorf("%w: %q is not KEY=VALUE, for example itrack:domain=example.com", ErrSettings, text)
	}
	return Overlay{Key: key, Value: value}, nil
}

// stackFileName is a project's settings file of one stack.
func stackFileName(stack string) string { return "Pulumi." + stack + ".yaml" }

var stackFilePattern = regexp.MustCompile(`^Pulumi\.([A-Za-z0-9._-]+)\.yaml$`)

// Environments lists the stacks that have a settings file in the project folder, in alphabetical order.
func Environments(project string) ([]string, error) {
	entries, err := os.ReadDir(project)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the project folder: %w", ErrSettings, err)
	}
	var out []string
	for _, entry := range entries {
		if match := stackFilePattern.FindStringSubmatch(entry.Name()); match != nil && !entry.IsDir() {
			out = append(out, match[1])
		}
	}
	sort.Strings(out)
	return out, nil
}

// BackendChosen tells whether somebody has said where the state of a project is, so that no other place may be looked at: by
// PULUMI_BACKEND_URL or in Pulumi.yaml. A login says it for whatever is done next, and for no project.
func BackendChosen(project string) (bool, error) {
	if os.Getenv(envBackend) != "" {
		return true, nil
	}
	settings, err := workspace.LoadProject(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return false, fmt.Errorf("%w: reading Pulumi.yaml: %w", ErrSettings, err)
	}
	return settings.Backend != nil && settings.Backend.URL != "", nil
}

// FindProject walks up from dir to the folder that holds Pulumi.yaml.
func FindProject(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolving the folder: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "Pulumi.yaml")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w: no Pulumi.yaml in %s or a folder above it; run this inside the repository", ErrSettings, dir)
		}
	}
}

// stackConfig is a stack's settings, read from the user's file and changed in memory only.
type stackConfig struct {
	project *workspace.Project
	file    *workspace.ProjectStack
	name    string
}

// loadStackConfig reads a stack's settings. A missing file is an error: its settings would all be defaults.
func loadStackConfig(project, stack string) (*stackConfig, error) {
	proj, err := workspace.LoadProject(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("%w: reading Pulumi.yaml: %w", ErrSettings, err)
	}
	name := stackFileName(stack)
	path := filepath.Join(project, name)
	if _, err := os.Stat(path); err != nil {
		known, _ := Environments(project)
		return nil, fmt.Errorf("%w: there is no %s; environments with a settings file: %s",
			ErrSettings, name, strings.Join(known, ", "))
	}
	file, err := workspace.LoadProjectStack(nil, proj, path)
	if err != nil {
		return nil, fmt.Errorf("%w: reading %s: %w", ErrSettings, name, err)
	}
	if file.Config == nil {
		file.Config = config.Map{}
	}
	return &stackConfig{project: proj, file: file, name: name}, nil
}

// apply sets the overlays, in their order.
func (s *stackConfig) apply(overlays []Overlay) error {
	for _, overlay := range overlays {
		key, err := s.parseKey(overlay.Key)
		if err != nil {
			return fmt.Errorf("%w: --set %s: %w", ErrSettings, overlay.Key, err)
		}
		if err := s.file.Config.Set(key, config.NewValue(overlay.Value), true); err != nil {
			return fmt.Errorf("%w: --set %s=%s: %w", ErrSettings, overlay.Key, overlay.Value, err)
		}
	}
	return nil
}

// parseKey reads a key as the pulumi command does: without a namespace it belongs to the project.
func (s *stackConfig) parseKey(text string) (config.Key, error) {
	// Only a colon before the first path separator ends the namespace.
	head := text
	if i := strings.IndexAny(text, ".["); i >= 0 {
		head = text[:i]
	}
	namespace, name, ok := strings.Cut(head, ":")
	if !ok {
		return config.MustMakeKey(string(s.project.Name), text), nil
	}
	if namespace == "" || name == "" || strings.Contains(name, ":") {
		return config.Key{}, errors.New("a key is NAMESPACE:NAME, for example itrack:domain or aws:region")
	}
	return config.MustMakeKey(namespace, text[len(namespace)+1:]), nil
}

// text is a top-level setting as a plain string, or "" when it is not set or has a structure.
func (s *stackConfig) text(namespace, name string) string {
	value, ok := s.file.Config[config.MustMakeKey(namespace, name)]
	if !ok || value.Object() {
		return ""
	}
	text, err := value.Value(config.NopDecrypter)
	if err != nil {
		return ""
	}
	return text
}

// detach makes the settings usable with another secrets provider. An encrypted setting cannot follow: only the
// owner of its key can read it.
func (s *stackConfig) detach(salt string) error {
	var encrypted []string
	for key, value := range s.file.Config {
		if value.Secure() {
			encrypted = append(encrypted, key.String())
		}
	}
	if len(encrypted) > 0 {
		sort.Strings(encrypted)
		return fmt.Errorf("%w: %s has encrypted settings, which cannot be read here: %s; give each a value with --set KEY=VALUE",
			ErrSettings, s.name, strings.Join(encrypted, ", "))
	}
	s.file.SecretsProvider, s.file.EncryptedKey, s.file.EncryptionSalt = "", "", salt
	// Environments of Pulumi Cloud are not there either.
	s.file.Environment = nil
	return nil
}

// savedSalt is the encryption salt in a settings file of an earlier run, or "".
func savedSalt(project *workspace.Project, path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	file, err := workspace.LoadProjectStack(nil, project, path)
	if err != nil {
		return ""
	}
	return file.EncryptionSalt
}

// list is a top-level setting that is a list of strings, or a single string, as such.
func (s *stackConfig) list(namespace, name string) []string {
	value, ok := s.file.Config[config.MustMakeKey(namespace, name)]
	if !ok {
		return nil
	}
	text, err := value.Value(config.NopDecrypter)
	if err != nil {
		return nil
	}
	var items []string
	if json.Unmarshal([]byte(text), &items) == nil {
		return items
	}
	return []string{text}
}

// access is how the stack's providers sign in to AWS, and where they find it.
func (s *stackConfig) access() (Access, error) {
	access := Access{Region: s.text("aws", "region"), Profile: s.text("aws", "profile")}
	for _, key := range []string{"assumeRole", "assumeRoles"} {
		value, ok := s.file.Config[config.MustMakeKey("aws", key)]
		if !ok {
			continue
		}
		text, err := value.Value(config.NopDecrypter)
		if err != nil {
			continue
		}
		var one Role
		if json.Unmarshal([]byte(text), &access.Roles) != nil && json.Unmarshal([]byte(text), &one) == nil && one.ARN != "" {
			access.Roles = []Role{one}
		}
	}
	var err error
	access.Endpoints, err = s.endpoints()
	return access, err
}
