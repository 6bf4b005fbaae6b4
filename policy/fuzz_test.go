package policy

import (
	"bytes"
	"testing"
)

// FuzzParse: no input makes the parser panic; what Parse accepts is printed so
// that it reads the same again; and ParseStored accepts all that Parse does.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Deny","NotPrincipal":"*","NotAction":["a:b"],"NotResource":"arn:aws:s3:::${aws:username, 'x'}*"}}`))
	f.Add([]byte(`{"Statement":[],"Statement":[{"Effect":1,"Action":{},"Condition":{"Null":{"a":[[]]}}}]}`))
	f.Add([]byte(`{"Id":"\ud800","Statement":[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		stored, storedErr := ParseStored("p", data)
		d, err := Parse("p", data)
		if err != nil {
			return
		}
		if storedErr != nil || len(stored.Defects) > 0 {
			t.Fatalf("Parse accepts what ParseStored does not: %v, %v", storedErr, stored)
		}
		first, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("p", first)
		if err != nil {
			t.Fatalf("%s does not parse: %v", first, err)
		}
		second, err := again.MarshalJSON()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("printed %s, then %s (%v)", first, second, err)
		}
	})
}

// FuzzEvaluate: no policy and no request makes the evaluation panic; Decide
// agrees with Evaluate; and a doubt never allows.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::${aws:k}*?"}]}`),
		"s3:GetObject", "arn:aws:s3:::a", "arn:aws:iam::111122223333:user/a", "v", uint8(0))
	f.Add([]byte(`{"Statement":{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:*:${aws:k}:*","Condition":{"ForAnyValue:ArnLike":{"aws:k":"${aws:k}:*"},"DateEquals":{"aws:k":"2024"}}}}`),
		"x", "*", "", "2024-01-01T00:00:00.5Z", uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, action, resource, arn, value string, bits uint8) {
		d, err := ParseStored("p", data)
		if err != nil {
			return
		}
		types := []PrincipalType{User, Session, Federated, Service, Anonymous, Root, "", "x"}
		req := Request{
			Principal: Principal{Type: types[bits%8], ARN: arn, RoleARN: arn},
			Action:    action, Resource: Resource{ARN: resource},
			Context: Context{"aws:k": {Values: []string{value}, Multi: bits&8 != 0}},
		}
		docs := []*Document{d}
		p := Policies{Identity: docs, SessionPassed: bits&16 != 0, ViaEndpoint: bits&32 != 0, Endpoint: docs}
		if bits&64 != 0 {
			p.Resource = d
		}
		if bits&128 != 0 {
			p.Boundary, p.Session, p.SCPs, p.RCPs = docs, docs, []Level{{"l", docs}}, []Level{{"l", docs}}
		}
		result := Evaluate(req, p)
		if got := Decide(&req, &p); got != result.Decision {
			t.Fatalf("Decide %v, Evaluate %v", got, result.Decision)
		}
		if len(result.Unknown) > 0 && result.Decision == Allowed {
			t.Fatalf("allowed on doubt: %v", result.Unknown)
		}
	})
}
