//go:build !unix

package scan

import "os/exec"

// There are no process groups here: a tool is stopped alone.
func ownGroup(*exec.Cmd) {}

func killGroup(command *exec.Cmd) error { return command.Process.Kill() }
