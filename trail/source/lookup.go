package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"warden/trail"
)

// LookBack is how far LookupEvents reaches. Source: AWS CloudTrail API
// Reference, LookupEvents ("within the last 90 days").
const LookBack = 90 * 24 * time.Hour

// Delivery is the time within which CloudTrail has an event ready. It is what
// AWS states for the usual case, not a promise. Source: AWS CloudTrail User
// Guide, "How CloudTrail works" ("within about 15 minutes of an API call").
const Delivery = 15 * time.Minute

// Attribute is what LookupEvents can filter by, one attribute a call.
type Attribute string

// The attributes.
const (
	ByUsername    = Attribute(types.LookupAttributeKeyUsername) // of a role's session, the session's name
	ByAccessKeyID = Attribute(types.LookupAttributeKeyAccessKeyId)
	ByEventSource = Attribute(types.LookupAttributeKeyEventSource)
	ByEventName   = Attribute(types.LookupAttributeKeyEventName)
	ByEventID     = Attribute(types.LookupAttributeKeyEventId)
)

// Filter selects events of the past. The zero value selects all.
type Filter struct {
	// Region is the only one to look in; "" means all that the Lookup has.
	Region string
	// By and Value are an attribute and the value that it must have; By ""
	// selects all.
	By    Attribute
	Value string
}

// LookupClient is the one call that a Lookup makes.
type LookupClient interface {
	LookupEvents(ctx context.Context, in *cloudtrail.LookupEventsInput, opts ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

// Lookup reads management events of the last 90 days from CloudTrail's event
// history, which every account has, with no trail and nothing to set up. What
// is not there yet may come later, see [Delivery]. It is safe for concurrent
// use; each region's calls follow each other.
type Lookup struct {
	// Relevant, when set, picks out by source and name the events that are
	// worth reading. Set it before the first call of Events.
	Relevant func(source, name string) bool
	// Bad, when set, is told of records that cannot be read.
	Bad func(trail.BadRecord)

	regions []*region
	sleep   func(ctx context.Context, d time.Duration) error
	now     func() time.Time
}

// NewLookup returns a source over the event histories of one account, by the
// names of their regions.
func NewLookup(clients map[string]LookupClient) *Lookup {
	l := &Lookup{sleep: sleep, now: time.Now}
	for name, c := range clients {
		l.regions = append(l.regions, &region{name: name, client: c, turn: make(chan pace, 1)})
	}
	slices.SortFunc(l.regions, func(a, b *region) int { return cmp.Compare(a.name, b.name) })
	for _, r := range l.regions {
		r.turn <- pace{every: lookupEvery}
	}
	return l
}

// Regions returns the names of the regions, sorted.
func (l *Lookup) Regions() []string {
	names := make([]string, len(l.regions))
	for i, r := range l.regions {
		names[i] = r.name
	}
	return names
}

// Events yields the events from since to until, both included, that the
// filter selects, region by region, in each the newest first. A zero since is
// as far back as CloudTrail looks, a zero until is now. The first error ends
// it, after the retries of the call; what was yielded before is right but
// perhaps not all.
func (l *Lookup) Events(ctx context.Context, since, until time.Time, about Filter) iter.Seq2[*trail.Event, error] {
	return func(yield func(*trail.Event, error) bool) {
		found := false
		for _, r := range l.regions {
			if about.Region != "" && about.Region != r.name {
				continue
			}
			found = true
			if !l.in(ctx, r, since, until, about, yield) {
				return
			}
		}
		if !found {
			yield(nil, fmt.Errorf("no look-ups in region %q are set up", about.Region))
		}
	}
}

// in yields the events of one region; false means that it is the end.
func (l *Lookup) in(ctx context.Context, r *region, since, until time.Time, about Filter, yield func(*trail.Event, error) bool) bool {
	in := &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(lookupPage)}
	if !since.IsZero() {
		in.StartTime = aws.Time(since)
	}
	if !until.IsZero() {
		in.EndTime = aws.Time(until)
	}
	if about.By != "" {
		in.LookupAttributes = []types.LookupAttribute{{AttributeKey: types.LookupAttributeKey(about.By), AttributeValue: aws.String(about.Value)}}
	}
	for n := 0; ; {
		page, err := l.page(ctx, r, in)
		if err != nil {
			yield(nil, fmt.Errorf("look up events in %s: %w", r.name, err))
			return false
		}
		for _, found := range page.Events {
			n++
			if l.Relevant != nil && !l.Relevant(aws.ToString(found.EventSource), aws.ToString(found.EventName)) {
				continue
			}
			raw := []byte(aws.ToString(found.CloudTrailEvent))
			e, err := trail.ParseEvent(raw)
			if err != nil {
				if l.Bad != nil {
					l.Bad(trail.BadRecord{File: "event history of " + r.name, Number: n, Reason: err.Error(), Raw: raw})
				}
				continue
			}
			if !yield(e, nil) {
				return false
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return true
		}
		in.NextToken = page.NextToken
	}
}

// Bounds of the calls. Source: AWS CloudTrail API Reference, LookupEvents: 50
// results, two calls a second for an account and region, whoever makes them.
const (
	lookupPage  = 50
	lookupEvery = time.Second / 2
	lookupSlow  = 8 * time.Second
	lookupTries = 8
)

// region is one event history. Who holds its turn may call it.
type region struct {
	name   string
	client LookupClient
	turn   chan pace
}

// pace is how fast a region lets us call. Others share its limit, so it is
// found out: a throttled call doubles the time between calls, and each good
// one takes an eighth off again, down to what AWS allows.
type pace struct {
	every time.Duration
	next  time.Time // not before
}

func (p pace) after(throttled bool, now time.Time) pace {
	if throttled {
		p.every = min(2*p.every, lookupSlow)
	} else {
		p.every = max(p.every-p.every/8, lookupEvery)
	}
	p.next = now.Add(p.every)
	return p
}

// page makes one call, again where it may succeed then, at the pace of the
// region.
func (l *Lookup) page(ctx context.Context, r *region, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	var p pace
	select {
	case p = <-r.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { r.turn <- p }()
	for try := 1; ; try++ {
		if err := l.sleep(ctx, p.next.Sub(l.now())); err != nil {
			return nil, err
		}
		// The client's own retries would not keep to the pace.
		out, err := r.client.LookupEvents(ctx, in, func(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} })
		p = p.after(throttled(err), l.now())
		switch {
		case err == nil:
			return out, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case try == lookupTries || !passing(err):
			return nil, err
		}
	}
}

// throttled reports whether AWS refused the call for its rate.
func throttled(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	_, is := retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	return is
}

// passing reports whether the same call may succeed later.
func passing(err error) bool {
	return throttled(err) || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
