package escalation

import (
	"cmp"
	"fmt"
	"slices"

	"warden/account/authorize"
)

// Picture is the ways drawn: who becomes whom, from left to right, the
// administrators on the right. Every principal has one way, so that the
// picture is a tree and no line crosses another.
type Picture struct {
	Width, Height int
	Boxes         []Box
	Lines         []Line
	// Shown are the principals on ways that the picture has, and Ways all that
	// there are: in a large account the boxes through which most pass are
	// drawn.
	Shown, Ways int
	// Cut is the removal whose effect is marked; nil where none is.
	Cut *Cut
}

// Box is one principal, or several that go the same way.
type Box struct {
	X, Y, Width, Height int
	// Principals is empty for the last box, which stands for being an
	// administrator, and for the rest that is not drawn.
	Principals []*authorize.Principal
	// Name and How are the two lines of text: who, and by what he goes on.
	Name, How string
	// Kind is user, role, administrator, end or rest.
	Kind string
	// Stopped: the cut ends all ways of the box.
	Stopped bool
}

// Line is an edge, as a path of SVG.
type Line struct {
	D string
	// Sure is how sure the step is.
	Sure    authorize.State
	Stopped bool
}

// The measures of the picture, in pixels.
const (
	boxWidth, boxHeight = 232, 38
	columnGap, rowGap   = 64, 10
	margin              = 8
)

// spot is a box of the tree that is being drawn.
type spot struct {
	Box
	path     *Path
	state    authorize.State
	arn      string
	next     *spot
	children []*spot
	behind   int // principals who pass through here, those of the box too
	depth    int
	drawn    bool
	row      int // of the middle, in half rows
}

// NewPicture draws the ways with at most boxes boxes, beside one for each
// place where others are left out. The effect of a cut is marked, if it is not
// nil.
func NewPicture(ways []Way, cut *Cut, boxes int) Picture {
	p := Picture{Ways: len(ways), Cut: cut}
	if len(ways) == 0 {
		return p
	}
	end := &spot{Box: Box{Kind: "end", Name: "Administrator", How: "may do everything"}}
	merge(grow(ways, cut, end))
	all := weigh(end)
	// Whoever has more behind him is drawn first; what he leads to has more.
	slices.SortStableFunc(all, func(a, b *spot) int {
		return cmp.Or(cmp.Compare(b.behind, a.behind), cmp.Compare(a.depth, b.depth), cmp.Compare(a.arn, b.arn))
	})
	end.drawn = true
	for _, s := range all[:min(boxes, len(all))] {
		s.drawn = true
	}
	end.spareOne()
	deepest := 0
	for _, s := range all {
		s.spareOne()
		if s.drawn || s.next.drawn { // beside those that are drawn the rest is counted
			deepest = max(deepest, s.depth)
		}
	}
	rows := p.place(end, 0, deepest)
	p.Width = 2*margin + (deepest+1)*boxWidth + deepest*columnGap
	p.Height = 2*margin + rows*(boxHeight+rowGap) - rowGap
	return p
}

// grow makes the tree: one spot for each principal, each under the one that
// he becomes.
func grow(ways []Way, cut *Cut, end *spot) *spot {
	stopped := map[string]bool{}
	if cut != nil {
		for _, x := range cut.Stopped {
			stopped[x.ARN] = true
		}
	}
	spots := map[string]*spot{}
	at := func(x *authorize.Principal) *spot {
		s := spots[x.ARN]
		if s == nil {
			s = &spot{arn: x.ARN, Box: Box{Principals: []*authorize.Principal{x}, Kind: string(x.Kind), Name: x.String(), Stopped: stopped[x.ARN]}}
			spots[x.ARN] = s
		}
		return s
	}
	for i := range ways {
		for j := range ways[i].Steps {
			step := &ways[i].Steps[j]
			from := at(step.From)
			if from.next != nil {
				continue // part of a way that is in the tree
			}
			from.path, from.state, from.How = step.Path, step.State, step.Path.ID+" "+step.Path.Title
			from.next = end
			if step.To != nil {
				from.next = at(step.To)
			}
			from.next.children = append(from.next.children, from)
			if to := from.next; to != end && to.next == nil && j == len(ways[i].Steps)-1 {
				to.next, to.Kind, to.How, to.state = end, "administrator", "is an administrator", authorize.Allowed
				if rank(ways[i].State) > rank(step.State) {
					to.state, to.How = ways[i].State, "is an administrator, perhaps"
				}
				end.children = append(end.children, to)
			}
		}
	}
	return end
}

