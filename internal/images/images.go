// Package images builds the services' container images without a container engine: a static Go binary on top of nothing
// but root certificates, two names for user ids and a place for temporary files. The same commit and the same Go give the
// same digest on every machine; docs/images.md says what that rests on.
package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Platforms are what an image is built for when nothing else is asked: Fargate's ARM64, and the machines of most desks
// and pipelines.
func Platforms() []string { return []string{"linux/amd64", "linux/arm64"} }

// Options of a build.
type Options struct {
	Root      string   // folder with go.mod
	Source    string   // folder with one folder per service, relative to Root
	Services  []string // names of folders in Source
	Platforms []string // linux/amd64, linux/arm64; none means both
	Output    string   // folder that receives one OCI layout per service
	Cache     string   // folder of Go's build cache; none means the user's own
	Commit    Commit
	// Repository is the address in the label org.opencontainers.image.source; none means the address that the module path names.
	Repository string
	// Say, if given, hears of each step.
	Say func(format string, args ...any)
}

// Result is one service's image as it was written.
type Result struct {
	Service   string          `json:"service"`
	Digest    string          `json:"digest"` // of the index over all platforms: what to deploy
	Layout    string          `json:"layout"` // folder of the OCI layout
	Version   string          `json:"version"`
	Revision  string          `json:"revision"`
	Created   string          `json:"created"` // RFC 3339, UTC
	Platforms []PlatformImage `json:"platforms"`
}

// PlatformImage is the image for one platform.
type PlatformImage struct {
	Platform     string `json:"platform"`
	Digest       string `json:"digest"`
	Compressed   int64  `json:"compressedBytes"`   // what a pull transfers: layers and configuration
	Uncompressed int64  `json:"uncompressedBytes"` // what the layers take unpacked
	SBOM         string `json:"sbom"`              // file with the SPDX document
	SBOMDigest   string `json:"sbomDigest"`        // of the manifest that attaches the same document to the image
}

// serviceName is what a registry takes as the last part of a repository's name.
var serviceName = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)

// Build builds the services one after the other and writes each below o.Output once it is complete. A service that fails
// ends the build; what stood in its folder before stays as it was.
func Build(ctx context.Context, o Options) ([]Result, error) {
	platforms, err := parsePlatforms(o.Platforms)
	if err != nil {
		return nil, err
	}
	if err := o.Commit.check(); err != nil {
		return nil, err
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if err := ownSettings(ctx, o.Root); err != nil {
		return nil, err
	}
	base, err := baseLayer()
	if err != nil {
		return nil, fmt.Errorf("making the base layer: %w", err)
	}
	results := make([]Result, 0, len(o.Services))
	for _, service := range o.Services {
		if !serviceName.MatchString(service) {
			return results, fmt.Errorf("service %s: a registry takes only lower-case letters, digits and single . _ - between them as a name; rename the folder", service)
		}
		result, err := buildService(ctx, o, service, platforms, base)
		if err != nil {
			return results, fmt.Errorf("building the image of %s: %w", service, err)
		}
		results = append(results, result)
	}
	return results, nil
}

// parsePlatforms checks the platforms and puts them into one order, so that the order of flags does not change a digest.
func parsePlatforms(names []string) ([]v1.Platform, error) {
	if len(names) == 0 {
		names = Platforms()
	}
	var platforms []v1.Platform
	for _, name := range slices.Sorted(slices.Values(names)) {
		if !slices.Contains(Platforms(), name) {
			return nil, fmt.Errorf("platform %q cannot be built; possible: %s", name, strings.Join(Platforms(), ", "))
		}
		system, architecture, _ := strings.Cut(name, "/")
		platforms = append(platforms, v1.Platform{OS: system, Architecture: architecture})
	}
	return slices.CompactFunc(platforms, func(a, b v1.Platform) bool { return a.Equals(b) }), nil
}

// buildService makes a service's image in memory and commits it to its layout.
func buildService(ctx context.Context, o Options, service string, platforms []v1.Platform, base layer) (Result, error) {
	scratch, err := os.MkdirTemp("", "itrack-image-")
	if err != nil {
		return Result{}, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()

	built := image{service: service, commit: o.Commit, base: base}
	for _, platform := range platforms {
		o.Say("building %s for %s", service, platform)
		binary := filepath.Join(scratch, platform.Architecture)
		program, err := compile(ctx, o, service, platform, binary)
		if err != nil {
			return Result{}, err
		}
		if built.repository = o.Repository; built.repository == "" {
			built.repository = "https://" + program.info.Main.Path
		}
		if err := built.add(platform, program); err != nil {
			return Result{}, err
		}
	}
	written, err := built.finish()
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return commit(ctx, o.Output, service, written, o.Say)
}

// commit writes the layout first and the SBOM files after it: a build that ends between the two leaves a complete image
// with its SBOM attached, and the next build writes the files.
func commit(ctx context.Context, output, service string, w written, say func(string, ...any)) (_ Result, err error) {
	if err := os.MkdirAll(output, 0o755); err != nil {
		return Result{}, fmt.Errorf("making the output folder: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(output, ".lock"), func() { say("waiting for another build that writes to %s", output) })
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := w.write(filepath.Join(output, service)); err != nil {
		return Result{}, err
	}
	if err := w.writeDocuments(output); err != nil {
		return Result{}, err
	}
	w.result.Layout = filepath.Join(output, service)
	return w.result, nil
}

// writeDocuments writes the SBOM of each platform into a file beside the layout and says in the result where.
func (w written) writeDocuments(output string) error {
	service := w.result.Service
	there, err := os.ReadDir(output)
	if err != nil {
		return fmt.Errorf("looking for old SBOMs: %w", err)
	}
	for _, platform := range Platforms() {
		path := filepath.Join(output, service+"."+strings.ReplaceAll(platform, "/", "-")+".spdx.json")
		var old []string
		for _, entry := range there {
			if strings.HasPrefix(entry.Name(), filepath.Base(path)+partialMark) { // of a build that was killed
				old = append(old, filepath.Join(output, entry.Name()))
			}
		}
		i := slices.IndexFunc(w.result.Platforms, func(p PlatformImage) bool { return p.Platform == platform })
		if i < 0 {
			old = append(old, path) // the SBOM of a platform that is no longer in the image would describe nothing
		}
		for _, left := range old {
			if err := os.Remove(left); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("removing an old SBOM: %w", err)
			}
		}
		if i >= 0 {
			if err := replaceFile(path, w.documents[i]); err != nil {
				return fmt.Errorf("writing the SBOM: %w", err)
			}
			w.result.Platforms[i].SBOM = path
		}
	}
	return nil
}
