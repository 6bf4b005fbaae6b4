package audit_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/audit"
	"warden/finding"
	"warden/internal/plant"
	"warden/trail"
)

// seeds are enough for every plant to be there, and near misses of each.
const seeds = 40

// judged is the report about a planted account.
func judged(tb testing.TB, a *plant.Account, s audit.Selection) *audit.Report {
	tb.Helper()
	e := audit.NewEvidence(a.Snapshot, a.Now)
	for _, record := range a.Events {
		ev, err := trail.ParseEvent(record)
		if err != nil {
			tb.Fatal(err)
		}
		e.See(ev, "planted")
	}
	return audit.Run(e, s)
}

type subject struct{ control, arn, part string }

// truth is what must fail or be unknown, and why.
func truth(a *plant.Account, loose bool) map[subject]plant.Answer {
	out := map[subject]plant.Answer{}
	for _, x := range a.Answers {
		if loose && x.Loose != "" {
			x.Want = x.Loose
		}
		if _, twice := out[subject{x.Control, x.Subject, x.Part}]; twice {
			panic(fmt.Sprintf("two answers: %+v", x))
		}
		out[subject{x.Control, x.Subject, x.Part}] = x
	}
	return out
}

// count is how the answers of a control compare with what was planted.
type count struct{ planted, nearMiss, lost, found, wrong int }

// TestPlanted: precision and recall are 1 for every control. Everything that
// was planted is found, with its status, and nothing else fails or is unknown.
func TestPlanted(t *testing.T) {
	t.Parallel()
	counts := map[string]*count{}
	of := func(control string) *count {
		if counts[control] == nil {
			counts[control] = &count{}
		}
		return counts[control]
	}
	paths := map[string]map[plant.Want]bool{}
	for seed := range uint64(seeds) {
		a := plant.Make(plant.Options{Seed: seed})
		r := judged(t, a, audit.Selection{})
		known := truth(a, false)
		for k, x := range known {
			c := of(k.control)
			switch x.Want {
			case plant.Fail:
				c.planted++
			case plant.Unknown:
				c.lost++
			default:
				c.nearMiss++
			}
			if id, _, found := strings.Cut(x.Plant, ", "); found && k.control == "principal.escalation" {
				if paths[id] == nil {
					paths[id] = map[plant.Want]bool{}
				}
				paths[id][x.Want] = true
			}
		}
		for _, f := range r.Findings {
			want := known[subject{f.Control, f.Subject, f.Part}]
			delete(known, subject{f.Control, f.Subject, f.Part})
			if f.Status != finding.Fail && f.Status != finding.Unknown {
				if want.Want == plant.Fail || want.Want == plant.Unknown {
					of(f.Control).wrong++
					t.Errorf("seed %d: %s %s %q is %s, want %s (%s): %s", seed, f.Control, f.Subject, f.Part, f.Status, want.Want, want.Plant, f.Summary)
				}
				continue
			}
			if string(f.Status) == string(want.Want) {
				of(f.Control).found++
				continue
			}
			of(f.Control).wrong++
			t.Errorf("seed %d: %s %s %q is %s, want %q (%s): %s", seed, f.Control, f.Subject, f.Part, f.Status, want.Want, want.Plant, f.Summary)
		}
		for k, x := range known {
			if x.Want != plant.Pass {
				of(k.control).wrong++
				t.Errorf("seed %d: %s %s %q: nothing is said, want %s (%s)", seed, k.control, k.arn, k.part, x.Want, x.Plant)
			}
		}
	}
	for _, c := range audit.All() {
		if c.Judge == nil {
			continue
		}
		n := of(c.ID)
		t.Logf("%-26s %5d planted, %5d unknown, %5d near misses; %5d found, %d wrong", c.ID, n.planted, n.lost, n.nearMiss, n.found, n.wrong)
		// Details of users, roles and policies are what accounts are made of.
		if n.planted == 0 || n.nearMiss == 0 || n.lost == 0 && !slices.Contains(always, c.ID) {
			t.Errorf("%s: %d planted, %d unknown, %d near misses: each must be there", c.ID, n.planted, n.lost, n.nearMiss)
		}
	}
	for _, id := range plant.Paths() {
		if !paths[id][plant.Fail] && !paths[id][plant.Unknown] || !paths[id][plant.Pass] {
			t.Errorf("path %s: planted as %v only", id, paths[id])
		}
	}
}

// always are the controls whose evidence no plant takes away; the examples do.
var always = []string{"user.groups-only", "role.inactive", "policy.cloudshell", "role.support"}

