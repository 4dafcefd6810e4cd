//go:build unix

package devenv

import (
	"os/exec"
	"syscall"
)

// terminate asks the process to end. One that has ended already needs no asking.
func terminate(command *exec.Cmd) { _ = command.Process.Signal(syscall.SIGTERM) }

// killGroup ends what is left of the group; usually nothing is.
func killGroup(command *exec.Cmd) { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
