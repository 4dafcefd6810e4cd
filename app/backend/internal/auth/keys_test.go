package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oldKey = "old-key-old-key-old-key-old-key-old"
	newKey = "new-key-new-key-new-key-new-key-new"
)

func keys(t testing.TB, value string) Keys {
	t.Helper()
	k, err := ParseKeys("KEY", value, 32)
	require.NoError(t, err)
	return k
}

func TestParseKeys(t *testing.T) {
	for name, c := range map[string]struct{ value, wanted string }{
		"plain":            {newKey, ""},
		"both":             {`{"current":"` + newKey + `","previous":"` + oldKey + `"}`, ""},
		"one in an object": {`{"current":"` + newKey + `"}`, ""},
		"short":            {"short", "has 5 bytes, and needs 32"},
		"empty":            {"", "has 0 bytes"},
		"short previous":   {`{"current":"` + newKey + `","previous":"short"}`, "previous key has 5"},
		"the same":         {`{"current":"` + newKey + `","previous":"` + newKey + `"}`, "no rotation"},
		"broken":           {`{"current":"` + newKey, "is not the object"},
		"other field":      {`{"key":"` + newKey + `"}`, "is not the object"},
		"more behind it":   {`{"current":"` + newKey + `"} x`, "something after"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKeys("KEY", c.value, 32)
			if c.wanted == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wanted)
			assert.Contains(t, err.Error(), "KEY")
			assert.NotContains(t, err.Error(), newKey)
		})
	}
}

func TestBothKeysAreAccepted(t *testing.T) {
	before, both, after := keys(t, oldKey), keys(t, `{"current":"`+newKey+`","previous":"`+oldKey+`"}`), keys(t, newKey)
	assert.True(t, both.Matches(oldKey))
	assert.True(t, both.Matches(newKey))
	assert.False(t, both.Matches(""))
	assert.False(t, both.Matches(newKey+"x"))
	assert.False(t, after.Matches(oldKey))
	message := []byte("message")
	assert.True(t, both.Verify(message, before.Sign(message)))
	assert.True(t, after.Verify(message, both.Sign(message)), "the current key signs")
	assert.False(t, after.Verify(message, before.Sign(message)))
	assert.False(t, both.For("a").Verify(message, both.For("b").Sign(message)), "one purpose is no other")
	assert.True(t, both.For("a").Verify(message, before.For("a").Sign(message)))
}

func FuzzParseKeys(f *testing.F) {
	for _, seed := range []string{"", newKey, `{"current":"` + newKey + `"}`, `{"current":1}`, "{}", "{", "null", strings.Repeat("{", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		k, err := ParseKeys("KEY", value, 32)
		if err != nil {
			if len(value) > 12 && strings.Contains(err.Error(), value) {
				t.Fatal("the error holds the value")
			}
			return
		}
		if len(k.current) < 32 || !k.Matches(string(k.current)) {
			t.Fatal("a key that is too short, or does not match itself")
		}
	})
}
