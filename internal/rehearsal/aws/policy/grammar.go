package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Each function says what is wrong with a document, in AWS's words where these are known, or "".

// BadVersion wants a version of the policy language, where one is given.
func BadVersion(doc *Document) string {
	if doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return fmt.Sprintf("The policy's Version must be 2012-10-17, got %q", doc.Version)
	}
	return ""
}

// OldVersion wants the current version, as IAM does of permissions.
func OldVersion(doc *Document) string {
	if doc.Version != "2012-10-17" {
		return "Policy document must be version 2012-10-17 or greater"
	}
	return ""
}

// NoStatement wants a statement.
func NoStatement(doc *Document) string {
	if len(doc.Statement) == 0 {
		return "Syntax errors in policy: it has no statement"
	}
	return ""
}

// each asks every statement.
func each(doc *Document, broken func(s *Statement) string) string {
	for i := range doc.Statement {
		if message := broken(&doc.Statement[i]); message != "" {
			return fmt.Sprintf("%s (statement %d)", message, i+1)
		}
	}
	return ""
}

var elements = []string{"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}

// BadElement wants statements to have known elements only.
func BadElement(doc *Document) string {
	return each(doc, func(s *Statement) string {
		for _, name := range s.Elements {
			if !slices.Contains(elements, name) {
				return "Syntax errors in policy: unknown element " + name
			}
		}
		return ""
	})
}

// BadEffect wants Allow or Deny.
func BadEffect(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return fmt.Sprintf("Syntax errors in policy: the Effect is %q", s.Effect)
		}
		return ""
	})
}

// BadAction wants one of Action and NotAction.
func BadAction(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if len(s.Action) == 0 && len(s.NotAction) == 0 {
			return "Policy statement must contain actions"
		}
		if len(s.Action) > 0 && len(s.NotAction) > 0 {
			return "Syntax errors in policy: Action and NotAction in one statement"
		}
		return ""
	})
}

var vendor = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)

// BadActionForm wants actions as vendor:Action.
func BadActionForm(doc *Document) string {
	return each(doc, func(s *Statement) string {
		for _, action := range append(append(Strings{}, s.Action...), s.NotAction...) {
			prefix, rest, found := strings.Cut(action, ":")
			switch {
			case action == "*":
			case !found || rest == "":
				return fmt.Sprintf("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc., got %q", action)
			case strings.Contains(rest, ":"):
				return fmt.Sprintf("Actions/Condition can contain only one colon, got %q", action)
			case prefix != "*" && !vendor.MatchString(prefix):
				return fmt.Sprintf("Vendor %s is not valid", prefix)
			}
		}
		return ""
	})
}

// NoResource wants one of Resource and NotResource, as permissions must have.
func NoResource(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if len(s.Resource) == 0 && len(s.NotResource) == 0 {
			return "Policy statement must contain resources"
		}
		if len(s.Resource) > 0 && len(s.NotResource) > 0 {
			return "Syntax errors in policy: Resource and NotResource in one statement"
		}
		return ""
	})
}

// HasResource wants no resource, as trust policies must have none.
func HasResource(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if len(s.Resource) > 0 || len(s.NotResource) > 0 {
			return "Has prohibited field Resource"
		}
		return ""
	})
}

// eachResource asks every resource that is not "*".
func eachResource(doc *Document, broken func(resource string) string) string {
	return each(doc, func(s *Statement) string {
		for _, resource := range append(append(Strings{}, s.Resource...), s.NotResource...) {
			if resource == "*" {
				continue
			}
			if message := broken(resource); message != "" {
				return message
			}
		}
		return ""
	})
}

// BadResourceForm wants resources to be ARNs or "*".
func BadResourceForm(doc *Document) string {
	return eachResource(doc, func(resource string) string {
		if !strings.HasPrefix(resource, "arn:") {
			return fmt.Sprintf("Resource %s must be in ARN format or \"*\"", resource)
		}
		return ""
	})
}

