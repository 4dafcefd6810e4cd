package registry_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/registry"
)

// forge puts a signature of a key of the test's own, about a digest of its choice, where the signature of an image is.
func (p *place) forge(t *testing.T, image, about string, key *ecdsa.PrivateKey) {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"critical": map[string]any{"identity": map[string]string{"docker-reference": "x"},
		"image": map[string]string{"docker-manifest-digest": about}, "type": "cosign container image signature"}, "optional": nil})
	require.NoError(t, err)
	sum := sha256.Sum256(payload)
	value, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	require.NoError(t, err)
	signed, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
		Layer:       static.NewLayer(payload, "application/vnd.dev.cosign.simplesigning.v1+json"),
		Annotations: map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(value)}})
	require.NoError(t, err)
	require.NoError(t, remote.Write(p.repository(t).Tag(strings.Replace(image, ":", "-", 1)+".sig"), signed, p.remote()))
}

func (p *place) unsign(digest string) {
	p.reg.Remove(p.name(), strings.Replace(digest, ":", "-", 1)+".sig")
}

func verifyTellsWhatIsWrong(t *testing.T, p *place) {
	digest := p.layout(t, "v1.0.0")
	p.push(t)
	verify := func() error { return registry.Verify(context.Background(), p.env, p.out, "backend", digest) }
	require.NoError(t, verify())

	p.unsign(digest)
	err := verify()
	require.ErrorIs(t, err, registry.ErrNoSignature)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "`itrack push "+p.out.Environment+" --service backend`")

	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p.forge(t, digest, digest, stranger)
	err = verify()
	require.ErrorIs(t, err, registry.ErrWrongKey)
	require.ErrorContains(t, err, "by another key than "+p.out.SigningKeyArn)
	require.ErrorContains(t, err, "aws ecr batch-delete-image --region us-east-1 --repository-name "+p.name()+" --image-ids imageTag=sha256-")
	require.ErrorIs(t, p.pushErr(t), registry.ErrWrongKey, "a push does not pass over it either")

	p.unsign(digest)
	own := p.signing.Key(t, p.out.SigningKeyArn)
	p.forge(t, digest, "sha256:"+strings.Repeat("0", 64), own)
	err = verify()
	require.ErrorIs(t, err, registry.ErrOtherDigest)
	require.ErrorContains(t, err, "find out who")

	p.unsign(digest)
	p.forge(t, digest, digest, own)
	require.NoError(t, verify())

	p.cloud.Fail(opstest.Fault{Service: "kms", Action: "GetPublicKey", Status: 400, Code: "AccessDeniedException"})
	require.ErrorContains(t, verify(), "reading the public key of "+p.out.SigningKeyArn+": AccessDeniedException")
}
