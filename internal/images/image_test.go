package images

import (
	"archive/tar"
	"context"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

type entry struct {
	header *tar.Header
	body   []byte
}

// entries is an image's file system.
func entries(t *testing.T, img v1.Image) []entry {
	t.Helper()
	flat := mutate.Extract(img)
	defer func() { require.NoError(t, flat.Close()) }()
	var found []entry
	for reader := tar.NewReader(flat); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		body, err := io.ReadAll(reader)
		require.NoError(t, err)
		found = append(found, entry{header, body})
	}
}

func TestLayoutIsValid(t *testing.T) {
	_, result := build(t)
	opened := open(t, result)
	require.NoError(t, validate.Index(opened.Index))
	list, err := opened.Index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, types.OCIImageIndex, list.MediaType)
	var platforms []string
	for i, described := range list.Manifests {
		require.Equal(t, types.OCIManifestSchema1, described.MediaType)
		require.Equal(t, result.Platforms[i].Digest, described.Digest.String())
		platforms = append(platforms, described.Platform.String())
	}
	require.Equal(t, Platforms(), platforms)
	for _, made := range result.Platforms {
		img := imageFor(t, result, made.Platform)
		config, err := img.RawConfigFile()
		require.NoError(t, err)
		layers, err := img.Layers()
		require.NoError(t, err)
		require.Len(t, layers, 2)
		compressed, uncompressed := int64(len(config)), int64(0)
		for _, l := range layers {
			media, err := l.MediaType()
			require.NoError(t, err)
			require.Equal(t, types.OCILayer, media)
			size, err := l.Size()
			require.NoError(t, err)
			compressed += size
			content, err := l.Uncompressed()
			require.NoError(t, err)
			count, err := io.Copy(io.Discard, content)
			require.NoError(t, err)
			uncompressed += count
		}
		require.Equal(t, compressed, made.Compressed)
		require.Equal(t, uncompressed, made.Uncompressed)
	}
}

func TestConfigurationIsForAReadOnlyRootAndNobody(t *testing.T) {
	dir, result := build(t)
	read := options(t, dir).Commit
	for _, platform := range Platforms() {
		img := imageFor(t, result, platform)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, platform, config.OS+"/"+config.Architecture)
		require.Equal(t, "65532:65532", config.Config.User)
		require.Equal(t, []string{"/usr/local/bin/gadget"}, config.Config.Entrypoint)
		require.Empty(t, config.Config.Cmd)
		require.Equal(t, []string{"PATH=/usr/local/bin"}, config.Config.Env)
		require.Equal(t, "/", config.Config.WorkingDir)
		require.Equal(t, map[string]struct{}{"8080/tcp": {}}, config.Config.ExposedPorts)
		require.Equal(t, map[string]struct{}{"/tmp": {}}, config.Config.Volumes)
		require.True(t, config.Created.Equal(time.Unix(stamp, 0)))
		labels := map[string]string{
			"org.opencontainers.image.source":   "https://example.com/fleet",
			"org.opencontainers.image.revision": read.Revision,
			"org.opencontainers.image.version":  "0.0.0-20231114221320-" + read.Revision[:12],
			"org.opencontainers.image.title":    "gadget",
			"org.opencontainers.image.created":  "2023-11-14T22:13:20Z",
		}
		require.Equal(t, labels, config.Config.Labels)
		manifest, err := img.Manifest()
		require.NoError(t, err)
		require.Equal(t, labels, manifest.Annotations)
	}
}

func TestFilesBelongToRootAndOnlyTmpIsWritable(t *testing.T) {
	_, result := build(t)
	modes := map[string]int64{}
	for _, found := range entries(t, imageFor(t, result, "linux/arm64")) {
		h := found.header
		require.Zero(t, h.Uid, h.Name)
		require.Zero(t, h.Gid, h.Name)
		require.True(t, h.ModTime.Equal(time.Unix(0, 0)), h.Name)
		require.Contains(t, []byte{tar.TypeReg, tar.TypeDir}, h.Typeflag, h.Name)
		modes[strings.TrimSuffix(h.Name, "/")] = h.Mode
		switch h.Name {
		case passwdPath:
			require.Equal(t, "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n", string(found.body))
		case groupPath:
			require.Equal(t, "root:x:0:\nnonroot:x:65532:\n", string(found.body))
		}
	}
	require.Equal(t, map[string]int64{
		"etc": 0o755, "etc/group": 0o644, "etc/passwd": 0o644, "etc/ssl": 0o755, "etc/ssl/certs": 0o755,
		"etc/ssl/certs/ca-certificates.crt": 0o644, "tmp": 0o1777,
		"usr": 0o755, "usr/local": 0o755, "usr/local/bin": 0o755, "usr/local/bin/gadget": 0o755,
	}, modes)
}

