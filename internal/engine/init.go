package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// InitRun says which stack to make, where its state is kept and which key guards its secrets.
type InitRun struct {
	Project, Stack string
	CLI            *CLI
	Backend        string            // address of the backend, as `pulumi login` takes it
	Provider       string            // secrets provider, such as awskms:///ARN?region=us-east-1&awssdk=v2
	KeyNames       []string          // other names of the provider's key that a stack file may use: its id, its alias
	Env            map[string]string // variables for the engine, such as credentials
	DryRun         bool
}

// InitReport is what InitStack did or, in a dry run, would do.
type InitReport struct {
	File        string `json:"file"` // name of the stack file
	Provider    string `json:"secretsProvider"`
	StackMade   bool   `json:"stackMade"`
	FileChanged bool   `json:"fileChanged"`
}

// alreadyThere is what the engine says of a stack that exists.
const alreadyThere = "already exists"

// InitStack makes a stack as `pulumi stack init STACK --secrets-provider PROVIDER` does, in the given backend and without a
// login. The stack file keeps every line it has and gets two: secretsprovider and encryptedkey.
//
// The file is written before the stack is made: a run that ends between the two is completed by the next one, which goes on
// with the key that the file has. Where the stack exists and the file lacks its key (another checkout made it), the key is
// taken from the state, so that both agree.
func InitStack(ctx context.Context, run InitRun) (InitReport, error) {
	report := InitReport{File: stackFileName(run.Stack), Provider: run.Provider}
	secrets, err := ReadStackSecrets(run.Project, run.Stack)
	if err != nil {
		return report, err
	}
	if err := run.agrees(secrets); err != nil {
		return report, err
	}
	if secrets.Provider != "" {
		report.Provider = secrets.Provider
	}
	init, err := newInitFolder(run)
	if err != nil {
		return report, err
	}
	defer os.RemoveAll(init.dir)
	exists, kept, err := init.existing(ctx)
	if err != nil {
		return report, err
	}
	report.StackMade = !exists
	report.FileChanged = secrets.Provider == "" || secrets.EncryptedKey == ""
	if run.DryRun {
		return report, nil
	}
	if report.FileChanged {
		if kept == nil {
			if kept, err = init.newKey(ctx, report.Provider); err != nil {
				return report, err
			}
		}
		if err := addStackSecrets(run.Project, run.Stack, secrets, *kept); err != nil {
			return report, err
		}
		report.Provider = kept.Provider
	}
	if exists {
		return report, nil
	}
	report.StackMade, err = init.make(ctx, report.Provider)
	return report, err
}

// agrees refuses a stack file whose secrets are guarded by something else.
func (r InitRun) agrees(secrets StackSecrets) error {
	file := stackFileName(r.Stack)
	change := fmt.Sprintf("to go over to this one: `pulumi stack change-secrets-provider -s %s '%s'`", r.Stack, r.Provider)
	if secrets.Passphrase {
		return fmt.Errorf("%w: %s has an encryptionsalt: its secrets are guarded by a passphrase; %s (it asks for the passphrase), then run this again",
			ErrSettings, file, change)
	}
	if secrets.Provider != "" && !r.sameKey(secrets.Provider) {
		return fmt.Errorf("%w: %s names another secretsprovider: %s; %s, then run this again, or keep the old one and leave this command out",
			ErrSettings, file, secrets.Provider, change)
	}
	return nil
}

// sameKey tells whether a secrets provider is the run's key, whatever parameters stand behind it.
func (r InitRun) sameKey(provider string) bool {
	wanted, found := providerKey(r.Provider), providerKey(provider)
	return found != "" && (found == wanted || slices.Contains(r.KeyNames, found))
}

// providerKey is the key that an awskms address names, or "".
func providerKey(provider string) string {
	address, err := url.Parse(provider)
	if err != nil || address.Scheme != "awskms" {
		return ""
	}
	return strings.TrimPrefix(address.Host+address.Path, "/")
}

// initFolder is a copy of the project's settings in a folder of its own: the engine rewrites a stack file as it likes, and
// remembers per folder which stack was chosen.
type initFolder struct {
	run InitRun
	dir string
}

