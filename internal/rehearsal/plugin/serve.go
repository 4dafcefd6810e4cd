// Package plugin speaks the engine's language: gRPC calls become creates, reads, updates and deletes of the pretend cloud.
package plugin

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Serve starts a provider and serves it until the process is ended.
func Serve(start func() (*Provider, error), _ []string) error {
	provider, err := start()
	if err != nil {
		return err
	}
	return ServeGRPC(provider)
}

// ServeGRPC serves any provider: it prints the port on stdout and waits.
func ServeGRPC(server pulumirpc.ResourceProviderServer) error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, server)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serving the stand-in AWS: %w", err)
	}
	if _, err := fmt.Fprintln(os.Stdout, handle.Port); err != nil {
		return fmt.Errorf("telling the engine the port: %w", err)
	}
	return <-handle.Done
}
