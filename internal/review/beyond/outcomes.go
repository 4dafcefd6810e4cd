package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// widensRoles is what attaching policies leads to. A role under a boundary gets no further than it; a role without one gets
// anywhere.
func (h *household) widensRoles(_ *principal, r reach) *outcome {
	if demanded := r.demanded(); demanded != "" {
		if h.unlimited(demanded) {
			return &outcome{to: []string{"roles under " + demanded}, admin: true}
		}
		return &outcome{to: []string{"roles under " + demanded}, limit: "any policy, but within that boundary"}
	}
	out := &outcome{limit: "any policy, but every role that it reaches has a boundary"}
	for _, role := range h.roles(func(role *principal) bool { return r.means(role.Str("arn")) }) {
		out.to = append(out.to, role.Label())
		out.admin = out.admin || role.boundaryArn == "" || h.unlimited(role.boundaryArn)
	}
	if len(out.to) == 0 {
		return nil
	}
	return out
}

// unlimited tells whether a boundary that the stack declares lets everything through.
func (h *household) unlimited(arn string) bool {
	declared := h.model.Find(policyType, arn)
	if declared == nil {
		return strings.HasSuffix(arn, ":iam::aws:policy/AdministratorAccess")
	}
	return h.holdsEverything(&principal{Resource: declared, grants: documentOf(declared, "policy")}) != nil
}

// opensRoles is what changing a role's trust leads to: the role.
func (h *household) opensRoles(p *principal, r reach) *outcome {
	return reached(h.roles(func(role *principal) bool { return role != p && r.means(role.Str("arn")) }))
}

// assumesRoles leads to the roles that trust the principal or its account.
func (h *household) assumesRoles(p *principal, r reach) *outcome {
	arn := p.Str("arn")
	account := ""
	if parts := strings.Split(arn, ":"); len(parts) > 4 {
		account = parts[4]
	}
	return reached(h.roles(func(role *principal) bool {
		return role != p && r.means(role.Str("arn")) && role.trusts("AWS", arn, account, "arn:aws:iam::"+account+":root")
	}))
}

// rewritesPolicies is what changing a managed policy leads to: whoever has it may do anything within its boundary, and whoever
// has it as boundary loses that.
func (h *household) rewritesPolicies(_ *principal, r reach) *outcome {
	out := &outcome{limit: "any policy, but everybody who has one of these policies has a boundary"}
	for _, one := range h.model.All(policyType) {
		if !r.means(one.Str("arn")) {
			continue
		}
		for _, p := range h.principals {
			if slices.Contains(p.attached, one) {
				out.to = append(out.to, p.Label())
				out.admin = out.admin || p.boundaryArn == ""
			}
			if p.boundaryArn != "" && h.model.Find(policyType, p.boundaryArn) == one {
				out.lifted = append(out.lifted, p)
			}
		}
	}
	if len(out.to)+len(out.lifted) == 0 {
		return nil
	}
	return out
}

// liftsBoundaries is what changing a role's boundary leads to, unless a condition says which one it gets.
func (h *household) liftsBoundaries(_ *principal, r reach) *outcome {
	if r.demanded() != "" && !h.unlimited(r.demanded()) {
		return nil
	}
	lifted := h.roles(func(role *principal) bool { return role.boundaryArn != "" && r.means(role.Str("arn")) })
	if len(lifted) == 0 {
		return nil
	}
	return &outcome{lifted: lifted, limit: "no role that it has would be an administrator without its boundary"}
}

// takesUsers leads to users and groups. Who names himself alone gets nothing new by a key or a password.
func (h *household) takesUsers(_ *principal, r reach) *outcome {
	if r.demanded() != "" && !h.unlimited(r.demanded()) || strings.Contains(r.pattern, "${aws:username}") {
		return nil
	}
	// Which users there are no declaration tells: any of them may be the administrator.
	return &outcome{to: []string{"users and groups that are " + r.pattern}, admin: true}
}

// rewritesFunctions leads to the roles of the functions.
func (h *household) rewritesFunctions(p *principal, r reach) *outcome {
	var roles []*principal
	for _, function := range h.model.All("aws:lambda/function:Function") {
		role := h.byResource[h.model.Find(roleType, function.Str("role"))]
		if role != nil && role != p && r.means(function.Str("arn")) && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return reached(roles)
}

// entersInstances leads to the roles of the declared instances. An instance's id is not in a launch template, so a pattern that
// can mean an instance means every declared one.
func (h *household) entersInstances(p *principal, _ reach) *outcome {
	var roles []*principal
	take := func(ref string) {
		profile := h.model.Find(profileType, ref)
		if profile == nil {
			return
		}
		role := h.byResource[h.model.Find(roleType, profile.Str("role"))]
		if role != nil && role != p && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	for _, template := range h.model.All("aws:ec2/launchTemplate:LaunchTemplate") {
		take(template.Str("iamInstanceProfile.arn"))
		take(template.Str("iamInstanceProfile.name"))
	}
	for _, instance := range h.model.All("aws:ec2/instance:Instance") {
		take(instance.Str("iamInstanceProfile"))
	}
	return reached(roles)
}

// entersTasks leads to the task roles of the services that have ECS Exec on.
func (h *household) entersTasks(p *principal, _ reach) *outcome {
	var roles []*principal
	for _, service := range h.model.All(serviceType) {
		definition := taskDefinition(h.model, service)
		if !service.Bool("enableExecuteCommand") || definition == nil {
			continue
		}
		role := h.byResource[h.model.Find(roleType, definition.Str("taskRoleArn"))]
		if role != nil && role != p && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return reached(roles)
}

// Types of ECS.
const (
	serviceType        = "aws:ecs/service:Service"
	taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"
)

// taskDefinition is what a service runs.
func taskDefinition(m *review.Model, service *review.Resource) *review.Resource {
	ref := service.Str("taskDefinition")
	if found := m.Find(taskDefinitionType, ref); found != nil {
		return found
	}
	// family:revision, or the family alone.
	name := ref[strings.LastIndex(ref, "/")+1:]
	family, _, _ := strings.Cut(name, ":")
	return m.Find(taskDefinitionType, family)
}
