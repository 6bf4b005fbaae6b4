package twin

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// A report is asked for, awaited, given out for four hours, and then made
// anew.
func TestCredentialReportStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	w.twin.SetReportFaults(ReportFaults{Takes: time.Minute})
	generate := func(want types.ReportStateType) {
		t.Helper()
		out, err := a.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		w.must(err)
		if out.State != want {
			t.Errorf("%s, want %s", out.State, want)
		}
	}
	get := func(code string) *iam.GetCredentialReportOutput {
		t.Helper()
		out, err := a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
		if code != "" {
			wants(t, err, code, "")
			return nil
		}
		w.must(err)
		return out
	}
	get("ReportNotPresent")
	generate(types.ReportStateTypeStarted)
	generate(types.ReportStateTypeInprogress)
	get("ReportInProgress")
	w.pass(time.Minute)
	generate(types.ReportStateTypeComplete)
	first := get("")
	if !first.GeneratedTime.Equal(testNow.Add(time.Minute).Truncate(time.Second)) || first.ReportFormat != types.ReportFormatTypeTextCsv {
		t.Errorf("made %v, %s", first.GeneratedTime, first.ReportFormat)
	}
	w.pass(reportLife - time.Second)
	generate(types.ReportStateTypeComplete)
	if again := get(""); !again.GeneratedTime.Equal(*first.GeneratedTime) {
		t.Error("the report of less than four hours ago was not used again")
	}
	w.pass(time.Second)
	get("ReportExpired")
	generate(types.ReportStateTypeStarted)
	get("ReportInProgress")
	w.twin.SetReportFaults(ReportFaults{Never: true})
	generate(types.ReportStateTypeStarted)
	w.pass(1000 * time.Hour)
	generate(types.ReportStateTypeInprogress)
}

// The report says what was done to the account.
func TestCredentialReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	name := aws.String("a,b")
	_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	w.must(err)
	_, err = a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Correct horse 1")})
	w.must(err)
	key, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	w.must(err)
	_, err = a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: key.AccessKey.AccessKeyId, Status: types.StatusTypeInactive})
	w.must(err)
	w.pass(48 * time.Hour)
	_, err = a.UpdateLoginProfile(ctx, &iam.UpdateLoginProfileInput{UserName: name, Password: aws.String("Correct horse 2")})
	w.must(err)
	_, err = a.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MaxPasswordAge: aws.Int32(30)})
	w.must(err)
	w.twin.SetRoot(Root{PasswordLastUsed: testNow, MFA: "virtual", Keys: []RootKey{{Active: true, Rotated: testNow, LastUsed: testNow, Service: "s3"}}})
	read := func(f ReportFaults) *account.CredentialReport {
		t.Helper()
		w.twin.SetReportFaults(f)
		_, err := a.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		w.must(err)
		out, err := a.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
		w.must(err)
		r, err := account.ReadCredentialReport("twin", bytes.NewReader(out.Content))
		w.must(err)
		return r
	}
	r := read(ReportFaults{})
	u, ok := r.Row("a,b")
	if !ok {
		t.Fatalf("no row of a,b in %+v", r)
	}
	on := func(d time.Duration) account.Moment { return account.On(testNow.Add(d).Truncate(time.Second)) }
	if !u.PasswordEnabled.Yes() || u.PasswordLastUsed.Word() != account.NoInformation || !u.PasswordLastChanged.Equal(on(48*time.Hour)) ||
		!u.PasswordNextRotation.Equal(on(32*24*time.Hour)) || !u.MFA.No() {
		t.Errorf("password of %+v", u)
	}
	if !u.Keys[0].Active.No() || !u.Keys[0].LastRotated.Equal(on(0)) || !u.Keys[0].LastUsed.Never() || u.Keys[1].Exists() {
		t.Errorf("keys of %+v", u)
	}
	root, ok := r.Root()
	if !ok || !root.MFA.Yes() || !root.Keys[0].Active.Yes() || root.Keys[0].Region != "N/A" || root.Keys[0].Service != "s3" || root.PasswordEnabled != "not_supported" {
		t.Errorf("root %+v", root)
	}
	if len(r.Rows) != len(w.twin.Snapshot().Users)+1 || r.Columns != 22 || len(r.Skipped) > 0 {
		t.Errorf("%d rows, %d columns, skipped %v", len(r.Rows), r.Columns, r.Skipped)
	}
	r = read(ReportFaults{NoRoot: true, Additional: true})
	if _, ok := r.Root(); ok || r.Columns != 23 {
		t.Errorf("root %v, %d columns", ok, r.Columns)
	}
}

func TestRootInSummaryAndDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	look := func() (map[string]int32, int) {
		t.Helper()
		s, err := a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		w.must(err)
		d, err := a.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{AssignmentStatus: types.AssignmentStatusTypeAssigned})
		w.must(err)
		n := 0
		for _, v := range d.VirtualMFADevices {
			if strings.HasSuffix(*v.SerialNumber, ":mfa/root-account-mfa-device") && strings.HasSuffix(*v.User.Arn, ":root") {
				n++
			}
		}
		return s.SummaryMap, n
	}
	for _, tc := range []struct {
		root                       Root
		mfa, keys, password, found int
	}{
		{Root{}, 0, 0, 1, 0},
		{Root{MFA: "hardware", Keys: []RootKey{{}}}, 1, 1, 1, 0},
		{Root{MFA: "virtual", NoPassword: true}, 1, 0, 0, 1},
	} {
		w.twin.SetRoot(tc.root)
		s, found := look()
		if int(s["AccountMFAEnabled"]) != tc.mfa || int(s["AccountAccessKeysPresent"]) != tc.keys || int(s["AccountPasswordPresent"]) != tc.password || found != tc.found {
			t.Errorf("%+v: %v, %d devices", tc.root, s, found)
		}
	}
}

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	_, err := a.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
	wants(t, err, "NoSuchEntity", "")
	_, err = a.DeleteAccountPasswordPolicy(ctx, &iam.DeleteAccountPasswordPolicyInput{})
	wants(t, err, "NoSuchEntity", "")
	_, err = a.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(5)})
	wants(t, err, "ValidationError", "minimumPasswordLength")
	_, err = a.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(14), RequireSymbols: true, PasswordReusePrevention: aws.Int32(24)})
	w.must(err)
	got, err := a.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
	w.must(err)
	if p := got.PasswordPolicy; *p.MinimumPasswordLength != 14 || !p.RequireSymbols || p.RequireNumbers || p.ExpirePasswords || *p.PasswordReusePrevention != 24 {
		t.Errorf("%+v", p)
	}
	_, err = a.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
	w.must(err)
	for password, want := range map[string]string{"short-one": "length of 14", "longenoughnosymbol": "one symbol"} {
		_, err = a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("u"), Password: aws.String(password)})
		wants(t, err, "PasswordPolicyViolation", want)
	}
	_, err = a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("u"), Password: aws.String("longenough-andsymbol")})
	w.must(err)
	_, err = a.DeleteAccountPasswordPolicy(ctx, &iam.DeleteAccountPasswordPolicyInput{})
	w.must(err)
}

func TestServiceCredentialsOfAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{PageSize: 1})
	a := w.admin()
	for _, u := range w.twin.Snapshot().Users[:3] {
		_, err := a.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: aws.String(u.Name), ServiceName: aws.String("codecommit.amazonaws.com")})
		w.must(err)
	}
	n, pages := 0, 0
	in := &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true)}
	for more := true; more; pages++ {
		out, err := a.ListServiceSpecificCredentials(ctx, in)
		w.must(err)
		n += len(out.ServiceSpecificCredentials)
		in.Marker, more = out.Marker, out.IsTruncated
	}
	if n != 3 || pages != 3 {
		t.Errorf("%d credentials on %d pages", n, pages)
	}
	_, err := a.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true), UserName: aws.String("x")})
	wants(t, err, "ValidationError", "together")
}
