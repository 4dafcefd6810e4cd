package opstest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// alarms are CloudWatch's alarms. The SDK speaks CBOR to CloudWatch, which moto does not; and moto's DescribeAlarms knows no
// composite alarms, ignores the wanted state beside a prefix, and has no pages.
type alarms struct {
	cloud *Cloud
	mutex sync.Mutex
	made  map[string]map[string]*alarm // by account and region, by name
}

type alarm struct {
	composite bool
	given     cbor.Map // what it was made from
	state     string
	reason    string
	since     time.Time
}

const (
	alarmPage    = 50 // alarms on a page unless the caller says
	alarmPageMax = 100
)

// handleAlarms lets the fake answer. Every cloud has it.
func handleAlarms(c *Cloud) {
	a := &alarms{cloud: c, made: map[string]map[string]*alarm{}}
	for action, do := range map[string]func(map[string]*alarm, string, cbor.Map) (cbor.Map, *Answer){
		"PutMetricAlarm":    a.put(false),
		"PutCompositeAlarm": a.put(true),
		"SetAlarmState":     a.set,
		"DescribeAlarms":    a.describe,
		"DeleteAlarms":      a.remove,
	} {
		c.fakes["monitoring "+action] = func(call Call) Answer {
			value, err := cbor.Decode(call.Body)
			input, ok := value.(cbor.Map)
			if err != nil || !ok {
				return *refused("SerializationException", "the body is no CBOR map")
			}
			place := c.accountOf(call) + " " + call.Region
			a.mutex.Lock()
			defer a.mutex.Unlock()
			if a.made[place] == nil {
				a.made[place] = map[string]*alarm{}
			}
			output, refusal := do(a.made[place], place, input)
			if refusal != nil {
				return *refusal
			}
			return Answer{Type: "application/cbor", Body: cbor.Encode(output)}
		}
	}
}

func refused(code, format string, a ...any) *Answer {
	return &Answer{Status: http.StatusBadRequest, Code: code, Body: fmt.Appendf(nil, format, a...)}
}

func text(m cbor.Map, key string) string {
	value, _ := m[key].(cbor.String)
	return string(value)
}

func texts(m cbor.Map, key string) []string {
	var all []string
	list, _ := m[key].(cbor.List)
	for _, value := range list {
		if s, ok := value.(cbor.String); ok {
			all = append(all, string(s))
		}
	}
	return all
}

var alarmInRule = regexp.MustCompile(`(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+)"?\s*\)`)

func (a *alarms) put(composite bool) func(map[string]*alarm, string, cbor.Map) (cbor.Map, *Answer) {
	return func(made map[string]*alarm, _ string, input cbor.Map) (cbor.Map, *Answer) {
		required := []string{"AlarmName", "ComparisonOperator", "EvaluationPeriods"}
		if composite {
			required = []string{"AlarmName", "AlarmRule"}
		}
		for _, key := range required {
			if input[key] == nil {
				return nil, refused("MissingParameter", "the parameter %s is missing", key)
			}
		}
		if !composite && (input["MetricName"] == nil) == (input["Metrics"] == nil) {
			return nil, refused("InvalidParameterCombination", "an alarm has either MetricName or Metrics")
		}
		for _, child := range alarmInRule.FindAllStringSubmatch(text(input, "AlarmRule"), -1) {
			if made[child[1]] == nil {
				return nil, refused("ValidationError", "AlarmRule must not contain the alarm %s, which does not exist", child[1])
			}
		}
		// A changed alarm keeps its state until it is evaluated again.
		next := &alarm{composite: composite, given: input, state: "INSUFFICIENT_DATA", reason: "Unchecked: Initial alarm creation", since: time.Now()}
		if before := made[text(input, "AlarmName")]; before != nil {
			if before.composite != composite {
				return nil, refused("ValidationError", "there is an alarm of another type with this name")
			}
			next.state, next.reason, next.since = before.state, before.reason, before.since
		}
		made[text(input, "AlarmName")] = next
		return cbor.Map{}, nil
	}
}

func (a *alarms) set(made map[string]*alarm, _ string, input cbor.Map) (cbor.Map, *Answer) {
	for _, key := range []string{"AlarmName", "StateValue", "StateReason"} {
		if input[key] == nil {
			return nil, refused("MissingParameter", "the parameter %s is missing", key)
		}
	}
	found := made[text(input, "AlarmName")]
	if found == nil {
		return nil, refused("ResourceNotFound", "unknown alarm %s", text(input, "AlarmName"))
	}
	state := text(input, "StateValue")
	if !slices.Contains([]string{"OK", "ALARM", "INSUFFICIENT_DATA"}, state) {
		return nil, refused("ValidationError", "StateValue is not one of OK, ALARM, INSUFFICIENT_DATA")
	}
	if found.state != state {
		found.since = time.Now()
	}
	found.state, found.reason = state, text(input, "StateReason")
	return cbor.Map{}, nil
}

