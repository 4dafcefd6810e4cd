package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/auth"
)

// The life of an item, by the people who take part in it.
func TestTheLifeOfAnItem(t *testing.T) {
	p := newPlace(t)
	_, manager := p.person("grace", auth.Manager)
	ada, member := p.person("ada", auth.Member)
	made := p.ask("POST", "/api/items", `{"type":"laptop","serial":"A1","place":"Room 1"}`, bearer(manager))
	require.Equal(t, http.StatusCreated, made.Code, made.Body.String())
	assert.Equal(t, `"1"`, made.Header().Get("ETag"))
	path := "/api/items/" + made.json()["id"].(string)
	assert.Equal(t, path, made.Header().Get("Location"))
	assert.Equal(t, http.StatusConflict, p.ask("POST", "/api/items", `{"type":"laptop","serial":"A1"}`, bearer(manager)).Code)

	assert.Equal(t, http.StatusNotFound, p.ask("GET", path, "", bearer(member)).Code, "not hers: it does not exist for her")
	without := p.ask("POST", path+"/assign", `{"holder":"`+ada+`"}`, bearer(manager))
	assert.Equal(t, http.StatusPreconditionRequired, without.Code)
	stale := p.ask("POST", path+"/assign", `{"holder":"`+ada+`"}`, bearer(manager), match(`"7"`))
	assert.Equal(t, http.StatusPreconditionFailed, stale.Code)
	nobody := p.ask("POST", path+"/assign", `{"holder":"`+strings.Repeat("a", 26)+`"}`, bearer(manager), match(`"1"`))
	assert.Equal(t, http.StatusBadRequest, nobody.Code)
	assigned := p.ask("POST", path+"/assign", `{"holder":"`+ada+`"}`, bearer(manager), match(`"1"`))
	require.Equal(t, http.StatusOK, assigned.Code, assigned.Body.String())
	assert.Equal(t, `"2"`, assigned.Header().Get("ETag"))
	again := p.ask("POST", path+"/assign", `{"holder":"`+ada+`"}`, bearer(manager), match(`"2"`))
	assert.Equal(t, "status-not-allowed", again.code())

	mine := p.ask("GET", "/api/items", "", bearer(member)).json()["items"].([]any)
	require.Len(t, mine, 1)
	assert.Equal(t, http.StatusOK, p.ask("PATCH", path, `{"place":"At home"}`, bearer(member), match(`"2"`)).Code)
	assert.Equal(t, http.StatusForbidden, p.ask("POST", path+"/retire", "", bearer(member), match("*")).Code)
	assert.Equal(t, http.StatusForbidden, p.ask("GET", path+"/history", "", bearer(member)).Code)
	returned := p.ask("POST", path+"/return", "", bearer(member), match("*"))
	require.Equal(t, http.StatusOK, returned.Code, returned.Body.String())
	assert.NotContains(t, returned.json(), "holder")
	assert.Equal(t, http.StatusNotFound, p.ask("PATCH", path, `{"place":"Mine"}`, bearer(member), match("*")).Code, "hers no more")
	assert.Equal(t, http.StatusNotFound, p.ask("POST", path+"/return", "", bearer(member), match("*")).Code)

	assert.Equal(t, http.StatusOK, p.ask("POST", path+"/repair", `{}`, bearer(manager), match(`"4"`)).Code)
	assert.Equal(t, http.StatusOK, p.ask("POST", path+"/retire", "", machine(), match("*")).Code)
	assert.Equal(t, http.StatusConflict, p.ask("PATCH", path, `{"place":"x"}`, machine(), match("*")).Code)
	events := p.ask("GET", path+"/history?limit=4", "", bearer(manager)).json()
	require.Len(t, events["events"], 4)
	rest := p.ask("GET", path+"/history?cursor="+events["next"].(string), "", bearer(manager)).json()
	require.Len(t, rest["events"], 2)
	assert.NotContains(t, rest, "next")
	assert.NotContains(t, rest["events"].([]any)[1], "before", "the first change made it")
	assert.Equal(t, http.StatusNotFound, p.ask("GET", "/api/items/"+strings.Repeat("a", 26)+"/history", "", machine()).Code)
}

