package registry

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/itrack/itrack/internal/ops"
)

// Signatures have cosign's form, so that `cosign verify` and admission controllers read them: the signed document is a layer
// under the tag sha256-<hex>.sig, its signature an annotation of the layer.
// Source: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
const (
	signedType          = types.MediaType("application/vnd.dev.cosign.simplesigning.v1+json")
	signatureAnnotation = "dev.cosignproject.cosign/signature"
	documentType        = "cosign container image signature"
	// A document has some hundred bytes; what is much larger is none.
	documentLimit = 64 << 10
)

// document is what is signed.
type document struct {
	Critical struct {
		Identity struct {
			Reference string `json:"docker-reference"`
		} `json:"identity"`
		Image struct {
			Digest string `json:"docker-manifest-digest"`
		} `json:"image"`
		Type string `json:"type"`
	} `json:"critical"`
	Optional map[string]string `json:"optional"`
}

// signature is one signed document with its signature.
type signature struct {
	document []byte
	value    []byte // ASN.1, as KMS gives it
}

// signatureTag is where the signatures of an image are.
func (r *repository) signatureTag(digest v1.Hash) name.Tag {
	return r.name.Tag(digest.Algorithm + "-" + digest.Hex + ".sig")
}

// sign lets KMS sign that this image is the repository's.
func (r *repository) sign(ctx context.Context, digest v1.Hash) (signature, error) {
	var signed document
	signed.Critical.Identity.Reference = r.name.Name()
	signed.Critical.Image.Digest = digest.String()
	signed.Critical.Type = documentType
	signed.Optional = map[string]string{"environment": r.env.Settings.Environment}
	text, err := json.Marshal(signed)
	if err != nil {
		return signature{}, fmt.Errorf("writing the document to sign: %w", err)
	}
	sum := sha256.Sum256(text)
	answer, err := r.env.Primary().KMS().Sign(ctx, &kms.SignInput{
		KeyId: aws.String(r.key), Message: sum[:], MessageType: kmstypes.MessageTypeDigest, SigningAlgorithm: kmstypes.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return signature{}, explain("signing "+r.reference(digest).String()+" with "+r.key, r.name, err)
	}
	return signature{document: text, value: answer.Signature}, nil
}

// signatures are those that an image has.
func (r *repository) signatures(digest v1.Hash) ([]signature, error) {
	tag := r.signatureTag(digest)
	what := "reading the signature of " + r.reference(digest).String()
	img, err := remote.Image(tag, r.options...)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, explain(what, r.name, err)
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, explain(what, r.name, err)
	}
	var found []signature
	for _, described := range manifest.Layers {
		value, err := base64.StdEncoding.DecodeString(described.Annotations[signatureAnnotation])
		if described.MediaType != signedType || err != nil || len(value) == 0 || described.Size > documentLimit {
			continue // no signature; if none is left, that is said
		}
		layer, err := img.LayerByDigest(described.Digest)
		if err != nil {
			return nil, explain(what, r.name, err)
		}
		text, err := readLayer(layer)
		if err != nil {
			return nil, explain(what, r.name, err)
		}
		found = append(found, signature{document: text, value: value})
	}
	return found, nil
}

func readLayer(layer v1.Layer) ([]byte, error) {
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(content) // the library compares it with the digest
	if closeErr := content.Close(); err == nil {
		err = closeErr
	}
	return text, err
}

// attach puts signatures under the image's tag for them. That tag can be written once, so all of them go at once.
func (r *repository) attach(digest v1.Hash, all []signature) error {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, one := range all {
		var err error
		img, err = mutate.Append(img, mutate.Addendum{Layer: static.NewLayer(one.document, signedType), MediaType: signedType,
			Annotations: map[string]string{signatureAnnotation: base64.StdEncoding.EncodeToString(one.value)}})
		if err != nil {
			return fmt.Errorf("writing the signature of %s: %w", digest, err)
		}
	}
	made, err := img.Digest()
	if err != nil {
		return fmt.Errorf("writing the signature of %s: %w", digest, err)
	}
	// By its digest first: the parts are there when the tag comes.
	if err := remote.Write(r.reference(made), img, r.options...); err != nil {
		return explain("pushing the signature of "+r.reference(digest).String(), r.name, err)
	}
	return r.put(r.signatureTag(digest), img, made)
}

