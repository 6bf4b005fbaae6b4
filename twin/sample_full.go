package twin

import (
	"encoding/json"
	"fmt"
	"strings"

	"warden/account"
)

// Place is one of the ways in which a policy can be put on a user, each of
// which has a quota.
type Place string

// The places on a user. IAM User Guide, "IAM and AWS STS quotas".
const (
	ManagedPlaces Place = "managed"  // ten attached policies
	InlinePlaces  Place = "inline"   // 2048 characters of inline policies together
	BoundaryPlace Place = "boundary" // one permissions boundary
)

// Fill takes away the places for policies on a user of the snapshot, for tests
// of what is done when none is left. What it puts there neither gives nor
// limits anything: policies about objects that do not exist, and a boundary
// that allows everything. A boundary that the user has stays.
func Fill(s *account.Snapshot, userName string, places ...Place) error {
	var u *account.User
	ids := newIdentifiers(0, s.Account)
	for i := range s.Users {
		ids.used[s.Users[i].ID] = true
		if s.Users[i].Name == userName {
			u = &s.Users[i]
		}
	}
	for _, p := range s.Policies {
		ids.used[p.ID] = true
	}
	if u == nil {
		return fmt.Errorf("twin: there is no user %q to fill", userName)
	}
	add := func(name, document string) string {
		p := account.ManagedPolicy{
			Path: "/filler/", Name: userName + "-" + name, ID: ids.make(prefixPolicy), CreateDate: u.CreateDate, UpdateDate: u.CreateDate,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: u.CreateDate, Document: json.RawMessage(document)}},
		}
		p.ARN = "arn:" + s.Partition + ":iam::" + s.Account + ":policy" + p.Path + p.Name
		s.Policies = append(s.Policies, p)
		return p.ARN
	}
	q := defaultQuotas()
	for _, place := range places {
		switch place {
		case ManagedPlaces:
			for n := len(u.Attached); n < q.attachedPerUser; n++ {
				u.Attached = append(u.Attached, add(fmt.Sprintf("filler-%d", n), allow("arn:aws:s3:::filler/x", "s3:GetObject")))
			}
		case InlinePlaces:
			left := q.inlineUser
			for _, p := range u.Inline {
				left -= size(string(p.Document))
			}
			empty := size(allow("arn:aws:s3:::filler/", "s3:GetObject"))
			if left < empty {
				continue // nothing fits that denies anything
			}
			document := allow("arn:aws:s3:::filler/"+strings.Repeat("x", left-empty), "s3:GetObject")
			u.Inline = append(u.Inline, account.InlinePolicy{Name: "filler", Document: json.RawMessage(document)})
		case BoundaryPlace:
			if u.Boundary == "" {
				u.Boundary = add("filler-boundary", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
			}
		default:
			return fmt.Errorf("twin: %q is no place for a policy", place)
		}
	}
	return nil
}
