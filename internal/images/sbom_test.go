package images

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// readSBOM is the document of one platform, with everything checked that holds for any.
func readSBOM(t *testing.T, raw string) spdxDocument {
	t.Helper()
	var d spdxDocument
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&d))
	require.Equal(t, "SPDX-2.3", d.Version)
	ids := []string{d.ID}
	for _, p := range d.Packages {
		ids = append(ids, p.ID)
	}
	for _, f := range d.Files {
		ids = append(ids, f.ID)
	}
	for i, id := range ids {
		require.Regexp(t, `^SPDXRef-[A-Za-z0-9.-]+$`, id)
		require.NotContains(t, ids[:i], id, "ids are unique")
	}
	for _, r := range d.Relationships {
		require.Contains(t, ids, r.From)
		require.Contains(t, ids, r.To)
	}
	return d
}

func packageNamed(t *testing.T, d spdxDocument, name string) spdxPackage {
	t.Helper()
	i := slices.IndexFunc(d.Packages, func(p spdxPackage) bool { return p.Name == name })
	require.GreaterOrEqual(t, i, 0, "no package "+name)
	return d.Packages[i]
}

func TestSBOMListsEveryModuleAndEveryFile(t *testing.T) {
	_, result := build(t)
	for _, made := range result.Platforms {
		img := imageFor(t, result, made.Platform)
		d := readSBOM(t, document(t, made.SBOM))
		require.Equal(t, "gadget for "+made.Platform, d.Name)
		require.Equal(t, "2023-11-14T22:13:20Z", d.Creation.Created)
		require.Equal(t, "https://example.com/fleet/spdx/gadget/"+strings.Replace(made.Digest, ":", "-", 1), d.Namespace)
		require.Contains(t, d.Relationships, spdxRelationship{documentID, "DESCRIBES", imageID})

		image := packageNamed(t, d, "gadget")
		require.Equal(t, imageID, image.ID)
		require.True(t, image.Analyzed, "a package with files is an analysed one")
		require.NotNil(t, image.Files)
		require.Equal(t, []spdxChecksum{{"SHA256", strings.TrimPrefix(made.Digest, "sha256:")}}, image.Checksums)
		require.Equal(t, "pkg:oci/gadget@"+strings.Replace(made.Digest, ":", "%3A", 1)+"?arch="+
			strings.TrimPrefix(made.Platform, "linux/")+"&os=linux", image.References[0].Locator)

		info, err := buildinfo.ReadFile(unpack(t, img, "gadget"))
		require.NoError(t, err)
		require.NotEmpty(t, info.Deps)
		main := packageNamed(t, d, info.Main.Path)
		require.Equal(t, result.Version, main.Version)
		require.Contains(t, d.Relationships, spdxRelationship{imageID, contains, main.ID})
		for _, module := range info.Deps {
			listed := packageNamed(t, d, module.Path)
			require.Equal(t, module.Version, listed.Version)
			require.Equal(t, "go.sum "+module.Sum, listed.Source)
			require.Equal(t, "pkg:golang/"+module.Path+"@"+module.Version, listed.References[0].Locator)
			require.Contains(t, d.Relationships, spdxRelationship{main.ID, dependsOn, listed.ID})
		}
		standard := packageNamed(t, d, "stdlib")
		require.Equal(t, strings.TrimPrefix(info.GoVersion, "go"), standard.Version)
		require.Contains(t, d.Relationships, spdxRelationship{main.ID, dependsOn, standard.ID})

		var files int
		for _, found := range entries(t, img) {
			if len(found.body) == 0 {
				continue
			}
			files++
			sum := sha256.Sum256(found.body)
			i := slices.IndexFunc(d.Files, func(f spdxFile) bool { return f.Name == "./"+found.header.Name })
			require.GreaterOrEqual(t, i, 0, found.header.Name)
			require.Contains(t, d.Files[i].Checksums, spdxChecksum{"SHA256", hex.EncodeToString(sum[:])})
			require.Contains(t, d.Relationships, spdxRelationship{imageID, contains, d.Files[i].ID})
		}
		require.Equal(t, files, len(d.Files))
		roots := packageNamed(t, d, RootsModule)
		require.Equal(t, RootsVersion, roots.Version)
		require.Contains(t, d.Relationships, spdxRelationship{"SPDXRef-File-etc-ssl-certs-ca-certificates.crt", generatedBy, roots.ID})
	}
}

func TestSBOMNamesWhatIsReallyLinked(t *testing.T) {
	m := image{service: "gadget", repository: "https://example.com/fleet", commit: Commit{Version: "v1"}}
	raw, err := m.sbom(v1.Platform{OS: "linux", Architecture: "arm64"}, v1.Hash{Algorithm: "sha256", Hex: "00"}, program{info: &buildinfo.BuildInfo{
		GoVersion: "go1.26.8 X:loopvar", Main: debug.Module{Path: "example.com/fleet", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "example.com/Old", Version: "v2.0.0+incompatible", Sum: "h1:old="},
			{Path: "example.com/a/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/a-b", Version: "v1.0.0", Sum: "h1:new="}},
			{Path: "example.com/here", Version: "v1.1.0", Replace: &debug.Module{Path: "./here"}},
			{Path: "example.com/a/b", Version: "v1.0.0"}, // its id differs from that of example.com/a-b by the hash alone
			{Path: RootsModule, Version: RootsVersion},   // the program may use the roots itself
		},
	}}, nil)
	require.NoError(t, err)
	d := readSBOM(t, string(raw))
	require.Len(t, d.Packages, 8, "the image, the program, stdlib and five modules")
	require.Equal(t, "pkg:golang/example.com/old@v2.0.0%2Bincompatible", packageNamed(t, d, "example.com/Old").References[0].Locator)
	require.Equal(t, "replaces example.com/a/b v1.0.0; go.sum h1:new=", packageNamed(t, d, "example.com/a-b").Source)
	require.Equal(t, "changed: built from the folder ./here", packageNamed(t, d, "example.com/here").Source)
	require.Equal(t, "v1", packageNamed(t, d, "example.com/fleet").Version)
	standard := packageNamed(t, d, "stdlib")
	require.Equal(t, "1.26.8", standard.Version)
	require.Equal(t, "cpe:2.3:a:golang:go:1.26.8:*:*:*:*:*:*:*", standard.References[1].Locator)
}

// SHA-1 of "0a" and "0b" one after the other, in that order, as sha1sum gives it.
func TestVerificationCodeSortsTheFiles(t *testing.T) {
	file := func(sum string) spdxFile { return spdxFile{Checksums: []spdxChecksum{{"SHA1", sum}, {"SHA256", "ff"}}} }
	require.Equal(t, "e88f19752afb314b0226aa6bd37adb4c8cde6a90", verificationCode([]spdxFile{file("0b"), file("0a")}))
}
