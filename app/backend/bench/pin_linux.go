package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// usable are the processors that this process may use.
func usable() int { return runtime.NumCPU() }

// canPin says whether load and server can be kept on processors of their own.
const canPin = true

// pin keeps this process on count of its processors, from the first on, until free is called; what it starts meanwhile
// stays there too.
func pin(first, count int) (free func() error, err error) {
	var all, wanted unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("reading the usable processors: %w", err)
	}
	seen := 0
	for cpu := 0; seen < all.Count(); cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if seen >= first && wanted.Count() < count {
			wanted.Set(cpu)
		}
		seen++
	}
	return func() error { return move(&all) }, move(&wanted)
}

// move sets the processors of every thread. New threads take over their maker's: twice over all of them catches one that
// was made meanwhile.
func move(to *unix.CPUSet) error {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("listing the threads: %w", err)
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return fmt.Errorf("listing the threads: %w", err)
			}
			if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("choosing processors: %w", err)
			}
		}
	}
	return nil
}
