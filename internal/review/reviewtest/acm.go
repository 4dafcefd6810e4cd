package reviewtest

func acm() []Variant {
	const (
		api, edge, internal = "aws:acm/certificate:Certificate::api", "aws:acm/certificate:Certificate::edge", "aws:acm/certificate:Certificate::internal"
		record              = "aws:route53/record:Record::validate-"
		validation          = "aws:acm/certificateValidation:CertificateValidation::"
	)
	return []Variant{
		{Name: "a certificate by email", Stack: Domain, Control: "ACM.1", Wants: edge, Edit: put(edge, "validationMethod", "EMAIL")},
		{Name: "a certificate that has ended", Stack: Domain, Control: "ACM.1", Wants: api, Edit: put(api, "notAfter", "2020-01-31T23:59:59Z")},
		{Name: "the record of a certificate is gone", Stack: Domain, Control: "ACM.1", Wants: edge, Joins: true, Edit: remove(record + "edge")},
		{Name: "the record answers for another certificate", Stack: Domain, Control: "ACM.1", Wants: internal, Joins: true,
			Edit: func(e *Export) { e.Set(record+"internal", "records", e.Get(record+"api", "records")) }},
		{Name: "the record has another name", Stack: Domain, Control: "ACM.1", Wants: api, Joins: true,
			Edit: all(aim(record+"api", "name", record+"edge", "name"), aim(record+"api", "fqdn", record+"edge", "fqdn"))},
		{Name: "another certificate's validation", Stack: Domain, Control: "ACM.1", Wants: api, Joins: true,
			Edit: aim(validation+"api", "certificateArn", edge, "arn")},
		{Name: "a short key", Stack: Domain, Control: "ACM.2", Wants: internal, Edit: put(internal, "keyAlgorithm", "RSA_1024")},
	}
}
