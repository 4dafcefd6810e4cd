package watching

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// dashboards are the rules on dashboards' bodies.
func dashboards() []rule.Rule {
	const (
		page = alarmAPI + "CloudWatch-Dashboard-Body-Structure.html"
		bad  = "InvalidParameterInput"
	)
	body := func(widgets string) rule.Case {
		return rule.Case{Inputs: props{"dashboardBody": `{"widgets":[` + widgets + `]}`}}
	}
	metric := func(fields string) rule.Case {
		return body(`{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{` + fields + `}}`)
	}
	const note = `{"type":"text","width":6,"height":2,"properties":{"markdown":"x"}}`
	many := func(n int) string {
		text := note
		for range n - 1 {
			text += "," + note
		}
		return text
	}
	return []rule.Rule{{
		ID: "watching-dashboard-name", Types: []string{dashboardToken}, Code: bad, Page: alarmAPI + "API_PutDashboard.html",
		Says:     "A dashboard's name has 1 to 255 letters, digits, hyphens and underscores.",
		Fix:      "Choose a name without dots, slashes and blanks.",
		Foreseen: true, Check: matches("dashboardName", regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)),
		Pass: rule.Case{Inputs: props{"dashboardName": "itrack-api"}}, Fail: rule.Case{Inputs: props{"dashboardName": "itrack/api"}},
		Seed: staging(dashboardToken, "cost", props{"dashboardName": "itrack cost"}),
	}, {
		ID: "watching-dashboard-widgets", Types: []string{dashboardToken}, Code: bad, Page: page,
		Says:     "A dashboard has at most 500 widgets.",
		Fix:      "Make a second dashboard.",
		Foreseen: true, Check: widgetCount,
		Pass: body(many(500)), Fail: body(many(501)),
		Seed: edited(dashboardToken, "backups", "dashboardBody", rule.Replace(`"widgets":[`, `"widgets":[`+many(500)+`,`)),
	}, {
		ID: "watching-dashboard-grid", Types: []string{dashboardToken}, Code: bad, Page: page,
		Says:     "A widget lies in the dashboard's grid of 24 columns and is 1 to 24 wide and 1 to 1,000 high.",
		Fix:      "Move the widget to the left or make it narrower.",
		Foreseen: true, Check: widgetGrid,
		Pass: body(note), Fail: body(`{"type":"text","x":20,"y":0,"width":6,"height":2,"properties":{"markdown":"x"}}`),
		Seed: edited(dashboardToken, "api", "dashboardBody", rule.Replace(`"x":16,"y":2,"width":8`, `"x":18,"y":2,"width":8`)),
	}, {
		ID: "watching-dashboard-types", Types: []string{dashboardToken}, Code: bad, Page: page,
		Says:     "A widget's type is metric, text, log, alarm, explorer or custom.",
		Fix:      "Choose one of the types.",
		Foreseen: true, Check: widgetTypes,
		Pass: body(note), Fail: body(`{"type":"note","width":6,"height":2,"properties":{"markdown":"x"}}`),
		Seed: edited(dashboardToken, "database", "dashboardBody", rule.Replace(`"type":"text"`, `"type":"markdown"`)),
	}, {
		ID: "watching-dashboard-properties", Types: []string{dashboardToken}, Code: bad, Page: page,
		Says:     "A metric widget names its region, and metrics or an alarm; a text widget has markdown; a log widget a query and a region.",
		Fix:      "Add the missing property to the widget.",
		Foreseen: true, Check: widgetProperties,
		Pass: metric(`"region":"us-east-1","metrics":[["AWS/RDS","CPUUtilization"]]`), Fail: metric(`"metrics":[["AWS/RDS","CPUUtilization"]]`),
		Seed: edited(dashboardToken, "functions", "dashboardBody", rule.Replace(`"region":"us-east-1",`, ``)),
	}, {
		ID: "watching-dashboard-metrics", Types: []string{dashboardToken}, Code: bad, Page: page,
		Says:     "A metric of a widget is a list: namespace, name, then names and values of dimensions in pairs, and last the options; or an expression alone.",
		Fix:      "Complete the pairs of dimensions.",
		Foreseen: true, Check: widgetMetrics,
		Pass: metric(`"region":"us-east-1","metrics":[["AWS/RDS","CPUUtilization","DBInstanceIdentifier","a",{"label":"a"}],[{"expression":"1"}]]`),
		Fail: metric(`"region":"us-east-1","metrics":[["AWS/RDS","CPUUtilization","DBInstanceIdentifier"]]`),
		Seed: edited(dashboardToken, "services", "dashboardBody", func(text string) string {
			return regexp.MustCompile(`"metrics":\[\["([^"]+)","([^"]+)"`).ReplaceAllString(text, `"metrics":[["$1"],["$1","$2"`)
		}),
	}}
}

