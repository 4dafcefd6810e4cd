package opstest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// NewBucketPolicies keeps the policies of buckets beside moto, which takes every condition of a statement as met: a bucket that
// denies clear text would deny all. That the policy is there, and what it says, can be asked as before; nobody is refused by it.
func NewBucketPolicies(cloud *Cloud) {
	var mutex sync.Mutex
	policies := map[string][]byte{} // by account and path
	cloud.Intercept(func(call Call) (Answer, bool) {
		if _, asked := call.Request.URL.Query()["policy"]; call.Service != "s3" || !asked {
			return Answer{}, false
		}
		mutex.Lock()
		defer mutex.Unlock()
		key := cloud.accountOf(call) + call.Request.URL.Path
		switch call.Request.Method {
		case http.MethodPut:
			if !json.Valid(call.Body) {
				return Answer{Code: "MalformedPolicy", Body: []byte("This policy contains invalid Json")}, true
			}
			policies[key] = call.Body
			return Answer{Status: http.StatusNoContent}, true
		case http.MethodDelete:
			delete(policies, key)
			return Answer{Status: http.StatusNoContent}, true
		}
		policy, ok := policies[key]
		if !ok {
			return Answer{Status: http.StatusNotFound, Code: "NoSuchBucketPolicy", Body: []byte("The bucket policy does not exist: " + strings.Trim(call.Request.URL.Path, "/"))}, true
		}
		return Answer{Type: "application/json", Body: policy}, true
	})
}
