package release

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// differences are the settings in which the newest, unpublished state differs from the version that callers have.
func (f *function) differences() []string {
	var fields []string
	a, b := f.live, f.latest
	for _, field := range []struct {
		name string
		a, b any
	}{
		{"role", aws.ToString(a.Role), aws.ToString(b.Role)}, {"handler", aws.ToString(a.Handler), aws.ToString(b.Handler)},
		{"runtime", a.Runtime, b.Runtime}, {"timeout", aws.ToInt32(a.Timeout), aws.ToInt32(b.Timeout)},
		{"memory", aws.ToInt32(a.MemorySize), aws.ToInt32(b.MemorySize)}, {"architectures", a.Architectures, b.Architectures},
		{"key", aws.ToString(a.KMSKeyArn), aws.ToString(b.KMSKeyArn)}, {"tracing", tracing(a), tracing(b)},
		{"deadLetters", deadLetters(a), deadLetters(b)}, {"vpc", vpcOf(a), vpcOf(b)}, {"logging", loggingOf(a), loggingOf(b)},
	} {
		if !reflect.DeepEqual(field.a, field.b) {
			fields = append(fields, field.name)
		}
	}
	one, two := variables(a), variables(b)
	for _, name := range slices.Sorted(maps.Keys(merged(one, two))) {
		x, inOne := one[name]
		y, inTwo := two[name]
		if x != y || inOne != inTwo {
			fields = append(fields, "environment "+name)
		}
	}
	return fields
}

func merged(a, b map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

func variables(c *lambda.GetFunctionConfigurationOutput) map[string]string {
	if c.Environment == nil {
		return nil
	}
	return c.Environment.Variables
}

func tracing(c *lambda.GetFunctionConfigurationOutput) lambdatypes.TracingMode {
	if c.TracingConfig == nil {
		return lambdatypes.TracingModePassThrough
	}
	return c.TracingConfig.Mode
}

func deadLetters(c *lambda.GetFunctionConfigurationOutput) string {
	if c.DeadLetterConfig == nil {
		return ""
	}
	return aws.ToString(c.DeadLetterConfig.TargetArn)
}

func vpcOf(c *lambda.GetFunctionConfigurationOutput) string {
	if c.VpcConfig == nil {
		return ""
	}
	groups, subnets := slices.Sorted(slices.Values(c.VpcConfig.SecurityGroupIds)), slices.Sorted(slices.Values(c.VpcConfig.SubnetIds))
	return strings.Join(append(groups, subnets...), " ")
}

func loggingOf(c *lambda.GetFunctionConfigurationOutput) string {
	if c.LoggingConfig == nil {
		return ""
	}
	return fmt.Sprint(c.LoggingConfig.LogFormat, aws.ToString(c.LoggingConfig.LogGroup), c.LoggingConfig.ApplicationLogLevel, c.LoggingConfig.SystemLogLevel)
}
