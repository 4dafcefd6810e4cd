package release_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

// function deploys one function alone.
func (p *place) function(t *testing.T, code string, dry bool) (subject.FunctionResult, error) {
	t.Helper()
	path := ""
	if code != "" {
		path = filepath.Join(t.TempDir(), "item-events.zip")
		require.NoError(t, os.WriteFile(path, opstest.Zip(t, code), 0o600))
	}
	result, err := subject.Deploy(context.Background(), p.env, p.out, subject.Request{Services: []string{}, Functions: map[string]string{"item-events": path}, DryRun: dry})
	if len(result.Functions) == 0 {
		return subject.FunctionResult{}, err
	}
	return result.Functions[0], err
}

// live is the version behind the alias.
func (p *place) live(t *testing.T) string {
	t.Helper()
	alias, err := p.env.Primary().Lambda().GetAlias(context.Background(), &lambda.GetAliasInput{FunctionName: aws.String(p.out.Functions["item-events"]), Name: aws.String("live")})
	require.NoError(t, err)
	return aws.ToString(alias.FunctionVersion)
}

func TestFunctions(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"code": func(t *testing.T, p *place) {
			same, err := p.function(t, "first", false)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, same.Action)
			dry, err := p.function(t, "second", true)
			require.NoError(t, err)
			assert.Equal(t, subject.WouldDeploy, dry.Action)
			assert.Empty(t, p.cloud.Changes())
			done, err := p.function(t, "second", false)
			require.NoError(t, err)
			assert.Equal(t, subject.FunctionResult{
				Function: "item-events", Name: p.out.Functions["item-events"], Action: subject.Deployed, Before: "1", After: "2", Differences: []string{"code"},
			}, done)
			assert.Equal(t, "2", p.live(t))
			assert.Len(t, p.cloud.Changes(), 3)
			p.cloud.Forget()
			again, err := p.function(t, "second", false)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, again.Action)
			assert.Empty(t, p.cloud.Changes())

			back, err := subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "", false)
			require.NoError(t, err)
			assert.Equal(t, subject.RolledBack, back.Action)
			assert.Equal(t, "1", p.live(t))
			p.cloud.Forget()
			for _, dry := range []bool{true, false} {
				again, err := subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "", dry)
				require.NoError(t, err, "whoever repeats an interrupted command does not go back twice")
				assert.Equal(t, subject.FunctionResult{
					Function: "item-events", Name: p.out.Functions["item-events"], Action: subject.Unchanged, Before: "1", After: "1",
					Note: "version 2 has other code and no callers: it was rolled back, or its deployment has not ended. To go further back name the version with --to",
				}, again)
			}
			assert.Empty(t, p.cloud.Changes())
			back, err = subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "2", true)
			require.NoError(t, err)
			assert.Equal(t, subject.WouldRollBack, back.Action)
			assert.Equal(t, "1", p.live(t))
			_, err = subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "9", false)
			require.Equal(t, ops.Usage, ops.KindOf(err))
			_, err = subject.RollbackFunction(context.Background(), p.env, p.out, "nobody", "", false)
			require.Equal(t, ops.Usage, ops.KindOf(err))
		},
		"settings": func(t *testing.T, p *place) {
			// The stack has changed the settings and published a version that no caller has: the alias is the deployment's.
			_, err := p.env.Primary().Lambda().UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{
				FunctionName: aws.String(p.out.Functions["item-events"]), MemorySize: aws.Int32(512), Environment: &lambdatypes.Environment{Variables: map[string]string{"TABLE": "x"}},
			})
			require.NoError(t, err)
			found, err := subject.FunctionDifferences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Equal(t, map[string][]string{"item-events": {"memory", "environment TABLE"}}, found)
			done, err := p.function(t, "", false)
			require.NoError(t, err)
			assert.Equal(t, []string{"memory", "environment TABLE"}, done.Differences)
			assert.Equal(t, "2", p.live(t))
			found, err = subject.FunctionDifferences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Empty(t, found)
		},
		"settings rolled back": func(t *testing.T, p *place) {
			// The stack publishes what it changes: a version with the same code that callers do not have.
			client, name := p.env.Primary().Lambda(), aws.String(p.out.Functions["item-events"])
			_, err := p.function(t, "second", false)
			require.NoError(t, err)
			_, err = client.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{FunctionName: name, MemorySize: aws.Int32(512)})
			require.NoError(t, err)
			_, err = client.PublishVersion(context.Background(), &lambda.PublishVersionInput{FunctionName: name})
			require.NoError(t, err)
			p.cloud.Forget()
			// Callers may have the bad code still: nothing to do would be a lie.
			_, err = subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "", false)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "there are newer ones with the same code")
			require.ErrorContains(t, err, "name the version with --to: one of 1, 2, 3")
			assert.Empty(t, p.cloud.Changes())
			assert.Equal(t, "2", p.live(t))
			back, err := subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "1", false)
			require.NoError(t, err)
			assert.Equal(t, subject.RolledBack, back.Action)
			again, err := subject.RollbackFunction(context.Background(), p.env, p.out, "item-events", "", false)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, again.Action)
			assert.Equal(t, "1", p.live(t))
		},
		"killed": func(t *testing.T, p *place) {
			// Killed before each of the calls: callers keep the old version, and the next run completes it.
			for _, action := range []string{"PUT /2015-03-31/functions/" + p.out.Functions["item-events"] + "/code", "POST /2015-03-31/functions/", "PUT /2015-03-31/functions/" + p.out.Functions["item-events"] + "/aliases"} {
				p.cloud.Fail(opstest.Fault{Service: "lambda", Action: action, Status: 400, Code: "AccessDeniedException"})
				_, err := p.function(t, "second", false)
				require.ErrorContains(t, err, "lacks this right")
				assert.Equal(t, "1", p.live(t))
				p.cloud.Heal()
			}
			done, err := p.function(t, "second", false)
			require.NoError(t, err)
			assert.Equal(t, subject.Deployed, done.Action)
			assert.Equal(t, done.After, p.live(t))
		},
		"lost": func(t *testing.T, p *place) {
			p.cloud.Fail(opstest.Fault{Service: "lambda", Action: "PUT ", Times: 1, Lost: true})
			p.cloud.Fail(opstest.Fault{Service: "lambda", Action: "POST ", Times: 1, Lost: true})
			done, err := p.function(t, "second", false)
			require.NoError(t, err)
			assert.Equal(t, "2", done.After)
			assert.Equal(t, "2", p.live(t))
		},
		"packages": func(t *testing.T, p *place) {
			var program bytes.Buffer
			header := elf.Header64{Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
				Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Ehsize: 64}
			require.NoError(t, binary.Write(&program, binary.LittleEndian, header))
			_, err := p.function(t, program.String(), false)
			require.Equal(t, ops.Usage, ops.KindOf(err))
			require.ErrorContains(t, err, "it is built for EM_X86_64, the function runs on [arm64]")
			for content, why := range map[string]string{"no zip": "it is no zip", "": "no such file"} {
				path := filepath.Join(t.TempDir(), "x.zip")
				if content != "" {
					require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
				}
				_, err := subject.Deploy(context.Background(), p.env, p.out, subject.Request{Functions: map[string]string{"item-events": path}})
				require.Equal(t, ops.Usage, ops.KindOf(err))
				require.ErrorContains(t, err, why)
			}
			assert.Empty(t, p.cloud.Changes())
		},
		"missing": func(t *testing.T, p *place) {
			p.out.Functions["item-events"] = "itrack-nothing"
			_, err := p.function(t, "second", false)
			require.ErrorContains(t, err, "Lambda has no function itrack-nothing with an alias live")
		},
	})
}
