package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RoleArgs describes an IAM role with its policies.
type RoleArgs struct {
	// Parts are the physical name's middle: itrack-<parts>-<environment>.
	Parts       []string
	Description string
	// Trust is the trust policy.
	Trust pulumi.StringInput
	// Policies are customer-managed policies by short name; each becomes a resource of its own.
	Policies []RolePolicy
	// Managed are ARNs of AWS's own policies.
	Managed []string
	// SessionSeconds is the longest session, 3600 where zero.
	SessionSeconds int
}

// RolePolicy is one customer-managed policy of a role.
type RolePolicy struct {
	Name     string
	Document pulumi.StringInput
}

// Role is a role and what must exist before it can be used: whoever works under the role depends on Ready, else it
// starts without rights (and an ECS service is stuck in DRAINING when policies go before it).
type Role struct {
	*iam.Role
	Ready []pulumi.Resource
}

// newRole makes a role below the stack's path and permissions boundary, with attachments only: inline policies and
// attachments are never mixed, since each removes what the other made.
func newRole(ctx *pulumi.Context, name string, placement *Placement, args RoleArgs, opts ...pulumi.ResourceOption) (*Role, error) {
	session := args.SessionSeconds
	if session == 0 {
		session = 3600
	}
	roleArgs := &iam.RoleArgs{
		Name:               pulumi.String(placement.Of(limitRole, args.Parts...)),
		Path:               pulumi.String(placement.RolePath()),
		Description:        pulumi.String(args.Description),
		AssumeRolePolicy:   args.Trust,
		MaxSessionDuration: pulumi.Int(session),
	}
	if placement.Boundary != nil { // a program that uses single components may have none
		roleArgs.PermissionsBoundary = placement.Boundary.ToStringPtrOutput()
	}
	role, err := iam.NewRole(ctx, name, roleArgs, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the role %s: %w", name, err)
	}
	made := &Role{Role: role, Ready: []pulumi.Resource{role}}
	for _, policy := range args.Policies {
		document, err := iam.NewPolicy(ctx, name+"-"+policy.Name, &iam.PolicyArgs{
			Name:        pulumi.String(placement.Of(limitGeneral, append(append([]string{}, args.Parts...), policy.Name)...)),
			Path:        pulumi.String(placement.RolePath()),
			Description: pulumi.String(fmt.Sprintf("%s: %s", args.Description, policy.Name)),
			Policy:      policy.Document,
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("creating the policy %s of role %s: %w", policy.Name, name, err)
		}
		attachment, err := iam.NewRolePolicyAttachment(ctx, name+"-"+policy.Name, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: document.Arn,
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("attaching the policy %s to role %s: %w", policy.Name, name, err)
		}
		made.Ready = append(made.Ready, attachment)
	}
	for i, arn := range args.Managed {
		attachment, err := iam.NewRolePolicyAttachment(ctx, fmt.Sprintf("%s-managed-%d", name, i), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String(arn),
		}, opts...)
		if err != nil {
			return nil, fmt.Errorf("attaching %s to role %s: %w", arn, name, err)
		}
		made.Ready = append(made.Ready, attachment)
	}
	return made, nil
}

// RolePath is the IAM path of the stack's roles and policies: the deploy role's rights end there.
func (p *Placement) RolePath() string { return "/" + Project + "/" + p.Environment + "/" }

// ManagedPolicy is the ARN of a policy that AWS keeps, such as service-role/AmazonRDSEnhancedMonitoringRole.
func (p *Placement) ManagedPolicy(name string) string {
	return "arn:" + p.Partition + ":iam::aws:policy/" + name
}
