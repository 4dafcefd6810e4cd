package infra

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Project is the first part of every physical name.
const Project = "itrack"

// Limits of physical names, in characters, as AWS states them per kind.
const (
	limitTargetGroup = 32
	limitBalancer    = 32
	limitRole        = 64
	limitFunction    = 64
	limitBucket      = 63
	limitDatabase    = 63
	limitGeneral     = 128
	limitAlarm       = 255
	hashLength       = 6
	separator        = "-"
)

// Names makes physical names: itrack-<parts>-<environment>, never longer than AWS allows. Logical names are not its
// business: those are short constants that never change.
type Names struct {
	Environment string
}

// Of joins project, parts and environment with hyphens. A name above limit is cut and ends in six hex digits of a
// hash over the whole name, so that two long names stay two.
func (n Names) Of(limit int, parts ...string) string {
	all := append(append([]string{Project}, parts...), n.Environment)
	return shorten(strings.Join(all, separator), limit)
}

// Path is a name in a hierarchy: itrack/<environment>/<parts>.
func (n Names) Path(parts ...string) string {
	return strings.Join(append([]string{Project, n.Environment}, parts...), "/")
}

func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	return strings.TrimRight(name[:limit-hashLength-len(separator)], separator) + separator + hash
}
