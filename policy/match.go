package policy

import "fmt"

// set evaluates policies that grant together.
func (e *evaluation) set(layer Layer, level string, docs []*Document) outcome {
	var o outcome
	var found []StatementRef
	for _, d := range docs {
		found = e.document(layer, d, &o, found)
	}
	e.report(layer, level, o, found)
	return o
}

// one is set for a single policy.
func (e *evaluation) one(layer Layer, d *Document) outcome {
	var o outcome
	e.report(layer, "", o, e.document(layer, d, &o, nil))
	return o
}

// document adds to o what the statements of d say that match. It looks at all
// of them, so that the evidence is complete; without evidence to collect it
// leaves out those that can change nothing any more.
func (e *evaluation) document(layer Layer, d *Document, o *outcome, found []StatementRef) []StatementRef {
	for i := range d.compiled {
		if e.result == nil && !e.special {
			if e.denied {
				break
			}
			if s := &d.compiled[i]; o.grants&toCaller != 0 && !s.deny && s.doubt == 0 {
				continue
			}
		}
		g, deny := e.statement(layer, d, i)
		if g == 0 {
			continue
		}
		if deny {
			o.denies, e.denied = true, true
		} else {
			o.grants |= g
		}
		if e.result != nil {
			found = append(found, d.ref(i))
		}
	}
	return found
}

// report writes one layer's evidence.
func (e *evaluation) report(layer Layer, level string, o outcome, found []StatementRef) {
	if e.result == nil {
		return
	}
	r := LayerResult{Layer: layer, Level: level, Decision: o.decision()}
	want := "Allow"
	if o.denies {
		want = "Deny"
	}
	for _, f := range found {
		if f.Effect == want || o.denies && f.Effect != "Allow" {
			r.Deciding = append(r.Deciding, f)
		}
	}
	e.result.Layers = append(e.result.Layers, r)
}

// ref points to statement i.
func (d *Document) ref(i int) StatementRef {
	s := &d.Statements[i]
	return StatementRef{Policy: d.Name, Sid: s.Sid, Index: i, Line: s.Line, Column: s.Column, Effect: s.Effect}
}

// statement tells whether statement i of d applies to the request, how it
// names the caller, and whether it denies.
func (e *evaluation) statement(layer Layer, d *Document, i int) (g grant, deny bool) {
	if e.special {
		return e.specialStatement(layer, d, i)
	}
	return e.closedStatement(layer, d, i)
}

// closedStatement is statement where a key that is not given is absent.
func (e *evaluation) closedStatement(layer Layer, d *Document, i int) (g grant, deny bool) {
	s := &d.compiled[i]
	if doubt := s.doubt | s.misplaced(layer); doubt != 0 {
		return e.doubtful(layer, d, i, doubt)
	}
	if !s.matchesAction(e.req.Action) {
		return 0, false
	}
	g = toCaller
	if s.hasPrincipal {
		if g = s.matchesPrincipal(e); g == 0 {
			return 0, false
		}
	}
	if s.hasResource && !s.matchesResource(e, d, i) || !s.matchesConditions(e) {
		return 0, false
	}
	return g, s.deny
}

// misplaced tells which elements are there, or missing, against the grammar of
// the layer. A policy of a resource must name principals, and may leave out
// the resource (IAM User Guide, "IAM JSON policy elements: Resource": the
// trust policy of a role has none); a policy of a principal must not name
// principals and must name resources.
func (s *statement) misplaced(layer Layer) element {
	var doubt element
	switch layer {
	case LayerResource:
		if !s.hasPrincipal {
			doubt |= inPrincipal
		}
		return doubt
	case LayerRCP, LayerEndpoint:
		if !s.hasPrincipal {
			doubt |= inPrincipal
		}
	default:
		if s.hasPrincipal {
			doubt |= inPrincipal
		}
	}
	if !s.hasResource {
		doubt |= inResource
	}
	return doubt
}

// doubtful is statement for one with elements in doubt. Where the others
// match it denies, whatever its effect would be worth, and never allows;
// an optimistic evaluation has it the other way round.
func (e *evaluation) doubtful(layer Layer, d *Document, i int, doubt element) (g grant, deny bool) {
	s := &d.compiled[i]
	if doubt&inAction == 0 && !s.matchesAction(e.req.Action) {
		return 0, false
	}
	g = toCaller
	if s.hasPrincipal && doubt&inPrincipal == 0 {
		if g = s.matchesPrincipal(e); g == 0 {
			return 0, false
		}
	}
	if s.hasResource && doubt&inResource == 0 && !s.matchesResource(e, d, i) ||
		doubt&inCondition == 0 && !s.matchesConditions(e) {
		return 0, false
	}
	e.doubt(func() string { return d.explainDoubt(layer, i) })
	denies := s.deny || doubt&inEffect != 0
	if denies == e.optimistic {
		if doubt&inEffect != 0 {
			return g, false
		}
		return 0, false
	}
	return g, denies
}

// doubt notes that something could not be judged.
func (e *evaluation) doubt(why func() string) {
	e.doubted = true
	if e.result != nil {
		e.reasons = append(e.reasons, why())
	}
}

// explainDoubt names the defect of statement i.
func (d *Document) explainDoubt(layer Layer, i int) string {
	for _, f := range d.Defects {
		if f.Statement == i || f.Statement < 0 {
			return fmt.Sprintf("%s:%d:%d: %s", d.Name, f.Line, f.Column, f.Message)
		}
	}
	what := "has no Resource"
	switch c := &d.compiled[i]; {
	case layer == LayerResource, !c.hasPrincipal && (layer == LayerRCP || layer == LayerEndpoint):
		what = "has no Principal"
	case c.hasPrincipal && layer != LayerRCP && layer != LayerEndpoint:
		what = "has a Principal"
	}
	return fmt.Sprintf("%s: the statement %s, against the grammar of %s policies", d.place(i), what, layer)
}

// place is where statement i begins.
func (d *Document) place(i int) string {
	s := &d.Statements[i]
	return fmt.Sprintf("%s:%d:%d", d.Name, s.Line, s.Column)
}