func newInitFolder(run InitRun) (*initFolder, error) {
	dir, err := os.MkdirTemp("", "itrack-init-")
	if err != nil {
		return nil, fmt.Errorf("making a working folder: %w", err)
	}
	f := &initFolder{run: run, dir: dir}
	for _, name := range []string{"home", "state"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("making a working folder: %w", err), os.RemoveAll(dir))
		}
	}
	for _, name := range []string{"Pulumi.yaml", stackFileName(run.Stack)} {
		if err := f.copy(name); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	return f, nil
}

func (f *initFolder) copy(name string) error {
	text, err := os.ReadFile(filepath.Join(f.run.Project, name))
	if err == nil {
		err = os.WriteFile(filepath.Join(f.dir, name), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	return nil
}

// pulumi runs the pulumi command in the folder; nothing of the user's own login reaches it.
func (f *initFolder) pulumi(ctx context.Context, backend string, args ...string) (string, error) {
	env := []string{
		EnvIsolate + "=1", "PULUMI_HOME=" + filepath.Join(f.dir, "home"), "PULUMI_BACKEND_URL=" + backend, "PULUMI_SKIP_UPDATE_CHECK=1",
	}
	for key, value := range f.run.Env {
		env = append(env, key+"="+value)
	}
	out, said, _, err := f.run.CLI.Run(ctx, f.dir, nil, nil, nil, env, append(args, "--non-interactive")...)
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if said = strings.TrimSpace(said); said == "" {
		return "", err
	}
	return "", newProblem("", said)
}

// existing looks for the stack in the backend, and gives the key that its state names, if any.
func (f *initFolder) existing(ctx context.Context) (bool, *StackSecrets, error) {
	out, err := f.pulumi(ctx, f.run.Backend, "stack", "export", "--stack", f.run.Stack)
	if noStack(err) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, fmt.Errorf("looking for stack %s in %s: %w", f.run.Stack, f.run.Backend, err)
	}
	var state struct {
		Deployment struct {
			Secrets struct {
				Type  string `json:"type"`
				State struct {
					URL string `json:"url"`
					Key string `json:"encryptedkey"`
				} `json:"state"`
			} `json:"secrets_providers"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal([]byte(out), &state); err != nil {
		return false, nil, fmt.Errorf("reading the state of stack %s: %w", f.run.Stack, err)
	}
	switch found := state.Deployment.Secrets; {
	case found.Type == "":
		return true, nil, nil
	case found.Type != "cloud" || !f.run.sameKey(found.State.URL):
		by := found.State.URL
		if by == "" {
			by = "a " + found.Type
		}
		return false, nil, fmt.Errorf("%w: stack %s exists in %s, and the secrets of its state are guarded by %s; to go over to this key: `pulumi stack change-secrets-provider -s %s '%s'`, then run this again",
			ErrSettings, f.run.Stack, f.run.Backend, by, f.run.Stack, f.run.Provider)
	default:
		return true, &StackSecrets{Provider: found.State.URL, EncryptedKey: found.State.Key}, nil
	}
}

// newKey has the engine make a data key under the secrets provider. It does so when a stack is made, so that one is made in a
// folder that is thrown away.
func (f *initFolder) newKey(ctx context.Context, provider string) (*StackSecrets, error) {
	backend := "file://" + filepath.ToSlash(filepath.Join(f.dir, "state"))
	if _, err := f.pulumi(ctx, backend, "stack", "init", f.run.Stack, "--secrets-provider", provider); err != nil {
		return nil, fmt.Errorf("making the data key of stack %s under %s: %w", f.run.Stack, provider, err)
	}
	made, err := ReadStackSecrets(f.dir, f.run.Stack)
	if err != nil {
		return nil, err
	}
	if made.EncryptedKey == "" || made.Provider != provider {
		return nil, fmt.Errorf("making the data key of stack %s: pulumi %s wrote none", f.run.Stack, f.run.CLI.Version())
	}
	return &made, nil
}

// make makes the stack in the backend, with the keys that the stack file has now. Somebody else may have been quicker.
func (f *initFolder) make(ctx context.Context, provider string) (bool, error) {
	if err := f.copy(stackFileName(f.run.Stack)); err != nil {
		return false, err
	}
	_, err := f.pulumi(ctx, f.run.Backend, "stack", "init", f.run.Stack, "--secrets-provider", provider)
	if err != nil && strings.Contains(err.Error(), alreadyThere) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("making stack %s in %s: %w", f.run.Stack, f.run.Backend, err)
	}
	return true, nil
}
