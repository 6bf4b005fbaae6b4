package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"warden/app"
	"warden/guard"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// sweepFunction looks after what the guard's queue did not bring. A schedule
// calls it every few minutes; what the schedule says does not matter. One at a
// time is enough: give it a reserved concurrency of 1.
type sweepFunction struct {
	*guards
	regions   []string
	histories map[string]*source.Lookup // by account
}

// newSweep reads the regions whose event history is swept; by default it is
// the function's own, which has to be the one that IAM is recorded in.
func newSweep(g *guards, getenv func(string) string) worker {
	s := &sweepFunction{guards: g, histories: map[string]*source.Lookup{}}
	for v := range strings.SplitSeq(getenv("SWEEP_REGIONS"), ",") {
		if v = strings.TrimSpace(v); v != "" {
			s.regions = append(s.regions, v)
		}
	}
	if s.regions == nil {
		s.regions = []string{getenv("AWS_REGION")}
	}
	if s.regions[0] == "" {
		s.regions[0] = app.HomeRegion
	}
	return s
}

// history is the event history of an account. It is kept between sweeps, with
// the pace that it found out.
func (s *sweepFunction) history(id string) *source.Lookup {
	if h := s.histories[id]; h != nil {
		return h
	}
	clients := map[string]source.LookupClient{}
	for _, region := range s.regions {
		clients[region] = s.access[id].In(region).CloudTrail
	}
	h := source.NewLookup(clients)
	h.Relevant = guard.Relevant
	h.Bad = func(b trail.BadRecord) {
		s.log.Warn("a record of the event history cannot be read", "record", b.String())
	}
	s.histories[id] = h
	return h
}

// handle sweeps the function's own account and then the members. A sweep that
// could not do everything is an error, so that the function's errors are
// alarmed and Lambda calls it again; it goes on where it stopped.
func (s *sweepFunction) handle(ctx context.Context, _ json.RawMessage) (any, error) {
	work, cancel := s.begin(ctx)
	defer cancel()
	if err := s.prepare(work); err != nil {
		return nil, fmt.Errorf("not ready: %w", err)
	}
	reports := []respond.SweepReport{}
	var errs []error
	for _, id := range append([]string{s.account}, s.config.members...) {
		report, err := s.sweep(work, id)
		if err != nil {
			s.log.Error("not swept", "account", id, "error", oneLine(err))
			errs = append(errs, fmt.Errorf("sweep account %s: %w", id, err))
			continue
		}
		reports = append(reports, report)
		if !report.Complete() {
			errs = append(errs, fmt.Errorf("sweep account %s: not complete: %s", id, strings.Join(report.Problems, "; ")))
		}
	}
	return reports, errors.Join(errs...)
}

func (s *sweepFunction) sweep(ctx context.Context, id string) (respond.SweepReport, error) {
	r, err := s.responder(ctx, id)
	if err != nil {
		return respond.SweepReport{}, err
	}
	report, err := r.Sweep(ctx, s.history(id), respond.SweepOptions{Regions: s.regions})
	if err != nil {
		return report, err
	}
	s.log.Info("swept", "account", id, "judged", report.Judged, "missed", len(report.Missed), "early", len(report.Early),
		"unfinished", len(report.Unfinished), "confirmed", report.Confirmed, "waiting", report.Waiting, "doubted", len(report.Doubted),
		"rechecked", report.Rechecked, "stripped", len(report.Stripped), "resumed", report.Resumed, "complete", report.Complete())
	return report, nil
}
