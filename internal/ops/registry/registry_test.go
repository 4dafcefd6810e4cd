package registry_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/registry"
)

// place is an environment with its registry.
type place struct {
	cloud   *opstest.Cloud
	signing *opstest.Signing
	reg     *opstest.Registry
	env     *ops.Environment
	out     ops.Outputs
	dir     string // build/images
}

func newPlace(t *testing.T, cloud *opstest.Cloud, environment string) *place {
	t.Helper()
	p := &place{cloud: cloud, env: cloud.Open(t, environment, nil), dir: t.TempDir()}
	p.reg = opstest.NewRegistry(t, p.env.Account)
	name := "itrack-backend-" + environment
	p.out = ops.Outputs{Environment: environment, Account: p.env.Account, Region: p.env.Region, Repositories: map[string]string{"backend": "replaced/" + name}}
	p.reg.Serve(&p.out)
	ctx := context.Background()
	if _, err := p.env.Primary().ECR().CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String(name)}); !ops.IsCode(err, "RepositoryAlreadyExistsException") {
		require.NoError(t, err)
	}
	p.out.SigningKeyArn = p.newKey(t)
	cloud.Forget()
	return p
}

// each gives every case of a table a stack of its own in one cloud, since starting one takes seconds.
func each[C any](t *testing.T, cases map[string]C, run func(*testing.T, *place, C)) {
	cloud, number := opstest.New(t), 0
	signing := opstest.NewSigning(cloud)
	for _, what := range slices.Sorted(maps.Keys(cases)) {
		number++
		t.Run(what, func(t *testing.T) {
			p := newPlace(t, cloud, fmt.Sprintf("staging%d", number))
			p.signing = signing
			defer cloud.Heal()
			run(t, p, cases[what])
		})
	}
}

func (p *place) name() string { return "itrack-backend-" + p.out.Environment }

func (p *place) newKey(t *testing.T) string {
	t.Helper()
	made, err := p.env.Primary().KMS().CreateKey(context.Background(), &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	require.NoError(t, err)
	return aws.ToString(made.KeyMetadata.Arn)
}

func (p *place) push(t *testing.T) registry.Pushed {
	t.Helper()
	pushed, err := registry.Push(context.Background(), p.env, p.out, p.dir, registry.Options{})
	require.NoError(t, err)
	require.Len(t, pushed, 1)
	return pushed[0]
}

func (p *place) pushErr(t *testing.T) error {
	t.Helper()
	pushed, err := registry.Push(context.Background(), p.env, p.out, p.dir, registry.Options{})
	require.Error(t, err)
	require.Empty(t, pushed)
	return err
}

func (p *place) layout(t *testing.T, version string) string {
	t.Helper()
	return opstest.Layout(t, p.dir, "backend", version, "linux/amd64", "linux/arm64")
}

// remote reaches the registry past the code under test.
func (p *place) remote() remote.Option {
	return remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: p.env.Account + "-auth-token"}))
}

func (p *place) repository(t *testing.T) name.Repository {
	t.Helper()
	repository, err := name.NewRepository(p.out.Repositories["backend"])
	require.NoError(t, err)
	return repository
}

// run runs one test of a table.
func run(t *testing.T, p *place, test func(*testing.T, *place)) { test(t, p) }

func TestPush(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"push brings image s b o ms signature and tag":                  pushBringsImageSBOMsSignatureAndTag,
		"the signature has cosigns form":                                theSignatureHasCosignsForm,
		"a second push uploads nothing":                                 aSecondPushUploadsNothing,
		"a dry run changes nothing":                                     aDryRunChangesNothing,
		"a tag of another image is refused before anything is uploaded": aTagOfAnotherImageIsRefusedBeforeAnythingIsUploaded,
		"a push that broke off is completed":                            aPushThatBrokeOffIsCompleted,
		"a file of the image with other content is not pushed":          aFileOfTheImageWithOtherContentIsNotPushed,
		"an image for another platform is refused":                      anImageForAnotherPlatformIsRefused,
		"an unknown service is wrong usage":                             anUnknownServiceIsWrongUsage,
		"a cancelled push says so":                                      aCancelledPushSaysSo,
		"exists":                                                        exists,
		"verify tells what is wrong":                                    verifyTellsWhatIsWrong,
	}, run)
}

