package tests

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/controls"
	"github.com/itrack/itrack/internal/review/reviewtest"
)

// reviewedStack is what the controls say of a rehearsed stack, made once.
func reviewedStack(t *testing.T, name string) *reviewtest.Stack {
	t.Helper()
	reviewedLock.Lock()
	defer reviewedLock.Unlock()
	if reviewed[name] == nil {
		report := rehearsedFor(t, name)
		requireOK(t, report)
		stack, err := reviewtest.NewStack(report.State.Raw, controls.All())
		require.NoError(t, err)
		reviewed[name] = stack
	}
	return reviewed[name]
}

// rehearsedFor is the rehearsal of a stack that the variants break.
func rehearsedFor(t *testing.T, name string) engine.StackReport {
	if name == reviewtest.Domain {
		return rehearseWith(t, "production", "itrack:domain=itrack.example.com")
	}
	return rehearsed(t, name)
}

var (
	reviewed     = map[string]*reviewtest.Stack{}
	reviewedLock sync.Mutex
)

// standing are the faults of the unbroken stacks, and why each stands. A fault that is not here is a new one; a line whose fault
// is gone goes too.
var standing = map[string]map[string]string{
	reviewtest.Domain: {
		legacyLogging: tension, servicePort: tension,
		unrotated: tension,
	},
	reviewtest.Production: {
		legacyLogging: tension, servicePort: tension,
		unrotated:      tension,
		ownCertificate: domain, redirection: domain, productionHTTP: domain, testHTTP: domain,
	},
	reviewtest.Staging: {
		legacyLogging: tension, servicePort: tension, unrotated: tension,
		ownCertificate: domain, redirection: domain, productionHTTP: domain, testHTTP: domain,
		"CloudFront.4 at aws:cloudfront/distribution:Distribution::site": cost,
		"CloudFront.6 at aws:cloudfront/distribution:Distribution::site": cost,
		"DynamoDB.6 at aws:dynamodb/table:Table::item-history":           deletability,
		"DynamoDB.6 at aws:dynamodb/table:Table::items":                  deletability,
		"ELB.6 at aws:lb/loadBalancer:LoadBalancer::balancer":            deletability,
		"RDS.5 at aws:rds/instance:Instance::rds":                        cost,
		"RDS.8 at aws:rds/instance:Instance::rds":                        deletability,
		"REL09-BP02 at aws:backup/vault:Vault::backup":                   deletability,
		"REL09-BP04 at aws:dynamodb/table:Table::item-history":           cost,
		"REL09-BP04 at aws:dynamodb/table:Table::items":                  cost,
		"REL09-BP04 at aws:rds/instance:Instance::rds":                   cost,
		"REL13-BP01 at aws:backup/plan:Plan::backup":                     cost,
		"REL13-BP05 at aws:rds/instance:Instance::rds":                   cost,
	},
}

// What several stacks have in common.
const (
	legacyLogging  = "CloudFront.5 at aws:cloudfront/distribution:Distribution::site"
	ownCertificate = "CloudFront.7 at aws:cloudfront/distribution:Distribution::site"
	redirection    = "ELB.1 at aws:lb/loadBalancer:LoadBalancer::balancer"
	productionHTTP = "ELB.18 at aws:lb/listener:Listener::production"
	testHTTP       = "ELB.18 at aws:lb/listener:Listener::test"
	servicePort    = "RDS.23 at aws:rds/instance:Instance::rds"
	unrotated      = "SecretsManager.1 at aws:ecs/taskDefinition:TaskDefinition::backend"

	cost         = "cost: what mends it costs more than the environment is worth"
	deletability = "deletability: the environment goes when it is told to"
	domain       = "domain: only a certificate of our own mends it"
	tension      = "tension: two requirements exclude each other"
)

