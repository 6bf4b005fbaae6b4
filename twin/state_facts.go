package twin

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// loadFacts takes over what a snapshot says of devices, other credentials and
// settings. Seeds, key bodies and secrets are not in it: such a device takes
// no code, and such a key can be listed, not fetched.
func (s *state) loadFacts(snap *account.Snapshot) {
	b := s.belongings
	if p := snap.PasswordPolicy; p != nil && p.Value.Set {
		b.passwordPolicy = passwordPolicyOf(p.Value)
	}
	for i := range snap.Users {
		u := &snap.Users[i]
		if u.MFADevices != nil {
			for _, d := range u.MFADevices.Value {
				b.devices.put(d.Serial, &mfaDevice{serial: d.Serial, userID: u.ID, enabled: timeOf(d.Enabled)})
			}
		}
		if u.SSHKeys != nil {
			for _, k := range u.SSHKeys.Value {
				b.sshKeys.put(k.ID, &sshKey{id: k.ID, userID: u.ID, active: k.Active, uploaded: k.UploadDate})
			}
		}
		if u.Certificates != nil {
			for _, x := range u.Certificates.Value {
				b.certs.put(x.ID, &signingCert{id: x.ID, userID: u.ID, active: x.Active, uploaded: x.UploadDate})
			}
		}
	}
	if snap.VirtualMFA != nil {
		for _, d := range snap.VirtualMFA.Value {
			switch id := s.ids[d.User]; {
			case d.OfRoot():
				b.root.MFA = "virtual"
			case b.devices.get(d.Serial) == nil:
				b.devices.put(d.Serial, &mfaDevice{serial: d.Serial, userID: id, enabled: timeOf(d.Enabled)})
			}
		}
	}
	if snap.ServiceCredentials != nil {
		for _, x := range snap.ServiceCredentials.Value {
			if u := s.users.get(x.User); u != nil {
				b.credentials.put(x.ID, &serviceCredential{id: x.ID, userID: u.ID, service: x.Service, active: x.Active, created: x.CreateDate, expires: timeOf(x.Expires)})
			}
		}
	}
	if snap.Summary != nil && snap.Summary.Value["AccountMFAEnabled"] == 1 && b.root.MFA == "" {
		b.root.MFA = "hardware"
	}
	if row, ok := snap.CredentialReport.Root(); ok {
		b.root.PasswordLastUsed, _ = row.PasswordLastUsed.Time()
		for _, k := range row.Keys {
			if k.Exists() {
				rotated, _ := k.LastRotated.Time()
				used, _ := k.LastUsed.Time()
				b.root.Keys = append(b.root.Keys, RootKey{Active: k.Active.Yes(), Rotated: rotated, LastUsed: used, Region: k.Region, Service: k.Service})
			}
		}
	}
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func passwordPolicyOf(v account.PasswordPolicy) *types.PasswordPolicy {
	p := &types.PasswordPolicy{
		MinimumPasswordLength: ptr(int32(v.MinimumLength)), RequireSymbols: v.RequireSymbols, RequireNumbers: v.RequireNumbers,
		RequireUppercaseCharacters: v.RequireUppercase, RequireLowercaseCharacters: v.RequireLowercase,
		AllowUsersToChangePassword: v.AllowUsersToChangePassword, ExpirePasswords: v.ExpirePasswords, HardExpiry: ptr(v.HardExpiry),
	}
	if v.MaxAge > 0 {
		p.MaxPasswordAge = ptr(int32(v.MaxAge))
	}
	if v.ReusePrevention > 0 {
		p.PasswordReusePrevention = ptr(int32(v.ReusePrevention))
	}
	return p
}

// saveFacts writes back what users have now, where the snapshot knew of it.
func (s *state) saveFacts(u *account.User) {
	b := s.belongings
	if old := u.MFADevices; old != nil {
		list := []account.MFADevice{}
		for _, d := range savedOf(&b.devices, u.ID, func(d *mfaDevice) string { return d.userID }) {
			list = append(list, account.MFADevice{Serial: d.serial, User: u.ARN, Enabled: moment(d.enabled)})
		}
		u.MFADevices = &account.Fact[[]account.MFADevice]{Evidence: old.Evidence, Value: list}
	}
	if old := u.SSHKeys; old != nil {
		list := []account.SSHKey{}
		for _, k := range savedOf(&b.sshKeys, u.ID, func(k *sshKey) string { return k.userID }) {
			list = append(list, account.SSHKey{ID: k.id, Active: k.active, UploadDate: k.uploaded})
		}
		u.SSHKeys = &account.Fact[[]account.SSHKey]{Evidence: old.Evidence, Value: list}
	}
	if old := u.Certificates; old != nil {
		list := []account.SigningCertificate{}
		for _, x := range savedOf(&b.certs, u.ID, func(x *signingCert) string { return x.userID }) {
			list = append(list, account.SigningCertificate{ID: x.id, Active: x.active, UploadDate: x.uploaded})
		}
		u.Certificates = &account.Fact[[]account.SigningCertificate]{Evidence: old.Evidence, Value: list}
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// saveSettings writes back the settings of the account that the snapshot knew.
func (s *state) saveSettings(out *account.Snapshot, told *account.Facts) {
	b := s.belongings
	if old := told.PasswordPolicy; old != nil {
		v := account.PasswordPolicy{}
		if p := b.passwordPolicy; p != nil {
			v = account.PasswordPolicy{
				Set: true, RequireSymbols: p.RequireSymbols, RequireNumbers: p.RequireNumbers, RequireUppercase: p.RequireUppercaseCharacters, RequireLowercase: p.RequireLowercaseCharacters,
				AllowUsersToChangePassword: p.AllowUsersToChangePassword, ExpirePasswords: p.ExpirePasswords,
			}
			for _, x := range []struct {
				to   *int
				from *int32
			}{{&v.MinimumLength, p.MinimumPasswordLength}, {&v.MaxAge, p.MaxPasswordAge}, {&v.ReusePrevention, p.PasswordReusePrevention}} {
				if x.from != nil {
					*x.to = int(*x.from)
				}
			}
			v.HardExpiry = p.HardExpiry != nil && *p.HardExpiry
		}
		out.PasswordPolicy = &account.Fact[account.PasswordPolicy]{Evidence: old.Evidence, Value: v}
	}
	if old := told.VirtualMFA; old != nil {
		list := []account.MFADevice{}
		if d := s.rootDevice(); d != nil {
			list = append(list, account.MFADevice{Serial: d.serial, User: "arn:" + s.partition + ":iam::" + s.account + ":root", Enabled: moment(d.enabled)})
		}
		for _, d := range b.devices.saved() {
			if x := (account.MFADevice{Serial: d.serial, User: s.arns[d.userID], Enabled: moment(d.enabled)}); d.userID != "" && x.Kind() == account.VirtualMFA {
				list = append(list, x)
			}
		}
		out.VirtualMFA = &account.Fact[[]account.MFADevice]{Evidence: old.Evidence, Value: list}
	}
	if old := told.ServiceCredentials; old != nil {
		list := []account.ServiceCredential{}
		for _, x := range b.credentials.saved() {
			list = append(list, account.ServiceCredential{ID: x.id, User: s.nameOfUser(x.userID), Service: x.service, Active: x.active, CreateDate: x.created, Expires: moment(x.expires)})
		}
		out.ServiceCredentials = &account.Fact[[]account.ServiceCredential]{Evidence: old.Evidence, Value: list}
	}
}
