package twin

import (
	"encoding/base32"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// mfaDevice is an MFA device. A virtual one, an authenticator app, shares a
// seed with AWS; of other kinds a snapshot alone can tell.
type mfaDevice struct {
	serial  string // its ARN, arn:aws:iam::ACCOUNT:mfa/NAME, for virtual ones
	seed    []byte
	tags    map[string]string
	userID  string // whose it is, "" while it is nobody's
	enabled time.Time
	// last is the step of the last code that was taken: each counts once.
	last uint64
}

func mfaOperations() map[string]operation {
	return map[string]operation{
		"CreateVirtualMFADevice": act(onNew("mfa", "VirtualMFADeviceName"), createVirtualMFADevice, "VirtualMFADeviceName"),
		"DeleteVirtualMFADevice": act(onDevice, deleteVirtualMFADevice, "SerialNumber"),
		"ListVirtualMFADevices":  act(onAll, listVirtualMFADevices),
		"EnableMFADevice":        act(onUser, enableMFADevice, "UserName", "SerialNumber", "AuthenticationCode1", "AuthenticationCode2"),
		"DeactivateMFADevice":    act(onUser, deactivateMFADevice, "UserName", "SerialNumber"),
		"ResyncMFADevice":        act(onUser, resyncMFADevice, "UserName", "SerialNumber", "AuthenticationCode1", "AuthenticationCode2"),
		"ListMFADevices":         act(onCaller, listMFADevices),
		"GetMFADevice":           act(onCaller, getMFADevice, "SerialNumber"),
	}
}

// onDevice is the device of the request, whose serial number is its ARN.
func onDevice(_ *call, v reflect.Value) (entity, error) {
	return entity{arn: param(v, "SerialNumber")}, nil
}

// createVirtualMFADevice makes a seed, which is shown this once: 64 characters
// of base 32, as AWS's are. There is no QR code.
func createVirtualMFADevice(c *call, in *iam.CreateVirtualMFADeviceInput) (*iam.CreateVirtualMFADeviceOutput, error) {
	b := c.state.belongings
	serial := c.state.arn("mfa", pathOr(in.Path), text(in.VirtualMFADeviceName))
	if b.devices.get(serial) != nil {
		return nil, fail(409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
	}
	if limit := c.state.quotas.users; b.devices.len() >= limit {
		return nil, exceeded("VirtualMFADevicesPerAccount", limit)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	d := &mfaDevice{serial: serial, seed: make([]byte, 40), tags: tags}
	c.t.random.fill(d.seed)
	b.devices.put(serial, d)
	return &iam.CreateVirtualMFADeviceOutput{VirtualMFADevice: &types.VirtualMFADevice{
		SerialNumber: ptr(serial), Base32StringSeed: []byte(base32.StdEncoding.EncodeToString(d.seed)), Tags: sortedTags(tags),
	}}, nil
}

func (c *call) device(serial *string) (*mfaDevice, error) {
	if d := c.state.belongings.devices.get(text(serial)); d != nil {
		return d, nil
	}
	return nil, fail(404, "NoSuchEntity", "VirtualMFADevice with serial number %s does not exist.", text(serial))
}

// ownDevice is a device that a user has.
func (c *call) ownDevice(userName, serial *string) (*mfaDevice, error) {
	u, err := c.user(userName)
	if err != nil {
		return nil, err
	}
	d := c.state.belongings.devices.get(text(serial))
	if d == nil || d.userID != u.ID {
		return nil, fail(404, "NoSuchEntity", "MFA Device with serial number %s does not exist for user %s.", text(serial), u.Name)
	}
	return d, nil
}

func deleteVirtualMFADevice(c *call, in *iam.DeleteVirtualMFADeviceInput) (*iam.DeleteVirtualMFADeviceOutput, error) {
	d, err := c.device(in.SerialNumber)
	if err != nil {
		return nil, err
	}
	if d.userID != "" {
		return nil, fail(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
	}
	c.state.belongings.devices.remove(d.serial)
	return &iam.DeleteVirtualMFADeviceOutput{}, nil
}

// enableMFADevice gives a device to a user who can read two codes of it, one
// after the other.
func enableMFADevice(c *call, in *iam.EnableMFADeviceInput) (*iam.EnableMFADeviceOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	d, err := c.device(in.SerialNumber)
	if err != nil {
		return nil, err
	}
	if d.userID != "" {
		return nil, fail(409, "EntityAlreadyExists", "MFA Device is already in use.")
	}
	if limit := c.state.quotas.mfaPerUser; len(c.state.belongings.devicesOf(u)) >= limit {
		return nil, exceeded("MFADevicesPerUser", limit)
	}
	if err := d.twoCodes(in.AuthenticationCode1, in.AuthenticationCode2, c.now); err != nil {
		return nil, err
	}
	d.userID, d.enabled = u.ID, *when(c.now)
	return &iam.EnableMFADeviceOutput{}, nil
}

// twoCodes checks two codes that follow each other, the second being one of
// now.
func (d *mfaDevice) twoCodes(first, second *string, now time.Time) error {
	n, ok := d.find(text(second), now)
	if !ok || n == 0 || totp(d.seed, n-1) != text(first) {
		return fail(403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
	}
	d.last = n
	return nil
}

func deactivateMFADevice(c *call, in *iam.DeactivateMFADeviceInput) (*iam.DeactivateMFADeviceOutput, error) {
	d, err := c.ownDevice(in.UserName, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	d.userID, d.enabled = "", time.Time{}
	return &iam.DeactivateMFADeviceOutput{}, nil
}

func resyncMFADevice(c *call, in *iam.ResyncMFADeviceInput) (*iam.ResyncMFADeviceOutput, error) {
	d, err := c.ownDevice(in.UserName, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	return &iam.ResyncMFADeviceOutput{}, d.twoCodes(in.AuthenticationCode1, in.AuthenticationCode2, c.now)
}

// devicesOf lists the devices of a user by serial number.
func (b *belongings) devicesOf(u *user) []*mfaDevice {
	return of(&b.devices, u.ID, func(d *mfaDevice) string { return d.userID })
}

func listMFADevices(c *call, in *iam.ListMFADevicesInput) (*iam.ListMFADevicesOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, c.state.belongings.devicesOf(u), func(d *mfaDevice) string { return fold(d.serial) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListMFADevicesOutput{MFADevices: []types.MFADevice{}, IsTruncated: more, Marker: next}
	for _, d := range part {
		out.MFADevices = append(out.MFADevices, types.MFADevice{SerialNumber: ptr(d.serial), UserName: ptr(u.Name), EnableDate: when(d.enabled)})
	}
	return out, nil
}

func getMFADevice(c *call, in *iam.GetMFADeviceInput) (*iam.GetMFADeviceOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	d, err := c.ownDevice(&u.Name, in.SerialNumber)
	if err != nil {
		return nil, err
	}
	return &iam.GetMFADeviceOutput{SerialNumber: ptr(d.serial), UserName: ptr(u.Name), EnableDate: when(d.enabled)}, nil
}

func listVirtualMFADevices(c *call, in *iam.ListVirtualMFADevicesInput) (*iam.ListVirtualMFADevicesOutput, error) {
	all := c.state.belongings.devices.all()
	if root := c.state.rootDevice(); root != nil {
		all = append(all, root)
	}
	all = slices.DeleteFunc(all, func(d *mfaDevice) bool {
		return (account.MFADevice{Serial: d.serial}).Kind() != account.VirtualMFA || in.AssignmentStatus == types.AssignmentStatusTypeAssigned && d.userID == "" ||
			in.AssignmentStatus == types.AssignmentStatusTypeUnassigned && d.userID != ""
	})
	part, next, more, err := page(c, all, func(d *mfaDevice) string { return fold(d.serial) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListVirtualMFADevicesOutput{VirtualMFADevices: []types.VirtualMFADevice{}, IsTruncated: more, Marker: next}
	for _, d := range part {
		v := types.VirtualMFADevice{SerialNumber: ptr(d.serial)}
		switch u := c.state.users.get(c.state.nameOfUser(d.userID)); {
		case d.userID == c.state.account: // the root user's id is that of the account
			v.EnableDate, v.User = when(d.enabled), &types.User{Arn: ptr("arn:" + c.state.partition + ":iam::" + c.state.account + ":root"), UserId: ptr(c.state.account)}
		case d.userID != "" && u != nil:
			v.EnableDate, v.User = when(d.enabled), ptr(u.brief())
		}
		out.VirtualMFADevices = append(out.VirtualMFADevices, v)
	}
	return out, nil
}

// rootDevice is the root user's virtual device, nil if it has none. IAM User
// Guide, "Check MFA status".
func (s *state) rootDevice() *mfaDevice {
	if s.belongings.root.MFA != "virtual" {
		return nil
	}
	return &mfaDevice{serial: s.arn("mfa", "/", "root-account-mfa-device"), userID: s.account, enabled: s.created()}
}

// secondFactor checks the MFA code that a caller of STS gives, and tells
// whether he gave one. The device must be his own. AWS STS API Reference,
// GetSessionToken and AssumeRole; the words are those that people have
// reported.
func (c *call) secondFactor(serial, code *string) (bool, error) {
	const failed = "MultiFactorAuthentication failed"
	switch {
	case serial == nil && code == nil:
		return false, nil
	case serial == nil || code == nil:
		return false, refuse(403, "AccessDenied", failed+", must provide both MFA serial number and one time pass code. ")
	}
	d := c.state.belongings.devices.get(*serial)
	if d == nil || d.seed == nil || d.userID == "" || c.principal.user == nil || d.userID != c.principal.user.ID {
		return false, refuse(403, "AccessDenied", failed+", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user. ")
	}
	n, ok := d.find(*code, c.now)
	if !ok {
		return false, refuse(403, "AccessDenied", failed+" with invalid MFA one time pass code. ")
	}
	d.last = n
	return true, nil
}

// MFACode is what a device shows: the code that its user would type now. Each
// code counts once, so that a second one needs a later time. The serial number
// is that of CreateVirtualMFADevice.
func (t *Twin) MFACode(serial string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.state.belongings.devices.get(serial)
	if d == nil || d.seed == nil {
		return "", fmt.Errorf("twin: there is no MFA device %q whose seed is known", serial)
	}
	return totp(d.seed, totpAt(t.now())), nil
}
