package twin

import (
	"container/heap"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"warden/policy"
)

// queues are the SQS queues of the account.
type queues struct {
	mu     sync.Mutex
	byName map[string]*queue
}

func newQueues() *queues { return &queues{byName: map[string]*queue{}} }

func (s *queues) get(name string) *queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[name]
}

// byARN finds a queue of this account, nil where there is none.
func (t *Twin) queueByARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, t.regionalARN("sqs", ""))
	if !ok {
		return nil
	}
	return t.queues.get(name)
}

// queue is a standard queue. SQS Developer Guide, "Amazon SQS visibility
// timeout" and "Using dead-letter queues".
type queue struct {
	name, arn string
	created   time.Time

	mu       sync.Mutex
	modified time.Time
	settings settings
	ready    []*message // may hold deleted ones
	hidden   hidden     // in flight or delayed
	byHandle map[string]*message
	arrived  chan struct{} // closed and replaced when a message may be ready
}

// message is one message of a queue.
type message struct {
	id, body, bodyMD5       string
	attributes              map[string]types.MessageAttributeValue
	attributesMD5           string
	sender, deadLetterOf    string
	sent, first, visible    time.Time
	receives                int
	handle                  string
	inFlight, gone, delayed bool
	rank                    int // the place in hidden, -1 outside
}

func newQueue(name, arn string, now time.Time) *queue {
	return &queue{
		name: name, arn: arn, created: now, modified: now,
		settings: defaultSettings(), byHandle: map[string]*message{}, arrived: make(chan struct{}),
	}
}

func (t *Twin) newMessage(body, sender string, attributes map[string]types.MessageAttributeValue, now time.Time) *message {
	sum := md5.Sum([]byte(body))
	m := &message{id: t.random.uuid(), body: body, bodyMD5: hex.EncodeToString(sum[:]), attributes: attributes, sender: sender, sent: now, rank: -1}
	if len(attributes) > 0 {
		m.attributesMD5 = attributesMD5(attributes)
	}
	return m
}

