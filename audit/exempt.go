package audit

import (
	"fmt"
	"io"
	"strings"
	"time"

	"warden/finding"
)

// Rule is what an exemption from findings of the audit names: "audit:" and
// the id of a control. There is none from all of them.
const Rule = "audit:"

// Exemption accepts a finding about one subject until it expires.
type Exemption = finding.Exemption

// ReadExemptions reads a file of exemptions, which may hold those of other
// judgements too. One from a control that there is not is an error. See
// [finding.ReadExemptions].
func ReadExemptions(r io.Reader) ([]Exemption, error) {
	return finding.ReadExemptions(r, func(x Exemption) error {
		if id, ours := strings.CutPrefix(x.Rule, Rule); ours && Find(id) == nil {
			return fmt.Errorf("rule: there is no control %q", id)
		}
		return nil
	})
}

// exempt marks the failures that somebody accepted. A name that was made anew
// is another subject: where the finding has a unique id, the exemption must
// have it.
func (e *Evidence) exempt(findings []finding.Finding) {
	for i := range findings {
		f := &findings[i]
		if f.Status != finding.Fail {
			continue
		}
		for _, x := range e.Exemptions {
			control, ours := strings.CutPrefix(x.Rule, Rule)
			if ours && control == f.Control && x.ARN == f.Subject && (f.SubjectID == "" || x.ID == f.SubjectID) && e.Now.Before(x.Expires) {
				f.Exempt = &finding.Exempt{Reason: finding.Redact(x.Reason), Owner: finding.Redact(x.Owner), Expires: x.Expires}
			}
		}
	}
}

// Expired returns the exemptions from findings of the audit that hold no more.
func Expired(list []Exemption, now time.Time) []Exemption {
	var out []Exemption
	for _, x := range list {
		if strings.HasPrefix(x.Rule, Rule) && !now.Before(x.Expires) {
			out = append(out, x)
		}
	}
	return out
}
