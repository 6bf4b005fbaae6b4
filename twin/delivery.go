package twin

import (
	"container/heap"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"warden/policy"
	"warden/twin/wire"
)

// holdAtMost is how long a reordered event waits for a successor that does not
// come.
const holdAtMost = time.Second

// bus is the account's default event bus. Without faults an event is in the
// queues before the call that made it is answered. With faults the draws of
// the n-th event depend on the seed and on n alone, so that the same calls in
// the same order meet the same faults.
type bus struct {
	t      *Twin
	seed   uint64
	faulty bool

	// policy lets other accounts send events to this bus. It has no lock:
	// requests are authorized under the twin's.
	policy atomic.Pointer[busPolicy]

	mu      *sync.Mutex // one for all buses of an organization
	rules   map[string]*rule
	drawn   uint64 // events so far
	order   uint64 // deliveries so far
	waiting deliveries
	held    []*delivery // wait for the next event
	timer   *time.Timer
}

// delivery is an event on its way to targets.
type delivery struct {
	due     time.Time
	order   uint64
	event   []byte
	targets []ruleTarget
	// readOnly events are known by the record; foreign ones come from another
	// account.
	readOnly, foreign bool
	rank              int // the place in the heap, see container/heap
}

// ruleTarget is where a rule sends what it matches.
type ruleTarget struct {
	rule, arn, id string // ARNs of the rule and of the target
	role          string // the ARN of the role to deliver with, "" for none
}

func newBus(t *Twin, seed int64) *bus {
	f := t.faults
	return &bus{
		t: t, seed: uint64(seed), mu: new(sync.Mutex), rules: map[string]*rule{},
		faulty: f.EventDelay > 0 || f.EventJitter > 0 || f.Duplicate > 0 || f.Reorder > 0 || f.Loss > 0,
	}
}

// management sends a CloudTrail record to the rules that want it. EventBridge
// Reference, "AWS service events delivered via AWS CloudTrail".
func (b *bus) management(r *record) {
	if r.region != b.t.region || !b.t.trails.log(r) {
		return // CloudTrail's events stay in their region, and need a trail
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rules) == 0 {
		return
	}
	e := make([]byte, 0, len(r.json)+320)
	e = append(e, `{"version":"0"`...)
	e = member(e, "id", b.t.random.uuid())
	e = member(e, "detail-type", "AWS API Call via CloudTrail")
	e = member(e, "source", "aws."+strings.TrimSuffix(r.source, ".amazonaws.com"))
	e = member(e, "account", b.t.account)
	e = member(e, "time", r.at.Format(time.RFC3339))
	e = member(e, "region", r.region)
	e = append(e, `,"resources":[],"detail":`...)
	e = append(e, r.json...)
	e = append(e, '}')
	b.match(e, r.readOnly)
}

// custom sends an event of PutEvents to the rules.
func (b *bus) custom(event []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.match(event, false)
}

// match sends an event to the targets of the rules that want it.
func (b *bus) match(event []byte, readOnly bool) {
	if targets := b.wanted(event, readOnly); len(targets) > 0 {
		b.schedule(&delivery{event: event, targets: targets, readOnly: readOnly, rank: -1})
	}
}

// wanted finds the targets of an event. A rule takes read-only management
// events only in the state for all of them (EventBridge User Guide, "Rules that
// match read-only management events from AWS services").
func (b *bus) wanted(event []byte, readOnly bool) []ruleTarget {
	var targets []ruleTarget
	var decoded map[string]any
	for _, name := range sortedRules(b.rules) {
		r := b.rules[name]
		if !r.takes(readOnly) || len(r.targets) == 0 {
			continue
		}
		if decoded == nil {
			var err error
			if decoded, err = decodeEvent(event); err != nil {
				b.t.log.Error("an event is no JSON", slog.Any("error", err))
				return nil
			}
		}
		if r.pattern.matches(decoded) {
			targets = append(targets, r.targets...)
		}
	}
	return targets
}

