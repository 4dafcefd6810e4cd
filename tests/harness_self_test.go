package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Both real stack files run to their end under mocks; every test below stands on this.
func TestStackFilesRun(t *testing.T) {
	for _, stack := range []string{"staging", "production"} {
		t.Run(stack, func(t *testing.T) {
			result := recorded(t, stack)
			assert.NotEmpty(t, result.Resources)
		})
	}
}
