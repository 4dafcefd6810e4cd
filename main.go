// Command itrack-platform is the Pulumi program: `pulumi up` runs it through Go's language host.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/itrack/itrack/infra"
)

func main() {
	pulumi.Run(infra.Stack)
}
