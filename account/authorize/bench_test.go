package authorize_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"warden/account"
	"warden/account/authorize"
)

// large makes an account of n principals, two roles to three users, as a
// company of that size might have: a few groups, forty managed policies, and
// inline policies of their own for most roles and some users. The same seed
// makes the same account.
func large(n int, seed uint64) *account.Snapshot {
	random := rand.New(rand.NewPCG(seed, 7))
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	s := &account.Snapshot{Version: account.Version, Account: "111122223333", Partition: "aws", CollectedAt: at}
	services := []string{"s3", "sqs", "sns", "dynamodb", "lambda", "ec2", "logs", "kms", "iam", "ecr", "ssm", "events"}
	statement := func() string {
		service := services[random.IntN(len(services))]
		condition := ""
		switch random.IntN(8) {
		case 0:
			condition = `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"t` + fmt.Sprint(random.IntN(20)) + `"}}`
		case 1:
			condition = `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`
		}
		effect := "Allow"
		if random.IntN(12) == 0 {
			effect = "Deny"
		}
		return fmt.Sprintf(`{"Effect":%q,"Action":["%s:Get*","%s:List*","%s:Describe*"],"Resource":"arn:aws:%s:*:111122223333:p%d/*"%s}`,
			effect, service, service, service, service, random.IntN(500), condition)
	}
	document := func(statements int) json.RawMessage {
		text := `{"Version":"2012-10-17","Statement":[`
		for i := range statements {
			if i > 0 {
				text += ","
			}
			text += statement()
		}
		return json.RawMessage(text + `]}`)
	}
	var arns []string
	for i := range 40 {
		name := fmt.Sprintf("managed-%d", i)
		arn := "arn:aws:iam::111122223333:policy/" + name
		doc := document(4 + random.IntN(12))
		if i == 0 {
			doc = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
		}
		s.Policies = append(s.Policies, account.ManagedPolicy{Path: "/", Name: name, ID: fmt.Sprintf("ANPA%d", i), ARN: arn,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: doc}}})
		arns = append(arns, arn)
	}
	for i := range 30 {
		name := fmt.Sprintf("group-%d", i)
		g := account.Group{Path: "/", Name: name, ID: fmt.Sprintf("AGPA%d", i), ARN: "arn:aws:iam::111122223333:group/" + name,
			Attached: []string{arns[1+random.IntN(39)], arns[1+random.IntN(39)]}}
		if i == 0 {
			g.Attached = arns[:1]
		}
		s.Groups = append(s.Groups, g)
	}
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		tags := map[string]string{"team": fmt.Sprintf("t%d", random.IntN(20))}
		if i%5 < 3 {
			u := account.User{Path: "/", Name: name, ID: fmt.Sprintf("AIDA%012d", i), ARN: "arn:aws:iam::111122223333:user/" + name, Tags: tags,
				Groups: []string{fmt.Sprintf("group-%d", 1+random.IntN(29)), fmt.Sprintf("group-%d", 1+random.IntN(29))}}
			if random.IntN(100) == 0 {
				u.Groups = []string{"group-0"}
			}
			if random.IntN(4) == 0 {
				u.Inline = []account.InlinePolicy{{Name: "own", Document: document(2)}}
			}
			s.Users = append(s.Users, u)
			continue
		}
		r := account.Role{Path: "/", Name: name, ID: fmt.Sprintf("AROA%012d", i), ARN: "arn:aws:iam::111122223333:role/" + name, Tags: tags,
			Trust:    json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			Attached: []string{arns[1+random.IntN(39)]},
			Inline:   []account.InlinePolicy{{Name: "own", Document: document(1 + random.IntN(6))}}}
		if random.IntN(10) == 0 {
			r.Boundary = arns[1+random.IntN(39)]
		}
		s.Roles = append(s.Roles, r)
	}
	return s
}

func BenchmarkNew5000(b *testing.B) {
	s := large(5000, 1)
	b.ReportAllocs()
	for b.Loop() {
		authorize.New(s)
	}
}

// BenchmarkMemory5000 tells how much memory 5,000 compiled principals hold.
func BenchmarkMemory5000(b *testing.B) {
	s := large(5000, 1)
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	var a *authorize.Authorizer
	for b.Loop() {
		a = authorize.New(s)
	}
	b.ReportMetric(float64(held()-before)/1e6, "MB")
	runtime.KeepAlive(a)
	runtime.KeepAlive(s)
}

func BenchmarkWhoCan5000(b *testing.B) {
	a := authorize.New(large(5000, 1))
	for _, r := range []authorize.Request{
		{Action: "iam:CreateUser", Resource: "arn:aws:iam::111122223333:user/x"},
		{Action: "iam:GetUser", Resource: "arn:aws:iam::111122223333:p7/x"},
		{Action: "s3:GetObject", Resource: "arn:aws:s3:eu-west-1:111122223333:p123/x"},
		{Action: "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/p4"},
	} {
		b.Run(r.Action, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.WhoCan(r)
			}
		})
	}
}

func BenchmarkCan(b *testing.B) {
	a := authorize.New(large(5000, 1))
	for _, name := range []string{"p0", "p3"} {
		p, err := a.Find(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(p.Kind), func(b *testing.B) {
			for b.Loop() {
				a.Can(p, nil)
			}
		})
	}
}

// At scale a report is no other than the answers one by one.
func TestWhoCanLarge(t *testing.T) {
	t.Parallel()
	a := authorize.New(large(600, 3))
	for _, r := range []authorize.Request{
		{Action: "s3:GetObject", Resource: "arn:aws:s3:eu-west-1:111122223333:p123/x"},
		{Action: "iam:GetUser", Resource: "arn:aws:iam::111122223333:p7/x"},
		{Action: "ec2:DescribeInstances", Resource: "*"},
	} {
		report := a.WhoCan(r)
		i, denied := 0, 0
		for _, p := range a.Principals() {
			x := a.Ask(p, r)
			if x.State == authorize.Denied {
				denied++
				continue
			}
			if i == len(report.Answers) || report.Answers[i].Principal != p || report.Answers[i].State != x.State {
				t.Fatalf("%s: %s is %s, and not so in the report", r.Action, p, x.State)
			}
			i++
		}
		if denied != report.Denied || i != len(report.Answers) || i == 0 {
			t.Errorf("%s: %d of %d answers, %d of %d denials", r.Action, i, len(report.Answers), denied, report.Denied)
		}
	}
}
