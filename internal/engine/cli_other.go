//go:build windows

package engine

import "os/exec"

func ownProcessGroup(*exec.Cmd) {}

// alive takes every process for a running one: the lock of one that is gone has to be named.
func alive(int) bool { return true }
