//go:build unix

package scan

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a tool a process group of its own, so that it is stopped with all it started.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(command *exec.Cmd) error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
