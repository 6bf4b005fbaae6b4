package twin

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The test values of RFC 6238, appendix B, cut to six digits.
func TestTOTP(t *testing.T) {
	t.Parallel()
	key := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp(key, totpAt(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

// device makes an MFA device and gives it to a user; the clock moves on to a
// code that was not used.
func (w *world) device(userName, name string) (serial string) {
	w.Helper()
	a := w.admin()
	made, err := a.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	w.must(err)
	serial = *made.VirtualMFADevice.SerialNumber
	first := w.code(serial)
	w.pass(totpStep)
	_, err = a.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: &userName, SerialNumber: &serial, AuthenticationCode1: &first, AuthenticationCode2: aws.String(w.code(serial))})
	w.must(err)
	w.pass(totpStep)
	return serial
}

func (w *world) code(serial string) string {
	w.Helper()
	code, err := w.twin.MFACode(serial)
	if err != nil {
		w.Fatal(err)
	}
	return code
}

func TestMFADevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("holder")
	w.newUser(*name, "")
	made, err := a.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone"), Path: aws.String("/own/")})
	w.must(err)
	serial := made.VirtualMFADevice.SerialNumber
	if want := w.arn("mfa", "/own/phone"); *serial != want {
		t.Errorf("serial number %s, want %s", *serial, want)
	}
	key, err := base32.StdEncoding.DecodeString(string(made.VirtualMFADevice.Base32StringSeed))
	if err != nil || len(made.VirtualMFADevice.Base32StringSeed) != 64 {
		t.Fatalf("the seed %q: %v", made.VirtualMFADevice.Base32StringSeed, err)
	}
	_, err = a.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("PHONE"), Path: aws.String("/own/")})
	wants(t, err, "EntityAlreadyExists", "")

	at := func(steps int) *string { return aws.String(totp(key, totpAt(w.now())+uint64(steps))) }
	enable := func(first, second *string) error {
		_, err := a.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: name, SerialNumber: serial, AuthenticationCode1: first, AuthenticationCode2: second})
		return err
	}
	wants(t, enable(aws.String("12345"), at(0)), "ValidationError", "authenticationCode1")
	wants(t, enable(at(0), at(0)), "InvalidAuthenticationCode", "is not valid")
	wants(t, enable(at(-2), at(0)), "InvalidAuthenticationCode", "is not valid")
	wants(t, enable(at(-9), at(-8)), "InvalidAuthenticationCode", "is not valid")
	w.must(enable(at(-1), at(0)))
	wants(t, enable(at(0), at(1)), "EntityAlreadyExists", "already in use")

	list, err := a.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: name})
	w.must(err)
	if len(list.MFADevices) != 1 || *list.MFADevices[0].SerialNumber != *serial || *list.MFADevices[0].UserName != *name || !list.MFADevices[0].EnableDate.Equal(testNow) {
		t.Errorf("devices of the user: %+v", list.MFADevices)
	}
	got, err := a.GetMFADevice(ctx, &iam.GetMFADeviceInput{UserName: name, SerialNumber: serial})
	w.must(err)
	if *got.UserName != *name {
		t.Errorf("device of %s", *got.UserName)
	}
	count := func(status types.AssignmentStatusType) int {
		out, err := a.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{AssignmentStatus: status})
		w.must(err)
		for _, d := range out.VirtualMFADevices {
			if (d.User != nil) != (status == types.AssignmentStatusTypeAssigned) {
				t.Errorf("%s: %+v", status, d)
			}
		}
		return len(out.VirtualMFADevices)
	}
	if n, m := count(types.AssignmentStatusTypeAssigned), count(types.AssignmentStatusTypeUnassigned); n != 1 || m != 0 {
		t.Errorf("%d assigned, %d not", n, m)
	}
	_, err = a.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})
	wants(t, err, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
	_, err = a.ResyncMFADevice(ctx, &iam.ResyncMFADeviceInput{UserName: name, SerialNumber: serial, AuthenticationCode1: at(0), AuthenticationCode2: at(0)})
	wants(t, err, "InvalidAuthenticationCode", "")
	_, err = a.ResyncMFADevice(ctx, &iam.ResyncMFADeviceInput{UserName: name, SerialNumber: serial, AuthenticationCode1: at(0), AuthenticationCode2: at(1)})
	w.must(err)

	_, err = a.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: &w.truth.Guard, SerialNumber: serial})
	wants(t, err, "NoSuchEntity", "")
	_, err = a.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: name, SerialNumber: serial})
	w.must(err)
	_, err = a.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})
	w.must(err)
	_, err = a.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})
	wants(t, err, "NoSuchEntity", "does not exist")

	w.limit(func(q *quotas) { q.mfaPerUser = 1 })
	w.device(*name, "one")
	two, err := a.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("two")})
	w.must(err)
	_, err = a.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: name, SerialNumber: two.VirtualMFADevice.SerialNumber, AuthenticationCode1: aws.String("000000"), AuthenticationCode2: aws.String("000000")})
	wants(t, err, "LimitExceeded", "MFADevicesPerUser: 1")
}

func TestSessionsWithMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.newUser("holder", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}},{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
	serial := w.device("holder", "phone")
	other := w.device(w.truth.Guard, "other")
	me := w.stsWith(id, secret, "")
	ask := func(serial, code string) (*sts.GetSessionTokenOutput, error) {
		return me.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &code})
	}
	_, err := me.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: &serial})
	wants(t, err, "AccessDenied", "must provide both MFA serial number and one time pass code")
	_, err = ask(other, w.code(other))
	wants(t, err, "AccessDenied", "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
	_, err = ask(serial, "000000")
	wants(t, err, "AccessDenied", "with invalid MFA one time pass code")
	code := w.code(serial)
	out, err := ask(serial, code)
	w.must(err)
	_, err = ask(serial, code)
	wants(t, err, "AccessDenied", "with invalid MFA one time pass code")

	_, err = w.iamBy(out.Credentials).ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	_, err = w.iamWith(id, secret, "").ListUsers(ctx, &iam.ListUsersInput{})
	wants(t, err, "AccessDenied", "")
	w.pass(time.Hour)
	_, err = w.iamBy(out.Credentials).ListUsers(ctx, &iam.ListUsersInput{})
	wants(t, err, "AccessDenied", "")

	// A role whose trust policy asks for MFA.
	trust := trustingARN(w.arn("user", "/holder"), `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)
	_, err = w.admin().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("careful"), AssumeRolePolicyDocument: &trust})
	w.must(err)
	in := &sts.AssumeRoleInput{RoleArn: aws.String(w.arn("role", "/careful")), RoleSessionName: aws.String("test")}
	_, err = me.AssumeRole(ctx, in)
	wants(t, err, "AccessDenied", "sts:AssumeRole")
	_, err = w.stsBy(out.Credentials).AssumeRole(ctx, in)
	w.must(err)
	in.SerialNumber, in.TokenCode = &serial, aws.String(w.code(serial))
	_, err = me.AssumeRole(ctx, in)
	w.must(err)

	// A code that nobody has: the device is taken from its user.
	w.pass(totpStep)
	_, err = w.admin().DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: aws.String("holder"), SerialNumber: &serial})
	w.must(err)
	_, err = ask(serial, w.code(serial))
	wants(t, err, "AccessDenied", "unable to validate MFA code")
}
