package acm

import (
	"crypto/sha256"
	"encoding/hex"
)

// digest is 32 hexadecimal digits that a text always gives.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
