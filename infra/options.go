package infra

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// with returns opts followed by more in a list of its own. Appending to a caller's variadic list may write into the
// caller's memory, and two siblings would then share options.
func with(opts []pulumi.ResourceOption, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return slices.Concat(opts, more)
}

// in places a child in another region than its component's: parent as always, but that region's provider.
func in(parent pulumi.Resource, region *Region, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return with([]pulumi.ResourceOption{pulumi.Parent(parent), pulumi.Provider(region.Provider)}, more...)
}
