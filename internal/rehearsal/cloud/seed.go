package cloud

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Tokens of the types that exist before a first `up`.
const (
	SecretToken = "aws:secretsmanager/secret:Secret"
	ZoneToken   = "aws:route53/zone:Zone"
)

// Seed is what somebody made in an account before the stack came.
type Seed struct {
	// Region is where the secrets are.
	Region string
	// SecretNames are Secrets Manager secrets, as `create-secrets` makes them.
	SecretNames []string
	// Zones are names of public Route 53 hosted zones.
	Zones []string
}

// Seed makes what exists before a first `up`. What is there already stays as it is.
func (c *Cloud) Seed(account string, seed Seed) error {
	if len(seed.SecretNames) > 0 && seed.Region == "" {
		return fmt.Errorf("seeding account %s: secrets need a region", account)
	}
	return c.Do(func(tx *Tx) error {
		for _, name := range seed.SecretNames {
			if err := seedSecret(tx, account, seed.Region, name); err != nil {
				return fmt.Errorf("seeding the secret %s: %w", name, err)
			}
		}
		for _, zone := range seed.Zones {
			if err := seedZone(tx, account, zone); err != nil {
				return fmt.Errorf("seeding the hosted zone %s: %w", zone, err)
			}
		}
		return nil
	})
}

func seedSecret(tx *Tx, account, region, name string) error {
	key := fmt.Sprintf("%s|%s|%s|%s", SecretToken, account, region, name)
	if tx.ByKey(key) != nil {
		return nil
	}
	arn := fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-%s", region, account, name, randomLetters(6))
	return tx.Put(&Object{
		Account: account, Region: region, Type: SecretToken, ID: arn, ARN: arn, Name: name, Keys: []string{key},
		State: resource.NewPropertyMapFromMap(map[string]any{
			"arn": arn, "name": name, "description": "", "kmsKeyId": "", "recoveryWindowInDays": 30,
			"policy": "", "tags": map[string]any{}, "tagsAll": map[string]any{},
		}),
	})
}

func seedZone(tx *Tx, account, name string) error {
	name = strings.TrimSuffix(name, ".")
	if len(tx.Find(account, Global, ZoneToken, func(o *Object) bool { return o.Name == name })) > 0 {
		return nil
	}
	id := "Z" + strings.ToUpper(randomHex(10))
	servers := []any{"ns-101.awsdns-12.com", "ns-1200.awsdns-22.org", "ns-1701.awsdns-20.co.uk", "ns-810.awsdns-37.net"}
	arn := "arn:aws:route53:::hostedzone/" + id
	return tx.Put(&Object{
		Account: account, Region: Global, Type: ZoneToken, ID: id, ARN: arn, Name: name,
		State: resource.NewPropertyMapFromMap(map[string]any{
			"arn": arn, "name": name, "zoneId": id, "comment": "", "nameServers": servers,
			"primaryNameServer": "ns-1200.awsdns-22.org", "tags": map[string]any{}, "tagsAll": map[string]any{},
		}),
	})
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

func randomLetters(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// SecretValue is what a pretend secret holds: a value that occurs nowhere else, so that whoever looks for it in a state
// or a log finds every leak and nothing but leaks.
func SecretValue(name string) string { return "pretend-value-of-" + name }
