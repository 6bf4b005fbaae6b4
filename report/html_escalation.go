package report

import (
	"fmt"

	"warden/account/authorize"
	"warden/audit/escalation"
)

// How many principals the page names without its program.
const (
	administratorsShown = 200
	unclearShown        = 50
)

// whoCanEscalate says who can become an administrator, and what would stop
// most of them.
func (p *htmlPage) whoCanEscalate() content {
	const id, title = "escalation", "Who can become an administrator"
	if !p.Known {
		return titled(id, "view", "h1", title, el("p", class("lead"), txt("Unknown: the evidence does not say who may do what.")))
	}
	e := &p.Escalation
	strong := func(n int) content { return el("strong", number(n)) }
	var lead, drawn group
	if len(e.Ways) > 0 {
		lead = group{strong(len(e.Ways)), txt(fmt.Sprintf(" users and roles that are no administrators can become one, or might; %d cannot.", e.Clear))}
		note := group{txt(fmt.Sprintf("%d of %d are drawn. Those who go the same way share a box. A broken line depends on something that is not known.", p.Drawn.Shown, p.Drawn.Ways))}
		if p.Drawn.Cut != nil {
			note = append(note, txt(" "), el("span", class("key stopped"), txt("stopped")), txt(" by the first change below."))
		}
		drawn = group{el("div", class("picture scroll"), attr("tabindex", "0"), attr("role", "group"), attr("aria-label", "Picture"), p.Drawn.Inline()), el("p", class("soft"), note)}
	} else {
		lead = group{txt(fmt.Sprintf("Nobody is known who could; %d users and roles cannot.", e.Clear))}
	}
	lead = append(lead, txt(" "), strong(len(e.Administrators)), txt(" are administrators already"))
	if n := len(e.Unclear); n > 0 {
		lead = append(lead, txt(fmt.Sprintf("; of %d it is unknown", n)))
	}
	parts := append(group{el("p", class("lead"), lead, txt("."))}, drawn...)
	parts = append(parts, p.cuts(), administrators(e.Administrators), unclear(e.Unclear))
	for _, x := range e.Incomplete {
		parts = append(parts, el("p", txt("Principals may be missing: "), plain(x)))
	}
	return titled(id, "view", "h1", title, append(parts, el("div", attr("id", "ways")))...)
}

// cuts says what one change would stop.
func (p *htmlPage) cuts() content {
	if len(p.Cuts) == 0 {
		return nil
	}
	var rows group
	for i := range p.Cuts {
		c := &p.Cuts[i]
		what := group{el("code", class("clamp"), plain(c.Statement.String()))}
		if c.AWSManaged {
			what = append(what, txt(" "), soft(txt("AWS owns the policy: detach or replace it")))
		}
		rows = append(rows, el("tr", el("td", what), el("td", class("num"), number(len(c.Stopped)), txt(" "), soft(txt("of "), number(p.Drawn.Ways))), el("td", class("num"), number(len(c.Weakened)))))
	}
	return group{el("h2", txt("What one change would stop")),
		lines(listTable("cuts", []content{column("without this statement"), column("stopped", "num"), column("less sure", "num")}, rows),
			el("p", class("soft"), txt("Each was tried: the account was judged again without it.")))}
}

// principal is a name that leads to its page.
func principal(x *authorize.Principal) content {
	return el("a", attr("href", escalation.Place(x.ARN)), bdi(plain(x.String())))
}

func administrators(list []escalation.Administrator) content {
	if len(list) == 0 {
		return nil
	}
	return el("details", class("more"), el("summary", txt(fmt.Sprintf("Administrators: %d", len(list)))),
		el("p", class("names"), listed(list, administratorsShown, ", ", func(_ int, x escalation.Administrator) content {
			if x.State == authorize.Allowed {
				return principal(x.Principal)
			}
			return group{principal(x.Principal), txt(" "), soft(txt("(" + string(x.State) + ")"))}
		})))
}

func unclear(list []escalation.Administrator) content {
	if len(list) == 0 {
		return nil
	}
	var items group
	for _, x := range list[:min(unclearShown, len(list))] {
		items = append(items, el("li", class("clamp"), principal(x.Principal), txt(": "), listed(x.Why, len(x.Why), "; ", func(_ int, why string) content { return plain(why) })))
	}
	if n := len(list) - unclearShown; n > 0 {
		items = append(items, el("li", txt(fmt.Sprintf("and %d more", n))))
	}
	return group{el("h2", txt("Of whom it is unknown")), lines(el("ul", class("plain"), items))}
}