func pushBringsImageSBOMsSignatureAndTag(t *testing.T, p *place) {
	digest := p.layout(t, "v1.0.0")
	pushed := p.push(t)
	url := p.out.Repositories["backend"]
	require.Equal(t, []string{"image", "sbom", "sbom", "signature", "tag"}, pushed.Changes)
	require.Equal(t, digest, pushed.Digest)
	require.Equal(t, url+"@"+digest, pushed.Reference)
	require.Equal(t, "v1.0.0", pushed.Tag)
	require.Equal(t, p.out.SigningKeyArn, pushed.SigningKey)
	require.Equal(t, url+":"+strings.Replace(digest, ":", "-", 1)+".sig", pushed.Signature)

	repository := p.repository(t)
	found, err := remote.Get(repository.Tag("v1.0.0"), p.remote())
	require.NoError(t, err)
	require.Equal(t, digest, found.Digest.String())
	index, err := found.ImageIndex()
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 2)
	var sboms []string
	for _, image := range manifest.Manifests {
		referrers, err := remote.Referrers(repository.Digest(image.Digest.String()), p.remote())
		require.NoError(t, err)
		list, err := referrers.IndexManifest()
		require.NoError(t, err)
		require.Len(t, list.Manifests, 1, "each platform's image has its SBOM")
		sboms = append(sboms, list.Manifests[0].Digest.String())
	}
	require.Equal(t, sboms, pushed.SBOMs)
	// The tag came last: whoever finds it finds everything.
	changes := p.reg.Changes()
	require.Equal(t, "PUT /v2/"+p.name()+"/manifests/v1.0.0", changes[len(changes)-1])
	require.NoError(t, registry.Verify(context.Background(), p.env, p.out, "backend", digest))
}

// The signature is cosign's: these are the fields that `cosign verify` reads.
func theSignatureHasCosignsForm(t *testing.T, p *place) {
	digest := p.layout(t, "v1.0.0")
	p.push(t)
	image, err := remote.Image(p.repository(t).Tag(strings.Replace(digest, ":", "-", 1)+".sig"), p.remote())
	require.NoError(t, err)
	require.NoError(t, validate.Image(image, validate.Fast))
	manifest, err := image.Manifest()
	require.NoError(t, err)
	require.Equal(t, types.OCIManifestSchema1, manifest.MediaType)
	require.Equal(t, types.OCIConfigJSON, manifest.Config.MediaType)
	require.Len(t, manifest.Layers, 1)
	require.Equal(t, types.MediaType("application/vnd.dev.cosign.simplesigning.v1+json"), manifest.Layers[0].MediaType)
	value, err := base64.StdEncoding.DecodeString(manifest.Layers[0].Annotations["dev.cosignproject.cosign/signature"])
	require.NoError(t, err)
	_, payload := p.reg.Get(p.name() + "/blobs/" + manifest.Layers[0].Digest.String())
	require.JSONEq(t, `{"critical":{"identity":{"docker-reference":"`+p.out.Repositories["backend"]+`"},"image":{"docker-manifest-digest":"`+digest+
		`"},"type":"cosign container image signature"},"optional":{"environment":"`+p.out.Environment+`"}}`, string(payload))
	sum := sha256.Sum256(payload)
	require.True(t, ecdsa.VerifyASN1(&p.signing.Key(t, p.out.SigningKeyArn).PublicKey, sum[:], value))
}

func aSecondPushUploadsNothing(t *testing.T, p *place) {
	p.layout(t, "v1.0.0")
	first := p.push(t)
	p.reg.Forget()
	p.cloud.Forget()
	second := p.push(t)
	require.Empty(t, second.Changes)
	require.Empty(t, p.reg.Changes())
	require.Empty(t, p.cloud.Changes())
	second.Changes = first.Changes
	require.Equal(t, first, second)
}

func aDryRunChangesNothing(t *testing.T, p *place) {
	p.layout(t, "v1.0.0")
	pushed, err := registry.Push(context.Background(), p.env, p.out, p.dir, registry.Options{DryRun: true})
	require.NoError(t, err)
	require.True(t, pushed[0].DryRun)
	require.Equal(t, []string{"image", "sbom", "sbom", "signature", "tag"}, pushed[0].Changes)
	require.Empty(t, p.reg.Changes())
	require.Empty(t, p.cloud.Changes())
	for _, call := range p.cloud.Calls() {
		require.NotEqual(t, "Sign", call.Action)
	}
}

func aTagOfAnotherImageIsRefusedBeforeAnythingIsUploaded(t *testing.T, p *place) {
	first := p.layout(t, "v1.0.0-dirty")
	p.push(t)
	p.reg.Forget()
	second := opstest.Layout(t, p.dir, "backend", "v1.0.0-dirty", "linux/arm64")
	require.NotEqual(t, first, second)
	err := p.pushErr(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "the tag names "+first+" already, and tags are immutable")
	require.ErrorContains(t, err, "commit first")
	require.Empty(t, p.reg.Changes())
}

