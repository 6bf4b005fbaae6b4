package finding_test

import (
	"testing"

	"warden/finding"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::111122223333:user/ann"
	id := finding.Identify("credential.unused", arn, "AIDA1", "access key 1")
	if id != finding.Identify("credential.unused", arn, "AIDA1", "access key 1") {
		t.Error("the id is not stable")
	}
	seen := map[string]bool{id: true}
	for _, other := range []string{
		finding.Identify("key.age", arn, "AIDA1", "access key 1"),
		finding.Identify("credential.unused", arn, "AIDA2", "access key 1"), // the name was made anew
		finding.Identify("credential.unused", arn, "AIDA1", "access key 2"),
		finding.Identify("credential.unused", arn+"AIDA1", "", "access key 1"),
	} {
		if seen[other] {
			t.Errorf("%s occurs twice", other)
		}
		seen[other] = true
	}
}
