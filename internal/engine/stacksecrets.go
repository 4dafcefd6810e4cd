package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"gopkg.in/yaml.v3"
)

// StackSecrets is what a stack file says about the guard of its secrets. None of it is a secret.
type StackSecrets struct {
	Provider     string // secretsprovider
	EncryptedKey string // the data key, encrypted by the provider
	Passphrase   bool   // the file has an encryptionsalt
}

// Names of the two lines in a stack file.
const (
	providerLine = "secretsprovider"
	keyLine      = "encryptedkey"
)

// ReadStackSecrets reads what a stack's settings file says about the guard of its secrets.
func ReadStackSecrets(project, stack string) (StackSecrets, error) {
	cfg, err := loadStackConfig(project, stack)
	if err != nil {
		return StackSecrets{}, err
	}
	return StackSecrets{Provider: cfg.file.SecretsProvider, EncryptedKey: cfg.file.EncryptedKey, Passphrase: cfg.file.EncryptionSalt != ""}, nil
}

// addStackSecrets writes what had lacks of has to the end of a stack's file. Nothing else in the file changes, comments
// included, and the file is replaced at once: a reader sees the old one or the new one.
func addStackSecrets(project, stack string, had, has StackSecrets) error {
	path, err := filepath.EvalSymlinks(filepath.Join(project, stackFileName(stack)))
	if err != nil {
		return fmt.Errorf("finding %s: %w", stackFileName(stack), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", stackFileName(stack), err)
	}
	var lines [][2]string
	if had.Provider == "" {
		lines = append(lines, [2]string{providerLine, has.Provider})
	}
	if had.EncryptedKey == "" {
		lines = append(lines, [2]string{keyLine, has.EncryptedKey})
	}
	text, err = appendLines(text, lines)
	if err != nil {
		return fmt.Errorf("%w: writing %s: %w", ErrSettings, stackFileName(stack), err)
	}
	return replaceFile(path, text)
}

// appendLines adds top-level lines to a YAML text, and makes sure that it means what it meant, and the lines besides.
func appendLines(text []byte, lines [][2]string) ([]byte, error) {
	end, hand := "\n", ""
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	out := bytes.Clone(text)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, end...)
	}
	for _, line := range lines {
		out = append(out, line[0]+": "+line[1]+end...)
		hand += "\n" + line[0] + ": " + line[1]
	}
	before, after := map[string]any{}, map[string]any{}
	if err := yaml.Unmarshal(text, &before); err != nil {
		return nil, err
	}
	for _, line := range lines {
		before[line[0]] = line[1]
	}
	if err := yaml.Unmarshal(out, &after); err != nil || !reflect.DeepEqual(before, after) {
		return nil, fmt.Errorf("the file's form does not let lines be added at its end; add these at its top level by hand:%s", hand)
	}
	return out, nil
}

// replaceFile puts a new text in the place of a file, whose rights it keeps.
func replaceFile(path string, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(path), err)
	}
	// The name begins with a dot: it is no stack's file.
	next, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	_, err = next.Write(text)
	if err == nil {
		err = next.Sync()
	}
	if closed := next.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(next.Name(), info.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		_ = os.Remove(next.Name())
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}
