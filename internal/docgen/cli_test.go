package docgen

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestCLI(t *testing.T) {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "itrack", Short: "Do | all", Long: "Do it all.", Run: run}
	root.PersistentFlags().Bool("quiet", false, "say less")
	state := &cobra.Command{Use: "state", Short: "Of the state"}
	repair := &cobra.Command{Use: "repair ENVIRONMENT", Short: "Repair it", Long: "Repair it.\n\nIn this order.\n", Example: "  # look\n  itrack state repair staging\n", Run: run}
	repair.Flags().StringP("keep", "k", "", "repair the rehearsal in `DIR`, a | b")
	repair.Flags().Duration("timeout", 90, "how `LONG`")
	repair.Flags().StringSlice("only", []string{"a", "b"}, "these `NAMES`")
	repair.Flags().Bool("secret", false, "hidden")
	require.NoError(t, repair.Flags().MarkHidden("secret"))
	state.AddCommand(repair)
	root.AddCommand(state, &cobra.Command{Use: "gone", Hidden: true, Run: run})
	root.InitDefaultHelpCmd()
	page := CLI(root, []ExitCode{{0, "all | well"}, {6, "a part is missing"}})
	at := 0
	for _, wanted := range []string{
		"# Commands\n", "Made by `bin/itrack docs`", "| [`itrack`](#itrack) | Do \\| all |\n", "| [`itrack state repair`](#itrack-state-repair) | Repair it |\n",
		"## Exit codes", "| 0 | all \\| well |\n| 6 | a part is missing |\n", "## itrack\n", "Do it all.", "Below it: [`state`](#itrack-state).", "## itrack state\n",
		"```text\nOf the state\n```", "Below it: [`repair`](#itrack-state-repair).", "## itrack state repair\n\n```text\nitrack state repair ENVIRONMENT [flags]\n```\n\n```text\nRepair it.\n\nIn this order.\n```\n",
		"```sh\n# look\nitrack state repair staging\n```\n", "| `-k, --keep DIR` |  | repair the rehearsal in DIR, a \\| b |\n", "| `--only NAMES` | `a,b` | these NAMES |\n",
		"| `--timeout LONG` | `90ns` | how LONG |\n", "| `--quiet` |  | say less |\n",
	} {
		i := strings.Index(page[at:], wanted)
		require.GreaterOrEqual(t, i, 0, "%q after\n%s", wanted, page[:at])
		at += i
	}
	for _, absent := range []string{"gone", "hidden", "--secret", "| `--help", "itrack help"} {
		require.NotContains(t, page, absent)
	}
}
