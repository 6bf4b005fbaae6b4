package twin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// certificate makes a self-signed certificate in PEM.
func certificate(t *testing.T, serial int64) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: testNow, NotAfter: testNow.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestSSHPublicKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("coder")
	w.newUser(*name, "")
	line := func(bits int) string {
		key, err := rsa.GenerateKey(crand.Reader, bits)
		w.must(err)
		text, _ := sshLine(&key.PublicKey)
		return text
	}
	body := line(2048)
	upload := func(body string) (*iam.UploadSSHPublicKeyOutput, error) {
		return a.UploadSSHPublicKey(ctx, &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: &body})
	}
	_, err := upload("ssh-ed25519 AAAA")
	wants(t, err, "UnrecognizedPublicKeyEncoding", "")
	_, err = upload("ssh-rsa AAAA")
	wants(t, err, "InvalidPublicKey", "")
	_, err = upload(line(1024))
	wants(t, err, "InvalidPublicKey", "2048")
	made, err := upload(body + " coder@example")
	w.must(err)
	k := made.SSHPublicKey
	if (*k.SSHPublicKeyId)[:4] != "APKA" || k.Status != types.StatusTypeActive || strings.Count(*k.Fingerprint, ":") != 15 {
		t.Errorf("made %s %s %s", *k.SSHPublicKeyId, k.Status, *k.Fingerprint)
	}
	_, err = upload(body)
	wants(t, err, "DuplicateSSHPublicKey", "")
	got, err := a.GetSSHPublicKey(ctx, &iam.GetSSHPublicKeyInput{UserName: name, SSHPublicKeyId: k.SSHPublicKeyId, Encoding: types.EncodingTypeSsh})
	w.must(err)
	if *got.SSHPublicKey.SSHPublicKeyBody != body {
		t.Errorf("as SSH: %s", *got.SSHPublicKey.SSHPublicKeyBody)
	}
	got, err = a.GetSSHPublicKey(ctx, &iam.GetSSHPublicKeyInput{UserName: name, SSHPublicKeyId: k.SSHPublicKeyId, Encoding: types.EncodingTypePem})
	w.must(err)
	if back, err := parseSSH(*got.SSHPublicKey.SSHPublicKeyBody); err != nil {
		t.Error(err)
	} else if again, _ := sshLine(back); again != body {
		t.Errorf("as PEM it is another key: %s", again)
	}
	_, err = a.UpdateSSHPublicKey(ctx, &iam.UpdateSSHPublicKeyInput{UserName: name, SSHPublicKeyId: k.SSHPublicKeyId, Status: types.StatusTypeInactive})
	w.must(err)
	list, err := a.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: name})
	w.must(err)
	if len(list.SSHPublicKeys) != 1 || list.SSHPublicKeys[0].Status != types.StatusTypeInactive {
		t.Errorf("keys %+v", list.SSHPublicKeys)
	}
	_, err = a.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: &w.truth.Guard, SSHPublicKeyId: k.SSHPublicKeyId})
	wants(t, err, "NoSuchEntity", "cannot be found")
	w.limit(func(q *quotas) { q.sshKeysPerUser = 1 })
	_, err = upload(line(2048))
	wants(t, err, "LimitExceeded", "SSHPublicKeysPerUser: 1")
	_, err = a.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: name, SSHPublicKeyId: k.SSHPublicKeyId})
	w.must(err)
}

func TestSigningCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("signer")
	w.newUser(*name, "")
	upload := func(body string) (*iam.UploadSigningCertificateOutput, error) {
		return a.UploadSigningCertificate(ctx, &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: &body})
	}
	_, err := upload("nonsense")
	wants(t, err, "MalformedCertificate", "")
	_, err = upload("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	wants(t, err, "InvalidCertificate", "")
	body := certificate(t, 1)
	made, err := upload(body)
	w.must(err)
	id := made.Certificate.CertificateId
	_, err = upload(body)
	wants(t, err, "DuplicateCertificate", "")
	_, err = upload(certificate(t, 2))
	w.must(err)
	_, err = upload(certificate(t, 3))
	wants(t, err, "LimitExceeded", "Cannot exceed quota for SigningCertificatesPerUser: 2")
	_, err = a.UpdateSigningCertificate(ctx, &iam.UpdateSigningCertificateInput{UserName: name, CertificateId: id, Status: types.StatusTypeInactive})
	w.must(err)
	list, err := a.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: name})
	w.must(err)
	inactive := 0
	for _, c := range list.Certificates {
		if c.Status == types.StatusTypeInactive && *c.CertificateBody == body {
			inactive++
		}
	}
	if len(list.Certificates) != 2 || inactive != 1 {
		t.Errorf("certificates %+v", list.Certificates)
	}
	_, err = a.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: name, CertificateId: id})
	w.must(err)
	_, err = a.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: name, CertificateId: id})
	wants(t, err, "NoSuchEntity", "cannot be found")
}

func TestServiceSpecificCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("coder")
	w.newUser(*name, "")
	create := func(service string) (*types.ServiceSpecificCredential, error) {
		out, err := a.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: &service, CredentialAgeDays: aws.Int32(30)})
		if err != nil {
			return nil, err
		}
		return out.ServiceSpecificCredential, nil
	}
	_, err := create("ec2.amazonaws.com")
	wants(t, err, "NotSupportedService", "")
	git, err := create("codecommit.amazonaws.com")
	w.must(err)
	if *git.ServiceUserName != "coder-at-"+SampleAccount || git.ServicePassword == nil || git.ExpirationDate != nil {
		t.Errorf("made %+v", git)
	}
	token, err := create("bedrock.amazonaws.com")
	w.must(err)
	if token.ServiceCredentialSecret == nil || token.ServicePassword != nil || !token.ExpirationDate.Equal(testNow.Add(30*24*time.Hour)) {
		t.Errorf("made %+v", token)
	}
	_, err = create("codecommit.amazonaws.com")
	w.must(err)
	_, err = create("codecommit.amazonaws.com")
	wants(t, err, "LimitExceeded", "ServiceSpecificCredentialsPerUser: 2")

	reset, err := a.ResetServiceSpecificCredential(ctx, &iam.ResetServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: git.ServiceSpecificCredentialId})
	w.must(err)
	if *reset.ServiceSpecificCredential.ServicePassword == *git.ServicePassword {
		t.Error("the password is the old one")
	}
	_, err = a.UpdateServiceSpecificCredential(ctx, &iam.UpdateServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: git.ServiceSpecificCredentialId, Status: types.StatusTypeInactive})
	w.must(err)
	list, err := a.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: name, ServiceName: aws.String("codecommit.amazonaws.com")})
	w.must(err)
	inactive := 0
	for _, c := range list.ServiceSpecificCredentials {
		if c.Status == types.StatusTypeInactive && *c.ServiceSpecificCredentialId == *git.ServiceSpecificCredentialId {
			inactive++
		}
	}
	if len(list.ServiceSpecificCredentials) != 2 || inactive != 1 {
		t.Errorf("credentials %+v", list.ServiceSpecificCredentials)
	}
	_, err = a.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: git.ServiceSpecificCredentialId})
	w.must(err)
	_, err = a.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: git.ServiceSpecificCredentialId})
	wants(t, err, "NoSuchEntity", "")
}

