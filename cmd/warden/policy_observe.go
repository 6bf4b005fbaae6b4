package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/generate"
	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
	"warden/trail/source"
)

// observations are what a trail shows of one principal.
type observations struct {
	list          []generate.Observation
	calls, others int
	notMapped     map[string]int
	data          map[string]bool // prefixes of services with data events, of anybody
}

// coverage is what the trail records, judged by what is in it.
func (o *observations) coverage() generate.Coverage {
	var c generate.Coverage
	for prefix := range o.data {
		c.DataEvents = append(c.DataEvents, prefix)
	}
	return c
}

// observe reads the calls of a principal that succeeded. Calls are told apart
// by action, resource, and the condition keys that his policies ask for.
func observe(ctx context.Context, s *streams, w who, trails []string, held []*policy.Document) (*observations, error) {
	out := &observations{notMapped: map[string]int{}, data: map[string]bool{}}
	names, _ := w.(request.Names)
	keys := askedFor(held)
	seen := map[string]int{}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) { fmt.Fprintln(s.Err, "warden: policy generate:", b) }}
	err := source.Files(ctx, scanner, trails, s.In, func(e *trail.Event) error {
		if e.Category == "Data" {
			if a := request.Action(e.Source, e.Name); a != nil {
				out.data[a.Service.Prefix] = true
			}
		}
		if !w.made(e.Actor()) {
			out.others++
			return nil
		}
		if replay.Refused(e) {
			return nil
		}
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
			x := generate.Observation{Action: r.Action, Resource: r.Resource, Context: policy.Context{}, Assumed: r.Assumed}
			for k, v := range proved {
				x.Context[k] = v
			}
			for k, v := range r.Context {
				x.Context[k] = v
			}
			id := r.Action + "\x00" + r.Resource
			for _, k := range keys {
				id += "\x00" + strings.Join(x.Context[k].Values, ",")
			}
			i, ok := seen[id]
			if !ok {
				i = len(out.list)
				seen[id] = i
				out.list = append(out.list, x)
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

// askedFor are the condition keys that policies ask for, in lower case.
func askedFor(docs []*policy.Document) []string {
	var keys []string
	for _, d := range docs {
		for _, s := range d.Statements {
			for _, c := range s.Conditions {
				keys = append(keys, strings.ToLower(c.Key))
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
