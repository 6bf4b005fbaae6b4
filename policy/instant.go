package policy

import "time"

// instant is a moment: whole seconds since 1970 and nanoseconds.
type instant struct {
	seconds int64
	nanos   int32
}

// compare returns -1, 0 or 1.
func (i instant) compare(j instant) int {
	switch {
	case i.seconds < j.seconds || i.seconds == j.seconds && i.nanos < j.nanos:
		return -1
	case i == j:
		return 0
	}
	return 1
}

// parseInstant reads a date in a form of the W3C note on ISO 8601 (year,
// month, day, minutes, seconds, fraction; with a zone once there is a time) or
// seconds since 1970. IAM User Guide, "IAM JSON policy elements: Condition
// operators", section "Date condition operators".
//
// Four digits alone are a year, as the W3C note has it; that AWS reads them so
// and not as seconds is remembered, not documented. Nanoseconds are the finest
// fraction that counts.
func parseInstant(text string) (instant, bool) {
	s := scanner{rest: text}
	if epoch, ok := parseEpoch(text); ok {
		return epoch, true
	}
	year := s.digits(4)
	month, day, hour, minute, second, nanos, zone := 1, 1, 0, 0, 0, 0, 0
	if s.skip('-') {
		month = s.digits(2)
		if s.skip('-') {
			day = s.digits(2)
			if s.skip('T') {
				hour = s.digits(2)
				s.want(':')
				minute = s.digits(2)
				if s.skip(':') {
					second = s.digits(2)
					if s.skip('.') {
						nanos = s.fraction()
					}
				}
				zone = s.zone()
			}
		}
	}
	if s.bad || s.rest != "" || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return instant{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return instant{t.Unix() - int64(zone), int32(nanos)}, true
}

// parseEpoch reads seconds since 1970, with a sign and a fraction if need be.
func parseEpoch(text string) (instant, bool) {
	s := scanner{rest: text}
	negative := s.skip('-')
	if len(s.rest) == 4 && !negative {
		return instant{}, false
	}
	var seconds int64
	n := 0
	for s.rest != "" && s.rest[0] >= '0' && s.rest[0] <= '9' {
		if n++; n > 15 {
			return instant{}, false
		}
		seconds = seconds*10 + int64(s.rest[0]-'0')
		s.rest = s.rest[1:]
	}
	nanos := 0
	if n > 0 && s.skip('.') {
		nanos = s.fraction()
	}
	if n == 0 || s.bad || s.rest != "" {
		return instant{}, false
	}
	if negative {
		seconds = -seconds
		if nanos > 0 {
			seconds, nanos = seconds-1, int(time.Second)-nanos
		}
	}
	return instant{seconds, int32(nanos)}, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// scanner reads the parts of a date; bad is set at the first that is wrong.
type scanner struct {
	rest string
	bad  bool
}

func (s *scanner) skip(b byte) bool {
	if s.rest == "" || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) want(b byte) {
	if !s.skip(b) {
		s.bad = true
	}
}

// digits reads exactly n digits.
func (s *scanner) digits(n int) int {
	if len(s.rest) < n || !allDigits(s.rest[:n]) {
		s.bad = true
		return 0
	}
	v := 0
	for i := range n {
		v = v*10 + int(s.rest[i]-'0')
	}
	s.rest = s.rest[n:]
	return v
}

// fraction reads the digits after the point as nanoseconds.
func (s *scanner) fraction() int {
	v, unit, n := 0, int(time.Second), 0
	for s.rest != "" && s.rest[0] >= '0' && s.rest[0] <= '9' {
		unit /= 10
		v += int(s.rest[0]-'0') * unit
		s.rest = s.rest[1:]
		n++
	}
	if n == 0 {
		s.bad = true
	}
	return v
}

// zone reads Z or an offset and returns it in seconds east of Greenwich.
func (s *scanner) zone() int {
	if s.skip('Z') {
		return 0
	}
	sign := 1
	if s.skip('-') {
		sign = -1
	} else {
		s.want('+')
	}
	hours := s.digits(2)
	s.want(':')
	minutes := s.digits(2)
	if hours > 23 || minutes > 59 {
		s.bad = true
	}
	return sign * (hours*3600 + minutes*60)
}