func (a *alarms) remove(made map[string]*alarm, _ string, input cbor.Map) (cbor.Map, *Answer) {
	for _, name := range texts(input, "AlarmNames") {
		if made[name] == nil {
			return nil, refused("ResourceNotFound", "unknown alarm %s", name)
		}
	}
	for _, name := range texts(input, "AlarmNames") {
		delete(made, name)
	}
	return cbor.Map{}, nil
}

// describe answers one page. Without types CloudWatch tells metric alarms alone.
func (a *alarms) describe(made map[string]*alarm, place string, input cbor.Map) (cbor.Map, *Answer) {
	names, prefix, state, types := texts(input, "AlarmNames"), text(input, "AlarmNamePrefix"), text(input, "StateValue"), texts(input, "AlarmTypes")
	if len(names) > 0 && prefix != "" {
		return nil, refused("InvalidParameterCombination", "AlarmNames and AlarmNamePrefix exclude each other")
	}
	if len(types) == 0 {
		types = []string{"MetricAlarm"}
	}
	for _, kind := range types {
		if !slices.Contains([]string{"MetricAlarm", "CompositeAlarm"}, kind) {
			return nil, refused("ValidationError", "unknown alarm type %s", kind)
		}
	}
	limit := alarmPage
	if input["MaxRecords"] != nil {
		given, err := cbor.AsInt32(input["MaxRecords"])
		if err != nil || given < 1 || given > alarmPageMax {
			return nil, refused("ValidationError", "MaxRecords is from 1 to %d", alarmPageMax)
		}
		limit = int(given)
	}
	first := 0
	if token := text(input, "NextToken"); token != "" {
		var err error
		if first, err = strconv.Atoi(strings.TrimPrefix(token, "page-")); err != nil || !strings.HasPrefix(token, "page-") {
			return nil, refused("InvalidNextToken", "the token is not one of CloudWatch's")
		}
	}
	output := cbor.Map{"MetricAlarms": cbor.List{}, "CompositeAlarms": cbor.List{}}
	at := 0
	for _, name := range slices.Sorted(maps.Keys(made)) {
		found, kind := made[name], "MetricAlarm"
		if found.composite {
			kind = "CompositeAlarm"
		}
		if len(names) > 0 && !slices.Contains(names, name) || !strings.HasPrefix(name, prefix) || state != "" && found.state != state || !slices.Contains(types, kind) {
			continue
		}
		if at++; at <= first {
			continue
		}
		if at > first+limit {
			output["NextToken"] = cbor.String("page-" + strconv.Itoa(first+limit))
			break
		}
		output[kind+"s"] = append(output[kind+"s"].(cbor.List), found.answer(place))
	}
	return output, nil
}

func (a *alarm) answer(place string) cbor.Map {
	account, region, _ := strings.Cut(place, " ")
	result := maps.Clone(a.given)
	delete(result, "Tags")
	since := &cbor.Tag{ID: 1, Value: cbor.Float64(float64(a.since.UnixMilli()) / 1000)}
	maps.Copy(result, cbor.Map{
		"AlarmArn":   cbor.String(fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", region, account, text(a.given, "AlarmName"))),
		"StateValue": cbor.String(a.state), "StateReason": cbor.String(a.reason),
		"StateUpdatedTimestamp": since, "StateTransitionedTimestamp": since,
	})
	return result
}

var (
	keyInScope = regexp.MustCompile(`Credential=([^/]+)/`)
	accountTag = regexp.MustCompile(`<Account>([0-9]{12})</Account>`)
)

// accountOf is the account that a call was signed in to; moto knows whose the access key is.
func (c *Cloud) accountOf(call Call) string {
	match := keyInScope.FindStringSubmatch(call.Request.Header.Get("Authorization"))
	if match == nil {
		return Account
	}
	if known, ok := c.accounts.Load(match[1]); ok {
		return known.(string)
	}
	request, err := http.NewRequest(http.MethodPost, c.Moto, strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
	if err != nil {
		return Account
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+match[1]+"/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Account
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	account := Account
	if found := accountTag.FindSubmatch(answer); found != nil {
		account = string(found[1])
	}
	c.accounts.Store(match[1], account)
	return account
}
