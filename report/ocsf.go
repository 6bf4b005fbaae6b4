package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework that
// the form follows.
const ocsfVersion = "1.5.0"

// The classes of OCSF that findings are written as, and the caption of each.
const (
	complianceFinding = 2003
	detectionFinding  = 2004
)

var ocsfClasses = map[int]string{complianceFinding: "Compliance Finding", detectionFinding: "Detection Finding"}

// value is an object whose members OCSF names.
type value = map[string]any

// writeOCSF writes one event a line, as Security Hub's own export does and as
// log pipelines take it (AWS Security Hub API Reference, FindingsOutput:
// OCSF_JSON is newline-delimited). Security Lake wants Parquet, which a
// pipeline makes of these lines.
func writeOCSF(w io.Writer, r *audit.Report, o Options) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	changes := changesOf(o.Since)
	for i := range r.Findings {
		if err := enc.Encode(ocsf(r, &r.Findings[i], o, changes[r.Findings[i].ID])); err != nil {
			return err
		}
	}
	// One that passes now is among the findings, closed.
	for _, f := range missing(r, o.Since) {
		if err := enc.Encode(ocsf(r, f, o, gone)); err != nil {
			return err
		}
	}
	return nil
}

// ocsfClass is a Detection Finding for what an identity may do too much or
// become, which no rule book asks by that name, and a Compliance Finding for
// all other answers.
func ocsfClass(r *audit.Report, f *finding.Finding) int {
	if strings.HasPrefix(f.Control, "principal.") && len(f.References) == 0 && !aboutAccount(r, f.Subject) {
		return detectionFinding
	}
	return complianceFinding
}

// aboutAccount tells whether a subject stands for the account as a whole.
func aboutAccount(r *audit.Report, arn string) bool {
	return strings.HasSuffix(arn, ":iam::"+r.Account+":root")
}

func ocsf(r *audit.Report, f *finding.Finding, o Options, state change) value {
	class := ocsfClass(r, f)
	activity, name := 1, "Create"
	switch {
	case state == gone:
		activity, name = 3, "Close"
	case o.Since != nil && state != isNew:
		activity, name = 2, "Update"
	}
	statusID, status := ocsfStatus(f)
	if state == gone {
		statusID, status = 4, "Resolved"
	}
	severityID, severity := ocsfSeverity(f.Severity)
	at := r.Now.UnixMilli()
	seen := at
	if !r.CollectedAt.IsZero() {
		seen = r.CollectedAt.UnixMilli()
	}
	info := value{
		"uid": f.ID, "title": f.Title, "desc": clean(f.Summary), "last_seen_time": seen, "product_uid": "warden",
		"analytic": value{"uid": f.Control, "name": f.Title, "type_id": 1, "type": "Rule"}, "types": []string{f.Control}, "data_sources": sources(f),
	}
	e := value{
		"activity_id": activity, "activity_name": name, "category_uid": 2, "category_name": "Findings",
		"class_uid": class, "class_name": ocsfClasses[class], "type_uid": class*100 + activity, "type_name": ocsfClasses[class] + ": " + name,
		"severity_id": severityID, "severity": severity, "status_id": statusID, "status": status, "status_code": string(f.Status), "status_detail": clean(f.Summary),
		"time": at, "timezone_offset": 0, "message": clean(who(r, f) + ": " + f.Summary),
		"metadata": value{"version": ocsfVersion, "profiles": []string{"cloud"}, "event_code": f.Control, "uid": f.ID,
			"product": value{"name": "warden", "vendor_name": "warden", "uid": "warden", "feature": value{"name": "audit"}}},
		"cloud":        value{"provider": "AWS", "account": ocsfAccount(r)},
		"finding_info": info,
		"resources":    []value{ocsfResource(r, f)},
	}
	if more := ocsfUnmapped(f, class); len(more) > 0 {
		e["unmapped"] = more
	}
	if f.Remedy != "" || f.Command != "" {
		fix := value{"desc": clean(strings.TrimSpace(f.Remedy + " " + f.Command))}
		if c := audit.Find(f.Control); c != nil && c.Source != "" {
			fix["references"] = []string{c.Source}
		}
		e["remediation"] = fix
	}
	if class == complianceFinding {
		e["compliance"] = ocsfCompliance(f)
		return e
	}
	e["is_alert"] = f.Status == finding.Fail && f.Exempt == nil
	confidence, word := 3, "High"
	if f.Status != finding.Fail {
		confidence, word = 0, "Unknown"
	}
	e["confidence_id"], e["confidence"] = confidence, word
	if facts := ocsfFacts(f); facts != nil {
		var evidence []value
		for _, x := range facts {
			evidence = append(evidence, value{"data": x})
		}
		e["evidences"] = evidence
	}
	if f.Control == "principal.escalation" {
		info["attacks"] = []value{{"version": "16", "tactic": value{"uid": "TA0004", "name": "Privilege Escalation"},
			"technique": value{"uid": "T1098", "name": "Account Manipulation"}}}
	}
	return e
}

