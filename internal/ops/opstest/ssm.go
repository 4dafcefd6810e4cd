package opstest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Sessions are Session Manager's sessions and the agents that Systems Manager knows, which moto lacks both.
type Sessions struct {
	cloud *Cloud

	mutex    sync.Mutex
	agents   map[string]*agent // by account, region and instance
	sessions []*session
}

type agent struct {
	place, instance string
	ping            func() string
}

type session struct {
	place, id, target, token string
	parameters               map[string][]string
	active                   bool
}

// NewSessions lets the fake answer.
func NewSessions(cloud *Cloud) *Sessions {
	s := &Sessions{cloud: cloud, agents: map[string]*agent{}}
	for action, do := range map[string]func(Call, string) Answer{
		"DescribeInstanceInformation": s.describe, "StartSession": s.start, "TerminateSession": s.terminate,
	} {
		cloud.Handle("ssm", action, func(call Call) Answer {
			place := cloud.accountOf(call) + " " + call.Region
			s.mutex.Lock()
			defer s.mutex.Unlock()
			return do(call, place)
		})
	}
	return s
}

// Agent registers the agent of an instance of an account; ping gives its state whenever it is asked for: Online,
// ConnectionLost, Inactive, or nothing while it has not reported yet.
func (s *Sessions) Agent(account, region, instance string, ping func() string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	place := account + " " + region
	s.agents[place+" "+instance] = &agent{place: place, instance: instance, ping: ping}
}

// Active are the sessions that are open, by id; All counts those that were ever started.
func (s *Sessions) Active() (ids []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, session := range s.sessions {
		if session.active {
			ids = append(ids, session.id)
		}
	}
	return ids
}

// All is how many sessions were started.
func (s *Sessions) All() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.sessions)
}

// Tokens are those of all sessions: nobody but the plugin may see them.
func (s *Sessions) Tokens() (tokens []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, session := range s.sessions {
		tokens = append(tokens, session.token)
	}
	return tokens
}

func (s *Sessions) describe(call Call, place string) Answer {
	var input struct {
		Filters []struct {
			Key    string
			Values []string
		}
		MaxResults *int
		NextToken  string
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	limit := 50
	if input.MaxResults != nil {
		if limit = *input.MaxResults; limit < 5 || limit > 50 {
			return *refused("ValidationException", "MaxResults is from 5 to 50")
		}
	}
	list := []any{}
	first, err := strconv.Atoi(input.NextToken)
	if input.NextToken != "" && err != nil {
		return *refused("InvalidNextToken", "the token is not one of Systems Manager's")
	}
	keys := []string{}
	for key, agent := range s.agents {
		if agent.place == place {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	next := ""
	at := 0
	for _, key := range keys {
		found := s.agents[key]
		ping := found.ping()
		matches := ping != ""
		for _, filter := range input.Filters {
			if len(filter.Values) == 0 {
				return *refused("InvalidInstanceInformationFilterValue", "a filter has one value at least")
			}
			switch filter.Key {
			case "InstanceIds":
				matches = matches && slices.Contains(filter.Values, found.instance)
			case "PingStatus":
				matches = matches && slices.Contains(filter.Values, ping)
			default:
				return *refused("InvalidFilterKey", "the fake knows InstanceIds and PingStatus, not %s", filter.Key)
			}
		}
		if !matches {
			continue
		}
		if at++; at <= first {
			continue
		}
		if len(list) == limit {
			next = strconv.Itoa(first + limit)
			break
		}
		list = append(list, map[string]any{"InstanceId": found.instance, "PingStatus": ping, "AgentVersion": "3.3.1957.0", "PlatformType": "Linux", "ResourceType": "EC2Instance"})
	}
	output := map[string]any{"InstanceInformationList": list}
	if next != "" {
		output["NextToken"] = next
	}
	return reply(output)
}

// forwardParameters are those of AWS-StartPortForwardingSessionToRemoteHost, with the patterns of AWS's document.
var forwardParameters = map[string]*regexp.Regexp{
	"host":            regexp.MustCompile(`^[^,$^&\(\)!;'"<>` + "`" + `{}\[\]\|#=]{3,}$`),
	"portNumber":      regexp.MustCompile(`^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`),
	"localPortNumber": regexp.MustCompile(`^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`),
}

func (s *Sessions) start(call Call, place string) Answer {
	var input struct {
		Target, DocumentName, Reason string
		Parameters                   map[string][]string
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if input.Target == "" || len(input.Target) > 400 || len(input.Reason) > 256 {
		return *refused("ValidationException", "Target has 1 to 400 characters, Reason 256 at most")
	}
	switch input.DocumentName {
	case "AWS-StartPortForwardingSessionToRemoteHost":
		for _, required := range []string{"host"} {
			if len(input.Parameters[required]) == 0 {
				return *refused("InvalidParameters", "the document needs the parameter %s", required)
			}
		}
		for name, values := range input.Parameters {
			pattern, ok := forwardParameters[name]
			if !ok || len(values) != 1 || !pattern.MatchString(values[0]) {
				return *refused("InvalidParameters", "the document does not take %s = %v", name, values)
			}
		}
	case "", "SSM-SessionManagerRunShell":
	default:
		return *refused("InvalidDocument", "Document with name %s does not exist.", input.DocumentName)
	}
	agent := s.agents[place+" "+input.Target]
	if agent == nil || agent.ping() != "Online" || !s.cloud.instanceRuns(call, input.Target) {
		return *refused("TargetNotConnected", "%s is not connected.", input.Target)
	}
	random := make([]byte, 24)
	_, _ = rand.Read(random) // it never fails
	made := &session{place: place, id: "operator-" + hex.EncodeToString(random[:9]), target: input.Target, token: "AAEA" + hex.EncodeToString(random), parameters: input.Parameters, active: true}
	s.sessions = append(s.sessions, made)
	return reply(map[string]any{
		"SessionId": made.id, "TokenValue": made.token,
		"StreamUrl": fmt.Sprintf("wss://ssmmessages.%s.amazonaws.com/v1/data-channel/%s?role=publish_subscribe", call.Region, made.id),
	})
}

var sessionID = regexp.MustCompile(`^[a-zA-Z0-9=_./@-]{1,96}$`)

// terminate ends a session; ending one again is no error.
func (s *Sessions) terminate(call Call, place string) Answer {
	var input struct{ SessionID string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if !sessionID.MatchString(input.SessionID) {
		return *refused("ValidationException", "SessionId %q has not the form of one", input.SessionID)
	}
	for _, session := range s.sessions {
		if session.id == input.SessionID && session.place == place {
			session.active = false
			return reply(map[string]any{"SessionId": session.id})
		}
	}
	return *refused("DoesNotExistException", "Session %s does not exist", input.SessionID)
}

// instanceRuns asks moto's EC2 for an instance of the caller's account and region.
func (c *Cloud) instanceRuns(call Call, instance string) bool {
	text := c.askQuery(call, "ec2", url.Values{"Action": {"DescribeInstances"}, "Version": {"2016-11-15"}, "InstanceId.1": {instance}})
	return strings.Contains(text, "<name>running</name>")
}

// askQuery calls moto in the name of whoever made a call, at a service that takes forms and answers XML. An error's text
// comes back as it is.
func (c *Cloud) askQuery(by Call, service string, form url.Values) string {
	request, err := http.NewRequest(http.MethodPost, c.Moto, strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error()
	}
	key := "test"
	if match := keyInScope.FindStringSubmatch(by.Request.Header.Get("Authorization")); match != nil {
		key = match[1]
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0", key, by.Region, service))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