// schedule draws what happens to an event.
func (b *bus) schedule(d *delivery) {
	if !b.faulty {
		b.deliver(d)
		return
	}
	f, now := b.t.faults, b.t.now()
	draw := rand.New(rand.NewPCG(b.seed, b.drawn))
	b.drawn++
	late, twice, swapped, again, lost := draw.Float64(), draw.Float64(), draw.Float64(), draw.Float64(), draw.Float64()
	if lost < f.Loss {
		b.run(now)
		return
	}
	d.due = now.Add(f.EventDelay + time.Duration(late*float64(f.EventJitter)))
	b.push(d)
	copies := []*delivery{d}
	if twice < f.Duplicate {
		d := &delivery{event: d.event, targets: d.targets, readOnly: d.readOnly, due: d.due.Add(time.Duration(again * float64(f.EventJitter)))}
		b.push(d)
		copies = append(copies, d)
	}
	// What was held goes right behind this event; then this event may be
	// held itself.
	for _, h := range b.held {
		if h.rank >= 0 {
			h.due, h.order = d.due, b.nextOrder()
			heap.Fix(&b.waiting, h.rank)
		}
	}
	wasHolding := len(b.held) > 0
	b.held = nil
	if swapped < f.Reorder && !wasHolding {
		for _, c := range copies {
			c.due = c.due.Add(holdAtMost)
			heap.Fix(&b.waiting, c.rank)
		}
		b.held = copies
	}
	b.run(now)
}

func (b *bus) nextOrder() uint64 { b.order++; return b.order }

func (b *bus) push(d *delivery) {
	d.order = b.nextOrder()
	heap.Push(&b.waiting, d)
}

// run delivers what is due and sets the timer for the rest.
func (b *bus) run(now time.Time) {
	for len(b.waiting) > 0 && !b.waiting[0].due.After(now) {
		b.deliver(heap.Pop(&b.waiting).(*delivery))
	}
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if len(b.waiting) > 0 {
		b.timer = time.AfterFunc(b.waiting[0].due.Sub(now), b.tick)
	}
}

// tick delivers what has become due: by the timer, and with every request, in
// case that the clock is not the wall's.
func (b *bus) tick() {
	if !b.faulty {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.run(b.t.now())
}

// deliver puts the event into the targets' queues and on their buses. A target that refuses it
// loses it: AWS would retry for a day.
func (b *bus) deliver(d *delivery) {
	for _, target := range d.targets {
		if err := b.deliverTo(target, d); err != nil {
			b.t.log.Warn("an event was not delivered", slog.String("rule", target.rule), slog.String("target", target.arn), slog.Any("error", err))
		}
	}
}

func (b *bus) deliverTo(target ruleTarget, d *delivery) error {
	if strings.HasSuffix(target.arn, busSuffix) {
		return b.forward(target, d)
	}
	return b.t.deliverToQueue(target.arn, "events.amazonaws.com", target.rule, string(d.event), nil)
}

// mayDeliver decides by the queue's policy whether a service may send to it on
// behalf of a rule or topic (EventBridge User Guide, "Using resource-based
// policies for Amazon EventBridge: Amazon SQS permissions").
func (t *Twin) mayDeliver(p *policy.Document, queueARN, service, sourceARN string) bool {
	if p == nil {
		return false
	}
	req := policy.Request{
		Principal: policy.Principal{Type: policy.Service, ARN: service},
		Action:    "sqs:SendMessage",
		Resource:  policy.Resource{ARN: queueARN, Account: t.account},
		Context: policy.Context{
			"aws:sourcearn":             policy.One(sourceARN),
			"aws:sourceaccount":         policy.One(t.account),
			"aws:principalisawsservice": policy.One("true"),
			"aws:principalservicename":  policy.One(service),
			"aws:securetransport":       policy.One("true"),
		},
	}
	return policy.Decide(&req, &policy.Policies{Resource: p}) == policy.Allowed
}

// deliveries is a heap by time, then by order.
type deliveries []*delivery

func (h deliveries) Len() int { return len(h) }

func (h deliveries) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].order < h[j].order
}

func (h deliveries) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].rank, h[j].rank = i, j
}

func (h *deliveries) Push(x any) {
	d := x.(*delivery)
	d.rank = len(*h)
	*h = append(*h, d)
}

func (h *deliveries) Pop() any {
	old := *h
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	d.rank = -1
	return d
}

var _ heap.Interface = (*deliveries)(nil)

// newEnvelope wraps an event of PutEvents.
func (t *Twin) newEnvelope(source, detailType, detail string, resources []string, at time.Time) (event []byte, id string) {
	id = t.random.uuid()
	e := []byte(`{"version":"0"`)
	e = member(e, "id", id)
	e = member(e, "detail-type", detailType)
	e = member(e, "source", source)
	e = member(e, "account", t.account)
	e = member(e, "time", at.UTC().Format(time.RFC3339))
	e = member(e, "region", t.region)
	e = append(e, `,"resources":[`...)
	for i, r := range resources {
		if i > 0 {
			e = append(e, ',')
		}
		e = wire.AppendString(e, r)
	}
	e = append(e, `],"detail":`...)
	e = append(e, detail...)
	return append(e, '}'), id
}
