package reviewtest

func lambda() []Variant {
	const (
		events, check = "aws:lambda/function:Function::item-events", "aws:lambda/function:Function::restore-check"
		permission    = "aws:lambda/permission:Permission::restore-completed"
		private       = "aws:ec2/subnet:Subnet::network-private-1"
		isolated      = "aws:ec2/subnet:Subnet::network-isolated-1"
	)
	everybody := all(put(permission, "principal", "*"), unset(permission, "sourceAccount", "sourceArn"))
	return []Variant{
		{Name: "everybody may call a function", Stack: Production, Control: "Lambda.1", Wants: check, Joins: true, Edit: everybody},
		{Name: "everybody may call an alias", Stack: Domain, Control: "Lambda.1", Wants: check, Joins: true,
			Edit: all(everybody, aim(permission, "function", "aws:lambda/alias:Alias::restore-check", "arn"))},
		{Name: "accounts by a pattern may call a function", Stack: Production, Control: "Lambda.1", Wants: check, Joins: true,
			Edit: all(everybody, put(permission, "sourceArn", "arn:aws:events:*:*:rule/*"))},
		{Name: "any account's bucket may call a function", Stack: Production, Control: "Lambda.1", Wants: check, Joins: true,
			Edit: all(put(permission, "principal", "s3.amazonaws.com"), put(permission, "sourceArn", "arn:aws:s3:::uploads"), unset(permission, "sourceAccount"))},
		{Name: "a function has an open URL", Stack: Staging, Control: "Lambda.1", Wants: events, Joins: true, Edit: func(e *Export) {
			e.Add(events, "aws:lambda/functionUrl:FunctionUrl", "open", "open", map[string]any{"functionName": e.Text(events, "name"), "authorizationType": "NONE"})
		}},
		{Name: "a runtime that has ended", Stack: Staging, Control: "Lambda.2", Wants: events, Edit: put(events, "runtime", "go1.x")},
		{Name: "an old Python", Stack: Production, Control: "Lambda.2", Wants: check, Edit: put(check, "runtime", "python3.8")},
		{Name: "a function in one subnet", Stack: Staging, Control: "Lambda.5", Wants: check,
			Edit: func(e *Export) { e.Set(check, "vpcConfig.subnetIds", []any{e.ID(private)}) }},
		{Name: "a function in two subnets of one zone", Stack: Production, Control: "Lambda.5", Wants: check, Joins: true,
			Edit: func(e *Export) { e.Set(check, "vpcConfig.subnetIds", []any{e.ID(private), e.ID(isolated)}) }},
	}
}
