package audit

import (
	"fmt"

	"warden/finding"
)

var certificateExpired = Control{
	ID:       "certificate.expired",
	Title:    "No expired server certificate is kept in IAM",
	Why:      "An expired certificate put on a load balancer by mistake takes the service down and teaches people to ignore warnings.",
	Source:   "IAM User Guide: Manage server certificates in IAM",
	Severity: finding.Low,
	Actions:  []string{"iam:ListServerCertificates"},
	Remedy:   "Delete it; keep certificates in ACM, which renews them.",
	Judge: func(e *Evidence) []Answer {
		if e.ServerCertificates == nil {
			return []Answer{e.unknown("which server certificates there are", "iam:ListServerCertificates")}
		}
		var out []Answer
		for _, c := range e.ServerCertificates.Value {
			a := Answer{Subject: c.ARN, SubjectID: c.ID, Status: finding.Unknown, Summary: "when it expires is not known"}
			if c.Expiration != nil {
				a.Status, a.Summary = finding.Pass, fmt.Sprintf("expires %s", date(*c.Expiration))
				a.Facts = []finding.Fact{fact(e.ServerCertificates.Evidence, "expiration %s", date(*c.Expiration))}
				if !c.Expiration.After(e.Now) {
					a.Status, a.Summary = finding.Fail, fmt.Sprintf("expired %s (%s)", date(*c.Expiration), e.ago(*c.Expiration))
					a.Command = "aws iam delete-server-certificate --server-certificate-name " + quote(c.Name)
				}
			}
			out = append(out, a)
		}
		return out
	},
}