// The unbroken stacks: nothing fails but what stands above, and in production nothing of critical or high severity.
func TestReviewOfUnbrokenStacks(t *testing.T) {
	t.Parallel()
	severities := map[string]review.Severity{}
	for _, control := range controls.All() {
		severities[control.ID] = control.Severity
	}
	for name, expected := range standing {
		seen := map[string]bool{}
		for fault, why := range reviewedStack(t, name).Faults {
			seen[fault.String()] = true
			assert.NotEmptyf(t, expected[fault.String()], "%s: %s: %s", name, fault, why)
			if name != reviewtest.Staging {
				assert.NotContainsf(t, []review.Severity{review.Critical, review.High}, severities[fault.Control], "%s: %s", name, fault)
			}
		}
		for _, fault := range slices.Sorted(maps.Keys(expected)) {
			assert.Truef(t, seen[fault], "%s: %s does not fail any more: take its line away", name, fault)
		}
	}
	assert.LessOrEqual(t, len(standing[reviewtest.Domain]), 10)
}

// The acceptances of the repository bear what fails, and nothing else: no fail is left in production with a domain, none of what
// production bears is of high severity, and what staging alone bears is cost or deletability. The day is the acceptances'
// first last one: when they end is for `itrack review` to say, not for whoever runs the tests a year from now.
func TestAcceptancesBearWhatFails(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, review.AcceptanceFile))
	require.NoError(t, err)
	acceptances, err := review.ParseAcceptances(text, controls.All(), time.Now())
	require.NoError(t, err)
	ends := make([]string, len(acceptances))
	for i, acceptance := range acceptances {
		ends[i] = acceptance.Expires
	}
	day, err := time.Parse(time.DateOnly, slices.Min(ends))
	require.NoError(t, err)
	for name := range standing {
		model, err := review.Load(rehearsedFor(t, name).State.Raw)
		require.NoError(t, err)
		report, err := review.Run(model, controls.All(), acceptances, day)
		require.NoError(t, err)
		assert.Emptyf(t, report.Problems, "%s: acceptances that mean nothing, or too much", name)
		assert.Zerof(t, report.Totals.Failed, "%s: %v", name, report.Verdicts(review.Failed))
		switch name {
		case reviewtest.Domain:
			assert.True(t, report.OK())
			assert.LessOrEqual(t, report.Totals.Accepted, 10)
			for _, result := range report.Verdicts(review.Accepted) {
				assert.NotContains(t, []review.Severity{review.Critical, review.High}, result.Severity, result.ID)
			}
		case reviewtest.Staging:
			assert.LessOrEqual(t, report.Totals.Accepted, 20)
		}
	}
	for _, acceptance := range acceptances {
		if !slices.Contains(acceptance.Environments, reviewtest.Production) {
			assert.Containsf(t, []review.AcceptanceKind{review.ForCost, review.ForDeletability}, acceptance.Kind, "%s in staging alone", acceptance.Control)
		}
	}
}

// docs/controls.md is the list as it is asked.
func TestControlsPage(t *testing.T) {
	t.Parallel()
	assertFile(t, review.ControlsFile, review.ControlsPage(controls.All()))
}

// Each broken stack: the control that is meant sees the fault at the resource that is meant, and nothing else is seen.
func TestReviewOfBrokenStacks(t *testing.T) {
	t.Parallel()
	for _, variant := range reviewtest.All() {
		t.Run(variant.Name, func(t *testing.T) {
			assert.NoError(t, variant.Judge(reviewedStack(t, variant.Stack)))
		})
	}
}

// The table is large enough to mean something, and no control that answers for a stack is without a broken one.
func TestReviewVariantsCoverTheControls(t *testing.T) {
	t.Parallel()
	variants, names, of, joins := reviewtest.All(), map[string]bool{}, map[string]int{}, 0
	for _, variant := range variants {
		assert.Falsef(t, names[variant.Name], "two variants are called %q", variant.Name)
		names[variant.Name] = true
		of[variant.Control]++
		if variant.Joins {
			joins++
		}
	}
	assert.GreaterOrEqual(t, len(variants), 100)
	assert.GreaterOrEqual(t, joins, 30)
	for name := range standing {
		for id, answers := range reviewedStack(t, name).Answers {
			assert.Positivef(t, of[id], "%s answers %d times for %s and has no variant", id, answers, name)
		}
	}
}
