package opstest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/itrack/itrack/internal/ops"
)

// Mirror makes ECR's own API in moto know what is pushed to the registry from now on, as it does where both are one service.
func (r *Registry) Mirror(t testing.TB, env *ops.Environment) {
	inner, client := r.inner, env.Primary().ECR()
	r.inner = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		match := registryPath.FindStringSubmatch(request.URL.Path)
		if match == nil || match[2] != "manifests" || request.Method != http.MethodPut {
			inner.ServeHTTP(w, request)
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the client went away
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		inner.ServeHTTP(recorder, request)
		if recorder.Code == http.StatusCreated {
			digest, _, err := v1.SHA256(bytes.NewReader(body))
			if err != nil {
				t.Error(err)
			}
			put := &ecr.PutImageInput{
				RepositoryName: aws.String(match[1]), ImageManifest: aws.String(string(body)),
				ImageManifestMediaType: aws.String(request.Header.Get("Content-Type")), ImageDigest: aws.String(digest.String()),
			}
			if _, err := v1.NewHash(match[3]); err != nil {
				put.ImageTag = aws.String(match[3])
			}
			if _, err := client.PutImage(context.Background(), put); err != nil && !ops.IsCode(err, "ImageAlreadyExistsException") {
				t.Errorf("telling ECR of %s: %v", request.URL.Path, err)
			}
		}
		for key, values := range recorder.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}
