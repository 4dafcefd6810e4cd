// Package accounts knows the people: sign up, sign in, roles.
package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Account is one person.
type Account struct {
	// ID: 26 characters of base32, in lower case.
	ID    string
	Email string
	Name  string
	Role  auth.Role
	// Created is in UTC, in milliseconds.
	Created time.Time
}

// Store keeps accounts. Not found is a fault of the kind NotFound, a taken address one of the kind Conflict.
type Store interface {
	Create(ctx context.Context, account Account, hash string) error
	ByEmail(ctx context.Context, email string) (account Account, hash string, err error)
	ByID(ctx context.Context, id string) (Account, error)
	SetRole(ctx context.Context, id string, role auth.Role) error
	// Rehash replaces the hash of a password, where it is still the one before.
	Rehash(ctx context.Context, id, before, after string) error
	// Blocked is until when the subject is blocked, and counts nothing; zero where it is not.
	Blocked(ctx context.Context, subject [sha256.Size]byte, now time.Time) (blocked time.Time, err error)
	// Attempt counts a sign-in as failed right before the password is looked at, so that many at once count too. While the
	// subject is blocked it gives the time until when, and counts nothing.
	Attempt(ctx context.Context, subject [sha256.Size]byte, now time.Time) (blocked time.Time, err error)
	// SignedIn forgets the subject's failures, and notes when the account was used last.
	SignedIn(ctx context.Context, subject [sha256.Size]byte, id string, now time.Time) error
}

// Failures in a row before an address is blocked, and for how long: half a minute, doubled with each further failure. The
// longest block bounds what a stranger can do to somebody by guessing in their name.
const (
	freeFailures = 5
	firstBlock   = 30 * time.Second
	longestBlock = 15 * time.Minute
	// forgetAfter: failures older than this count no more.
	forgetAfter = 24 * time.Hour
)

// BlockAfter is how long an address is blocked after so many failures in a row.
func BlockAfter(failures int) time.Duration {
	if failures < freeFailures {
		return 0
	}
	return min(firstBlock<<min(failures-freeFailures, 10), longestBlock)
}

// Service is what may be done with accounts.
type Service struct {
	Store  Store
	Hasher *auth.Hasher
	Tokens *auth.Tokens
	Now    func() time.Time
	// Closed: only managers and machines make accounts.
	Closed bool
}

