package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
)

// Largest bodies in bytes.
const (
	mostJSON = 16 << 10
	mostCSV  = 1 << 20
)

// mediaType refuses a body of another type, and one that is compressed: a small one could become very large.
func mediaType(r *http.Request, wanted string) error {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fault.New(fault.Unsupported, "unsupported-encoding", "the body is compressed; send it as it is, without Content-Encoding")
	}
	given, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || given != wanted || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.New(fault.Unsupported, "unsupported-media-type", "the body has to be %s in UTF-8; say so in Content-Type", wanted)
	}
	return nil
}

// readJSON reads one JSON object of at most mostJSON bytes into v, which names every field that it may have.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if err := mediaType(r, "application/json"); err != nil {
		return err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostJSON))
	if err != nil {
		return bodyError(err)
	}
	return parseJSON(text, v)
}

// readNothing takes no body or an empty object.
func readNothing(w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostJSON))
	if err != nil {
		return bodyError(err)
	}
	if len(text) == 0 {
		return nil
	}
	if err := mediaType(r, "application/json"); err != nil {
		return err
	}
	return parseJSON(text, &struct{}{})
}

// bodyError is the asker's: a body that stopped is no failure of ours.
func bodyError(err error) error {
	var size *http.MaxBytesError
	var known *fault.Error
	if errors.As(err, &size) || errors.As(err, &known) {
		return err
	}
	broken := fault.New(fault.Invalid, "incomplete-body", "the body ended early or came too slowly; send it again")
	broken.Cause = err
	return broken
}

// parseJSON is strict: UTF-8, one object, known fields only, nothing behind it.
func parseJSON(text []byte, v any) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid-json", "reading the body: "+format, args...)
	}
	if !utf8.Valid(text) {
		return bad("it is not UTF-8")
	}
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return bad("it has to be a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fault.Fields(fault.Field{Field: kind.Field, Rule: "is a JSON " + jsonName(kind.Type.Kind().String())})
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		// encoding/json has no type for this error. It quotes the field's name.
		name, _ := strconv.Unquote(strings.TrimPrefix(err.Error(), "json: unknown field "))
		if len(name) > 64 {
			name = strings.ToValidUTF8(name[:64], "") + "…"
		}
		return fault.Fields(fault.Field{Field: name, Rule: "is not a field of this request", Hint: "leave it out"})
	case err != nil:
		return bad("it is no valid JSON (at byte %d)", decoder.InputOffset())
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return bad("something stands behind the object; one request has one object")
	}
	return nil
}

func jsonName(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"):
		return "whole number" // 1.5 is a number too
	case strings.HasPrefix(kind, "float"):
		return "number"
	case kind == "struct":
		return "object"
	default:
		return kind
	}
}

var versionForm = regexp.MustCompile(`^"([1-9][0-9]{0,17})"$`)

// readMatch reads If-Match: a version as an item's ETag has it, or *.
func readMatch(r *http.Request) (items.Match, error) {
	given := r.Header.Values("If-Match")
	if len(given) == 0 {
		return items.Match{}, fault.New(fault.Unconditional, "if-match-missing", "a change needs If-Match with the ETag of the item that it was decided on")
	}
	if len(given) == 1 {
		if given[0] == "*" {
			return items.Match{Any: true}, nil
		}
		if match := versionForm.FindStringSubmatch(given[0]); match != nil {
			version, err := strconv.ParseInt(match[1], 10, 64)
			return items.Match{Version: version}, err
		}
	}
	return items.Match{}, fault.Fields(fault.Field{Field: "If-Match", Rule: `is one ETag of the item, such as "3", or *`})
}

func etag(version int64) string { return fmt.Sprintf("%q", strconv.FormatInt(version, 10)) }

var keyForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{8,128}$`)

// readKey reads Idempotency-Key; "" where there is none.
func readKey(r *http.Request) (string, error) {
	given := r.Header.Values("Idempotency-Key")
	if len(given) == 0 {
		return "", nil
	}
	if len(given) > 1 || !keyForm.MatchString(given[0]) {
		return "", fault.Fields(fault.Field{Field: "Idempotency-Key", Rule: "has 8 to 128 letters, digits, dots, colons, hyphens or underscores", Hint: "a UUID is a good one"})
	}
	return given[0], nil
}

// readQuery refuses parameters that the path does not know, and ones that stand twice: a misspelt filter would else list
// everything.
func readQuery(r *http.Request, known ...string) (map[string]string, error) {
	values := map[string]string{}
	// ParseQuery and not r.URL.Query, which leaves out what it does not understand.
	parsed, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid-query", "the query is not well-formed; encode its values")
	}
	var broken []fault.Field
	for name, given := range parsed {
		found := false
		for _, one := range known {
			found = found || one == name
		}
		switch {
		case !found:
			if len(name) > 64 {
				name = strings.ToValidUTF8(name[:64], "") + "…"
			}
			broken = append(broken, fault.Field{Field: strings.ToValidUTF8(name, "?"), Rule: "is not a parameter of this path", Hint: "known: " + strings.Join(known, ", ")})
		case len(given) > 1:
			broken = append(broken, fault.Field{Field: name, Rule: "stands once"})
		case !utf8.ValidString(given[0]):
			broken = append(broken, fault.Field{Field: name, Rule: "is UTF-8"})
		}
		values[name] = given[0]
	}
	return values, fault.Fields(broken...)
}
