package lint

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"warden/policy"
	"warden/policy/cases"
)

func FuzzLint(f *testing.F) {
	for _, c := range Checks() {
		for _, e := range append(c.Match, c.Pass...) {
			f.Add(e.Policy, uint8(e.Kind))
		}
	}
	f.Add(`{"Statement":[{"Effect":"Allow","Action":["s3:`+Unknown+`"],"Resource":"arn:aws:s3:::${`+`"}]}`, uint8(0))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		doc, err := policy.ParseStored("p", []byte(text))
		if err != nil {
			return
		}
		o := Options{Kind: Kind(kind % (uint8(Endpoint) + 1)), Source: []byte(text)}
		found := Lint(doc, o)
		if again := Lint(doc, o); !reflect.DeepEqual(found, again) {
			t.Errorf("two runs differ in %s", text)
		}
		for _, f := range found {
			if f.Line < 1 || f.Column < 1 || f.Message == "" || f.Statement >= len(doc.Statements) {
				t.Errorf("bad finding %+v in %s", f, text)
			}
		}
		fixed, done := Fix(doc, []byte(text), o)
		if len(done) == 0 && string(fixed) != text {
			t.Errorf("%s changed without a word", text)
		}
		if _, err := policy.Parse("p", fixed); len(done) > 0 && err != nil {
			t.Errorf("Fix broke the policy: %v in %s", err, fixed)
		}
	})
}

// TestPathological policies take bounded time; they would take hours if all
// values were compared with each other, or globs backtracked.
func TestPathological(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	glob := strings.Repeat("a*", 2000) + "b"
	for name, statements := range map[string]string{
		"10,000 statements":       many(10_000, `{"Effect":"Allow","Action":["s3:Get*","ec2:Describe*"],"Resource":"arn:aws:s3:::b*/x*"}`),
		"10,000 other statements": manyNumbered(10_000, `{"Sid":"S%","Effect":"Allow","Action":"s3:Get%*","Resource":"arn:aws:s3:::b%*"}`),
		"50,000 wildcards":        `{"Effect":"Allow","Action":[` + manyNumbered(50_000, `"s3:Get%*"`) + `],"Resource":"*"}`,
		"50,000 resources":        `{"Effect":"Allow","Action":"s3:*","Resource":[` + manyNumbered(50_000, `"arn:aws:s3:::b%*/x"`) + `]}`,
		"50,000 networks":         `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":[` + many(50_000, `"198.51.100.7"`) + `]}}}`,
		"globs":                   `{"Effect":"Allow","Action":["s3:` + glob + `","ec2:` + glob + `"],"Resource":["arn:aws:s3:::` + glob + `","arn:aws:s3:::` + glob + `c"],"Condition":{"StringLike":{"s3:prefix":["` + glob + `","` + glob + `c"]}}}`,
		"variables":               `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/` + strings.Repeat("${aws:username}", 20_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := []byte(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
			done := make(chan struct{})
			go func() {
				defer close(done)
				doc, err := policy.ParseStored("p", text)
				if err != nil {
					t.Error(err)
					return
				}
				Lint(doc, Options{Source: text})
				Fix(doc, text, Options{})
			}()
			select {
			case <-done:
			case <-time.After(2 * time.Minute): // minutes are a hang, not a slow machine
				t.Fatal("took more than two minutes")
			}
		})
	}
}

func manyNumbered(n int, s string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		letters := ""
		for k := i; k > 0; k /= 26 {
			letters += string(rune('a' + k%26))
		}
		b.WriteString(strings.ReplaceAll(s, "%", letters))
	}
	return b.String()
}

func BenchmarkLint(b *testing.B) {
	text := []byte(`{"Version":"2012-10-17","Statement":[
		{"Sid":"A","Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]},
		{"Sid":"B","Effect":"Allow","Action":["ec2:Describe*"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}},
		{"Sid":"C","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}`)
	doc, err := policy.ParseStored("p", text)
	if err != nil {
		b.Fatal(err)
	}
	Lint(doc, Options{Source: text})
	b.ReportAllocs()
	for b.Loop() {
		Lint(doc, Options{Source: text})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "policies/s")
}

// BenchmarkLintCases lints the identity policies of the recorded requests.
func BenchmarkLintCases(b *testing.B) {
	file, err := os.Open(filepath.Join("..", "testdata", "cases", "decisions.jsonl.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	r, err := cases.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	var docs []*policy.Document
	for len(docs) < 5000 {
		c, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		docs = append(docs, c.Policies.Identity...)
	}
	Lint(docs[0], Options{})
	b.ResetTimer()
	n := 0
	for b.Loop() {
		Lint(docs[n%len(docs)], Options{})
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "policies/s")
}
