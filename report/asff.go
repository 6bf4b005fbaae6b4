package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

// SecurityFinding is a finding in the AWS Security Finding Format, with the
// fields that warden fills. The limits of each are those of the AWS Security
// Hub API Reference, AwsSecurityFinding; longer text is cut between characters.
//
// Severity and types stand under FindingProviderFields alone, where later
// imports may change them without undoing what people set in Security Hub.
type SecurityFinding struct {
	SchemaVersion         string
	ID                    string `json:"Id"`
	ProductARN            string `json:"ProductArn"`
	ProductName           string
	CompanyName           string
	Region                string
	GeneratorID           string `json:"GeneratorId"`
	AccountID             string `json:"AwsAccountId"`
	AccountName           string `json:"AwsAccountName,omitempty"`
	FirstObservedAt       string
	LastObservedAt        string
	CreatedAt             string
	UpdatedAt             string
	Title                 string
	Description           string
	Remediation           *SecurityRemediation `json:",omitempty"`
	ProductFields         map[string]string
	Resources             []SecurityResource
	Compliance            SecurityCompliance
	RecordState           string
	FindingProviderFields SecurityProviderFields
}

// SecurityRemediation says what to do.
type SecurityRemediation struct {
	Recommendation struct{ Text string }
}

// SecurityResource is the subject of a finding.
type SecurityResource struct {
	Type      string
	ID        string `json:"Id"`
	Partition string
	Region    string `json:",omitempty"`
}

// SecurityCompliance is the answer.
type SecurityCompliance struct {
	Status              string
	RelatedRequirements []string `json:",omitempty"`
	StatusReasons       []SecurityReason
}

// SecurityReason says why the answer is so.
type SecurityReason struct{ ReasonCode, Description string }

// SecurityProviderFields are what the provider of a finding may change later.
type SecurityProviderFields struct {
	Severity struct{ Label, Original string }
	Types    []string
}

// SecurityPrefix is how the ids of an account's findings begin in Security
// Hub, and their generators without the account.
func SecurityPrefix(accountID string) string { return "warden/" + accountID + "/" }

// SecurityFindings turns a report into the AWS Security Finding Format, for
// the default product of the account in a region. What is gone since
// Options.Since is there too, archived.
func SecurityFindings(r *audit.Report, o Options) []SecurityFinding {
	out := []SecurityFinding{}
	for i := range r.Findings {
		out = append(out, securityFinding(r, &r.Findings[i], o.Region))
	}
	for _, f := range missing(r, o.Since) {
		archived := securityFinding(r, f, o.Region)
		archived.RecordState = "ARCHIVED"
		out = append(out, archived)
	}
	return out
}

