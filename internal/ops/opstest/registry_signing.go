package opstest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Signing lets KMS sign digests: moto hashes what it gets once more although it is told that it is a digest, so that its
// signatures verify nowhere. Keys stay moto's: whether one exists and is made for signing is asked there; each signs with a pair
// of its own.
type Signing struct {
	cloud *Cloud
	mutex sync.Mutex
	keys  map[string]*ecdsa.PrivateKey // by ARN
}

// NewSigning lets the cloud sign.
func NewSigning(cloud *Cloud) *Signing {
	s := &Signing{cloud: cloud, keys: map[string]*ecdsa.PrivateKey{}}
	cloud.Handle("kms", "Sign", s.sign)
	cloud.Handle("kms", "GetPublicKey", s.public)
	return s
}

// Key is the pair of a key, for what a test wants to sign itself.
func (s *Signing) Key(t testing.TB, arn string) *ecdsa.PrivateKey {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.keys[arn] == nil {
		s.keys[arn] = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	}
	return s.keys[arn]
}

func (s *Signing) sign(call Call) Answer {
	var asked struct {
		KeyId, MessageType, SigningAlgorithm string
		Message                              []byte
	}
	if err := json.Unmarshal(call.Body, &asked); err != nil {
		return Answer{Code: "SerializationException", Body: []byte(err.Error())}
	}
	arn, refusal := s.find(call, asked.KeyId)
	switch {
	case refusal != nil:
		return *refusal
	case asked.SigningAlgorithm != "ECDSA_SHA_256":
		return Answer{Code: "InvalidKeyUsageException", Body: []byte("Algorithm " + asked.SigningAlgorithm + " is incompatible with key spec ECC_NIST_P256.")}
	case asked.MessageType != "DIGEST":
		return Answer{Code: "ValidationException", Body: []byte("this test signs digests alone")}
	case len(asked.Message) != 32:
		return Answer{Code: "ValidationException", Body: []byte("Digest is invalid length for algorithm ECDSA_SHA_256.")}
	}
	value, err := ecdsa.SignASN1(rand.Reader, s.Key(s.cloud.t, arn), asked.Message)
	if err != nil {
		return Answer{Code: "KMSInternalException", Body: []byte(err.Error()), Status: http.StatusInternalServerError}
	}
	return s.answer(map[string]any{"KeyId": arn, "Signature": value, "SigningAlgorithm": asked.SigningAlgorithm})
}

func (s *Signing) public(call Call) Answer {
	var asked struct{ KeyId string }
	if err := json.Unmarshal(call.Body, &asked); err != nil {
		return Answer{Code: "SerializationException", Body: []byte(err.Error())}
	}
	arn, refusal := s.find(call, asked.KeyId)
	if refusal != nil {
		return *refusal
	}
	encoded, err := x509.MarshalPKIXPublicKey(&s.Key(s.cloud.t, arn).PublicKey)
	if err != nil {
		return Answer{Code: "KMSInternalException", Body: []byte(err.Error()), Status: http.StatusInternalServerError}
	}
	return s.answer(map[string]any{"KeyId": arn, "PublicKey": encoded, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": []string{"ECDSA_SHA_256"}})
}

func (s *Signing) answer(value any) Answer {
	text, _ := json.Marshal(value) // strings and bytes cannot fail
	return Answer{Body: text}
}

// find asks moto for the key in the caller's account and region.
func (s *Signing) find(call Call, key string) (arn string, refusal *Answer) {
	body, _ := json.Marshal(map[string]string{"KeyId": key}) // a string cannot fail
	request, err := http.NewRequestWithContext(call.Request.Context(), http.MethodPost, s.cloud.Moto, bytes.NewReader(body))
	if err != nil {
		return "", &Answer{Code: "KMSInternalException", Body: []byte(err.Error()), Status: http.StatusInternalServerError}
	}
	request.Header = call.Request.Header.Clone()
	request.Header.Set("X-Amz-Target", "TrentService.DescribeKey")
	request.Header.Del("Accept-Encoding")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", &Answer{Code: "KMSInternalException", Body: []byte(err.Error()), Status: http.StatusInternalServerError}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return "", &Answer{Status: response.StatusCode, Body: text}
	}
	var found struct {
		KeyMetadata struct{ Arn, KeyUsage, KeySpec, KeyState string }
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return "", &Answer{Code: "KMSInternalException", Body: []byte(err.Error()), Status: http.StatusInternalServerError}
	}
	switch made := found.KeyMetadata; {
	case made.KeyUsage != "SIGN_VERIFY" || made.KeySpec != "ECC_NIST_P256":
		return "", &Answer{Code: "InvalidKeyUsageException", Body: []byte(made.Arn + " key usage is " + made.KeyUsage + " which is not valid for Sign.")}
	case made.KeyState != "Enabled":
		return "", &Answer{Code: "KMSInvalidStateException", Body: []byte(made.Arn + " is " + made.KeyState + ".")}
	}
	return found.KeyMetadata.Arn, nil
}
