package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EnvIsolate, set to 1 for an operation, keeps PULUMI_ variables of the caller from its pulumi command.
const EnvIsolate = "ITRACK_ISOLATE"

// Settings say what to act on. With Isolation nil the user's own login, backend and stack file are used, as
// `pulumi up` would.
type Settings struct {
	Project  string         // folder that holds Pulumi.yaml
	Stack    string         // stack name; its settings are in Pulumi.<stack>.yaml
	Program  pulumi.RunFunc // the program, run inside this process
	CLI      *CLI
	Env      map[string]string // variables for the engine and its plugins
	Overlays []Overlay         // settings that replace the stack file's; they need Isolation

	// Backend is the address of the state, as `pulumi login` takes it; empty means the user's own login.
	Backend string
	// Existing refuses with ErrNoStack where the stack was never made, instead of making it.
	Existing bool

	Isolation *Isolation
}

// Isolation separates a stack from everything the user has: login, plugins, backend, passphrase and stack file.
type Isolation struct {
	Dir          string   // holds state, home, plugins and one working folder per stack
	Plugins      []string // file names of resource plugins that PluginBinary serves
	PluginBinary string   // default: this program

	// Checkpoints has the engine write the whole state before and after every step, as it does for a real stack: a run
	// that is killed leaves a state to go on from. Without them the state is written once, at the end. Writing it some
	// thousand times is nine tenths of the time that a stack of this size takes in the stand-in AWS, so a rehearsal
	// that nobody will go on with does without.
	Checkpoints bool
}

// passphrase guards the secrets in the state of an isolated stack. It is not a secret: such a state holds made-up
// values only.
const passphrase = "rehearsal"

func (i *Isolation) stateDir() string            { return filepath.Join(i.Dir, "state") }
func (i *Isolation) homeDir() string             { return filepath.Join(i.Dir, "home") }
func (i *Isolation) pluginDir() string           { return filepath.Join(i.Dir, "plugins") }
func (i *Isolation) workDir(stack string) string { return filepath.Join(i.Dir, "work", stack) }

// Stack is a stack that can be acted on.
type Stack struct {
	Name string

	auto    auto.Stack
	cli     *CLI
	config  *stackConfig
	backend string // address of the backend; empty: that of the user's own login
	keep    string // folder of an isolated stack

	// sound: no operation of an earlier run is pending in the state.
	sound bool
}

// Open prepares a stack: in isolation it makes the folders, copies the settings, applies the overlays, and
// creates the stack unless an earlier run left it there.
func Open(ctx context.Context, s Settings) (*Stack, error) {
	cfg, err := loadStackConfig(s.Project, s.Stack)
	if err != nil {
		return nil, err
	}
	// Each stack keeps its own timings.
	cli := s.CLI.forStack()
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "1"}
	workDir := s.Project
	options := []auto.LocalWorkspaceOption{auto.Pulumi(cli), auto.Program(s.Program)}
	if s.Isolation != nil {
		if err := cfg.apply(s.Overlays); err != nil {
			return nil, err
		}
		if err := s.Isolation.prepare(s.Project, s.Stack, cfg); err != nil {
			return nil, err
		}
		workDir = s.Isolation.workDir(s.Stack)
		for key, value := range s.Isolation.env() {
			env[key] = value
		}
		options = append(options, auto.SecretsProvider("passphrase"), auto.PulumiHome(s.Isolation.homeDir()))
	} else if len(s.Overlays) > 0 {
		return nil, fmt.Errorf("%w: settings cannot be replaced here; change %s", ErrSettings, stackFileName(s.Stack))
	}
	for key, value := range s.Env {
		env[key] = value
	}
	if s.Backend != "" {
		env[envBackend] = s.Backend
	}
	options = append(options, auto.WorkDir(workDir), auto.EnvVars(env))
	ws, err := auto.NewLocalWorkspace(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("preparing the workspace of %s: %w", s.Stack, err)
	}
	stack := &Stack{Name: s.Stack, cli: cli, config: cfg, backend: s.Backend}
	if s.Isolation != nil {
		stack.backend, stack.keep = s.Isolation.backendURL(), s.Isolation.Dir
		stack.sound = !s.Isolation.has(string(cfg.project.Name), s.Stack)
	}
	open := auto.UpsertStack
	if s.Existing {
		open = auto.SelectStack
	}
	if stack.auto, err = open(ctx, s.Stack, ws); err != nil {
		if s.Existing && noStack(err) {
			return nil, fmt.Errorf("opening stack %s: %w in this backend: `itrack setup-state %s` makes it, and says how to log in to its state", s.Stack, ErrNoStack, s.Stack)
		}
		if notLoggedIn(err) {
			return nil, fmt.Errorf("opening stack %s: %w", s.Stack, ErrNotLoggedIn)
		}
		return nil, fmt.Errorf("opening stack %s: %w", s.Stack, Explain(err))
	}
	return stack, nil
}

