// Package stack is what the commands about a whole stack do on the engine: preview, deploy, look for drift, destroy, release a
// lock. The commands hand in the opened stack and who to ask.
package stack
