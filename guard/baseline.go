package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ripe is how long somebody must have been seen as an administrator before he
// counts as one, where it is not known who made him one: the longest time in
// which CloudTrail delivers an event (CloudTrail User Guide, "How CloudTrail
// works"), so that what made him one has been judged by then.
const Ripe = 15 * time.Minute

// settling is how long an event waits for others of the same moment, which a
// queue may deliver after it, before its caller counts as an administrator
// whom nobody made one.
const settling = time.Minute

// Baseline is what is remembered of who was an administrator when: what was
// read from IAM, and who made whom one. The order does not matter.
type Baseline struct {
	Seen   []Seen
	Grants []Grant
	// Missing are the administrators' groups that do not exist now.
	Missing []string
}

// Seen are the unique ids of all administrators at one time, as IAM said.
type Seen struct {
	At  time.Time
	IDs []string
}

// Grant is an event that made somebody an administrator, or took that away.
type Grant struct {
	ID string // unique id of whom it was done to
	// By says who did it, in words.
	By string
	// Standing is what he was who did it.
	Standing Standing
	At       time.Time // of the event
	Removed  bool
}

// Standing is what a caller was when he acted.
type Standing string

// The standings.
const (
	// Entitled callers are administrators, exempt, AWS itself or warden.
	Entitled Standing = "entitled"
	Outsider Standing = "outsider"
	// Doubtful callers are root, protected identities, and those of whom it
	// is not known what they are. What they grant counts after a while, when
	// people have had the time to see it.
	Doubtful Standing = "doubtful"
	// NotOurs are the callers of events that are not authentic, or about
	// another account: nothing that they say changes anything here.
	NotOurs Standing = "not ours"
)

// state is what somebody is at a time, by the baseline.
type state int

const (
	never state = iota // no administrator
	young              // seen as one, for less than Ripe, and nobody is known to have made him one
	trusted
	doubted // made one by a doubtful caller, not yet Ripe ago
	planted // made one by an outsider
	robbed  // was one until an outsider took it away
	lost    // was one, is not seen as one any more, and nobody is known to have taken it away
)

// standing is a state with what it rests on.
type standing struct {
	state state
	by    string    // who made him what he is
	since time.Time // since when
	first bool      // by the first look alone, which has nothing older to stand on
	was   bool      // he counted as one until then
}

// counts reports whether who has the rights of an administrator has them
// rightly. Who was robbed of them, or not seen with them, and has them again,
// is back where he was.
func (s standing) counts() bool { return s.state == trusted || s.state == robbed || s.state == lost }

// of says what the bearer of the id was at a time. Only what happened until
// then counts. The first look is believed, also for the time before it; each
// later one only after Ripe, unless an administrator's grant explains it. So
// it is the same whatever order events arrive in.
func (b *Baseline) of(id string, at time.Time) standing {
	type moment struct {
		at    time.Time
		grant *Grant
		seen  bool
	}
	var moments []moment
	looks := slices.SortedFunc(slices.Values(b.Seen), func(x, y Seen) int { return x.At.Compare(y.At) })
	for i, s := range looks {
		if i > 0 {
			moments = append(moments, moment{at: s.At, seen: slices.Contains(s.IDs, id)})
		}
	}
	var last time.Time
	for i := range b.Grants {
		if g := &b.Grants[i]; g.ID == id {
			moments = append(moments, moment{at: g.At, grant: g})
		}
	}
	slices.SortStableFunc(moments, func(x, y moment) int {
		return cmp.Or(x.at.Compare(y.at), inOneSecond(x.grant, y.grant))
	})
	var now standing
	if len(looks) > 0 && slices.Contains(looks[0].IDs, id) {
		now = standing{state: trusted, since: looks[0].At, first: true}
	}
	for _, m := range moments {
		if m.at.After(at) {
			break
		}
		now = now.ripen(m.at)
		switch {
		case m.grant != nil:
			now, last = now.granted(m.grant), m.at
		case m.at.Sub(last) < settling:
			// IAM needs a moment to show what was just granted.
		default:
			now = now.looked(m.seen, m.at)
		}
	}
	return now.ripen(at)
}

