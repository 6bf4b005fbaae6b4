package reason

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// decode is utf8.DecodeRuneInString; a byte that is no character stands for
// itself, and no policy can spell it.
func decode(s string) (rune, int) { return utf8.DecodeRuneInString(s) }

// side is one condition on a text: that one of the patterns matches, or that
// none does.
type side struct {
	patterns [][]element
	want     bool
}

// positions is a state of a side's automaton: the elements of each pattern
// that may come next, packed as pattern<<16 | element. An element past the
// last accepts.
type positions []uint32

const maxElements = 1 << 16

// start is the first state.
func (sd *side) start() positions {
	var out positions
	for p := range sd.patterns {
		out = sd.enter(out, p, 0)
	}
	return sd.settle(out)
}

// enter adds element i of pattern p, and what follows it if it is a star.
func (sd *side) enter(out positions, p, i int) positions {
	elements := sd.patterns[p]
	for {
		out = append(out, uint32(p)<<16|uint32(i))
		if i >= len(elements) || elements[i].kind != many {
			return out
		}
		i++
	}
}

// settle sorts a state and drops what the last star of each pattern makes
// needless: whatever an earlier position accepts, the star accepts too, as
// all positions of one pattern lie in the same part of an ARN.
func (sd *side) settle(state positions) positions {
	slices.Sort(state)
	state = slices.Compact(state)
	out := state[:0]
	for i := 0; i < len(state); {
		p := state[i] >> 16
		end := i
		star := -1
		for ; end < len(state) && state[end]>>16 == p; end++ {
			at := int(state[end] & 0xffff)
			if elements := sd.patterns[p]; at < len(elements) && elements[at].kind == many {
				star = end
			}
		}
		if star >= 0 {
			i = star
		}
		out = append(out, state[i:end]...)
		i = end
	}
	return out
}

// step reads one character.
func (sd *side) step(state positions, r rune) positions {
	var out positions
	for _, at := range state {
		p, i := int(at>>16), int(at&0xffff)
		elements := sd.patterns[p]
		if i >= len(elements) || !elements[i].matches(r) {
			continue
		}
		if elements[i].kind == many {
			out = sd.enter(out, p, i)
		} else {
			out = sd.enter(out, p, i+1)
		}
	}
	return sd.settle(out)
}

// verdict says what is known of a side in a state.
type verdict uint8

const (
	open   verdict = iota // depends on what follows
	always                // holds whatever follows
	never                 // cannot hold any more
)

func (sd *side) verdict(state positions) verdict {
	none, all := never, always
	if !sd.want {
		none, all = always, never
	}
	if len(state) == 0 {
		return none
	}
	if slices.ContainsFunc(state, sd.endless) {
		return all
	}
	return open
}

// holds tells whether the side holds for a text that ends in this state.
func (sd *side) holds(state positions) bool {
	for _, at := range state {
		if int(at&0xffff) >= len(sd.patterns[at>>16]) {
			return sd.want
		}
	}
	return !sd.want
}

// alphabet says which characters a text may have, and which of those that no
// pattern spells to show: nice ones first.
type alphabet struct {
	allowed func(rune) bool
	nice    string
}

var (
	anyText = alphabet{
		allowed: func(r rune) bool { return r < firstPlaceholder },
		nice:    "xyzabcdefghijklmnopqrstuvw0123456789-_/.=@+ ABCDEFGHIJKLMNOPQRSTUVWXYZ,;!#$%&'()[]{}|~^`\"<>\\*?:",
	}
	actionText = alphabet{
		allowed: func(r rune) bool {
			return r == ':' || r == '-' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
		},
		nice: "xyzabcdefghijklmnopqrstuvw0123456789-",
	}
	// markedText has the placeholders of variables as letters.
	markedText = alphabet{allowed: func(rune) bool { return true }, nice: anyText.nice}
)

// other is a character of the alphabet that is none of used.
func (a *alphabet) other(used []rune) (rune, bool) {
	for _, r := range a.nice {
		if _, found := slices.BinarySearch(used, r); !found && a.allowed(r) {
			return r, true
		}
	}
	// Policies that spell all of these: take one from further away.
	for r := rune(0xC0); r < 0xC0+4096; r++ {
		if _, found := slices.BinarySearch(used, r); !found && a.allowed(r) && unicode.IsLetter(r) && unicode.SimpleFold(r) == r {
			return r, true
		}
	}
	return 0, false
}

