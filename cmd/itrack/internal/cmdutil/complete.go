package cmdutil

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/engine"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// CompleteEnvironments makes shells complete the names of environments: arguments that a command's usage calls ENVIRONMENT (or
// FROM and TO, where there are two), and flags whose value it calls so. It also adds the command that prints what a shell needs
// for it, so that it is a command like the others. A command that completes its arguments itself keeps to that.
func CompleteEnvironments(f *Factory, root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completeBelow(f, root)
}

func completeBelow(f *Factory, cmd *cobra.Command) {
	if places := parsePlaces(cmd.Use); cmd.ValidArgsFunction == nil && slices.Contains(places.environment, true) {
		cmd.ValidArgsFunction = func(_ *cobra.Command, given []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if !places.isEnvironment(len(given)) {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return f.environmentsLike(begun, given), cobra.ShellCompDirectiveNoFileComp
		}
	}
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if name, _ := pflag.UnquoteUsage(flag); !slices.Contains(environmentWords, name) {
			return
		}
		if _, has := cmd.GetFlagCompletionFunc(flag.Name); has {
			return
		}
		// It fails only for a flag that does not exist or is registered.
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return f.environmentsLike(begun, nil), cobra.ShellCompDirectiveNoFileComp
		})
	})
	for _, child := range cmd.Commands() {
		completeBelow(f, child)
	}
}

// environmentWords are what usages call the name of an environment.
var environmentWords = []string{"ENVIRONMENT", "FROM", "TO"}

// places are the arguments of a usage in their order: which of them are environments, and whether the last may be repeated.
type places struct {
	environment []bool
	repeated    bool
}

// parsePlaces reads a usage such as "promote ENVIRONMENT [SERVICE...]". Flags in it are no arguments.
func parsePlaces(use string) places {
	var out places
	for i, word := range strings.Fields(use) {
		name := strings.Trim(word, "[]")
		if i == 0 || name == "" || strings.HasPrefix(name, "-") || name == "flags" {
			continue
		}
		out.repeated = strings.HasSuffix(name, "...")
		out.environment = append(out.environment, slices.Contains(environmentWords, strings.TrimSuffix(name, "...")))
	}
	return out
}

// isEnvironment tells whether the argument after so many others is an environment.
func (p places) isEnvironment(after int) bool {
	if last := len(p.environment) - 1; p.repeated && after > last {
		after = last
	}
	return after < len(p.environment) && p.environment[after]
}

// environmentsLike are the project's environments that begin so, without those given; none where there is no project.
func (f *Factory) environmentsLike(begun string, given []string) []cobra.Completion {
	project, err := f.Project()
	if err != nil {
		return nil
	}
	known, err := engine.Environments(project)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(known), func(name string) bool {
		return !strings.HasPrefix(name, begun) || slices.Contains(given, name)
	})
}
