package collect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// UserClient holds the calls that are made for each user.
type UserClient interface {
	ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput, opts ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error)
	ListMFADevices(ctx context.Context, in *iam.ListMFADevicesInput, opts ...func(*iam.Options)) (*iam.ListMFADevicesOutput, error)
	ListSSHPublicKeys(ctx context.Context, in *iam.ListSSHPublicKeysInput, opts ...func(*iam.Options)) (*iam.ListSSHPublicKeysOutput, error)
	ListSigningCertificates(ctx context.Context, in *iam.ListSigningCertificatesInput, opts ...func(*iam.Options)) (*iam.ListSigningCertificatesOutput, error)
	GenerateServiceLastAccessedDetails(ctx context.Context, in *iam.GenerateServiceLastAccessedDetailsInput, opts ...func(*iam.Options)) (*iam.GenerateServiceLastAccessedDetailsOutput, error)
	GetServiceLastAccessedDetails(ctx context.Context, in *iam.GetServiceLastAccessedDetailsInput, opts ...func(*iam.Options)) (*iam.GetServiceLastAccessedDetailsOutput, error)
}

// fresh is how old a fact of an earlier snapshot may be to be taken again.
const fresh = time.Hour

// users reads what takes calls for each user.
func (r *reader) users(ctx context.Context) {
	before := map[string]account.UserFacts{}
	keys := map[string][]account.AccessKey{}
	if r.Before != nil && r.Before.Account == r.Account {
		for _, u := range r.Before.Users {
			before[u.ID], keys[u.ID] = u.UserFacts, u.AccessKeys
		}
	}
	taken := func(e account.Evidence) bool { return r.Now().Sub(e.At) < fresh }
	for i := range r.snapshot.Users {
		u := &r.snapshot.Users[i]
		name, old := u.Name, before[u.ID]
		if i%50 == 0 {
			r.Progress(fmt.Sprintf("devices, keys and last access of user %d of %d", i+1, len(r.snapshot.Users)))
		}
		if old.MFADevices != nil && taken(old.MFADevices.Evidence) {
			u.MFADevices, u.AccessKeys = old.MFADevices, keys[u.ID]
		} else {
			r.part(ctx, "iam:ListAccessKeys", u.ARN, func() (func(), error) {
				got, err := r.accessKeys(ctx, name)
				return func() { u.AccessKeys = got }, err
			})
			r.part(ctx, "iam:ListMFADevices", u.ARN, func() (func(), error) {
				got, err := r.devices(ctx, name, u.ARN)
				return func() { u.MFADevices = fact(r, "iam:ListMFADevices", got) }, err
			})
		}
		if u.SSHKeys = old.SSHKeys; u.SSHKeys == nil || !taken(u.SSHKeys.Evidence) {
			u.SSHKeys = nil
			r.part(ctx, "iam:ListSSHPublicKeys", u.ARN, func() (func(), error) {
				got, err := r.sshKeys(ctx, name)
				return func() { u.SSHKeys = fact(r, "iam:ListSSHPublicKeys", got) }, err
			})
		}
		if u.Certificates = old.Certificates; u.Certificates == nil || !taken(u.Certificates.Evidence) {
			u.Certificates = nil
			r.part(ctx, "iam:ListSigningCertificates", u.ARN, func() (func(), error) {
				got, err := r.certificates(ctx, name)
				return func() { u.Certificates = fact(r, "iam:ListSigningCertificates", got) }, err
			})
		}
		if u.LastAccessed = old.LastAccessed; u.LastAccessed == nil || !taken(u.LastAccessed.Evidence) {
			u.LastAccessed = nil
			r.part(ctx, "iam:GenerateServiceLastAccessedDetails", u.ARN, func() (func(), error) {
				got, err := r.lastAccessed(ctx, u.ARN)
				return func() { u.LastAccessed = fact(r, "iam:GetServiceLastAccessedDetails", got) }, err
			})
		}
	}
}

func (r *reader) accessKeys(ctx context.Context, user string) ([]account.AccessKey, error) {
	var out []account.AccessKey
	pages := iam.NewListAccessKeysPaginator(r.Users, &iam.ListAccessKeysInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.AccessKeyMetadata {
			out = append(out, account.AccessKey{ID: aws.ToString(k.AccessKeyId), Active: k.Status == types.StatusTypeActive, CreateDate: aws.ToTime(k.CreateDate)})
		}
	}
	return out, nil
}

func (r *reader) devices(ctx context.Context, user, arn string) ([]account.MFADevice, error) {
	out := []account.MFADevice{}
	pages := iam.NewListMFADevicesPaginator(r.Users, &iam.ListMFADevicesInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.MFADevices {
			out = append(out, account.MFADevice{Serial: aws.ToString(d.SerialNumber), User: arn, Enabled: d.EnableDate})
		}
	}
	return out, nil
}

func (r *reader) sshKeys(ctx context.Context, user string) ([]account.SSHKey, error) {
	out := []account.SSHKey{}
	pages := iam.NewListSSHPublicKeysPaginator(r.Users, &iam.ListSSHPublicKeysInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.SSHPublicKeys {
			out = append(out, account.SSHKey{ID: aws.ToString(k.SSHPublicKeyId), Active: k.Status == types.StatusTypeActive, UploadDate: aws.ToTime(k.UploadDate)})
		}
	}
	return out, nil
}

func (r *reader) certificates(ctx context.Context, user string) ([]account.SigningCertificate, error) {
	out := []account.SigningCertificate{}
	pages := iam.NewListSigningCertificatesPaginator(r.Users, &iam.ListSigningCertificatesInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Certificates {
			out = append(out, account.SigningCertificate{ID: aws.ToString(x.CertificateId), Active: x.Status == types.StatusTypeActive, UploadDate: aws.ToTime(x.UploadDate)})
		}
	}
	return out, nil
}

// lastAccessed has a job look at which services an identity used, and reads
// its result. Source: IAM API Reference, GenerateServiceLastAccessedDetails.
func (r *reader) lastAccessed(ctx context.Context, arn string) (account.LastAccessed, error) {
	var none account.LastAccessed
	job, err := r.Users.GenerateServiceLastAccessedDetails(ctx, &iam.GenerateServiceLastAccessedDetailsInput{Arn: aws.String(arn)})
	if err != nil {
		return none, err
	}
	out := account.LastAccessed{Services: []account.ServiceUse{}}
	in := &iam.GetServiceLastAccessedDetailsInput{JobId: job.JobId, MaxItems: aws.Int32(1000)}
	var waited time.Duration
	for pause := time.Second; ; {
		page, err := r.Users.GetServiceLastAccessedDetails(ctx, in)
		if err != nil {
			return none, err
		}
		switch page.JobStatus {
		case types.JobStatusTypeFailed:
			if page.Error != nil {
				return none, fmt.Errorf("the job failed: %s: %s", aws.ToString(page.Error.Code), aws.ToString(page.Error.Message))
			}
			return none, errors.New("the job failed")
		case types.JobStatusTypeCompleted:
			for _, s := range page.ServicesLastAccessed {
				out.Services = append(out.Services, account.ServiceUse{Service: aws.ToString(s.ServiceNamespace), At: s.LastAuthenticated, Region: aws.ToString(s.LastAuthenticatedRegion)})
			}
			if !page.IsTruncated {
				return out, nil
			}
			in.Marker = page.Marker
			continue
		}
		if waited >= r.Patience {
			return none, fmt.Errorf("the job was not done after %s", waited)
		}
		if err := r.Sleep(ctx, pause); err != nil {
			return none, err
		}
		waited += pause
		pause = min(2*pause, longestPause)
	}
}