// Killed between any two requests, the next run completes it.
func aPushThatBrokeOffIsCompleted(t *testing.T, p *place) {
	digest := p.layout(t, "v1.0.0")
	p.push(t)
	total := len(p.reg.Changes())
	require.Greater(t, total, 15)
	for after := range total {
		q := newPlace(t, p.cloud, fmt.Sprintf("interrupted%d", after))
		q.out.SigningKeyArn = p.out.SigningKeyArn
		q.layout(t, "v1.0.0")
		q.reg.Fail(opstest.RegistryFault{Writes: true, After: after, Status: http.StatusForbidden, Code: "DENIED"})
		require.ErrorContains(t, q.pushErr(t), "DENIED")
		q.reg.Heal()
		require.NotEmpty(t, q.push(t).Changes)
		require.NoError(t, registry.Verify(context.Background(), q.env, q.out, "backend", digest))
		q.reg.Forget()
		require.Empty(t, q.push(t).Changes)
		require.Empty(t, q.reg.Changes())
	}
}

// Every answer that is lost once, in turn.
func TestLostAnswersAndThrottlingAreOutlasted(t *testing.T) {
	each(t, map[string]opstest.RegistryFault{
		"upload begun":       {Method: http.MethodPost, Times: 2, Lost: true},
		"upload sent":        {Method: http.MethodPatch, Times: 2, Lost: true},
		"upload ended":       {Method: http.MethodPut, Path: "/blobs/uploads/", Times: 2, Lost: true},
		"index":              {Method: http.MethodPut, Path: "/manifests/sha256:", Times: 3, Lost: true},
		"signature's tag":    {Method: http.MethodPut, Path: ".sig", Times: 1, Lost: true},
		"tag":                {Method: http.MethodPut, Path: "/manifests/v1", Times: 1, Lost: true},
		"questions":          {Method: http.MethodHead, Times: 3, Lost: true},
		"throttled":          {Times: 3, Status: http.StatusTooManyRequests, Code: "TOOMANYREQUESTS"},
		"throttled tag":      {Method: http.MethodPut, Path: "/manifests/v1", Times: 2, Status: http.StatusTooManyRequests, Code: "TOOMANYREQUESTS"},
		"unavailable":        {Times: 3, Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE"},
		"upload unavailable": {Method: http.MethodPatch, Times: 2, Status: http.StatusInternalServerError, Code: "UNKNOWN"},
	}, func(t *testing.T, p *place, fault opstest.RegistryFault) {
		digest := p.layout(t, "v1.0.0")
		p.reg.Fail(fault)
		p.cloud.Fail(opstest.Fault{Service: "kms", Action: "Sign", Times: 2, Status: 400, Code: "ThrottlingException"})
		p.cloud.Fail(opstest.Fault{Service: "ecr", Times: 1, Lost: true})
		require.Equal(t, []string{"image", "sbom", "sbom", "signature", "tag"}, p.push(t).Changes)
		p.reg.Heal()
		require.NoError(t, registry.Verify(context.Background(), p.env, p.out, "backend", digest))
	})
}

func TestErrorsSayWhatToDo(t *testing.T) {
	type failure struct {
		prepare func(*place)
		says    []string
	}
	each(t, map[string]failure{
		"no right to sign in": {func(p *place) {
			p.cloud.Fail(opstest.Fault{Service: "ecr", Action: "GetAuthorizationToken", Status: 400, Code: "AccessDeniedException"})
		}, []string{"signing in to 127.0.0.1", "AccessDeniedException", "use the deploy role"}},
		"no right to push": {func(p *place) {
			p.reg.Fail(opstest.RegistryFault{Method: http.MethodPost, Status: http.StatusForbidden, Code: "DENIED"})
		}, []string{"pushing 127.0.0.1", "DENIED", "ecr:InitiateLayerUpload"}},
		"no right to sign": {func(p *place) {
			p.cloud.Fail(opstest.Fault{Service: "kms", Action: "Sign", Status: 400, Code: "AccessDeniedException"})
		}, []string{"signing 127.0.0.1", "with arn:aws:kms:us-east-1:123456789012:key/", "AccessDeniedException"}},
		"an error that stays": {func(p *place) {
			p.reg.Fail(opstest.RegistryFault{Method: http.MethodPut, Status: http.StatusInternalServerError, Code: "UNKNOWN"})
		}, []string{"UNKNOWN: injected by the test", "also after several attempts", "nothing is uploaded twice"}},
		"throttling that stays": {func(p *place) {
			p.reg.Fail(opstest.RegistryFault{Method: http.MethodPut, Status: http.StatusTooManyRequests, Code: "TOOMANYREQUESTS"})
		}, []string{"ECR asked to slow down"}},
		"no repository": {func(p *place) {
			p.out.Repositories["backend"] = p.reg.Host + "/itrack-other"
		}, []string{"account 123456789012 has none of this name in us-east-1", "` makes it"}},
		"no key": {func(p *place) {
			p.out.SigningKeyArn = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
		}, []string{"NotFoundException"}},
		"a registry without encryption": {func(p *place) {
			p.out.Repositories["backend"] = "10.0.0.1:5000/itrack-backend-staging"
		}, []string{"without encryption"}},
		"another account": {func(p *place) { p.out.Account = opstest.OtherAccount },
			[]string{"it is in account 210987654321, signed in is 123456789012"}},
		"no layout": {func(p *place) { require.NoError(t, os.RemoveAll(filepath.Join(p.dir, "backend"))) },
			[]string{"build it with `itrack build images backend`"}},
		"a broken layout": {func(p *place) {
			require.NoError(t, os.WriteFile(filepath.Join(p.dir, "backend", "index.json"), []byte("{"), 0o600))
		}, []string{"reading the image of backend", "build it with"}},
	}, func(t *testing.T, p *place, c failure) {
		p.layout(t, "v1.0.0")
		c.prepare(p)
		err := p.pushErr(t)
		for _, says := range c.says {
			require.ErrorContains(t, err, says)
		}
		require.NotContains(t, err.Error(), "auth-token", "the password is nobody's to read")
		status, _ := p.reg.Get(p.name() + "/manifests/v1.0.0")
		require.Equal(t, http.StatusNotFound, status, "no tag without the rest")
	})
}

func aFileOfTheImageWithOtherContentIsNotPushed(t *testing.T, p *place) {
	p.layout(t, "v1.0.0")
	content := "the program of backend for linux/arm64"
	sum := sha256.Sum256([]byte(content))
	path := filepath.Join(p.dir, "backend", "blobs", "sha256", hex.EncodeToString(sum[:]))
	require.NoError(t, os.WriteFile(path, []byte(strings.ToUpper(content)), 0o600))
	err := p.pushErr(t)
	require.ErrorContains(t, err, "build it again with `itrack build images`")
}

func anImageForAnotherPlatformIsRefused(t *testing.T, p *place) {
	opstest.Layout(t, p.dir, "backend", "v1.0.0", "linux/amd64")
	p.out.Releases = opstest.Stack(t, p.cloud, p.cloud.Open(t, "other", nil)).Releases
	err := p.pushErr(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "the stack runs backend on linux/arm64, and the image is for linux/amd64")
	require.ErrorContains(t, err, "`itrack build images backend --platform linux/arm64`")
	require.Empty(t, p.reg.Changes())
	p.layout(t, "v1.0.1")
	p.push(t)
}

func anUnknownServiceIsWrongUsage(t *testing.T, p *place) {
	_, err := registry.Push(context.Background(), p.env, p.out, p.dir, registry.Options{Services: []string{"worker"}})
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "name one of [backend]")
	require.Empty(t, p.cloud.Calls())
	err = registry.Verify(context.Background(), p.env, p.out, "backend", "v1.0.0")
	require.ErrorContains(t, err, "it is not sha256:")
}

func aCancelledPushSaysSo(t *testing.T, p *place) {
	p.layout(t, "v1.0.0")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := registry.Push(ctx, p.env, p.out, p.dir, registry.Options{})
	require.ErrorIs(t, err, context.Canceled)
	late, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	_, err = registry.Push(late, p.env, p.out, p.dir, registry.Options{})
	require.Equal(t, ops.TimedOut, ops.KindOf(err))
}

func exists(t *testing.T, p *place) {
	digest := p.layout(t, "v1.0.0")
	there, err := registry.Exists(context.Background(), p.env, p.out, "backend", digest)
	require.NoError(t, err)
	require.False(t, there)
	p.push(t)
	there, err = registry.Exists(context.Background(), p.env, p.out, "backend", digest)
	require.NoError(t, err)
	require.True(t, there)
	p.reg.Fail(opstest.RegistryFault{Method: http.MethodHead, Status: http.StatusForbidden, Code: "DENIED"})
	_, err = registry.Exists(context.Background(), p.env, p.out, "backend", digest)
	require.ErrorContains(t, err, "ecr:BatchGetImage")
}
