package infra

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// dashboardWidth is the width of CloudWatch's grid.
const dashboardWidth = 24

// dashboardBody is a dashboard as CloudWatch keeps it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type dashboardBody struct {
	Start          string   `json:"start"`
	PeriodOverride string   `json:"periodOverride"`
	Widgets        []widget `json:"widgets"`
}

type widget struct {
	Type       string           `json:"type"`
	X          int              `json:"x"`
	Y          int              `json:"y"`
	Width      int              `json:"width"`
	Height     int              `json:"height"`
	Properties widgetProperties `json:"properties"`
}

type widgetProperties struct {
	Title       string             `json:"title,omitempty"`
	Markdown    string             `json:"markdown,omitempty"`
	View        string             `json:"view,omitempty"`
	Region      string             `json:"region,omitempty"`
	Stat        string             `json:"stat,omitempty"`
	Period      int                `json:"period,omitempty"`
	Stacked     bool               `json:"stacked,omitempty"`
	Metrics     [][]any            `json:"metrics,omitempty"`
	Alarms      []string           `json:"alarms,omitempty"`
	Query       string             `json:"query,omitempty"`
	YAxis       *widgetAxes        `json:"yAxis,omitempty"`
	Annotations *widgetAnnotations `json:"annotations,omitempty"`
}

type widgetAxes struct {
	Left widgetAxis `json:"left"`
}

type widgetAxis struct {
	Min       float64 `json:"min"`
	ShowUnits bool    `json:"showUnits"`
}

type widgetAnnotations struct {
	Horizontal []widgetLine `json:"horizontal"`
}

type widgetLine struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

// dashboard gathers widgets, and the values in them that are known only when their resources exist. Until then a mark
// stands in the text, so that the layout is plain Go and only the finished text waits.
type dashboard struct {
	region  string
	known   []pulumi.StringInput
	widgets []widget
	x, y    int
	high    int
}

// mark starts the stand-in of a value; it can't occur in a name of AWS's.
const mark = "\u2983"

// use is the stand-in of a value in this dashboard.
func (d *dashboard) use(value pulumi.StringInput) string {
	d.known = append(d.known, value)
	return fmt.Sprintf("%s%d%s", mark, len(d.known)-1, mark)
}

// place puts a widget at the next free spot, row by row.
func (d *dashboard) place(kind string, width, height int, properties widgetProperties) {
	if d.x+width > dashboardWidth {
		d.row()
	}
	d.widgets = append(d.widgets, widget{Type: kind, X: d.x, Y: d.y, Width: width, Height: height, Properties: properties})
	d.x, d.high = d.x+width, max(d.high, height)
}

// row ends the row.
func (d *dashboard) row() {
	if d.x > 0 {
		d.x, d.y, d.high = 0, d.y+d.high, 0
	}
}

// heading is a line of text over the whole width: what the row below shows and where to go from there.
func (d *dashboard) heading(markdown string) {
	d.row()
	d.place("text", dashboardWidth, 2, widgetProperties{Markdown: markdown})
	d.row()
}

// graph is a line chart of metrics, from zero up.
func (d *dashboard) graph(title, statistic string, width int, metrics ...[]any) *widgetProperties {
	d.place("metric", width, 6, widgetProperties{
		Title: title, View: "timeSeries", Region: d.region, Stat: statistic, Period: 60, Metrics: metrics,
		YAxis: &widgetAxes{Left: widgetAxis{}},
	})
	return &d.widgets[len(d.widgets)-1].Properties
}

// line marks a value in a graph, mostly the threshold of an alarm.
func (w *widgetProperties) line(label string, value float64) *widgetProperties {
	if w.Annotations == nil {
		w.Annotations = &widgetAnnotations{}
	}
	w.Annotations.Horizontal = append(w.Annotations.Horizontal, widgetLine{Label: label, Value: value})
	return w
}

// metric is one line of a graph: namespace, name and dimensions as name and value by turns.
func metric(namespace, name string, dimensions ...string) []any {
	line := []any{namespace, name}
	for _, part := range dimensions {
		line = append(line, part)
	}
	return line
}

// metricOptions are how a line is drawn or computed.
type metricOptions struct {
	Expression string `json:"expression,omitempty"`
	ID         string `json:"id,omitempty"`
	Label      string `json:"label,omitempty"`
	Stat       string `json:"stat,omitempty"`
	Visible    *bool  `json:"visible,omitempty"`
}

// drawn adds options to a line.
func drawn(line []any, options metricOptions) []any { return append(append([]any{}, line...), options) }

// computed is a line of metric math.
func computed(expression, label string) []any {
	return []any{metricOptions{Expression: expression, Label: label}}
}

// hidden names a line for metric math without drawing it.
func hidden(id string, line []any) []any {
	no := false
	return drawn(line, metricOptions{ID: id, Visible: &no})
}

// body is the dashboard's text once everything in it is known.
func (d *dashboard) body() (pulumi.StringOutput, error) {
	text, err := canonicalJSON(dashboardBody{Start: "-PT6H", PeriodOverride: "inherit", Widgets: d.widgets})
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return DocumentFrom(d.known, func(known []string) (string, error) {
		result := text
		for i, value := range known {
			escaped, err := json.Marshal(value)
			if err != nil {
				return "", fmt.Errorf("writing a dashboard: %w", err)
			}
			result = strings.ReplaceAll(result, fmt.Sprintf("%s%d%s", mark, i, mark), strings.Trim(string(escaped), `"`))
		}
		return result, nil
	}), nil
}

// make makes the dashboard.
func (d *dashboard) make(ctx *pulumi.Context, place *Placement, subject string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	body, err := d.body()
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the dashboard %s: %w", subject, err)
	}
	made, err := cloudwatch.NewDashboard(ctx, subject, &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(place.Of(limitAlarm, subject)), DashboardBody: body,
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the dashboard %s: %w", subject, err)
	}
	return made.DashboardName, nil
}
