package registry

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/itrack/itrack/internal/images"
	"github.com/itrack/itrack/internal/ops"
)

// Options of a push.
type Options struct {
	Services []string // none means all of the stack
	DryRun   bool     // look and say, change nothing
}

// Pushed is one service's image in a repository.
type Pushed struct {
	Service    string   `json:"service"`
	Repository string   `json:"repository"`
	Tag        string   `json:"tag"`
	Digest     string   `json:"digest"`    // of the index over the platforms
	Reference  string   `json:"reference"` // repository@digest: what to deploy
	SBOMs      []string `json:"sboms"`     // digests of the artifacts that refer to the platforms' images
	Signature  string   `json:"signature"` // where cosign finds it
	SigningKey string   `json:"signingKey"`
	// Changes are what was done, or with a dry run would be: image, sbom, signature, tag. None: all was there.
	Changes []string `json:"changes"`
	DryRun  bool     `json:"dryRun"`
}

// parcel is what goes into a repository.
type parcel struct {
	digest  v1.Hash
	image   remote.Taggable // index or image, with all it names
	sboms   []v1.Image
	tag     string
	foreign []signature // of the place that it comes from
}

// Push brings the images in dir, one OCI layout by service as `itrack build images` makes them, to the repositories of the
// environment and signs them. All layouts are read before the first byte goes out. A second run changes nothing. After an
// error the result holds the services that are done.
func Push(ctx context.Context, env *ops.Environment, out ops.Outputs, dir string, o Options) ([]Pushed, error) {
	services, err := choose(out, o.Services)
	if err != nil {
		return nil, err
	}
	parcels := make([]parcel, 0, len(services))
	for _, service := range services {
		ready, err := pack(dir, out, service)
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, ready)
	}
	var all []Pushed
	for i, service := range services {
		r, err := open(ctx, env, out, service)
		if err != nil {
			return all, err
		}
		pushed, err := r.deliver(ctx, parcels[i], o.DryRun)
		if err != nil {
			return all, err
		}
		all = append(all, pushed)
	}
	return all, nil
}

// choose checks the named services, or takes all of the stack.
func choose(out ops.Outputs, named []string) ([]string, error) {
	known := slices.Sorted(maps.Keys(out.Repositories))
	if len(named) == 0 {
		return known, nil
	}
	for _, service := range named {
		if !slices.Contains(known, service) {
			return nil, &ops.Problem{Kind: ops.Usage, What: "choosing the services to push", Why: "the stack " + out.Environment + " has no service " + service,
				Next: fmt.Sprintf("name one of %v", known)}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(named))), nil
}

// pack reads a layout.
func pack(dir string, out ops.Outputs, service string) (parcel, error) {
	path := filepath.Join(dir, service)
	layout, err := images.Open(path)
	if err != nil {
		return parcel{}, &ops.Problem{Kind: ops.Usage, What: "reading the image of " + service, Why: err.Error(), Err: err}
	}
	made := parcel{digest: layout.Digest, image: layout.Index, sboms: layout.SBOMs, tag: layout.Version}
	if _, err := name.NewTag("registry.example/name:"+made.tag, name.StrictValidation); err != nil {
		return made, &ops.Problem{Kind: ops.Usage, What: "reading the image in " + path, Why: fmt.Sprintf("its version %q is not what a registry takes as a tag", made.tag),
			Next: "build it again: `itrack build images " + service + "`"}
	}
	return made, fits(out, service, path, layout.Index)
}

// fits makes sure that the image has what the stack runs the service on. A task of the wrong kind ends with "exec format error"
// only after the deployment began.
func fits(out ops.Outputs, service, path string, index v1.ImageIndex) error {
	platform, _ := out.Releases[service].TaskDefinition["runtimePlatform"].(map[string]any)
	architecture, _ := platform["cpuArchitecture"].(string)
	wanted, ok := map[string]string{"ARM64": "arm64", "X86_64": "amd64"}[architecture]
	if !ok {
		return nil
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return &ops.Problem{Kind: ops.Usage, What: "reading the image in " + path, Why: err.Error(), Err: err, Next: "build it again: `itrack build images " + service + "`"}
	}
	var there []string
	for _, described := range manifest.Manifests {
		if described.Platform != nil {
			there = append(there, described.Platform.String())
		}
	}
	if !slices.Contains(there, "linux/"+wanted) {
		return ops.Refuse("pushing the image in "+path, fmt.Sprintf("the stack runs %s on linux/%s, and the image is for %s", service, wanted, strings.Join(there, ", ")),
			fmt.Sprintf("`itrack build images %s --platform linux/%s`", service, wanted))
	}
	return nil
}

