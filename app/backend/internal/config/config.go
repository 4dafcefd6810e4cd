// Package config reads the backend's settings from environment variables, which the task definition sets. It is the only
// reader of the environment; every broken variable is reported at once, and no value of a secret.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/itrack/itrack/app/backend/internal/auth"
)

// Shortest keys in bytes: HS256 wants as many as its hash has (RFC 7518, 3.2); an API key can be tried by anybody.
const (
	leastSigningKey = 32
	leastAPIKey     = 24
)

// Ways of DB_TLS.
const (
	// TLSOfRDS checks the server's certificate against the authorities of RDS.
	TLSOfRDS = "rds"
	// TLSOff is clear text, to a server on the same host only.
	TLSOff = "off"
)

// Database is how to reach MySQL.
type Database struct {
	Host     string
	Port     int
	Name     string
	User     string
	Password string
	// TLS: rds or off.
	TLS string
	// Pool: the most connections of one task.
	Pool int
}

// Serve is what `backend serve` needs.
type Serve struct {
	// Host is the address to listen on; "" is every one that the container has.
	Host           string
	Port           int
	Environment    string
	BasePath       string
	AllowedOrigins []string
	ItemsTable     string
	HistoryTable   string
	Database       Database
	SigningKeys    auth.Keys
	APIKeys        auth.Keys
	TokenLife      time.Duration
	SignUpClosed   bool
	HashesAtOnce   int
	// Drain is how long requests are still taken after the signal to end, Shutdown how long they may take to finish then.
	Drain, Shutdown time.Duration
	LogLevel        slog.Level
	Tracing         bool
}

// Migrate is what `backend migrate` needs.
type Migrate struct {
	Database Database
	// MasterUser and MasterPassword are the administrator's.
	MasterUser, MasterPassword       string
	ReadOnlyUsers                    []string
	ReadOnlyPlugin, ReadOnlyPassword string
	LogLevel                         slog.Level
}

// reader collects what is wrong.
type reader struct {
	get    func(string) string
	broken []error
}

func (r *reader) wrong(name, rule string) {
	r.broken = append(r.broken, fmt.Errorf("%s %s", name, rule))
}

func (r *reader) needed(name, meaning string) string {
	value := r.get(name)
	if value == "" {
		r.wrong(name, "is missing: it is "+meaning)
	}
	return value
}

func (r *reader) or(name, usual string) string {
	if value := r.get(name); value != "" {
		return value
	}
	return usual
}

func (r *reader) number(name string, usual, least, most int) int {
	text := r.get(name)
	if text == "" {
		return usual
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < least || value > most {
		r.wrong(name, fmt.Sprintf("is %q, and has to be a whole number from %d to %d", text, least, most))
		return usual
	}
	return value
}

func (r *reader) port() int { return r.number("PORT", 8080, 1, 65535) }

// host is an address and no name: a name may resolve to another interface than the one that was meant.
func (r *reader) host() string {
	text := r.get("LISTEN_HOST")
	if text == "" {
		return ""
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		r.wrong("LISTEN_HOST", fmt.Sprintf("is %q, and has to be an IP address of this host, such as 127.0.0.1; leave it out to listen on all", text))
		return ""
	}
	return text
}

func (r *reader) oneOf(name, usual string, allowed ...string) string {
	value := r.or(name, usual)
	for _, one := range allowed {
		if value == one {
			return value
		}
	}
	r.wrong(name, fmt.Sprintf("is %q, and has to be one of %s", value, strings.Join(allowed, ", ")))
	return usual
}

func (r *reader) form(name, value, form, rule string) {
	if value != "" && !regexp.MustCompile(form).MatchString(value) {
		r.wrong(name, fmt.Sprintf("is %q, and has to be %s", value, rule))
	}
}

func (r *reader) err() error {
	if len(r.broken) == 0 {
		return nil
	}
	return fmt.Errorf("reading the settings from the environment:\n%w", errors.Join(r.broken...))
}

func (r *reader) level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(r.oneOf("LOG_LEVEL", "info", "debug", "info", "warn", "error"))) // one of four it knows
	return level
}

