// Package engine runs Pulumi programs through the Automation API: which pulumi command, which backend and
// working folder, how events become progress and how errors become sentences.
//
// Open prepares a stack and Stack.Up, Stack.Destroy and Stack.Export act on it; rehearsals and deployments
// share them and differ by Settings alone. Rehearse runs whole environments against the stand-in AWS.
package engine
