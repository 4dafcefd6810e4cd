// Package outputs is `itrack outputs`.
package outputs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Name        string
	JSON        bool
}

// NewCmdOutputs makes the command. runF, if given, takes the place of the command's own work.
func NewCmdOutputs(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "outputs ENVIRONMENT [NAME]",
		Short: "Print what a deployed stack exports",
		Long: `Print what a deployed stack exports; docs/outputs.md lists it.

Without a name all outputs, one a line. With a name that one value as it is, for scripts; what lies in a map or a list is named
by its path: services.backend, privateSubnetIds.0. A map or list as a whole is printed as JSON. No output holds a secret.

It reads the stack's state and asks nothing of AWS but what the state's place needs; it changes nothing.

Exit codes: 0 printed, 1 the state could not be read, 2 no such environment or output, or the stack was never deployed.`,
		Example: `  itrack outputs staging
  curl "$(itrack outputs staging apiUrl)/api/health"
  itrack outputs production services.backend
  itrack outputs staging --json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if len(args) > 1 {
				o.Name = args[1]
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runOutputs(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runOutputs(ctx context.Context, o *Options) error {
	f := o.Factory
	project, err := f.Project()
	if err != nil {
		return err
	}
	if _, err := cmdutil.ChooseEnvironments(project, []string{o.Environment}); err != nil {
		return err
	}
	values, err := f.Outputs(ctx, project, o.Environment)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return &ops.Problem{Kind: ops.Usage, What: "reading the outputs of " + o.Environment, Why: "the stack has none: it was never deployed",
			Next: "`itrack deploy " + o.Environment + "` deploys it"}
	}
	var wanted any = values
	if o.Name != "" {
		if wanted, err = find(values, o.Name); err != nil {
			return err
		}
	}
	if o.JSON {
		return f.PrintJSON(wanted)
	}
	if o.Name != "" {
		_, err := fmt.Fprintln(f.IO.Out, text(wanted))
		return err
	}
	longest := 0
	for name := range values {
		longest = max(longest, len(name))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, err := fmt.Fprintf(f.IO.Out, "%-*s  %s\n", longest, name, short(text(values[name]), f.IO.OutWidth-longest-2)); err != nil {
			return err
		}
	}
	return nil
}

// find follows a path of names and, in lists, numbers.
func find(values map[string]any, path string) (any, error) {
	var at any = values
	gone := ""
	for part := range strings.SplitSeq(path, ".") {
		var known []string
		switch node := at.(type) {
		case map[string]any:
			if value, ok := node[part]; ok {
				at, gone = value, strings.TrimPrefix(gone+"."+part, ".")
				continue
			}
			known = slices.Sorted(maps.Keys(node))
		case []any:
			index := -1
			if _, err := fmt.Sscanf(part+"\n", "%d\n", &index); err == nil && index >= 0 && index < len(node) {
				at, gone = node[index], gone+"."+part
				continue
			}
			known = []string{fmt.Sprintf("0 to %d", len(node)-1)}
		}
		problem := &ops.Problem{Kind: ops.Usage, What: "looking for the output " + path, Why: "there is no " + part, Next: "name one of " + strings.Join(known, ", ")}
		if gone != "" {
			problem.Why += " in " + gone
		}
		if len(known) == 0 {
			problem.Next = gone + " is a single value"
		}
		return nil, problem
	}
	return at, nil
}

// text is a value on one line: text as it is, numbers without an exponent, everything else as JSON.
func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(out.String())
}

// short cuts a text to the columns that a terminal has left; elsewhere it stays whole.
func short(text string, columns int) string {
	runes := []rune(text)
	if columns < 20 || len(runes) <= columns {
		return text
	}
	return string(runes[:columns-1]) + "…"
}
