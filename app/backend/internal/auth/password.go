package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Cost is what one argon2id hash costs.
type Cost struct {
	// MemoryKiB, Passes, Lanes are argon2's m, t, p.
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultCost is OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
// Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
var DefaultCost = Cost{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltBytes = 16
	hashBytes = 32
	// mostMemoryKiB bounds what one hash of the database may take: room for a cost raised threefold, and with two at a time
	// still a quarter of the smallest task.
	mostMemoryKiB = 64 * 1024
	// maxEncoded bounds what is parsed; ours have 97 characters.
	maxEncoded = 200
)

// Hasher makes and checks hashes, a few at once: each takes its memory, and a crowd of sign-ins would else take the task's.
type Hasher struct {
	cost  Cost
	slots chan struct{}
	wait  time.Duration
	// nobody is checked where there is no account, so that this takes as long as where there is one.
	nobody string
}

// NewHasher makes one which hashes at most atOnce passwords at a time; others wait for their turn, for wait at most.
func NewHasher(cost Cost, atOnce int, wait time.Duration) *Hasher {
	h := &Hasher{cost: cost, slots: make(chan struct{}, atOnce), wait: wait}
	// No password has this hash: it is random.
	h.nobody = encode(cost, random(saltBytes), random(hashBytes))
	return h
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// Hash gives the password's hash with its cost and salt, in the form $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := random(saltBytes)
	return encode(h.cost, salt, argon2.IDKey([]byte(password), salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, hashBytes)), nil
}

// Verify says whether the password has this hash; an empty one stands for an account that does not exist: that takes the
// same time, and is never true. Where before is given, it is called once it is this one's turn, and the password is looked at
// only where that gives no error: a guess that finds no turn is none, and must not be counted as one.
func (h *Hasher) Verify(ctx context.Context, password, encoded string, before func(ctx context.Context) error) (bool, error) {
	if encoded == "" {
		encoded = h.nobody
	}
	cost, salt, wanted, err := decode(encoded)
	if err != nil {
		return false, err
	}
	release, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	if before != nil {
		if err := before(ctx); err != nil {
			return false, err
		}
	}
	found := argon2.IDKey([]byte(password), salt, cost.Passes, cost.MemoryKiB, cost.Lanes, uint32(len(wanted)))
	return subtle.ConstantTimeCompare(found, wanted) == 1, nil
}

// Outdated says whether a hash was made at less than today's cost: it is made anew when its password is at hand. One that
// cost more stays: a newer release, which runs beside this one, has made it.
func (h *Hasher) Outdated(encoded string) bool {
	cost, _, _, err := decode(encoded)
	return err == nil && cost.MemoryKiB <= h.cost.MemoryKiB && cost.Passes <= h.cost.Passes &&
		(cost.MemoryKiB < h.cost.MemoryKiB || cost.Passes < h.cost.Passes)
}

// turn waits for a slot.
func (h *Hasher) turn(ctx context.Context) (release func(), err error) {
	free := func() { <-h.slots }
	if ctx.Err() == nil {
		select {
		case h.slots <- struct{}{}: // a free one is taken also where the wait is over before anybody looks
			return free, nil
		default:
		}
	}
	ctx, cancel := context.WithTimeout(ctx, h.wait)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		return free, nil
	case <-ctx.Done():
		return nil, &fault.Error{
			Kind: fault.Unavailable, Code: "busy", Detail: "too many people sign in at the moment; try again", Retry: 2 * time.Second, Cause: ctx.Err(),
		}
	}
}

func encode(cost Cost, salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.MemoryKiB, cost.Passes, cost.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(hash))
}

var errHash = errors.New("reading a password hash: it is not argon2id in the form that this program writes; set the account's password again")

// decode reads a hash. Its cost is bounded: a row that somebody wrote by hand must not take all memory.
func decode(encoded string) (Cost, []byte, []byte, error) {
	parts := strings.Split(encoded, "$")
	if len(encoded) > maxEncoded || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return Cost{}, nil, nil, errHash
	}
	fields := strings.Split(parts[3], ",")
	if len(fields) != 3 {
		return Cost{}, nil, nil, errHash
	}
	var numbers [3]uint64
	for i, bound := range []struct {
		prefix      string
		least, most uint64
	}{{"m=", 8, mostMemoryKiB}, {"t=", 1, 16}, {"p=", 1, 16}} {
		text, ok := strings.CutPrefix(fields[i], bound.prefix)
		number, err := strconv.ParseUint(text, 10, 32)
		if !ok || err != nil || number < bound.least || number > bound.most {
			return Cost{}, nil, nil, errHash
		}
		numbers[i] = number
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return Cost{}, nil, nil, errHash
	}
	hash, err := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err != nil || len(hash) < 16 {
		return Cost{}, nil, nil, errHash
	}
	return Cost{MemoryKiB: uint32(numbers[0]), Passes: uint32(numbers[1]), Lanes: uint8(numbers[2])}, salt, hash, nil
}
