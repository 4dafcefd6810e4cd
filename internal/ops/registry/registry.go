// Package registry pushes the images that `itrack build images` made to the environments' ECR repositories, signs them with
// the stack's key, checks such signatures, and copies an image from one environment's account to another's.
//
// An image is deployed by its digest, so the order of a push is: the image by its digest, the SBOMs, the signature, and at the
// very end the tag. Whoever finds a tag finds all of it; a push that ends anywhere before is completed by the next one, which
// uploads only what is missing. Uploads that broke off belong to nothing, and ECR removes them.
package registry

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/itrack/itrack/internal/ops"
)

// sbomType is the artifact type of an attached SBOM, as internal/images writes it.
const sbomType = "application/spdx+json"

// Stack is one deployed environment.
type Stack struct {
	Env *ops.Environment
	Out ops.Outputs
}

// repository is one service's repository, signed in.
type repository struct {
	env     *ops.Environment
	service string
	key     string // ARN of the stack's signing key
	name    name.Repository
	options []remote.Option
}

// open signs in to the registry. The password of ECR (valid for twelve hours) stays in memory: no docker configuration is
// read or written.
func open(ctx context.Context, env *ops.Environment, out ops.Outputs, service string) (*repository, error) {
	named, err := repositoryOf(env, out, service)
	if err != nil {
		return nil, err
	}
	if err := exists(ctx, env, named); err != nil {
		return nil, err
	}
	what := "signing in to " + named.RegistryStr()
	answer, err := env.Primary().ECR().GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, explain(what, named, err)
	}
	auth, err := authorization(answer)
	if err != nil {
		return nil, &ops.Problem{What: what, Why: err.Error(), Next: "run it again"}
	}
	backoff := remote.Backoff{Duration: min(500*time.Millisecond, env.MaxBackoff), Factor: 2, Jitter: 0.1, Steps: env.Attempts}
	outlasting := transport.NewRetry(remote.DefaultTransport, transport.WithRetryBackoff(backoff), transport.WithRetryPredicate(passes),
		transport.WithRetryStatusCodes(passing...))
	// Authenticated once here, the transport serves every request to this registry.
	wrapped, err := transport.NewWithContext(ctx, named.Registry, auth, transport.NewUserAgent(outlasting, "itrack/"+env.Version),
		[]string{named.Scope(transport.PushScope)})
	if err != nil {
		return nil, explain(what, named, err)
	}
	return &repository{env: env, service: service, key: out.SigningKeyArn, name: named, options: []remote.Option{
		remote.WithTransport(wrapped), remote.WithContext(ctx), remote.WithRetryBackoff(backoff), remote.WithRetryPredicate(passes),
	}}, nil
}

// exists makes sure that the repository is there: the registry's own answer to a question about an image does not tell the two
// apart, and a dry run would promise what cannot be done.
func exists(ctx context.Context, env *ops.Environment, named name.Repository) error {
	what := "looking for the repository " + named.RepositoryStr()
	_, err := env.Primary().ECR().DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{named.RepositoryStr()}})
	if ops.IsMissing(err) {
		return &ops.Problem{What: what, Why: fmt.Sprintf("account %s has none of this name in %s", env.Account, env.Region), Err: err,
			Next: "`itrack deploy " + env.Settings.Environment + "` makes it"}
	}
	return explain(what, named, err)
}

// repositoryOf finds a service's repository in the outputs, and refuses what a password must not be sent to.
func repositoryOf(env *ops.Environment, out ops.Outputs, service string) (name.Repository, error) {
	url, ok := out.Repositories[service]
	if !ok {
		return name.Repository{}, &ops.Problem{Kind: ops.Usage, What: "looking for the repository of " + service, Why: "the stack " + out.Environment + " has no such service",
			Next: fmt.Sprintf("name one of %v, or deploy the stack with it first", slices.Sorted(maps.Keys(out.Repositories)))}
	}
	what := "reading the address of the repository " + url
	if out.Account != "" && out.Account != env.Account {
		return name.Repository{}, &ops.Problem{Kind: ops.Usage, What: what, Why: fmt.Sprintf("it is in account %s, signed in is %s", out.Account, env.Account),
			Next: "sign in to the account that the stack was deployed to"}
	}
	named, err := name.NewRepository(url, name.StrictValidation)
	if err != nil {
		return named, &ops.Problem{Kind: ops.Usage, What: what, Why: err.Error(), Err: err, Next: "`itrack deploy " + out.Environment + "` brings the outputs up to date"}
	}
	// The library also speaks plain HTTP to private addresses and .local names; ECR is never there.
	if host := hostOf(named.RegistryStr()); named.Scheme() == "http" && host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return named, &ops.Problem{Kind: ops.Usage, What: what, Why: "the password would go there without encryption", Next: "name a registry that speaks HTTPS"}
	}
	return named, nil
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// authorization is what ECR gave, as the registry's library takes it. Errors hold nothing of it.
func authorization(answer *ecr.GetAuthorizationTokenOutput) (authn.Authenticator, error) {
	if len(answer.AuthorizationData) == 0 {
		return nil, fmt.Errorf("ECR gave no token")
	}
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(answer.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return nil, fmt.Errorf("ECR's token is not base64")
	}
	user, password, ok := strings.Cut(string(decoded), ":")
	if !ok || password == "" {
		return nil, fmt.Errorf("ECR's token has no password in it")
	}
	return authn.FromConfig(authn.AuthConfig{Username: user, Password: password}), nil
}

// reference is NAME@DIGEST, what a task definition names.
func (r *repository) reference(digest v1.Hash) name.Digest { return r.name.Digest(digest.String()) }

// find is the digest that a tag or digest names; empty when there is none.
func (r *repository) find(ref name.Reference) (v1.Hash, error) {
	found, err := remote.Head(ref, r.options...)
	if isMissing(err) {
		return v1.Hash{}, nil
	}
	if err != nil {
		return v1.Hash{}, explain("looking for "+ref.String(), r.name, err)
	}
	return found.Digest, nil
}

// has tells whether something of this digest is there.
func (r *repository) has(digest v1.Hash) (bool, error) {
	found, err := r.find(r.reference(digest))
	return found == digest, err
}

// put gives a tag to a manifest whose parts are there. Tags are immutable: ECR refuses a second time even with the same
// content, which is what comes back when the answer to the first was lost. So the tag is looked at before it counts as a failure.
func (r *repository) put(tag name.Tag, manifest remote.Taggable, digest v1.Hash) error {
	err := remote.Put(tag, manifest, r.options...)
	if err == nil {
		return nil
	}
	if found, lookErr := r.find(tag); lookErr == nil && found == digest {
		return nil
	}
	return explain("tagging "+tag.String(), r.name, err)
}

// Exists tells whether the repository of a service has the image of this digest.
func Exists(ctx context.Context, env *ops.Environment, out ops.Outputs, service, digest string) (bool, error) {
	hash, err := parseDigest(digest)
	if err != nil {
		return false, err
	}
	r, err := open(ctx, env, out, service)
	if err != nil {
		return false, err
	}
	return r.has(hash)
}

func parseDigest(digest string) (v1.Hash, error) {
	hash, err := v1.NewHash(digest)
	if err != nil || hash.Algorithm != "sha256" {
		return hash, &ops.Problem{Kind: ops.Usage, What: fmt.Sprintf("reading the digest %q", digest), Why: "it is not sha256: and 64 hexadecimal digits",
			Next: "`itrack build images --json` and `itrack push --json` print digests"}
	}
	return hash, nil
}

// passing are the answers after which the same request may go well.
var passing = []int{
	http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}