// attributesMD5 is the digest that clients compare: SQS Developer Guide,
// "Calculating the MD5 message digest for message attributes".
func attributesMD5(attributes map[string]types.MessageAttributeValue) string {
	h := md5.New()
	write := func(b []byte) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		write([]byte(name))
		write([]byte(deref(a.DataType)))
		if strings.HasPrefix(deref(a.DataType), "Binary") {
			h.Write([]byte{2})
			write(a.BinaryValue)
		} else {
			h.Write([]byte{1})
			write([]byte(deref(a.StringValue)))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// send adds a message, after a delay if there is one.
func (q *queue) send(m *message, delay time.Duration, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if delay > 0 {
		m.delayed, m.visible = true, now.Add(delay)
		heap.Push(&q.hidden, m)
		return
	}
	q.ready = append(q.ready, m)
	q.wake()
}

// wake tells waiting receivers to look again. The lock must be held.
func (q *queue) wake() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// receive takes up to n messages and hides them. Without any it returns when
// to look again: a channel, and the time at which a hidden message appears
// (zero: none). dead are messages received too often, with where they belong.
func (q *queue) receive(n int, visibility *int32, now time.Time) (got, dead []*message, deadLetter string, again <-chan struct{}, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reveal(now)
	hide := q.settings.visibility
	if visibility != nil {
		hide = time.Duration(*visibility) * time.Second
	}
	i := 0
	for ; i < len(q.ready) && len(got) < n; i++ {
		m := q.ready[i]
		switch {
		case m.gone:
			continue
		case now.Sub(m.sent) > q.settings.retention:
			q.forget(m)
			continue
		case q.settings.deadLetter != "" && m.receives >= q.settings.maxReceives:
			q.forget(m)
			dead = append(dead, m)
			continue
		}
		q.take(m, hide, now)
		got = append(got, copyOf(m))
	}
	clear(q.ready[:i])
	q.ready = q.ready[i:]
	if len(q.hidden) > 0 {
		next = q.hidden[0].visible
	}
	return got, dead, q.settings.deadLetter, q.arrived, next
}

// copyOf is the message as it is now: it may change while it is written out.
func copyOf(m *message) *message { c := *m; return &c }

func (q *queue) take(m *message, hide time.Duration, now time.Time) {
	m.receives++
	if m.first.IsZero() {
		m.first = now
	}
	delete(q.byHandle, m.handle)
	m.handle = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", m.id, m.receives))
	q.byHandle[m.handle] = m
	m.inFlight, m.delayed, m.visible = true, false, now.Add(hide)
	heap.Push(&q.hidden, m)
}

// forget drops a message; the lock must be held.
func (q *queue) forget(m *message) {
	m.gone = true
	delete(q.byHandle, m.handle)
	if m.rank >= 0 {
		heap.Remove(&q.hidden, m.rank)
	}
}

// reveal makes messages ready whose time of hiding has passed.
func (q *queue) reveal(now time.Time) {
	for len(q.hidden) > 0 && !q.hidden[0].visible.After(now) {
		m := heap.Pop(&q.hidden).(*message)
		m.inFlight, m.delayed = false, false
		q.ready = append(q.ready, m)
	}
}

// isHandle tells whether SQS could have given out this receipt handle.
func isHandle(handle string) bool {
	raw, err := base64.StdEncoding.DecodeString(handle)
	return err == nil && len(raw) > 37 && raw[36] == ':'
}

// remove deletes a message by its newest handle; an older one is no error.
func (q *queue) remove(handle string) error {
	if !isHandle(handle) {
		return badHandle(handle)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if m := q.byHandle[handle]; m != nil {
		q.forget(m)
	}
	return nil
}

// hide changes how long a message in flight stays hidden.
func (q *queue) hide(handle string, d time.Duration, now time.Time) error {
	if !isHandle(handle) {
		return badHandle(handle)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reveal(now)
	m := q.byHandle[handle]
	if m == nil || !m.inFlight {
		return sqsError("MessageNotInflight", "The message referred to isn't in flight.")
	}
	m.visible = now.Add(d)
	heap.Fix(&q.hidden, m.rank)
	if d == 0 {
		q.reveal(now)
		q.wake()
	}
	return nil
}

func (q *queue) purge() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ready, q.hidden, q.byHandle = nil, nil, map[string]*message{}
}

// counts are the approximate numbers of messages, exact here.
func (q *queue) counts(now time.Time) (ready, inFlight, delayed int) {
	q.reveal(now)
	for _, m := range q.ready {
		if !m.gone {
			ready++
		}
	}
	for _, m := range q.hidden {
		if m.delayed {
			delayed++
		} else {
			inFlight++
		}
	}
	return ready, inFlight, delayed
}

// policy is the queue's own policy, nil where it has none.
func (q *queue) document() *policy.Document {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settings.policy
}

// deliverToQueue sends a message for a service, if the queue's policy lets it.
func (t *Twin) deliverToQueue(queueARN, service, sourceARN, body string, attributes map[string]types.MessageAttributeValue) error {
	q := t.queueByARN(queueARN)
	if q == nil {
		return fmt.Errorf("there is no queue %s", queueARN)
	}
	if !t.mayDeliver(q.document(), queueARN, service, sourceARN) {
		return fmt.Errorf("the policy of %s does not let %s send for %s", queueARN, service, sourceARN)
	}
	now := t.now()
	q.send(t.newMessage(body, service, attributes, now), 0, now)
	return nil
}

// hidden is a heap of messages by the time at which they become visible.
type hidden []*message

func (h hidden) Len() int           { return len(h) }
func (h hidden) Less(i, j int) bool { return h[i].visible.Before(h[j].visible) }

func (h hidden) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].rank, h[j].rank = i, j
}

func (h *hidden) Push(x any) {
	m := x.(*message)
	m.rank = len(*h)
	*h = append(*h, m)
}

func (h *hidden) Pop() any {
	old := *h
	m := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	m.rank = -1
	return m
}
