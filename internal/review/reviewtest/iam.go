package reviewtest

func iam() []Variant {
	const flow, items = iamPolicy + "network-flow-write", iamPolicy + "backend-task-data"
	return []Variant{
		{Name: "a policy for everything", Stack: Staging, Control: "IAM.1", Wants: flow, Also: []string{"IAM.21", "KMS.1"},
			Edit: allow(flow, "policy", statement{"Sid": "All", "Effect": "Allow", "Action": []any{"*"}, "Resource": "*"})},
		{Name: "a policy for a whole service", Stack: Staging, Control: "IAM.21", Wants: flow,
			Edit: restate(flow, "policy", "WriteFlowLogs", statement{"Action": "logs:*"})},
		{Name: "one action of several is a whole service", Stack: Production, Control: "IAM.21", Wants: items,
			Edit: restate(items, "policy", "TableKey", statement{"Action": []any{"kms:DescribeKey", "dynamodb:*"}})},
		{Name: "a policy for all services but one", Stack: Domain, Control: "IAM.21", Wants: flow, Also: []string{"KMS.1"},
			Edit: restate(flow, "policy", "WriteFlowLogs", statement{"Action": nil, "NotAction": "iam:*", "Resource": "*"})},
	}
}
