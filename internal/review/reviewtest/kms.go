package reviewtest

import "strings"

const (
	role         = "aws:iam/role:Role::"
	iamPolicy    = "aws:iam/policy:Policy::"
	inlinePolicy = "aws:iam/rolePolicy:RolePolicy"
	attachment   = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// decryptAll is an inline policy for decryption with every key.
const decryptAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}`

// attach gives a role a managed policy more.
func attach(to, policy string) func(*Export) {
	return func(e *Export) {
		name := e.Text(to, "name")
		e.Add(to, attachment, "added", name+"-added", map[string]any{"role": name, "policyArn": e.Text(policy, "arn")})
	}
}

func kms() []Variant {
	const (
		key, replica = "aws:kms/key:Key::data", "aws:kms/replicaKey:ReplicaKey::data-us-west-2"
		state        = iamPolicy + "github-deploy-state"
		sender       = iamPolicy + "function-item-events-run"
	)
	return []Variant{
		{Name: "the pipeline decrypts with every key", Stack: Staging, Control: "KMS.1", Wants: state,
			Edit: restate(state, "policy", "UseKeys", statement{"Resource": "*"})},
		{Name: "the pipeline decrypts in every region", Stack: Production, Control: "KMS.1", Wants: state, Edit: func(e *Export) {
			account := strings.Split(e.Text(state, "arn"), ":")[4]
			restate(state, "policy", "UseKeys", statement{"Resource": "arn:aws:kms:*:" + account + ":key/*"})(e)
		}},
		{Name: "a condition on every key does not count", Stack: Staging, Control: "KMS.1", Wants: sender,
			Edit: restate(sender, "policy", "QueueKey", statement{"Resource": []any{"*"}})},
		{Name: "all keys but one", Stack: Domain, Control: "KMS.1", Wants: sender, Edit: restate(sender, "policy", "QueueKey",
			statement{"Action": "kms:ReEncrypt*", "Resource": nil, "NotResource": "arn:aws:kms:us-east-1:444455556666:key/other"})},
		{Name: "a boundary is attached as a policy", Stack: Staging, Control: "KMS.1", Wants: iamPolicy + "boundary", Joins: true,
			Edit: attach(role+"network-flow", iamPolicy+"boundary")},
		{Name: "an inline policy decrypts with every key", Stack: Staging, Control: "KMS.2", Wants: role + "backend-task", Joins: true, Edit: func(e *Export) {
			e.Add(role+"backend-task", inlinePolicy, "added", "added", map[string]any{"role": e.Text(role+"backend-task", "name"), "policy": decryptAll})
		}},
		{Name: "a role decrypts with every key by itself", Stack: Production, Control: "KMS.2", Wants: role + "delivery",
			Edit: put(role+"delivery", "inlinePolicies", []any{map[string]any{"name": "added", "policy": decryptAll}})},
		{Name: "a key for everybody who comes by a service", Stack: Staging, Control: "KMS.5", Wants: key, Edit: restate(key, "policy", "UseThroughServices",
			statement{"Condition": map[string]any{"StringEquals": map[string]any{"kms:ViaService": "rds.us-east-1.amazonaws.com"}}})},
		{Name: "a replica's policy for everybody", Stack: Production, Control: "KMS.5", Wants: replica,
			Edit: allow(replica, "policy", statement{"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"})},
		{Name: "a key for accounts by a pattern", Stack: Domain, Control: "KMS.5", Wants: key, Edit: restate(key, "policy", "GrantsForServices",
			statement{"Condition": map[string]any{"StringLike": map[string]any{"kms:CallerAccount": "4444*"}}})},
	}
}