// inOneSecond orders what happened in the same second of CloudTrail's: what an
// administrator did comes first, so that it cannot cover up what others did,
// and what was seen comes last.
func inOneSecond(x, y *Grant) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	order := map[Standing]int{Entitled: 0, Doubtful: 1, Outsider: 2}
	removed := func(g *Grant) int {
		if g.Removed {
			return 1
		}
		return 0
	}
	return cmp.Or(order[x.Standing]-order[y.Standing], removed(x)-removed(y), cmp.Compare(x.By, y.By))
}

// ripen lets time pass.
func (s standing) ripen(at time.Time) standing {
	if at.Sub(s.since) < Ripe {
		return s
	}
	switch s.state {
	case young, doubted:
		return standing{state: trusted, since: s.since.Add(Ripe), by: s.by}
	case lost:
		return standing{state: never, since: s.since.Add(Ripe)}
	}
	return s
}

// looked takes in whether IAM named him an administrator.
func (s standing) looked(seen bool, at time.Time) standing {
	switch {
	case seen && s.state == never:
		return standing{state: young, since: at}
	case seen && (s.state == robbed || s.state == lost):
		return standing{state: trusted, since: at}
	case !seen && s.state == trusted:
		return standing{state: lost, since: at}
	case !seen && s.state != robbed && s.state != lost:
		return standing{state: never, since: at}
	}
	return s
}

// granted takes in what somebody did to him.
func (s standing) granted(g *Grant) standing {
	next := standing{since: g.At, by: g.By}
	switch {
	case g.Removed && g.Standing != Entitled && s.counts():
		next.state = robbed
	case g.Removed:
		next.state, next.was = never, s.counts()
	case g.Standing == Entitled:
		next.state = trusted
	case s.counts():
		// He was one already: nobody can discredit an administrator by
		// making him one again.
		s.state = trusted
		return s
	case g.Standing == Doubtful && s.state != planted:
		next.state = doubted
	default:
		next.state = planted
	}
	return next
}

// Counts reports whether the bearer of the id is known as an administrator.
func (b *Baseline) Counts(id string, at time.Time) bool { return b.of(id, at).counts() }

// unfounded says that the rule names a group that does not exist, and that
// nobody is known as an administrator by it, so that it tells nobody apart; ""
// otherwise. Somebody mistyped the name, or renamed or deleted the group and
// might do so: everybody would be contained who ought to repair it.
func (b *Baseline) unfounded(now time.Time) string {
	counts := func(id string) bool { return b.of(id, now).counts() }
	if len(b.Missing) == 0 || slices.ContainsFunc(b.Grants, func(g Grant) bool { return counts(g.ID) }) ||
		slices.ContainsFunc(b.Seen, func(s Seen) bool { return slices.ContainsFunc(s.IDs, counts) }) {
		return ""
	}
	return fmt.Sprintf("there is no group %s, and nobody is known as an administrator: look whether the rule is right", strings.Join(b.Missing, ", "))
}

// others reports whether the newest look shows an administrator besides the
// bearer of the id who counts as one. With former, those from whom that was
// taken a moment ago, or by an outsider, count too: who takes the place of the
// administrators does not become untouchable by it.
func (b *Baseline) others(id string, now time.Time, former bool) bool {
	if len(b.Seen) == 0 {
		return false
	}
	newest := slices.MaxFunc(b.Seen, func(x, y Seen) int { return x.At.Compare(y.At) })
	looks := []Seen{newest}
	if former {
		looks = b.Seen
	}
	return slices.ContainsFunc(looks, func(s Seen) bool {
		return slices.ContainsFunc(s.IDs, func(other string) bool {
			if other == id {
				return false
			}
			of := b.of(other, now)
			return of.state == trusted || former && of.counts()
		})
	})
}

