package main

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/review/policy"
)

// piped are the commands that the pipeline runs under the deploy role; the others are an administrator's.
var piped = []string{"preview", "validate", "deploy", "push", "deploy-apps", "rollback", "health", "status", "logs"}

// prefixes are IAM's names of services that sign by another one.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

// paths are the actions of the services that are addressed by path: method and path in front of the action.
var paths = []struct {
	service string
	call    *regexp.Regexp
	action  string
}{
	{"cloudfront", regexp.MustCompile(`^POST /[^/]+/distribution/[^/]+/invalidation$`), "CreateInvalidation"},
	{"cloudfront", regexp.MustCompile(`^GET /[^/]+/distribution/[^/]+/invalidation/[^/]+$`), "GetInvalidation"},
	{"cloudfront", regexp.MustCompile(`^GET /[^/]+/distribution/[^/]+$`), "GetDistribution"},
	{"lambda", regexp.MustCompile(`^GET /[^/]+/functions/[^/]+$`), "GetFunction"},
	{"lambda", regexp.MustCompile(`^GET /[^/]+/functions/[^/]+/configuration$`), "GetFunctionConfiguration"},
	{"lambda", regexp.MustCompile(`^PUT /[^/]+/functions/[^/]+/code$`), "UpdateFunctionCode"},
	{"lambda", regexp.MustCompile(`^GET /[^/]+/functions/[^/]+/versions$`), "ListVersionsByFunction"},
	{"lambda", regexp.MustCompile(`^POST /[^/]+/functions/[^/]+/versions$`), "PublishVersion"},
	{"lambda", regexp.MustCompile(`^GET /[^/]+/functions/[^/]+/aliases/[^/]+$`), "GetAlias"},
	{"lambda", regexp.MustCompile(`^PUT /[^/]+/functions/[^/]+/aliases/[^/]+$`), "UpdateAlias"},
	{"s3", regexp.MustCompile(`^(HEAD|GET) /[^/?]+/?(\?.*list-type=.*)?$`), "ListBucket"},
	{"s3", regexp.MustCompile(`^GET /[^/?]+/?\?(.*&)?versions=`), "ListBucketVersions"},
	{"s3", regexp.MustCompile(`^GET /[^/?]+/?\?location`), "GetBucketLocation"},
	{"s3", regexp.MustCompile(`^GET /[^/?]+/?\?versioning`), "GetBucketVersioning"},
	{"s3", regexp.MustCompile(`^(HEAD|GET) /[^/?]+/[^?]+\?(.*&)?versionId=`), "GetObjectVersion"},
	{"s3", regexp.MustCompile(`^(HEAD|GET) /[^/?]+/[^?]+`), "GetObject"},
	{"s3", regexp.MustCompile(`^PUT /[^/?]+/[^?]+`), "PutObject"},
	{"s3", regexp.MustCompile(`^DELETE /[^/?]+/[^?]+`), "DeleteObject"},
	{"s3", regexp.MustCompile(`^POST /[^/?]+/?\?delete`), "DeleteObject"},
}

// right is what IAM asks of the caller: an action, and for S3, whose paths say so, the object.
func right(call opstest.Call) (policy.Request, error) {
	if !strings.Contains(call.Action, "/") {
		prefix := call.Service
		if other, ok := prefixes[prefix]; ok {
			prefix = other
		}
		return policy.Request{Action: prefix + ":" + call.Action}, nil
	}
	line := call.Request.Method + " " + call.Request.URL.Path
	if call.Service == "s3" { // its actions on a bucket are told apart by the query alone
		line = call.Request.Method + " " + call.Request.URL.RequestURI()
	}
	for _, known := range paths {
		if known.service == call.Service && known.call.MatchString(line) {
			asked := policy.Request{Action: call.Service + ":" + known.action}
			if call.Service == "s3" {
				asked.Resource = "arn:aws:s3:::" + strings.Trim(call.Request.URL.Path, "/")
			}
			return asked, nil
		}
	}
	return policy.Request{}, fmt.Errorf("%s %s: no line of `paths` tells its action", call.Service, line)
}

// deployRole are the documents of the deploy role's policies, and its boundary.
func (l *life) deployRole(environment string) (own []*policy.Document, boundary *policy.Document) {
	l.t.Helper()
	pretend, err := cloud.Open(engine.CloudDir(l.kept))
	require.NoError(l.t, err)
	defer pretend.Close()
	parse := func(tx *cloud.Tx, arn string) *policy.Document {
		found := tx.ByARN(arn)
		require.NotNil(l.t, found, arn)
		document, err := policy.Parse(found.State["policy"].StringValue())
		require.NoError(l.t, err)
		return document
	}
	name := "itrack-deploy-" + environment
	require.NoError(l.t, pretend.View(func(tx *cloud.Tx) error {
		tx.Each(opstest.Account, func(o *cloud.Object) bool {
			switch {
			case o.Type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment" && o.State["role"].StringValue() == name:
				own = append(own, parse(tx, o.State["policyArn"].StringValue()))
			case o.Type == "aws:iam/role:Role" && o.Name == name:
				boundary = parse(tx, o.State["permissionsBoundary"].StringValue())
			}
			return true
		})
		return nil
	}))
	require.NotEmpty(l.t, own)
	require.NotNil(l.t, boundary)
	return own, boundary
}

// refused are the rights that the pipeline's commands took and the deploy role does not have. How AWS reads conditions is taken
// as met: what the commands touch carries the environment's tag.
func (l *life) refused(environment string, calls []opstest.Call) (out []string) {
	l.t.Helper()
	own, boundary := l.deployRole(environment)
	seen := map[policy.Request]bool{}
	var unknown []error
	for _, call := range calls {
		asked, err := right(call)
		if err != nil {
			unknown = append(unknown, err)
			continue
		}
		if seen[asked] || asked.Action == "sts:GetCallerIdentity" { // nobody needs a right to ask who he is
			continue
		}
		seen[asked] = true
		given := slices.ContainsFunc(own, func(d *policy.Document) bool { return d.Allows(asked) })
		if !given || !boundary.Allows(asked) {
			out = append(out, strings.TrimSpace(asked.Action+" "+asked.Resource))
		}
	}
	require.NoError(l.t, errors.Join(unknown...))
	slices.Sort(out)
	l.t.Logf("the deploy role of %s: %d rights asked for", environment, len(seen))
	return slices.Compact(out)
}

// thePipelineMay holds the calls that the commands made against the role under which the pipeline makes them.
func (l *life) thePipelineMay(environment string) {
	l.t.Helper()
	calls := l.asked[environment]
	require.Greater(l.t, len(calls), 100)
	require.Empty(l.t, l.refused(environment, calls))

	secret := opstest.Call{Service: "secretsmanager", Action: "GetSecretValue"}
	elsewhere, err := http.NewRequest(http.MethodPut, "http://127.0.0.1/somebody-elses/index.html", nil)
	require.NoError(l.t, err)
	require.Equal(l.t, []string{"s3:PutObject arn:aws:s3:::somebody-elses/index.html", "secretsmanager:GetSecretValue"},
		l.refused(environment, []opstest.Call{secret, {Service: "s3", Action: "PUT /somebody-elses/index.html", Request: elsewhere}}))
}
