package connect

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/itrack/itrack/internal/ops"
)

// document forwards a local port to a host that the instance reaches.
const document = "AWS-StartPortForwardingSessionToRemoteHost"

// usualPort is where clients look for MySQL.
const usualPort = 3306

// endPatience bounds the calls that clean up, also after Ctrl-C.
const endPatience = 10 * time.Second

// Tunnel is an open way to the database.
type Tunnel struct {
	Session  string `json:"session"`
	Instance string `json:"instance"`
	Local    int    `json:"localPort"`
	Host     string `json:"host"` // of the database
	Port     int    `json:"port"`

	env     *ops.Environment
	plugin  *process
	closing sync.Once
}

// request is what StartSession is asked, and what the plugin is told of it.
type request struct {
	Target       string              `json:"Target"`
	DocumentName string              `json:"DocumentName"`
	Parameters   map[string][]string `json:"Parameters"`
}

func newRequest(instance, host string, port, local int) request {
	return request{Target: instance, DocumentName: document, Parameters: map[string][]string{
		"host": {host}, "portNumber": {strconv.Itoa(port)}, "localPortNumber": {strconv.Itoa(local)},
	}}
}

// LocalPort is the wanted local port, which has to be free; without a wish 3306, or any free one where that is taken.
func LocalPort(wanted int) (int, error) {
	free := func(port int) (int, error) {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return 0, fmt.Errorf("trying the local port %d: %w", port, err)
		}
		defer listener.Close()
		return listener.Addr().(*net.TCPAddr).Port, nil
	}
	if wanted != 0 {
		port, err := free(wanted)
		if err != nil {
			return 0, &ops.Problem{Kind: ops.Usage, What: "opening a session", Why: fmt.Sprintf("the local port %d is taken", wanted), Err: err,
				Next: "name another one with --port, or none"}
		}
		return port, nil
	}
	if port, err := free(usualPort); err == nil {
		return port, nil
	}
	return free(0)
}

// Open opens a tunnel to the database through an instance, and waits until the database answers at its end. The caller
// closes it. Killed before that, nothing stands in the way of the next run: a session without its plugin ends by itself.
func Open(ctx context.Context, env *ops.Environment, out ops.Outputs, instance string, port int, roots []byte) (*Tunnel, error) {
	if err := checkPlugin(ctx); err != nil {
		return nil, err
	}
	local, err := LocalPort(port)
	if err != nil {
		return nil, err
	}
	tunnel := &Tunnel{Instance: instance, Local: local, Host: out.DatabaseAddress, Port: out.DatabasePort, env: env}
	asked := newRequest(instance, tunnel.Host, tunnel.Port, local)
	var endpoint string
	started, err := env.Primary().SSM().StartSession(ctx, &ssm.StartSessionInput{
		Target: aws.String(asked.Target), DocumentName: aws.String(asked.DocumentName), Parameters: asked.Parameters, Reason: aws.String("itrack connect db"),
	}, func(o *ssm.Options) { o.APIOptions = append(o.APIOptions, rememberEndpoint(&endpoint)) })
	if err != nil {
		return nil, explainStart(env, instance, err)
	}
	tunnel.Session = aws.ToString(started.SessionId)
	if err := tunnel.forward(ctx, asked, started, endpoint); err != nil {
		tunnel.Close()
		return nil, err
	}
	if err := tunnel.ready(ctx, roots); err != nil {
		tunnel.Close()
		return nil, err
	}
	return tunnel, nil
}

func explainStart(env *ops.Environment, instance string, err error) error {
	const what = "starting a session on the bastion"
	switch {
	case ops.IsCode(err, "TargetNotConnected"):
		return &ops.Problem{What: what, Why: "its agent has just gone offline (" + instance + ")", Err: err, Next: "run this again: it waits for the agent"}
	case ops.IsCode(err, "AccessDeniedException", "AccessDenied"):
		return &ops.Problem{What: what, Why: "the role in use may not", Err: err, Next: fmt.Sprintf(
			"have ssm:StartSession added for the instance arn:%[1]s:ec2:%[2]s:%[3]s:instance/%[4]s and the document arn:%[1]s:ssm:%[2]s::document/%[5]s",
			env.Partition, env.Region, env.Account, instance, document)}
	}
	return ops.Explain(what, err)
}

