// Package plugin speaks the engine's language: gRPC calls become creates, reads, updates and deletes of the pretend cloud.
package plugin

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Serve starts a provider and serves it until the process is ended.
func Serve(start func() (*Provider, error), args []string) error {
	provider, err := start()
	if err != nil {
		return err
	}
	return ServeGRPC(provider, args...)
}

// engineLook is how often a provider looks whether its engine still lives.
const engineLook = 10 * time.Second

// ServeGRPC serves any provider: it prints the port on stdout and waits. args are the process's arguments; the first is the
// engine's address. An engine that is killed cannot end its providers: they end by themselves when it does not answer any more.
func ServeGRPC(server pulumirpc.ResourceProviderServer, args ...string) error {
	cancel := make(chan bool)
	if len(args) > 0 {
		ctx, gone := context.WithCancel(context.Background())
		defer gone()
		if err := rpcutil.Healthcheck(ctx, args[0], engineLook, func() { close(cancel) }); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", args[0], err)
		}
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
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
