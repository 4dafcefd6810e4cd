package opstest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Layout writes an image as `itrack build images` does, with the given platforms ("linux/arm64") and invented content, into
// dir/service: an index that is tagged with the version, and one SBOM for each platform that refers to its image. It gives
// back the index's digest. Another version is another digest.
func Layout(t testing.TB, dir, service, version string, platforms ...string) string {
	t.Helper()
	l := layout{t: t, dir: filepath.Join(dir, service)}
	labels := map[string]string{"org.opencontainers.image.title": service, "org.opencontainers.image.version": version}
	var images, sboms []v1.Descriptor
	for _, platform := range platforms {
		system, architecture, _ := strings.Cut(platform, "/")
		config := l.write("application/vnd.oci.image.config.v1+json", map[string]any{"architecture": architecture, "os": system, "rootfs": map[string]any{"type": "layers", "diff_ids": []string{}}})
		image := l.write(types.OCIManifestSchema1, v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Annotations: labels,
			Layers: []v1.Descriptor{l.blob(types.OCILayer, []byte("the program of "+service+" for "+platform))}})
		image.Platform = &v1.Platform{OS: system, Architecture: architecture}
		images = append(images, image)
		subject := image
		subject.Platform = nil
		sbom := l.write(types.OCIManifestSchema1, map[string]any{
			"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": "application/spdx+json",
			"config":  l.blob("application/vnd.oci.empty.v1+json", []byte("{}")),
			"layers":  []v1.Descriptor{l.blob("application/spdx+json", []byte(`{"spdxVersion":"SPDX-2.3","name":"`+service+" "+platform+`"}`))},
			"subject": subject,
		})
		sbom.ArtifactType = "application/spdx+json"
		sboms = append(sboms, sbom)
	}
	index := l.write(types.OCIImageIndex, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: images, Annotations: labels})
	index.Annotations = map[string]string{"org.opencontainers.image.ref.name": version}
	l.file("index.json", l.json(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: append([]v1.Descriptor{index}, sboms...)}))
	l.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	return index.Digest.String()
}

type layout struct {
	t   testing.TB
	dir string
}

func (l layout) json(value any) []byte {
	l.t.Helper()
	return must(json.Marshal(value))(l.t)
}

func (l layout) write(media types.MediaType, value any) v1.Descriptor {
	return l.blob(media, l.json(value))
}

func (l layout) blob(media types.MediaType, content []byte) v1.Descriptor {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		l.t.Fatal(err)
	}
	l.file(filepath.Join("blobs", "sha256", digest.Hex), content)
	return v1.Descriptor{MediaType: media, Size: size, Digest: digest}
}

func (l layout) file(path string, content []byte) {
	path = filepath.Join(l.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		l.t.Fatal(err)
	}
}
