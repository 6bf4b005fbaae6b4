// Package plant makes accounts whose answers are known, for tests and
// measurements of the audit.
//
// [Make] builds an account from a seed, out of users, roles, policies and
// settings that it knows to be wrong, right, or impossible to tell, and says so
// in its [Answer]s. These come from how the account was built: dates that were
// chosen on one or the other side of a threshold, permissions that were given
// or left out, evidence that was taken away. Nothing of the audit is asked;
// the package knows the account as data and no more.
//
// A few seeds in a row show every plant: the choices that an account makes
// once, such as its trail, go round with the seed.
package plant

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"warden/account"
)

// Want is what an audit must say.
type Want string

// The answers. Pass is also what an audit says by keeping silent.
const (
	Fail    Want = "fail"
	Unknown Want = "unknown"
	Pass    Want = "pass"
)

// Answer is the known answer to a control's question about a subject. Whatever
// an account's answers do not list is as it should be.
type Answer struct {
	Control string `json:"control"`
	Subject string `json:"subject"` // an ARN; the root user's stands for the account
	// Part tells several answers about one subject apart, "" where there is
	// one; the words are those of the audit.
	Part string `json:"part,omitempty"`
	Want Want   `json:"want"`
	// Loose is the answer under versions of the benchmark that give unused
	// credentials 90 days instead of 45; "" where it is the same.
	Loose Want `json:"loose,omitempty"`
	// Plant says what was planted.
	Plant string `json:"plant"`
}

// Size is how many entities an account has; what is planted may be less. Zero
// means a small account, in which everything has room.
type Size struct{ Users, Roles, Groups, Policies int }

// The sizes that are measured: a common account, and one near the quotas.
var (
	Common = Size{Users: 500, Roles: 200, Groups: 50, Policies: 300}
	Large  = Size{Users: 5000, Roles: 2000, Groups: 500, Policies: 3000}
)

// Options choose an account.
type Options struct {
	Seed uint64
	Size Size
	// Now is the time that ages are counted back from; the zero value is a
	// time of the seed's own.
	Now time.Time
	// Complete leaves no evidence out, so that no answer is unknown for the
	// lack of it; for emulators, which serve everything.
	Complete bool
}

// Account is a planted account.
type Account struct {
	Snapshot *account.Snapshot
	// Now is the time that the answers are true of.
	Now time.Time
	// Events are CloudTrail records that count as uses.
	Events  []json.RawMessage
	Answers []Answer
}

// Number is the account's id.
const Number = "111122223333"

const (
	day           = 24 * time.Hour
	administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
	support       = "arn:aws:iam::aws:policy/AWSSupportAccess"
	cloudShell    = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
)

// Make makes the account of a seed: the same options, the same account.
func Make(o Options) *Account {
	if o.Size == (Size{}) {
		o.Size = Size{Users: 110, Roles: 100, Groups: 40, Policies: 60}
	}
	now := o.Now
	if now.IsZero() {
		now = time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC).Add(time.Duration(o.Seed%1000) * 7 * time.Hour)
	}
	p := &planter{
		Rand: rand.New(rand.NewPCG(o.Seed, 0xacc)), o: o, now: now, services: map[string]bool{}, owners: map[string]bool{},
		s: &account.Snapshot{Version: account.Version, Account: Number, Partition: "aws", CollectedAt: now,
			Users: []account.User{}, Groups: []account.Group{}, Roles: []account.Role{}, Policies: []account.ManagedPolicy{}},
	}
	p.reportAt = now.Add(-time.Duration(p.IntN(239)) * time.Minute)
	p.plan()
	p.settings()
	p.root()
	p.monitoring()
	p.policies()
	p.privileges()
	p.escalations()
	p.fill()
	for _, f := range p.later {
		f()
	}
	p.shuffle()
	return &Account{Snapshot: p.s, Now: now, Events: p.events, Answers: p.answers}
}

