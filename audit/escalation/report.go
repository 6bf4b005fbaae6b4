package escalation

import "warden/account/authorize"

func administrator(n *node) Administrator {
	return Administrator{Principal: n.Principal, State: n.admin.State, DependsOn: n.admin.DependsOn, Why: n.admin.Why, Statements: evidence(n.admin).Statements}
}

func (s *search) report() Report {
	r := Report{Incomplete: s.authorizer.Incomplete()}
	for _, n := range s.nodes {
		switch {
		case !n.reached:
			r.Clear++
		case n.via == nil:
			x := administrator(n)
			if x.State == authorize.Unknown {
				r.Unclear = append(r.Unclear, x)
			} else {
				r.Administrators = append(r.Administrators, x)
			}
		default:
			r.Ways = append(r.Ways, way(n))
		}
	}
	return r
}

func way(n *node) Way {
	w := Way{Principal: n.Principal, State: n.state}
	for at := n; at != nil && at.via != nil; at = at.to {
		w.Steps = append(w.Steps, *at.via)
	}
	return w
}

// Of returns what the report says of one principal.
func (r Report) Of(p *authorize.Principal) Report {
	out := Report{Incomplete: r.Incomplete}
	for _, x := range r.Administrators {
		if x.Principal.ARN == p.ARN {
			out.Administrators = append(out.Administrators, x)
		}
	}
	for _, x := range r.Unclear {
		if x.Principal.ARN == p.ARN {
			out.Unclear = append(out.Unclear, x)
		}
	}
	for _, w := range r.Ways {
		if w.Principal.ARN == p.ARN {
			out.Ways = append(out.Ways, w)
		}
	}
	out.Clear = 1 - len(out.Administrators) - len(out.Unclear) - len(out.Ways)
	return out
}
