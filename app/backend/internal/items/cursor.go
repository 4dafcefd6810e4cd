package items

import (
	"encoding/base64"
	"encoding/json"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Cursors make the text with which a client asks for the next page. It is signed, and good for the list it came from
// alone: it is handed to the database as a key, so nobody may write one.
type Cursors struct{ Keys auth.Keys }

const (
	signatureBytes = 32
	// maxCursor bounds what is decoded; ours have at most about 400 characters.
	maxCursor = 1024
)

// Make gives the cursor behind key of the list, or "" for no key.
func (c Cursors) Make(list string, key map[string]string) (string, error) {
	if len(key) == 0 {
		return "", nil
	}
	text, err := json.Marshal(key)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(c.Keys.Sign(signed(list, text)), text...)), nil
}

// Read gives the key of a cursor of the list.
func (c Cursors) Read(list, cursor string) (map[string]string, error) {
	if cursor == "" {
		return nil, nil
	}
	bad := fault.Fields(fault.Field{Field: "cursor", Rule: "is one that this list gave", Hint: "leave it out to begin with the first page"})
	if len(cursor) > maxCursor {
		return nil, bad
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= signatureBytes {
		return nil, bad
	}
	text := raw[signatureBytes:]
	if !c.Keys.Verify(signed(list, text), raw[:signatureBytes]) {
		return nil, bad
	}
	var key map[string]string
	if err := json.Unmarshal(text, &key); err != nil || len(key) == 0 {
		return nil, bad
	}
	return key, nil
}

// signed binds the key to its list; the length keeps the two apart.
func signed(list string, text []byte) []byte {
	return append(append([]byte(list), 0), text...)
}
