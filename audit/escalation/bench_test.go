package escalation_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
)

// company makes an account as large as they come: groups and managed policies
// that many share, a policy about one's own credentials that everybody has, a
// few administrators, inline policies of some, and roles for services, for
// people and for other roles.
func company(users, roles int, seed uint64) *account.Snapshot {
	random := rand.New(rand.NewPCG(seed, 3))
	p := &planter{random: random, s: &account.Snapshot{Version: account.Version, Account: number, Partition: "aws", CollectedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}}
	p.policy("AdministratorAccess", "aws", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	power := p.policy("PowerUserAccess", "aws", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}`)
	own := p.policy("own-credentials", number, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*AccessKey*","iam:*LoginProfile","iam:*MFADevice"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}`)
	boundary := p.policy("boundary", number, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","lambda:*","logs:*","iam:PassRole"],"Resource":"*"}]}`)
	var shared []string
	services := []string{"s3", "sqs", "lambda", "ec2", "glue", "ecs", "codebuild", "logs", "dynamodb"}
	for i := range 200 {
		var statements []string
		for range 1 + random.IntN(6) {
			x := services[random.IntN(len(services))]
			statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":["%s:Get*","%s:List*","%s:Create*","%s:Update*"],"Resource":"arn:aws:%s:*:%s:*team%d*"}`, x, x, x, x, x, number, random.IntN(90)))
		}
		if i%20 == 0 {
			statements = append(statements, `{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::`+number+`:role/svc-1*"}`)
		}
		shared = append(shared, p.policy(fmt.Sprintf("shared-%d", i), number, string(document(statements))))
	}
	for i := range 100 {
		g := account.Group{Path: "/", Name: fmt.Sprintf("group-%d", i), ARN: arnOf("group", fmt.Sprintf("group-%d", i)), Attached: []string{own, shared[random.IntN(200)], shared[random.IntN(200)]}}
		switch {
		case i == 0:
			g.Attached = []string{administrator}
		case i < 4:
			g.Attached = append(g.Attached, power)
		}
		p.s.Groups = append(p.s.Groups, g)
	}
	for i := range users {
		u := p.user(fmt.Sprintf("user-%04d", i), nil)
		u.Groups = []string{fmt.Sprintf("group-%d", 4+random.IntN(96)), fmt.Sprintf("group-%d", 4+random.IntN(96))}
		switch x := random.IntN(200); {
		case x == 0:
			u.Groups = []string{"group-0"}
		case x < 6:
			u.Groups = append(u.Groups, "group-1")
		case x < 20:
			u.Inline = []account.InlinePolicy{{Name: "own", Document: document([]string{fmt.Sprintf(`{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:ListUsers"],"Resource":"arn:aws:iam::%s:user/user-%03d*"}`, number, random.IntN(users/10))})}}
		case x < 40:
			u.Boundary = boundary
		}
		p.s.Users = append(p.s.Users, u)
	}
	for i := range roles {
		name := fmt.Sprintf("svc-%04d", i)
		r := account.Role{Path: "/", Name: name, ID: "AROA" + name, ARN: arnOf("role", name), Attached: []string{shared[random.IntN(200)]},
			Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(harmless)}}}
		if random.IntN(60) == 0 {
			r.Attached = []string{administrator}
		}
		switch x := random.IntN(10); {
		case x < 6:
			r.Trust = trust(fmt.Sprintf(`{"Service":%q}`, []string{"lambda", "ec2", "glue", "codebuild", "ecs-tasks"}[random.IntN(5)]+".amazonaws.com"), "sts:AssumeRole")
		case x < 8:
			r.Trust = trust(fmt.Sprintf(`{"AWS":%q}`, p.s.Users[random.IntN(users)].ARN), "sts:AssumeRole")
		case x < 9:
			r.Trust = trust(`{"AWS":"arn:aws:iam::`+number+`:root"}`, "sts:AssumeRole")
		default:
			r.Trust = trust(fmt.Sprintf(`{"AWS":%q}`, arnOf("role", fmt.Sprintf("svc-%04d", random.IntN(roles)))), "sts:AssumeRole")
		}
		p.s.Roles = append(p.s.Roles, r)
	}
	return p.s
}

func BenchmarkFind(b *testing.B) {
	for _, size := range [][2]int{{500, 200}, {1500, 600}, {5000, 2000}} {
		s := company(size[0], size[1], 1)
		a := authorize.New(s)
		b.Run(fmt.Sprintf("%d-users-%d-roles", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			var r escalation.Report
			for b.Loop() {
				r = escalation.Find(a, s)
			}
			b.ReportMetric(float64(len(r.Ways)), "ways")
			b.ReportMetric(float64(r.Count(authorize.Allowed)), "sure")
		})
	}
}

func BenchmarkCuts(b *testing.B) {
	s := company(5000, 2000, 1)
	r := escalation.Find(authorize.New(s), s)
	b.ResetTimer()
	for b.Loop() {
		escalation.Cuts(r, s, 5, nil)
	}
}
