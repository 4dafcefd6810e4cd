package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// The names that reach AWS carry the stack's name; its length decides whether they stay within AWS's limits.
var environmentName = regexp.MustCompile(`^[a-z][a-z0-9]{1,11}$`)

// entryName is what a service or function may be called: it becomes part of names with 32 characters at most.
var entryName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,18}[a-z0-9]$`)

// fargateMemory is AWS's table of memory (MiB) that goes with each cpu size: least, most, step.
// Source: Amazon ECS developer guide, "Task definition parameters for Fargate", task size.
var fargateMemory = map[int]struct{ least, most, step int }{
	256:   {512, 2048, 1024},
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

// rules checks what no single key shows: the keys against each other.
func (s *Settings) rules() []Problem {
	var problems problemList
	s.placeRules(&problems)
	s.networkRules(&problems)
	s.databaseRules(&problems)
	s.serviceRules(&problems)
	s.functionRules(&problems)
	s.partRules(&problems)
	return problems
}

type problemList []Problem

func (l *problemList) add(path string, value any, rule string, args ...any) {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value)
	}
	*l = append(*l, Problem{Path: path, Value: string(text), Rule: fmt.Sprintf(rule, args...)})
}

func (s *Settings) placeRules(problems *problemList) {
	if !environmentName.MatchString(s.Environment) {
		problems.add("stack name", s.Environment, "2 to 12 lower-case letters and digits, a letter first (AWS's 32-character names carry it)")
	}
	if s.Region == "" {
		*problems = append(*problems, Problem{Path: "aws:region", Rule: "is missing; set the primary region, such as us-east-1"})
	}
	if s.Recovery.Region == s.Region {
		problems.add("itrack:recovery.region", s.Recovery.Region, "must differ from aws:region: a copy in the same region survives nothing that the region does not")
	}
	if s.Account.AnomalyMonitor == "use" && s.Account.AnomalyMonitorArn == "" && s.Budget != nil {
		problems.add("itrack:account.anomalyMonitorArn", "", "is needed where itrack:account.anomalyMonitor is use: AWS has no look-up for it (aws ce get-anomaly-monitors prints it)")
	}
	for key := range s.Tags {
		if slices.Contains([]string{"Project", "Environment", "ManagedBy", "Name"}, key) || strings.HasPrefix(strings.ToLower(key), "aws:") {
			problems.add("itrack:tags."+key, s.Tags[key], "Project, Environment, ManagedBy and Name are set by the program, and aws: belongs to AWS")
		}
	}
	if s.Archive.ColdAfterDays >= s.Archive.RetentionDays {
		problems.add("itrack:archive.coldAfterDays", s.Archive.ColdAfterDays, "must be below itrack:archive.retentionDays (%d)", s.Archive.RetentionDays)
	}
}

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

func (s *Settings) networkRules(problems *problemList) {
	const path = "itrack:network.cidr"
	prefix, err := netip.ParsePrefix(s.Network.Cidr)
	switch {
	case err != nil:
		problems.add(path, s.Network.Cidr, "must be an IPv4 range such as 10.1.0.0/16")
	case prefix != prefix.Masked():
		problems.add(path, s.Network.Cidr, "has bits set behind the mask; the range is written %s", prefix.Masked())
	case prefix.Bits() < 16 || prefix.Bits() > 22:
		problems.add(path, s.Network.Cidr, "must be from /16 (AWS's largest) to /22 (below it the subnets are too small)")
	case !slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return r.Contains(prefix.Addr()) }):
		problems.add(path, s.Network.Cidr, "must lie in a private range: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
	}
	for i, text := range s.Network.AllowEgress {
		if allowed, err := netip.ParsePrefix(text); err != nil || allowed != allowed.Masked() {
			problems.add(fmt.Sprintf("itrack:network.allowEgress[%d]", i), text, "must be an IPv4 range without bits behind the mask")
		}
	}
	if s.Network.Nat == "none" && len(s.Network.AllowEgress) > 0 {
		problems.add("itrack:network.allowEgress", s.Network.AllowEgress, "needs a NAT gateway: set itrack:network.nat to single or perZone")
	}
	if s.Network.Nat == "none" {
		for _, service := range []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager"} {
			if !slices.Contains(s.Network.InterfaceEndpoints, service) {
				problems.add("itrack:network.interfaceEndpoints", s.Network.InterfaceEndpoints,
					"needs %s where itrack:network.nat is none: tasks can't start without it", service)
			}
		}
	}
}

func (s *Settings) databaseRules(problems *problemList) {
	d := s.Database
	if d.MaxStorageGb*10 < d.StorageGb*11 {
		problems.add("itrack:database.maxStorageGb", d.MaxStorageGb, "must be at least a tenth above itrack:database.storageGb (%d): AWS refuses less", d.StorageGb)
	}
	if small := d.Class == "db.t4g.micro" || d.Class == "db.t4g.small" || d.Class == "db.t3.micro" || d.Class == "db.t3.small"; small && d.Insights != "off" {
		problems.add("itrack:database.insights", d.Insights, "%s has no Database Insights for MySQL; set off, or a class of db.t4g.medium and above", d.Class)
	}
	d.windowRules(problems)
	if s.Protect && !d.DeletionProtection {
		problems.add("itrack:database.deletionProtection", false, "must be true where itrack:protect is true")
	}
	if s.Protect && !s.Items.DeletionProtection {
		problems.add("itrack:items.deletionProtection", false, "must be true where itrack:protect is true")
	}
}

func (s *Settings) serviceRules(problems *problemList) {
	if len(s.Services) == 0 {
		*problems = append(*problems, Problem{Path: "itrack:services", Rule: "needs at least 1 entry, such as backend: {path: /api}"})
	}
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service, path := s.Services[name], "itrack:services."+name
		if !entryName.MatchString(name) {
			problems.add(path, name, "a service's name is 2 to 20 lower-case letters, digits and hyphens, a letter first")
		}
		if first, taken := owner[service.Path]; taken {
			problems.add(path+".path", service.Path, "is the path of itrack:services.%s already", first)
		}
		owner[service.Path] = name
		if len(service.Path) > 1 && strings.HasSuffix(service.Path, "/") {
			problems.add(path+".path", service.Path, "has no slash at the end")
		}
		size := fargateMemory[service.Cpu]
		if service.Memory < size.least || service.Memory > size.most ||
			(service.Memory != size.least && service.Memory%size.step != 0) {
			problems.add(path+".memory", service.Memory, "does not go with cpu %d: Fargate takes %d to %d MiB in steps of %d", service.Cpu, size.least, size.most, size.step)
		}
		if service.Min > service.Max {
			problems.add(path+".min", service.Min, "must not be above max (%d)", service.Max)
		}
		if service.Desired < service.Min || service.Desired > service.Max {
			problems.add(path+".desired", service.Desired, "must be from min (%d) to max (%d)", service.Min, service.Max)
		}
		if s.Network.Nat == "none" && !strings.Contains(service.BootstrapImage.Image, ".dkr.ecr.") {
			problems.add(path+".bootstrapImage.image", service.BootstrapImage.Image,
				"can't be pulled where itrack:network.nat is none: use an image in ECR of this account, or NAT single")
		}
		for key := range service.Environment {
			if reservedVariables.MatchString(key) || !variableName.MatchString(key) {
				problems.add(path+".environment."+key, service.Environment[key],
					"is set by the program or by ECS, is a secret's name, or is no variable name (letters, digits, underscores)")
			}
		}
	}
}

var (
	variableName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reservedVariables = regexp.MustCompile(`^(DB_|ITEMS_TABLE$|HISTORY_TABLE$|AWS_|ECS_|PORT$|JWT_SECRET$|API_KEY$|DB_PASSWORD$|ENVIRONMENT$)`)
)

func (s *Settings) functionRules(problems *problemList) {
	hooks := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s.Functions)) {
		function, path := s.Functions[name], "itrack:functions."+name
		if !entryName.MatchString(name) {
			problems.add(path, name, "a function's name is 2 to 20 lower-case letters, digits and hyphens, a letter first")
		}
		if function.Stream != "" && function.Hook != "" {
			problems.add(path+".hook", function.Hook, "and stream exclude each other")
		}
		if function.Hook != "" {
			if first, taken := hooks[function.Hook]; taken {
				problems.add(path+".hook", function.Hook, "is the hook of itrack:functions.%s already", first)
			}
			hooks[function.Hook] = name
			if !function.Vpc {
				problems.add(path+".vpc", false, "must be true for a hook: the balancer and the database have no public address")
			}
		}
		if function.Data.Database && !function.Vpc {
			problems.add(path+".vpc", false, "must be true where data.database is: the database has no public address")
		}
		if function.DurationMillisAlarm > function.Timeout*1000 {
			problems.add(path+".durationMillisAlarm", function.DurationMillisAlarm, "must not be above timeout (%d ms)", function.Timeout*1000)
		}
		for key := range function.Environment {
			if reservedVariables.MatchString(key) || !variableName.MatchString(key) {
				problems.add(path+".environment."+key, function.Environment[key],
					"is set by the program or by Lambda, is a secret's name, or is no variable name (letters, digits, underscores)")
			}
		}
	}
}

func (s *Settings) partRules(problems *problemList) {
	if b := s.Backup; b != nil {
		if b.Lock != nil {
			for _, kept := range []struct {
				key  string
				days int
			}{{"dailyDays", b.DailyDays}, {"weeklyDays", b.WeeklyDays}, {"copyDays", b.CopyDays}} {
				if kept.key == "copyDays" && kept.days == 0 {
					continue
				}
				if kept.days < b.Lock.MinDays || kept.days > b.Lock.MaxDays {
					problems.add("itrack:backup."+kept.key, kept.days, "must be from lock.minDays (%d) to lock.maxDays (%d): the locked vault refuses other recovery points", b.Lock.MinDays, b.Lock.MaxDays)
				}
			}
			if b.ForceDestroy {
				problems.add("itrack:backup.forceDestroy", true, "and lock exclude each other")
			}
		}
		if b.RestoreTest != nil && !slices.ContainsFunc(slices.Collect(maps.Values(s.Functions)), func(f FunctionSettings) bool { return f.Hook == "restore" }) {
			problems.add("itrack:backup.restoreTest", "", "needs a function with hook: restore, which queries what came back")
		}
		if s.Protect && b.ForceDestroy {
			problems.add("itrack:backup.forceDestroy", true, "must be false where itrack:protect is true")
		}
	}
	if s.Protect && s.Frontend.ForceDestroy {
		problems.add("itrack:frontend.forceDestroy", true, "must be false where itrack:protect is true")
	}
	if s.Delivery.Traffic != "allAtOnce" && !slices.ContainsFunc(slices.Collect(maps.Values(s.Functions)), func(f FunctionSettings) bool { return f.Hook == "deployment" }) {
		problems.add("itrack:delivery.traffic", s.Delivery.Traffic, "needs a function with hook: deployment, which tries the new version before users meet it")
	}
}

// fillLists gives lists their defaults, which tags can't hold.
func (s *Settings) fillLists() {
	if len(s.Waf.Methods) == 0 {
		s.Waf.Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	}
	for name, service := range s.Services {
		if len(service.BootstrapImage.Command) == 0 {
			service.BootstrapImage.Command = bootstrapCommand(service.Port)
		}
		s.Services[name] = service
	}
}

// bootstrapCommand answers 200 on every path until the first deployment.
func bootstrapCommand(port int) []string {
	return []string{"python3", "-c", fmt.Sprintf(`import http.server as h
class A(h.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"waiting for the first deployment")
h.ThreadingHTTPServer(("", %d), A).serve_forever()`, port)}
}
