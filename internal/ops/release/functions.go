package release

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/itrack/itrack/internal/ops"
)

// Alias is the one that a function's callers use.
const Alias = "live"

// Lambda takes a package of at most 50 MB in a call.
const packageLimit = 50 << 20

// FunctionResult is what was done with one function.
type FunctionResult struct {
	Function string `json:"function"` // as in the functions table
	Name     string `json:"name"`     // Lambda's
	Action   string `json:"action"`
	// Before and After are the versions behind the alias; After is empty under DryRun.
	Before string `json:"before"`
	After  string `json:"after"`
	// Differences say why there is a new version: code, or settings that the stack has changed.
	Differences []string `json:"differences,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// FunctionDifferences are, by function, the settings that the stack has changed and that callers do not have yet, since the alias
// points to a version from before. A function without differences is not in the map.
func FunctionDifferences(ctx context.Context, env *ops.Environment, out ops.Outputs) (map[string][]string, error) {
	all := map[string][]string{}
	for _, function := range slices.Sorted(maps.Keys(out.Functions)) {
		f, err := inspectFunction(ctx, env, out, function)
		if err != nil {
			return nil, err
		}
		if fields := f.differences(); len(fields) > 0 {
			all[function] = fields
		}
	}
	return all, nil
}

// function is what Lambda has of a function.
type function struct {
	env          *ops.Environment
	name         string
	version      string // behind the alias
	live, latest *lambda.GetFunctionConfigurationOutput
}

func inspectFunction(ctx context.Context, env *ops.Environment, out ops.Outputs, key string) (*function, error) {
	f := &function{env: env, name: out.Functions[key]}
	what := "looking at the function " + key
	alias, err := env.Primary().Lambda().GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &f.name, Name: aws.String(Alias)})
	if ops.IsMissing(err) {
		return nil, &ops.Problem{What: what, Why: fmt.Sprintf("Lambda has no function %s with an alias %s", f.name, Alias), Err: err, Next: "`itrack deploy " + env.Settings.Environment + "` makes it"}
	}
	if err != nil {
		return nil, ops.Explain(what, err)
	}
	f.version = aws.ToString(alias.FunctionVersion)
	if f.live, err = f.configuration(ctx, f.version); err != nil {
		return nil, err
	}
	f.latest, err = f.configuration(ctx, "")
	return f, err
}

// configuration is that of a version; an empty one is the newest, unpublished.
func (f *function) configuration(ctx context.Context, version string) (*lambda.GetFunctionConfigurationOutput, error) {
	input := &lambda.GetFunctionConfigurationInput{FunctionName: &f.name}
	if version != "" {
		input.Qualifier = &version
	}
	answer, err := f.env.Primary().Lambda().GetFunctionConfiguration(ctx, input)
	if err != nil {
		return nil, ops.Explain("reading the settings of "+f.name, err)
	}
	if answer.Environment != nil && answer.Environment.Error != nil {
		return nil, &ops.Problem{What: "reading the settings of " + f.name, Why: "its environment can't be read: " + aws.ToString(answer.Environment.Error.ErrorCode),
			Next: "the role in use must be allowed to decrypt with the environment's data key"}
	}
	return answer, nil
}

// CodeHash is the hash of a zip as Lambda tells it: SHA-256 in base64.
func CodeHash(code []byte) string {
	sum := sha256.Sum256(code)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// deployFunction publishes a version with the code of a zip and moves the alias to it. The alias comes last: a process that is
// killed before leaves callers with the old version, and the next run finds the code uploaded or the version published.
func deployFunction(ctx context.Context, env *ops.Environment, out ops.Outputs, key, path string, dry bool) (FunctionResult, error) {
	f, err := inspectFunction(ctx, env, out, key)
	if err != nil {
		return FunctionResult{}, err
	}
	done := FunctionResult{Function: key, Name: f.name, Action: Unchanged, Before: f.version, After: f.version, Differences: f.differences()}
	var code []byte
	sum := aws.ToString(f.live.CodeSha256)
	if path != "" {
		if code, err = readPackage(path, f.latest.Architectures); err != nil {
			return FunctionResult{}, err
		}
		if sum = CodeHash(code); sum != aws.ToString(f.live.CodeSha256) {
			done.Differences = append([]string{"code"}, done.Differences...)
		}
	} else if aws.ToString(f.latest.CodeSha256) != sum {
		// An interrupted run has uploaded code that nobody calls yet; without a zip nothing says that it is wanted.
		if len(done.Differences) > 0 {
			env.Say("%s: callers do not get what the stack has changed (%s): code was uploaded that nobody calls yet. `itrack deploy-apps %s` with the function's zip deploys both",
				key, strings.Join(done.Differences, ", "), env.Settings.Environment)
		}
		return done, nil
	}
	if len(done.Differences) == 0 {
		return done, nil
	}
	if dry {
		done.Action, done.After = WouldDeploy, ""
		return done, nil
	}
	if aws.ToString(f.latest.CodeSha256) != sum {
		if err := f.upload(ctx, code, sum); err != nil {
			return FunctionResult{}, err
		}
	}
	if done.After, err = f.publish(ctx, sum); err != nil {
		return FunctionResult{}, err
	}
	if err := f.point(ctx, done.After); err != nil {
		return FunctionResult{}, err
	}
	done.Action = Deployed
	env.Say("function %s: version %s is live, before it was %s (%s)", key, done.After, done.Before, strings.Join(done.Differences, ", "))
	return done, nil
}

// readPackage reads a zip, and refuses one that the function can't run: it would fail at its first call.
func readPackage(path string, architectures []lambdatypes.Architecture) ([]byte, error) {
	what := "reading the package " + path
	code, err := os.ReadFile(path)
	if err != nil {
		return nil, &ops.Problem{Kind: ops.Usage, What: what, Why: err.Error(), Err: err, Next: "`make build` makes it"}
	}
	refuse := func(why string) error {
		return &ops.Problem{Kind: ops.Usage, What: what, Why: why, Next: "`make build` makes it anew"}
	}
	if len(code) > packageLimit {
		return nil, refuse(fmt.Sprintf("it has %d MB, and Lambda takes 50", len(code)>>20))
	}
	archive, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return nil, refuse("it is no zip: " + err.Error())
	}
	file, err := archive.Open("bootstrap")
	if err != nil {
		return nil, refuse("there is no program bootstrap in it")
	}
	defer file.Close()
	program, err := io.ReadAll(file)
	if err != nil {
		return nil, refuse("bootstrap can't be read: " + err.Error())
	}
	parsed, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return code, nil // a script may be a bootstrap too
	}
	machine := elf.EM_X86_64
	if slices.Contains(architectures, lambdatypes.ArchitectureArm64) {
		machine = elf.EM_AARCH64
	}
	if parsed.Machine != machine {
		return nil, refuse(fmt.Sprintf("it is built for %s, the function runs on %v", parsed.Machine, architectures))
	}
	return code, nil
}

// upload gives the function new code, which no caller has until it is published and the alias moved. A second attempt after a
// lost answer meets the first one's update: what counts is the code that is there afterwards.
func (f *function) upload(ctx context.Context, code []byte, sum string) error {
	if err := f.settled(ctx, ""); err != nil {
		return err
	}
	_, err := f.env.Primary().Lambda().UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
		FunctionName: &f.name, ZipFile: code, Architectures: f.latest.Architectures,
	})
	if ops.IsCode(err, "ResourceConflictException") {
		if settled := f.settled(ctx, ""); settled != nil {
			return settled
		}
		if now, readErr := f.configuration(ctx, ""); readErr == nil && aws.ToString(now.CodeSha256) == sum {
			return nil
		}
	}
	return ops.Explain("uploading the code of "+f.name, err)
}

// settled waits until Lambda has done what was asked of it before: until then it refuses everything else. An empty version is the
// newest, unpublished; a published one can be called when it has settled.
func (f *function) settled(ctx context.Context, version string) error {
	wait := ops.Wait{For: "Lambda to update " + f.name, Limit: 5 * time.Minute, Every: f.env.Every(2 * time.Second),
		Next: "run this again: it goes on where it ended"}
	return wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		now, err := f.configuration(ctx, version)
		if err != nil {
			return false, "", err
		}
		if now.LastUpdateStatus == lambdatypes.LastUpdateStatusFailed || now.State == lambdatypes.StateFailed {
			return false, "", &ops.Problem{What: "updating " + f.name,
				Why:  fmt.Sprintf("Lambda says %s %s %s", now.LastUpdateStatus, aws.ToString(now.LastUpdateStatusReason), aws.ToString(now.StateReason)),
				Next: "callers still have the old version: mend the cause, and run this again"}
		}
		return now.LastUpdateStatus != lambdatypes.LastUpdateStatusInProgress && now.State != lambdatypes.StatePending, string(now.LastUpdateStatus), nil
	})
}

// publish makes a version; Lambda refuses if the code is not the one that is meant.
func (f *function) publish(ctx context.Context, sum string) (string, error) {
	if err := f.settled(ctx, ""); err != nil {
		return "", err
	}
	answer, err := f.env.Primary().Lambda().PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &f.name, CodeSha256: &sum})
	if err != nil {
		return "", ops.Explain("publishing a version of "+f.name, err)
	}
	version := aws.ToString(answer.Version)
	// Lambda makes a version ready after it has answered, in a VPC for some time: whoever calls it before is refused.
	return version, f.settled(ctx, version)
}

// point moves the alias to a version, all of it.
func (f *function) point(ctx context.Context, version string) error {
	_, err := f.env.Primary().Lambda().UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &f.name, Name: aws.String(Alias), FunctionVersion: &version,
		RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
	})
	return ops.Explain("moving the alias of "+f.name, err)
}
