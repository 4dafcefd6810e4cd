package connect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/ops"
)

// Commands are what does the same by hand, in this order: the tunnel, in a terminal of its own; for the user who signs in by
// IAM the token; the client. None holds a secret.
func Commands(env *ops.Environment, out ops.Outputs, instance string, local int, login Login, way Way, client Client, authorities string) ([]string, error) {
	parameters, err := json.Marshal(newRequest(instance, out.DatabaseAddress, out.DatabasePort, local).Parameters)
	if err != nil {
		return nil, fmt.Errorf("writing the commands: %w", err)
	}
	place := []string{"--region", env.Region}
	if env.Profile != "" {
		place = append(place, "--profile", env.Profile)
	}
	all := []string{shell(append([]string{"aws", "ssm", "start-session", "--target", instance, "--document-name", document, "--parameters", string(parameters)}, place...))}
	if way == Token {
		token := append([]string{"aws", "rds", "generate-db-auth-token", "--hostname", out.DatabaseAddress, "--port", fmt.Sprint(out.DatabasePort), "--username", login.User}, place...)
		all = append(all, "MYSQL_PWD=$("+shell(token)+"); export MYSQL_PWD")
		login.password, login.plain = "token", true // it stands in the variable: the client need not ask
	}
	name := "mysql"
	if client.Path != "" {
		name = client.Path
	}
	arguments := append([]string{name}, client.Arguments(local, out.DatabaseName, login, authorities)...)
	return append(all, shell(arguments)), nil
}

// shell writes a command as a shell takes it.
func shell(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsFunc(word, special) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

func special(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:@,+", r))
}
