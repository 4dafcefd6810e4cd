package opstest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/itrack/itrack/internal/ops"
)

// Registry is ECR's registry of one account, where images are pushed to and pulled from: moto has only ECR's own API. As
// ECR it wants the password that GetAuthorizationToken gave for its account, knows only repositories that were made, never lets
// a tag be written again (not even with the same content), and takes no manifest whose parts are missing.
type Registry struct {
	Host string // of the repositories' URLs

	account      string
	inner        http.Handler
	mutex        sync.Mutex
	repositories []string
	faults       []*RegistryFault
	changes      []string
	watch        func()
}

// RegistryFault is an error that the registry shall have.
type RegistryFault struct {
	Method, Path string // the path is matched by a part of it; empty matches all
	Writes       bool   // only what may change something
	After        int    // requests that go well before
	Times        int    // how often; 0 is always
	Status       int
	Code         string // such as TOOMANYREQUESTS
	Lost         bool   // the request is done and its answer lost
}

// NewRegistry starts the registry of an account.
func NewRegistry(t testing.TB, account string) *Registry {
	t.Helper()
	r := &Registry{account: account, inner: registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Serve makes the outputs' repositories this registry's.
func (r *Registry) Serve(out *ops.Outputs) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	repositories := map[string]string{}
	for service, url := range out.Repositories {
		_, name, _ := strings.Cut(url, "/")
		repositories[service] = r.Host + "/" + name
		r.repositories = append(r.repositories, name)
		if wanted, ok := out.Releases[service]; ok {
			wanted.Repository = repositories[service]
			out.Releases[service] = wanted
		}
	}
	out.Repositories = repositories
}

// Fail adds a fault.
func (r *Registry) Fail(fault RegistryFault) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.faults = append(r.faults, &fault)
}

// Watch has every request seen before it is done.
func (r *Registry) Watch(see func()) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.watch = see
}

// Heal removes all faults.
func (r *Registry) Heal() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.faults = nil
}

// Changes are the requests so far that may have changed something, such as "PUT /v2/itrack-backend/manifests/v1".
func (r *Registry) Changes() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.changes)
}

// Forget forgets the changes so far.
func (r *Registry) Forget() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.changes = nil
}

// Get reads what is at a path below /v2/, with its status.
func (r *Registry) Get(path string) (int, []byte) {
	recorder := httptest.NewRecorder()
	r.inner.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/v2/"+path, nil))
	return recorder.Code, recorder.Body.Bytes()
}

// Remove removes a manifest by tag or digest.
func (r *Registry) Remove(repository, reference string) {
	r.inner.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/v2/"+repository+"/manifests/"+reference, nil))
}

var registryPath = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|referrers)/(.+)$`)

// ServeHTTP answers as ECR does.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if user, password, _ := request.BasicAuth(); user != "AWS" || password != r.account+"-auth-token" {
		w.Header().Set("WWW-Authenticate", `Basic realm="https://`+r.Host+`/",service="ecr.amazonaws.com"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized")
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the client went away
	}
	r.mutex.Lock()
	see := r.watch
	r.mutex.Unlock()
	if see != nil {
		see()
	}
	r.mutex.Lock()
	fault := r.fault(request)
	if writes(request) {
		r.changes = append(r.changes, request.Method+" "+request.URL.Path)
	}
	r.mutex.Unlock()
	if fault != nil && !fault.Lost {
		refuse(w, fault.Status, fault.Code, "injected by the test")
		return
	}
	recorder := httptest.NewRecorder()
	request.Body = io.NopCloser(bytes.NewReader(body))
	r.answer(recorder, request, body)
	if fault != nil {
		panic(http.ErrAbortHandler)
	}
	for key, values := range recorder.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

func (r *Registry) answer(w http.ResponseWriter, request *http.Request, body []byte) {
	match := registryPath.FindStringSubmatch(request.URL.Path)
	if match == nil {
		r.inner.ServeHTTP(w, request)
		return
	}
	name, kind, reference := match[1], match[2], match[3]
	r.mutex.Lock()
	known := slices.Contains(r.repositories, name)
	r.mutex.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", name, r.account))
		return
	}
	if kind == "manifests" && request.Method == http.MethodPut {
		if _, err := v1.NewHash(reference); err != nil && r.status(name, "manifests", reference) == http.StatusOK {
			refuse(w, http.StatusBadRequest, "TAG_INVALID",
				fmt.Sprintf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", reference, name))
			return
		}
		if missing := r.missing(name, body); missing != "" {
			refuse(w, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN", "Layers with digests '["+missing+"]' required for pushing image into repository do not exist")
			return
		}
	}
	if kind == "referrers" {
		r.referrers(w, request, name)
		return
	}
	r.inner.ServeHTTP(w, request)
}

// referrers says of each artifact what its manifest says it is; the library's registry says what its configuration is.
func (r *Registry) referrers(w http.ResponseWriter, request *http.Request, name string) {
	recorder := httptest.NewRecorder()
	r.inner.ServeHTTP(recorder, request)
	var list v1.IndexManifest
	if err := json.Unmarshal(recorder.Body.Bytes(), &list); err != nil || recorder.Code != http.StatusOK {
		refuse(w, http.StatusInternalServerError, "UNKNOWN", recorder.Body.String())
		return
	}
	for i, described := range list.Manifests {
		var manifest struct{ ArtifactType string }
		_, text := r.Get(name + "/manifests/" + described.Digest.String())
		if err := json.Unmarshal(text, &manifest); err == nil && manifest.ArtifactType != "" {
			list.Manifests[i].ArtifactType = manifest.ArtifactType
		}
	}
	text, _ := json.Marshal(list) // it was read from JSON
	w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
	_, _ = w.Write(text)
}

// missing is the first part that a manifest names and the repository lacks.
func (r *Registry) missing(name string, body []byte) string {
	var manifest struct {
		Config *v1.Descriptor
		Layers []v1.Descriptor
	}
	if err := json.Unmarshal(body, &manifest); err != nil || manifest.Config == nil {
		return ""
	}
	for _, part := range append(manifest.Layers, *manifest.Config) {
		if r.status(name, "blobs", part.Digest.String()) != http.StatusOK {
			return part.Digest.String()
		}
	}
	return ""
}

func (r *Registry) status(name, kind, reference string) int {
	recorder := httptest.NewRecorder()
	r.inner.ServeHTTP(recorder, httptest.NewRequest(http.MethodHead, "/v2/"+name+"/"+kind+"/"+reference, nil))
	return recorder.Code
}

// fault is the fault that this request meets, if any. The caller holds the mutex.
func (r *Registry) fault(request *http.Request) *RegistryFault {
	for _, fault := range r.faults {
		if fault.Writes && !writes(request) || fault.Method != "" && fault.Method != request.Method || !strings.Contains(request.URL.Path, fault.Path) {
			continue
		}
		if due(&fault.After, &fault.Times) {
			return fault
		}
	}
	return nil
}

func writes(request *http.Request) bool {
	return request.Method != http.MethodGet && request.Method != http.MethodHead
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	text, _ := json.Marshal(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}}) // strings cannot fail
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