// node is a state of the product automaton.
type node struct {
	states []positions
	parent int32
	char   rune
}

// find looks for a shortest text that satisfies all sides: a breadth-first
// walk over the product of their automata, which are made deterministic, and
// multiplied, only where the walk comes. spend is asked for every step and ends
// the walk with complete false.
func find(sides []side, a alphabet, spend func(int) bool) (text string, found, complete bool) {
	for i := range sides {
		for _, p := range sides[i].patterns {
			if len(p) >= maxElements || len(sides[i].patterns) >= 1<<16 {
				return "", false, false
			}
		}
	}
	first := node{states: make([]positions, len(sides)), parent: -1}
	for i := range sides {
		first.states[i] = sides[i].start()
	}
	nodes := []node{first}
	seen := map[string]bool{}
	var key []byte
	var used []rune
	for at := 0; at < len(nodes); at++ {
		n := nodes[at]
		if accepts(sides, n.states) {
			return spell(nodes, at), true, true
		}
		used = distinguished(sides, n.states, used[:0])
		if r, ok := a.other(used); ok {
			used = append(used, r)
		}
		for _, r := range used {
			if !a.allowed(r) {
				continue
			}
			next := node{states: make([]positions, len(sides)), parent: int32(at), char: r}
			alive, cost := true, 1
			key = key[:0]
			for i := range sides {
				state := n.states[i]
				cost += len(state)
				if sides[i].verdict(state) != always {
					state = sides[i].step(state, r)
				}
				v := sides[i].verdict(state)
				if v == never {
					alive = false
					break
				}
				if v == always {
					// One state stands for all of these.
					state = sides[i].anyOf(state)
				}
				next.states[i] = state
				key = appendState(key, state)
			}
			if !spend(cost) {
				return "", false, false
			}
			if alive && !seen[string(key)] {
				seen[string(key)] = true
				nodes = append(nodes, next)
			}
		}
	}
	return "", false, true
}

// anyOf keeps of a state whose side holds whatever follows the position that
// says so.
func (sd *side) anyOf(state positions) positions {
	for i, at := range state {
		if sd.endless(at) {
			return state[i : i+1]
		}
	}
	return state
}

// endless tells whether the position accepts every text.
func (sd *side) endless(at uint32) bool {
	elements := sd.patterns[at>>16]
	i := int(at & 0xffff)
	return i == len(elements)-1 && elements[i].kind == many && !elements[i].inPart
}

func appendState(key []byte, state positions) []byte {
	for _, at := range state {
		key = append(key, byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
	}
	return append(key, 0xff, 0xff, 0xff, 0xff)
}

func accepts(sides []side, states []positions) bool {
	for i := range sides {
		if sides[i].verdict(states[i]) != always && !sides[i].holds(states[i]) {
			return false
		}
	}
	return true
}

// distinguished are the characters that lead elsewhere than all others.
func distinguished(sides []side, states []positions, out []rune) []rune {
	for i := range sides {
		if sides[i].verdict(states[i]) == always {
			continue
		}
		for _, at := range states[i] {
			elements := sides[i].patterns[at>>16]
			j := int(at & 0xffff)
			if j >= len(elements) {
				continue
			}
			switch e := &elements[j]; {
			case e.kind == letter && e.fold:
				out = append(out, e.char)
				for f := unicode.SimpleFold(e.char); f != e.char; f = unicode.SimpleFold(f) {
					out = append(out, f)
				}
			case e.kind == letter, e.kind == placeholder:
				out = append(out, e.char)
			case e.inPart:
				out = append(out, ':')
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spell reads the text that leads to a node.
func spell(nodes []node, at int) string {
	var chars []rune
	for ; nodes[at].parent >= 0; at = int(nodes[at].parent) {
		chars = append(chars, nodes[at].char)
	}
	slices.Reverse(chars)
	var b strings.Builder
	for _, r := range chars {
		b.WriteRune(r)
	}
	return b.String()
}
