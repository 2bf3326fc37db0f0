//go:build !unix

package batch

import "os/exec"

// killWithChildren is left to the system where there are no process groups.
func killWithChildren(*exec.Cmd) {}