// envBackend is Pulumi's variable for the address of the state; it goes before the project's own and before a login.
const envBackend = "PULUMI_BACKEND_URL"

// Backend is the address of the stack's state that Open was given; empty means the user's own login.
func (s *Stack) Backend() string { return s.backend }

// has tells whether an earlier run left a state of the stack.
func (i *Isolation) has(project, stack string) bool {
	_, err := os.Stat(filepath.Join(i.stateDir(), ".pulumi", "stacks", project, stack+".json"))
	return err == nil
}

// prepare makes the folders of an isolated stack.
func (i *Isolation) prepare(project, stack string, cfg *stackConfig) error {
	work := i.workDir(stack)
	settings := filepath.Join(work, stackFileName(stack))
	// The stack of an earlier run was encrypted with the salt in its copy of the settings.
	if err := cfg.detach(savedSalt(cfg.project, settings)); err != nil {
		return err
	}
	for _, dir := range []string{i.stateDir(), i.homeDir(), i.pluginDir(), work} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the working folder: %w", err)
		}
	}
	if err := i.linkPlugins(); err != nil {
		return err
	}
	if err := linkProject(project, work, i.Dir); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading Pulumi.yaml: %w", err)
	}
	if err := os.WriteFile(filepath.Join(work, "Pulumi.yaml"), text, 0o600); err != nil {
		return fmt.Errorf("copying Pulumi.yaml: %w", err)
	}
	if err := cfg.file.Save(settings); err != nil {
		return fmt.Errorf("copying %s: %w", cfg.name, err)
	}
	return nil
}

// linkPlugins puts the plugins' names into a folder of their own, all leading to the one binary.
func (i *Isolation) linkPlugins() error {
	binary := i.PluginBinary
	if binary == "" {
		exe, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding this program, which serves the plugins: %w", err)
		}
		binary = exe
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return fmt.Errorf("resolving the plugin binary: %w", err)
	}
	for _, name := range i.Plugins {
		if err := replaceLink(binary, filepath.Join(i.pluginDir(), name)); err != nil {
			return fmt.Errorf("linking plugin %s: %w", name, err)
		}
	}
	return nil
}

// linkProject makes the project's folders visible in the working folder, so that the engine finds files by the
// paths that the program gives it (build/functions/x.zip). Pulumi's settings files are copied, never linked:
// the Automation API writes to them. Hidden entries and the isolation's own folder stay away.
func linkProject(project, work, own string) error {
	entries, err := os.ReadDir(project)
	if err != nil {
		return fmt.Errorf("reading the project folder: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		source := filepath.Join(project, name)
		hidden := strings.HasPrefix(name, ".") || strings.HasPrefix(name, "Pulumi.")
		if hidden || own == source || strings.HasPrefix(own, source+string(filepath.Separator)) {
			continue
		}
		if err := replaceLink(source, filepath.Join(work, name)); err != nil {
			return fmt.Errorf("linking %s: %w", name, err)
		}
	}
	return nil
}

func replaceLink(target, link string) error {
	if current, err := os.Readlink(link); err == nil && current == target {
		return nil
	}
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(target, link)
}

// backendURL is the backend of files. Pulumi's library for them keeps attributes of each file in a file beside it, and writes
// that one in place: a kill at that moment leaves it empty, and the state behind it is not read any more ("failed to load
// checkpoint: EOF"). Nobody needs the attributes, so they are not written; the state itself is replaced by a rename.
// Source: gocloud.dev/blob/fileblob, URLOpener, parameter metadata.
func (i *Isolation) backendURL() string { return "file://" + i.stateDir() + "?metadata=skip" }

// env is the environment that isolates pulumi and its plugins.
func (i *Isolation) env() map[string]string {
	env := map[string]string{
		EnvIsolate:                 "1",
		"PULUMI_BACKEND_URL":       i.backendURL(),
		"PULUMI_CONFIG_PASSPHRASE": passphrase,
		"PULUMI_HOME":              i.homeDir(),
		// A plugin that is missing must be an error here, not a download of hundreds of megabytes.
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PATH": i.pluginDir() + string(os.PathListSeparator) + os.Getenv("PATH"),
	}
	if !i.Checkpoints {
		env["PULUMI_SKIP_CHECKPOINTS"] = "true"
	}
	return env
}
