package account

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// maxReport bounds what ReadCredentialReport holds in memory: a report of
// 5,000 users, the quota, has less than 5 MB.
const maxReport = 64 << 20

// ReadCredentialReport reads a credential report: the CSV itself, or the
// answer of "aws iam get-credential-report", which holds it in base 64 with
// its time. A CSV does not say when it was made, so that At is zero then. The
// name is the source and appears in errors.
//
// Columns are found by name and may be missing, but for the user's; what a
// line does not tell is absent in its row. A line that makes no sense is
// Skipped, because the others still hold; of two lines about one user that
// differ neither counts.
func ReadCredentialReport(name string, r io.Reader) (*CredentialReport, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxReport {
		return nil, fmt.Errorf("%s: larger than %d bytes, the most a credential report may have", name, maxReport)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	out := &CredentialReport{Evidence: Evidence{Source: name}}
	if start := bytes.TrimSpace(data); len(start) > 0 && start[0] == '{' {
		if data, out.At, err = unwrapReport(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := out.parse(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// unwrapReport takes the CSV out of the AWS CLI's answer.
func unwrapReport(data []byte) ([]byte, time.Time, error) {
	var answer struct {
		Content       *string
		GeneratedTime time.Time
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, time.Time{}, place(data, err)
	}
	if answer.Content == nil {
		return nil, time.Time{}, errors.New(`has no "Content": this is not the answer of get-credential-report`)
	}
	text, err := base64.StdEncoding.DecodeString(*answer.Content)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("content: %w", err)
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), answer.GeneratedTime.UTC(), nil
}

func (r *CredentialReport) parse(data []byte) error {
	lines := csv.NewReader(bytes.NewReader(data))
	lines.FieldsPerRecord = -1
	head, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("is empty: a credential report begins with the names of its columns")
	}
	if err != nil {
		return fmt.Errorf("the names of the columns: %w", err)
	}
	columns := map[string]int{}
	for i, c := range head {
		c = strings.ToLower(strings.TrimSpace(c))
		if _, twice := columns[c]; !twice {
			columns[c] = i
		}
	}
	if _, ok := columns["user"]; !ok {
		return fmt.Errorf("has no column %q: this is not a credential report", "user")
	}
	r.Columns, r.Rows = len(head), []CredentialRow{}
	seen := map[string]CredentialRow{}
	contested := map[string]bool{}
	defer func() {
		r.Rows = slices.DeleteFunc(r.Rows, func(row CredentialRow) bool { return contested[row.User] })
	}()
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			r.Skipped = append(r.Skipped, err.Error())
			continue
		}
		number, _ := lines.FieldPos(0)
		if len(fields) > len(head) {
			fields = joinName(fields, len(fields)-len(head))
		}
		row := line{columns, fields}.row()
		switch {
		case len(fields) > len(head):
			r.Skipped = append(r.Skipped, fmt.Sprintf("line %d: %d fields, %d columns", number, len(fields), len(head)))
		case row.User == "":
			r.Skipped = append(r.Skipped, fmt.Sprintf("line %d: no user", number))
		default:
			first, again := seen[row.User]
			switch {
			case !again:
				seen[row.User] = row
				r.Rows = append(r.Rows, row)
			case row == first:
				r.Skipped = append(r.Skipped, fmt.Sprintf("line %d: user %q for the second time", number, row.User))
			default:
				contested[row.User] = true
				r.Skipped = append(r.Skipped, fmt.Sprintf("line %d: user %q again, told differently: neither line counts", number, row.User))
			}
		}
	}
}

// joinName puts together a user's name with commas that was written without
// quotes: it makes the first field, the name, too many, and the second, his
// ARN, just as many.
func joinName(fields []string, extra int) []string {
	k := extra / 2
	if extra%2 != 0 || len(fields) < 2*k+2 {
		return fields
	}
	user, arn := strings.Join(fields[:k+1], ","), strings.Join(fields[k+1:2*k+2], ",")
	if a, err := ParseARN(arn); err != nil || a.Name() != user {
		return fields
	}
	return append([]string{user, arn}, fields[2*k+2:]...)
}

// line is one line of the report.
type line struct {
	columns map[string]int
	fields  []string
}

func (l line) field(column string) string {
	if i, ok := l.columns[column]; ok && i < len(l.fields) {
		return strings.TrimSpace(l.fields[i])
	}
	return ""
}

func (l line) flag(column string) Flag     { return Flag(l.field(column)) }
func (l line) moment(column string) Moment { return ParseMoment(l.field(column)) }

func (l line) row() CredentialRow {
	row := CredentialRow{
		User: l.field("user"), ARN: l.field("arn"), Created: l.moment("user_creation_time"),
		PasswordEnabled: l.flag("password_enabled"), PasswordLastUsed: l.moment("password_last_used"),
		PasswordLastChanged: l.moment("password_last_changed"), PasswordNextRotation: l.moment("password_next_rotation"),
		MFA: l.flag("mfa_active"), Additional: l.field("additional_credentials_info"),
	}
	for i := range row.Keys {
		key := fmt.Sprintf("access_key_%d_", i+1)
		row.Keys[i] = ReportedKey{
			Active: l.flag(key + "active"), LastRotated: l.moment(key + "last_rotated"), LastUsed: l.moment(key + "last_used_date"),
			Region: l.field(key + "last_used_region"), Service: l.field(key + "last_used_service"),
		}
		cert := fmt.Sprintf("cert_%d_", i+1)
		row.Certificates[i] = ReportedCertificate{Active: l.flag(cert + "active"), LastRotated: l.moment(cert + "last_rotated")}
	}
	return row
}
