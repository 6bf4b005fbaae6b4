package guard

import (
	"fmt"
	"io"
	"strings"

	"warden/account"
	"warden/finding"
	"warden/guard/detect"
)

// Exemption lets one identity, by exact ARN and unique id, do for a while
// what a rule forbids. The guard's rules are "guard", and "guard:" with the id
// of one detection; rules of other judgements may stand in the same file.
type Exemption = finding.Exemption

const guardRule = "guard"

// exempts reports whether the exemption is from everything that was detected.
func exempts(x Exemption, found []*detect.Detection) bool {
	if x.Rule == guardRule {
		return true
	}
	for _, d := range found {
		if x.Rule != guardRule+":"+d.ID {
			return false
		}
	}
	return len(found) > 0
}

// ReadExemptions reads the exemption file, see [finding.ReadExemptions]. An
// exemption from the guard's rules must be for an IAM user or role, and name a
// detection that there is.
func ReadExemptions(r io.Reader) ([]Exemption, error) {
	return finding.ReadExemptions(r, func(x Exemption) error {
		id, one := strings.CutPrefix(x.Rule, guardRule+":")
		if x.Rule != guardRule && !one {
			return nil
		}
		arn, err := account.ParseARN(x.ARN)
		if err != nil {
			return fmt.Errorf("arn: %w", err)
		}
		if arn.Service != "iam" || arn.Type() != "user" && arn.Type() != "role" {
			return fmt.Errorf("arn: want the exact ARN of an IAM user or role")
		}
		if one && detect.Find(id) == nil {
			return fmt.Errorf("rule: there is no detection %q", id)
		}
		return nil
	})
}
