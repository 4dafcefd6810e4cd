// Package opstest is AWS for the tests of package ops: moto behind a proxy. The proxy answers itself what moto lacks (see the
// fakes here; docs/testing.md lists them), injects faults, and records every call.
package opstest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/itrack/itrack/internal/emulators"
)

// Accounts of the tests. Moto's own is the first; the second is reached by assuming a role there.
const (
	Account      = "123456789012"
	OtherAccount = "210987654321"
	Region       = "us-east-1"
	Recovery     = "us-west-2"
)

// Call is one call of AWS's API.
type Call struct {
	Service string // as in the signature: s3, ecr, codedeploy
	Region  string
	Action  string // DescribeServices; for services addressed by path "PUT /bucket/key"
	Body    []byte
	Request *http.Request
}

func (c Call) String() string { return c.Service + " " + c.Action }

// Answer is what a fake answers. Without a status it is 200.
type Answer struct {
	Status int
	Type   string // content type; application/x-amz-json-1.1 unless set
	Body   []byte
	Code   string // AWS's error code: the answer is an error, Body its message
}

// Fake answers one action.
type Fake func(Call) Answer

// Fault is an error that AWS shall have.
type Fault struct {
	Service, Action string // empty matches all; Action is matched by its beginning
	After           int    // calls that go well before
	Times           int    // how often; 0 is always
	Status          int
	Code            string // such as ThrottlingException
	Lost            bool   // the call is done and its answer lost: the connection breaks
}

// Cloud is AWS for one test.
type Cloud struct {
	URL  string // of the proxy
	Moto string // of moto itself, for what a fake needs of it

	t      testing.TB
	mutex  sync.Mutex
	fakes  map[string]Fake // by "service Action"
	first  []func(Call) (Answer, bool)
	faults []*Fault
	calls  []Call

	accounts sync.Map // account by access key
}

// New starts moto and the proxy.
func New(t testing.TB) *Cloud {
	t.Helper()
	moto := emulators.Moto(t)
	target, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	cloud := &Cloud{Moto: moto, t: t, fakes: map[string]Fake{}}
	handleAlarms(cloud)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() == nil {
			t.Logf("moto: %s %s: %v", r.Method, r.URL, err)
		}
		w.WriteHeader(http.StatusBadGateway)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cloud.serve(proxy, w, r) }))
	t.Cleanup(server.Close)
	cloud.URL = server.URL
	return cloud
}

// Handle lets a fake answer an action, such as Handle("codedeploy", "StopDeployment", ...).
func (c *Cloud) Handle(service, action string, fake Fake) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.fakes[service+" "+action] = fake
}

// Intercept lets a fake see every call first, and answer those that it says it answers.
func (c *Cloud) Intercept(fake func(Call) (answer Answer, answered bool)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.first = append(c.first, fake)
}

// Fail adds a fault.
func (c *Cloud) Fail(fault Fault) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.faults = append(c.faults, &fault)
}

// Heal removes all faults.
func (c *Cloud) Heal() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.faults = nil
}

// Calls are the calls so far, in their order.
func (c *Cloud) Calls() []Call {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.calls)
}

// Forget forgets the calls so far.
func (c *Cloud) Forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.calls = nil
}

// reads are the beginnings of actions that change nothing.
var reads = regexp.MustCompile(`^(Get|List|Describe|BatchGet|BatchCheck|Head|Lookup|Filter|Assume|Verify|Sign$|GET |HEAD )`)

// Changes are the calls so far that may have changed something, such as "s3 PUT /bucket/key".
func (c *Cloud) Changes() []string {
	changes := []string{}
	for _, call := range c.Calls() {
		if !reads.MatchString(call.Action) {
			changes = append(changes, call.String())
		}
	}
	return changes
}

func (c *Cloud) serve(moto http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := identify(r, body)
	c.mutex.Lock()
	c.calls = append(c.calls, call)
	fault := c.fault(call)
	fake, first := c.fakes[call.Service+" "+call.Action], slices.Clone(c.first)
	c.mutex.Unlock()
	if fault != nil && !fault.Lost {
		write(w, call, Answer{Status: fault.Status, Code: fault.Code, Body: []byte("injected by the test")})
		return
	}
	for _, look := range first {
		if answer, answered := look(call); answered {
			fake = func(Call) Answer { return answer }
		}
	}
	recorder := httptest.NewRecorder()
	if fake != nil {
		write(recorder, call, fake(call))
	} else {
		moto.ServeHTTP(recorder, r)
	}
	if fault != nil {
		panic(http.ErrAbortHandler)
	}
	for key, values := range recorder.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

// fault is the fault that this call meets, if any. The caller holds the mutex.
func (c *Cloud) fault(call Call) *Fault {
	for _, fault := range c.faults {
		if fault.Service != "" && fault.Service != call.Service || !strings.HasPrefix(call.Action, fault.Action) {
			continue
		}
		if due(&fault.After, &fault.Times) {
			return fault
		}
	}
	return nil
}

// due tells whether what a fault matches meets it, and counts: after times go well, then so many do not (0 is all).
func due(after, times *int) bool {
	switch {
	case *times < 0: // used up
		return false
	case *after > 0:
		*after--
		return false
	}
	if *times > 0 {
		if *times--; *times == 0 {
			*times = -1
		}
	}
	return true
}

var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/([^/]+)/([^/]+)/aws4_request`)

// identify reads service, region and action out of a signed request.
func identify(r *http.Request, body []byte) Call {
	call := Call{Body: body, Request: r}
	if match := scope.FindStringSubmatch(r.Header.Get("Authorization")); match != nil {
		call.Region, call.Service = match[1], match[2]
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		call.Action = target[strings.LastIndex(target, ".")+1:]
	case strings.HasPrefix(r.URL.Path, "/service/"): // smithy's RPC: /service/NAME/operation/ACTION
		call.Action = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			call.Action = form.Get("Action")
		}
	}
	if call.Action == "" {
		call.Action = r.Method + " " + r.URL.Path
	}
	return call
}

// write answers in the form of the service: JSON, or XML where the service speaks it.
func write(w http.ResponseWriter, call Call, answer Answer) {
	if answer.Status == 0 {
		answer.Status = http.StatusOK
		if answer.Code != "" {
			answer.Status = http.StatusBadRequest
		}
	}
	kind, body := answer.Type, answer.Body
	if kind == "" {
		kind = "application/x-amz-json-1.1"
	}
	if answer.Code != "" {
		switch {
		case strings.HasPrefix(call.Request.URL.Path, "/service/"): // smithy's RPC speaks CBOR
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
			kind, body = "application/cbor", cbor.Encode(cbor.Map{"__type": cbor.String(answer.Code), "message": cbor.String(answer.Body)})
		case call.Service == "ec2":
			kind, body = "text/xml", fmt.Appendf(nil, `<?xml version="1.0"?><Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors></Response>`, answer.Code, answer.Body)
		case slices.Contains([]string{"s3"}, call.Service):
			kind, body = "application/xml", fmt.Appendf(nil, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, answer.Code, answer.Body)
		case slices.Contains([]string{"sts", "iam", "rds", "elasticloadbalancing", "autoscaling", "cloudfront", "route53", "monitoring"}, call.Service) && !strings.HasPrefix(call.Request.URL.Path, "/service/"):
			kind, body = "text/xml", fmt.Appendf(nil, `<?xml version="1.0"?><ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, answer.Code, answer.Body)
		default:
			w.Header().Set("X-Amzn-Errortype", answer.Code)
			body = fmt.Appendf(nil, `{"__type":%q,"message":%q}`, answer.Code, answer.Body)
		}
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body)
}
