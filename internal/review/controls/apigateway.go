package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenStage             = "aws:apigateway/stage:Stage"
	tokenMethodSettings    = "aws:apigateway/methodSettings:MethodSettings"
	tokenWebACL            = "aws:wafv2/webAcl:WebAcl"
	tokenWebACLAssociation = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

// apigateway are the controls on REST API stages.
func apigateway() []review.Control {
	const absent = "the stack declares no stage of a REST API"
	stages := func(answer func(*review.Model, *review.Resource) review.Answer) func(*review.Model) []review.Answer {
		return review.Each(tokenStage, answer)
	}
	return []review.Control{
		hub("APIGateway.1", "API Gateway execution logging should be enabled", review.Medium, review.Operations, absent, stages(stageLogs)),
		hub("APIGateway.2", "REST API stages should use SSL certificates for backend authentication", review.Medium, review.Security, absent,
			stages(stageCertificate)),
		hub("APIGateway.3", "REST API stages should have X-Ray tracing enabled", review.Low, review.Operations, absent, stages(stageTraces)),
		hub("APIGateway.4", "API Gateway should be associated with a WAF web ACL", review.Medium, review.Security, absent, stages(stageACL)),
		hub("APIGateway.5", "REST API cache data should be encrypted at rest", review.Medium, review.Security,
			"no method of a REST API stage is cached", stageCache),
	}
}

// settingsOf are the method settings of a stage. They name it by its API and its name.
func settingsOf(m *review.Model, stage *review.Resource) []*review.Resource {
	return slices.DeleteFunc(m.All(tokenMethodSettings), func(s *review.Resource) bool {
		return s.Str("restApi") != stage.Str("restApi") || s.Str("stageName") != stage.Str("stageName")
	})
}

func stageLogs(m *review.Model, stage *review.Resource) review.Answer {
	const fix = "set settings.loggingLevel of the stage's method settings for */* to ERROR or INFO"
	all := false
	for _, s := range settingsOf(m, stage) {
		level := s.Str("settings.loggingLevel")
		if level != "ERROR" && level != "INFO" {
			return review.Fail(stage, fmt.Sprintf("%s sets the logging level %q for %s", s.Label(), level, s.Str("methodPath")), fix)
		}
		all = all || s.Str("methodPath") == "*/*"
	}
	return review.When(all, stage, "every method logs errors at least", "no method settings of this stage are for all methods (*/*)", fix)
}

func stageCertificate(_ *review.Model, stage *review.Resource) review.Answer {
	return review.When(stage.Str("clientCertificateId") != "", stage, "the backend can demand the certificate "+stage.Str("clientCertificateId"),
		"the stage has no client certificate", "make an apigateway.ClientCertificate and set clientCertificateId")
}

func stageTraces(_ *review.Model, stage *review.Resource) review.Answer {
	return review.When(stage.Bool("xrayTracingEnabled"), stage, "tracing is on", "tracing is off", "set xrayTracingEnabled")
}

// stageACL looks at what AWS reports of the stage after a refresh and at the associations.
func stageACL(m *review.Model, stage *review.Resource) review.Answer {
	const fix = "associate a REGIONAL web ACL with the stage's ARN (wafv2.WebAclAssociation)"
	acls := stage.Strs("webAclArn")
	for _, association := range m.Referring(tokenWebACLAssociation, "resourceArn", stage) {
		acls = append(acls, association.Str("webAclArn"))
	}
	for _, arn := range acls {
		if acl := m.Find(tokenWebACL, arn); acl != nil && acl.Str("scope") != "REGIONAL" {
			return review.Fail(stage, "its web ACL has the scope "+acl.Str("scope"), fix)
		}
		if arn != "" {
			return review.Pass(stage, "behind "+after(arn, "webacl/"))
		}
	}
	return review.Fail(stage, "no web ACL is associated with the stage", fix)
}

// stageCache answers for stages with a method that is cached.
func stageCache(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, stage := range m.All(tokenStage) {
		cached := slices.DeleteFunc(settingsOf(m, stage), func(s *review.Resource) bool { return !s.Bool("settings.cachingEnabled") })
		open := slices.IndexFunc(cached, func(s *review.Resource) bool { return !s.Bool("settings.cacheDataEncrypted") })
		switch {
		case len(cached) == 0:
		case open >= 0:
			out = append(out, review.Fail(stage, cached[open].Label()+" caches "+cached[open].Str("methodPath")+" unencrypted",
				"set settings.cacheDataEncrypted of the method settings"))
		default:
			out = append(out, review.Pass(stage, "what is cached is encrypted"))
		}
	}
	return out
}

// after is the part of a text behind the last mark, the whole text where there is none.
func after(text, mark string) string {
	if at := strings.LastIndex(text, mark); at >= 0 {
		return text[at+len(mark):]
	}
	return text
}
