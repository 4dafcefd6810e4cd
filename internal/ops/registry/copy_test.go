package registry_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/registry"
)

// withTwo gives each test staging and production, each with a registry, an account and a key of its own; staging has a pushed image.
func withTwo(t *testing.T, from *place, test func(t *testing.T, from, to *place, digest string)) {
	to := newPlace(t, from.cloud, "production")
	to.signing = from.signing
	require.Equal(t, opstest.OtherAccount, to.env.Account)
	require.NotEqual(t, from.out.SigningKeyArn, to.out.SigningKeyArn)
	digest := from.layout(t, "v1.0.0")
	from.push(t)
	from.reg.Forget()
	from.cloud.Forget()
	test(t, from, to, digest)
}

func copyOf(from, to *place, digest string, dry bool) (registry.Pushed, error) {
	return registry.Copy(context.Background(), registry.Stack{Env: from.env, Out: from.out}, registry.Stack{Env: to.env, Out: to.out}, "backend", digest,
		registry.CopyOptions{DryRun: dry})
}

func TestCopy(t *testing.T) {
	each(t, map[string]func(t *testing.T, from, to *place, digest string){
		"copy brings the very digest to the other account": copyBringsTheVeryDigestToTheOtherAccount,
		"copy checks the source first":                     copyChecksTheSourceFirst,
		"copy of what is not there":                        copyOfWhatIsNotThere,
		"copy refuses a tag that names another image":      copyRefusesATagThatNamesAnotherImage,
		"a copy that broke off is completed":               aCopyThatBrokeOffIsCompleted,
		"lost answers of both sides are outlasted":         lostAnswersOfBothSidesAreOutlasted,
	}, withTwo)
}

func copyBringsTheVeryDigestToTheOtherAccount(t *testing.T, from, to *place, digest string) {
	planned, err := copyOf(from, to, digest, true)
	require.NoError(t, err)
	require.Equal(t, []string{"image", "sbom", "sbom", "signature", "tag"}, planned.Changes)
	require.Empty(t, to.reg.Changes())

	copied, err := copyOf(from, to, digest, false)
	require.NoError(t, err)
	require.Equal(t, planned.Changes, copied.Changes)
	require.Equal(t, to.out.Repositories["backend"]+"@"+digest, copied.Reference)
	require.Equal(t, "v1.0.0", copied.Tag)
	require.Equal(t, to.out.SigningKeyArn, copied.SigningKey)
	require.Len(t, copied.SBOMs, 2)
	require.Empty(t, from.reg.Changes(), "the source is only read")

	repository := to.repository(t)
	found, err := remote.Get(repository.Tag("v1.0.0"), to.remote())
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest.String())
	index, err := found.ImageIndex()
	require.NoError(t, err)
	require.NoError(t, validate.Index(index, validate.Fast))
	require.NoError(t, registry.Verify(context.Background(), to.env, to.out, "backend", digest))
	// Both signatures are there: the source's own still verifies with the source's key.
	signatures, err := remote.Image(repository.Tag(strings.Replace(digest, ":", "-", 1)+".sig"), to.remote())
	require.NoError(t, err)
	layers, err := signatures.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 2)
	asSource := to.out
	asSource.SigningKeyArn = from.out.SigningKeyArn
	err = registry.Verify(context.Background(), to.env, asSource, "backend", digest)
	require.ErrorContains(t, err, "NotFoundException", "the other account's key is not this one's to read")

	to.reg.Forget()
	again, err := copyOf(from, to, digest, false)
	require.NoError(t, err)
	require.Empty(t, again.Changes)
	require.Empty(t, to.reg.Changes())
	require.Empty(t, from.reg.Changes())
}

func copyChecksTheSourceFirst(t *testing.T, from, to *place, digest string) {
	from.unsign(digest)
	_, err := copyOf(from, to, digest, false)
	require.ErrorIs(t, err, registry.ErrNoSignature)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	from.forge(t, digest, digest, stranger)
	_, err = copyOf(from, to, digest, false)
	require.ErrorIs(t, err, registry.ErrWrongKey)
	from.unsign(digest)
	from.forge(t, digest, "sha256:"+strings.Repeat("1", 64), from.signing.Key(t, from.out.SigningKeyArn))
	_, err = copyOf(from, to, digest, false)
	require.ErrorIs(t, err, registry.ErrOtherDigest)
	require.Empty(t, to.reg.Changes())
	for _, call := range from.cloud.Calls() {
		require.NotEqual(t, "Sign", call.Action)
	}
}

func copyOfWhatIsNotThere(t *testing.T, from, to *place, _ string) {
	_, err := copyOf(from, to, "sha256:"+strings.Repeat("2", 64), false)
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "there is no such image")
	_, err = copyOf(from, to, "latest", false)
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.Empty(t, to.reg.Changes())
}

func copyRefusesATagThatNamesAnotherImage(t *testing.T, from, to *place, digest string) {
	require.NoError(t, remote.WriteIndex(to.repository(t).Tag("v1.0.0"), empty.Index, to.remote()))
	to.reg.Forget()
	_, err := copyOf(from, to, digest, false)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "tags are immutable")
	require.Empty(t, to.reg.Changes())
}

func aCopyThatBrokeOffIsCompleted(t *testing.T, from, to *place, digest string) {
	for _, path := range []string{"/blobs/uploads/", "/manifests/sha256:", ".sig", "/manifests/v1.0.0"} {
		to.reg.Fail(opstest.RegistryFault{Method: http.MethodPut, Path: path, After: 1, Status: http.StatusForbidden, Code: "DENIED"})
		if strings.Contains(path, "v1") || path == ".sig" {
			to.reg.Heal()
			to.reg.Fail(opstest.RegistryFault{Method: http.MethodPut, Path: path, Status: http.StatusForbidden, Code: "DENIED"})
		}
		_, err := copyOf(from, to, digest, false)
		require.ErrorContains(t, err, "DENIED", path)
		to.reg.Heal()
	}
	copied, err := copyOf(from, to, digest, false)
	require.NoError(t, err)
	require.Equal(t, []string{"tag"}, copied.Changes, "all else was there")
	require.NoError(t, registry.Verify(context.Background(), to.env, to.out, "backend", digest))
}

func lostAnswersOfBothSidesAreOutlasted(t *testing.T, from, to *place, digest string) {
	from.reg.Fail(opstest.RegistryFault{Method: http.MethodGet, Times: 2, Lost: true})
	from.reg.Fail(opstest.RegistryFault{Method: http.MethodHead, Times: 2, Status: http.StatusTooManyRequests, Code: "TOOMANYREQUESTS"})
	to.reg.Fail(opstest.RegistryFault{Method: http.MethodPut, Times: 2, Lost: true})
	copied, err := copyOf(from, to, digest, false)
	require.NoError(t, err)
	require.Len(t, copied.Changes, 5)
	require.NoError(t, registry.Verify(context.Background(), to.env, to.out, "backend", digest))
}
