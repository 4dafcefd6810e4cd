package httpapi

import (
	"net/http"
	"runtime"
	"strconv"
)

var liveBody = []byte(`{"state":"live"}`)

// raw writes a JSON body that is made already.
func raw(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// live says that the process answers, and asks nothing else: a database that fails over must not end every task.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) { raw(w, http.StatusOK, liveBody) }

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	body, well := s.Health.Body()
	status := http.StatusOK
	if !well {
		status = http.StatusServiceUnavailable
	}
	raw(w, status, body)
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	_ = reply(w, http.StatusOK, versionView{Version: s.Version, Revision: s.Revision, Go: runtime.Version()}) // strings can be written
}

func (s *Server) document(w http.ResponseWriter, _ *http.Request) { raw(w, http.StatusOK, s.OpenAPI) }
