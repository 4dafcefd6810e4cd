package docgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// EveryPart are the settings that, laid over production's, turn on every optional part of the stack. The third of the
// deployments that the coverage is made from is production with them.
var EveryPart = []string{
	"itrack:domain=itrack.example.com",
	"itrack:tags.CostCentre=platform",
	"itrack:account.costTags=true",
	"itrack:alerts.emails[0]=oncall@example.com",
	"itrack:alerts.slack.workspace=T01234567",
	"itrack:alerts.slack.channel=C01234567",
	"itrack:alerts.pagerDuty=https://events.pagerduty.com/integration/example/enqueue",
	"itrack:network.allowEgress[0]=203.0.113.0/24",
	"itrack:api.corsOrigins[0]=https://partner.example.com",
	"itrack:waf.countries.codes[0]=KP",
	"itrack:waf.count[0]=common",
	"itrack:services.audit.path=/audit",
	"itrack:services.audit.port=9000",
	"itrack:services.audit.healthPath=/ready",
	"itrack:services.audit.cpu=512",
	"itrack:services.audit.memory=1024",
	"itrack:services.audit.desired=2",
	"itrack:services.audit.min=2",
	"itrack:services.audit.max=6",
	"itrack:services.audit.spotShare=50",
	"itrack:services.audit.secrets[0]=api_key",
	"itrack:services.audit.environment.MODE=audit",
	"itrack:services.audit.migrateCommand[0]=/migrate",
	"itrack:services.audit.data.history=read",
}

// Section is one part of the design and the rows that cover it.
type Section struct {
	// Component is the component whose resources count, by its Go type; empty means those of every component.
	Component string
	Title     string
	Rows      []Row
}

// Row is one phrase of the design and what carries it.
type Row struct {
	Phrase  string
	Matches []Match
	// Tests are functions in tests/ that show what no single deployment can.
	Tests []string
}

// Coverage is the page that says of each phrase of the design which resources carry it, in Markdown, made from the
// deployments (as `pulumi stack export` prints them) of staging, of production and of production with EveryPart. The
// error lists every phrase that nothing carries.
func Coverage(staging, production, everyPart apitype.UntypedDeployment) (string, error) {
	var stacks []*stack
	for _, raw := range []apitype.UntypedDeployment{staging, production, everyPart} {
		read, err := readStack(raw)
		if err != nil {
			return "", err
		}
		stacks = append(stacks, read)
	}
	if err := known(sections(), stacks[inEveryPart]); err != nil {
		return "", err
	}
	return render(sections(), stacks)
}

// known fails for a component that has resources and no section.
func known(all []Section, s *stack) error {
	for _, r := range s.resources {
		if r.component != "" && !slices.ContainsFunc(all, func(section Section) bool { return section.Component == r.component }) {
			return fmt.Errorf("the component %s has no section: add one to internal/docgen", r.component)
		}
	}
	return nil
}

// CoverageTests are the names of all tests that the page refers to.
func CoverageTests() []string {
	var names []string
	for _, section := range sections() {
		for _, row := range section.Rows {
			names = append(names, row.Tests...)
		}
	}
	return names
}

// sections are in the order of the design.
func sections() []Section {
	return slices.Concat(foundationSections(), dataSections(), workloadSections(), edgeSections(), operationsSections(), listSections())
}

// The deployments that a page is made from, by index.
const (
	inStaging = iota
	inProduction
	inEveryPart
	deployments
)

var errCoverage = errors.New("nothing carries a phrase of the design")

func render(all []Section, stacks []*stack) (string, error) {
	var page strings.Builder
	page.WriteString("# What carries each phrase of the design\n\n" + made)
	page.WriteString("Made from three rehearsed deployments: staging, production, and production with every optional part on. " +
		"A resource stands here by type and logical name because its inputs in the deployed state hold what stands behind it; " +
		"`path=value` looks at a property, `*` stands for anything, `**` for any depth, `@region` is where it was made, `@outputs` what it returned, `@from` the resources that a property is made from. " +
		"The third column says where all of a row holds: in both stacks, in one, or only where the settings at the end are made; the names are all that the stacks of that column have. " +
		"A phrase that nothing carries fails the command that makes this page, and a test.\n")
	var problems []error
	for _, section := range all {
		fmt.Fprintf(&page, "\n## %s\n\n| phrase | carried by | where |\n|---|---|---|\n", section.Title)
		for _, row := range section.Rows {
			carriers, where, err := row.cover(section, stacks)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s, %q: %w", section.Title, row.Phrase, err))
				continue
			}
			fmt.Fprintf(&page, "| %s | %s | %s |\n", cell(row.Phrase), cell(carriers), where)
		}
	}
	if len(problems) > 0 {
		return "", fmt.Errorf("%w:\n%w", errCoverage, errors.Join(problems...))
	}
	page.WriteString("\n## The settings of the third deployment\n\nLaid over `Pulumi.production.yaml`:\n\n```\n" + strings.Join(EveryPart, "\n") + "\n```\n")
	return page.String(), nil
}

