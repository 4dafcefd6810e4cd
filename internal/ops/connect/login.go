package connect

import (
	"context"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/itrack/itrack/internal/ops"
)

// ReadOnly is the user that the migration makes for people: it reads all tables, but no hashes of passwords, and signs in
// by IAM.
const ReadOnly = "itrack_readonly"

// Way is how a user signs in.
type Way int

// The ways.
const (
	Token  Way = iota // an IAM token, good for 15 minutes, enough to sign in
	Typed             // the client asks for the password
	Master            // the master user, by the secret that RDS keeps
)

// Login is who signs in and with what. It never prints its password.
type Login struct {
	User     string
	password string // empty where the client asks
	plain    bool   // an IAM token is sent as it is, inside TLS
}

// String is the user alone.
func (l Login) String() string { return l.User }

// GoString is the user alone.
func (l Login) GoString() string { return l.User }

// maxPassword: MySQL's clients read option files in lines of 4096 bytes.
const maxPassword = 4000

// SignIn gets what a user signs in with. Nothing is kept.
func SignIn(ctx context.Context, env *ops.Environment, out ops.Outputs, user string, way Way) (Login, error) {
	switch way {
	case Typed:
		return Login{User: user}, nil
	case Master:
		return masterLogin(ctx, env, out)
	}
	token, err := auth.BuildAuthToken(ctx, net.JoinHostPort(out.DatabaseAddress, strconv.Itoa(out.DatabasePort)), env.Region, user, env.Primary().Config.Credentials)
	if err != nil {
		return Login{}, ops.Explain("making a token for "+user, err)
	}
	if len(token) > maxPassword {
		return Login{}, &ops.Problem{Kind: ops.Usage, What: "making a token for " + user, Why: "it is longer than MySQL's clients read: your AWS session carries many tags or policies",
			Next: "sign in with a smaller session, or use --tunnel and a client of your own"}
	}
	return Login{User: user, password: token, plain: true}, nil
}

func masterLogin(ctx context.Context, env *ops.Environment, out ops.Outputs) (Login, error) {
	const what = "reading the master user's secret"
	if out.DatabaseMasterSecretArn == "" {
		return Login{}, &ops.Problem{What: what, Why: "the stack's outputs name none", Next: "`itrack deploy " + env.Settings.Environment + "` brings its outputs up to date"}
	}
	answer, err := env.Primary().Secrets().GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(out.DatabaseMasterSecretArn)})
	if err != nil {
		return Login{}, ops.Explain(what, err)
	}
	var secret struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	// The error would quote the value.
	if json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &secret) != nil || secret.Username == "" || secret.Password == "" {
		return Login{}, &ops.Problem{What: what, Why: "it is no JSON object with username and password, as RDS keeps it"}
	}
	return Login{User: secret.Username, password: secret.Password}, nil
}

// optionFile is what the client reads through a pipe: the password never stands in a file, an argument or the environment.
func (l Login) optionFile() string {
	var text strings.Builder
	text.WriteString("[client]\n")
	if l.password != "" {
		// In double quotes # begins no comment; backslash and quote are escaped.
		text.WriteString(`password="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(l.password) + "\"\n")
	}
	return text.String()
}
