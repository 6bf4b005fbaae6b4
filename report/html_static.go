package report

// static is what a reader sees without the page's program: everything that
// failed or is unknown.
func (p *htmlPage) static() content {
	all := group{el("p", class("lead"), txt("This page runs without its program: filters, principals and inventory are missing, and everything that failed or is unknown stands below."))}
	for _, l := range p.Lists {
		list := group{el("h1", txt(l.Title+": "), number(l.N))}
		for i := range l.Groups {
			list = append(list, l.Groups[i].content())
		}
		all = append(all, el("section", class("block"), lines(list...)))
	}
	return el("noscript", lines(all...), lines())
}

func (g *staticGroup) content() content {
	parts := group{el("h2", sev(g.Severity), txt(" "+g.Title+" "), soft(el("code", txt(g.Control)), txt(" "+g.Numbers)))}
	if g.Remedy != "" {
		parts = append(parts, el("p", txt(g.Remedy)))
	}
	var items group
	for _, x := range g.Items {
		said := append(group{bdi(txt(x.Who))}, each(x.Others)...)
		said = append(said, txt(": "+x.Summary))
		if x.Accepted != "" {
			said = append(said, txt(" ("+x.Accepted+")"))
		}
		if x.Remedy != "" {
			said = append(said, txt(" "), el("em", txt(x.Remedy)))
		}
		if x.Command != "" {
			said = append(said, txt(" "), el("code", txt(x.Command)))
		}
		items = append(items, el("li", said))
	}
	return el("section", class("group"), lines(append(parts, el("ul", class("plain"), lines(items...)))...))
}

func each(others []string) group {
	var g group
	for _, x := range others {
		g = append(g, txt(", "), bdi(txt(x)))
	}
	return g
}
