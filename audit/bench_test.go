package audit_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"warden/account"
	"warden/audit"
)

// crowd is the good account with many users, roles and policies.
func crowd(users, roles, policies int) *account.Snapshot {
	s := good()
	for i := range users {
		name := fmt.Sprintf("user-%04d", i)
		s.Users = append(s.Users, account.User{Name: name, ID: "AIDA" + name, ARN: arn("user/" + name), CreateDate: ago(500), Groups: []string{"staff"}})
		r := *row(s, "ann")
		r.User, r.ARN = name, arn("user/"+name)
		r.Keys[0] = account.ReportedKey{Active: "true", LastRotated: at(i % 400), LastUsed: at(i % 200)}
		s.CredentialReport.Rows = append(s.CredentialReport.Rows, r)
	}
	for i := range roles {
		r := s.Roles[0]
		r.Name = fmt.Sprintf("role-%04d", i)
		r.ID, r.ARN = "AROA"+r.Name, arn("role/"+r.Name)
		r.Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
		r.Attached = []string{arn(fmt.Sprintf("policy/p-%04d", i%policies))}
		s.Roles = append(s.Roles, r)
	}
	for i := range policies {
		s.Policies = append(s.Policies, managed(arn(fmt.Sprintf("policy/p-%04d", i)), fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","dynamodb:*"],"Resource":"arn:aws:s3:::b-%d/*"}]}`, i)))
	}
	return s
}

// BenchmarkRun judges an account of 500 users, 200 roles and 300 policies.
func BenchmarkRun(b *testing.B) {
	for _, size := range [][3]int{{500, 200, 300}, {5000, 2000, 3000}} {
		b.Run(fmt.Sprintf("%d users", size[0]), func(b *testing.B) {
			e := audit.NewEvidence(crowd(size[0], size[1], size[2]), now)
			b.ReportAllocs()
			for b.Loop() {
				if r := audit.Run(e, audit.Selection{}); len(r.Findings) < size[0] {
					b.Fatal(len(r.Findings))
				}
			}
		})
	}
}
