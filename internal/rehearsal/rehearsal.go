// Package rehearsal is the stand-in AWS: a Pulumi provider for `aws` and `awsx` that the real engine starts as a plugin and
// that works on a pretend cloud (package cloud) instead of AWS. It runs nothing; it knows what each type takes and returns,
// what collides, what replaces, and what AWS refuses.
package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws"
	"github.com/itrack/itrack/internal/rehearsal/awsx"
	"github.com/itrack/itrack/internal/rehearsal/plugin"
)

// What the plugin reads from its environment.
const (
	// EnvCloud is the folder of the pretend cloud.
	EnvCloud = "ITRACK_REHEARSAL_CLOUD"
	// EnvAccount is the pretend account's number, 12 digits.
	EnvAccount = "ITRACK_REHEARSAL_ACCOUNT"
)

const namePrefix = "pulumi-resource-"

// PluginNames are the file names under which the engine looks for the plugin.
func PluginNames() []string { return []string{namePrefix + "aws", namePrefix + "awsx"} }

// PluginKind tells from a program's name whether it was started as a plugin, and as which ("aws" or "awsx").
func PluginKind(argv0 string) (kind string, ok bool) {
	kind, ok = strings.CutPrefix(strings.TrimSuffix(filepath.Base(argv0), ".exe"), namePrefix)
	return kind, ok && (kind == "aws" || kind == "awsx")
}

// ServePlugin serves the provider until the engine ends it. It prints the port on stdout, as the engine expects.
// args are the process's arguments without its name; the first is the engine's address.
func ServePlugin(kind string, args []string) error {
	switch kind {
	case "aws":
		return plugin.Serve(func() (*plugin.Provider, error) {
			return plugin.NewProvider(aws.Catalog(), os.Getenv(EnvCloud), os.Getenv(EnvAccount))
		}, args)
	case "awsx":
		return awsx.Serve(args)
	default:
		return fmt.Errorf("serving the plugin %q: there is only aws and awsx", kind)
	}
}