// ocsfStatus is the state of the finding itself. What needs nobody is neither
// new nor resolved, and what is unknown is not made a state that anybody could
// take for settled.
func ocsfStatus(f *finding.Finding) (int, string) {
	switch {
	case f.Exempt != nil:
		return 3, "Suppressed"
	case f.Status == finding.Fail:
		return 1, "New"
	case f.Status == finding.Unknown:
		return 0, "Unknown"
	}
	return 99, string(f.Status)
}

func ocsfSeverity(s finding.Severity) (int, string) {
	switch s {
	case finding.Critical:
		return 5, "Critical"
	case finding.High:
		return 4, "High"
	case finding.Medium:
		return 3, "Medium"
	case finding.Low:
		return 2, "Low"
	}
	return 1, "Informational"
}

func ocsfCompliance(f *finding.Finding) value {
	// status_code and status_detail are those of the event.
	c := value{"control": f.Control}
	switch f.Status {
	case finding.Pass:
		c["status_id"], c["status"] = 1, "Pass"
	case finding.Fail:
		c["status_id"], c["status"] = 3, "Fail"
	case finding.Unknown:
		c["status_id"], c["status"] = 0, "Unknown"
	default:
		c["status_id"], c["status"] = 99, string(f.Status)
	}
	standards, requirements := []string{}, []string{}
	for _, ref := range f.References {
		standards = append(standards, "CIS AWS Foundations Benchmark "+ref.Version)
		requirements = append(requirements, fmt.Sprintf("%s-%s:%s", ref.Benchmark, ref.Version, ref.ID))
	}
	if len(standards) == 0 {
		standards = append(standards, "warden") // of its own
	}
	c["standards"], c["requirements"] = unique(standards), requirements
	return c
}

func ocsfAccount(r *audit.Report) value {
	return value{"uid": r.Account, "name": cmp.Or(clean(r.Alias), r.Account), "type_id": 10, "type": "AWS Account"}
}

// ocsfOwner is the account as the owner of a resource; readers of OCSF want a
// user there.
func ocsfOwner(r *audit.Report) value {
	return value{"uid": r.Account, "name": cmp.Or(clean(r.Alias), r.Account), "type_id": 99, "type": "AWS Account", "account": ocsfAccount(r)}
}

func ocsfResource(r *audit.Report, f *finding.Finding) value {
	kind := subjectKind(r, f.Subject)
	out := value{"uid": f.Subject, "type": kind, "name": clean(who(r, f)), "owner": ocsfOwner(r)}
	if a, err := account.ParseARN(f.Subject); err == nil {
		out["cloud_partition"] = a.Partition
		if a.Region != "" {
			out["region"] = a.Region
		}
		out["group"] = value{"name": a.Service}
	}
	if f.SubjectID != "" {
		out["uid_alt"] = f.SubjectID
	}
	return out
}

// subjectKind is what CloudFormation calls the kind of a subject.
func subjectKind(r *audit.Report, arn string) string {
	if aboutAccount(r, arn) {
		return "AWS::::Account"
	}
	a, err := account.ParseARN(arn)
	if err != nil {
		return "Other"
	}
	kind, _, _ := strings.Cut(a.Resource, "/")
	switch a.Service + " " + kind {
	case "iam user":
		return "AWS::IAM::User"
	case "iam role":
		return "AWS::IAM::Role"
	case "iam group":
		return "AWS::IAM::Group"
	case "iam policy":
		return "AWS::IAM::ManagedPolicy"
	case "iam server-certificate":
		return "AWS::IAM::ServerCertificate"
	case "cloudtrail trail":
		return "AWS::CloudTrail::Trail"
	}
	if a.Service == "s3" {
		return "AWS::S3::Bucket"
	}
	return "Other"
}

// ocsfUnmapped is what OCSF has no place for: evidence with source and time,
// which a Detection Finding has as evidences, and the answers that differ from
// the finding's under a benchmark with another threshold.
func ocsfUnmapped(f *finding.Finding, class int) value {
	out := value{}
	if f.Part != "" {
		out["part"] = clean(f.Part)
	}
	if facts := ocsfFacts(f); facts != nil && class == complianceFinding {
		out["evidence"] = facts
	}
	under := map[string]finding.Status{}
	for _, ref := range f.References {
		if ref.Status != f.Status {
			under[ref.Benchmark+"-"+ref.Version] = ref.Status
		}
	}
	if len(under) > 0 {
		out["under"] = under
	}
	if f.Exempt != nil {
		out["exempt"] = f.Exempt
	}
	return out
}

func ocsfFacts(f *finding.Finding) []value {
	var out []value
	for _, x := range f.Evidence {
		out = append(out, ocsfFact(x))
	}
	return out
}

func ocsfFact(x finding.Fact) value {
	out := value{"fact": clean(x.Fact), "source": clean(x.Source)}
	if x.At != nil {
		out["at"] = x.At.UTC()
	}
	return out
}

// sources are where the evidence comes from, each once.
func sources(f *finding.Finding) []string {
	list := []string{}
	for _, x := range f.Evidence {
		list = append(list, clean(x.Source))
	}
	return unique(list)
}

func unique(list []string) []string {
	out := []string{}
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
