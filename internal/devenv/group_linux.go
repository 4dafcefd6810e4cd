package devenv

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the process the leader of a group of its own. It also ends when this program is killed and can end
// nothing any more. The kernel sends that signal when the thread ends that started the process; Go keeps its threads.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
