package audit

import (
	"strings"

	"warden/account"
	"warden/trail"
)

// See takes a recorded call into account as a use of the identity behind it.
// source names the trail. Calls that were refused count, as they do in AWS's
// last accessed information; failed sign-ins may be anybody's and do not, nor
// does what a service did as root on its own. Source: CloudTrail User Guide,
// "AWS Management Console sign-in events", and the benchmark's filter of root
// use.
func (e *Evidence) See(ev *trail.Event, source string) {
	by := ev.Actor()
	if ev.Time.IsZero() || ev.Time.After(e.Now) || by.Account != e.Account || ev.Source == "signin.amazonaws.com" && ev.Failed() {
		return
	}
	use := Use{At: ev.Time, What: "call " + ev.Name, Source: account.Evidence{Source: source, At: ev.Time}}
	switch by.Kind {
	case trail.Root:
		if by.InvokedBy == "" && ev.Type != "AwsServiceEvent" {
			if by.AssumedRoot {
				use.What = "sts:AssumeRoot, " + use.What
			}
			e.saw(e.RootARN(), use)
		}
		return
	case trail.FederatedUser:
		if by.Parent != nil {
			e.saw(by.Parent.ID, use)
		}
	}
	// Of a role it is the role's id, not the session's.
	id, _, _ := strings.Cut(by.ID, ":")
	e.saw(id, use)
	switch {
	case by.Role != nil:
		e.saw(by.Role.ID, use)
		e.saw(by.Role.ARN, use)
	case by.Kind == trail.IAMUser:
		e.saw(by.ARN, use)
	}
}

// saw keeps the newest use by unique id or ARN.
func (e *Evidence) saw(who string, use Use) {
	if who == "" {
		return
	}
	if e.Seen == nil {
		e.Seen = map[string]Use{}
	}
	if was, ok := e.Seen[who]; !ok || use.At.After(was.At) {
		e.Seen[who] = use
	}
}

// seen returns what a trail shows of an identity: by its unique id, because a
// name that was made anew is another identity, and by its ARN only where no id
// is known.
func (e *Evidence) seen(id, arn string) (Use, bool) {
	if id == "" {
		id = arn
	}
	use, ok := e.Seen[id]
	return use, ok
}
