package finding_test

import (
	"encoding/json"
	"testing"

	"warden/finding"
)

func TestSeverityText(t *testing.T) {
	t.Parallel()
	for s := finding.Info; s <= finding.Critical; s++ {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back finding.Severity
		if err := json.Unmarshal(data, &back); err != nil || back != s {
			t.Errorf("%s became %s: %v", s, back, err)
		}
	}
	if _, err := finding.ParseSeverity("urgent"); err == nil {
		t.Error("an unknown severity was read")
	}
	if got := finding.Severity(9).String(); got != "severity(9)" {
		t.Error(got)
	}
}
