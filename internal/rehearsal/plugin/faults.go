package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// faults are the planned faults that strike one call on one resource.
type faults struct {
	provider *Provider
	spec     *catalog.Spec
	call     cloud.Call
	urn      string
	struck   []cloud.Fault
}

// doing names a call as errors do.
var doing = map[cloud.Call]string{
	cloud.CreateCall: "creating", cloud.ReadCall: "reading", cloud.UpdateCall: "updating", cloud.DeleteCall: "deleting",
	cloud.InvokeCall: "reading",
}

// strike asks the cloud's plan what goes wrong with a call on a resource.
func (p *Provider) strike(call cloud.Call, spec *catalog.Spec, urn string) (faults, error) {
	struck, err := p.cloud.Struck(call, spec.Token, resource.URN(urn).Name())
	return faults{provider: p, spec: spec, call: call, urn: urn, struck: struck}, err
}

// before is what fails the call before AWS does anything.
func (f faults) before() error {
	for _, fault := range f.struck {
		switch fault.Kind {
		case cloud.Throttle:
			if err := f.record(fault, ""); err != nil {
				return err
			}
			if fault.Attempts > cloud.MaxAttempts {
				return f.refusal("ThrottlingException", fmt.Sprintf("Rate exceeded; exceeded maximum number of attempts, %d", cloud.MaxAttempts))
			}
		case cloud.Refuse:
			if err := f.record(fault, ""); err != nil {
				return err
			}
			return f.refusal(fault.Code, fault.Message)
		}
	}
	return nil
}

// after is what loses the answer to a call that was done.
func (f faults) after(ctx context.Context, id string) error {
	for _, fault := range f.struck {
		switch fault.Kind {
		case cloud.Hold:
			if err := f.record(fault, id); err != nil {
				return err
			}
			// Until somebody kills this process, or the engine that waits for the answer.
			<-ctx.Done()
			return ctx.Err()
		case cloud.Timeout:
			if err := f.record(fault, id); err != nil {
				return err
			}
			return f.refusal("RequestTimeout", "request send failed: context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
		}
	}
	return nil
}

// unseen tells whether a read misses what exists.
func (f faults) unseen(id string) (bool, error) {
	for _, fault := range f.struck {
		if fault.Kind == cloud.Unseen {
			return true, f.record(fault, id)
		}
	}
	return false, nil
}

func (f faults) record(fault cloud.Fault, id string) error {
	return f.provider.cloud.RecordStrike(cloud.Strike{Fault: fault, Call: f.call, URN: f.urn, ID: id})
}

// refusal is AWS's answer, which is also recorded as a failure of the rehearsal.
func (f faults) refusal(code, message string) error {
	err := (&catalog.Error{Code: code, Message: message}).In(f.spec.Type, doing[f.call])
	return f.provider.fail(f.urn, err)
}

// strikeFunction fails a data source as planned. A lookup changes nothing, so that losing its answer is the same as refusing it.
func (p *Provider) strikeFunction(ctx context.Context, token string) error {
	struck, err := p.cloud.Struck(cloud.InvokeCall, token, "")
	if err != nil || len(struck) == 0 {
		return err
	}
	spec := &catalog.Spec{Type: &catalog.Type{Token: token, Title: token}}
	f := faults{provider: p, spec: spec, call: cloud.InvokeCall, urn: functionURN(token), struck: struck}
	return errors.Join(f.before(), f.after(ctx, ""))
}