// widget is one widget of a dashboard.
type widget struct {
	Type                string
	X, Y, Width, Height *int
	Properties          map[string]any
}

// eachWidget visits the widgets of a dashboard whose body is known; that it is JSON is checked before.
func eachWidget(c *catalog.Call, check func(at string, w widget) *rule.Finding) *rule.Finding {
	var body struct{ Widgets []widget }
	if text := c.Str("dashboardBody"); text == "" || json.Unmarshal([]byte(text), &body) != nil {
		return nil
	}
	for i, w := range body.Widgets {
		if found := check(fmt.Sprintf("/widgets/%d", i), w); found != nil {
			return found
		}
	}
	return nil
}

// badBody is a finding in CloudWatch's words.
func badBody(at, format string, args ...any) *rule.Finding {
	return rule.Find("dashboardBody", at, "The dashboard body is invalid, there are 1 validation errors: %s: %s", at, fmt.Sprintf(format, args...))
}

func widgetCount(c *catalog.Call) *rule.Finding {
	count := 0
	return eachWidget(c, func(string, widget) *rule.Finding {
		if count++; count > 500 {
			return badBody("/widgets", "Should not have more than 500 items")
		}
		return nil
	})
}

func widgetGrid(c *catalog.Call) *rule.Finding {
	or := func(value *int, otherwise int) int {
		if value == nil {
			return otherwise
		}
		return *value
	}
	return eachWidget(c, func(at string, w widget) *rule.Finding {
		width, height, x := or(w.Width, 6), or(w.Height, 6), or(w.X, 0)
		if width < 1 || height < 1 || height > 1000 || x < 0 || or(w.Y, 0) < 0 || x+width > 24 {
			return badBody(at, "Should lie in the grid: x %d, width %d, height %d", x, width, height)
		}
		return nil
	})
}

func widgetTypes(c *catalog.Call) *rule.Finding {
	return eachWidget(c, func(at string, w widget) *rule.Finding {
		if !slices.Contains([]string{"metric", "text", "log", "alarm", "explorer", "custom"}, w.Type) {
			return badBody(at+"/type", "Should be equal to one of the allowed values, got %q", w.Type)
		}
		return nil
	})
}

// widgetNeeds are the properties that each type of widget must have.
var widgetNeeds = map[string][]string{"metric": {"region"}, "text": {"markdown"}, "log": {"query", "region"}, "alarm": {"alarms"}}

func widgetProperties(c *catalog.Call) *rule.Finding {
	return eachWidget(c, func(at string, w widget) *rule.Finding {
		for _, property := range widgetNeeds[w.Type] {
			if w.Properties[property] == nil {
				return badBody(at+"/properties", "Should have required property '%s'", property)
			}
		}
		annotations, _ := w.Properties["annotations"].(map[string]any)
		if w.Type == "metric" && w.Properties["metrics"] == nil && annotations["alarms"] == nil {
			return badBody(at+"/properties", "Should have required property 'metrics'")
		}
		return nil
	})
}

func widgetMetrics(c *catalog.Call) *rule.Finding {
	return eachWidget(c, func(at string, w widget) *rule.Finding {
		metrics, _ := w.Properties["metrics"].([]any)
		for i, metric := range metrics {
			fields, is := metric.([]any)
			if is && len(fields) > 0 {
				if options, last := fields[len(fields)-1].(map[string]any); last {
					if fields = fields[:len(fields)-1]; len(fields) == 0 && options["expression"] != nil {
						continue
					}
				}
			}
			if !is || len(fields) < 2 || len(fields)%2 != 0 {
				return badBody(fmt.Sprintf("%s/properties/metrics/%d", at, i), "Should have a namespace, a name and pairs of dimensions, has %d texts", len(fields))
			}
		}
		return nil
	})
}
