package images

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// port is the default of a service's `port` setting. In an image it is only a note: what is open, the task definition says.
const port = "8080/tcp"

// image collects a service's image for several platforms.
type image struct {
	service    string
	commit     Commit
	repository string
	base       layer

	index     []mutate.IndexAddendum
	blobs     []blob
	sboms     []v1.Descriptor
	documents [][]byte
	platforms []PlatformImage
}

// blob is a part of a layout.
type blob struct {
	digest v1.Hash
	bytes  []byte
}

// written is what goes into a layout: parts, and the list that names the first of them.
type written struct {
	blobs     []blob
	index     []byte // index.json
	documents [][]byte
	result    Result
}

// labels are the image's and, as annotations, the manifests' and the index's.
func (m *image) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.source":   m.repository,
		"org.opencontainers.image.revision": m.commit.label(),
		"org.opencontainers.image.version":  m.commit.Version,
		"org.opencontainers.image.title":    m.service,
		"org.opencontainers.image.created":  m.commit.created(),
	}
}

// add makes the image for one platform and its SBOM.
func (m *image) add(platform v1.Platform, p program) error {
	top, err := programLayer(m.service, p.bytes)
	if err != nil {
		return err
	}
	layers := []layer{m.base, top}
	img, err := m.assemble(platform, layers)
	if err != nil {
		return fmt.Errorf("assembling the image for %s: %w", platform, err)
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return fmt.Errorf("writing the manifest for %s: %w", platform, err)
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return fmt.Errorf("writing the configuration for %s: %w", platform, err)
	}
	made := PlatformImage{Platform: platform.String(), Compressed: int64(len(config))}
	for _, part := range append([][]byte{manifest, config}, m.base.packed, top.packed) {
		m.put(part)
	}
	for _, l := range layers {
		made.Compressed += int64(len(l.packed))
		made.Uncompressed += l.size
	}
	subject := describe(types.OCIManifestSchema1, manifest)
	made.Digest = subject.Digest.String()
	m.index = append(m.index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
		MediaType: subject.MediaType, Size: subject.Size, Digest: subject.Digest, Platform: &platform}})

	document, err := m.sbom(platform, subject.Digest, p, layers)
	if err != nil {
		return fmt.Errorf("writing the SBOM for %s: %w", platform, err)
	}
	attached, err := m.attach(subject, document)
	if err != nil {
		return fmt.Errorf("attaching the SBOM for %s: %w", platform, err)
	}
	made.SBOMDigest = attached.Digest.String()
	m.sboms = append(m.sboms, attached)
	m.documents = append(m.documents, document)
	m.platforms = append(m.platforms, made)
	return nil
}

func (m *image) assemble(platform v1.Platform, layers []layer) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	created := v1.Time{Time: m.commit.Time.UTC()}
	for i, l := range layers {
		var err error
		img, err = mutate.Append(img, mutate.Addendum{Layer: l.blob, MediaType: types.OCILayer, History: v1.History{
			Created: created, CreatedBy: "itrack build images", Comment: []string{"certificates, users, /tmp", "program"}[i]}})
		if err != nil {
			return nil, err
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = platform.OS, platform.Architecture, created
	config.Config = v1.Config{
		Entrypoint: []string{"/" + binaries + "/" + m.service},
		// A command of a task or a health check may then name the program without its folder.
		Env:          []string{"PATH=/" + binaries},
		User:         fmt.Sprintf("%d:%d", user, user), // numbers: what checks for root cannot read names
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{port: {}},
		// With a read-only root it is the one place to write to, and a volume takes its mode from here.
		Volumes: map[string]struct{}{"/tmp": {}},
		Labels:  m.labels(),
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, err
	}
	return mutate.Annotations(img, m.labels()).(v1.Image), nil
}

// finish makes the index over the platforms and the list of what is in the layout.
func (m *image) finish() (written, error) {
	index := mutate.IndexMediaType(mutate.AppendManifests(empty.Index, m.index...), types.OCIImageIndex)
	index = mutate.Annotations(index, m.labels()).(v1.ImageIndex)
	raw, err := index.RawManifest()
	if err != nil {
		return written{}, fmt.Errorf("writing the index: %w", err)
	}
	m.put(raw)
	named := describe(types.OCIImageIndex, raw)
	named.Annotations = map[string]string{"org.opencontainers.image.ref.name": m.commit.Version}
	list, err := json.MarshalIndent(v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: append([]v1.Descriptor{named}, m.sboms...),
	}, "", "  ")
	if err != nil {
		return written{}, fmt.Errorf("writing the layout's index: %w", err)
	}
	return written{blobs: m.blobs, index: append(list, '\n'), documents: m.documents, result: Result{
		Service: m.service, Digest: named.Digest.String(), Version: m.commit.Version, Revision: m.commit.label(),
		Created: m.commit.created(), Platforms: m.platforms,
	}}, nil
}

// put keeps a part once, however many images have it.
func (m *image) put(part []byte) {
	digest := describe("", part).Digest
	if !slices.ContainsFunc(m.blobs, func(b blob) bool { return b.digest == digest }) {
		m.blobs = append(m.blobs, blob{digest: digest, bytes: part})
	}
}

func describe(media types.MediaType, part []byte) v1.Descriptor {
	digest, size, _ := v1.SHA256(bytes.NewReader(part)) // reading memory cannot fail
	return v1.Descriptor{MediaType: media, Digest: digest, Size: size}
}
