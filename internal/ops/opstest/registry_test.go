package opstest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// ask asks a registry, with the password of an account.
func ask(t *testing.T, r *opstest.Registry, account, method, path string, body []byte) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, "http://"+r.Host+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	if account != "" {
		request.SetBasicAuth("AWS", account+"-auth-token")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, string(text)
}

func TestTheRegistryRefusesWhatECRRefuses(t *testing.T) {
	r := opstest.NewRegistry(t, opstest.Account)
	out := ops.Outputs{Repositories: map[string]string{"backend": opstest.Account + ".dkr.ecr.us-east-1.amazonaws.com/itrack-backend"}}
	r.Serve(&out)
	require.Equal(t, r.Host+"/itrack-backend", out.Repositories["backend"])
	for _, account := range []string{"", opstest.OtherAccount} {
		status, text := ask(t, r, account, http.MethodGet, "/v2/", nil)
		require.Equal(t, http.StatusUnauthorized, status)
		require.Contains(t, text, "UNAUTHORIZED")
	}
	status, _ := ask(t, r, opstest.Account, http.MethodGet, "/v2/", nil)
	require.Equal(t, http.StatusOK, status)
	status, text := ask(t, r, opstest.Account, http.MethodPost, "/v2/other/blobs/uploads/", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "NAME_UNKNOWN")
	missing := `{"schemaVersion":2,"config":{"digest":"sha256:` + strings.Repeat("0", 64) + `"},"layers":[]}`
	status, text = ask(t, r, opstest.Account, http.MethodPut, "/v2/itrack-backend/manifests/v1", []byte(missing))
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, text, "required for pushing image into repository do not exist")
	manifest := []byte(`{"schemaVersion":2}`)
	status, _ = ask(t, r, opstest.Account, http.MethodPut, "/v2/itrack-backend/manifests/v1", manifest)
	require.Equal(t, http.StatusCreated, status)
	status, text = ask(t, r, opstest.Account, http.MethodPut, "/v2/itrack-backend/manifests/v1", manifest)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "TAG_INVALID")
	r.Fail(opstest.RegistryFault{Writes: true, After: 1, Times: 1, Status: http.StatusTooManyRequests, Code: "TOOMANYREQUESTS"})
	for _, want := range []int{http.StatusCreated, http.StatusTooManyRequests, http.StatusCreated} {
		status, _ = ask(t, r, opstest.Account, http.MethodPut, "/v2/itrack-backend/manifests/sha256:"+strings.Repeat("a", 64), manifest)
		require.Equal(t, want, status)
	}
	r.Remove("itrack-backend", "v1")
	status, _ = r.Get("itrack-backend/manifests/v1")
	require.Equal(t, http.StatusNotFound, status)
}

func TestSigningRefusesWhatKMSRefuses(t *testing.T) {
	cloud := opstest.New(t)
	opstest.NewSigning(cloud)
	ctx, client := context.Background(), cloud.Open(t, "staging", nil).Primary().KMS()
	other := cloud.Open(t, "production", nil).Primary().KMS()
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	require.NoError(t, err)
	arn := made.KeyMetadata.Arn
	sum := sha256.Sum256([]byte("text"))
	sign := func(client *kms.Client, key *string, change func(*kms.SignInput)) (*kms.SignOutput, error) {
		input := &kms.SignInput{KeyId: key, Message: sum[:], MessageType: kmstypes.MessageTypeDigest, SigningAlgorithm: kmstypes.SigningAlgorithmSpecEcdsaSha256}
		if change != nil {
			change(input)
		}
		return client.Sign(ctx, input)
	}
	signed, err := sign(client, arn, nil)
	require.NoError(t, err)
	public, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: arn})
	require.NoError(t, err)
	key, err := x509.ParsePKIXPublicKey(public.PublicKey)
	require.NoError(t, err)
	require.True(t, ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), sum[:], signed.Signature))

	_, err = sign(other, arn, nil)
	require.True(t, ops.IsCode(err, "NotFoundException"), "%v", err)
	_, err = sign(client, aws.String("arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"), nil)
	require.True(t, ops.IsCode(err, "NotFoundException"), "%v", err)
	_, err = sign(client, arn, func(i *kms.SignInput) { i.Message = i.Message[:31] })
	require.True(t, ops.IsCode(err, "ValidationException"), "%v", err)
	_, err = sign(client, arn, func(i *kms.SignInput) { i.SigningAlgorithm = kmstypes.SigningAlgorithmSpecEcdsaSha384 })
	require.True(t, ops.IsCode(err, "InvalidKeyUsageException"), "%v", err)
	symmetric, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = sign(client, symmetric.KeyMetadata.Arn, nil)
	require.True(t, ops.IsCode(err, "InvalidKeyUsageException"), "%v", err)
	_, err = client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: symmetric.KeyMetadata.Arn})
	require.True(t, ops.IsCode(err, "InvalidKeyUsageException"), "%v", err)
	_, err = client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyMetadata.KeyId, PendingWindowInDays: aws.Int32(7)})
	require.NoError(t, err)
	_, err = sign(client, arn, nil)
	require.True(t, ops.IsCode(err, "KMSInvalidStateException"), "%v", err)
}