var partitions = []string{"*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// BadPartition wants a partition that AWS has.
func BadPartition(doc *Document) string {
	return eachResource(doc, func(resource string) string {
		if parts := strings.SplitN(resource, ":", 3); parts[0] == "arn" && len(parts) > 1 && !slices.Contains(partitions, parts[1]) {
			return fmt.Sprintf("Partition %q is not valid for resource %q", parts[1], resource)
		}
		return ""
	})
}

// BadVendor wants the service of a resource written out.
func BadVendor(doc *Document) string {
	return eachResource(doc, func(resource string) string {
		if parts := strings.SplitN(resource, ":", 4); parts[0] == "arn" && (len(parts) < 4 || parts[2] == "" || strings.ContainsAny(parts[2], "*?")) {
			return fmt.Sprintf("Resource vendor must be fully qualified and cannot contain regexes, got %q", resource)
		}
		return ""
	})
}

// BadRegion wants no region in the ARNs of IAM, which belongs to none, and of S3's buckets.
func BadRegion(doc *Document) string {
	return eachResource(doc, func(resource string) string {
		parts := strings.SplitN(resource, ":", 6)
		if len(parts) < 6 || parts[3] == "" {
			return ""
		}
		if parts[2] == "iam" {
			return fmt.Sprintf("IAM resource %s cannot contain region information", resource)
		}
		// Access points, jobs and the like belong to a region, and have a slash behind their kind.
		if parts[2] == "s3" && parts[4] == "" {
			return fmt.Sprintf("Resource %s can not contain region information", resource)
		}
		return ""
	})
}

var iamPaths = []string{"*", "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/", "sms-mfa/",
	"saml-provider/", "oidc-provider/", "report/", "access-report/"}

// BadPath wants IAM's resources to begin with their kind.
func BadPath(doc *Document) string {
	return eachResource(doc, func(resource string) string {
		parts := strings.SplitN(resource, ":", 6)
		if len(parts) < 6 || parts[2] != "iam" || parts[5] == "root" {
			return ""
		}
		for _, kind := range iamPaths {
			if strings.HasPrefix(parts[5], kind) {
				return ""
			}
		}
		return fmt.Sprintf("IAM resource path must either be \"*\" or start with %s, got %q", strings.Join(iamPaths[1:], ", "), parts[5])
	})
}

// BadSID wants statement ids to be unique.
func BadSID(doc *Document) string {
	seen := map[string]bool{}
	return each(doc, func(s *Statement) string {
		if s.Sid != "" && seen[s.Sid] {
			return "Statement IDs (SID) in a single policy must be unique: " + s.Sid
		}
		seen[s.Sid] = true
		return ""
	})
}

var plainSID = regexp.MustCompile(`^[0-9A-Za-z]*$`)

// BadSIDForm wants letters and digits, as IAM does; other services take more.
func BadSIDForm(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if !plainSID.MatchString(s.Sid) {
			return fmt.Sprintf("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*, got %q", s.Sid)
		}
		return ""
	})
}

var operators = []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "NumericEquals",
	"NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan",
	"DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals",
	"ArnNotLike", "Null"}

// BadCondition wants condition operators that exist.
func BadCondition(doc *Document) string {
	return each(doc, func(s *Statement) string {
		for name := range s.Condition {
			operator := strings.TrimPrefix(strings.TrimPrefix(name, "ForAnyValue:"), "ForAllValues:")
			if !slices.Contains(operators, strings.TrimSuffix(operator, "IfExists")) {
				return "Syntax errors in policy: invalid condition operator " + name
			}
		}
		return ""
	})
}

// NoPrincipal wants a principal in every statement, as policies of resources and trust must have.
func NoPrincipal(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if len(s.Principal) == 0 && len(s.NotPrincipal) == 0 {
			return "Missing required field Principal"
		}
		return ""
	})
}

// HasPrincipal wants none, as permissions must have none.
func HasPrincipal(doc *Document) string {
	return each(doc, func(s *Statement) string {
		if len(s.Principal) > 0 || len(s.NotPrincipal) > 0 {
			return "Policy document should not specify a principal"
		}
		return ""
	})
}
