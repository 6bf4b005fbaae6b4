package respond_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
	"warden/app"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
)

// The administrators' group is unknown, empty, of another case, has a path, is
// larger than a page of IAM's, or was deleted or renamed by an administrator.
// Administrators are left alone by it, outsiders contained, and where the rule
// tells nobody apart nobody is denied anything and people are told.
func TestAdministratorsGroup(t *testing.T) {
	t.Parallel()
	const many, last = 230, "keeper-229" // IAM answers with a hundred at a time
	crowd := func(s *account.Snapshot) error {
		s.Groups = append(s.Groups, account.Group{Path: "/people/it/", Name: "Keepers", ID: "AGPAKEEPERSKEEPERSKEE", ARN: "arn:aws:iam::" + s.Account + ":group/people/it/Keepers", CreateDate: s.CollectedAt})
		for i := range many {
			name := fmt.Sprintf("keeper-%03d", i)
			s.Users = append(s.Users, account.User{Path: "/", Name: name, ID: fmt.Sprintf("AIDAKEEPERKEEPERK%04d", i), ARN: "arn:aws:iam::" + s.Account + ":user/" + name, CreateDate: s.CollectedAt,
				Groups: []string{"Keepers"}, Attached: []string{"arn:aws:iam::aws:policy/IAMFullAccess"}})
		}
		return nil
	}
	for _, tt := range []struct {
		name  string
		group string
		// prepare happens before the guard starts, meanwhile after.
		prepare, meanwhile func(p *play)
		outsider, admin    guard.Verdict
	}{
		{"as it is written", "Administrators", nil, nil, guard.Contain, guard.Allowed},
		{"in other case", "adMINistrators", nil, nil, guard.Contain, guard.Allowed},
		{"of another name", "Administrator", nil, nil, guard.Escalate, guard.Escalate},
		{"empty", "Nobody", func(p *play) {
			_, err := p.Admin.IAM.CreateGroup(p.t.Context(), &iam.CreateGroupInput{GroupName: aws.String("Nobody")})
			p.must(err)
		}, nil, guard.Contain, guard.Contain},
		{"of many, in a path", "keepers,Administrators", nil, func(p *play) {
			// The last of the last page writes, and is left alone.
			key, err := p.Admin.IAM.CreateAccessKey(p.t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(last)})
			p.must(err)
			keeper := p.As(app.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey})
			p.must(p.createUser(keeper, "by-keeper"))
			results := p.drain()
			if got := of(results, last, "CreateUser"); len(got) != 1 || got[0].Verdict != guard.Allowed {
				p.t.Errorf("the last of many: %+v", got)
			}
		}, guard.Contain, guard.Allowed},
		{"renamed by an administrator", "Administrators", nil, func(p *play) {
			_, err := p.Admin.IAM.UpdateGroup(p.t.Context(), &iam.UpdateGroupInput{GroupName: aws.String("Administrators"), NewGroupName: aws.String("Keepers-of-keys")})
			p.must(err)
			p.drain()
		}, guard.Contain, guard.Escalate}, // they count for the others until it is known who took it from them
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{Change: crowd})
			if tt.prepare != nil {
				tt.prepare(p)
			}
			p.drain()
			p.r = p.responder(func(o *respond.Options) { o.Guard.AdminGroups = strings.Split(tt.group, ",") })
			p.must(p.r.Start(t.Context()))
			if tt.meanwhile != nil {
				tt.meanwhile(p)
			}
			p.must(p.createUser(p.intruder, "by-outsider"))
			p.must(p.createUser(p.Admin, "by-admin"))
			results := p.drain()
			for who, want := range map[string]guard.Verdict{p.Truth.Administrator: tt.admin, p.Truth.Intruder: tt.outsider} {
				got := of(results, who, "CreateUser")
				if len(got) != 1 || got[0].Verdict != want || got[0].Err != nil {
					t.Errorf("%s: %d results, want %s", who, len(got), want)
					for _, r := range got {
						t.Errorf("%s retry=%t %v: %s", r.Verdict, r.Retry, r.Err, r.Reason)
					}
				}
				if denied := len(p.denied(who)) > 0; denied != (want == guard.Contain) {
					t.Errorf("%s: denied %t", who, denied)
				}
			}
			if want := map[bool]int{true: 2, false: 1}[tt.admin != guard.Allowed]; len(p.Twin.Published()) < want {
				t.Errorf("told %d times", len(p.Twin.Published()))
			}
		})
	}
}

// denied are the deny policies on a user.
func (p *play) denied(user string) []string {
	for _, u := range p.Twin.Snapshot().Users {
		if u.Name == user {
			return slices.DeleteFunc(u.Attached, func(arn string) bool { return !strings.Contains(arn, ":policy/DENY-") })
		}
	}
	return nil
}
