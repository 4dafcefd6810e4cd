// Package watch looks at a running environment and changes nothing: whether it is healthy, how it stands, what it logs.
package watch
