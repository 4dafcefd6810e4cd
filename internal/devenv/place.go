package devenv

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Names of what the backend finds.
const (
	itemsName   = "itrack-items-dev"
	historyName = "itrack-item-history-dev"
	schemaName  = "itrack"
	userName    = "itrack_dev"
	readerName  = "itrack_dev_readonly"
)

// DSNForm is how an existing database is named.
const DSNForm = "user:password@tcp(127.0.0.1:3306)/schema"

// administrator is who prepares the database.
type administrator struct{ config *mysql.Config }

// readDSN reads the address of a database: the one that tools/mariadb.sh printed, or a developer's. It has to be on this
// host: the sample accounts have passwords that anybody may read here, and the connection is in clear text.
func readDSN(dsn string) (administrator, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return administrator{}, fmt.Errorf("reading the database's address: it has to look like %s", DSNForm) // the driver's error may quote a password
	}
	host, port, err := net.SplitHostPort(config.Addr)
	if err != nil || config.Net != "tcp" || !digits(port) {
		return administrator{}, fmt.Errorf("reading the database's address: it has no host and port by tcp; it has to look like %s", DSNForm)
	}
	if !onThisHost(host) {
		return administrator{}, fmt.Errorf("the database is on %s, and development takes one on this host alone, as the sample accounts' passwords are published; "+
			"forward its port (ssh -L 3306:%[1]s:3306) if it is one to play with", host)
	}
	if config.User == userName {
		return administrator{}, fmt.Errorf("the database's user is %s, which `backend migrate` makes for the application; name an administrator", userName)
	}
	if config.DBName == "" {
		config.DBName = schemaName
	}
	return administrator{config}, nil
}

func digits(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func onThisHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// makeSchema makes the schema where it is missing; `backend migrate` does the rest.
func (a administrator) makeSchema(ctx context.Context) (err error) {
	without := a.config.Clone()
	without.DBName = ""
	connector, err := mysql.NewConnector(without)
	if err != nil {
		return fmt.Errorf("preparing the connection to the database: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	name := strings.ReplaceAll(a.config.DBName, "`", "``")
	if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS `"+name+"` CHARACTER SET utf8mb4"); err != nil {
		return fmt.Errorf("making the schema %s at %s (the user needs CREATE, CREATE USER and GRANT OPTION): %w", a.config.DBName, a.config.Addr, err)
	}
	return nil
}

// readEndpoint checks the address of an emulator that is there already.
func readEndpoint(endpoint string) error {
	address, err := url.Parse(endpoint)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return fmt.Errorf("reading the AWS endpoint: %q has to look like http://127.0.0.1:4566", endpoint)
	}
	// Names of hosts know no case, and may end with a dot. amazonaws.com.cn and amazonaws.eu are AWS's other partitions.
	host := strings.TrimSuffix(strings.ToLower(address.Hostname()), ".")
	if dotted := "." + host; strings.Contains(dotted+".", ".amazonaws.") || strings.HasSuffix(dotted, ".aws") {
		return fmt.Errorf("the AWS endpoint %s is AWS itself; development makes tables and sample data in an emulator only, such as moto or LocalStack", host)
	}
	return nil
}

// emulatorAt takes over region and credentials from the environment where the emulator is the developer's own.
func emulatorAt(endpoint string, get func(string) string) Emulator {
	e := Emulator{Endpoint: endpoint, Region: "us-east-1", AccessKey: "development", SecretKey: "development"}
	for _, name := range []string{"AWS_DEFAULT_REGION", "AWS_REGION"} {
		if region := get(name); region != "" {
			e.Region = region
		}
	}
	if key := get("AWS_ACCESS_KEY_ID"); key != "" {
		e.AccessKey, e.SecretKey, e.SessionToken = key, get("AWS_SECRET_ACCESS_KEY"), get("AWS_SESSION_TOKEN")
	}
	return e
}

// secrets are new for each run: whoever knows the repository knows none of them.
type secrets struct{ application, reader, signing, api string }

func newSecrets() secrets {
	one := func() string { return strings.ToLower(rand.Text() + rand.Text()) }
	return secrets{application: one(), reader: one(), signing: one(), api: one()}
}

// environment is what the backend is started with. Of the developer's own environment the settings of AWS stay out: a
// profile could lead to a real account.
func environment(base []string, listen string, port int, a administrator, e Emulator, s secrets) ([]string, error) {
	master, err := json.Marshal(map[string]string{"username": a.config.User, "password": a.config.Passwd})
	if err != nil {
		return nil, fmt.Errorf("writing the administrator's secret: %w", err)
	}
	host, dbPort, err := net.SplitHostPort(a.config.Addr)
	if err != nil {
		return nil, fmt.Errorf("reading the database's address: %w", err)
	}
	variables := map[string]string{
		"LISTEN_HOST": listen, "PORT": strconv.Itoa(port), "ENVIRONMENT": "dev", "ALLOWED_ORIGINS": "http://localhost:5173", "ITEMS_TABLE": itemsName, "HISTORY_TABLE": historyName,
		"BASE_PATH": basePath, "SIGN_UP": "open",
		"DB_HOST": host, "DB_PORT": dbPort, "DB_NAME": a.config.DBName, "DB_USER": userName, "DB_PASSWORD": s.application, "DB_TLS": "off",
		"JWT_SECRET": s.signing, "API_KEY": s.api,
		"DB_MASTER_SECRET": string(master), "DB_READONLY_USERS": readerName, "DB_READONLY_PLUGIN": "password", "DB_READONLY_PASSWORD": s.reader,
		// Nobody balances load here: a reload must not wait for somebody to notice.
		"DRAIN_SECONDS": "0", "SHUTDOWN_SECONDS": "5",
		"AWS_ENDPOINT_URL": e.Endpoint, "AWS_REGION": e.Region, "AWS_ACCESS_KEY_ID": e.AccessKey, "AWS_SECRET_ACCESS_KEY": e.SecretKey,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
	if e.SessionToken != "" {
		variables["AWS_SESSION_TOKEN"] = e.SessionToken
	}
	var result []string
	for _, one := range base {
		name, _, _ := strings.Cut(one, "=")
		if _, ours := variables[name]; !ours && !strings.HasPrefix(name, "AWS_") {
			result = append(result, one)
		}
	}
	for name, value := range variables {
		result = append(result, name+"="+value)
	}
	slices.Sort(result)
	return result, nil
}
