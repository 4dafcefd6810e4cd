package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	// user runs the program. It owns no file: what it runs from, it cannot change.
	user = 65532
	// certificatesPath is where Go, OpenSSL and most others look first on Linux.
	certificatesPath = "etc/ssl/certs/ca-certificates.crt"
	passwdPath       = "etc/passwd"
	groupPath        = "etc/group"
	binaries         = "usr/local/bin"
)

// RootsModule carries the root certificates, those of Mozilla's programme, as Go data. Its version stands in go.mod and
// here, since a test program does not know the versions of its modules; a test compares the two.
const (
	RootsModule  = "golang.org/x/crypto/x509roots/fallback"
	RootsVersion = "v0.0.0-20261030153154-30a33513ff6d"
)

// file is one entry of a layer. All belong to root.
type file struct {
	path string // without a leading slash
	mode int64
	body []byte
	dir  bool
}

// layer is a packed layer.
type layer struct {
	files  []file
	packed []byte // gzip
	size   int64  // unpacked
	blob   v1.Layer
}

// certificates is the bundle as PEM, in the module's order. A root that Mozilla trusts only for certificates issued
// before some day is left out: PEM cannot say the day, and without it the root would be trusted for more than it is.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return out.Bytes()
}

// baseFiles is everything in an image but the program. Nothing of it comes from the machine that builds.
func baseFiles() []file {
	return []file{
		{path: "etc", mode: 0o755, dir: true},
		{path: groupPath, mode: 0o644, body: fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", user)},
		{path: passwdPath, mode: 0o644, body: fmt.Appendf(nil,
			"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%d:%d:nonroot:/tmp:/sbin/nologin\n", user, user)},
		{path: "etc/ssl", mode: 0o755, dir: true},
		{path: "etc/ssl/certs", mode: 0o755, dir: true},
		{path: certificatesPath, mode: 0o644, body: certificates()},
		// Everybody may write, and remove only what is theirs. The image declares it as a volume: ECS gives what is mounted
		// there the mode it has in the image, and otherwise 0755 of root (Amazon ECS Developer Guide, bind mounts).
		{path: "tmp", mode: 0o1777, dir: true},
	}
}

func baseLayer() (layer, error) { return pack(baseFiles()) }

func programLayer(service string, body []byte) (layer, error) {
	return pack([]file{
		{path: "usr", mode: 0o755, dir: true},
		{path: "usr/local", mode: 0o755, dir: true},
		{path: binaries, mode: 0o755, dir: true},
		{path: binaries + "/" + service, mode: 0o755, body: body},
	})
}

// pack writes a layer. Every time is 1970: with the commit's, a layer that did not change would get another digest with
// each commit and be pushed and pulled again.
func pack(files []file) (layer, error) {
	var raw, packed bytes.Buffer
	archive := tar.NewWriter(&raw)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode, Size: int64(len(f.body)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if f.dir {
			header.Typeflag, header.Name = tar.TypeDir, f.path+"/"
		}
		if err := archive.WriteHeader(header); err != nil {
			return layer{}, fmt.Errorf("packing %s: %w", f.path, err)
		}
		if _, err := archive.Write(f.body); err != nil {
			return layer{}, fmt.Errorf("packing %s: %w", f.path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return layer{}, fmt.Errorf("packing a layer: %w", err)
	}
	// Best compression takes three times as long and makes a Go program smaller by less than half a percent.
	zipped := gzip.NewWriter(&packed)
	size := int64(raw.Len())
	if _, err := raw.WriteTo(zipped); err != nil {
		return layer{}, fmt.Errorf("compressing a layer: %w", err)
	}
	if err := zipped.Close(); err != nil {
		return layer{}, fmt.Errorf("compressing a layer: %w", err)
	}
	blob, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return layer{}, fmt.Errorf("reading a layer back: %w", err)
	}
	return layer{files: files, packed: packed.Bytes(), size: size, blob: blob}, nil
}
