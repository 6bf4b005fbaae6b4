package pattern_test

import (
	"slices"
	"strings"
	"testing"

	"warden/audit/pattern"
)

// The examples of the CloudWatch Logs User Guide, "Supported regular
// expressions (regex) syntax" and "Filter pattern syntax".
func TestRegexMatches(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]struct{ yes, no []string }{
		`AUTHORIZED`:                             {[]string{"[ERROR 401] UNAUTHORIZED REQUEST", "AUTHORIZED"}, []string{"authorized", ""}},
		`Trail`:                                  {[]string{"UpdateTrail"}, []string{"Update"}},
		`^[hc]at`:                                {[]string{"hat", "cats"}, []string{"that", "bat"}},
		`[hc]at$`:                                {[]string{"hat", "that"}, []string{"hats"}},
		`colou?r`:                                {[]string{"color", "colour"}, []string{"colouur"}},
		`[abcx-z]`:                               {[]string{"y", "a"}, []string{"d"}},
		`^a{3,5}$`:                               {[]string{"aaa", "aaaaa"}, []string{"aa", "aaaaaa"}},
		`^a{,2}$`:                                {[]string{"", "aa"}, []string{"aaa", "a{,2}"}},
		`^a{2,}$`:                                {[]string{"aa", "aaaaaaaa"}, []string{"a"}},
		`^a{2}$`:                                 {[]string{"aa"}, []string{"aaa"}},
		`gra|ey`:                                 {[]string{"gray", "grey"}, []string{"groy"}},
		`^starting|^initializing|^shutting down`: {[]string{"initializing x", "shutting down"}, []string{"skipping initializing"}},
		`abcc|ab[^c]$`:                           {[]string{"abcc x", "aba"}, []string{"aac", "aba x"}},
		`\[.\]`:                                  {[]string{"[a]", "[]]", "[ ]"}, []string{"[]", "a"}},
		`10\.10\.0\.1`:                           {[]string{"10.10.0.1"}, []string{"10010,051"}},
		`10.10.0.1`:                              {[]string{"10010,051"}, []string{"10.0.1"}},
		`ab*c`:                                   {[]string{"ac", "abbbc"}, []string{"adc"}},
		`ab+c`:                                   {[]string{"abc"}, []string{"ac"}},
		`^\d\D\s\S\w\W$`:                         {[]string{"1x\tx_-"}, []string{"xx\tx_-", "11\tx_-"}},
		`^\x28\x3A$`:                             {[]string{"(:"}, []string{"x28"}},
		`^[\w.-]+\/[^]$]*[{}|*+?^$\]]$`:          {nil, nil}, // an empty class
		`^[\w.-]+\/[*+?^$\]]$`:                   {[]string{"a.b-c/]", "x/$"}, []string{"x/y"}},
	} {
		x, err := pattern.Parse("{ $.f = %" + source + "% }")
		if want.yes == nil {
			if err == nil {
				t.Errorf("%s was read", source)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		not, err := pattern.Parse("{ $.f != %" + source + "% }")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(slices.Clone(want.yes), want.no...) {
			yes := slices.Contains(want.yes, v)
			if e := (pattern.Event{"f": v}); x.Matches(e) != yes || not.Matches(e) == yes {
				t.Errorf("%s matches %q: %v, != %v", source, v, x.Matches(e), not.Matches(e))
			}
		}
		if absent := (pattern.Event{}); x.Matches(absent) || not.Matches(absent) {
			t.Errorf("%s matches what is absent", source)
		}
	}
}

// What AWS does not document is not guessed.
func TestRegexErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ $.f = %(a|b)% }`:                   `'(' is not supported`,
		`{ $.f = %something!% }`:              `'!' is not supported`,
		`{ $.f = %"eventName"% }`:             `'"' is not supported`,
		`{ $.f = %ä% }`:                       "is not supported",
		`{ $.f = %% }`:                        "empty",
		`{ $.f = % a% }`:                      "blanks at its ends",
		`{ $.f = %a||b% }`:                    "an empty alternative",
		`{ $.f = %|b% }`:                      "an empty alternative",
		`{ $.f = %a|% }`:                      "an empty alternative",
		`{ $.f = %*a% }`:                      "repeats no term",
		`{ $.f = %a|*% }`:                     "repeats no term",
		`{ $.f = %^*a% }`:                     "repeats no term",
		`{ $.f = %a*?% }`:                     "repeats no term",
		`{ $.f = %a*+% }`:                     "repeats no term",
		`{ $.f = %a{2}{3}% }`:                 "repeats no term",
		`{ $.f = %a{3, 5}% }`:                 "want {m}",
		`{ $.f = %a{,}% }`:                    "want {m}",
		`{ $.f = %a{x}% }`:                    "want {m}",
		`{ $.f = %a{1% }`:                     "want {m}",
		`{ $.f = %a{1001}% }`:                 "repeat count",
		`{ $.f = %a{5,3}% }`:                  "repeat count",
		`{ $.f = %a}% }`:                      `'}' is not supported`,
		`{ $.f = %a]% }`:                      `']' is not supported`,
		`{ $.f = %[]% }`:                      "empty class",
		`{ $.f = %[^]a]% }`:                   "empty class",
		`{ $.f = %[[:alpha:]]% }`:             "class in a class",
		`{ $.f = %[a% }`:                      "not closed",
		`{ $.f = %[a&&b]% }`:                  `'&' is not supported`,
		`{ $.f = %[\d-z]% }`:                  "begins with a class",
		`{ $.f = %[z-a]% }`:                   "invalid character class range",
		`{ $.f = %\bfoo\b% }`:                 `\b is not supported`,
		`{ $.f = %a\1% }`:                     `\1 is not supported`,
		`{ $.f = %\pL% }`:                     `\p is not supported`,
		`{ $.f = %\xZZ% }`:                    `\x is not supported`,
		`{ $.f = %\xFF% }`:                    `\x is not supported`,
		`{ $.f = %a\% }`:                      "escapes nothing",
		`{ $.f = %a }`:                        "not closed",
		`{ $.f > %a% }`:                       "regular expression after >",
		`{ $.f = "%a%" }`:                     "in quotes",
		`{ $.a=%a% || $.b=%b% || $.c = %c% }`: "more than 2",
		`%(a)%`:                               `'(' is not supported`,
	} {
		x, err := pattern.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v, want %q", text, x, err, want)
		}
	}
}

func TestRegexMissed(t *testing.T) {
	t.Parallel()
	trail := pattern.Want{
		"eventSource": pattern.Is("cloudtrail.amazonaws.com"), "eventName": pattern.Is("StopLogging", "DeleteTrail"), "readOnly": pattern.Is("false"),
	}
	denied := pattern.Want{"errorCode": pattern.Is("AccessDenied", "Client.UnauthorizedOperation"), "eventName": pattern.But("HeadBucket")}
	tests := []struct {
		text   string
		want   pattern.Want
		missed string
		sure   bool
	}{
		{`{ $.eventName = %StopLogging|DeleteTrail% }`, trail, "", true},
		{`{ $.eventName = %^(Stop)% }`, trail, "unread", true},
		{`{ $.eventName = %^Stop% }`, trail, "eventName=DeleteTrail", true},
		{`{ $.eventName = %^stop|^delete% }`, trail, "eventName=DeleteTrail", true},
		{`{ $.eventName = %^Logging$|Trail% }`, trail, "eventName=StopLogging", true},
		{`{ $.eventSource = %cloudtrail.amazonaws.com% && $.eventName != %^Get|^Describe% }`, trail, "", true},
		{`{ $.eventName != %Trail$% }`, trail, "eventName=DeleteTrail", true},
		{`{ $.eventName = %Logging|Trail% && $.errorCode NOT EXISTS }`, trail, "errorCode=other", true},
		// Open fields: examples show that something is missed, and no more.
		{`{ $.eventName = %Logging|Trail% && $.awsRegion = %^us-% }`, trail, "awsRegion=", true},
		{`{ $.eventName = %Logging|Trail% && $.awsRegion = %[a-z]% }`, trail, "awsRegion=", true},
		{`{ $.eventName = %Logging|Trail% && $.sourceIPAddress != %^10\.% }`, trail, "sourceIPAddress=10.", true},
		{`{ $.eventName = %Logging|Trail% && $.awsRegion = %.% }`, trail, "", false},
		{`{ $.eventName = StopLogging || $.eventName = DeleteTrail || $.awsRegion = %.% }`, trail, "", true},
		{`{ $.errorCode = %UnauthorizedOperation$|^AccessDenied% && $.eventName != HeadBucket }`, denied, "", true},
		{`{ $.errorCode = %UnauthorizedOperation$|^AccessDenied% && $.eventName != %^HeadBucket$% }`, denied, "", false},
		{`{ $.errorCode = %UnauthorizedOperation$|^AccessDenied% && $.eventName != %^List% }`, denied, "eventName=List", true},
		// What a regular expression makes of true and false is not documented.
		{`{ $.eventSource = %cloudtrail% && $.readOnly = %false% }`, trail, "", false},
		{`{ $.eventSource = %cloudtrail% && $.readOnly != %false% }`, trail, "", false},
		{`{ $.eventName = %Logging|Trail% || $.readOnly = %true% }`, trail, "", true},
		// About the event as it is written.
		{`%StopLogging|DeleteTrail%`, trail, "", true},
		{`%cloudtrail\.amazonaws\.com%`, trail, "", true},
		{`%StopLogging%`, trail, "", false},
		{`%eventName.*StopLogging|DeleteTrail%`, trail, "", false},
		{`%AccessDenied%`, denied, "", false},
		{`%AccessDenied|UnauthorizedOperation%`, denied, "", true},
		{`" "`, trail, "", true},
	}
	for _, c := range tests {
		x, err := pattern.Parse(c.text)
		if c.missed == "unread" {
			if err == nil {
				t.Errorf("%s was read", c.text)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		missed, sure := pattern.Missed(x, c.want)
		if sure != c.sure || (missed == nil) != (c.missed == "") || !strings.Contains(missed.String(), c.missed) {
			t.Errorf("%s: missed %v (%v), want %q (%v)", c.text, missed, sure, c.missed, c.sure)
		}
	}
}

// Together with others, an expression about the whole event counts by what is
// wanted alone: the values that stand for any other are no evidence.
func TestRegexTogether(t *testing.T) {
	t.Parallel()
	want := pattern.Want{"eventName": pattern.Is("StopLogging", "DeleteTrail")}
	for text, sure := range map[string]bool{
		`%other%`: false, `%Delete%`: true, `%r%`: true, `%us-%`: false,
	} {
		one, err := pattern.Parse(`{ $.eventName = StopLogging || $.awsRegion = us-east-1 }`)
		if err != nil {
			t.Fatal(err)
		}
		two, err := pattern.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if missed, got := pattern.Missed(pattern.Any(one, two), want); got != sure || missed != nil {
			t.Errorf("%s: %v, %v", text, missed, got)
		}
	}
}

// FuzzRegex: what is read has only what AWS documents, is read again as the
// same, and where it surely misses nothing it matches every wanted value.
func FuzzRegex(f *testing.F) {
	for _, s := range []string{`Trail`, `^Stop|Delete.*$`, `[^a-z]{2,}\.\x28`, `a{,3}`, `\[.\]`, `(a)`, `a**`, `[]a]`, `gra|ey`} {
		f.Add(s, "StopLogging")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		x, err := pattern.Parse("{ $.f = %" + source + "% }")
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !strings.Contains(source, "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		if again, err := pattern.Parse("{" + x.String() + "}"); err != nil || again.String() != x.String() {
			t.Fatalf("%q became %q: %v", x, again, err)
		}
		want := pattern.Want{"f": pattern.Is(value, "StopLogging")}
		missed, sure := pattern.Missed(x, want)
		for _, v := range want["f"].Is {
			if v != "" && missed == nil && sure && !x.Matches(pattern.Event{"f": v}) {
				t.Errorf("%q does not match %q", x, v)
			}
		}
		if alone, err := pattern.Parse("%" + source + "%"); err == nil {
			if missed, sure := pattern.Missed(alone, want); sure && missed != nil {
				t.Errorf("%q surely misses %v in a text", alone, missed)
			}
		}
	})
}
