package trail

import (
	"strings"
	"testing"
)

// What callers choose of a record, and how large it is, does not keep it from
// being read; what can be no record is an error in one line.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	with := func(more string) string { return strings.TrimSuffix(record("A", "CreateUser"), "}") + "," + more + "}" }
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for name, tt := range map[string]struct {
		in   string
		says string // "" where it is read
	}{
		"a user agent that is not UTF-8":       {with("\"userAgent\":\"a\xff\xfeb\""), ""},
		"half of a surrogate pair":             {with(`"userAgent":"\ud800 \udfff"`), ""},
		"a zero byte, escaped":                 {with(`"userAgent":"a\u0000b"`), ""},
		"a user agent of a megabyte":           {with(`"userAgent":"` + strings.Repeat("x", 1<<20) + `"`), ""},
		"additional data of a megabyte":        {with(`"additionalEventData":{"a":"` + strings.Repeat(`\"`, 1<<19) + `"}`), ""},
		"a list of 100,000":                    {with(`"additionalEventData":[` + strings.Repeat("1,", 99_999) + `1]`), ""},
		"nested 500 deep":                      {with(`"additionalEventData":` + deep(500)), ""},
		"nested 20,000 deep":                   {with(`"additionalEventData":` + deep(20_000)), "broken JSON at byte"},
		"additional data left out":             {with(`"additionalEventData":{"omitted":true,"originalSize":261000,"reason":"exceeds the maximum size"}`), ""},
		"no answer":                            {with(`"responseElements":null`), ""},
		"an old version":                       {strings.Replace(record("A", "CreateUser"), `"1.11"`, `"2.0"`, 1), ""},
		"a field of the future":                {with(`"eventContext":{"requestContext":{"aws:CalledVia":["x"]}},"newField":[[{}]]`), ""},
		"a key that differs in case":           {with(`"EventName":"GetUser","EVENTID":"B"`), ""},
		"a key twice":                          {with(`"eventName":"GetUser"`), "key eventName occurs twice"},
		"a key twice, one escaped":             {with(`"event\u004eame":"GetUser"`), "key eventName occurs twice"},
		"a key twice, in what nobody looks at": {with(`"tlsDetails":{"a":1,"a":2}`), "key tlsDetails.a occurs twice"},
		"two identities":                       {with(`"userIdentity":{"type":"Root"}`), "key userIdentity occurs twice"},
		"a line break in a text":               {with("\"userAgent\":\"a\nb\""), "broken JSON at byte"},
		"more behind it":                       {record("A", "CreateUser") + record("B", "CreateUser"), "broken JSON at byte"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, form := range []struct{ in, prefix string }{{tt.in, ""}, {envelope(tt.in), "detail"}} {
				e, err := ParseEvent([]byte(form.in))
				switch {
				case tt.says == "" && (err != nil || e.ID != "A" || e.Name != "CreateUser" || e.Actor().ID != "AIDAEXAMPLE"):
					t.Errorf("not read: %v", err)
				case tt.says != "" && (err == nil || strings.Contains(err.Error(), "\n") || form.prefix == "" && !strings.HasPrefix(err.Error(), tt.says)):
					t.Errorf("error %v, want %s", err, tt.says)
				}
			}
		})
	}
}