// writeASFF writes the list that "aws securityhub batch-import-findings
// --findings" takes, one finding a line.
func writeASFF(w io.Writer, list []SecurityFinding) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	for i := range list {
		line, err := json.Marshal(list[i])
		if err != nil {
			return err
		}
		before := "\n"
		if i > 0 {
			before = ",\n"
		}
		if _, err := io.WriteString(w, before+string(line)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}

// maxEvidence is how many facts a finding carries to Security Hub. With the
// limits of the other fields it stays far below 240 KB.
const maxEvidence = 20

func securityFinding(r *audit.Report, f *finding.Finding, region string) SecurityFinding {
	partition := "aws"
	if a, err := account.ParseARN(f.Subject); err == nil {
		partition = a.Partition
	}
	region = cmp.Or(region, homeRegions[partition])
	observed := r.CollectedAt
	if observed.IsZero() {
		observed = r.Now
	}
	s := SecurityFinding{
		SchemaVersion: "2018-10-08",
		ID:            SecurityPrefix(r.Account) + f.ID,
		ProductARN:    fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%[3]s/default", partition, region, r.Account),
		ProductName:   "warden", CompanyName: "warden", Region: region,
		GeneratorID: "warden/" + f.Control, AccountID: r.Account, AccountName: r.Alias,
		FirstObservedAt: asffTime(observed), LastObservedAt: asffTime(observed), CreatedAt: asffTime(r.Now), UpdatedAt: asffTime(r.Now),
		Title:         cut(f.Title, 256),
		Description:   cut(cmp.Or(clean(who(r, f)+": "+f.Summary), f.Title), 1024),
		ProductFields: map[string]string{"warden/Control": f.Control, "warden/Status": string(f.Status)},
		RecordState:   "ACTIVE",
	}
	for name, text := range map[string]string{"warden/Part": f.Part, "warden/SubjectId": f.SubjectID, "warden/Benchmark": r.Benchmark} {
		if text != "" {
			s.ProductFields[name] = cut(clean(text), 2048)
		}
	}
	for i, x := range f.Evidence {
		if i == maxEvidence {
			s.ProductFields["warden/Evidence/more"] = fmt.Sprintf("%d facts more", len(f.Evidence)-maxEvidence)
			break
		}
		s.ProductFields[fmt.Sprintf("warden/Evidence/%02d", i+1)] = cut(clean(fact(r, x)), 2048)
	}
	if fix := strings.TrimSpace(f.Remedy + " " + f.Command); fix != "" {
		s.Remediation = &SecurityRemediation{struct{ Text string }{cut(clean(fix), 512)}}
	}
	resource := SecurityResource{Type: securityKind(subjectKind(r, f.Subject)), ID: f.Subject, Partition: partition, Region: region}
	if aboutAccount(r, f.Subject) {
		resource.ID = "AWS::::Account:" + r.Account // as Security Hub's own controls write it
	}
	s.Resources = []SecurityResource{resource}
	s.Compliance = securityCompliance(f)
	s.FindingProviderFields.Severity.Label, s.FindingProviderFields.Severity.Original = securitySeverityLabel(f.Severity), f.Severity.String()
	s.FindingProviderFields.Types = securityTypes(r, f)
	// An accepted failure is archived, and comes back as new when nobody
	// accepts it any more. A workflow status SUPPRESSED would hide it for good:
	// an import cannot take that back (API Reference, Workflow).
	if f.Exempt != nil {
		s.RecordState = "ARCHIVED"
		s.ProductFields["warden/Accepted"] = cut(clean(fmt.Sprintf("%s (%s, until %s)", f.Exempt.Reason, f.Exempt.Owner, stamp(f.Exempt.Expires))), 2048)
	}
	return s
}

// homeRegions is where IAM's findings of a partition go unless somebody says
// otherwise.
var homeRegions = map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

// securityCompliance: WARNING is that information is missing, NOT_AVAILABLE
// that the question does not arise or no check answers it. Source: AWS
// Security Hub API Reference, Compliance.
func securityCompliance(f *finding.Finding) SecurityCompliance {
	c := SecurityCompliance{}
	code := ""
	switch f.Status {
	case finding.Pass:
		c.Status, code = "PASSED", "WARDEN_PASSED"
	case finding.Fail:
		c.Status, code = "FAILED", "WARDEN_FAILED"
	case finding.Unknown:
		c.Status, code = "WARNING", "WARDEN_EVIDENCE_MISSING"
	case finding.Manual:
		c.Status, code = "NOT_AVAILABLE", "WARDEN_MANUAL"
	default:
		c.Status, code = "NOT_AVAILABLE", "WARDEN_NOT_APPLICABLE"
	}
	c.StatusReasons = []SecurityReason{{code, cut(cmp.Or(clean(f.Summary), f.Title), 1024)}}
	for _, ref := range f.References {
		if len(c.RelatedRequirements) == 32 {
			break
		}
		c.RelatedRequirements = append(c.RelatedRequirements, fmt.Sprintf("CIS AWS Foundations Benchmark v%s/%s", ref.Version, ref.ID))
	}
	return c
}

func securityTypes(r *audit.Report, f *finding.Finding) []string {
	switch {
	case ocsfClass(r, f) == detectionFinding:
		return []string{"TTPs/Privilege Escalation", "Software and Configuration Checks/AWS Security Best Practices"}
	case len(f.References) > 0:
		return []string{"Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark"}
	}
	return []string{"Software and Configuration Checks/AWS Security Best Practices"}
}

func securitySeverityLabel(s finding.Severity) string {
	if s == finding.Info {
		return "INFORMATIONAL"
	}
	return strings.ToUpper(s.String())
}

// securityKind is what Security Hub calls a kind of resource.
func securityKind(kind string) string {
	switch kind {
	case "AWS::::Account":
		return "AwsAccount"
	case "AWS::IAM::User":
		return "AwsIamUser"
	case "AWS::IAM::Role":
		return "AwsIamRole"
	case "AWS::IAM::Group":
		return "AwsIamGroup"
	case "AWS::IAM::ManagedPolicy":
		return "AwsIamPolicy"
	case "AWS::CloudTrail::Trail":
		return "AwsCloudTrailTrail"
	case "AWS::S3::Bucket":
		return "AwsS3Bucket"
	}
	return "Other"
}

func asffTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// cut shortens text to at most n bytes and never within a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	s = s[:n-len(mark)]
	for s != "" {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + mark
}
