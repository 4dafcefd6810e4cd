package images

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	unknown     = "NOASSERTION"
	documentID  = "SPDXRef-DOCUMENT"
	imageID     = "SPDXRef-Image"
	contains    = "CONTAINS"
	dependsOn   = "DEPENDS_ON"
	generatedBy = "GENERATED_FROM"
)

var notInID = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// sbom is the SPDX 2.3 document of one platform's image: the image, its files, the modules that Go's linker says are in
// the program, Go itself, and where the certificates come from. Everything in it follows from the image.
func (m *image) sbom(platform v1.Platform, digest v1.Hash, p program, layers []layer) ([]byte, error) {
	d := spdxDocument{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: documentID, Name: fmt.Sprintf("%s for %s", m.service, platform),
		Namespace: fmt.Sprintf("%s/spdx/%s/%s", m.repository, m.service, strings.Replace(digest.String(), ":", "-", 1)),
		Creation:  spdxCreation{Created: m.commit.created(), Creators: []string{"Tool: itrack-build-images"}},
	}
	d.relate(documentID, "DESCRIBES", imageID)
	d.Packages = append(d.Packages, m.imagePackage(platform, digest))

	main := d.module(p.info.Main, m.commit.Version, "APPLICATION")
	standard := d.goPackage(p.info.GoVersion)
	d.relate(main, dependsOn, standard)
	for _, dependency := range p.info.Deps {
		d.relate(main, dependsOn, d.module(*dependency, "", "LIBRARY"))
	}
	roots := d.module(debug.Module{Path: RootsModule, Version: RootsVersion}, "", "LIBRARY")

	for _, l := range layers {
		for _, f := range l.files {
			if f.dir {
				continue
			}
			id := d.file(f)
			d.relate(imageID, contains, id)
			switch f.path {
			case binaries + "/" + m.service:
				d.relate(id, generatedBy, main)
				d.relate(imageID, contains, main)
			case certificatesPath:
				d.relate(id, generatedBy, roots)
			}
		}
	}
	d.Packages[0].Files = &spdxFilesCode{verificationCode(d.Files)}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (m *image) imagePackage(platform v1.Platform, digest v1.Hash) spdxPackage {
	return spdxPackage{
		ID: imageID, Name: m.service, Version: m.commit.Version, Purpose: "CONTAINER", Analyzed: true, Location: unknown, License: unknown,
		Declared: unknown, Copyright: unknown, Checksums: []spdxChecksum{{Algorithm: "SHA256", Value: digest.Hex}},
		Source: fmt.Sprintf("%s at revision %s", m.repository, m.commit.label()),
		References: []spdxReference{purl(fmt.Sprintf("pkg:oci/%s@%s?arch=%s&os=%s", m.service, url.QueryEscape(digest.String()),
			platform.Architecture, platform.OS))},
	}
}

// module adds a Go module and returns its id. A replaced module is listed as what is really linked. The sum of go.sum is
// a hash over the module's files, none of an archive, and therefore a remark and not a checksum.
func (d *spdxDocument) module(linked debug.Module, version, purpose string) string {
	remark := ""
	switch replaced := linked.Replace; {
	case replaced != nil && replaced.Version == "": // a folder, whose path is no name for anybody else
		remark = fmt.Sprintf("changed: built from the folder %s; ", replaced.Path)
	case replaced != nil:
		remark = fmt.Sprintf("replaces %s %s; ", linked.Path, linked.Version)
		linked = *replaced
	}
	if version == "" {
		version = linked.Version
	}
	if linked.Sum != "" {
		remark += "go.sum " + linked.Sum
	}
	address := "pkg:golang/" + strings.ToLower(linked.Path)
	if version != "" {
		// A plus stands in Go's +incompatible, and in an address means a space.
		address += "@" + url.QueryEscape(version)
	}
	return d.add(spdxPackage{Name: linked.Path, Version: version, Purpose: purpose, Source: strings.TrimSuffix(remark, "; "),
		References: []spdxReference{purl(address)}})
}

// goPackage is the standard library, with the names under which vulnerability databases know it. The time zones are part
// of it.
func (d *spdxDocument) goPackage(version string) string {
	number, _, _ := strings.Cut(strings.TrimPrefix(version, "go"), " ")
	return d.add(spdxPackage{Name: "stdlib", Version: number, Purpose: "LIBRARY", Source: version + ", with time zones (time/tzdata)",
		References: []spdxReference{purl("pkg:golang/stdlib@" + number), {
			Category: "SECURITY", Type: "cpe23Type", Locator: "cpe:2.3:a:golang:go:" + number + ":*:*:*:*:*:*:*"}}})
}

func (d *spdxDocument) add(p spdxPackage) string {
	// Two names may become one where only letters, digits, dots and dashes are left: the hash keeps them apart.
	sum := sha256.Sum256([]byte(p.Name + "@" + p.Version))
	p.ID = fmt.Sprintf("SPDXRef-Package-%s-%x", notInID.ReplaceAllString(p.Name, "-"), sum[:4])
	p.Location, p.License, p.Declared, p.Copyright = unknown, unknown, unknown, unknown
	for _, there := range d.Packages {
		if there.ID == p.ID {
			return p.ID // the roots' module may be linked into the program as well
		}
	}
	d.Packages = append(d.Packages, p)
	return p.ID
}

// file adds a file of the image. SPDX 2.3 wants a SHA-1 of every file, as a name and not for safety.
func (d *spdxDocument) file(f file) string {
	old, sum := sha1.Sum(f.body), sha256.Sum256(f.body)
	kind := "TEXT"
	if f.mode&0o111 != 0 {
		kind = "BINARY"
	}
	id := "SPDXRef-File-" + notInID.ReplaceAllString(f.path, "-")
	d.Files = append(d.Files, spdxFile{ID: id, Name: "./" + f.path, Types: []string{kind}, License: unknown, Copyright: unknown,
		Checksums: []spdxChecksum{{"SHA1", hex.EncodeToString(old[:])}, {"SHA256", hex.EncodeToString(sum[:])}}})
	return id
}

// verificationCode is SPDX's hash of a package: over the sorted SHA-1 sums of its files (clause 7.9).
func verificationCode(files []spdxFile) string {
	var sums []string
	for _, f := range files {
		sums = append(sums, f.Checksums[0].Value)
	}
	slices.Sort(sums)
	sum := sha1.Sum([]byte(strings.Join(sums, "")))
	return hex.EncodeToString(sum[:])
}

func (d *spdxDocument) relate(from, how, to string) {
	d.Relationships = append(d.Relationships, spdxRelationship{From: from, How: how, To: to})
}

func purl(address string) spdxReference {
	return spdxReference{Category: "PACKAGE-MANAGER", Type: "purl", Locator: address}
}
