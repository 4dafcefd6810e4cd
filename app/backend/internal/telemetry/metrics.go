package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "iTrack/Backend"

// Names of the metrics, each a count with one dimension besides Environment.
const (
	SignIns       = "SignIns"       // by Outcome
	ItemChanges   = "ItemChanges"   // by Operation
	ImportedLines = "ImportedLines" // by Outcome
	Outages       = "Outages"       // by Dependency
	Refusals      = "Refusals"      // by Code: what the askers were told
	Panics        = "Panics"        // by Route
)

// Metrics counts, and writes the counts as lines in CloudWatch's embedded metric format: CloudWatch Logs makes metrics of
// them, with no call and no right of the task. A line for each request would cost more than all other logs; so counts are
// summed up and written once a minute. Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Metrics struct {
	Environment string
	Out         io.Writer
	Now         func() time.Time

	mutex  sync.Mutex
	counts map[count]float64
}

type count struct{ name, dimension, value string }

// mostCounts bounds what a minute remembers; names and values come from this program, not from requests.
const mostCounts = 500

// Add counts one more of name with the dimension's value.
func (m *Metrics) Add(name, dimension, value string, by int) {
	if m == nil || by == 0 {
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.counts == nil {
		m.counts = map[count]float64{}
	}
	key := count{name, dimension, value}
	if _, known := m.counts[key]; known || len(m.counts) < mostCounts {
		m.counts[key] += float64(by)
	}
}

// Write writes the counts since the last time.
func (m *Metrics) Write() error {
	m.mutex.Lock()
	counts := m.counts
	m.counts = nil
	m.mutex.Unlock()
	var lines []byte
	for _, key := range slices.SortedFunc(maps.Keys(counts), func(a, b count) int {
		return strings.Compare(a.name+"\x00"+a.value, b.name+"\x00"+b.value)
	}) {
		line, err := json.Marshal(map[string]any{
			"_aws": map[string]any{
				"Timestamp": m.Now().UnixMilli(),
				"CloudWatchMetrics": []any{map[string]any{
					"Namespace": Namespace, "Dimensions": [][]string{{"Environment", key.dimension}},
					"Metrics": []any{map[string]string{"Name": key.name, "Unit": "Count"}},
				}},
			},
			"Environment": m.Environment, key.dimension: key.value, key.name: counts[key],
		})
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	if len(lines) == 0 {
		return nil
	}
	// One write, so that no line of the log comes in between.
	_, err := m.Out.Write(lines)
	return err
}

// Run writes every minute until the context ends, and then what is left.
func (m *Metrics) Run(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = m.Write() // where the log can't be written, nobody can be told
		case <-ctx.Done():
			_ = m.Write()
			return
		}
	}
}
