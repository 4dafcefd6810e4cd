package catalog

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"sync"
)

// Catalog is every type and function that the stand-in knows.
type Catalog struct {
	types     map[string]*Type
	functions map[string]*Function

	indexOnce sync.Once
	byPrefix  map[string][]*Type
	arns      []arnForm
	laws      map[string][]law

	mu     sync.Mutex
	shapes map[string]*Spec
}

// law is one rule of one type.
type law struct {
	foreseen bool
	check    func(*Call) *Error
}

type arnForm struct {
	service string
	pattern *regexp.Regexp
	typ     *Type
}

// New gathers services. A type or function described twice is an error in the tables.
func New(services ...Service) *Catalog {
	c := &Catalog{types: map[string]*Type{}, functions: map[string]*Function{}, shapes: map[string]*Spec{}, laws: map[string][]law{}}
	for _, service := range services {
		for i := range service.Types {
			t := &service.Types[i]
			if _, twice := c.types[t.Token]; twice {
				panic("rehearsal: the type " + t.Token + " is described twice")
			}
			c.types[t.Token] = t
		}
		for i := range service.Functions {
			f := &service.Functions[i]
			if _, twice := c.functions[f.Token]; twice {
				panic("rehearsal: the function " + f.Token + " is described twice")
			}
			c.functions[f.Token] = f
		}
	}
	return c
}

// Obey adds a rule that AWS applies late, to resources of the given types. A foreseen rule looks at the inputs alone and is
// applied in previews too. It must be called before the first resource is made.
func (c *Catalog) Obey(tokens []string, foreseen bool, check func(*Call) *Error) {
	for _, token := range tokens {
		if _, known := c.types[token]; !known {
			panic("rehearsal: a rule speaks of the unknown type " + token)
		}
		c.laws[token] = append(c.laws[token], law{foreseen, check})
	}
}

// Foresee applies the foreseen rules to what a preview knows.
func (c *Catalog) Foresee(s *Spec, call *Call) error {
	doing := "updating"
	if call.Creating() {
		doing = "creating"
	}
	return c.judge(s, call, doing, true)
}

// judge applies the rules of a type, all of them: the fault that hides another one is a second deployment.
func (c *Catalog) judge(s *Spec, call *Call, doing string, foreseenOnly bool) error {
	var refusals Refusals
	for _, law := range c.laws[s.Token] {
		if foreseenOnly && !law.foreseen {
			continue
		}
		if err := law.check(call); err != nil {
			refusals = append(refusals, err.In(s.Type, doing))
		}
	}
	if len(refusals) == 0 {
		return nil
	}
	return refusals
}

// Type returns the description of a type, or an error that says how to add one.
func (c *Catalog) Type(token string) (*Type, error) {
	if t, ok := c.types[token]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("the stand-in AWS does not know the type %s; describe it in internal/rehearsal/aws (see internal/rehearsal/README.md)",
		token)
}

// Function returns the description of a function, or an error that says how to add one.
func (c *Catalog) Function(token string) (*Function, error) {
	if f, ok := c.functions[token]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("the stand-in AWS does not know the function %s; describe it in internal/rehearsal/aws (see internal/rehearsal/README.md)",
		token)
}

// Tokens lists the types, sorted.
func (c *Catalog) Tokens() []string {
	tokens := make([]string, 0, len(c.types))
	for token := range c.types {
		tokens = append(tokens, token)
	}
	sort.Strings(tokens)
	return tokens
}

// FunctionTokens lists the functions, sorted.
func (c *Catalog) FunctionTokens() []string {
	tokens := make([]string, 0, len(c.functions))
	for token := range c.functions {
		tokens = append(tokens, token)
	}
	sort.Strings(tokens)
	return tokens
}

// index prepares the generic check of ids and ARNs.
func (c *Catalog) index() {
	c.indexOnce.Do(func() {
		c.byPrefix = map[string][]*Type{}
		for _, token := range c.Tokens() {
			t := c.types[token]
			if t.ID.Prefix != "" {
				c.byPrefix[t.ID.Prefix] = append(c.byPrefix[t.ID.Prefix], t)
			}
			if t.ARN == "" {
				continue
			}
			parts := strings.SplitN(t.ARN, ":", 6)
			if len(parts) < 6 {
				panic("rehearsal: the ARN template of " + token + " is no ARN")
			}
			pattern := regexp.QuoteMeta(parts[5])
			pattern = regexp.MustCompile(`\\\{[A-Za-z0-9]+\\\}`).ReplaceAllString(pattern, `.+`)
			c.arns = append(c.arns, arnForm{service: parts[2], pattern: regexp.MustCompile("^" + pattern + "$"), typ: t})
		}
	})
}

// TypesWithPrefix returns the types whose ids start with `prefix-`.
func (c *Catalog) TypesWithPrefix(prefix string) []*Type {
	c.index()
	return c.byPrefix[prefix]
}

// TypesOfARN returns the types whose ARNs have the form of an ARN's service and resource part.
func (c *Catalog) TypesOfARN(service, rest string) []*Type {
	c.index()
	var types []*Type
	for _, form := range c.arns {
		if form.service == service && form.pattern.MatchString(rest) {
			types = append(types, form.typ)
		}
	}
	return types
}