// publicKey is the public half of the stack's key.
func (r *repository) publicKey(ctx context.Context) (*ecdsa.PublicKey, error) {
	what := "reading the public key of " + r.key
	answer, err := r.env.Primary().KMS().GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(r.key)})
	if err != nil {
		return nil, explain(what, r.name, err)
	}
	parsed, err := x509.ParsePKIXPublicKey(answer.PublicKey)
	if err != nil {
		return nil, &ops.Problem{What: what, Why: err.Error(), Err: err, Next: "compare the output signingKeyArn with the keys in KMS"}
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, &ops.Problem{What: what, Why: "it is no key of the kind ECC_NIST_P256", Next: "compare the output signingKeyArn with the keys in KMS"}
	}
	return key, nil
}

// check tells whether one of the signatures is the key's and about this image.
func check(key *ecdsa.PublicKey, digest v1.Hash, all []signature) error {
	if len(all) == 0 {
		return ErrNoSignature
	}
	result := ErrWrongKey
	for _, one := range all {
		sum := sha256.Sum256(one.document)
		if !ecdsa.VerifyASN1(key, sum[:], one.value) {
			continue
		}
		var signed document
		if err := json.NewDecoder(bytes.NewReader(one.document)).Decode(&signed); err == nil && signed.Critical.Type == documentType &&
			signed.Critical.Image.Digest == digest.String() {
			return nil
		}
		result = ErrOtherDigest
	}
	return result
}

// verify reads an image's signatures and compares them with the stack's key.
func (r *repository) verify(ctx context.Context, digest v1.Hash) ([]signature, error) {
	found, err := r.signatures(digest)
	if err != nil {
		return nil, err
	}
	key, err := r.publicKey(ctx)
	if err != nil {
		return nil, err
	}
	return found, r.judge(digest, check(key, digest, found))
}

// judge says what to do about a signature that is not as it should be.
func (r *repository) judge(digest v1.Hash, err error) error {
	if err == nil {
		return nil
	}
	problem := &ops.Problem{Kind: ops.Refused, What: "checking the signature of " + r.reference(digest).String(), Why: err.Error(), Err: err}
	environment := r.env.Settings.Environment
	switch {
	case errors.Is(err, ErrNoSignature):
		problem.Next = fmt.Sprintf("`itrack push %s --service %s` pushes and signs what was built; if this image came another way, find out who pushed it", environment, r.service)
	case errors.Is(err, ErrWrongKey):
		problem.Why += fmt.Sprintf(" than %s", r.key)
		problem.Next = r.again(digest, "was the signing key made again, or was the image copied with its signature by another tool?")
	case errors.Is(err, ErrOtherDigest):
		problem.Next = r.again(digest, "somebody put the signature of one image under the tag of another: find out who before anything else.")
	}
	return problem
}

// again says how an image gets a new signature although its tag cannot be written twice.
func (r *repository) again(digest v1.Hash, question string) string {
	return fmt.Sprintf("%s If the image is known to be right: `aws ecr batch-delete-image --region %s --repository-name %s --image-ids imageTag=%s` removes the signature, and `itrack push %s --service %s` makes a new one",
		question, r.env.Region, r.name.RepositoryStr(), r.signatureTag(digest).TagStr(), r.env.Settings.Environment, r.service)
}

// Verify makes sure that the image of this digest in a service's repository has a signature by the stack's key. The error wraps
// ErrNoSignature, ErrWrongKey or ErrOtherDigest when that is what is wrong, and is of the kind Refused then.
func Verify(ctx context.Context, env *ops.Environment, out ops.Outputs, service, digest string) error {
	hash, err := parseDigest(digest)
	if err != nil {
		return err
	}
	r, err := open(ctx, env, out, service)
	if err != nil {
		return err
	}
	_, err = r.verify(ctx, hash)
	return err
}
