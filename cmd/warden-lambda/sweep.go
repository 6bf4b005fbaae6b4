package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"warden/respond"
)

// sweepFunction looks after what the guard's queue did not bring. A schedule
// calls it every few minutes; what the schedule says does not matter. One at a
// time is enough: give it a reserved concurrency of 1.
type sweepFunction struct{ *guards }

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
	report, err := r.Sweep(ctx, s.histories[id], respond.SweepOptions{Regions: s.regions})
	if err != nil {
		return report, err
	}
	for _, incident := range report.Hold {
		s.hold(ctx, id, incident)
	}
	s.log.Info("swept", "account", id, "judged", report.Judged, "missed", len(report.Missed), "early", len(report.Early),
		"unfinished", len(report.Unfinished), "confirmed", report.Confirmed, "waiting", report.Waiting, "doubted", len(report.Doubted),
		"rechecked", report.Rechecked, "stripped", len(report.Stripped), "resumed", report.Resumed, "complete", report.Complete())
	return report, nil
}
