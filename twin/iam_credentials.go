package twin

import (
	"crypto/md5" // the fingerprint that AWS shows
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// sshKey is the public key with which a user reaches CodeCommit repositories.
type sshKey struct {
	id, userID, body, fingerprint string
	key                           *rsa.PublicKey
	active                        bool
	uploaded                      time.Time
}

// signingCert is an X.509 certificate that once signed requests.
type signingCert struct {
	id, userID, body string
	active           bool
	uploaded         time.Time
}

func credentialOperations() map[string]operation {
	return map[string]operation{
		"UploadSSHPublicKey":       act(onUser, uploadSSHPublicKey, "UserName", "SSHPublicKeyBody"),
		"GetSSHPublicKey":          act(onUser, getSSHPublicKey, "UserName", "SSHPublicKeyId", "Encoding"),
		"ListSSHPublicKeys":        act(onCaller, listSSHPublicKeys),
		"UpdateSSHPublicKey":       act(onUser, updateSSHPublicKey, "UserName", "SSHPublicKeyId", "Status"),
		"DeleteSSHPublicKey":       act(onUser, deleteSSHPublicKey, "UserName", "SSHPublicKeyId"),
		"UploadSigningCertificate": act(onCaller, uploadSigningCertificate, "CertificateBody"),
		"ListSigningCertificates":  act(onCaller, listSigningCertificates),
		"UpdateSigningCertificate": act(onCaller, updateSigningCertificate, "CertificateId", "Status"),
		"DeleteSigningCertificate": act(onCaller, deleteSigningCertificate, "CertificateId"),
	}
}

// parseSSH reads an RSA key in the form of an authorized_keys line or of PEM,
// the two that IAM takes. RFC 4253, section 6.6, has the binary form.
func parseSSH(body string) (*rsa.PublicKey, error) {
	bad := func(why string) error { return fail(400, "InvalidPublicKey", "The public key is invalid: %s.", why) }
	if block, _ := pem.Decode([]byte(body)); block != nil {
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, bad("it is no PEM of a public key")
		}
		key, ok := k.(*rsa.PublicKey)
		if !ok {
			return nil, bad("it is no RSA key")
		}
		return key, nil
	}
	kind, rest, _ := strings.Cut(strings.TrimSpace(body), " ")
	if kind != "ssh-rsa" {
		return nil, fail(400, "UnrecognizedPublicKeyEncoding", "The public key is neither ssh-rsa nor PEM.")
	}
	encoded, _, _ := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, bad("it is not base 64")
	}
	var parts [3][]byte
	for i := range parts {
		if len(raw) < 4 {
			return nil, bad("it is too short")
		}
		n := int(raw[0])<<24 | int(raw[1])<<16 | int(raw[2])<<8 | int(raw[3])
		if n > len(raw)-4 {
			return nil, bad("it is too short")
		}
		parts[i], raw = raw[4:4+n], raw[4+n:]
	}
	e := new(big.Int).SetBytes(parts[1])
	if string(parts[0]) != "ssh-rsa" || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		return nil, bad("it is no RSA key")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(parts[2]), E: int(e.Int64())}, nil
}

// sshLine is the key as a line of authorized_keys.
func sshLine(k *rsa.PublicKey) (line string, blob []byte) {
	for _, part := range [][]byte{[]byte("ssh-rsa"), mpint(big.NewInt(int64(k.E))), mpint(k.N)} {
		n := len(part)
		blob = append(append(blob, byte(n>>24), byte(n>>16), byte(n>>8), byte(n)), part...)
	}
	return "ssh-rsa " + base64.StdEncoding.EncodeToString(blob), blob
}

// mpint is the form of a number in SSH (RFC 4251, section 5).
func mpint(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) > 0 && b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}