// A user who has any of these cannot be deleted.
func TestBelongingsKeepTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("leaver")
	_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	w.must(err)
	var id *string
	conflicts(t, func() error { _, err := a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}); return err }, []dependent{
		{"MFA device", "Cannot delete entity, must delete MFA device first.",
			func() error { id = aws.String(w.device(*name, "phone")); return nil },
			func() error {
				_, err := a.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: name, SerialNumber: id})
				return err
			}},
		{"certificate", "Cannot delete entity, must delete certificates first.",
			func() error {
				out, err := a.UploadSigningCertificate(ctx, &iam.UploadSigningCertificateInput{UserName: name, CertificateBody: aws.String(certificate(t, 1))})
				if err == nil {
					id = out.Certificate.CertificateId
				}
				return err
			},
			func() error {
				_, err := a.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: name, CertificateId: id})
				return err
			}},
		{"SSH key", "Cannot delete entity, must remove referenced objects first.",
			func() error {
				key, err := rsa.GenerateKey(crand.Reader, 2048)
				if err != nil {
					return err
				}
				line, _ := sshLine(&key.PublicKey)
				out, err := a.UploadSSHPublicKey(ctx, &iam.UploadSSHPublicKeyInput{UserName: name, SSHPublicKeyBody: &line})
				if err == nil {
					id = out.SSHPublicKey.SSHPublicKeyId
				}
				return err
			},
			func() error {
				_, err := a.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: name, SSHPublicKeyId: id})
				return err
			}},
		{"service-specific credential", "Cannot delete entity, must remove referenced objects first.",
			func() error {
				out, err := a.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: aws.String("codecommit.amazonaws.com")})
				if err == nil {
					id = out.ServiceSpecificCredential.ServiceSpecificCredentialId
				}
				return err
			},
			func() error {
				_, err := a.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: name, ServiceSpecificCredentialId: id})
				return err
			}},
	})
}

// A rename keeps what belongs to the user; who is made anew under the name has
// nothing of it.
func TestBelongingsFollowTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	id, secret := w.newUser("old", allowAll)
	serial := w.device("old", "phone")
	_, err := a.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("old"), NewUserName: aws.String("new")})
	w.must(err)
	list, err := w.iamWith(id, secret, "").ListMFADevices(ctx, &iam.ListMFADevicesInput{})
	w.must(err)
	if len(list.MFADevices) != 1 || *list.MFADevices[0].SerialNumber != serial || *list.MFADevices[0].UserName != "new" {
		t.Errorf("devices after the rename: %+v", list.MFADevices)
	}
	_, err = a.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("old")})
	w.must(err)
	list, err = a.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: aws.String("old")})
	w.must(err)
	if len(list.MFADevices) != 0 {
		t.Errorf("the new user of the old name has %+v", list.MFADevices)
	}
}

// Records show no secret: no seed, no code, no password, no token.
func TestSecretsAreNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("keeper")
	w.newUser(*name, "")
	var secrets []string
	d, err := a.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
	w.must(err)
	first := w.code(*d.VirtualMFADevice.SerialNumber)
	w.pass(totpStep)
	second := w.code(*d.VirtualMFADevice.SerialNumber)
	_, err = a.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: name, SerialNumber: d.VirtualMFADevice.SerialNumber, AuthenticationCode1: &first, AuthenticationCode2: &second})
	w.must(err)
	secrets = append(secrets, string(d.VirtualMFADevice.Base32StringSeed), `"`+first+`"`, `"`+second+`"`)
	for _, service := range []string{"codecommit.amazonaws.com", "bedrock.amazonaws.com"} {
		out, err := a.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: name, ServiceName: &service})
		w.must(err)
		secrets = append(secrets, aws.ToString(out.ServiceSpecificCredential.ServicePassword)+aws.ToString(out.ServiceSpecificCredential.ServiceCredentialSecret))
	}
	token, err := w.twin.WebIdentityToken(WebIdentity{Provider: github, Subject: "repo:halden-freight/booking:x", Audience: "sts.amazonaws.com"})
	w.must(err)
	_, err = w.anonymous().AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(w.arn("role", "/ci/github-actions")), RoleSessionName: aws.String("build"), WebIdentityToken: &token})
	w.must(err)
	secrets = append(secrets, token)
	w.twin.records.newest(0, func(r *record) bool {
		for _, s := range secrets {
			if strings.Contains(string(r.json), s) {
				t.Errorf("%q is in the record of %s", s, r.name)
			}
		}
		return true
	})
}