func TestProgramIsStaticAndCarriesItsTimeZones(t *testing.T) {
	_, result := build(t)
	for platform, machine := range map[string]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64} {
		path := unpack(t, imageFor(t, result, platform), "gadget")
		binary, err := elf.Open(path)
		require.NoError(t, err)
		require.Equal(t, machine, binary.Machine)
		_, err = binary.DynamicSymbols()
		require.ErrorIs(t, err, elf.ErrNoSymbols)
		require.NoError(t, binary.Close())
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(body), "America/Argentina/Ushuaia", "a zone that the program does not name itself")
		info, err := buildinfo.ReadFile(path)
		require.NoError(t, err)
		set := map[string]string{}
		for _, setting := range info.Settings {
			set[setting.Key] = setting.Value
		}
		require.Equal(t, "0", set["CGO_ENABLED"])
		require.Equal(t, "true", set["-trimpath"])
		require.Equal(t, "timetzdata", set["-tags"])
		require.NotContains(t, set, "vcs.revision")
	}
}

func TestCertificatesAreTheModulesUnconditionalRoots(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	require.Contains(t, string(mod), RootsModule+" "+RootsVersion, "the version in the SBOM is the one that is linked")
	pool, rest, names := x509.NewCertPool(), certificates(), []string{}
	require.True(t, pool.AppendCertsFromPEM(rest))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.True(t, certificate.IsCA)
		names = append(names, certificate.Subject.CommonName)
	}
	require.Empty(t, rest)
	require.Greater(t, len(names), 80)
	// What AWS's endpoints are signed under.
	require.Subset(t, names, []string{"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4"})
}

func TestOnePlatformAlone(t *testing.T) {
	dir, result := build(t)
	o := options(t, dir)
	o.Platforms, o.Output, o.Repository = []string{"linux/arm64"}, filepath.Join(t.TempDir(), "images"), "https://example.com/fork"
	// The layout of both platforms stood here before; the other platform's SBOM must not stay.
	require.NoError(t, os.CopyFS(o.Output, os.DirFS(filepath.Join(dir, "build", "images"))))
	require.NoError(t, os.WriteFile(filepath.Join(o.Output, "gadget.linux-arm64.spdx.json.partial-1"), nil, 0o600))
	alone, err := Build(context.Background(), o)
	require.NoError(t, err)
	require.Len(t, alone[0].Platforms, 1)
	require.NotEqual(t, result.Digest, alone[0].Digest)
	config, err := imageFor(t, alone[0], "linux/arm64").ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "https://example.com/fork", config.Config.Labels["org.opencontainers.image.source"])
	files := tree(t, o.Output)
	require.Contains(t, files, "gadget.linux-arm64.spdx.json")
	require.NotContains(t, files, "gadget.linux-amd64.spdx.json")
	// Two manifests and their list, a configuration, two layers, a document and the empty object.
	require.Len(t, files, 2+1+8, "nothing of the earlier image is left")
}

func TestWrongRequests(t *testing.T) {
	dir, _ := build(t)
	for name, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"platform": {func(o *Options) { o.Platforms = []string{"plan9/mips"} }, `platform "plan9/mips" cannot be built; possible: linux/amd64, linux/arm64`},
		"service":  {func(o *Options) { o.Services = []string{"Gadget"} }, "rename the folder"},
		"version":  {func(o *Options) { o.Commit.Version = "v1+x" }, `version "v1+x"`},
		"missing":  {func(o *Options) { o.Services = []string{"widget"} }, "building the image of widget: go build for linux/amd64"},
	} {
		o := options(t, dir)
		o.Output = t.TempDir()
		c.change(&o)
		_, err := Build(context.Background(), o)
		require.ErrorContains(t, err, c.says, name)
		require.Empty(t, tree(t, o.Output), name)
	}
	o := options(t, dir)
	t.Setenv("PATH", t.TempDir())
	_, err := Build(context.Background(), o)
	require.ErrorContains(t, err, "install the Go that go.mod names")
}