// rememberEndpoint keeps the address that a call went to: the plugin goes there to resume the session.
func rememberEndpoint(into *string) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("RememberEndpoint", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if request, ok := in.Request.(*smithyhttp.Request); ok {
				*into = request.URL.Scheme + "://" + request.URL.Host
			}
			return next.HandleFinalize(ctx, in)
		}), middleware.After)
	}
}

// forward starts the plugin as the AWS CLI does: answer, region, operation, profile, parameters, endpoint. The answer
// stands in the plugin's environment, which other users cannot see; the argument names the variable.
func (t *Tunnel) forward(ctx context.Context, asked request, started *ssm.StartSessionOutput, endpoint string) error {
	const what = "starting " + plugin
	answer, err := json.Marshal(map[string]string{
		"SessionId": t.Session, "TokenValue": aws.ToString(started.TokenValue), "StreamUrl": aws.ToString(started.StreamUrl),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	parameters, err := json.Marshal(asked)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	environment := append(os.Environ(), responseVariable+"="+string(answer))
	profile := t.env.Profile
	if len(t.env.Roles) > 0 {
		// The plugin knows profiles, and nothing of the roles of a stack file: it gets what the role gave.
		credentials, err := t.env.Primary().Config.Credentials.Retrieve(ctx)
		if err != nil {
			return ops.Explain("signing in", err)
		}
		profile = ""
		environment = slices.DeleteFunc(environment, func(variable string) bool { return strings.HasPrefix(variable, "AWS_PROFILE=") })
		environment = append(environment, "AWS_ACCESS_KEY_ID="+credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+credentials.SecretAccessKey,
			"AWS_SESSION_TOKEN="+credentials.SessionToken)
	}
	command := exec.Command(plugin, responseVariable, t.env.Region, "StartSession", profile, string(parameters), endpoint)
	command.Env = environment
	t.plugin, err = startProcess(command)
	return err
}

// readyLimit is how long the way to the database may take to open.
const readyLimit = 30 * time.Second

// ready waits until the database answers at the local port, and is the one it should be.
func (t *Tunnel) ready(ctx context.Context, roots []byte) error {
	wait := ops.Wait{
		For: "the way to the database", Limit: readyLimit, Every: t.env.Every(250 * time.Millisecond), Say: t.env.Say,
		Next: "`itrack status " + t.env.Settings.Environment + "` tells whether the database is available; the bastion's security group has to reach its port",
	}
	return wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		if err := t.Ended(); err != nil {
			return false, "", err
		}
		state, err := meet(ctx, t.Local, t.Host, roots)
		if state == "" && err == nil {
			// Somebody else may listen there, and the plugin have given up for it.
			return true, "open", t.Ended()
		}
		return false, state, err
	})
}

// Done is closed when the tunnel has ended, also by itself.
func (t *Tunnel) Done() <-chan struct{} { return t.plugin.done }

// Ended says that and why the tunnel has ended; nil while it is open.
func (t *Tunnel) Ended() error {
	select {
	case <-t.plugin.done:
	default:
		return nil
	}
	why := t.plugin.words.String()
	if why == "" && t.plugin.err != nil {
		why = t.plugin.err.Error()
	}
	return &ops.Problem{What: "keeping the session open", Why: plugin + " ended: " + why, Err: t.plugin.err,
		Next: "run this again; an idle session ends after 20 minutes, every one after eight hours"}
}

// Close ends the plugin and the session, whatever became of them. It may be called twice.
func (t *Tunnel) Close() {
	t.closing.Do(func() {
		if t.plugin != nil {
			t.plugin.end(t.env.Every(pluginGrace))
		}
		ctx, cancel := context.WithTimeout(context.Background(), endPatience)
		defer cancel()
		_, err := t.env.Primary().SSM().TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: aws.String(t.Session)})
		if err != nil && !ops.IsMissing(err) {
			t.env.Say("%v; the session %s ends by itself after 20 idle minutes", ops.Explain("ending the session", err), t.Session)
		}
	})
}
