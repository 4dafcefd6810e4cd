package recovery

import (
	"hash/crc32"
	"strconv"
	"strings"
)

// routeID is the provider's id of a route: its table and a checksum of its destination.
func routeID(p Pending) string {
	table, destination := p.Text("routeTableId"), p.Text("destinationCidrBlock")
	if destination == "" {
		destination = p.Text("destinationIpv6CidrBlock")
	}
	if destination == "" {
		destination = p.Text("destinationPrefixListId")
	}
	if table == "" || destination == "" {
		return ""
	}
	return "r-" + table + strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(destination))), 10)
}

// serviceARN is the ARN of an ECS service, in its form with the cluster's name.
func serviceARN(p Pending) string {
	prefix, cluster, ok := strings.Cut(p.Text("cluster"), ":cluster/")
	if !ok || p.Text("name") == "" {
		return ""
	}
	return prefix + ":service/" + cluster + "/" + p.Text("name")
}

// aliasARN is the ARN of a Lambda alias; its function may be given by name or by ARN.
func aliasARN(p Pending) string {
	function, name := p.Text("functionName"), p.Text("name")
	if function == "" || name == "" {
		return ""
	}
	if strings.HasPrefix(function, "arn:") {
		return function + ":" + name
	}
	return "arn:" + Partition(p.Region) + ":lambda:" + p.Region + ":" + p.Account + ":function:" + function + ":" + name
}

// replicaID names a table's replica by the table and the table's own region.
func replicaID(p Pending) string {
	parts := strings.SplitN(p.Text("globalTableArn"), ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return strings.TrimPrefix(parts[5], "table/") + ":" + parts[3]
}

// replicaKeyID is that of the primary: the replicas of a multi-region key share its id.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func replicaKeyID(p Pending) string {
	_, id, _ := strings.Cut(p.Text("primaryKeyArn"), ":key/")
	return id
}

// oidcARN is the ARN of an identity provider: its URL without the scheme.
func oidcARN(p Pending) string {
	_, host, ok := strings.Cut(p.Text("url"), "://")
	if !ok {
		host = p.Text("url")
	}
	if host == "" {
		return ""
	}
	return "arn:" + Partition(p.Region) + ":iam::" + p.Account + ":oidc-provider/" + strings.TrimSuffix(host, "/")
}
