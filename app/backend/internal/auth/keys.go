// Package auth proves who asks: tokens signed with jwt_secret for people, api_key for machines, passwords as argon2id.
package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Keys are one secret, or two during a rotation: what is signed uses one, what is checked may use either.
//
// A secret's value is either the key itself, or, where it begins with a brace, a JSON object with both keys:
//
//	{"current": "the new key", "previous": "the old key", "from": "2026-01-02T15:04:05Z"}
//
// A rotation: write both keys into the secret and deploy; when the last thing signed with the old key has expired (tokens:
// an hour after "from", machines: when they use the new one), write the new key alone and deploy again.
//
// "from" may be left out: then the current key signs at once. It is there because a deployment takes its time: a task of before
// knows the old key alone, and refuses what one of after has signed with the new one. Until "from" every task signs with the old
// key, which all of them accept.
type Keys struct {
	current, previous []byte
	from              time.Time
}

// ParseKeys reads a secret's value; name is the variable that holds it, least the shortest key in bytes. Its errors never
// hold the value.
func ParseKeys(name, value string, least int) (Keys, error) {
	keys := Keys{current: []byte(value)}
	if strings.HasPrefix(strings.TrimSpace(value), "{") {
		var both struct {
			Current  string     `json:"current"`
			Previous string     `json:"previous"`
			From     *time.Time `json:"from"`
		}
		decoder := json.NewDecoder(strings.NewReader(value))
		decoder.DisallowUnknownFields()
		if decoder.Decode(&both) != nil { // the error would quote the value
			return Keys{}, fmt.Errorf(`%s begins with a brace and is not the object {"current": …, "previous": …, "from": …}, whose from is a time such as 2026-01-02T15:04:05Z and may be left out; write that, or the key alone`, name)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return Keys{}, fmt.Errorf("%s has something after its JSON object; remove it", name)
		}
		keys.current = []byte(both.Current)
		if both.Previous != "" {
			keys.previous = []byte(both.Previous)
		}
		if both.From != nil {
			if keys.previous == nil {
				return Keys{}, fmt.Errorf("%s has a from and no previous key: nothing could sign until then; leave from out", name)
			}
			keys.from = *both.From
		}
	}
	if len(keys.current) < least {
		return Keys{}, fmt.Errorf("%s: the current key has %d bytes, and needs %d at least; make it with create-secrets", name, len(keys.current), least)
	}
	if keys.previous != nil && len(keys.previous) < least {
		return Keys{}, fmt.Errorf("%s: the previous key has %d bytes, and needs %d at least; leave it out when the rotation is over", name, len(keys.previous), least)
	}
	if bytes.Equal(keys.current, keys.previous) {
		return Keys{}, fmt.Errorf("%s: current and previous are the same key; that is no rotation", name)
	}
	return keys, nil
}

// signing is the key to sign with.
func (k Keys) signing(now time.Time) []byte {
	if now.Before(k.from) {
		return k.previous
	}
	return k.current
}

// accepted are the keys to check with, the current one first.
func (k Keys) accepted() [][]byte {
	if k.previous == nil {
		return [][]byte{k.current}
	}
	return [][]byte{k.current, k.previous}
}

// Matches says whether given is one of the keys. Its time tells neither how much was right nor which key it was: digests
// of one length are compared, all of them.
func (k Keys) Matches(given string) bool {
	digest, found := sha256.Sum256([]byte(given)), 0
	for _, key := range k.accepted() {
		wanted := sha256.Sum256(key)
		found |= subtle.ConstantTimeCompare(digest[:], wanted[:])
	}
	return found == 1
}

// For makes keys for another purpose out of these, so that what is signed for one can't be used for the other.
func (k Keys) For(purpose string) Keys {
	derived := Keys{current: mac(k.current, []byte(purpose)), from: k.from}
	if k.previous != nil {
		derived.previous = mac(k.previous, []byte(purpose))
	}
	return derived
}

// Sign is the message's HMAC-SHA256 with the key that signs now.
func (k Keys) Sign(message []byte) []byte { return mac(k.signing(time.Now()), message) }

// Verify says whether one of the keys signed the message.
func (k Keys) Verify(message, signature []byte) bool {
	found := false
	for _, key := range k.accepted() {
		found = hmac.Equal(mac(key, message), signature) || found
	}
	return found
}

func mac(key, message []byte) []byte {
	hash := hmac.New(sha256.New, key)
	hash.Write(message)
	return hash.Sum(nil)
}
