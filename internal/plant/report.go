package plant

import (
	"encoding/csv"
	"io"
	"time"

	"warden/account"
)

// columns are those of a live credential report. Source: IAM User Guide,
// "Generate credential reports for your AWS account".
var columns = []string{
	"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// WriteReport writes a credential report as AWS does, with dates in a time
// zone; AWS's own is UTC.
func WriteReport(w io.Writer, r *account.CredentialReport, zone *time.Location) error {
	moment := func(m account.Moment) string {
		if t, ok := m.Time(); ok {
			return t.In(zone).Format("2006-01-02T15:04:05-07:00")
		}
		return m.Word()
	}
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, x := range r.Rows {
		line := []string{x.User, x.ARN, moment(x.Created), string(x.PasswordEnabled), moment(x.PasswordLastUsed), moment(x.PasswordLastChanged), moment(x.PasswordNextRotation), string(x.MFA)}
		for _, k := range x.Keys {
			line = append(line, string(k.Active), moment(k.LastRotated), moment(k.LastUsed), k.Region, k.Service)
		}
		line = append(line, "false", account.NotApplicable, "false", account.NotApplicable)
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