func (r *reader) database() Database {
	d := Database{
		Host: r.needed("DB_HOST", "the database's host name"), Port: r.number("DB_PORT", 3306, 1, 65535),
		Name: r.needed("DB_NAME", "the schema"), User: r.needed("DB_USER", "the application's user"),
		Password: r.needed("DB_PASSWORD", "that user's password, from the secret db_password"),
		TLS:      r.oneOf("DB_TLS", TLSOfRDS, TLSOfRDS, TLSOff), Pool: r.number("DB_POOL", 10, 1, 200),
	}
	if ip := net.ParseIP(d.Host); d.TLS == TLSOff && d.Host != "" && d.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		r.wrong("DB_TLS", "is off, which is for a database on the same host (DB_HOST 127.0.0.1 or localhost): a password would cross the network in the clear; use rds")
	}
	return d
}

// ForServe reads the settings of the service.
func ForServe(get func(string) string) (Serve, error) {
	r := &reader{get: get}
	s := Serve{
		Host: r.host(), Port: r.port(), Environment: r.needed("ENVIRONMENT", "the environment's name, such as staging"),
		BasePath: r.or("BASE_PATH", "/api"), ItemsTable: r.needed("ITEMS_TABLE", "the DynamoDB table of items"),
		HistoryTable: r.needed("HISTORY_TABLE", "the DynamoDB table of their history"), Database: r.database(),
		TokenLife:    time.Duration(r.number("TOKEN_MINUTES", 60, 5, 1440)) * time.Minute,
		SignUpClosed: r.oneOf("SIGN_UP", "open", "open", "managers") == "managers",
		HashesAtOnce: r.number("HASHES_AT_ONCE", 2, 1, 64),
		Drain:        time.Duration(r.number("DRAIN_SECONDS", 5, 0, 60)) * time.Second,
		Shutdown:     time.Duration(r.number("SHUTDOWN_SECONDS", 30, 1, 110)) * time.Second,
		LogLevel:     r.level(), Tracing: get("OTEL_EXPORTER_OTLP_ENDPOINT") != "",
	}
	r.form("ENVIRONMENT", s.Environment, `^[a-z][a-z0-9-]{0,31}$`, "lower-case letters, digits and hyphens")
	r.form("BASE_PATH", s.BasePath, `^(/[a-z0-9_-]+)+$`, "a path such as /api, without a slash at its end")
	for origin := range strings.SplitSeq(r.get("ALLOWED_ORIGINS"), ",") {
		if origin = strings.TrimSpace(origin); origin == "" {
			continue
		}
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Scheme+"://"+parsed.Host != origin {
			r.wrong("ALLOWED_ORIGINS", fmt.Sprintf("holds %q, and has to be a list of origins such as https://app.example.com with commas between them", origin))
			continue
		}
		s.AllowedOrigins = append(s.AllowedOrigins, origin)
	}
	s.SigningKeys = r.keys("JWT_SECRET", "the key that signs tokens, from the secret jwt_secret", leastSigningKey)
	s.APIKeys = r.keys("API_KEY", "the key of machines, from the secret api_key", leastAPIKey)
	return s, r.err()
}

// ForHealthcheck reads where the service of this container answers, as host:port.
func ForHealthcheck(get func(string) string) (string, error) {
	r := &reader{get: get}
	host, port := r.host(), r.port()
	if host == "" || netip.MustParseAddr(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), r.err()
}

func (r *reader) keys(name, meaning string, least int) auth.Keys {
	value := r.needed(name, meaning)
	if value == "" {
		return auth.Keys{}
	}
	keys, err := auth.ParseKeys(name, value, least)
	if err != nil {
		r.broken = append(r.broken, err)
	}
	return keys
}
