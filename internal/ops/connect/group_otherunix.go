//go:build !linux

package connect

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