func uploadSSHPublicKey(c *call, in *iam.UploadSSHPublicKeyInput) (*iam.UploadSSHPublicKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	key, err := parseSSH(text(in.SSHPublicKeyBody))
	if err != nil {
		return nil, err
	}
	if key.N.BitLen() < 2048 || key.N.BitLen() > 16384 {
		return nil, fail(400, "InvalidPublicKey", "The public key has %d bits: it must have 2048 to 16384.", key.N.BitLen())
	}
	own := c.state.belongings.sshKeysOf(u)
	if slices.ContainsFunc(own, func(k *sshKey) bool { return k.key != nil && k.key.Equal(key) }) {
		return nil, fail(400, "DuplicateSSHPublicKey", "The SSH public key is already associated with the user %s.", u.Name)
	}
	if limit := c.state.quotas.sshKeysPerUser; len(own) >= limit {
		return nil, exceeded("SSHPublicKeysPerUser", limit)
	}
	_, blob := sshLine(key)
	digest := md5.Sum(blob) // see above
	k := &sshKey{
		id: c.state.next.make(prefixSSH), userID: u.ID, body: text(in.SSHPublicKeyBody), key: key,
		fingerprint: colons(digest[:]), active: true, uploaded: *when(c.now),
	}
	c.state.belongings.sshKeys.put(k.id, k)
	return &iam.UploadSSHPublicKeyOutput{SSHPublicKey: k.wire(u, k.body)}, nil
}

// colons writes a digest as fingerprints are written.
func colons(digest []byte) string {
	parts := make([]string, len(digest))
	for i, b := range digest {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(parts, ":")
}

func (k *sshKey) wire(u *user, body string) *types.SSHPublicKey {
	return &types.SSHPublicKey{
		SSHPublicKeyId: ptr(k.id), UserName: ptr(u.Name), Fingerprint: ptr(k.fingerprint), SSHPublicKeyBody: ptr(body),
		Status: status(k.active), UploadDate: when(k.uploaded),
	}
}

func (b *belongings) sshKeysOf(u *user) []*sshKey {
	return of(&b.sshKeys, u.ID, func(k *sshKey) string { return k.userID })
}

// ownSSHKey finds a key of a user.
func (c *call) ownSSHKey(userName, id *string) (*user, *sshKey, error) {
	u, err := c.user(userName)
	if err != nil {
		return nil, nil, err
	}
	k := c.state.belongings.sshKeys.get(text(id))
	if k == nil || k.userID != u.ID {
		return nil, nil, fail(404, "NoSuchEntity", "The Public Key with id %s cannot be found.", text(id))
	}
	return u, k, nil
}

func getSSHPublicKey(c *call, in *iam.GetSSHPublicKeyInput) (*iam.GetSSHPublicKeyOutput, error) {
	u, k, err := c.ownSSHKey(in.UserName, in.SSHPublicKeyId)
	if err != nil {
		return nil, err
	}
	if k.key == nil {
		return nil, fail(404, "NoSuchEntity", "The body of the Public Key with id %s was not in the snapshot.", k.id)
	}
	body, _ := sshLine(k.key)
	if in.Encoding == types.EncodingTypePem {
		der, err := x509.MarshalPKIXPublicKey(k.key)
		if err != nil {
			return nil, fail(400, "UnrecognizedPublicKeyEncoding", "%v", err)
		}
		body = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	return &iam.GetSSHPublicKeyOutput{SSHPublicKey: k.wire(u, body)}, nil
}

func listSSHPublicKeys(c *call, in *iam.ListSSHPublicKeysInput) (*iam.ListSSHPublicKeysOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, c.state.belongings.sshKeysOf(u), func(k *sshKey) string { return k.id }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListSSHPublicKeysOutput{SSHPublicKeys: []types.SSHPublicKeyMetadata{}, IsTruncated: more, Marker: next}
	for _, k := range part {
		out.SSHPublicKeys = append(out.SSHPublicKeys, types.SSHPublicKeyMetadata{
			SSHPublicKeyId: ptr(k.id), UserName: ptr(u.Name), Status: status(k.active), UploadDate: when(k.uploaded),
		})
	}
	return out, nil
}

func updateSSHPublicKey(c *call, in *iam.UpdateSSHPublicKeyInput) (*iam.UpdateSSHPublicKeyOutput, error) {
	_, k, err := c.ownSSHKey(in.UserName, in.SSHPublicKeyId)
	if err != nil {
		return nil, err
	}
	k.active = in.Status == types.StatusTypeActive
	return &iam.UpdateSSHPublicKeyOutput{}, nil
}

func deleteSSHPublicKey(c *call, in *iam.DeleteSSHPublicKeyInput) (*iam.DeleteSSHPublicKeyOutput, error) {
	_, k, err := c.ownSSHKey(in.UserName, in.SSHPublicKeyId)
	if err != nil {
		return nil, err
	}
	c.state.belongings.sshKeys.remove(k.id)
	return &iam.DeleteSSHPublicKeyOutput{}, nil
}

func (b *belongings) certsOf(u *user) []*signingCert {
	return of(&b.certs, u.ID, func(x *signingCert) string { return x.userID })
}

func uploadSigningCertificate(c *call, in *iam.UploadSigningCertificateInput) (*iam.UploadSigningCertificateOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(text(in.CertificateBody)))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fail(400, "MalformedCertificate", "Unable to parse certificate. Please ensure the certificate is in PEM format.")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fail(400, "InvalidCertificate", "The certificate is invalid: %v", err)
	}
	body := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	own := c.state.belongings.certsOf(u)
	if slices.ContainsFunc(own, func(x *signingCert) bool { return x.body == body }) {
		return nil, fail(409, "DuplicateCertificate", "The certificate is already associated with the user %s.", u.Name)
	}
	if limit := c.state.quotas.certsPerUser; len(own) >= limit {
		return nil, exceeded("SigningCertificatesPerUser", limit)
	}
	x := &signingCert{id: c.state.next.certificate(), userID: u.ID, body: body, active: true, uploaded: *when(c.now)}
	c.state.belongings.certs.put(x.id, x)
	return &iam.UploadSigningCertificateOutput{Certificate: x.wire(u)}, nil
}

