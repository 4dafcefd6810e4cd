//go:build !linux

package main

import "runtime"

func usable() int { return runtime.NumCPU() }

// canPin: this system has no way to keep a process on a processor; the report says so.
const canPin = false

func pin(int, int) (func() error, error) { return func() error { return nil }, nil }
