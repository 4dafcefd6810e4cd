package opstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ask calls moto in the name of whoever made a call, as a service of AWS calls another one. The action is as in X-Amz-Target,
// such as AmazonEC2ContainerServiceV20141113.DescribeServices. An error of moto comes back as an answer to hand on.
func (c *Cloud) ask(by Call, service, target string, input, output any) *Answer {
	body, err := json.Marshal(input)
	if err != nil {
		return &Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	request, err := http.NewRequest(http.MethodPost, c.Moto, bytes.NewReader(body))
	if err != nil {
		return &Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	request.Header.Set("Authorization", authorization(by, service))
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return &Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return &Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	if response.StatusCode >= http.StatusBadRequest {
		var problem struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		_ = json.Unmarshal(text, &problem) // an answer that is no JSON is told as it is
		if problem.Type == "" {
			problem.Type, problem.Message = "InternalFailure", string(text)
		}
		return &Answer{Status: response.StatusCode, Code: problem.Type[strings.LastIndex(problem.Type, "#")+1:], Body: []byte(problem.Message)}
	}
	if output == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, output); err != nil {
		return &Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	return nil
}

// authorization is a header by which moto finds account, region and service; it checks no signature.
func authorization(by Call, service string) string {
	key := "test"
	if match := keyInScope.FindStringSubmatch(by.Request.Header.Get("Authorization")); match != nil {
		key = match[1]
	}
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0", key, by.Region, service)
}

// Targets of ask.
const (
	ecsTarget    = "AmazonEC2ContainerServiceV20141113."
	logsTarget   = "Logs_20140328."
	deployTarget = "CodeDeploy_20141006."
)

// reply answers with JSON.
func reply(value any) Answer {
	body, err := json.Marshal(value)
	if err != nil {
		return Answer{Status: http.StatusInternalServerError, Code: "InternalFailure", Body: []byte(err.Error())}
	}
	return Answer{Body: body}
}

// strict decodes a request and refuses fields that the action does not have.
func strict(body []byte, into any) *Answer {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refused("SerializationException", "%v", err)
	}
	return nil
}
