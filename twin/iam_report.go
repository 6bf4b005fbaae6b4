package twin

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// reportLife is how long a credential report is given out before a new one
// can be made (IAM User Guide, "Generate credential reports for your AWS
// account").
const reportLife = 4 * time.Hour

// ReportFaults are the odd ways of credential reports. The zero value is a
// report that is there when it is asked for the second time.
type ReportFaults struct {
	// Takes is how long the report is in progress.
	Takes time.Duration
	// Never: it is in progress without end.
	Never bool
	// NoRoot leaves out the root user's row.
	NoRoot bool
	// Additional adds the column additional_credentials_info.
	Additional bool
}

// Root is what the account knows of its root user. The zero value has a
// password that was never used, no device and no key.
type Root struct {
	// NoPassword: a member account whose root credentials were removed.
	NoPassword       bool
	PasswordLastUsed time.Time
	// MFA is "" for none, "virtual" or "hardware".
	MFA  string
	Keys []RootKey // two at most
}

// RootKey is an access key of the root user as reports show it.
type RootKey struct {
	Active            bool
	Rotated, LastUsed time.Time // LastUsed is zero for a key never used
	Region, Service   string
}

// SetRoot changes what the account knows of its root user.
func (t *Twin) SetRoot(r Root) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.belongings.root = r
}

// SetReportFaults changes how credential reports behave from now on, and
// forgets the present one.
func (t *Twin) SetReportFaults(f ReportFaults) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.belongings.report = report{faults: f}
}

// report is the one credential report that an account keeps.
type report struct {
	faults  ReportFaults
	started time.Time // of the generation in progress, zero if there is none
	made    time.Time // zero if there is no report
	content []byte
}

func reportOperations() map[string]operation {
	return map[string]operation{
		"GenerateCredentialReport":    act(onAll, generateCredentialReport),
		"GetCredentialReport":         act(onAll, getCredentialReport),
		"GetAccountPasswordPolicy":    act(onAll, getAccountPasswordPolicy),
		"UpdateAccountPasswordPolicy": act(onAll, updateAccountPasswordPolicy),
		"DeleteAccountPasswordPolicy": act(onAll, deleteAccountPasswordPolicy),
	}
}

// finish makes the report whose time has come.
func (c *call) finish() *report {
	r := &c.state.belongings.report
	if !r.started.IsZero() && !r.faults.Never && !c.now.Before(r.started.Add(r.faults.Takes)) {
		r.made, r.started = r.started.Add(r.faults.Takes).UTC().Truncate(time.Second), time.Time{}
		r.content = c.credentialReport(r.faults)
	}
	return r
}

// generateCredentialReport starts a report unless there is one of the last
// four hours. IAM API Reference, GenerateCredentialReport; the words of a
// start are those of the AWS CLI's example.
func generateCredentialReport(c *call, _ *iam.GenerateCredentialReportInput) (*iam.GenerateCredentialReportOutput, error) {
	r := c.finish()
	switch {
	case !r.started.IsZero():
		return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeInprogress}, nil
	case !r.made.IsZero() && c.now.Before(r.made.Add(reportLife)):
		return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeComplete}, nil
	}
	r.started = c.now
	return &iam.GenerateCredentialReportOutput{State: types.ReportStateTypeStarted, Description: ptr("No report exists. Starting a new report generation task")}, nil
}

// getCredentialReport: the errors are those of the IAM API Reference,
// GetCredentialReport.
func getCredentialReport(c *call, _ *iam.GetCredentialReportInput) (*iam.GetCredentialReportOutput, error) {
	r := c.finish()
	switch {
	case !r.started.IsZero():
		return nil, fail(404, "ReportInProgress", "Report is being generated")
	case r.made.IsZero():
		return nil, fail(410, "ReportNotPresent", "No report is present")
	case !c.now.Before(r.made.Add(reportLife)):
		return nil, fail(410, "ReportExpired", "Report has expired")
	}
	return &iam.GetCredentialReportOutput{Content: r.content, GeneratedTime: ptr(r.made), ReportFormat: types.ReportFormatTypeTextCsv}, nil
}

