package generate_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"warden/policy"
	"warden/policy/catalog"
	"warden/policy/generate"
)

var ann = policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/ann", Account: "111122223333"}

func saw(action string, resources ...string) (out []generate.Observation) {
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	for _, r := range resources {
		out = append(out, generate.Observation{Action: action, Resource: r, Count: 1})
	}
	return out
}

func parse(t testing.TB, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse("old", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// brief is what documents say, without layout.
func brief(docs []*policy.Document) string {
	var lines []string
	for _, d := range docs {
		for _, s := range d.Statements {
			line := fmt.Sprintf("%s %s on %s", s.Effect, strings.Join(slices.Concat(s.Actions, s.NotActions), ","), strings.Join(s.Resources, ","))
			for _, c := range s.Conditions {
				line += fmt.Sprintf(" if %s %s=%s", c.Operator, c.Key, strings.Join(c.Values, ","))
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func TestFromUse(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("arn:aws:s3:::data/in/2026-%02d", i))
	}
	passed := generate.Observation{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/app", Assumed: true,
		Context: policy.Context{"iam:passedtoservice": policy.One("lambda.amazonaws.com")}}
	for _, test := range []struct {
		name     string
		observed []generate.Observation
		want     string
		note     string
	}{
		{"actions on the same resources share a statement", slices.Concat(saw("s3:GetObject", "arn:aws:s3:::data/a"), saw("s3:PutObject", "arn:aws:s3:::data/a"), saw("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q")),
			"Allow s3:GetObject,s3:PutObject on arn:aws:s3:::data/a; Allow sqs:SendMessage on arn:aws:sqs:us-east-1:111122223333:q", ""},
		{"many resources become a pattern", saw("s3:GetObject", many...), "Allow s3:GetObject on arn:aws:s3:::data/in/2026-*", "20 resources became"},
		{"an unknown resource", []generate.Observation{{Action: "iam:DeleteUser"}}, "Allow iam:DeleteUser on arn:aws:iam::111122223333:user/*", "not recorded"},
		{"what needs no permission", slices.Concat(saw("sts:GetCallerIdentity"), saw("s3:ListAllMyBuckets")), "Allow s3:ListAllMyBuckets on *", ""},
		{"a role passed to a service", []generate.Observation{passed}, "Allow iam:PassRole on arn:aws:iam::111122223333:role/app if StringEquals iam:PassedToService=lambda.amazonaws.com", ""},
		{"spelt as the catalogue does", saw("S3:getobject", "arn:aws:s3:::b/k"), "Allow s3:GetObject on arn:aws:s3:::b/k", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := generate.FromUse(test.observed, generate.Options{Account: "111122223333"})
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(r.Documents); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if notes := strings.Join(r.Notes, "; "); !strings.Contains(notes, test.note) || test.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, test.note)
			}
			if p := generate.Prove(r.Documents, nil, test.observed, ann); !p.Holds() {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestReduce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, old string
		observed  []generate.Observation
		o         generate.Reduction
		want      string
		kept      []string
	}{
		{"unused actions go", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetUser","iam:DeleteUser"],"Resource":"*"}}`,
			saw("iam:GetUser", "arn:aws:iam::111122223333:user/x"), generate.Reduction{}, "Allow iam:GetUser on *", nil},
		{"a pattern becomes what was used", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}`,
			slices.Concat(saw("iam:GetUser", "arn:aws:iam::111122223333:user/x"), saw("iam:ListUsers")), generate.Reduction{DropUnseen: true}, "Allow iam:GetUser,iam:ListUsers on *", nil},
		{"what no trail records stays", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:GetBucketPolicy","s3:PutBucketPolicy","iam:PassRole"],"Resource":"*"}}`,
			saw("s3:GetBucketPolicy", "arn:aws:s3:::b"), generate.Reduction{}, "Allow iam:PassRole,s3:GetBucketPolicy,s3:GetObject on *", []string{"s3:GetObject", "iam:PassRole"}},
		{"unless the trail has such events", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:GetBucketPolicy"],"Resource":"*"}}`,
			saw("s3:GetBucketPolicy", "arn:aws:s3:::b"), generate.Reduction{Coverage: generate.Coverage{DataEvents: []string{"s3"}}}, "Allow s3:GetBucketPolicy on *", nil},
		{"denies and conditions stay", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
			{"Effect":"Allow","Action":["iam:GetUser","iam:GetRole"],"Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}`,
			saw("iam:GetRole", "arn:aws:iam::111122223333:role/r"), generate.Reduction{},
			"Deny iam:* on * if Bool aws:SecureTransport=false; Allow iam:GetRole on * if IpAddress aws:SourceIp=203.0.113.0/24", nil},
		{"unused resources go", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetRole","Resource":["arn:aws:iam::*:role/a","arn:aws:iam::*:role/b"]}}`,
			saw("iam:GetRole", "arn:aws:iam::111122223333:role/a"), generate.Reduction{}, "Allow iam:GetRole on arn:aws:iam::*:role/a", nil},
		{"an unknown resource keeps all", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetRole","Resource":["arn:aws:iam::*:role/a","arn:aws:iam::*:role/b"]}}`,
			[]generate.Observation{{Action: "iam:GetRole"}}, generate.Reduction{}, "Allow iam:GetRole on arn:aws:iam::*:role/a,arn:aws:iam::*:role/b", nil},
		{"NotAction", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`,
			slices.Concat(saw("ec2:DescribeInstances"), saw("iam:GetRole", "arn:aws:iam::111122223333:role/a")), generate.Reduction{}, "Allow ec2:DescribeInstances on *", nil},
		{"nothing was used", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}}`, nil, generate.Reduction{}, "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			old := []*policy.Document{parse(t, test.old)}
			test.o.Principal = ann
			r, err := generate.Reduce(old, test.observed, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(r.Documents); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			var kept []string
			for _, x := range r.NotObserved {
				kept = append(kept, x.What)
			}
			if !slices.Equal(kept, test.kept) {
				t.Errorf("not observed %q, want %q", kept, test.kept)
			}
			if p := generate.Prove(r.Documents, old, test.observed, ann); !p.Holds() && len(r.Documents) > 0 {
				t.Errorf("%+v", p)
			}
		})
	}
	if _, err := generate.Reduce([]*policy.Document{stored(t, `{"Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*","Resource":"x"}]}`)}, nil, generate.Reduction{}); err == nil {
		t.Error("a policy that nobody can be sure of was reduced")
	}
}

func stored(t testing.TB, text string) *policy.Document {
	t.Helper()
	d, err := policy.ParseStored("odd", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadable(t *testing.T) {
	t.Parallel()
	var observed []generate.Observation
	for _, a := range catalog.Matching("sns:List*") {
		observed = append(observed, generate.Observation{Action: a.String()})
	}
	r, err := generate.Reduce([]*policy.Document{parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sns:*","Resource":"*"}}`)}, observed, generate.Reduction{Principal: ann, DropUnseen: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := brief(r.Documents); got != "Allow sns:List* on *" {
		t.Error(got)
	}
}

func TestFromLevels(t *testing.T) {
	t.Parallel()
	r, err := generate.FromLevels([]generate.Want{
		{Level: catalog.Read, Resources: []string{"arn:aws:sqs:us-east-1:111122223333:q"}},
		{Level: catalog.List, Service: "sqs"},
	}, generate.Options{})
	if err == nil {
		t.Fatal("sqs lists nothing without a queue")
	}
	r, err = generate.FromLevels([]generate.Want{
		{Level: catalog.Write, Resources: []string{"arn:aws:s3:::data/*"}},
		{Level: catalog.List, Service: "s3"},
	}, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := brief(r.Documents)
	if !strings.Contains(got, "s3:PutObject") || strings.Contains(got, "s3:DeleteBucket,") || strings.Contains(got, "s3:GetObject,") || !strings.Contains(got, "s3:ListAllMyBuckets") {
		t.Error(got)
	}
	if _, err := generate.FromLevels([]generate.Want{{Level: catalog.Read, Resources: []string{"arn:aws:nothing:::x"}}}, generate.Options{}); err == nil {
		t.Error("an ARN of nothing was taken")
	}
	if _, err := generate.FromLevels([]generate.Want{{Level: catalog.List, Service: "s4"}}, generate.Options{}); err == nil || !strings.Contains(err.Error(), "did you mean s3?") {
		t.Error(err)
	}
}

// Policies too large are split, and say the same together.
func TestSplit(t *testing.T) {
	t.Parallel()
	var observed []generate.Observation
	for i := range 60 {
		observed = append(observed, saw("iam:GetRole", fmt.Sprintf("arn:aws:iam::111122223333:role/team-%d/%s", i, strings.Repeat("x", 60)))...)
	}
	r, err := generate.FromUse(observed, generate.Options{MaxSize: generate.InlineUserSize, MaxResources: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Documents) < 3 {
		t.Errorf("%d documents", len(r.Documents))
	}
	for _, d := range r.Documents {
		text, err := json.Marshal(d)
		if err != nil || len(text) > generate.InlineUserSize {
			t.Errorf("%d characters, %v", len(text), err)
		}
	}
	if p := generate.Prove(r.Documents, nil, observed, ann); !p.Holds() {
		t.Errorf("%+v", p)
	}
	if _, err := generate.FromUse(saw("iam:GetRole", "arn:aws:iam::1:role/"+strings.Repeat("x", 3000)), generate.Options{MaxSize: 2048}); err == nil {
		t.Error("what cannot fit was made to fit")
	}
}

// Whatever was observed stays allowed, and nothing new is.
func TestReduceProperty(t *testing.T) {
	t.Parallel()
	actions := []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:GetUser", "iam:PassRole", "sqs:SendMessage", "ec2:DescribeInstances"}
	patterns := []string{"*", "s3:*", "s3:Get*", "s3:*Object", "iam:*", "sqs:SendMessage", "ec2:Describe*", "iam:GetUser"}
	resources := []string{"*", "arn:aws:s3:::data/*", "arn:aws:s3:::data", "arn:aws:iam::111122223333:user/*", "arn:aws:sqs:*:*:q"}
	arns := []string{"*", "", "arn:aws:s3:::data/k", "arn:aws:s3:::data", "arn:aws:iam::111122223333:user/x", "arn:aws:sqs:us-east-1:111122223333:q"}
	rapid.Check(t, func(t *rapid.T) {
		var statements []policy.Statement
		for range rapid.IntRange(1, 4).Draw(t, "statements") {
			s := policy.Statement{Effect: rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect"),
				Resources: rapid.SliceOfNDistinct(rapid.SampledFrom(resources), 1, 3, rapid.ID).Draw(t, "resources")}
			list := rapid.SliceOfNDistinct(rapid.SampledFrom(patterns), 1, 3, rapid.ID).Draw(t, "actions")
			if rapid.IntRange(0, 5).Draw(t, "not") == 0 && s.Effect == "Allow" {
				s.NotActions = list
			} else {
				s.Actions = list
			}
			statements = append(statements, s)
		}
		text, err := json.Marshal(&policy.Document{Version: "2012-10-17", Statements: statements})
		if err != nil {
			t.Fatal(err)
		}
		old, err := policy.Parse("old", text)
		if err != nil {
			t.Fatal(err)
		}
		var observed []generate.Observation
		for range rapid.IntRange(0, 6).Draw(t, "observed") {
			observed = append(observed, generate.Observation{Action: rapid.SampledFrom(actions).Draw(t, "action"), Resource: rapid.SampledFrom(arns).Draw(t, "arn")})
		}
		r, err := generate.Reduce([]*policy.Document{old}, observed, generate.Reduction{Principal: ann, DropUnseen: rapid.Bool().Draw(t, "drop")})
		if err != nil {
			t.Fatal(err)
		}
		p := generate.Prove(r.Documents, []*policy.Document{old}, observed, ann)
		if len(r.Documents) == 0 {
			p.New = "no"
		}
		if !p.Holds() {
			t.Fatalf("%s\nbecame %s\nfor %+v: %+v", text, brief(r.Documents), observed, p)
		}
	})
}

func ExampleFromUse() {
	r, err := generate.FromUse([]generate.Observation{
		{Action: "s3:GetObject", Resource: "arn:aws:s3:::invoices/2026/1.pdf"},
		{Action: "s3:ListAllMyBuckets", Resource: "*"},
	}, generate.Options{Name: "billing"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := generate.Text(r.Documents[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", text)
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "S3Read",
	//       "Effect": "Allow",
	//       "Action": "s3:GetObject",
	//       "Resource": "arn:aws:s3:::invoices/2026/1.pdf"
	//     },
	//     {
	//       "Sid": "S3List",
	//       "Effect": "Allow",
	//       "Action": "s3:ListAllMyBuckets",
	//       "Resource": "*"
	//     }
	//   ]
	// }
}
