package twin

import (
	"math/rand/v2"
	"regexp"
)

// The forms of ids; AWS Organizations API Reference, the data types of that
// name.
var (
	rootIDForm = regexp.MustCompile(`^r-[0-9a-z]{4,32}$`)
	unitID     = regexp.MustCompile(`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`)
	policyID   = regexp.MustCompile(`^p-[0-9a-zA-Z_]{8,128}$`)
)

// organizationIDs draws ids from a seed.
type organizationIDs struct{ random *rand.Rand }

func newOrganizationIDs(seed int64) *organizationIDs {
	return &organizationIDs{rand.New(rand.NewPCG(uint64(seed), 0x6f7267))}
}

// draw makes n lower-case letters and digits.
func (g *organizationIDs) draw(n int) string {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.random.IntN(len(digits))]
	}
	return string(b)
}

// organizationQuotas are the limits of an organization. Service control
// policies grew in 2026 from 5 to 10 per target and from 5,120 to 10,240
// characters; white space counts where it is not the console that saves them.
// AWS Organizations User Guide, "Quotas and service limits for AWS
// Organizations".
type organizationQuotas struct {
	policySize, policiesPerTarget, policies int
	unitDepth, units                        int
	page                                    int
}

func defaultOrganizationQuotas() organizationQuotas {
	return organizationQuotas{policySize: 10240, policiesPerTarget: 10, policies: 1000, unitDepth: 5, units: 1000, page: 20}
}
