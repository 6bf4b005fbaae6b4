package stage

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" // RFC 6238 as authenticator apps speak it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
)

// MFASession gives a user an authenticator, by an administrator, and returns
// the credentials of a session with a one-time password of it. by are clients
// with the user's own key.
func MFASession(ctx context.Context, admin, by *app.Clients, user string) (app.Key, error) {
	made, err := admin.IAM.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone-of-" + user)})
	if err != nil {
		return app.Key{}, err
	}
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(string(made.VirtualMFADevice.Base32StringSeed), "="))
	if err != nil {
		return app.Key{}, err
	}
	step := uint64(time.Now().Unix()) / 30
	code := func(n uint64) *string {
		mac := hmac.New(sha1.New, seed)
		mac.Write(binary.BigEndian.AppendUint64(nil, n))
		sum := mac.Sum(nil)
		return aws.String(fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:])&0x7fffffff%1_000_000))
	}
	serial := made.VirtualMFADevice.SerialNumber
	if _, err := admin.IAM.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: &user, SerialNumber: serial, AuthenticationCode1: code(step - 1), AuthenticationCode2: code(step),
	}); err != nil {
		return app.Key{}, err
	}
	out, err := by.STS.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: serial, TokenCode: code(step + 1)})
	if err != nil {
		return app.Key{}, err
	}
	c := out.Credentials
	return app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken}, nil
}
