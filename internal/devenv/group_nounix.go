//go:build !unix

package devenv

import "os/exec"

// There are no groups of processes and no polite signal: the process alone is ended. The scripts of tools/ need a Unix
// anyway.
func ownGroup(*exec.Cmd) {}

func terminate(command *exec.Cmd) { _ = command.Process.Kill() }

func killGroup(command *exec.Cmd) { _ = command.Process.Kill() }
