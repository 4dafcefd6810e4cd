// Package ops is what the commands do on AWS, beside the engine: one folder below it for each group of commands. What they
// share stands here: the environment they act on, the errors they report, how they wait.
//
// Nothing here links the stack or the engine: a command hands in what a stack file and a stack's outputs say.
package ops
