package tests

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/itrack/itrack/internal/rehearsal/aws/regions"
)

// settings reads and writes a configuration by path; what is not set reads as the schema's default.
type settings struct{ config map[string]any }

func (s settings) parent(path string, make bool) (map[string]any, string) {
	key, rest, _ := strings.Cut(path, ".")
	at := s.config
	for rest != "" {
		next, ok := at[key].(map[string]any)
		if !ok {
			if !make {
				return nil, ""
			}
			next = map[string]any{}
			at[key] = next
		}
		at = next
		key, rest, _ = strings.Cut(rest, ".")
	}
	return at, key
}

func (s settings) get(path string) any {
	if at, key := s.parent(path, false); at != nil {
		if value, set := at[key]; set {
			return value
		}
	}
	n := schema()
	for _, step := range strings.Split(path, ".") {
		if n.at("properties") != nil {
			n = n.at("properties").at(step)
		} else {
			n = n.at("additionalProperties")
		}
	}
	return whole(n["default"])
}

func (s settings) num(path string) int     { value, _ := s.get(path).(int); return value }
func (s settings) text(path string) string { value, _ := s.get(path).(string); return value }
func (s settings) flag(path string) bool   { value, _ := s.get(path).(bool); return value }
func (s settings) has(path string) bool {
	at, key := s.parent(path, false)
	return at != nil && at[key] != nil
}
func (s settings) set(path string, value any) { at, key := s.parent(path, true); at[key] = value }
func (s settings) unset(path string) {
	if at, key := s.parent(path, false); at != nil {
		delete(at, key)
	}
}

func (s settings) entries(path string) []string {
	at, _ := s.get(path).(map[string]any)
	return slices.Sorted(maps.Keys(at))
}

// settle makes the keys agree that depend on each other, each rule of infra/config_rules.go in turn.
func (d drawing) settle(s settings) {
	if cold := s.num("itrack:archive.coldAfterDays"); cold >= s.num("itrack:archive.retentionDays") {
		s.set("itrack:archive.coldAfterDays", 30)
		s.set("itrack:archive.retentionDays", max(31, min(cold+1, 3650)))
	}
	region := s.text("aws:region")
	if s.text("itrack:recovery.region") == region {
		s.set("itrack:recovery.region", map[bool]string{true: "us-west-2", false: "us-east-1"}[region == "us-east-1"])
	}
	if s.text("itrack:account.anomalyMonitor") == "use" && !s.has("itrack:account.anomalyMonitorArn") {
		s.set("itrack:account.anomalyMonitorArn", "arn:aws:ce::111122223333:anomalymonitor/1")
	}
	if zones := len(regions.Zones(region)); s.num("itrack:network.zones") > zones {
		s.set("itrack:network.zones", zones)
	}
	if s.text("itrack:network.nat") == "none" {
		s.unset("itrack:network.allowEgress")
		list, _ := s.get("itrack:network.interfaceEndpoints").([]any)
		for _, service := range []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager"} {
			if !slices.Contains(list, any(service)) {
				list = append(list, service)
			}
		}
		s.set("itrack:network.interfaceEndpoints", list)
	}
	d.settleData(s)
	d.settleServices(s)
	d.settleFunctions(s)
	d.settleBackup(s)
}

func (d drawing) settleData(s settings) {
	if storage := s.num("itrack:database.storageGb"); s.num("itrack:database.maxStorageGb")*10 < storage*11 {
		storage = min(storage, 59000)
		s.set("itrack:database.storageGb", storage)
		s.set("itrack:database.maxStorageGb", min(storage+storage/5+2, 65536))
	}
	if class := s.text("itrack:database.class"); class == "db.t4g.micro" || class == "db.t4g.small" {
		s.set("itrack:database.insights", "off")
	}
	if s.flag("itrack:protect") {
		s.set("itrack:database.deletionProtection", true)
		s.set("itrack:items.deletionProtection", true)
		s.set("itrack:frontend.forceDestroy", false)
		if s.has("itrack:backup") {
			s.set("itrack:backup.forceDestroy", false)
		}
	}
}

func (d drawing) settleServices(s settings) {
	for i, name := range s.entries("itrack:services") {
		at := "itrack:services." + name
		// Every service needs a path of its own; the first one may have any.
		path := strings.TrimRight(s.text(at+".path"), "/")
		if i > 0 || path == "" {
			path = "/" + name
		}
		s.set(at+".path", path)
		if s.has(at + ".openapi") {
			s.set(at+".openapi", name+".yaml")
		}
		cpu := s.num(at + ".cpu")
		s.set(at+".memory", cpu*rapid.SampledFrom([]int{2, 4}).Draw(d.T, at+".memory factor"))
		least := s.num(at + ".min")
		most := max(least, s.num(at+".max"))
		s.set(at+".max", most)
		s.set(at+".desired", min(max(s.num(at+".desired"), least), most))
		if s.text("itrack:network.nat") == "none" {
			s.set(at+".bootstrapImage.image", "111122223333.dkr.ecr."+s.text("aws:region")+".amazonaws.com/itrack/"+name+":1")
		}
	}
}

func (d drawing) settleFunctions(s settings) {
	hooks := map[string]bool{}
	for _, name := range s.entries("itrack:functions") {
		at := "itrack:functions." + name
		if hook := s.text(at + ".hook"); hook != "" {
			if hooks[hook] {
				s.unset(at + ".hook")
			} else {
				hooks[hook] = true
				s.unset(at + ".stream")
				s.set(at+".vpc", true)
			}
		}
		if s.flag(at + ".data.database") {
			s.set(at+".vpc", true)
		}
		s.set(at+".durationMillisAlarm", min(s.num(at+".durationMillisAlarm"), s.num(at+".timeout")*1000))
	}
	s.settleHooks()
}

// settleHooks takes out what needs a hook that no function serves.
func (s settings) settleHooks() {
	served := map[string]bool{}
	for _, name := range s.entries("itrack:functions") {
		served[s.text("itrack:functions."+name+".hook")] = true
	}
	if !served["deployment"] {
		s.unset("itrack:delivery.traffic")
	}
	if !served["restore"] {
		s.unset("itrack:backup.restoreTest")
	}
}

func (d drawing) settleBackup(s settings) {
	if !s.has("itrack:backup.lock") {
		return
	}
	s.set("itrack:backup.forceDestroy", false)
	least, most := s.num("itrack:backup.lock.minDays"), s.num("itrack:backup.lock.maxDays")
	if least > most {
		least, most = most, least
	}
	s.set("itrack:backup.lock.minDays", min(least, 3650))
	s.set("itrack:backup.lock.maxDays", most)
	for _, key := range []string{"dailyDays", "weeklyDays", "copyDays"} {
		if days := s.num("itrack:backup." + key); key != "copyDays" || days != 0 {
			s.set("itrack:backup."+key, min(max(days, least), min(most, 3650)))
		}
	}
}
