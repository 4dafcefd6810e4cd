//go:build !windows

package engine

import (
	"errors"
	"os/exec"
	"syscall"
)

// ownProcessGroup keeps a Ctrl-C at the terminal from reaching pulumi directly: it gets one interrupt from us.
// Two interrupts would make it stop without waiting for the calls in flight.
func ownProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// alive tells whether a process of this host runs; one of another user does too.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
