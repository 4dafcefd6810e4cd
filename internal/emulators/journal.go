package emulators

import (
	"bytes"
	"sync"
)

// Journal keeps what a program under test logs or tells; several may write at once.
type Journal struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write is io.Writer's.
func (j *Journal) Write(p []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.Write(p)
}

// String is everything so far.
func (j *Journal) String() string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.text.String()
}
