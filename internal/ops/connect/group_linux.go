package connect

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group. It also ends when this program is killed.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