// deliver brings a parcel into the repository, as far as it is not there; with dry it only looks.
func (r *repository) deliver(ctx context.Context, p parcel, dry bool) (Pushed, error) {
	tag := r.name.Tag(p.tag)
	pushed := Pushed{Service: r.service, Repository: r.name.Name(), Tag: p.tag, Digest: p.digest.String(), Reference: r.reference(p.digest).String(),
		Signature: r.signatureTag(p.digest).String(), SigningKey: r.key, SBOMs: []string{}, Changes: []string{}, DryRun: dry}
	// Tags and signatures that would refuse come first: nothing is uploaded that cannot be completed.
	named, err := r.find(tag)
	if err != nil {
		return pushed, err
	}
	if named != (v1.Hash{}) && named != p.digest {
		return pushed, r.taken(tag, named, p.digest)
	}
	signed, err := r.isSigned(ctx, p.digest)
	if err != nil {
		return pushed, err
	}
	step := func(name string, missing bool, do func() error) error {
		if !missing {
			return nil
		}
		pushed.Changes = append(pushed.Changes, name)
		if dry {
			return nil
		}
		r.env.Say("%s: pushing the %s", r.service, name)
		return do()
	}
	there, err := r.has(p.digest)
	if err != nil {
		return pushed, err
	}
	if err := step("image", !there, func() error { return r.write(p.digest, p.image) }); err != nil {
		return pushed, err
	}
	for _, sbom := range p.sboms {
		digest, err := sbom.Digest()
		if err != nil {
			return pushed, fmt.Errorf("reading an SBOM of %s: %w", r.service, err)
		}
		there, err := r.has(digest)
		if err != nil {
			return pushed, err
		}
		pushed.SBOMs = append(pushed.SBOMs, digest.String())
		if err := step("sbom", !there, func() error { return r.write(digest, sbom) }); err != nil {
			return pushed, err
		}
	}
	if err := step("signature", !signed, func() error { return r.signAndAttach(ctx, p) }); err != nil {
		return pushed, err
	}
	return pushed, step("tag", named == (v1.Hash{}), func() error { return r.put(tag, p.image, p.digest) })
}

// write pushes an image, an index or an artifact by its digest.
func (r *repository) write(digest v1.Hash, what remote.Taggable) error {
	if err := remote.Push(r.reference(digest), what, r.options...); err != nil {
		return explain("pushing "+r.reference(digest).String(), r.name, err)
	}
	return nil
}

// isSigned tells whether the image has the stack's signature already. A signature tag without it is an error, as the tag can't
// be written again.
func (r *repository) isSigned(ctx context.Context, digest v1.Hash) (bool, error) {
	there, err := r.find(r.signatureTag(digest))
	if err != nil || there == (v1.Hash{}) {
		return false, err
	}
	if _, err := r.verify(ctx, digest); err != nil {
		return false, err
	}
	return true, nil
}

func (r *repository) signAndAttach(ctx context.Context, p parcel) error {
	own, err := r.sign(ctx, p.digest)
	if err != nil {
		return err
	}
	attachErr := r.attach(p.digest, append(slices.Clone(p.foreign), own))
	if attachErr == nil {
		return nil
	}
	// Another push of the same image may have been quicker: its signature, made a moment earlier, is as good.
	if signed, err := r.isSigned(ctx, p.digest); err == nil && signed {
		return nil
	}
	return attachErr
}

// taken says that a tag names another image already.
func (r *repository) taken(tag name.Tag, named, wanted v1.Hash) error {
	next := "give the build a version of its own (`itrack build images --version`), or deploy the image that is there by its digest"
	if strings.HasSuffix(tag.TagStr(), "-dirty") {
		next = "commit first, so that the version names what was built, or give it one (`itrack build images --version`)"
	}
	return ops.Refuse(fmt.Sprintf("tagging %s as %s", wanted, tag), fmt.Sprintf("the tag names %s already, and tags are immutable", named), next)
}
