package reviewtest

func dynamodb() []Variant {
	const (
		items, history = "aws:dynamodb/table:Table::items", "aws:dynamodb/table:Table::item-history"
		replica        = "aws:dynamodb/tableReplica:TableReplica::items"
		reads          = "dynamodb:table:ReadCapacityUnits"
	)
	return []Variant{
		{Name: "provisioned capacity", Stack: Staging, Control: "DynamoDB.1", Wants: items, Edit: put(items, "billingMode", "PROVISIONED")},
		{Name: "only reads are scaled", Stack: Staging, Control: "DynamoDB.1", Wants: history, Joins: true, Edit: func(e *Export) {
			e.Set(history, "billingMode", "PROVISIONED")
			props := map[string]any{"resourceId": "table/" + e.Text(history, "name"), "scalableDimension": reads, "serviceNamespace": "dynamodb"}
			e.Add(history, "aws:appautoscaling/target:Target", "reads", "reads", props)
			e.Add(history, "aws:appautoscaling/policy:Policy", "reads", "reads", props)
		}},
		{Name: "no point-in-time recovery", Stack: Staging, Control: "DynamoDB.2", Wants: items, Also: []string{"REL09-BP03"},
			Edit: put(items, "pointInTimeRecovery.enabled", false)},
		{Name: "no point-in-time recovery of the replica", Stack: Production, Control: "DynamoDB.2", Wants: replica,
			Edit: put(replica, "pointInTimeRecovery", false)},
		{Name: "a table that can be deleted", Stack: Production, Control: "DynamoDB.6", Wants: history, Edit: put(history, "deletionProtectionEnabled", false)},
		{Name: "a replica that can be deleted", Stack: Domain, Control: "DynamoDB.6", Wants: replica, Edit: put(replica, "deletionProtectionEnabled", false)},
	}
}
