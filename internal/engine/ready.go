package engine

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// ready refuses to go on while the state has pending creations. The engine only warns: it would make once more what may
// exist already, or leave it behind when it destroys the rest.
func (s *Stack) ready(ctx context.Context) (Outcome, error) {
	if s.sound {
		// From here on an operation of this process that does not end well may leave some.
		s.sound = false
		return Outcome{}, nil
	}
	state, err := s.readRaw(ctx)
	if err != nil {
		return Outcome{}, err
	}
	problems := s.pendingProblems(state)
	if len(problems) == 0 {
		return Outcome{}, nil
	}
	return Outcome{Problems: problems}, fmt.Errorf("%d creations of %s were interrupted and may exist: %w", len(problems), s.Name, problems[0])
}

// Pending are the creations that an earlier run began and did not end; Up and Destroy refuse while there are any.
func (s *Stack) Pending(ctx context.Context) ([]Problem, error) {
	state, err := s.readRaw(ctx)
	if err != nil {
		return nil, err
	}
	return s.pendingProblems(state), nil
}

func (s *Stack) pendingProblems(state *rawState) []Problem {
	var problems []Problem
	for _, operation := range state.Pending {
		if operation.Type != apitype.OperationTypeCreating {
			continue
		}
		problems = append(problems, Problem{
			URN: string(operation.Resource.URN), Type: string(operation.Resource.Type), Rule: "PendingOperations",
			Message: "an earlier run was interrupted while it was being made: it may exist without being in the state",
			Next:    fmt.Sprintf("`%s` finds out and puts the state right", s.repairCommand()),
		})
	}
	return problems
}

// repairCommand is the command that repairs this stack.
func (s *Stack) repairCommand() string {
	command := "itrack state repair " + s.Name
	if s.keep != "" {
		command += " --keep " + s.keep
	}
	return command
}
