package promote

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/registry"
	"github.com/itrack/itrack/internal/ops/release"
)

// functions compares the zips with what runs in both environments. Nothing is fetched from the source: the zips are built the
// same bit by bit, and equal hashes are the same code.
func (p Promotion) functions(ctx context.Context) ([]FunctionPlan, error) {
	plans := []FunctionPlan{}
	settings, err := release.FunctionDifferences(ctx, p.To.Env, p.To.Out)
	if err != nil {
		return nil, err
	}
	for _, function := range slices.Sorted(maps.Keys(p.To.Out.Functions)) {
		path := filepath.Join(p.Functions, function+".zip")
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, &ops.Problem{Kind: ops.Usage, What: "reading the code of the function " + function, Why: err.Error(), Err: err,
				Next: "`make functions` builds it, or `--skip functions` leaves the functions alone"}
		}
		code := release.CodeHash(content)
		source, err := running(ctx, p.From, function)
		if err != nil {
			return nil, err
		}
		if source != code {
			from := p.From.Out.Environment
			return nil, ops.Refuse("promoting the function "+function, fmt.Sprintf("%s runs other code than %s: sha256 %s, not %s", from, path, source, code),
				fmt.Sprintf("check out the commit that %s runs and build it (`make functions`), or deploy this one there first (`itrack deploy-apps %s`)", from, from))
		}
		target, err := running(ctx, p.To, function)
		if err != nil {
			return nil, err
		}
		plans = append(plans, FunctionPlan{Function: function, Code: code, Running: target, Differences: settings[function], path: path})
	}
	return plans, nil
}

// running is the hash of the code that callers of a function meet.
func running(ctx context.Context, stack registry.Stack, function string) (string, error) {
	name := stack.Out.Functions[function]
	if name == "" {
		return "", &ops.Problem{Kind: ops.Usage, What: "promoting the function " + function, Why: stack.Out.Environment + " has no such function",
			Next: "add it to Pulumi." + stack.Out.Environment + ".yaml and deploy it there first"}
	}
	found, err := stack.Env.Primary().Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{
		FunctionName: aws.String(name), Qualifier: aws.String(release.Alias),
	})
	if err != nil {
		return "", ops.Explain("asking for the code of the function "+name, err)
	}
	return aws.ToString(found.CodeSha256), nil
}