// TestPlantedLoose: versions that give credentials 90 days have their own
// answers.
func TestPlantedLoose(t *testing.T) {
	t.Parallel()
	s, err := audit.ParseSelection("cis-1.3", []string{"credential.unused"})
	if err != nil {
		t.Fatal(err)
	}
	different := 0
	for seed := range uint64(seeds / 4) {
		a := plant.Make(plant.Options{Seed: seed})
		known := truth(a, true)
		for _, f := range judged(t, a, s).Findings {
			want := known[subject{f.Control, f.Subject, f.Part}]
			if string(f.Status) != string(want.Want) {
				t.Errorf("seed %d: %s %q is %s, want %s (%s)", seed, f.Subject, f.Part, f.Status, want.Want, want.Plant)
			}
			if strict := truth(a, false)[subject{f.Control, f.Subject, f.Part}]; strict.Want != want.Want {
				different++
			}
		}
	}
	if different == 0 {
		t.Error("the thresholds make no difference")
	}
}

// TestPlantedFiles: the same account as the files that AWS's CLI writes, with
// dates of any time zone, has the same answers about credentials.
func TestPlantedFiles(t *testing.T) {
	t.Parallel()
	controls := audit.Selection{Only: []string{"root.used", "user.mfa", "user.setup-key", "user.two-keys", "credential.unused", "key.age", "user.inactive"}}
	for seed, zone := range []*time.Location{time.UTC, time.FixedZone("", 5*3600+1800), time.FixedZone("", -9*3600-1800), time.FixedZone("", 14*3600)} {
		a := plant.Make(plant.Options{Seed: uint64(seed)})
		was := judged(t, a, controls)
		if a.Snapshot.CredentialReport == nil {
			continue
		}
		var b bytes.Buffer
		if err := plant.WriteReport(&b, a.Snapshot.CredentialReport, zone); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll("\ufeff"+b.String(), "\n", "\r\n")
		r, err := account.ReadCredentialReport("report.csv", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Evidence = a.Snapshot.CredentialReport.Evidence
		a.Snapshot.CredentialReport, a.Now = r, a.Now.In(zone)
		is := judged(t, a, controls)
		for i, f := range is.Findings {
			if f.Status != was.Findings[i].Status || f.ID != was.Findings[i].ID {
				t.Errorf("%s: %s %q is %s, was %s", zone, f.Control, f.Subject, f.Status, was.Findings[i].Status)
			}
		}
	}
}

// TestPlantedLosing: whatever part of the evidence is taken away, nothing that
// failed or was unknown passes.
func TestPlantedLosing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		a := plant.Make(plant.Options{Seed: seed, Size: plant.Size{Users: 40, Roles: 30, Groups: 20, Policies: 20}})
		a.Events = nil
		before := map[subject]finding.Status{}
		worst := map[string]finding.Status{}
		for _, f := range judged(t, a, audit.Selection{}).Findings {
			before[subject{f.Control, f.Subject, f.Part}] = f.Status
			if _, ok := worst[f.Control]; !ok {
				worst[f.Control] = f.Status
			}
		}
		facts := reflect.ValueOf(&a.Snapshot.Facts).Elem()
		for i := range facts.NumField() {
			field, name := facts.Field(i), facts.Type().Field(i).Name
			was := reflect.ValueOf(field.Interface())
			if name == "Organization" && a.Snapshot.Guardrails != nil {
				continue // who has control policies is taken for a member
			}
			field.SetZero()
			seen := map[string]bool{}
			for _, f := range judged(t, a, audit.Selection{}).Findings {
				old, told := before[subject{f.Control, f.Subject, f.Part}]
				if told && (old == finding.Fail || old == finding.Unknown) && (f.Status == finding.Pass || f.Status == finding.NotApplicable) && name != "Summary" {
					t.Errorf("seed %d: %s %s %q was %s; without %s it is %s: %s", seed, f.Control, f.Subject, f.Part, old, name, f.Status, f.Summary)
				}
				if was := worst[f.Control]; !seen[f.Control] && (was == finding.Fail || was == finding.Unknown) && f.Status != finding.Fail && f.Status != finding.Unknown && name != "Summary" {
					t.Errorf("seed %d: %s was %s; without %s it is %s", seed, f.Control, was, name, f.Status)
				}
				seen[f.Control] = true
			}
			field.Set(was)
		}
	}
}

// TestPlantedSnapshot: a snapshot that was written and read again has the same
// answers to everything.
func TestPlantedSnapshot(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		a := plant.Make(plant.Options{Seed: seed})
		was := judged(t, a, audit.Selection{})
		var b bytes.Buffer
		if err := account.WriteSnapshot(&b, a.Snapshot); err != nil {
			t.Fatal(err)
		}
		s, err := account.ReadSnapshot("planted", &b)
		if err != nil {
			t.Fatal(err)
		}
		a.Snapshot = s
		is := judged(t, a, audit.Selection{})
		if len(is.Findings) != len(was.Findings) {
			t.Fatalf("seed %d: %d findings, then %d", seed, len(was.Findings), len(is.Findings))
		}
		for i, f := range is.Findings {
			if w := was.Findings[i]; f.Status != w.Status || f.ID != w.ID || f.Summary != w.Summary {
				t.Errorf("seed %d: %s %s is %s %q, was %s %q", seed, f.Control, f.Subject, f.Status, f.Summary, w.Status, w.Summary)
			}
		}
	}
}
