package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenFunction    = "aws:lambda/function:Function"
	tokenPermission  = "aws:lambda/permission:Permission"
	tokenFunctionURL = "aws:lambda/functionUrl:FunctionUrl"
)

// lambda are the controls on functions.
func lambda() []review.Control {
	return []review.Control{
		hub("Lambda.1", "Lambda function policies should prohibit public access", review.Critical, review.Security, "the stack declares no function",
			review.Each(tokenFunction, functionIsPrivate)),
		hub("Lambda.2", "Lambda functions should use supported runtimes", review.Medium, review.Security,
			"the stack declares no function from a zip file", runtimes),
		hub("Lambda.5", "VPC Lambda functions should operate in multiple Availability Zones", review.Medium, review.Reliability,
			"no function of the stack is in a VPC", functionZones),
	}
}

// functionIsPrivate reads the statements that permissions and function URLs add to the function's policy.
func functionIsPrivate(m *review.Model, f *review.Resource) review.Answer {
	for _, url := range m.All(tokenFunctionURL) {
		if meansFunction(url.Str("functionName"), f) && url.Str("authorizationType") == "NONE" {
			return review.Fail(f, url.Label()+" lets everybody call it", "set the URL's authorizationType to AWS_IAM")
		}
	}
	for _, permission := range m.All(tokenPermission) {
		if who := publicTo(permission); who != "" && meansFunction(permission.Str("function"), f) {
			return review.Fail(f, fmt.Sprintf("%s lets %s call it", permission.Label(), who),
				"name one principal in the permission, and sourceAccount and sourceArn for a service")
		}
	}
	return review.Pass(f, "no permission is for everybody")
}

// meansFunction tells whether a text is the function's name or ARN, or the ARN of one of its versions and aliases.
func meansFunction(text string, f *review.Resource) bool {
	return text != "" && (text == f.Str("name") || text == f.Str("arn") || strings.HasPrefix(text, f.Str("arn")+":"))
}

// publicTo is who of the public may call by a permission, "" for nobody. S3 calls for any account's bucket unless the account
// is named: AWS's control fails that as well.
func publicTo(permission *review.Resource) string {
	fixed := func(key string) bool {
		value := permission.Str(key)
		return value != "" && !strings.ContainsAny(value, "*?")
	}
	switch principal := permission.Str("principal"); {
	case principal == "*" && !fixed("sourceAccount") && !fixed("sourceArn") && !fixed("principalOrgId"):
		return "everybody"
	case principal == "s3.amazonaws.com" && !fixed("sourceAccount"):
		return "the bucket of any account"
	}
	return ""
}

// supported are the runtimes of AWS's control, and the one for programs that bring their own, on Amazon Linux 2023: AWS's rule
// leaves these out, but they end too, as the earlier ones did. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var supported = []string{
	"dotnet8", "java11", "java17", "java21", "java25", "java8.al2", "nodejs20.x", "nodejs22.x", "nodejs24.x", "provided.al2023", "python3.10",
	"python3.11", "python3.12", "python3.13", "python3.14", "ruby3.2", "ruby3.3", "ruby3.4",
}

func runtimes(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, f := range m.All(tokenFunction) {
		if f.Str("packageType") == "Image" {
			continue
		}
		runtime := f.Str("runtime")
		out = append(out, review.When(slices.Contains(supported, runtime), f, runtime, "AWS does not keep the runtime "+runtime+" up to date any more",
			"set runtime to one that AWS supports, and deploy code for it"))
	}
	return out
}

func functionZones(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, f := range m.All(tokenFunction) {
		subnets := f.Strs("vpcConfig.subnetIds")
		if len(subnets) == 0 {
			continue
		}
		in := zones(m, subnets)
		out = append(out, review.When(len(in) >= 2, f, "it runs in "+list(in),
			fmt.Sprintf("its %d subnets are in %d zones", len(subnets), len(in)), "name subnets of a second zone in vpcConfig.subnetIds"))
	}
	return out
}

// documents are the policies at a path that can be read.
func documents(r *review.Resource, path string) []*policy.Document {
	var out []*policy.Document
	for _, text := range r.Strs(path) {
		if document, err := policy.Parse(text); err == nil {
			out = append(out, document)
		}
	}
	return out
}
