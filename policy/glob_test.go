package policy

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "A", false},
		{"*", "", true}, {"*", "anything/at:all", true}, {"**", "x", true},
		{"?", "", false}, {"?", "a", true}, {"?", "ab", false}, {"?", "é", true}, {"??", "é", false},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false},
		{"*c", "abc", true}, {"*c", "abcd", false}, {"*c", "c", true},
		{"a*c", "ac", true}, {"a*c", "abcbc", true}, {"a*c", "acb", false},
		{"a*b*c", "aXbXbXc", true}, {"a*b*c", "acb", false},
		{"a?c*", "abcd", true}, {"a?c*", "acd", false},
		{"*?", "", false}, {"*?", "é", true}, {"?*?", "ab", true}, {"?*?", "a", false},
		{"*ab?b", "ababab", true}, {"*ab?b", "ababb", false}, {"*aab", "aaaab", true}, {"é*", "éa", true},
	} {
		p := compilePattern(tc.pattern, true, false)
		if got := p.match(tc.s, false); got != tc.want {
			t.Errorf("%q matches %q: %v, want %v", tc.pattern, tc.s, got, tc.want)
		}
	}
}

func TestPatternFold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"S3:GetObject", "s3:getobject", true}, {"s3:get*", "S3:GETOBJECT", true}, {"s3:*x", "s3:aX", true},
		{"É", "é", true}, {"É*", "éa", true}, {"K", "\u212a", true}, {"\u212a", "k", true}, {"a", "é", false}, {"ab", "a", false},
	} {
		p := compilePattern(tc.pattern, true, false)
		if got := p.match(tc.s, true); got != tc.want {
			t.Errorf("%q matches %q: %v, want %v", tc.pattern, tc.s, got, tc.want)
		}
	}
}

// TestPathologicalGlob would not end within the test's time limit if a star
// could go back to an earlier one.
func TestPathologicalGlob(t *testing.T) {
	t.Parallel()
	p := compilePattern(strings.Repeat("a*", 2000)+"b", true, false)
	if p.match(strings.Repeat("a", 20_000), false) {
		t.Error("matched without a b")
	}
	q := compilePattern(strings.Repeat("*a?", 500)+"b", true, false)
	if q.match(strings.Repeat("a", 20_000), true) {
		t.Error("matched without a b")
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	ctx := Context{
		"aws:username":          One("alice"),
		"aws:principaltag/glob": One("a*?"),
		"aws:principaltag/none": One(""),
		"aws:many":              Many("alice"),
	}
	e := &evaluation{req: &Request{Context: ctx}}
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"home/${aws:username}/*", "home/alice/x", true},
		{"home/${AWS:UserName}", "home/alice", true},
		{"${ aws:username }", "alice", true},
		{"${aws:PrincipalTag/glob}", "a*?", true},
		{"${aws:PrincipalTag/glob}", "abc", false},
		{"${aws:PrincipalTag/none}x", "x", true},
		{"${aws:missing}", "", false},
		{"*${aws:missing}*", "anything", false},
		{"${aws:missing, 'team'}/*", "team/x", true},
		{"${aws:missing,'a}b'}", "a}b", true},
		{"${aws:missing, ''}x", "x", true},
		{"${aws:username, 'team'}", "alice", true},
		{"${aws:missing, team}", "team", false},
		{"${aws:many}", "alice", false},
		{"${*}${?}${$}", "*?$", true},
		{"${*}", "x", false},
		{"$", "$", true}, {"${", "${", true}, {"a${b", "a${b", true}, {"$$", "$$", true},
	} {
		p := compilePattern(tc.pattern, true, true)
		if got := p.matchIn(e, tc.s, false); got != tc.want {
			t.Errorf("%q matches %q: %v, want %v", tc.pattern, tc.s, got, tc.want)
		}
	}
	literal := compilePattern("${aws:username}", true, false)
	if !literal.matchIn(e, "${aws:username}", false) || literal.matchIn(e, "alice", false) {
		t.Error("where variables have no meaning they are literal text")
	}
}

func TestARNPattern(t *testing.T) {
	t.Parallel()
	e := &evaluation{req: &Request{Context: Context{
		"aws:principalarn":         One("arn:aws:iam::111122223333:role/a"),
		"aws:principalaccount":     One("111122223333"),
		"aws:principaltag/project": One("x:y"),
	}}}
	const queue = "arn:aws:sqs:us-east-1:111122223333:orders"
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", queue, true},
		{queue, queue, true},
		{"arn:aws:sqs:*:*:orders", queue, true},
		{"arn:*:sqs:us-east-?:1111*:ord*", queue, true},
		{"arn:aws:sqs:*:orders", queue, false}, // a star stays in its part
		{"arn:aws:sqs:us-east-1:*", queue, true},
		{"arn:aws:sqs*", queue, true},
		{"arn:aws:s*", queue, true},
		{"arn:aws:sns:*", queue, false},
		{"arn:aws:sqs:us-east-1:111122223333:Orders", queue, false},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true},
		{"arn:aws:logs:*:*:log-group:/app/*", "arn:aws:logs:us-east-1:1:log-group:/app/web:log-stream:main", true},
		{"${aws:PrincipalArn}", "arn:aws:iam::111122223333:role/a", true},
		{"arn:aws:iam::${aws:PrincipalAccount}:role/*", "arn:aws:iam::111122223333:role/a", true},
		{"arn:aws:iam::${aws:PrincipalAccount}:role/*", "arn:aws:iam::222222222222:role/a", false},
		{"arn:aws:iam::${aws:missing, '*'}:role/*", "arn:aws:iam::111122223333:role/a", false},
		{"arn:aws:x:::${aws:PrincipalTag/project}", "arn:aws:x:::x:y", true},
		{"arn:aws:x:::${aws:missing}", "arn:aws:x:::", false},
		{"not an arn", queue, false},
	} {
		p := compileARN(tc.pattern, true)
		parts, ok := splitARN(tc.s)
		if !ok {
			t.Fatal(tc.s)
		}
		if got := p.match(e, tc.s, &parts); got != tc.want {
			t.Errorf("%q matches %q: %v, want %v", tc.pattern, tc.s, got, tc.want)
		}
	}
}
