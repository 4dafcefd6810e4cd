package images

import (
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramStartsWithAnEmptyEnvironment(t *testing.T) {
	_, result := build(t)
	cmd := &exec.Cmd{Path: unpack(t, imageFor(t, result, "linux/"+runtime.GOARCH), "gadget"), Env: []string{}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, result.Version+" "+result.Revision+" Antarctica/Troll\n", string(out))
}
