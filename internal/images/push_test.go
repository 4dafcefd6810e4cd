package images

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// What a registry has after a push is what the build printed, and it finds each image's SBOM from the image.
func TestPushedImagesKeepTheirDigests(t *testing.T) {
	_, result := build(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	defer server.Close()
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/itrack/gadget")
	require.NoError(t, err)
	opened := open(t, result)
	require.NoError(t, remote.WriteIndex(repository.Tag(opened.Version), opened.Index))
	for _, attached := range opened.SBOMs {
		digest, err := attached.Digest()
		require.NoError(t, err)
		require.NoError(t, remote.Write(repository.Digest(digest.String()), attached))
	}

	pushed, err := remote.Get(repository.Tag(opened.Version))
	require.NoError(t, err)
	require.Equal(t, result.Digest, pushed.Digest.String())
	index, err := pushed.ImageIndex()
	require.NoError(t, err)
	require.NoError(t, validate.Index(index))
	for _, made := range result.Platforms {
		referrers, err := remote.Referrers(repository.Digest(made.Digest))
		require.NoError(t, err)
		list, err := referrers.IndexManifest()
		require.NoError(t, err)
		require.Len(t, list.Manifests, 1)
		require.Equal(t, made.SBOMDigest, list.Manifests[0].Digest.String())

		found, err := remote.Image(repository.Digest(made.SBOMDigest))
		require.NoError(t, err)
		raw, err := found.RawManifest()
		require.NoError(t, err)
		require.Contains(t, string(raw), `"artifactType":"application/spdx+json"`)
		subject, err := subjectOf(found)
		require.NoError(t, err)
		require.Equal(t, made.Digest, subject.String())
		require.Equal(t, document(t, made.SBOM), attachedDocument(t, found), "the file beside the layout is the attached document")
	}
}

func document(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(body)
}

func attachedDocument(t *testing.T, img v1.Image) string {
	t.Helper()
	layers, err := img.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Compressed()
	require.NoError(t, err)
	defer func() { require.NoError(t, content.Close()) }()
	body, err := io.ReadAll(content)
	require.NoError(t, err)
	return string(body)
}
