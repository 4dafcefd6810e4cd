package images

import (
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// sbomType is the artifact type of an attached SBOM and the media type of the document.
	sbomType = "application/spdx+json"
	// emptyType is what OCI 1.1 gives an artifact without a configuration, whose content is then {}.
	emptyType = "application/vnd.oci.empty.v1+json"
)

// artifact is an OCI 1.1 manifest that refers to an image. The registry library's type knows no artifactType.
type artifact struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     types.MediaType   `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Subject       v1.Descriptor     `json:"subject"`
	Annotations   map[string]string `json:"annotations"`
}

// attach makes the manifest by which a registry finds the document from the image, and describes it.
func (m *image) attach(subject v1.Descriptor, document []byte) (v1.Descriptor, error) {
	content := []byte("{}")
	annotations := map[string]string{"org.opencontainers.image.created": m.commit.created()}
	manifest, err := json.Marshal(artifact{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: sbomType,
		Config: describe(emptyType, content), Layers: []v1.Descriptor{describe(sbomType, document)}, Subject: subject, Annotations: annotations,
	})
	if err != nil {
		return v1.Descriptor{}, err
	}
	for _, part := range [][]byte{content, document, manifest} {
		m.put(part)
	}
	described := describe(types.OCIManifestSchema1, manifest)
	described.ArtifactType, described.Annotations = sbomType, annotations
	return described, nil
}
