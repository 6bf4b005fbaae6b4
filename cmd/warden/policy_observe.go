package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
	"warden/policy/generate"
	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
	"warden/trail/source"
)

// observations are what a trail shows of one principal.
type observations struct {
	list                     []generate.Observation
	calls, others, namesakes int
	unreadable               int
	notMapped                map[string]int
	dataReads, dataWrites    map[string]bool // prefixes of services with data events, of anybody
	buckets                  map[string]bool // ARNs of buckets with data events
	reads, writes            int             // management events, of anybody
}

// manyWrites is how many management events that write a trail has to have
// before it is told by the lack of any that read that it does not record these:
// reads are most of what happens in an account.
const manyWrites = 1000

// coverage is what the trail records, judged by what is in it.
func (o *observations) coverage() generate.Coverage {
	c := generate.Coverage{
		DataEvents: slices.Sorted(maps.Keys(o.dataReads)), Buckets: slices.Sorted(maps.Keys(o.buckets)),
		WritesOnly: o.reads == 0 && o.writes >= manyWrites,
	}
	for prefix := range o.dataWrites {
		if !o.dataReads[prefix] {
			c.DataWrites = append(c.DataWrites, prefix)
		}
	}
	slices.Sort(c.DataWrites)
	return c
}

// record notes what the event shows of what the trail was told to record.
func (o *observations) record(e *trail.Event) {
	a := request.Action(e.Source, e.Name)
	if a == nil {
		return
	}
	reads := a.Level == catalog.Read || a.Level == catalog.List
	if e.HasReadOnly {
		reads = e.ReadOnly
	}
	// Trails may leave out these two (AWS CloudTrail User Guide, "Logging
	// management events").
	optional := a.Service.Prefix == "kms" || a.Service.Prefix == "rds-data"
	switch {
	case e.Category == "Data" || generate.DataEvent(a) || optional:
		o.dataWrites[a.Service.Prefix] = true
		if reads || optional {
			o.dataReads[a.Service.Prefix] = true
		}
		if bucket := e.RequestString("bucketName"); a.Service.Prefix == "s3" && bucket != "" {
			partition := "aws"
			if f := strings.SplitN(e.Identity.ARN, ":", 3); len(f) == 3 && f[1] != "" {
				partition = f[1]
			}
			o.buckets["arn:"+partition+":s3:::"+bucket] = true
		}
	case reads:
		o.reads++
	default:
		o.writes++
	}
}

// observe reads the calls of a principal that succeeded. Calls are told apart
// by action, resource, and the condition keys that his policies ask for.
func observe(ctx context.Context, s *streams, w who, trails []string, held []*policy.Document) (*observations, error) {
	out := &observations{notMapped: map[string]int{}, dataReads: map[string]bool{}, dataWrites: map[string]bool{}, buckets: map[string]bool{}}
	names, _ := w.(request.Names)
	keys := askedFor(held)
	seen := map[string]int{}
	had := map[string]bool{}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		out.unreadable++
		fmt.Fprintln(s.Err, "warden: policy generate:", printable(fmt.Sprint(b)))
	}}
	err := source.Files(ctx, scanner, trails, s.In, func(e *trail.Event) error {
		out.record(e)
		by := e.Actor()
		switch {
		case !w.made(by):
			out.others++
			if w.namesake(by) {
				out.namesakes++
			}
			return nil
		case replay.Refused(e) || had[e.ID]:
			return nil
		}
		had[e.ID] = true
		requests, why := request.Of(e, names)
		if why != "" {
			if e.Type == "" || e.Type == "AwsApiCall" {
				out.notMapped[e.Source+" "+e.Name]++
			}
			return nil
		}
		out.calls++
		proved := request.Context(e)
		for _, r := range requests {
			context := maps.Clone(proved)
			maps.Copy(context, r.Context)
			id := r.Action + "\x00" + r.Resource + "\x00" + r.Pattern
			for _, k := range keys {
				v, known := context[k]
				id += fmt.Sprint("\x00", known, v.Values)
			}
			i, ok := seen[id]
			if !ok {
				i = len(out.list)
				seen[id] = i
				out.list = append(out.list, generate.Observation{Action: r.Action, Resource: r.Resource, Pattern: r.Pattern, Assumed: r.Assumed,
					Context: only(keys, w.question(by, r, context).Request.Context)})
			}
			out.list[i].Count++
			if e.Time.After(out.list[i].Last) {
				out.list[i].Last = e.Time
			}
		}
		return nil
	})
	return out, err
}

// askedFor are the context keys that policies ask for, in lower case, and those
// that a new policy asks for.
func askedFor(docs []*policy.Document) []string {
	keys := []string{"iam:passedtoservice"}
	variables := func(texts []string) {
		for _, text := range texts {
			for _, part := range strings.Split(text, "${")[1:] {
				name, _, _ := strings.Cut(part, "}")
				name, _, _ = strings.Cut(name, ",")
				keys = append(keys, strings.ToLower(strings.TrimSpace(name)))
			}
		}
	}
	for _, d := range docs {
		for _, s := range d.Statements {
			variables(s.Resources)
			variables(s.NotResources)
			for _, c := range s.Conditions {
				keys = append(keys, strings.ToLower(c.Key))
				variables(c.Values)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// only keeps these keys: of many calls the rest would take much room, and
// decides nothing.
func only(keys []string, c policy.Context) policy.Context {
	out := policy.Context{}
	for _, k := range keys {
		if v, ok := c[k]; ok {
			out[k] = v
		}
	}
	return out
}
