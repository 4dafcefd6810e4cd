package connect_test

import (
	"os"
	"testing"

	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestMain(m *testing.M) {
	opstest.ServeStandIn()
	os.Exit(m.Run())
}
