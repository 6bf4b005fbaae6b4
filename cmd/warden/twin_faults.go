package main

import (
	"strconv"
	"strings"

	"warden/twin"
)

// trouble reads the flags --throttle and --fail.
func (o *twinOptions) trouble() error {
	for _, flag := range o.throttle {
		r, err := readThrottle(flag)
		if err != nil {
			return err
		}
		o.faults.Throttle = append(o.faults.Throttle, r)
	}
	for _, flag := range o.fail {
		r, err := readFailure(flag)
		if err != nil {
			return err
		}
		o.faults.Fail = append(o.faults.Fail, r)
	}
	return nil
}

// anything is "" for the asterisk, as the twin's rules have it.
func anything(name string) string {
	if name == "*" {
		return ""
	}
	return name
}

func readThrottle(flag string) (twin.ThrottleRule, error) {
	parts := strings.Split(flag, ":")
	if len(parts) != 3 {
		return twin.ThrottleRule{}, usageErrorf("twin: --throttle %q: want SERVICE:OPERATION:PROBABILITY or SERVICE:OPERATION:N/s", flag)
	}
	r := twin.ThrottleRule{Service: anything(parts[0]), Operation: anything(parts[1])}
	var err error
	if rate, ok := strings.CutSuffix(parts[2], "/s"); ok {
		r.Rate, err = strconv.Atoi(rate)
	} else {
		r.Probability, err = strconv.ParseFloat(parts[2], 64)
	}
	if err != nil || r.Rate == 0 && r.Probability == 0 {
		return r, usageErrorf("twin: --throttle %q: %q is neither a probability nor a rate like 5/s", flag, parts[2])
	}
	return r, nil
}

func readFailure(flag string) (twin.FailRule, error) {
	parts := strings.Split(flag, ":")
	if len(parts) < 3 || len(parts) > 4 {
		return twin.FailRule{}, usageErrorf("twin: --fail %q: want SERVICE:OPERATION:CALLS or SERVICE:OPERATION:CALLS:HOW", flag)
	}
	r := twin.FailRule{Service: anything(parts[0]), Operation: anything(parts[1])}
	if parts[2] != "*" {
		from, to, isRange := strings.Cut(parts[2], "-")
		var err, err2 error
		r.From, err = strconv.Atoi(from)
		r.To = r.From
		if isRange {
			if r.To = 0; to != "" {
				r.To, err2 = strconv.Atoi(to)
			}
		}
		if err != nil || err2 != nil || r.From < 1 {
			return r, usageErrorf("twin: --fail %q: %q is no count of calls: want 2, 2-5, 2- or *", flag, parts[2])
		}
	}
	if len(parts) == 4 {
		switch parts[3] {
		case "before":
		case "after":
			r.Fault.After = true
		case "cut":
			r.Fault.After, r.Fault.Cut = true, true
		default:
			return r, usageErrorf("twin: --fail %q: %q is not one of before, after, cut", flag, parts[3])
		}
	}
	return r, nil
}
