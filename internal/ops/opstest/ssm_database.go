package opstest

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
	"github.com/itrack/itrack/internal/ops"
)

// Bastion makes the autoscaling group with its one instance.
func Bastion(t *testing.T, env *ops.Environment, group string) string {
	t.Helper()
	ctx, machines, scaling := context.Background(), ec2.NewFromConfig(env.Primary().Config), env.Primary().AutoScaling()
	subnets, err := machines.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	require.NoError(t, err)
	_, err = machines.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String(group), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: aws.String("ami-12c6146b"), InstanceType: ec2types.InstanceTypeT4gNano}})
	require.NoError(t, err)
	_, err = scaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(group), MinSize: aws.Int32(0), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(1), VPCZoneIdentifier: subnets.Subnets[0].SubnetId,
		LaunchTemplate: &scalingtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String(group), Version: aws.String("$Latest")},
	})
	require.NoError(t, err)
	found, err := scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{group}})
	require.NoError(t, err)
	return *found.AutoScalingGroups[0].Instances[0].InstanceId
}

// Greeting is the first packet of a MySQL server, with the lower capabilities.
func Greeting(version byte, capabilities uint16) []byte {
	body := append([]byte{version}, "8.4.5\x00"...)
	body = append(body, 1, 0, 0, 0)    // thread
	body = append(body, "scramble"...) // eight bytes
	body = append(body, 0)             // filler
	body = binary.LittleEndian.AppendUint16(body, capabilities)
	body = append(body, make([]byte, 18)...) // what follows is of no interest here
	return append([]byte{byte(len(body)), 0, 0, 0}, body...)
}

// Greeter is a database that greets and goes over to TLS, and the address that the stand-in of the plugin forwards to.
type Greeter struct {
	File  string // of its certificate authorities
	Roots []byte // what stands there
}

// NewGreeter starts one with a certificate of this host; first is the packet that it begins with.
func NewGreeter(t *testing.T, host string, first []byte) Greeter {
	t.Helper()
	folder, _ := emulators.Certificates(t, host)
	g := Greeter{File: filepath.Join(folder, "ca.pem")}
	g.Roots = must(os.ReadFile(g.File))(t)
	pair := must(tls.LoadX509KeyPair(filepath.Join(folder, "server.pem"), filepath.Join(folder, "server-key.pem")))(t)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { _ = listener.Close() })
	t.Setenv(ForwardTo, listener.Addr().String())
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go greet(connection, first, pair)
		}
	}()
	return g
}

func greet(connection net.Conn, first []byte, pair tls.Certificate) {
	defer connection.Close()
	_, _ = connection.Write(first) // who has gone away needs none
	hello := make([]byte, 36)
	if _, err := io.ReadFull(connection, hello); err == nil && binary.LittleEndian.Uint32(hello[4:])&0x800 != 0 {
		_ = tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake() // the client says what is wrong
	}
}