// administrator judges a caller by whether he is an administrator. way is
// what makes him one now, "" for nothing. The verdict is "" when he is none
// and was none; remark then adds to the reason.
func (c *caseFile) administrator(who, way string) (v Verdict, reason, remark string) {
	b := c.facts.Baseline
	if b == nil {
		if way != "" {
			return Allowed, fmt.Sprintf("administrator: %s %s", who, way), ""
		}
		return "", "", ""
	}
	when := c.when()
	undated := c.e.Time.IsZero() || when.After(c.now.Add(settling))
	if undated {
		// No call was made later than now. Whoever dates one so does not ripen
		// by it, nor is it of a moment that others may explain.
		when = c.now
	}
	if c.handsOut() {
		// Who makes a key for an administrator and with it himself one, in one
		// second of CloudTrail's, was none when he made it.
		when = when.Add(-1)
	}
	then, today := b.of(c.j.Subject.ID, when), b.of(c.j.Subject.ID, c.now)
	if then.state == never && then.was && then.since.Equal(when) {
		// What he did in the second in which it was taken from him, he may have
		// done before; giving it up is the last thing that he does as one.
		then = b.of(c.j.Subject.ID, when.Add(-1))
	}
	if way == "" {
		v, reason, remark := c.formerly(who, then, today)
		if why := b.unfounded(c.now); v == "" && why != "" {
			return Escalate, fmt.Sprintf("%s %s, but %s", who, c.did(), why), ""
		}
		return v, reason, remark
	}
	if c.selfMade() != "" && !then.counts() {
		then = standing{state: planted}
	}
	switch {
	case then.counts():
		reason := fmt.Sprintf("administrator: %s %s", who, way)
		switch {
		case then.by != "":
			reason += ", made one by " + then.by
		case then.first && when.Sub(then.since) < Ripe:
			reason += ", trusted as of the first look"
		}
		return Allowed, reason, ""
	case then.state == doubted:
		return Escalate, fmt.Sprintf("%s %s, and %s because of %s: a person has to say whether that is right", who, c.did(), way, then.by), ""
	case then.state == planted && then.by == "":
	case then.state == planted:
		remark = fmt.Sprintf(": he %s, made an administrator by %s, who was none", way, then.by)
	case today.state == trusted:
		return Alert, fmt.Sprintf("%s %s; he became an administrator only later", who, c.did()), ""
	case c.now.Sub(when) < settling && !undated:
		c.j.Settling = true
		return Escalate, fmt.Sprintf("%s %s; he %s, but who made him an administrator is not known yet", who, c.did(), way), ""
	default:
		remark = fmt.Sprintf(": he %s, but for less than %s, and no administrator is known to have made him one", way, Ripe)
	}
	if !b.others(c.j.Subject.ID, c.now, then.state == planted) {
		return Escalate, fmt.Sprintf("%s %s%s; he may be the last administrator, so he is not contained", who, c.did(), remark), ""
	}
	return "", "", remark
}

// when is the time of the event; one that names none is judged as of now.
func (c *caseFile) when() time.Time {
	if c.e.Time.IsZero() {
		return c.now
	}
	return c.e.Time
}

// formerly judges a caller who is no administrator now and may have been one.
func (c *caseFile) formerly(who string, then, today standing) (Verdict, string, string) {
	switch then.state {
	case never:
		// Who took it away may turn out to have acted with a credential that
		// an outsider made; the event that tells comes within the moment.
		if then.was && c.now.Sub(then.since) < settling {
			c.j.Settling = true
			return Escalate, fmt.Sprintf("%s %s; %s took it from him a moment ago that he is an administrator", who, c.did(), then.by), ""
		}
	case robbed:
		return Escalate, fmt.Sprintf("%s %s; he was an administrator until %s, who is none, took that away", who, c.did(), then.by), ""
	case trusted, lost:
		if today.state == never || today.state == robbed {
			c.j.Standing = Entitled
			return Alert, fmt.Sprintf("%s %s; he was an administrator then and is none any more", who, c.did()), ""
		}
		c.j.Settling = c.now.Sub(c.when()) < settling && !c.e.Time.IsZero()
		return Escalate, fmt.Sprintf("%s %s; he was an administrator, and who took that away is not known yet", who, c.did()), ""
	}
	return "", "", ""
}
