//go:build unix

package batch

import (
	"os/exec"
	"syscall"
)

// killWithChildren puts a command into a process group of its own, so that what
// it started dies with it.
func killWithChildren(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
