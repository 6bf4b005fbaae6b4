package catalog

import (
	"strings"
	"testing"
)

// TestData reads everything that is embedded.
func TestData(t *testing.T) {
	t.Parallel()
	if _, err := read(compressed); err != nil {
		t.Fatal(err)
	}
	if _, err := read(compressed[:len(compressed)/2]); err == nil {
		t.Error("half a catalog was read")
	}
	if len(compressed) > 400_000 {
		t.Errorf("%d bytes are embedded, at most 400,000 may be", len(compressed))
	}
	actions, resources, keys, rcp := 0, 0, 0, 0
	for _, s := range Services() {
		actions += len(s.Actions())
		resources += len(s.Resources())
		keys += len(s.Keys())
		if s.RCP {
			rcp++
		}
		if s.Name == "" || ServiceOf(strings.ToUpper(s.Prefix)) != s {
			t.Errorf("service %+v", s.Prefix)
		}
		for _, a := range s.Actions() {
			if Lookup(a.String()) != a {
				t.Errorf("Lookup(%s) does not return it", a)
			}
		}
		for _, r := range s.Resources() {
			if !strings.HasPrefix(r.ARN, "arn:") && r.ARN != "*" {
				t.Errorf("%s %s has the ARN %q", s.Prefix, r.Name, r.ARN)
			}
		}
		for _, k := range s.Keys() {
			switch k.Type.Element() {
			case String, ARN, Bool, Numeric, Date, IPAddress:
			default:
				t.Errorf("%s has the type %q", k.Name, k.Type)
			}
		}
	}
	// The reference only grows; a refresh that loses a part is a mistake.
	if len(Services()) < 450 || actions < 22_000 || resources < 2_300 || keys < 2_500 || rcp < 60 {
		t.Errorf("%d services, %d actions, %d resource types, %d keys, %d services with RCPs", len(Services()), actions, resources, keys, rcp)
	}
	o := Source()
	if o.Package == "" || o.Version == "" || o.Licence != "MIT" || !strings.HasPrefix(o.Integrity, "sha512-") || len(o.Date) != 10 {
		t.Errorf("%+v", o)
	}
	if !strings.Contains(Licence, "MIT License") {
		t.Error("the licence is missing")
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		n       int // -1: more than one
		has     string
	}{
		{"s3:GetObject", 1, "s3:GetObject"},
		{"S3:getobject", 1, "s3:GetObject"},
		{"s3:GetObj*", -1, "s3:GetObjectAcl"},
		{"s3:*", -1, "s3:PutObject"},
		{"iam:?etUser", 1, "iam:GetUser"},
		{"s3:*a*b*c*d*e*f*g*h*i*j*k", 0, ""},
		{"s3*:GetObject", 0, ""},
		{"nosuch:*", 0, ""},
		{"*", -1, "ec2:RunInstances"},
		{"", 0, ""},
	} {
		got := Matching(c.pattern)
		if c.n >= 0 && len(got) != c.n || c.n < 0 && len(got) < 2 {
			t.Errorf("Matching(%q): %d actions", c.pattern, len(got))
		}
		found := c.has == ""
		for _, a := range got {
			found = found || a.String() == c.has
		}
		if !found {
			t.Errorf("Matching(%q) has no %s", c.pattern, c.has)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"s3:GetObjects":          "s3:GetObject",
		"s3:ListBukcet":          "s3:ListBucket",
		"s4:GetObject":           "s3:GetObject",
		"dynamodb:Getitem2":      "dynamodb:GetItem",
		"cloudwatchlogs:PutLog*": "logs:PutLog*",
		"iam:NothingLikeThis":    "",
		"x":                      "",
		"nothing:at-all":         "",
	} {
		if got := Nearest(name); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"aws:SourceIP4":               "aws:SourceIp",
		"aws:MultifactorAuthPresents": "aws:MultiFactorAuthPresent",
		"s3:prefixx":                  "s3:prefix",
		"SourceIp":                    "aws:SourceIp",
	} {
		if got := NearestKey(name); got != want {
			t.Errorf("NearestKey(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestConditionKey(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]KeyType{
		"aws:SourceIp":                  IPAddress,
		"AWS:sourceip":                  IPAddress,
		"aws:RequestTag/team":           String,
		"aws:RequestTag/":               "",
		"aws:TagKeys":                   ArrayOfString,
		"s3:prefix":                     String,
		"s3:ExistingObjectTag/a":        String,
		"kms:EncryptionContext:appName": String,
		"token.actions.githubusercontent.com:actor":   String,
		"token.actions.githubusercontent.com/x:actor": String,
		"saml:aud":                               String,
		"ec2:SourceInstanceArn":                  ARN,
		"aws:NoSuchKey":                          "",
		"s3:NoSuchKey":                           "",
		"nothing":                                "",
		"codebuild:secondarySources/a.buildspec": Bool,
	} {
		got := KeyType("")
		if k := ConditionKey(name); k != nil {
			got = k.Type
		}
		if got != want {
			t.Errorf("ConditionKey(%q) has the type %q, want %q", name, got, want)
		}
	}
	if a := Lookup("s3:ListBucket"); !a.HasKey("s3:Prefix") || a.HasKey("s3:x-amz-acl") || !a.HasKey("aws:ResourceTag/a") {
		t.Errorf("keys of s3:ListBucket: %v", a.AllKeys())
	}
	if !GlobalKey("aws:PrincipalTag/x") || GlobalKey("s3:prefix") {
		t.Error("GlobalKey")
	}
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(compressed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAllServices(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r, err := read(compressed)
		if err != nil {
			b.Fatal(err)
		}
		for _, s := range r.services {
			s.load()
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	Lookup("s3:GetObject")
	b.ReportAllocs()
	for b.Loop() {
		Lookup("s3:GetObject")
	}
}
