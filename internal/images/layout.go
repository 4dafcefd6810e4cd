package images

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

const (
	listFile    = "index.json"
	versionFile = "oci-layout"
	blobsDir    = "blobs/sha256"
	// partialMark is in the name of a file that is being written.
	partialMark = ".partial-"
)

// write puts the parts into the layout in dir and then replaces the list that names them, which is one rename: a build
// that ends before it leaves the earlier image whole, as its parts are named by their digests and stay. What nothing
// names any more goes at the end.
func (w written) write(dir string) error {
	blobs := filepath.Join(dir, filepath.FromSlash(blobsDir))
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return fmt.Errorf("making the layout: %w", err)
	}
	keep := map[string]bool{}
	for _, b := range w.blobs {
		keep[b.digest.Hex] = true
		path := filepath.Join(blobs, b.digest.Hex)
		// A part of the right name with other bytes, from a failed disk or a curious hand, is written again.
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, b.bytes) {
			continue
		}
		if err := replaceFile(path, b.bytes); err != nil {
			return fmt.Errorf("writing a part of the layout: %w", err)
		}
	}
	version := []byte(`{"imageLayoutVersion":"1.0.0"}` + "\n")
	if err := replaceFile(filepath.Join(dir, versionFile), version); err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	if err := replaceFile(filepath.Join(dir, listFile), w.index); err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	return sweep(dir, blobs, keep)
}

// sweep removes the parts that nothing names and what an interrupted build left half written.
func sweep(dir, blobs string, keep map[string]bool) error {
	for _, folder := range []string{dir, blobs} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return fmt.Errorf("looking for old parts of the layout: %w", err)
		}
		for _, entry := range entries {
			if strings.Contains(entry.Name(), partialMark) || folder == blobs && !keep[entry.Name()] {
				if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
					return fmt.Errorf("removing an old part of the layout: %w", err)
				}
			}
		}
	}
	return nil
}

// replaceFile writes a file so that its name always has either the old content or the whole new one, also after a power
// cut: the content reaches the disk before the name.
func replaceFile(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+partialMark)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	// Who may read the folder may read the image; CreateTemp alone would leave it to its owner.
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// Layout is a built image, ready to be pushed: first the index with all it names, then the SBOMs, which refer to it.
type Layout struct {
	Version string // what the image may be tagged with
	Digest  v1.Hash
	Index   v1.ImageIndex
	SBOMs   []v1.Image // artifacts whose manifests name one image of the index each as their subject
}

// Open reads the layout in dir. An error says which build makes it.
func Open(dir string) (*Layout, error) {
	again := fmt.Sprintf("build it with `itrack build images %s`", filepath.Base(dir))
	root, err := layout.ImageIndexFromPath(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no image in %s; %s", dir, again)
	} else if err != nil {
		return nil, fmt.Errorf("reading the image in %s: %w; %s", dir, err, again)
	}
	list, err := root.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("reading the image in %s: %w; %s", dir, err, again)
	}
	opened := &Layout{}
	for _, described := range list.Manifests {
		switch {
		case described.MediaType.IsIndex() && opened.Index == nil:
			opened.Version, opened.Digest = described.Annotations["org.opencontainers.image.ref.name"], described.Digest
			opened.Index, err = root.ImageIndex(described.Digest)
		case described.MediaType.IsImage() && described.ArtifactType == sbomType:
			var attached v1.Image
			if attached, err = root.Image(described.Digest); err == nil {
				opened.SBOMs = append(opened.SBOMs, attached)
			}
		default:
			err = fmt.Errorf("%s of type %s does not belong here", described.Digest, described.MediaType)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the image in %s: %w; %s", dir, err, again)
		}
	}
	if opened.Index == nil {
		return nil, fmt.Errorf("no image in %s; %s", dir, again)
	}
	return opened, nil
}

// subjectOf is the image that an attached document is about.
func subjectOf(attached v1.Image) (v1.Hash, error) {
	raw, err := attached.RawManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	var manifest artifact
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return v1.Hash{}, err
	}
	return manifest.Subject.Digest, nil
}