func TestIdempotencyKeys(t *testing.T) {
	p := newPlace(t)
	_, manager := p.person("grace", auth.Manager)
	body, key := `{"type":"laptop","serial":"A1"}`, header("Idempotency-Key", "one-request")
	first := p.ask("POST", "/api/items", body, bearer(manager), key)
	require.Equal(t, http.StatusCreated, first.Code)
	assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
	second := p.ask("POST", "/api/items", body, bearer(manager), key)
	require.Equal(t, http.StatusCreated, second.Code)
	assert.Equal(t, "true", second.Header().Get("Idempotency-Replayed"))
	assert.JSONEq(t, first.Body.String(), second.Body.String())
	other := p.ask("POST", "/api/items", `{"type":"laptop","serial":"A2"}`, bearer(manager), key)
	assert.Equal(t, http.StatusConflict, other.Code)
	assert.Equal(t, "idempotency-key-reused", other.code())
	assert.Equal(t, "item-exists", p.ask("POST", "/api/items", body, bearer(manager), header("Idempotency-Key", "another-request")).code())
	assert.Equal(t, "item-exists", p.ask("POST", "/api/items", body, machine(), key).code(), "somebody else's key is another one")
	for _, bad := range []string{"short", strings.Repeat("a", 129), "with space", "ünicode-key"} {
		assert.Equal(t, http.StatusBadRequest, p.ask("POST", "/api/items", body, machine(), header("Idempotency-Key", bad)).Code, bad)
	}
}

func TestListsAndCursors(t *testing.T) {
	p := newPlace(t)
	for i := range 5 {
		p.item(fmt.Sprint("A", i))
	}
	first := p.ask("GET", "/api/items?type=laptop&status=available&limit=2", "", machine()).json()
	next := first["next"].(string)
	assert.Len(t, first["items"], 2)
	assert.Len(t, p.ask("GET", "/api/items?type=laptop&status=available&limit=3&cursor="+next, "", machine()).json()["items"], 3)
	_, member := p.person("ada", auth.Member)
	for path, status := range map[string]int{
		"?type=laptop&cursor=" + next:        http.StatusBadRequest, // another list's
		"?cursor=AAAA":                       http.StatusBadRequest,
		"?limit=0":                           http.StatusBadRequest,
		"?limit=1e2":                         http.StatusBadRequest,
		"?limit=201":                         http.StatusBadRequest,
		"?status=available":                  http.StatusBadRequest,
		"?type=laptop&status=lost":           http.StatusBadRequest,
		"?type=Laptop":                       http.StatusBadRequest,
		"?type=laptop&type=phone":            http.StatusBadRequest,
		"?color=red":                         http.StatusBadRequest,
		"?type=laptop;status=available":      http.StatusBadRequest,
		"?type=%ff":                          http.StatusBadRequest,
		"?type=%zz":                          http.StatusBadRequest,
		"?holder=' OR 1=1":                   http.StatusBadRequest,
		"?holder=" + strings.Repeat("a", 26): http.StatusOK,
		"?holder=" + strings.Repeat("a", 26) + "&type=laptop": http.StatusBadRequest,
	} {
		found := p.ask("GET", "/api/items"+strings.ReplaceAll(path, " ", "%20"), "", machine())
		assert.Equal(t, status, found.Code, path)
	}
	assert.Equal(t, http.StatusForbidden, p.ask("GET", "/api/items?holder="+strings.Repeat("a", 26), "", bearer(member)).Code)
	assert.Equal(t, http.StatusForbidden, p.ask("GET", "/api/items?type=laptop", "", bearer(member)).Code)
	assert.Equal(t, http.StatusBadRequest, p.ask("GET", "/api/items?cursor="+next, "", bearer(member)).Code, "a manager's cursor leads nowhere for her")
}

