package controls

import (
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenKey        = "aws:kms/key:Key"
	tokenReplicaKey = "aws:kms/replicaKey:ReplicaKey"
)

// kms are the controls on keys and on who may decrypt with all of them.
func kms() []review.Control {
	return []review.Control{
		hub("KMS.1", "Customer managed policies should not allow decryption on all KMS keys", review.Medium, review.Security, "the stack declares no IAM policy",
			managedPolicies(decryptsAll, "it does not allow decryption with every key")),
		hub("KMS.2", "IAM inline policies should not allow decryption on all KMS keys", review.Medium, review.Security,
			"the stack declares no IAM role, user or group", inlinePolicies(decryptsAll, "no inline policy allows decryption with every key")),
		decided("KMS.3", "KMS keys should not be deleted unintentionally", review.Critical, review.Security,
			"aws kms list-keys --query 'Keys[].KeyId' --output text | xargs -n1 aws kms describe-key --query 'KeyMetadata.[Arn,KeyState]' --key-id"),
		hub("KMS.5", "KMS keys should not be publicly accessible", review.Critical, review.Security, "the stack declares no key", keysArePrivate),
	}
}

func keysArePrivate(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, key := range m.All(tokenKey, tokenReplicaKey) {
		out = append(out, keyIsPrivate(key))
	}
	return out
}

func keyIsPrivate(key *review.Resource) review.Answer {
	for _, d := range documents(key, "policy") {
		for i := range d.Statements {
			if s := &d.Statements[i]; s.Public() {
				return review.Fail(key, "its policy is open to everybody (statement "+s.Sid+")",
					"name principals, or hold the statement to the account with kms:CallerAccount")
			}
		}
	}
	return review.Pass(key, "its policy is for the account and named services")
}

// decryptsAll finds what lets a principal decrypt with any key of its account, in whichever region: AWS's advice is to name a
// region and the account at least. Conditions do not count.
func decryptsAll(d *policy.Document, account string) (why, fix string) {
	for _, action := range []string{"kms:Decrypt", "kms:ReEncryptFrom"} {
		if d.Allows(policy.Request{Action: action, Resource: "arn:aws:kms:some-region-0:" + account + ":key/any"}) {
			return "it allows " + action + " with every key", "name the keys, or the account's keys of one region, as the statement's resources"
		}
	}
	return "", ""
}