func (x *signingCert) wire(u *user) *types.SigningCertificate {
	return &types.SigningCertificate{
		CertificateId: ptr(x.id), CertificateBody: ptr(x.body), UserName: ptr(u.Name), Status: status(x.active), UploadDate: when(x.uploaded),
	}
}

func listSigningCertificates(c *call, in *iam.ListSigningCertificatesInput) (*iam.ListSigningCertificatesOutput, error) {
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, c.state.belongings.certsOf(u), func(x *signingCert) string { return x.id }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListSigningCertificatesOutput{Certificates: []types.SigningCertificate{}, IsTruncated: more, Marker: next}
	for _, x := range part {
		out.Certificates = append(out.Certificates, *x.wire(u))
	}
	return out, nil
}

// ownCert finds a certificate of a user, or of the caller.
func (c *call) ownCert(userName, id *string) (*signingCert, error) {
	u, err := c.userOrCaller(userName)
	if err != nil {
		return nil, err
	}
	x := c.state.belongings.certs.get(text(id))
	if x == nil || x.userID != u.ID {
		return nil, fail(404, "NoSuchEntity", "The Certificate with id %s cannot be found.", text(id))
	}
	return x, nil
}

func updateSigningCertificate(c *call, in *iam.UpdateSigningCertificateInput) (*iam.UpdateSigningCertificateOutput, error) {
	x, err := c.ownCert(in.UserName, in.CertificateId)
	if err != nil {
		return nil, err
	}
	x.active = in.Status == types.StatusTypeActive
	return &iam.UpdateSigningCertificateOutput{}, nil
}

func deleteSigningCertificate(c *call, in *iam.DeleteSigningCertificateInput) (*iam.DeleteSigningCertificateOutput, error) {
	x, err := c.ownCert(in.UserName, in.CertificateId)
	if err != nil {
		return nil, err
	}
	c.state.belongings.certs.remove(x.id)
	return &iam.DeleteSigningCertificateOutput{}, nil
}
