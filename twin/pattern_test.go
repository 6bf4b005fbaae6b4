package twin

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	const event = `{"source":"aws.iam","account":"1","resources":["arn:x","arn:y"],"detail":{"eventName":"CreateUser","n":5,"ok":true,"none":null,
		"userIdentity":{"type":"IAMUser"},"errorCode":"AccessDenied","ip":"10.1.2.3","empty":[],"list":[{"k":"a"},{"k":"b"}]}}`
	decoded, err := decodeEvent([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		pattern string
		want    bool
	}{
		{`{"source":["aws.iam"]}`, true},
		{`{"source":["aws.sts","aws.iam"]}`, true},
		{`{"source":["aws.sts"]}`, false},
		{`{"source":["AWS.IAM"]}`, false},
		{`{"source":[{"prefix":"aws."}]}`, true},
		{`{"source":[{"prefix":{"equals-ignore-case":"AWS."}}]}`, true},
		{`{"source":[{"suffix":".iam"}]}`, true},
		{`{"source":[{"suffix":"aws"}]}`, false},
		{`{"source":[{"equals-ignore-case":"AWS.iam"}]}`, true},
		{`{"source":[{"wildcard":"a*.i*m"}]}`, true},
		{`{"source":[{"wildcard":"a*x"}]}`, false},
		{`{"detail":{"ip":[{"cidr":"10.0.0.0/8"}]}}`, true},
		{`{"detail":{"ip":[{"cidr":"11.0.0.0/8"}]}}`, false},
		{`{"detail":{"eventName":[{"anything-but":"DeleteUser"}]}}`, true},
		{`{"detail":{"eventName":[{"anything-but":["CreateUser","x"]}]}}`, false},
		{`{"detail":{"eventName":[{"anything-but":{"prefix":"Create"}}]}}`, false},
		{`{"detail":{"eventName":[{"anything-but":{"suffix":["Role","Group"]}}]}}`, true},
		{`{"detail":{"missing":[{"anything-but":"x"}]}}`, false},
		{`{"detail":{"errorCode":[{"exists":true}]}}`, true},
		{`{"detail":{"errorCode":[{"exists":false}]}}`, false},
		{`{"detail":{"missing":[{"exists":false}]}}`, true},
		{`{"detail":{"missing":{"below":[{"exists":false}]}}}`, true},
		{`{"detail":{"missing":{"below":["x"]}}}`, false},
		{`{"detail":{"empty":[{"exists":false}]}}`, true},
		{`{"detail":{"n":[5]}}`, true},
		{`{"detail":{"n":[5.0]}}`, true},
		{`{"detail":{"n":["5"]}}`, false},
		{`{"detail":{"n":[{"numeric":[">",0,"<=",5]}]}}`, true},
		{`{"detail":{"n":[{"numeric":["<",5]}]}}`, false},
		{`{"detail":{"ok":[true]}}`, true},
		{`{"detail":{"none":[null]}}`, true},
		{`{"detail":{"ok":["true"]}}`, false},
		{`{"resources":["arn:y"]}`, true},
		{`{"resources":["arn:z"]}`, false},
		{`{"detail":{"list":{"k":["b"]}}}`, true},
		{`{"detail":{"list":{"k":["c"]}}}`, false},
		{`{"detail":["x"]}`, false},
		{`{"detail":{"$or":[{"eventName":["X"]},{"userIdentity":{"type":["IAMUser"]}}]}}`, true},
		{`{"$or":[{"source":["x"]},{"account":["2"]}]}`, false},
		{`{"source":["aws.iam"],"$or":[{"source":["x"]},{"account":["1"]}]}`, true},
	}
	for _, tt := range tests {
		p, err := parsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := p.matches(decoded); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.pattern, got, tt.want)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	t.Parallel()
	var or strings.Builder
	or.WriteString(`{"$or":[{"a":["0"]}`)
	for range 40 {
		or.WriteString(`,{"a":["0"]}`)
	}
	or.WriteString("]")
	many := or.String() + `,"x":` + or.String() + `}}`
	tests := []struct{ pattern, want string }{
		{``, "not JSON"},
		{`{} x`, "something after"},
		{`[]`, "not an object"},
		{`{}`, "empty objects"},
		{`{"source":"aws.iam"}`, "must be an array"},
		{`{"source":[]}`, "empty arrays"},
		{`{"source":[{"begins":"x"}]}`, "unrecognized match type begins"},
		{`{"source":[{"prefix":1}]}`, "must be a string"},
		{`{"source":[{"prefix":"a","suffix":"b"}]}`, "only one key"},
		{`{"source":[["x"]]}`, "a match value is"},
		{`{"source":[{"exists":"yes"}]}`, "either true or false"},
		{`{"source":[{"numeric":["~",1]}]}`, "unrecognized numeric"},
		{`{"source":[{"numeric":["<"]}]}`, "one or two comparisons"},
		{`{"source":[{"anything-but":{"exists":true}}]}`, "unsupported anything-but"},
		{`{"source":[{"anything-but":[]}]}`, "empty arrays"},
		{`{"source":[{"cidr":"x"}]}`, "malformed CIDR"},
		{`{"source":[{"wildcard":"a**"}]}`, "consecutive"},
		{`{"$or":[{"a":["x"]}]}`, "at least two"},
		{many, "combinations"},
	}
	for _, tt := range tests {
		if _, err := parsePattern(tt.pattern); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s: error %v, want …%s…", tt.pattern, err, tt.want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`{"source":[{"prefix":"aws."}],"$or":[{"a":[1]},{"b":[{"exists":false}]}]}`, `{"source":"aws.iam"}`)
	f.Fuzz(func(_ *testing.T, text, event string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		if e, err := decodeEvent([]byte(event)); err == nil {
			p.matches(e)
		}
	})
}
