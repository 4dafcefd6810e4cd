package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

const (
	issuer = "itrack"
	// maxToken bounds what is parsed; ours have about 300 bytes.
	maxToken = 2048
	// skew is how far the clocks of two tasks may be apart.
	skew = 5 * time.Second
)

// Tokens makes and checks the tokens of people: JWT, HS256. A token holds the account and its role, so that checking one
// asks no database; a changed role counts from the next token on, after Life at the latest.
type Tokens struct {
	Keys Keys
	// Audience is the environment: a token of staging is worth nothing in production, even with the same key.
	Audience string
	Life     time.Duration
	Now      func() time.Time
}

type claims struct {
	jwt.RegisteredClaims
	Role Role `json:"role"`
}

// Make gives a token for the principal, and the time at which it ends.
func (t *Tokens) Make(p Principal) (string, time.Time, error) {
	now := t.Now().Truncate(time.Second)
	ends := now.Add(t.Life)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{t.Audience}, Subject: p.ID,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(ends),
		},
		Role: p.Role,
	}).SignedString(t.Keys.signing(now))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing a token: %w", err)
	}
	return signed, ends, nil
}

// Check gives the principal of a token. The algorithm is ours and never the token's choice: `none` and every other one is
// refused before a key is looked at.
func (t *Tokens) Check(token string) (Principal, error) {
	if len(token) > maxToken {
		return Principal{}, badToken(errors.New("too long"))
	}
	var found claims
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(t.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(skew), jwt.WithTimeFunc(t.Now), jwt.WithStrictDecoding(),
	).ParseWithClaims(token, &found, func(*jwt.Token) (any, error) {
		var set jwt.VerificationKeySet
		for _, key := range t.Keys.accepted() {
			set.Keys = append(set.Keys, key)
		}
		return set, nil
	})
	if errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return Principal{}, fault.New(fault.Unauthenticated, "token-expired", "the token has expired; sign in again")
	}
	if err != nil {
		return Principal{}, badToken(err)
	}
	if found.Subject == "" || (found.Role != Member && found.Role != Manager) {
		return Principal{}, badToken(errors.New("no account or no role"))
	}
	return Principal{ID: found.Subject, Role: found.Role}, nil
}

// badToken does not say what is wrong: whoever made the token knows, and nobody else needs to.
func badToken(cause error) error {
	refused := fault.New(fault.Unauthenticated, "token-invalid", "the token is not one of this service; sign in again")
	refused.Cause = cause
	return refused
}