type planter struct {
	*rand.Rand
	o        Options
	s        *account.Snapshot
	now      time.Time
	reportAt time.Time
	lost     struct{ report, services bool }
	sequence int
	answers  []Answer
	events   []json.RawMessage
	// services are those that an administrator's role, or one that becomes
	// an administrator, trusts.
	services map[string]bool
	later    []func()
	owners   map[string]bool // of policies of their own, by ARN
	rows     []account.CredentialRow
	noSCP    bool // control policies forbid to read secrets
}

// turn returns which of n variants this account has of a choice that it makes
// once. Any n seeds in a row have all of them.
func (p *planter) turn(choice string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(choice))
	k, m := p.o.Seed, uint64(n)
	return int((k + uint64(h.Sum32()) + k/m*uint64(h.Sum32()>>9)) % m)
}

func (p *planter) answer(control, subject, part string, want Want, plant string) {
	p.answers = append(p.answers, Answer{Control: control, Subject: subject, Part: part, Want: want, Plant: plant})
}

// plan decides which evidence of many subjects is taken away.
func (p *planter) plan() {
	if p.o.Complete {
		return
	}
	switch p.turn("lost", 8) {
	case 0:
		p.lost.report = true
		p.gap("iam:GetCredentialReport", "", "AccessDenied")
	case 1:
		p.lost.services = true
		p.gap("iam:ListServiceSpecificCredentials", "", "AccessDenied")
	}
}

func (p *planter) gap(what, subject, why string) {
	p.s.Gaps = append(p.s.Gaps, account.Gap{What: what, Subject: subject, Reason: why})
}

func (p *planter) ago(d time.Duration) time.Time { return p.now.Add(-d) }

// one draws from a list.
func one[T any](p *planter, list ...T) T { return list[p.IntN(len(list))] }

func arn(kind, name string) string { return "arn:aws:iam::" + Number + ":" + kind + "/" + name }

const rootARN = "arn:aws:iam::" + Number + ":root"

func known[T any](p *planter, call string, v T) *account.Fact[T] {
	return &account.Fact[T]{Evidence: account.Evidence{Source: call, At: p.now}, Value: v}
}

// fill adds ordinary people, roles, groups and policies until the account has
// its size.
func (p *planter) fill() {
	for len(p.s.Policies) < p.o.Size.Policies {
		p.policy(p.name("policy"), p.harmless(1+p.IntN(5))...)
	}
	var groups []string
	for len(p.s.Groups) < p.o.Size.Groups {
		g := p.group(p.name("team"))
		g.Attached = []string{p.policyAt(p.IntN(8)), p.policyAt(8 + p.IntN(20))}
		groups = append(groups, g.Name)
	}
	for len(p.s.Users) < p.o.Size.Users {
		u := p.user(p.name(one(p, "ann", "bob,x", "eve@corp", "a+b", "ci=deploy")), creds{})
		for range p.IntN(3) {
			if len(groups) > 0 {
				u.Groups = append(u.Groups, one(p, groups...))
			}
		}
		if p.IntN(6) == 0 {
			p.own(u)
		}
	}
	for len(p.s.Roles) < p.o.Size.Roles {
		r := p.role(p.name("svc"), `{"Service":"`+one(p, "events", "backup", "config", "firehose")+`.amazonaws.com"}`)
		r.Attached = []string{p.policyAt(p.IntN(60))}
		p.trusts(r)
	}
}

// shuffle puts everything into an order that tells nothing.
func (p *planter) shuffle() {
	s := p.s
	p.Shuffle(len(s.Users), func(i, j int) { s.Users[i], s.Users[j] = s.Users[j], s.Users[i] })
	p.Shuffle(len(s.Roles), func(i, j int) { s.Roles[i], s.Roles[j] = s.Roles[j], s.Roles[i] })
	p.Shuffle(len(s.Groups), func(i, j int) { s.Groups[i], s.Groups[j] = s.Groups[j], s.Groups[i] })
	p.Shuffle(len(s.Policies), func(i, j int) { s.Policies[i], s.Policies[j] = s.Policies[j], s.Policies[i] })
	if !p.lost.report {
		s.CredentialReport = &account.CredentialReport{
			Evidence: account.Evidence{Source: "iam:GetCredentialReport", At: p.reportAt}, Columns: 22, Rows: p.rows}
	}
}
