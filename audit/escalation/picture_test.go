package escalation_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/internal/markup"
)

// TestPicture draws large accounts with few and many boxes: no box lies on
// another, everybody is drawn or counted, and the XML is well-formed.
func TestPicture(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		s := company(300, 120, seed)
		r := escalation.Find(authorize.New(s), s)
		cuts := escalation.Cuts(r, s, 1, nil)
		if len(r.Ways) < 5 || len(cuts) == 0 {
			t.Fatalf("seed %d: %d ways, %d cuts: nothing to draw", seed, len(r.Ways), len(cuts))
		}
		for _, boxes := range []int{1, 5, 40, 1000} {
			p := escalation.NewPicture(r.Ways, &cuts[0], boxes)
			left, stopped := 0, 0
			for i, a := range p.Boxes {
				if a.X < 0 || a.Y < 0 || a.X+a.Width > p.Width || a.Y+a.Height > p.Height {
					t.Errorf("seed %d: %s stands outside", seed, a.Name)
				}
				for _, b := range p.Boxes[:i] {
					if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
						t.Errorf("seed %d: %s lies on %s", seed, a.Name, b.Name)
					}
				}
				if a.Kind == "rest" {
					n := 0
					if _, err := fmt.Sscanf(a.Name, "%d more", &n); err != nil {
						t.Error(a.Name)
					}
					left += n
				}
				if a.Stopped {
					stopped += len(a.Principals)
				}
			}
			if p.Ways != len(r.Ways) || p.Shown+left != p.Ways {
				t.Errorf("seed %d, %d boxes: %d shown and %d left of %d", seed, boxes, p.Shown, left, len(r.Ways))
			}
			if boxes == 1000 && (p.Shown != p.Ways || stopped != len(cuts[0].Stopped)) {
				t.Errorf("seed %d: all shown: %d of %d, %d stopped of %d", seed, p.Shown, p.Ways, stopped, len(cuts[0].Stopped))
			}
			if len(p.Lines) != len(p.Boxes)-1 {
				t.Errorf("seed %d: %d lines for %d boxes: no tree", seed, len(p.Lines), len(p.Boxes))
			}
			var b bytes.Buffer
			if err := escalation.WriteSVG(&b, p); err != nil {
				t.Fatal(err)
			}
			wellFormed(t, b.String())
		}
	}
}

// Names are text, whatever is in them.
func TestPictureOfHostileNames(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{Account: number, Partition: "aws"}
	for i, name := range []string{`</title><script>x()</script>`, `"><img onerror=x()>`, "\u202egnp", "a\x1b[31m\x00", strings.Repeat("名", 9000), `javascript:x()`} {
		s.Users = append(s.Users, account.User{Name: name, ARN: arnOf("user", name), ID: fmt.Sprintf("AIDA%d", i),
			Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}`)}}})
	}
	r := escalation.Find(authorize.New(s), s)
	if len(r.Ways) != len(s.Users) {
		t.Fatalf("%d ways", len(r.Ways))
	}
	for i := range r.Ways {
		p := escalation.NewPicture(r.Ways[i:i+1], nil, 9)
		var b bytes.Buffer
		if err := escalation.WriteSVG(&b, p); err != nil {
			t.Fatal(err)
		}
		var inline bytes.Buffer
		if err := markup.Write(&inline, p.Inline()); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{b.String(), inline.String()} {
			wellFormed(t, text)
			for _, bad := range []string{"<script", "<img", "\u202e", "\x1b", "\x00", `href="javascript`} {
				if strings.Contains(text, bad) {
					t.Errorf("%q in\n%.300s", bad, text)
				}
			}
		}
		if b.Len() > 4000 {
			t.Errorf("%d bytes for one box", b.Len())
		}
	}
	var b bytes.Buffer
	if err := escalation.WriteSVG(&b, escalation.NewPicture(nil, nil, 9)); err != nil || !strings.Contains(b.String(), "Nobody is known") {
		t.Error(err, b.String())
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%.2000s", err, text)
		}
	}
}