// SignUp is what somebody says who wants an account.
type SignUp struct {
	Email    string `json:"email"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

const (
	leastPassword = 12
	mostPassword  = 128
	mostEmail     = 254
	mostName      = 100
)

var emailForm = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// NormalEmail is the address in the form in which it is kept and looked up, or "" where it is none.
func NormalEmail(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > mostEmail {
		return ""
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || !emailForm.MatchString(email) {
		return ""
	}
	return email
}

// PlainText says whether text is a single line without control characters, between least and most characters long.
func PlainText(text string, least, most int) bool {
	length := utf8.RuneCountInString(text)
	return utf8.ValidString(text) && length >= least && length <= most && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	})
}

// SignUp makes an account with the role of a member. Who asks is nobody (nil) where accounts are open.
func (s *Service) SignUp(ctx context.Context, by *auth.Principal, wanted SignUp) (Account, error) {
	if s.Closed && (by == nil || !by.Everything()) {
		return Account{}, fault.New(fault.Forbidden, "sign-up-closed", "accounts are made by a manager here; ask one")
	}
	account := Account{ID: newID(), Email: NormalEmail(wanted.Email), Name: strings.TrimSpace(wanted.Name), Role: auth.Member, Created: s.Now().UTC().Truncate(time.Millisecond)}
	var broken []fault.Field
	if account.Email == "" {
		broken = append(broken, fault.Field{Field: "email", Rule: "is an e-mail address of at most 254 characters", Hint: "such as ada@example.com"})
	}
	if !PlainText(account.Name, 1, mostName) {
		broken = append(broken, fault.Field{Field: "name", Rule: "is one line of 1 to 100 characters"})
	}
	if length := utf8.RuneCountInString(wanted.Password); length < leastPassword || length > mostPassword || !utf8.ValidString(wanted.Password) {
		broken = append(broken, fault.Field{Field: "password", Rule: "has 12 to 128 characters", Hint: "a few words make a good one"})
	} else if strings.EqualFold(wanted.Password, account.Email) || strings.EqualFold(wanted.Password, account.Name) {
		broken = append(broken, fault.Field{Field: "password", Rule: "is neither the address nor the name"})
	}
	if err := fault.Fields(broken...); err != nil {
		return Account{}, err
	}
	hash, err := s.Hasher.Hash(ctx, wanted.Password)
	if err != nil {
		return Account{}, err
	}
	if err := s.Store.Create(ctx, account, hash); err != nil {
		return Account{}, err
	}
	return account, nil
}

// Session is a successful sign-in.
type Session struct {
	Account Account
	Token   string
	Ends    time.Time
}

// SignIn checks a password. No account, a wrong password and a malformed address get the same answer after the same work.
func (s *Service) SignIn(ctx context.Context, email, password string) (Session, error) {
	now := s.Now().UTC()
	normal := NormalEmail(email)
	subject := sha256.Sum256([]byte("sign-in\x00" + strings.ToLower(strings.TrimSpace(email))))
	// Who is blocked takes nobody's turn to hash.
	until, err := s.Store.Blocked(ctx, subject, now)
	if err != nil {
		return Session{}, err
	}
	if !until.IsZero() {
		return Session{}, blocked(until, now)
	}
	account, hash, err := s.Store.ByEmail(ctx, normal)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, err
	}
	if utf8.RuneCountInString(password) > mostPassword {
		hash = "" // longer than any password: refused after the same work, on a shorter text
		password = ""
	}
	// Counted when nothing but the hashing is left to do: who is told to come back, since many sign in at once or the database
	// is away, has had no guess.
	good, err := s.Hasher.Verify(ctx, password, hash, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, countPatience)
		defer cancel()
		now = s.Now().UTC() // it may have waited
		until, err := s.Store.Attempt(ctx, subject, now)
		if err == nil && !until.IsZero() {
			return blocked(until, now)
		}
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if !good {
		return Session{}, fault.New(fault.Unauthenticated, "sign-in-failed", "address and password do not belong together")
	}
	if err := s.Store.SignedIn(ctx, subject, account.ID, now); err != nil {
		return Session{}, err
	}
	s.renew(ctx, account.ID, password, hash)
	token, ends, err := s.Tokens.Make(auth.Principal{ID: account.ID, Role: account.Role})
	if err != nil {
		return Session{}, err
	}
	return Session{Account: account, Token: token, Ends: ends}, nil
}

// countPatience bounds how long a sign-in holds its turn to hash while it is counted: others wait for the turn.
const countPatience = 2 * time.Second

// renewPatience bounds how much later a sign-in is answered for a new hash.
const renewPatience = 200 * time.Millisecond

func blocked(until, now time.Time) error {
	return &fault.Error{
		Kind: fault.Throttled, Code: "sign-in-blocked", Retry: until.Sub(now),
		Detail: "too many failed sign-ins for this address; wait as long as Retry-After says",
	}
}

// renew hashes the password at today's cost where its hash was made at a lower one. A sign-in does not fail for it: the next
// one tries again, and so it is where others wait for their turn.
func (s *Service) renew(ctx context.Context, id, password, before string) {
	if !s.Hasher.Outdated(before) {
		return
	}
	soon, cancel := context.WithTimeout(ctx, renewPatience)
	defer cancel()
	if after, err := s.Hasher.Hash(soon, password); err == nil {
		_ = s.Store.Rehash(ctx, id, before, after)
	}
}

// SetRole makes somebody a member or a manager. Nobody changes their own role: the last manager could else lock all out.
func (s *Service) SetRole(ctx context.Context, by auth.Principal, id string, role auth.Role) (Account, error) {
	if role != auth.Member && role != auth.Manager {
		return Account{}, fault.Fields(fault.Field{Field: "role", Rule: "is member or manager"})
	}
	if by.ID == id {
		return Account{}, fault.New(fault.Forbidden, "own-role", "nobody changes their own role; ask another manager, or use the API key")
	}
	if err := s.Store.SetRole(ctx, id, role); err != nil {
		return Account{}, err
	}
	return s.Store.ByID(ctx, id)
}

// NotFound is the fault for an account that does not exist.
func NotFound() error { return fault.New(fault.NotFound, "no-account", "there is no such account") }

// Taken is the fault for an address that has an account.
func Taken() error {
	return fault.New(fault.Conflict, "address-taken", "there is an account with this address; sign in instead")
}

// newID is 130 bits at random in base32: ids of accounts can't be guessed.
func newID() string { return strings.ToLower(rand.Text()) }
