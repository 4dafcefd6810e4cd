package cmdutil

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/engine"
)

// defaults are the environments of a command that names none, in this order.
var defaults = []string{"staging", "production"}

// IsFolder tells whether there is a folder.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// ChooseEnvironments checks the named environments, or takes the defaults that have a settings file.
func ChooseEnvironments(project string, named []string) ([]string, error) {
	known, err := engine.Environments(project)
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		for _, name := range defaults {
			if slices.Contains(known, name) {
				named = append(named, name)
			}
		}
		if len(named) == 0 {
			return nil, UsageError{Err: fmt.Errorf("no Pulumi.staging.yaml and no Pulumi.production.yaml in %s: name an environment", project)}
		}
		return named, nil
	}
	for i, name := range named {
		if !slices.Contains(known, name) {
			return nil, UsageError{Err: fmt.Errorf("no Pulumi.%s.yaml in %s; environments: %s", name, project, strings.Join(known, ", "))}
		}
		if slices.Contains(named[:i], name) {
			return nil, UsageError{Err: fmt.Errorf("%s is named twice", name)}
		}
	}
	return named, nil
}
