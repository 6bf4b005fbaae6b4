package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"warden/audit/pattern"
)

func TestNormalForm(t *testing.T) {
	t.Parallel()
	same := [][]string{
		{
			`{ ($.eventName = CreateTrail) || ($.eventName = "StopLogging") }`,
			`{($.eventName="StopLogging")||($.eventName=CreateTrail)}`,
			"{ $.eventName = 'CreateTrail' || ($.eventName=StopLogging || ($.eventName =\n CreateTrail)) }",
		},
		{
			`{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
			`{ ($.eventType != AwsServiceEvent) && ($.userIdentity.type = Root && $.userIdentity.invokedBy not  exists) }`,
		},
		{`{$.a=1 || $.b=2 && $.c=3}`, `{($.c = 3 && $.b = 2) || $.a = "1"}`},
		{``, `  `},
	}
	forms := map[string]int{}
	for i, list := range same {
		for _, text := range list {
			x, err := pattern.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if was, ok := forms[x.String()]; ok && was != i {
				t.Errorf("%s has the normal form of another pattern: %s", text, x)
			}
			forms[x.String()] = i
		}
	}
	if len(forms) != len(same) {
		t.Errorf("%d patterns have %d normal forms: %v", len(same), len(forms), forms)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`ERROR`:                 "not about JSON",
		`[ip, user, request]`:   "not about JSON",
		`{`:                     "not about JSON",
		`{ }`:                   "want a selector",
		`{ $.eventName }`:       "want an operator",
		`{ $.eventName = }`:     "want a value",
		`{ $.eventName = "a }`:  "not closed",
		`{ ($.eventName = a }`:  "want )",
		`{ $.eventName = a ) }`: "unexpected",
		`{ $.* = x }`:           "any field of several",
		`%^x%`:                  "beginning or end",
		`%a% %b%`:               "not about JSON",
		`%`:                     "not about JSON",
		`{ $.bytes > many }`:    "not a number",
		`{ $. = 1 }`:            "name of a field",
		"{" + strings.Repeat("(", 100) + "$.a=1" + strings.Repeat(")", 100) + "}": "nested deeper",
		"{" + strings.Repeat(" ", 5000) + "}":                                     "bytes",
	} {
		if _, err := pattern.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	e := pattern.Event{"eventName": "ConsoleLogin", "errorCode": "AccessDeniedException", "bytes": "5", "ok": "true", "none": "null"}
	for text, want := range map[string]bool{
		`{ $.eventName = ConsoleLogin }`:        true,
		`{ $.eventName = consolelogin }`:        false,
		`{ $.errorCode = "AccessDenied*" }`:     true,
		`{ $.errorCode = "*Denied*" }`:          true,
		`{ $.errorCode = "*Denied" }`:           false,
		`{ $.errorCode != "Throttl*" }`:         true,
		`{ $.absent != "x" }`:                   false,
		`{ $.absent NOT EXISTS }`:               true,
		`{ $.eventName EXISTS }`:                true,
		`{ $.bytes >= 5 && $.bytes < 6 }`:       true,
		`{ $.bytes <= 4 || $.bytes > 5 }`:       false,
		`{ $.eventName > 4 }`:                   false,
		`{ $.ok IS TRUE && $.none IS NULL }`:    true,
		`{ $.ok IS FALSE }`:                     false,
		`{ $.eventName = x && $.ok IS TRUE }`:   false,
		``:                                      true,
		`{ $.errorCode = "a*b*c" }`:             false,
		`{ $.errorCode = "A*ss*Den*tion" }`:     true,
		`{ $.errorCode = "A\"c" || $.x = "a" }`: false,
	} {
		x, err := pattern.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := x.Matches(e); got != want {
			t.Errorf("%s matches: %v", text, got)
		}
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	denied := pattern.Want{"errorCode": pattern.Is("AccessDenied", "AccessDeniedException"), "eventName": pattern.But("HeadBucket")}
	trail := pattern.Want{"eventSource": pattern.Is("cloudtrail.amazonaws.com"), "eventName": pattern.Is("StopLogging", "DeleteTrail")}
	root := pattern.Want{"userIdentity.type": pattern.Is("Root"), "userIdentity.invokedBy": pattern.Is(""), "eventType": pattern.But("AwsServiceEvent")}
	tests := []struct {
		text   string
		want   pattern.Want
		missed string
	}{
		{`{ $.errorCode = "AccessDenied*" }`, denied, ""},
		{`{ $.errorCode = "AccessDenied" }`, denied, "errorCode=AccessDeniedException"},
		{`{ $.errorCode = "AccessDenied*" && $.eventName != "HeadBucket" }`, denied, ""},
		{`{ $.errorCode = "AccessDenied*" && $.eventName != "ListBuckets" }`, denied, "eventName=ListBuckets"},
		{`{ $.errorCode = "AccessDenied*" && $.awsRegion = us-east-1 }`, denied, "awsRegion=other"},
		{`{ $.eventName = StopLogging || $.eventName = DeleteTrail || $.eventName = X }`, trail, ""},
		{`{ $.eventSource = cloudtrail.amazonaws.com && ($.eventName = StopLogging || $.eventName = DeleteTrail) }`, trail, ""},
		{`{ $.eventName = StopLogging }`, trail, "eventName=DeleteTrail"},
		{`{ ($.eventName = StopLogging || $.eventName = DeleteTrail) && $.errorCode NOT EXISTS }`, trail, "errorCode=other"},
		{`{ $.eventSource = "cloudtrail*" }`, trail, ""},
		{`{ $.eventName = StopLogging || ($.eventName = DeleteTrail && $.x = 1) || ($.eventName = DeleteTrail && $.x != 1) }`, trail, "eventName=DeleteTrail"},
		{`{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }`, root, ""},
		{`{ $.userIdentity.type = Root }`, root, ""},
		{`{ $.userIdentity.type = Root && $.eventType = AwsApiCall }`, root, "eventType=other"},
		{``, root, ""},
		// A value that has letters of "other" is not every other.
		{`{ $.eventName = "*Logging" && $.awsRegion = "*e*" || $.eventName = DeleteTrail }`, trail, "awsRegion=¤"},
	}
	for _, c := range tests {
		x, err := pattern.Parse(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		missed, sure := pattern.Missed(x, c.want)
		if !sure || (missed == nil) != (c.missed == "") || !strings.Contains(missed.String(), c.missed) {
			t.Errorf("%s: missed %v (%v), want %q", c.text, missed, sure, c.missed)
		}
	}
}

// A pattern with too many fields is left undecided.
func TestMissedTooMany(t *testing.T) {
	t.Parallel()
	var tests []string
	for i := range 40 {
		tests = append(tests, fmt.Sprintf("$.f%d != x", i))
	}
	x, err := pattern.Parse("{" + strings.Join(tests, " || ") + "}")
	if err != nil {
		t.Fatal(err)
	}
	if missed, sure := pattern.Missed(x, nil); sure {
		t.Error(missed)
	}
}

func ExampleMissed() {
	x, err := pattern.Parse(`{ ($.eventName = StopLogging) && ($.errorCode NOT EXISTS) }`)
	if err != nil {
		fmt.Println(err)
	}
	missed, _ := pattern.Missed(x, pattern.Want{"eventName": pattern.Is("StopLogging")})
	fmt.Println("not seen:", missed)
	// Output:
	// not seen: errorCode=other eventName=StopLogging
}

func FuzzParse(f *testing.F) {
	f.Add(`{ ($.eventName = CreateTrail) || ($.eventName = "StopLogging") && $.a NOT EXISTS }`)
	f.Add(`%[A-Z]\x28|b{1,2}%`)
	f.Add(`{ $.a = %^\d+$% && $.eventName != %T.ail% }`)
	f.Add(`{ $.a.b[0] != "x\"y*" && ($.n >= 1e3 || $.t IS TRUE) }`)
	f.Fuzz(func(t *testing.T, text string) {
		x, err := pattern.Parse(text)
		if err != nil {
			return
		}
		if x.String() == "" {
			return
		}
		form := x.String()
		if !strings.HasPrefix(form, "%") { // which is about the event as it is written
			form = "{" + form + "}"
		}
		again, err := pattern.Parse(form)
		if err != nil {
			t.Fatalf("%q: its normal form %q: %v", text, x, err)
		}
		if again.String() != x.String() {
			t.Fatalf("%q: normal form %q became %q", text, x, again)
		}
		e := pattern.Event{"a": "1", "eventName": "CreateTrail", "n": "5000"}
		if again.Matches(e) != x.Matches(e) {
			t.Fatalf("%q and its normal form %q match differently", text, x)
		}
		pattern.Missed(x, pattern.Want{"a": pattern.Is("1", "2")})
	})
}