func TestImportAndExport(t *testing.T) {
	p := newPlace(t)
	text := header("Content-Type", "text/csv")
	sent := func(body string) answer {
		return p.ask("POST", "/api/items/import", body, machine(), func(r *http.Request) { r.Header.Del("Content-Type") }, text)
	}
	found := sent("type,serial,place\nlaptop,A1,=1+1\nlaptop,A2,'x\nLAPTOP,A3,\nlaptop,A1,\n")
	require.Equal(t, http.StatusOK, found.Code, found.Body.String())
	report := found.json()
	assert.EqualValues(t, 2, report["created"])
	assert.EqualValues(t, 2, report["failed"])
	again := sent("type,serial\nlaptop,A1\nlaptop,A9\n").json()
	assert.EqualValues(t, 1, again["created"])
	assert.Equal(t, "exists", again["errors"].([]any)[0].(map[string]any)["code"])

	exported := p.ask("GET", "/api/items/export?type=laptop", "", machine())
	require.Equal(t, http.StatusOK, exported.Code)
	assert.Equal(t, "text/csv; charset=utf-8", exported.Header().Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(exported.Body.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	places := map[string]string{}
	for _, row := range rows[1:] {
		places[row[2]] = row[5]
	}
	assert.Equal(t, map[string]string{"A1": "'=1+1", "A2": "'x", "A9": ""}, places, "no cell is a formula")
	part := p.ask("GET", "/api/items/export?limit=2", "", machine())
	rest := p.ask("GET", "/api/items/export?cursor="+part.Header().Get("X-Next-Cursor"), "", machine())
	assert.Equal(t, 2, strings.Count(rest.Body.String(), "\n"))
	assert.Empty(t, rest.Header().Get("X-Next-Cursor"))

	fresh := newPlace(t)
	back := fresh.ask("POST", "/api/items/import", exported.Body.String(), machine(), func(r *http.Request) { r.Header.Set("Content-Type", "text/csv; charset=utf-8") })
	assert.EqualValues(t, 3, back.json()["created"], "an export can be imported: %s", back.Body)
	assert.Contains(t, fresh.ask("GET", "/api/items", "", machine()).Body.String(), `"place":"=1+1"`)

	for name, c := range map[string]struct {
		body, kind string
		status     int
		code       string
	}{
		"too large":         {"type,serial\n" + strings.Repeat("laptop,A1\n", 200_000), "text/csv", http.StatusRequestEntityTooLarge, ""},
		"too many lines":    {"type,serial\n" + strings.Repeat("laptop,A1\n", 3000), "text/csv", http.StatusRequestEntityTooLarge, "too-many-lines"},
		"a million columns": {strings.Repeat(",", 1_000_000), "text/csv", http.StatusBadRequest, "invalid-csv"},
		"quotes":            {"type,serial\n" + strings.Repeat("\"", 500_001), "text/csv", http.StatusBadRequest, "invalid-csv"},
		"JSON":              {"[]", "application/json", http.StatusUnsupportedMediaType, ""},
		"another charset":   {"type,serial\n", "text/csv; charset=utf-16", http.StatusUnsupportedMediaType, ""},
	} {
		found := p.ask("POST", "/api/items/import", c.body, machine(), func(r *http.Request) { r.Header.Set("Content-Type", c.kind) })
		assert.Equal(t, c.status, found.Code, name)
		if c.code != "" {
			assert.Equal(t, c.code, found.code(), name)
		}
	}
}

func TestStock(t *testing.T) {
	p := newPlace(t)
	p.item("A1")
	for typ, minimum := range map[string]int{"laptop": 3, "phone": 1} {
		require.Equal(t, http.StatusOK, p.ask("PUT", "/api/stock/limits/"+typ, fmt.Sprintf(`{"minimum":%d}`, minimum), machine()).Code)
	}
	assert.Len(t, p.ask("GET", "/api/stock/limits", "", machine()).json()["limits"], 2)
	assert.JSONEq(t, `{"types":[{"type":"laptop","minimum":3,"available":1},{"type":"phone","minimum":1,"available":0}]}`, p.ask("GET", "/api/stock/low", "", machine()).Body.String())
	p.item("A2")
	p.item("A3")
	assert.JSONEq(t, `{"types":[{"type":"phone","minimum":1,"available":0}]}`, p.ask("GET", "/api/stock/low", "", machine()).Body.String())
	assert.Equal(t, http.StatusNoContent, p.ask("DELETE", "/api/stock/limits/phone", "", machine()).Code)
	assert.Equal(t, http.StatusNotFound, p.ask("DELETE", "/api/stock/limits/phone", "", machine()).Code)
	for _, body := range []string{`{"minimum":0}`, `{"minimum":10001}`, `{"minimum":1.5}`, `{"minimum":"1"}`, `{}`, `{"minimum":null}`, `{"minimum":99999999999999999999}`} {
		assert.Equal(t, http.StatusBadRequest, p.ask("PUT", "/api/stock/limits/laptop", body, machine()).Code, body)
	}
	assert.Equal(t, http.StatusBadRequest, p.ask("PUT", "/api/stock/limits/Laptop", `{"minimum":1}`, machine()).Code)
}

func TestRoles(t *testing.T) {
	p := newPlace(t)
	ada, member := p.person("ada", auth.Member)
	for _, route := range p.server.Routes() {
		path := "/api" + strings.NewReplacer("{id}", ada, "{type}", "laptop").Replace(route.Path)
		for role, proof := range map[string]option{"member": bearer(member), "machine": machine()} {
			found := p.ask(route.Method, path, "", proof)
			allowed := len(route.Roles) == 0 || strings.Contains(strings.Join(route.Roles, " "), role)
			assert.Equal(t, !allowed, found.Code == http.StatusForbidden, "%s %s as %s: %d", route.Method, path, role, found.Code)
		}
	}
	assert.Equal(t, ada, p.ask("GET", "/api/accounts/me", "", bearer(member)).json()["id"])
	assert.Equal(t, ada, p.ask("GET", "/api/accounts?email=ada@example.com", "", machine()).json()["accounts"].([]any)[0].(map[string]any)["id"])
	assert.Empty(t, p.ask("GET", "/api/accounts?email=nobody@example.com", "", machine()).json()["accounts"])
	assert.Equal(t, http.StatusOK, p.ask("GET", "/api/accounts/"+ada, "", machine()).Code)
	assert.Equal(t, http.StatusNotFound, p.ask("GET", "/api/accounts/"+strings.Repeat("a", 26), "", machine()).Code)
}

func TestProofs(t *testing.T) {
	p := newPlace(t)
	_, token := p.person("ada", auth.Member)
	expiredTokens := *p.tokens
	expiredTokens.Now = func() time.Time { return time.Now().Add(-3 * time.Hour) }
	expired, _, err := expiredTokens.Make(auth.Principal{ID: strings.Repeat("a", 26), Role: auth.Manager})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		proofs []option
		code   string
	}{
		"nothing":         {nil, "no-proof"},
		"a wrong key":     {[]option{header("X-Api-Key", apiKey+"x")}, "api-key-invalid"},
		"an empty key":    {[]option{header("X-Api-Key", "")}, "api-key-invalid"},
		"both":            {[]option{machine(), bearer(token)}, "two-proofs"},
		"two tokens":      {[]option{bearer(token), bearer(token)}, "two-proofs"},
		"basic":           {[]option{header("Authorization", "Basic YTpi")}, "no-bearer"},
		"a word":          {[]option{header("Authorization", token)}, "no-bearer"},
		"expired":         {[]option{bearer(expired)}, "token-expired"},
		"none":            {[]option{bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZSI6Im1hbmFnZXIifQ.")}, "token-invalid"},
		"a very long one": {[]option{bearer(strings.Repeat("a", 9000))}, "token-invalid"},
	} {
		found := p.ask("GET", "/api/items", "", c.proofs...)
		assert.Equal(t, http.StatusUnauthorized, found.Code, name)
		assert.Equal(t, c.code, found.code(), name)
	}
	assert.Equal(t, http.StatusOK, p.ask("GET", "/api/items", "", header("X-Api-Key", oldAPIKey)).Code, "the key before works during a rotation")
	assert.Equal(t, http.StatusOK, p.ask("GET", "/api/items", "", header("Authorization", "bearer "+token)).Code)
}
