package auth

import (
	"strings"
	"testing"
	"time"

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
		"both, and when":   {`{"current":"` + newKey + `","previous":"` + oldKey + `","from":"2026-01-02T15:04:05Z"}`, ""},
		"no such time":     {`{"current":"` + newKey + `","previous":"` + oldKey + `","from":"tomorrow"}`, "whose from is a time"},
		"from of nothing":  {`{"current":"` + newKey + `","from":"2026-01-02T15:04:05Z"}`, "has a from and no previous key"},
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

// A task of before the rotation accepts what one of after signs until "from", and one of after accepts all that was signed.
func TestTheOldKeySignsUntilFrom(t *testing.T) {
	from := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	before, both, after := keys(t, oldKey), keys(t, `{"current":"`+newKey+`","previous":"`+oldKey+`","from":"2026-01-02T15:04:05Z"}`), keys(t, newKey)
	at := func(k Keys, now time.Time) *Tokens {
		return &Tokens{Keys: k, Audience: "test", Life: time.Hour, Now: func() time.Time { return now }}
	}
	for name, c := range map[string]struct {
		now           time.Time
		before, after bool
	}{
		"a second before": {from.Add(-time.Second), true, false},
		"from":            {from, false, true},
		"later":           {from.Add(time.Hour), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			token, _, err := at(both, c.now).Make(Principal{ID: "1", Role: Member})
			require.NoError(t, err)
			_, err = at(both, c.now).Check(token)
			require.NoError(t, err)
			_, err = at(before, c.now).Check(token)
			require.Equal(t, c.before, err == nil, "a task of before: %v", err)
			_, err = at(after, c.now).Check(token)
			require.Equal(t, c.after, err == nil, "a task of after: %v", err)
		})
	}
	message, future := []byte("message"), time.Now().Add(time.Hour).Format(time.RFC3339)
	soon := keys(t, `{"current":"`+newKey+`","previous":"`+oldKey+`","from":"`+future+`"}`).For("cursors")
	assert.True(t, before.For("cursors").Verify(message, soon.Sign(message)), "cursors are signed in the same way")
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