// merge puts those who go the same way, and whom nobody else becomes, into one
// box.
func merge(s *spot) {
	type likeness struct {
		kind, path string
		state      authorize.State
		stopped    bool
	}
	alike := map[likeness]*spot{}
	var kept []*spot
	for _, c := range s.children {
		if len(c.children) > 0 || c.path == nil {
			merge(c)
			kept = append(kept, c)
			continue
		}
		key := likeness{c.Kind, c.path.ID, c.state, c.Stopped}
		if first := alike[key]; first != nil {
			first.Principals = append(first.Principals, c.Principals...)
			first.Name = fmt.Sprintf("%d %ss", len(first.Principals), c.Kind)
			continue
		}
		alike[key] = c
		kept = append(kept, c)
	}
	s.children = kept
}

// spareOne draws the last that is left out: a box that counts one takes no less
// room.
func (s *spot) spareOne() {
	var left []*spot
	for _, c := range s.children {
		if !c.drawn {
			left = append(left, c)
		}
	}
	if s.drawn && len(left) == 1 && len(left[0].children) == 0 {
		left[0].drawn = true
	}
}

// weigh counts who passes, and returns the spots under end.
func weigh(s *spot) []*spot {
	var all []*spot
	if s.path != nil {
		s.behind = len(s.Principals)
	}
	for _, c := range s.children {
		c.depth = s.depth + 1
		all = append(all, c)
		all = append(all, weigh(c)...)
		s.behind += c.behind
	}
	return all
}

// place gives the spot and what is drawn behind it their places, from row on,
// and returns the row after them.
func (p *Picture) place(s *spot, row, deepest int) int {
	rest := 0
	var lines []*spot
	slices.SortStableFunc(s.children, func(a, b *spot) int {
		return cmp.Or(cmp.Compare(b.behind, a.behind), cmp.Compare(a.arn, b.arn))
	})
	next := row
	for _, c := range s.children {
		if !c.drawn {
			rest += c.behind
			continue
		}
		next = p.place(c, next, deepest)
		lines = append(lines, c)
	}
	if rest > 0 {
		more := &spot{Box: Box{Kind: "rest", Name: fmt.Sprintf("%d more", rest), How: "not drawn"}, depth: s.depth + 1, state: authorize.Depends, row: 2 * next}
		p.box(more, deepest)
		lines = append(lines, more)
		next++
	}
	if len(lines) == 0 {
		s.row, next = 2*row, row+1
	} else {
		s.row = (lines[0].row + lines[len(lines)-1].row) / 2
	}
	p.box(s, deepest)
	for _, c := range lines {
		p.line(c, s)
	}
	if s.path != nil {
		p.Shown += len(s.Principals)
	}
	return next
}

func (p *Picture) box(s *spot, deepest int) {
	s.X = margin + (deepest-s.depth)*(boxWidth+columnGap)
	s.Y = margin + s.row*(boxHeight+rowGap)/2
	s.Width, s.Height = boxWidth, boxHeight
	p.Boxes = append(p.Boxes, s.Box)
}

func (p *Picture) line(from, to *spot) {
	x1, y1 := from.X+boxWidth, from.Y+boxHeight/2
	x2, y2 := to.X-6, to.Y+boxHeight/2 // room for the head of the arrow
	middle := (x1 + x2) / 2
	p.Lines = append(p.Lines, Line{D: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, middle, y1, middle, y2, x2, y2), Sure: from.state, Stopped: from.Stopped})
}
