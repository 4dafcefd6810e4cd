package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/itrack/itrack/internal/ops"
)

// What is wrong with a signature; errors of Verify and Copy wrap one of them.
var (
	ErrNoSignature = errors.New("there is no signature")
	ErrWrongKey    = errors.New("the signature is by another key")
	ErrOtherDigest = errors.New("the signature is about another image")
)

// passes tells whether an error may pass by itself: throttling, the registry's own errors, a connection that broke.
func passes(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var answer *transport.Error
	if errors.As(err, &answer) {
		return slices.Contains(passing, answer.StatusCode) || answer.Temporary()
	}
	var network net.Error
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return errors.As(err, &network) && network.Timeout()
}

func isMissing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}

// explain makes a Problem of an answer of the registry or of AWS. The registry's library keeps credentials out of its errors.
func explain(what string, repository name.Repository, err error) error {
	if err == nil {
		return nil
	}
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return ops.Explain(what, err)
	}
	problem := &ops.Problem{What: what, Why: answer.Error(), Err: err}
	switch {
	case slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.NameUnknownErrorCode }):
		problem.Next = "the repository " + repository.String() + " does not exist: `itrack deploy ENVIRONMENT` makes it, or look whether it was deleted by hand"
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		problem.Next = "the role in use lacks rights on the repository (ecr:BatchGetImage, ecr:PutImage, ecr:InitiateLayerUpload and the like): use the deploy role of the environment"
	case answer.StatusCode == http.StatusTooManyRequests:
		problem.Next = "ECR asked to slow down, also after several attempts: wait a minute and run this again; nothing is uploaded twice"
	case answer.StatusCode >= http.StatusInternalServerError:
		problem.Next = "ECR had an internal error, also after several attempts: see https://health.aws.amazon.com and run this again; nothing is uploaded twice"
	case slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.DigestInvalidErrorCode }):
		problem.Next = "a file of the image has other content than its name says: build it again with `itrack build images`"
	}
	return problem
}
