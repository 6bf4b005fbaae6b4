package escalation

import "warden/account/authorize"

func (s *search) report() Report {
	r := Report{Incomplete: s.authorizer.Incomplete()}
	for _, n := range s.nodes {
		switch {
		case !n.reached:
			r.Clear++
		case n.via == nil:
			r.Administrators = append(r.Administrators, Administrator{Principal: n.Principal, State: n.admin.State, DependsOn: n.admin.DependsOn, Why: n.admin.Why})
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

// Best returns the way of a principal; ok is false where there is none.
func (r Report) Best(p *authorize.Principal) (w Way, ok bool) {
	for _, w := range r.Ways {
		if w.Principal == p {
			return w, true
		}
	}
	return Way{}, false
}
