//go:build !windows

package engine

import (
	"os/exec"
	"syscall"
)

// ownProcessGroup keeps a Ctrl-C at the terminal from reaching pulumi directly: it gets one interrupt from us.
// Two interrupts would make it stop without waiting for the calls in flight.
func ownProcessGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
