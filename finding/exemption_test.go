package finding_test

import (
	"bytes"
	"strings"
	"testing"

	"warden/finding"
)

func FuzzReadExemptions(f *testing.F) {
	f.Add([]byte(`{"exemptions": [{"arn": "arn:aws:iam::111122223333:user/ci", "id": "AIDA", "rule": "audit:key.age", "reason": "r", "owner": "o", "expires": "2026-03-31"}]}`))
	f.Add([]byte(`{"exemptions": []}`))
	f.Add([]byte(`{"exemptions": [{"arn": "arn:aws:iam::111122223333:user/*"}], "exemptions": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := finding.ReadExemptions(bytes.NewReader(data), nil)
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !bytes.ContainsRune(data, '\n') {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		for _, x := range list {
			if x.ARN == "" || x.ID == "" || x.Rule == "" || x.Reason == "" || x.Owner == "" || x.Expires.IsZero() || strings.ContainsAny(x.ARN, "*?") {
				t.Errorf("%+v was read", x)
			}
		}
	})
}
