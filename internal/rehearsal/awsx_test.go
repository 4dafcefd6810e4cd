package rehearsal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// child is a resource as the recording has it.
type child struct {
	Type      string         `json:"type"`
	Name      string         `json:"name"`
	Parent    string         `json:"parent"`
	Inputs    map[string]any `json:"inputs"`
	DependsOn []string       `json:"dependsOn"`
}

type recording struct {
	Variants []struct {
		Args struct {
			CidrBlock                 string                    `json:"cidrBlock"`
			NumberOfAvailabilityZones int                       `json:"numberOfAvailabilityZones"`
			NatGateways               struct{ Strategy string } `json:"natGateways"`
			EnableDnsHostnames        bool                      `json:"enableDnsHostnames"`
		} `json:"args"`
		Children []child `json:"children"`
	} `json:"variants"`
}

func TestVpcMakesTheChildrenOfAwsx(t *testing.T) {
	data, err := os.ReadFile("awsx/testdata/awsx-vpc.json")
	require.NoError(t, err)
	var recorded recording
	require.NoError(t, json.Unmarshal(data, &recorded))
	require.Len(t, recorded.Variants, 3)
	for _, variant := range recorded.Variants {
		t.Run(variant.Args.CidrBlock, func(t *testing.T) {
			program := func(ctx *pulumi.Context) error {
				primary, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
				if err != nil {
					return err
				}
				auto := awsxec2.SubnetAllocationStrategyAuto
				_, err = awsxec2.NewVpc(ctx, "network", &awsxec2.VpcArgs{
					CidrBlock: &variant.Args.CidrBlock, NumberOfAvailabilityZones: &variant.Args.NumberOfAvailabilityZones, SubnetStrategy: &auto,
					NatGateways:        &awsxec2.NatGatewayConfigurationArgs{Strategy: awsxec2.NatGatewayStrategy(variant.Args.NatGateways.Strategy)},
					EnableDnsHostnames: pulumi.Bool(variant.Args.EnableDnsHostnames),
					SubnetSpecs:        []awsxec2.SubnetSpecArgs{{Type: awsxec2.SubnetTypePublic}, {Type: awsxec2.SubnetTypePrivate}, {Type: awsxec2.SubnetTypeIsolated}},
				}, pulumi.Providers(primary))
				return err
			}
			stack := enginetest.New(t, program)
			stack.MustUp(program)
			got := childrenOf(t, stack)
			want := map[string]child{}
			for _, c := range variant.Children {
				// The component's own URN differs from run to run.
				if strings.HasPrefix(c.Parent, "network (urn:") {
					c.Parent = "network (awsx:ec2:Vpc)"
				}
				sort.Strings(c.DependsOn)
				want[c.Type+" "+c.Name] = c
			}
			assert.Len(t, got, len(want))
			for key, c := range want {
				if assert.Contains(t, got, key) {
					assert.Equal(t, c.Parent, got[key].Parent, "parent of %s", key)
					assert.Equal(t, c.Inputs, got[key].Inputs, "inputs of %s", key)
					assert.Equal(t, append([]string{}, c.DependsOn...), append([]string{}, got[key].DependsOn...), "dependencies of %s", key)
				}
			}
		})
	}
}

// childrenOf reads the aws resources of a stack's state in the recording's form.
func childrenOf(t *testing.T, stack *enginetest.Stack) map[string]child {
	t.Helper()
	exported, err := stack.Export(context.Background())
	require.NoError(t, err)
	var deployment struct {
		Resources []struct {
			URN, Type, ID, Parent string
			Inputs                map[string]any
			Dependencies          []string
		}
	}
	require.NoError(t, json.Unmarshal(exported.Deployment, &deployment))
	last := func(urn string) string { return urn[strings.LastIndex(urn, "::")+2:] }
	typeOf := func(urn string) string {
		types := strings.Split(urn, "::")[2]
		return types[strings.LastIndexByte(types, '$')+1:]
	}
	names := map[string]string{}
	for _, r := range deployment.Resources {
		if r.ID != "" {
			names[r.ID] = fmt.Sprintf("<%s %s>", r.Type[strings.LastIndexByte(r.Type, ':')+1:], last(r.URN))
		}
	}
	children := map[string]child{}
	for _, r := range deployment.Resources {
		if !strings.HasPrefix(r.Type, "aws:") {
			continue
		}
		c := child{Type: r.Type, Name: last(r.URN), Parent: fmt.Sprintf("%s (%s)", last(r.Parent), typeOf(r.Parent)), Inputs: r.Inputs}
		for key, value := range c.Inputs {
			if id, ok := value.(string); ok && names[id] != "" {
				c.Inputs[key] = names[id]
			}
		}
		for _, d := range r.Dependencies {
			c.DependsOn = append(c.DependsOn, typeOf(d)+" "+last(d))
		}
		sort.Strings(c.DependsOn)
		children[c.Type+" "+c.Name] = c
	}
	return children
}