// reportColumns are those of live reports; the guide names one more.
var reportColumns = strings.Split("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"+
	"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"+
	"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"+
	"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated", ",")

// The words of a report. IAM User Guide, "Generate credential reports for your
// AWS account".
const (
	notApplicable = "N/A"
	noInformation = "no_information"
	notSupported  = "not_supported"
)

func (c *call) credentialReport(f ReportFaults) []byte {
	rows := [][]string{slices.Clone(reportColumns)}
	if !f.NoRoot {
		rows = append(rows, c.rootRow())
	}
	for _, u := range c.state.users.all() {
		rows = append(rows, c.reportRow(u))
	}
	if f.Additional {
		for i := range rows {
			rows[i] = append(rows[i], "")
		}
		rows[0][len(reportColumns)] = "additional_credentials_info"
	}
	var b bytes.Buffer
	_ = csv.NewWriter(&b).WriteAll(rows) // a bytes.Buffer does not fail
	return b.Bytes()
}

func reported(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05+00:00")
}

func (c *call) rootRow() []string {
	root := c.state.belongings.root
	enabled, used := notSupported, reported(root.PasswordLastUsed, noInformation)
	if root.NoPassword {
		enabled, used = "false", notApplicable
	}
	row := []string{RootUser, "arn:" + c.state.partition + ":iam::" + c.state.account + ":root", reported(c.state.created(), notApplicable),
		enabled, used, notSupported, notSupported, strconv.FormatBool(root.MFA != "")}
	for i := range 2 {
		var k RootKey
		if i < len(root.Keys) {
			k = root.Keys[i]
		}
		row = append(row, keyFields(k.Active, k.Rotated, k.LastUsed, k.Region, k.Service)...)
	}
	return append(row, "false", notApplicable, "false", notApplicable)
}

func keyFields(active bool, rotated, used time.Time, region, service string) []string {
	if used.IsZero() || region == "" {
		region = notApplicable
	}
	if used.IsZero() || service == "" {
		service = notApplicable
	}
	return []string{strconv.FormatBool(active), reported(rotated, notApplicable), reported(used, notApplicable), region, service}
}

func (c *call) reportRow(u *user) []string {
	b := c.state.belongings
	row := []string{u.Name, u.ARN, reported(u.CreateDate, notApplicable)}
	if u.LoginProfile == nil {
		row = append(row, "false", notApplicable, notApplicable, notApplicable)
	} else {
		changed, used, next := b.passwordDates[u.ID], time.Time{}, time.Time{}
		if changed.IsZero() {
			changed = u.LoginProfile.CreateDate
		}
		if u.PasswordLastUsed != nil {
			used = *u.PasswordLastUsed
		}
		if p := b.passwordPolicy; p != nil && p.MaxPasswordAge != nil {
			next = changed.AddDate(0, 0, int(*p.MaxPasswordAge))
		}
		row = append(row, "true", reported(used, noInformation), reported(changed, notApplicable), reported(next, notApplicable))
	}
	row = append(row, strconv.FormatBool(len(b.devicesOf(u)) > 0))
	for i := range 2 {
		if i >= len(u.AccessKeys) {
			row = append(row, keyFields(false, time.Time{}, time.Time{}, "", "")...)
			continue
		}
		k := u.AccessKeys[i]
		var used time.Time
		var region, service string
		if use := c.state.lastUse(&k); use != nil {
			used, region, service = use.Date, use.Region, use.Service
		}
		row = append(row, keyFields(k.Active, k.CreateDate, used, region, service)...)
	}
	certs := of(&b.certs, u.ID, func(x *signingCert) string { return x.userID })
	for i := range 2 {
		if i >= len(certs) {
			row = append(row, "false", notApplicable)
			continue
		}
		row = append(row, strconv.FormatBool(certs[i].active), reported(certs[i].uploaded, notApplicable))
	}
	return row
}
