package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/itrack/itrack/internal/ops"
)

// versionAnnotation is where an image says its version.
const versionAnnotation = "org.opencontainers.image.version"

// CopyOptions of a copy.
type CopyOptions struct {
	DryRun bool // look and say, change nothing
}

// Copy brings the image of this very digest from one environment's repository to another's, with its SBOMs, its version as the
// tag, and its signatures, beside which the target's own key signs. The source's signature is checked before anything is
// read. A second run copies nothing.
func Copy(ctx context.Context, from, to Stack, service, digest string, o CopyOptions) (Pushed, error) {
	hash, err := parseDigest(digest)
	if err != nil {
		return Pushed{}, err
	}
	source, err := open(ctx, from.Env, from.Out, service)
	if err != nil {
		return Pushed{}, err
	}
	there, err := source.has(hash)
	if err != nil {
		return Pushed{}, err
	}
	if !there {
		return Pushed{}, &ops.Problem{Kind: ops.Usage, What: "copying " + source.reference(hash).String(), Why: "there is no such image",
			Next: fmt.Sprintf("`itrack push %s --service %s` pushes what was built; the repository keeps only so many images", from.Out.Environment, service)}
	}
	signed, err := source.verify(ctx, hash)
	if err != nil {
		return Pushed{}, err
	}
	target, err := open(ctx, to.Env, to.Out, service)
	if err != nil {
		return Pushed{}, err
	}
	p, err := source.collect(hash)
	if err != nil {
		return Pushed{}, err
	}
	p.foreign = signed
	return target.deliver(ctx, p, o.DryRun)
}

// collect describes what is in the repository of an image; layers are read only when somebody writes them.
func (r *repository) collect(digest v1.Hash) (parcel, error) {
	what := "reading " + r.reference(digest).String()
	found, err := remote.Get(r.reference(digest), r.options...)
	if err != nil {
		return parcel{}, explain(what, r.name, err)
	}
	p := parcel{digest: digest}
	// An image of one platform has the same two fields here as an index.
	var manifest struct {
		Manifests   []v1.Descriptor   `json:"manifests"`
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(found.Manifest, &manifest); err != nil {
		return p, fmt.Errorf("%s: %w", what, err)
	}
	if found.MediaType.IsIndex() {
		p.image, err = found.ImageIndex()
	} else {
		p.image, err = found.Image()
	}
	if err != nil {
		return p, explain(what, r.name, err)
	}
	if p.tag = manifest.Annotations[versionAnnotation]; p.tag == "" {
		p.tag = "digest-" + digest.Hex[:12] // untagged images go after a week
	}
	subjects := []v1.Hash{digest}
	for _, described := range manifest.Manifests {
		subjects = append(subjects, described.Digest)
	}
	for _, subject := range subjects {
		attached, err := r.attached(subject)
		if err != nil {
			return p, err
		}
		p.sboms = append(p.sboms, attached...)
	}
	return p, nil
}

// attached are the SBOMs that refer to an image.
func (r *repository) attached(subject v1.Hash) ([]v1.Image, error) {
	what := "looking for the SBOM of " + r.reference(subject).String()
	index, err := remote.Referrers(r.reference(subject), slices.Concat(r.options, []remote.Option{remote.WithFilter("artifactType", sbomType)})...)
	if err != nil {
		return nil, explain(what, r.name, err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, explain(what, r.name, err)
	}
	var found []v1.Image
	for _, described := range list.Manifests {
		sbom, err := remote.Image(r.reference(described.Digest), r.options...)
		if err != nil {
			return nil, explain(what, r.name, err)
		}
		found = append(found, sbom)
	}
	return found, nil
}
