package doctor

import (
	"context"
	"strings"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// tool is a command on this machine.
type tool struct {
	name    string
	other   string // a command that does as well
	version []string
	absent  State
	why     string // what it is for
	next    string
}

var tools = []tool{
	{"go", "", []string{"version"}, Fail, "`make build` compiles functions and commands with it", "install Go: https://go.dev/dl"},
	{"git", "", []string{"--version"}, Fail, "versions are told by commits", "install git"},
	{"session-manager-plugin", "", []string{"--version"}, Warn, "`itrack connect` opens sessions through it",
		"install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"},
	{"mysql", "mariadb", []string{"--version"}, Warn, "a session with the database needs a MySQL client on this machine", "install a MySQL client (mysql or mariadb)"},
	{"aws", "", []string{"--version"}, OK, "optional: `aws sso login`, and the commands that messages here name", ""},
}

// tools are the checks of this machine. Docker is none of them: images are built without it.
func (in *Input) tools() []probe {
	var probes []probe
	for _, one := range tools {
		probes = append(probes, probe{one.name, func(ctx context.Context) Check { return in.tool(ctx, one) }})
	}
	if in.Pulumi != nil {
		probes = append(probes, probe{"pulumi", in.pulumi})
	}
	return probes
}

func (in *Input) tool(ctx context.Context, t tool) Check {
	path, err := in.LookPath(t.name)
	if err != nil && t.other != "" {
		path, err = in.LookPath(t.other)
	}
	if err != nil {
		return Check{State: t.absent, Detail: "not found on PATH; " + t.why, Next: t.next}
	}
	out, err := in.Output(ctx, path, t.version...)
	if err != nil {
		return Check{State: Warn, Detail: path + " does not run: " + err.Error(), Next: t.next}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	return Check{State: OK, Detail: strings.TrimSpace(line)}
}

func (in *Input) pulumi(ctx context.Context) Check {
	found := in.Pulumi(ctx)
	if found.Err != nil {
		return Check{State: Fail, Detail: found.Err.Error(), Next: "`make tools` builds one"}
	}
	if found.Backend == "" {
		return Check{State: Warn, Detail: found.Version + ", not logged in", Next: "`itrack setup-state " + in.Environment + "` says how to log in"}
	}
	return Check{State: OK, Detail: found.Version + ", logged in to " + found.Backend}
}

// login compares the pulumi command's login with the environment's bucket.
func (in *Input) login(ctx context.Context, env *ops.Environment) Check {
	found, wanted := in.Pulumi(ctx), statestore.Backend(env)
	bucket := "s3://" + statestore.BucketName(env)
	switch {
	case found.Err != nil:
		return Check{State: Unknown, Detail: "there is no pulumi command to ask"}
	case found.Backend == bucket || strings.HasPrefix(found.Backend, bucket+"?") || strings.HasPrefix(found.Backend, bucket+"/"):
		return Check{State: OK, Detail: found.Backend}
	case found.Backend == "":
		return Check{State: Warn, Detail: "pulumi is not logged in", Next: "`pulumi login '" + wanted + "'` for pulumi by hand; itrack finds the bucket of setup-state"}
	}
	return Check{State: Warn, Detail: "pulumi is logged in to " + found.Backend + ", and the state of " + in.Environment + " is kept in " + bucket,
		Next: "`pulumi login '" + wanted + "'` for pulumi by hand; a stack of this name where pulumi is logged in to goes before the bucket"}
}
