package beyond

import (
	"github.com/itrack/itrack/internal/review"
)

// Network is how the internet reaches in.
type Network struct {
	// Paths are the ways from the internet, each to its end.
	Paths []Path `json:"paths"`
	// OpenRules are the ingress rules of security groups that let every address in.
	OpenRules     []OpenRule     `json:"openRules"`
	PublicSubnets []PublicSubnet `json:"publicSubnets"`
}

// Path is one way from the internet to what is at its end.
type Path struct {
	Steps []Step `json:"steps"`
}

// Step is one resource on a path, and what stands before it.
type Step struct {
	Resource string `json:"resource"`
	// Over is the protocol and port that the step is reached by.
	Over string `json:"over"`
	// Guards stand in between; Open says what does not, or what is let through.
	Guards []string `json:"guards"`
	Open   []string `json:"open"`
}

// OpenRule is an ingress rule for 0.0.0.0/0 or ::/0.
type OpenRule struct {
	Resource string   `json:"resource"`
	Group    string   `json:"group"`
	From     string   `json:"from"`
	Ports    string   `json:"ports"`
	UsedBy   []string `json:"usedBy"`
	// Reachable are those of UsedBy that have a public address in a public subnet.
	Reachable []string `json:"reachable"`
}

// PublicSubnet is a subnet with a route to an internet gateway.
type PublicSubnet struct {
	Resource string `json:"resource"`
	Zone     string `json:"zone"`
	// GivesAddresses tells whether what starts there gets a public address by itself.
	GivesAddresses bool     `json:"givesAddresses"`
	Holds          []string `json:"holds"`
}

// graph is the stack's network as the search walks it.
type graph struct {
	*review.Model
	nodes   []*node
	ingress []rule
	egress  []rule
	public  map[*review.Resource]bool // subnets with a route to an internet gateway
	house   *household
}

func networkOf(m *review.Model) Network {
	g := &graph{
		Model: m, nodes: nodesOf(m), ingress: rulesOf(m, true), egress: rulesOf(m, false), public: publicSubnets(m), house: newHousehold(m),
	}
	out := Network{Paths: []Path{}, OpenRules: g.openRules(), PublicSubnets: g.subnetsReport()}
	for _, entries := range []func() []Path{g.fromDistributions, g.fromAPIs, g.fromHTTPAPIs, g.fromFunctionURLs, g.fromAddresses, g.fromBuckets} {
		out.Paths = append(out.Paths, entries()...)
	}
	return out
}

// then puts a step before each of the ways that go on from it; without any, the step is the end.
func then(step Step, rest []Path) []Path {
	if step.Guards == nil {
		step.Guards = []string{}
	}
	if step.Open == nil {
		step.Open = []string{}
	}
	if len(rest) == 0 {
		return []Path{{Steps: []Step{step}}}
	}
	out := make([]Path, 0, len(rest))
	for _, path := range rest {
		out = append(out, Path{Steps: append([]Step{step}, path.Steps...)})
	}
	return out
}

// say appends to the guards what holds, and to the open ones what does not.
func (s *Step) say(holds bool, guard, open string) {
	switch {
	case holds && guard != "":
		s.Guards = append(s.Guards, guard)
	case !holds && open != "":
		s.Open = append(s.Open, open)
	}
}
