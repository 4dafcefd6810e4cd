package page

import (
	"regexp"
	"strings"
)

// spelled are names that are not plain words.
var spelled = map[string]string{
	"nat": "NAT", "vpc": "VPC", "ip": "IP", "eip": "elastic IP", "dns": "DNS", "acl": "ACL", "rest": "REST", "api": "API",
	"kms": "KMS", "iam": "IAM", "ecs": "ECS", "ecr": "ECR", "rds": "RDS", "s3": "S3", "sns": "SNS", "sqs": "SQS",
	"ssm": "SSM", "db": "DB", "oidc": "OIDC", "open": "Open", "id": "ID", "http": "HTTP", "url": "URL", "v2": "",
}

var part = regexp.MustCompile(`[A-Z]+[a-z0-9]*|[a-z0-9]+`)

// words spells a type's short name as people write it: NatGateway is "NAT gateway", BucketV2 "bucket".
func words(kind string) string {
	var out []string
	for _, p := range part.FindAllString(strings.TrimSuffix(kind, "V2"), -1) {
		lower := strings.ToLower(p)
		if known, ok := spelled[lower]; ok {
			lower = known
		}
		if lower != "" {
			out = append(out, lower)
		}
	}
	return strings.Join(out, " ")
}

// plural is the plural of a noun of ours.
func plural(noun string, count int) string {
	if count == 1 || noun == "" {
		return noun
	}
	last := rune(noun[len(noun)-1])
	beforeLast := ' '
	if len(noun) > 1 {
		beforeLast = rune(noun[len(noun)-2])
	}
	switch {
	case last == 'y' && !strings.ContainsRune("aeiou", beforeLast):
		return noun[:len(noun)-1] + "ies"
	case strings.HasSuffix(noun, "ss"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "alias"):
		return noun + "es"
	case last == 's':
		return noun
	}
	return noun + "s"
}
