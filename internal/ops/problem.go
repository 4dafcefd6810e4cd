package ops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// Kind tells what an error means for the caller; the command's exit code follows from it.
type Kind int

// The kinds.
const (
	Failed     Kind = iota // it was tried, and failed
	Usage                  // nothing was tried: wrong flags, settings or account
	Changed                // what was compared differs
	Refused                // a guard refused: nothing was done, and something has to be said or lifted first
	TimedOut               // the time is over; what was begun may still end well
	Incomplete             // a part could not be done, and the rest is no answer without it
)

// Problem is an error as users read it: what happened, why, and what to do next.
type Problem struct {
	Kind Kind
	What string // what was tried
	Why  string // why it did not work, in AWS's words where they are AWS's
	Next string // what to do
	Err  error  // the cause, for errors.As
}

func (p *Problem) Error() string {
	text := p.What
	if p.Why != "" {
		text += ": " + p.Why
	}
	if p.Next != "" {
		text += "\n  what to do: " + p.Next
	}
	return text
}

// Unwrap is the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Refuse is a refusal of a guard.
func Refuse(what, why, next string) error {
	return &Problem{Kind: Refused, What: what, Why: why, Next: next}
}

// KindOf is the kind of an error; an error that is no Problem is Failed.
func KindOf(err error) Kind {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.Kind
	}
	return Failed
}

// advice says what to do about an error code of AWS.
var advice = []struct {
	codes []string // parts of codes; behind = a whole code
	next  string
}{
	{[]string{"ExpiredToken", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthFailure"},
		"sign in to AWS again (`aws sso login`, or new credentials in the environment) and check `aws sts get-caller-identity`"},
	{[]string{"AccessDenied", "UnauthorizedOperation", "NotAuthorized", "Forbidden"},
		"the role in use lacks this right: use the deploy role of the environment, or have the right added (`aws sts get-caller-identity` tells the role)"},
	{[]string{"Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown", "ProvisionedThroughputExceeded"},
		"AWS asked to slow down, also after several attempts: wait a minute and run this again; nothing is done twice"},
	{[]string{"InternalError", "InternalFailure", "InternalServer", "InternalServiceError", "ServiceUnavailable", "KMSInternal", "DependencyTimeout", "=ServerException", "=ServiceException"},
		"AWS had an internal error, also after several attempts: see https://health.aws.amazon.com and run this again; nothing is done twice"},
	{[]string{"LimitExceeded", "QuotaExceeded"}, "a quota of the account is used up: ask for more in Service Quotas, or remove what is not needed"},
	{[]string{"OptInRequired", "InvalidRegion"}, "the region is not enabled in this account: enable it, or choose another (aws:region, itrack:recovery.region)"},
}

// Explain makes a Problem of an error of AWS's SDK, and of a time that is over; what says what was tried. A Problem, and the
// caller's own wish to stop, stay what they are.
func Explain(what string, err error) error {
	if err == nil {
		return nil
	}
	var problem *Problem
	if errors.As(err, &problem) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", what, err)
	}
	problem = &Problem{What: what, Why: err.Error(), Err: err}
	var answer smithy.APIError
	var network *net.OpError
	switch {
	case errors.As(err, &answer):
		problem.Why = strings.TrimSuffix(answer.ErrorCode()+": "+answer.ErrorMessage(), ": ")
		problem.Next = nextFor(answer.ErrorCode())
	case errors.As(err, &network):
		problem.Why = network.Error()
		problem.Next = "AWS could not be reached: check the network, a proxy, and the endpoints in aws:endpoints or AWS_ENDPOINT_URL"
	// After the network's own: a connection that is not made in time says of itself that a deadline was exceeded, too.
	case errors.Is(err, context.DeadlineExceeded):
		problem.Kind, problem.Why = TimedOut, "the time is over"
		problem.Next = "run this again: it goes on where it stopped; --timeout gives it longer"
	case strings.Contains(err.Error(), "failed to refresh cached credentials"), strings.Contains(err.Error(), "no EC2 IMDS role found"):
		problem.Why = "there are no AWS credentials"
		problem.Next = "sign in (`aws sso login`), name a profile (AWS_PROFILE, aws:profile), or set credentials in the environment"
	}
	return problem
}

func nextFor(code string) string {
	for _, entry := range advice {
		if slices.ContainsFunc(entry.codes, func(part string) bool {
			whole, exact := strings.CutPrefix(part, "=")
			return strings.Contains(code, part) || exact && code == whole
		}) {
			return entry.next
		}
	}
	return ""
}

// IsCode tells whether an error is an answer of AWS with one of these codes.
func IsCode(err error, codes ...string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && slices.Contains(codes, answer.ErrorCode())
}

// IsMissing tells whether AWS says that something does not exist. Each service has its own code for it.
func IsMissing(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	return slices.ContainsFunc([]string{"NotFound", "NoSuch", "DoesNotExist", "NonExistent"},
		func(part string) bool { return strings.Contains(answer.ErrorCode(), part) })
}
