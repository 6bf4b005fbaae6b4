package respond_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
)

// What becomes of the name of the user to whom an intruder gave a credential,
// between the call and the judgement.
var renamings = []struct {
	name string
	do   func(p *play, user string)
}{
	{"renamed", func(p *play, u string) { p.rename(u, "quiet", "/elsewhere/") }},
	{"renamed, and his name is a new user's", func(p *play, u string) {
		p.rename(u, "quiet", "/")
		p.must(p.createUser(p.root(), u))
	}},
	{"changed names with another", func(p *play, u string) {
		p.must(p.createUser(p.root(), "innocent"))
		p.rename(u, "quiet", "/")
		p.rename("innocent", u, "/")
	}},
}

// The key that an intruder made for an administrator is closed also where the
// administrator has another name by then, with the rights of the stack's role
// alone; who has his name is not touched.
func TestARenamedAdministratorsKeyIsClosed(t *testing.T) {
	t.Parallel()
	for _, move := range renamings {
		for _, undo := range []bool{false, true} {
			t.Run(move.name+", "+map[bool]string{false: "contains", true: "takes back"}[undo], func(t *testing.T) {
				t.Parallel()
				p := newLeastPlay(t, stage.Options{Guard: guard.Config{UndoActions: undo}})
				boss := p.Truth.Administrator
				id, with := p.key(p.intruder, boss)
				e := p.the(p.Truth.Intruder, "CreateAccessKey")
				p.Admin = p.root() // whom nobody renames
				move.do(p, boss)
				res := p.handle(p.r, e, guard.Contain, "no administrator")
				if res.Action != respond.Contained || p.active("quiet", id) {
					t.Errorf("%s, taken %v; the key is active: %v", res.Action, res.Taken, p.active("quiet", id))
				}
				if err := p.createUser(with, "x"); err == nil {
					t.Error("he goes on with the key")
				}
				for _, s := range p.incident(res.Incident).Steps {
					if s.Step.Kind == change.AccessKey && !strings.HasSuffix(s.Step.Target, "/quiet") {
						t.Errorf("a step on %s", s.Step.Target)
					}
				}
				for _, u := range p.Twin.Snapshot().Users {
					if u.Name == boss && (len(u.Attached) > 0 || len(u.Inline) > 0) {
						t.Errorf("the namesake has %v %v", u.Attached, u.Inline)
					}
				}
				// It is held, and given back, under the name that he has now.
				if again, err := p.r.Recheck(t.Context(), res.Incident); err != nil || len(again.Stripped) != 0 {
					t.Errorf("%+v %v", again, err)
				}
				p.giveBack(p.person(), res.Incident)
				if !p.active("quiet", id) {
					t.Error("undo does not give the key back")
				}
			})
		}
	}
}

// A console password that an intruder made is taken away from the
// administrator who got it, whatever he is called, and counts as the
// intruder's.
func TestARenamedAdministratorsPassword(t *testing.T) {
	t.Parallel()
	for _, move := range renamings {
		t.Run(move.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, knowsNothing)
			const boss = "second"
			h.must(h.createUser(h.Admin, boss))
			h.join(h.Admin, boss)
			id := ""
			for _, u := range h.Twin.Snapshot().Users {
				if u.Name == boss {
					id = u.ID
				}
			}
			h.must(h.r.RefreshAdmins(t.Context()))
			_, err := h.intruder.IAM.CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{UserName: aws.String(boss), Password: aws.String("Another-One-4711!")})
			h.must(err)
			e := h.the(h.Truth.Intruder, "CreateLoginProfile")
			move.do(h.play, boss)
			res := h.play.handle(h.r, e, guard.Contain, "no administrator")
			if got := h.state(change.LoginProfile, h.user("quiet"), ""); got.Exists {
				t.Errorf("the password is of %s; taken %v", got, res.Taken)
			}
			var held ledger.CredentialHistory
			h.must(h.Ledger.ReadCredentials(t.Context(), h.Account, &held))
			if len(held.Of["password:"+id]) == 0 {
				t.Errorf("the password counts as the administrator's own: %v", held.Of)
			}
		})
	}
}

// Whom an intruder made is denied IAM under the name that he was given since.
func TestARenamedNewUserIsQuarantined(t *testing.T) {
	t.Parallel()
	for _, move := range renamings {
		t.Run(move.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, knowsNothing)
			h.must(h.createUser(h.intruder, "backdoor"))
			e := h.the(h.Truth.Intruder, "CreateUser")
			move.do(h.play, "backdoor")
			res := h.play.handle(h.r, e, guard.Contain, "no administrator")
			if got := h.attached("quiet"); len(got) != 1 || got[0] != guard.DefaultDenyPolicy {
				t.Errorf("he has %v; taken %v", got, res.Taken)
			}
			if move.name != "renamed" && len(h.attached("backdoor")) != 0 {
				t.Errorf("the namesake has %v", h.attached("backdoor"))
			}
		})
	}
}
