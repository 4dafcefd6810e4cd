package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func tokens(k Keys, now time.Time) *Tokens {
	return &Tokens{Keys: k, Audience: "itrack-test", Life: time.Hour, Now: func() time.Time { return now }}
}

func TestTokens(t *testing.T) {
	ours := tokens(keys(t, newKey), noon)
	token, ends, err := ours.Make(Principal{ID: "someone", Role: Manager})
	require.NoError(t, err)
	assert.Equal(t, noon.Add(time.Hour), ends)
	by, err := ours.Check(token)
	require.NoError(t, err)
	assert.Equal(t, Principal{ID: "someone", Role: Manager}, by)

	expired, _, err := tokens(keys(t, newKey), noon.Add(-2*time.Hour)).Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)
	future, _, err := tokens(keys(t, newKey), noon.Add(2*time.Hour)).Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)
	foreign, _, err := tokens(keys(t, oldKey), noon).Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)
	foreignExpired, _, err := tokens(keys(t, oldKey), noon.Add(-2*time.Hour)).Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)
	machine, _, err := ours.Make(Principal{ID: "someone", Role: Machine})
	require.NoError(t, err)
	other := tokens(keys(t, newKey), noon)
	other.Audience = "itrack-production"
	audience, _, err := other.Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)

	good := jwt.MapClaims{"iss": issuer, "aud": "itrack-test", "sub": "x", "role": "manager", "exp": noon.Add(time.Hour).Unix()}
	sign := func(method jwt.SigningMethod, claims jwt.MapClaims, key any) string {
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return text
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	without := func(name string) jwt.MapClaims {
		claims := jwt.MapClaims{}
		for key, value := range good {
			if key != name {
				claims[key] = value
			}
		}
		return claims
	}
	parts := strings.Split(token, ".")
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"itrack","aud":"itrack-test","sub":"x","role":"manager","exp":99999999999}`))
	_, err = ours.Check(sign(jwt.SigningMethodHS256, good, []byte(newKey)))
	require.NoError(t, err)
	for name, c := range map[string]struct{ token, code string }{
		"none":                        {sign(jwt.SigningMethodNone, good, jwt.UnsafeAllowNoneSignatureType), "token-invalid"},
		"none by hand":                {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + payload + ".", "token-invalid"},
		"None by hand":                {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"None"}`)) + "." + payload + "." + parts[2], "token-invalid"},
		"another hash":                {sign(jwt.SigningMethodHS512, good, []byte(newKey)), "token-invalid"},
		"another kind":                {sign(jwt.SigningMethodRS256, good, private), "token-invalid"},
		"another key":                 {foreign, "token-invalid"},
		"another key and expired":     {foreignExpired, "token-invalid"},
		"another payload":             {parts[0] + "." + payload + "." + parts[2], "token-invalid"},
		"no signature":                {parts[0] + "." + parts[1] + ".", "token-invalid"},
		"another environment":         {audience, "token-invalid"},
		"of the future":               {future, "token-invalid"},
		"a machine's role":            {machine, "token-invalid"},
		"no audience":                 {sign(jwt.SigningMethodHS256, without("aud"), []byte(newKey)), "token-invalid"},
		"no end":                      {sign(jwt.SigningMethodHS256, without("exp"), []byte(newKey)), "token-invalid"},
		"no issuer":                   {sign(jwt.SigningMethodHS256, without("iss"), []byte(newKey)), "token-invalid"},
		"no account":                  {sign(jwt.SigningMethodHS256, without("sub"), []byte(newKey)), "token-invalid"},
		"no role":                     {sign(jwt.SigningMethodHS256, without("role"), []byte(newKey)), "token-invalid"},
		"too long":                    {token + strings.Repeat("a", maxToken), "token-invalid"},
		"nothing":                     {"", "token-invalid"},
		"expired":                     {expired, "token-expired"},
		"more than one way to encode": {strings.TrimRight(token, "AQgw") + "B=", "token-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ours.Check(c.token)
			var refused *fault.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, fault.Unauthenticated, refused.Kind)
			assert.Equal(t, c.code, refused.Code)
		})
	}
}

func TestTokensDuringARotation(t *testing.T) {
	both := keys(t, `{"current":"`+newKey+`","previous":"`+oldKey+`"}`)
	for name, value := range map[string]string{"previous": oldKey, "current": newKey} {
		token, _, err := tokens(keys(t, value), noon).Make(Principal{ID: "someone", Role: Member})
		require.NoError(t, err)
		_, err = tokens(both, noon).Check(token)
		assert.NoError(t, err, name)
	}
	token, _, err := tokens(both, noon).Make(Principal{ID: "someone", Role: Member})
	require.NoError(t, err)
	_, err = tokens(keys(t, newKey), noon).Check(token)
	require.NoError(t, err, "the current key signs")
}

func FuzzCheck(f *testing.F) {
	ours := tokens(keys(f, newKey), noon)
	token, _, err := ours.Make(Principal{ID: "someone", Role: Member})
	require.NoError(f, err)
	for _, seed := range []string{"", "a.b.c", token, token + ".", "..", "eyJhbGciOiJub25lIn0.e30.", strings.Repeat(".", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		by, err := ours.Check(given)
		if err == nil && (given != token || by.ID != "someone") {
			t.Fatalf("%q passed", given)
		}
	})
}
