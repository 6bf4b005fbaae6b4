package plant_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"warden/account"
	"warden/internal/plant"
)

// TestMake: an account has its size, is the same for a seed, can be written and
// read, and its answers are about what it has, each once.
func TestMake(t *testing.T) {
	t.Parallel()
	for _, o := range []plant.Options{{Seed: 1}, {Seed: 2, Size: plant.Common, Complete: true}, {Seed: 3, Size: plant.Large}} {
		a := plant.Make(o)
		s := a.Snapshot
		if got := (plant.Size{Users: len(s.Users), Roles: len(s.Roles), Groups: len(s.Groups), Policies: len(s.Policies)}); o.Size != (plant.Size{}) && got != o.Size {
			t.Errorf("%+v: %+v", o, got)
		}
		var b bytes.Buffer
		if err := account.WriteSnapshot(&b, s); err != nil {
			t.Fatal(err)
		}
		if _, err := account.ReadSnapshot("planted", bytes.NewReader(b.Bytes())); err != nil {
			t.Error(err)
		}
		if o.Size == plant.Large {
			t.Logf("%d bytes, %d answers", b.Len(), len(a.Answers))
		} else {
			first, _ := json.Marshal(a)
			again, _ := json.Marshal(plant.Make(o))
			if !bytes.Equal(first, again) {
				t.Errorf("%+v: not the same account again", o)
			}
		}
		there := map[string]bool{"arn:aws:iam::" + plant.Number + ":root": true}
		names := map[string]bool{}
		for _, u := range s.Users {
			there[u.ARN], names[u.Name] = true, true
		}
		for _, r := range s.Roles {
			there[r.ARN] = true
		}
		if len(names) != len(s.Users) {
			t.Errorf("%+v: a name occurs twice", o)
		}
		seen := map[plant.Answer]bool{}
		for _, x := range a.Answers {
			if x.Want == plant.Unknown && o.Complete && x.Control != "principal.escalation" && x.Control != "user.inactive" {
				t.Errorf("nothing is left out, and %+v", x)
			}
			k := plant.Answer{Control: x.Control, Subject: x.Subject, Part: x.Part}
			if seen[k] {
				t.Errorf("two answers: %+v", x)
			}
			seen[k] = true
			if arn, err := account.ParseARN(x.Subject); err != nil || (arn.Type() == "user" || arn.Type() == "role") && !there[x.Subject] {
				t.Errorf("an answer about nobody: %+v", x)
			}
		}
	}
}