// cover finds what carries the row and says where all of it does.
func (r Row) cover(section Section, stacks []*stack) (carriers, where string, err error) {
	if len(r.Matches) == 0 && len(r.Tests) == 0 {
		return "", "", errors.New("the row names neither a resource nor a test")
	}
	holds := [deployments]bool{}
	for i := range holds {
		holds[i] = true
	}
	found := make([][deployments][]string, len(r.Matches))
	var problems []error
	for m, match := range r.Matches {
		somewhere := false
		for i, stack := range stacks {
			names, err := match.find(stack, section.Component)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", deploymentNames[i], err))
			}
			found[m][i] = names
			ok := match.enough(len(names))
			holds[i] = holds[i] && ok
			somewhere = somewhere || ok
		}
		if !somewhere {
			problems = append(problems, fmt.Errorf("no deployment has %s", match))
		}
	}
	if len(problems) > 0 {
		return "", "", errors.Join(problems...)
	}
	if !slices.Contains(holds[:], true) {
		return "", "", errors.New("each part of the row holds somewhere, but no deployment has all of them")
	}
	var texts []string
	for m, match := range r.Matches {
		texts = append(texts, match.text(namesWhere(found[m], holds)))
	}
	for _, test := range r.Tests {
		texts = append(texts, "the test `"+test+"`")
	}
	if len(r.Matches) == 0 {
		return strings.Join(texts, "; "), "a test", nil
	}
	return strings.Join(texts, "; "), whereText(holds), nil
}

var deploymentNames = [deployments]string{"staging", "production", "production with every part"}

// namesWhere are the names of both stacks where one of them holds the row, else those of the third deployment.
func namesWhere(found [deployments][]string, holds [deployments]bool) []string {
	var names []string
	for i := range inEveryPart {
		if holds[i] {
			names = append(names, found[i]...)
		}
	}
	if !holds[inStaging] && !holds[inProduction] {
		names = append(names, found[inEveryPart]...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func whereText(holds [deployments]bool) string {
	switch {
	case holds[inStaging] && holds[inProduction]:
		return "both stacks"
	case holds[inProduction]:
		return "production"
	case holds[inStaging]:
		return "staging"
	}
	return "with settings"
}

// stack is a deployment in the form that matches look at.
type stack struct{ resources []*carrier }

// carrier is one resource of a deployment.
type carrier struct {
	kind, name string // ec2.Subnet, network-public-1
	component  string // Network
	// properties are its inputs, and under @ what the state knows besides.
	properties map[string]any
}

func readStack(raw apitype.UntypedDeployment) (*stack, error) {
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(raw.Deployment, &deployment); err != nil {
		return nil, fmt.Errorf("reading an exported deployment (version %d): %w", raw.Version, err)
	}
	byURN := map[string]*apitype.ResourceV3{}
	regions := map[string]any{}
	for i := range deployment.Resources {
		r := &deployment.Resources[i]
		byURN[string(r.URN)] = r
		if r.Custom && strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			regions[string(r.URN)] = r.Inputs["region"]
		}
	}
	read := &stack{}
	for i := range deployment.Resources {
		r := &deployment.Resources[i]
		if r.Delete || r.External {
			continue
		}
		c := &carrier{kind: shortKind(string(r.Type)), name: r.URN.Name(), properties: map[string]any{}}
		for key, value := range r.Inputs {
			c.properties[key] = value
		}
		provider := r.Provider
		if cut := strings.LastIndex(provider, "::"); cut > 0 { // urn::id
			provider = provider[:cut]
		}
		c.properties["@region"], c.properties["@protect"] = regions[provider], r.Protect
		c.properties["@outputs"] = r.Outputs
		from := map[string]any{}
		for property, urns := range r.PropertyDependencies {
			var list []any
			for _, urn := range urns {
				list = append(list, string(urn))
			}
			from[string(property)] = list
		}
		c.properties["@from"] = from
		for at := r; at != nil; at = byURN[string(at.Parent)] {
			if name, ok := strings.CutPrefix(string(at.Type), "itrack:infra:"); ok {
				c.component = name
			}
		}
		read.resources = append(read.resources, c)
	}
	return read, nil
}

// shortKind names a type as Go code does: aws:ec2/subnet:Subnet is ec2.Subnet, itrack:infra:Rds is infra.Rds.
func shortKind(token string) string {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return token
	}
	module, _, _ := strings.Cut(parts[1], "/")
	if parts[0] != "aws" && parts[0] != "itrack" {
		module = parts[0]
	}
	return module + "." + parts[2]
}
